/* A page is found under its link and version, for a minute, and no longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "web/receipt_cache.h"

#define LINK STR("418523853576-f0abcdefghijklmnop")

static void keep(struct receipt_cache *cache, struct str link, int64_t version, int64_t now_ms,
                 const char *page)
{
    struct blob *blob = blob_new(str_of(page));
    receipt_cache_put(cache, link, version, now_ms, blob);
    blob_drop(&blob);
}

static void found(const struct receipt_cache *cache, struct str link, int64_t version,
                  int64_t now_ms, const char *page)
{
    const struct blob *blob = receipt_cache_find(cache, link, version, now_ms);
    assert_int_equal(blob != NULL, page != NULL);
    if (page != NULL) {
        assert_true(str_is(blob_str(blob), page));
    }
}

static void test_link_version_and_age(void **state)
{
    (void)state;
    struct receipt_cache *cache = receipt_cache_new();
    found(cache, LINK, 1, 1000, NULL);
    keep(cache, LINK, 1, 1000, "one");
    found(cache, LINK, 1, 1000, "one");
    found(cache, LINK, 1, 1000 + RECEIPT_CACHE_LIFE_MS - 1, "one");
    found(cache, LINK, 1, 1000 + RECEIPT_CACHE_LIFE_MS, NULL);
    found(cache, LINK, 2, 1000, NULL);
    found(cache, STR("418523853576-s0abcdefghijklmnop"), 1, 1000, NULL);
    keep(cache, LINK, 2, 2000, "two");
    found(cache, LINK, 2, 2000, "two");
    found(cache, LINK, 1, 2000, NULL);
    receipt_cache_free(&cache);
    assert_null(cache);
}

/* Far more links than slots: each find is right or empty, never another's page. */
static void test_never_anothers_page(void **state)
{
    (void)state;
    struct receipt_cache *cache = receipt_cache_new();
    char link[32];
    size_t kept = 0;
    for (int i = 0; i < 4 * RECEIPT_CACHE_ENTRIES; i++) {
        snprintf(link, sizeof link, "%012d-f", i);
        keep(cache, str_of(link), 1, 0, link);
    }
    for (int i = 0; i < 4 * RECEIPT_CACHE_ENTRIES; i++) {
        snprintf(link, sizeof link, "%012d-f", i);
        const struct blob *blob = receipt_cache_find(cache, str_of(link), 1, 0);
        assert_true(blob == NULL || str_is(blob_str(blob), link));
        kept += blob != NULL;
    }
    assert_in_range(kept, RECEIPT_CACHE_ENTRIES / 2, RECEIPT_CACHE_ENTRIES);
    receipt_cache_free(&cache);
}

static void test_too_long_a_link(void **state)
{
    (void)state;
    static const char link[] = "418523853576-f0000000000000000000000000000000000000000000000000000";
    struct receipt_cache *cache = receipt_cache_new();
    keep(cache, str_of(link), 1, 0, "page");
    found(cache, str_of(link), 1, 0, NULL);
    receipt_cache_free(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link_version_and_age),
        cmocka_unit_test(test_never_anothers_page),
        cmocka_unit_test(test_too_long_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
