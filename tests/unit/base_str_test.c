#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/escape.h"
#include "base/str.h"

static void test_next_splits_and_ends(void **state)
{
    struct str rest = STR("a,,b");
    struct str part;
    (void)state;
    assert_true(str_next(&rest, ',', &part) && str_is(part, "a"));
    assert_true(str_next(&rest, ',', &part) && part.len == 0);
    assert_true(str_next(&rest, ',', &part) && str_is(part, "b"));
    assert_false(str_next(&rest, ',', &part));
}

static void test_to_u64_refuses_what_is_no_number(void **state)
{
    static const char *const refused[] = {
        "", "-1", "+1", " 1", "1 ", "1a", "18446744073709551616", "101"};
    uint64_t value;
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(str_to_u64(str_of(refused[i]), i == 7 ? 100 : UINT64_MAX, &value));
    }
    assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &value) && value == UINT64_MAX);
}

static void test_only_knows_its_set(void **state)
{
    (void)state;
    assert_true(str_only(STR("a0_z"), STR_LOWER STR_DIGITS "_"));
    assert_true(str_only(STR(""), STR_DIGITS));
    assert_false(str_only(STR("12 "), STR_DIGITS));
    assert_false(str_only(STR("1\0002"), STR_DIGITS)); /* the set's own NUL is none of it */
    assert_false(str_only(STR("\xE4"), STR_LOWER STR_UPPER));
}

static void test_url_escapes(void **state)
{
    static const struct {
        const char *in;
        const char *out; /* NULL: refused */
    } cases[] = {{"a+b%20c", "a b c"}, {"%e4%b8%ad", "中"}, {"%", NULL},
                 {"%4", NULL},         {"%4g", NULL},       {"x%41", "xA"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf to;
        buf_init(&to, 100);
        bool read = unescape_url(&to, str_of(cases[i].in), true);
        assert_int_equal(read, cases[i].out != NULL);
        if (read) {
            assert_string_equal(buf_text(&to), cases[i].out);
        }
        buf_release(&to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_splits_and_ends),
        cmocka_unit_test(test_to_u64_refuses_what_is_no_number),
        cmocka_unit_test(test_only_knows_its_set),
        cmocka_unit_test(test_url_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
