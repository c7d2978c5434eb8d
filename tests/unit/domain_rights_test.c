#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/rights.h"

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        unsigned rights;  /* 0: refused */
        const char *said; /* printed, or the error */
    } cases[] = {
        {"read", RIGHT_READ, "read"},
        {"pii,read", RIGHT_READ | RIGHT_PII, "read,pii"},
        {"stats, own ,intake", RIGHT_INTAKE | RIGHT_OWN | RIGHT_STATS, "intake,own,stats"},
        {RIGHTS_ALLOWED, RIGHTS_ALL, RIGHTS_ALLOWED},
        {"", 0, "a right is missing, allowed: " RIGHTS_ALLOWED},
        {"read,", 0, "a right is missing, allowed: " RIGHTS_ALLOWED},
        {"read,,pii", 0, "a right is missing, allowed: " RIGHTS_ALLOWED},
        {"write", 0, "write: no right, allowed: " RIGHTS_ALLOWED},
        {"Read", 0, "Read: no right, allowed: " RIGHTS_ALLOWED},
        {"read,pii,read", 0, "read: stands there twice"},
        {"read pii", 0, "read pii: no right, allowed: " RIGHTS_ALLOWED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {{0}};
        unsigned rights;
        char printed[RIGHTS_TEXT_BYTES];
        bool parsed = rights_parse(str_of(cases[i].text), &rights, &err);
        assert_int_equal(parsed, cases[i].rights != 0);
        if (parsed) {
            assert_int_equal(rights, cases[i].rights);
            rights_print(rights, printed);
            assert_string_equal(printed, cases[i].said);
            assert_int_equal(rights_read(str_of(printed)), rights);
        } else {
            assert_string_equal(err.text, cases[i].said);
        }
    }
}

static void test_kept(void **state)
{
    char printed[RIGHTS_TEXT_BYTES];
    (void)state;
    assert_int_equal(rights_read(STR("read,teleport,stats")), RIGHT_READ | RIGHT_STATS);
    assert_int_equal(rights_read(STR("")), 0);
    rights_print(0, printed);
    assert_string_equal(printed, "");
    assert_string_equal(right_name(RIGHT_READ), "read");
    assert_string_equal(right_name(RIGHT_ADMIN), "admin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
