#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/seal.h"

enum { BLOB_MAX = 1 << 17 };

static const char plain_text[] = "{\"name\":\"测试甲\",\"id_number\":\"11010519491231002X\"}";

static void close_text(const struct keyring *keyring, struct str plain, struct buf *to)
{
    buf_init(to, BLOB_MAX);
    seal_close(keyring, STR("370115008218"), STR("report"), plain, to);
    assert_true(buf_ok(to));
}

static bool opens(const struct keyring *keyring, const char *receipt, const char *what,
                  struct str blob)
{
    struct buf plain;
    buf_init(&plain, BLOB_MAX);
    bool opened = seal_open(keyring, str_of(receipt), str_of(what), blob, &plain);
    if (opened) {
        assert_string_equal(buf_text(&plain), plain_text);
    } else {
        assert_int_equal(plain.len, 0);
    }
    buf_release(&plain);
    return opened;
}

static void test_what_was_closed_opens(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4096, 65536};
    struct keyring keyring;
    (void)state;
    keyring_make(&keyring);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *bytes = malloc(sizes[i] + 1);
        struct buf blob;
        struct buf plain;
        memset(bytes, 'x', sizes[i]);
        close_text(&keyring, str_make(bytes, sizes[i]), &blob);
        buf_init(&plain, BLOB_MAX);
        buf_puts(&plain, "before:");
        assert_true(
            seal_open(&keyring, STR("370115008218"), STR("report"), buf_str(&blob), &plain));
        assert_int_equal(plain.len, 7 + sizes[i]);
        assert_memory_equal(plain.at, "before:", 7);
        assert_memory_equal(plain.at + 7, bytes, sizes[i]);
        buf_release(&plain);
        buf_release(&blob);
        free(bytes);
    }
}

static void test_layout_is_the_header_s(void **state)
{
    struct keyring keyring;
    struct buf blob;
    (void)state;
    keyring_make(&keyring);
    close_text(&keyring, STR("abc"), &blob);
    assert_int_equal(blob.len, 2 + 12 + 32 + 16 + 12 + 3 + 16);
    assert_int_equal(blob.at[0], 1);
    assert_int_equal(blob.at[1], 1);
    assert_int_equal(str_find(buf_str(&blob), STR("abc")), -1);
    buf_release(&blob);
}

static void test_no_two_blobs_are_alike(void **state)
{
    struct keyring keyring;
    struct buf a;
    struct buf b;
    (void)state;
    keyring_make(&keyring);
    close_text(&keyring, STR("same"), &a);
    close_text(&keyring, STR("same"), &b);
    assert_memory_not_equal(a.at + 2, b.at + 2, 12);           /* nonce of the wrap */
    assert_memory_not_equal(a.at + 2 + 12, b.at + 2 + 12, 32); /* wrapped key */
    assert_memory_not_equal(a.at + 62, b.at + 62, 12);         /* nonce of the data */
    assert_memory_not_equal(a.at + 62 + 12, b.at + 62 + 12, 4);
    assert_memory_not_equal(a.at + 2, a.at + 62, 12);
    buf_release(&a);
    buf_release(&b);
}

static void test_every_byte_counts(void **state)
{
    struct keyring keyring;
    struct buf blob;
    (void)state;
    keyring_make(&keyring);
    close_text(&keyring, str_of(plain_text), &blob);
    for (size_t i = 0; i < blob.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            blob.at[i] = (char)(blob.at[i] ^ 1 << bit);
            assert_false(opens(&keyring, "370115008218", "report", buf_str(&blob)));
            blob.at[i] = (char)(blob.at[i] ^ 1 << bit);
        }
        assert_false(opens(&keyring, "370115008218", "report", str_sub(buf_str(&blob), 0, i)));
    }
    buf_putc(&blob, 'x');
    assert_false(opens(&keyring, "370115008218", "report", buf_str(&blob)));
    blob.len--;
    assert_true(opens(&keyring, "370115008218", "report", buf_str(&blob)));
    buf_release(&blob);
}

static void test_a_blob_stands_in_one_place_only(void **state)
{
    struct keyring keyring;
    struct keyring other;
    struct buf blob;
    (void)state;
    keyring_make(&keyring);
    keyring_make(&other);
    close_text(&keyring, str_of(plain_text), &blob);
    assert_true(opens(&keyring, "370115008218", "report", buf_str(&blob)));
    assert_false(opens(&keyring, "370115008219", "report", buf_str(&blob)));
    assert_false(opens(&keyring, "370115008218", "event:370115008218", buf_str(&blob)));
    assert_false(opens(&keyring, "37011500821", "8report", buf_str(&blob)));
    assert_false(opens(&keyring, "", "", buf_str(&blob)));
    assert_false(opens(&other, "370115008218", "report", buf_str(&blob)));
    buf_release(&blob);
}

static void test_rewrap_changes_the_wrap_only(void **state)
{
    struct keyring keyring;
    struct keyring fresh;
    struct err err;
    struct buf old;
    struct buf new;
    (void)state;
    keyring_make(&keyring);
    close_text(&keyring, str_of(plain_text), &old);
    assert_true(keyring_rotate(&keyring, KEY_SEAL, &err));
    assert_true(opens(&keyring, "370115008218", "report", buf_str(&old)));
    buf_init(&new, BLOB_MAX);
    assert_false(seal_rewrap(&keyring, STR("370115008219"), buf_str(&old), &new));
    assert_int_equal(new.len, 0);
    assert_true(seal_rewrap(&keyring, STR("370115008218"), buf_str(&old), &new));
    assert_int_equal(new.len, old.len);
    assert_int_equal(new.at[1], 2);
    assert_memory_equal(new.at + 62, old.at + 62, old.len - 62);

    /* The old key may go now: only what was not re-wrapped is lost with it. */
    fresh = keyring;
    fresh.count = 0;
    for (size_t i = 0; i < keyring.count; i++) {
        if (keyring.keys[i].current) {
            fresh.keys[fresh.count++] = keyring.keys[i];
        }
    }
    assert_true(opens(&fresh, "370115008218", "report", buf_str(&new)));
    assert_false(opens(&fresh, "370115008218", "report", buf_str(&old)));
    buf_release(&old);
    buf_release(&new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_closed_opens),
        cmocka_unit_test(test_layout_is_the_header_s),
        cmocka_unit_test(test_no_two_blobs_are_alike),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_a_blob_stands_in_one_place_only),
        cmocka_unit_test(test_rewrap_changes_the_wrap_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
