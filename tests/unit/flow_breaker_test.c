#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "flow/breaker.h"
#include "flow/suspects.h"

static void test_breaker_opens_probes_and_closes(void **state)
{
    struct breaker breaker = {.open_ms = 100};
    (void)state;
    assert_int_equal(breaker_allows(&breaker, 5, 0, 0), 5);
    assert_true(breaker_trip(&breaker, 1000));
    assert_false(breaker_trip(&breaker, 1000)); /* said once */
    assert_int_equal(breaker_allows(&breaker, 5, 0, 1099), 0);
    assert_false(breaker_pass(&breaker));                      /* what was under way says nothing */
    assert_int_equal(breaker_allows(&breaker, 5, 1, 1100), 0); /* half-open, one is out */
    assert_int_equal(breaker_allows(&breaker, 5, 0, 1100), 1);
    assert_int_equal(breaker_allows(&breaker, 0, 0, 1100), 0);
    assert_false(breaker_trip(&breaker, 1200)); /* the probe failed: open again, nothing new */
    assert_int_equal(breaker_allows(&breaker, 5, 0, 1299), 0);
    assert_int_equal(breaker_allows(&breaker, 5, 0, 1300), 1);
    assert_true(breaker_pass(&breaker));
    assert_int_equal(breaker_allows(&breaker, 5, 3, 1300), 5);
}

static void test_suspects(void **state)
{
    static const struct {
        const char *id;
        int64_t now_ms, delivered_ms;
        int64_t times;
    } cases[] = {
        {"a", 100, 90, 0},                      /* the first time it speaks of us */
        {"a", 200, 90, 0},                      /* nobody else was taken since */
        {"b", 210, 90, 0},  {"a", 300, 250, 1}, /* another was: its own trouble */
        {"a", 400, 250, 0},                     /* nobody since: us again */
        {"a", 500, 450, 2}, {"b", 600, 450, 1},
    };
    struct suspects suspects = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            suspects_judge(&suspects, cases[i].id, cases[i].now_ms, cases[i].delivered_ms),
            cases[i].times);
    }
}

static void test_the_oldest_suspect_is_forgotten(void **state)
{
    struct suspects suspects = {0};
    char id[SUSPECT_ID_BYTES];
    (void)state;
    assert_int_equal(suspects_judge(&suspects, "first", 1, 0), 0);
    for (int i = 0; i < SUSPECTS_MAX; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(suspects_judge(&suspects, id, 2, 0), 0);
    }
    assert_int_equal(suspects_judge(&suspects, "first", 10, 5), 0);
    assert_int_equal(suspects_judge(&suspects, "9", 10, 5), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaker_opens_probes_and_closes),
        cmocka_unit_test(test_suspects),
        cmocka_unit_test(test_the_oldest_suspect_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
