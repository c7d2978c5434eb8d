/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "base/buf.h"
#include "base/file.h"
#include "domain/help.h"

static void test_the_list_that_ships(void **state)
{
    struct buf text;
    struct err err = {0};
    (void)state;
    buf_init(&text, 65536);
    assert_true(file_read("templates/help.json", &text, &err));
    struct help *help = help_load(buf_str(&text), "help.json", &err);
    assert_non_null(help);
    assert_int_equal(help->count, 4);
    assert_string_equal(help->at[0].name, "低保");
    assert_string_equal(help->at[0].phone, ""); /* the county's own, never ours */
    help_free(&help);
    assert_null(help);
    buf_release(&text);
}

static void test_faults(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"{", "help.json:1: "},
        {"{}", "help.json: /help: "},
        {"{\"help\":[{}]}", "help.json: /help/0/name: "},
        {"{\"help\":[{\"name\":7}]}", "help.json: /help/0/name: "},
        {"{\"help\":[{\"name\":\"x\",\"tel\":\"1\"}]}", "help.json: /help/0/tel: "},
        {"{\"help\":[{\"name\":\"x\",\"phone\":\"1234567890123456789012345678901\"}]}",
         "help.json: /help/0/phone: "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        assert_null(help_load(str_of(cases[i].text), "help.json", &err));
        if (!str_starts(str_of(err.text), str_of(cases[i].fault))) {
            fail_msg("%s: %s", cases[i].text, err.text);
        }
    }
}

static void test_what_may_be_missing(void **state)
{
    struct err err = {0};
    struct help *help = help_load(STR("{\"help\":[{\"name\":\"x\"}]}"), "help.json", &err);
    (void)state;
    assert_non_null(help);
    assert_string_equal(help->at[0].whom, "");
    help_free(&help);
    help = help_load(STR("{\"help\":[]}"), "help.json", &err);
    assert_non_null(help);
    assert_int_equal(help->count, 0);
    help_free(&help);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_list_that_ships),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_what_may_be_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
