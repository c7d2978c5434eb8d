#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "base/conf.h"

static bool on_entry(void *arg, const struct conf_entry *entry, struct err *err)
{
    struct buf *to = arg;
    (void)err;
    buf_printf(to, "%d:%.*s.%.*s=%.*s|", entry->line, STR_ARG(entry->section), STR_ARG(entry->key),
               STR_ARG(entry->value));
    return true;
}

static const struct {
    const char *text;
    const char *found;
    const char *error; /* NULL: none */
} cases[] = {
    {"", "", NULL},
    {"# only\n; comments\n\n", "", NULL},
    {"[a]\nb = c\n", "2:a.b=c|", NULL},
    {"[a]\nb=c", "2:a.b=c|", NULL},
    {"[a]\nb =\n", "2:a.b=|", NULL},
    {"[a]\nurl = http://x/#part?a=b\n", "2:a.url=http://x/#part?a=b|", NULL},
    {"\xEF\xBB\xBF[a]\r\n  b\t=  c d  \r\n", "2:a.b=c d|", NULL},
    {"[a]\n[b2]\nc_1 = 码上报\n", "3:b2.c_1=码上报|", NULL},
    {"[a]\nb = 1\n[a]\nb = 2\n", "2:a.b=1|4:a.b=2|", NULL},
    {"b = c\n", "", "f:1: b: stands before the first [section]"},
    {"[a\n", "", "f:1: [section] in lower case is expected"},
    {"[A]\n", "", "f:1: [section] in lower case is expected"},
    {"[]\n", "", "f:1: [section] in lower case is expected"},
    {"[a]\njust words\n", "", "f:2: `key = value` is expected, the key in lower case"},
    {"[a]\nB = c\n", "", "f:2: `key = value` is expected, the key in lower case"},
    {"[a]\n = c\n", "", "f:2: `key = value` is expected, the key in lower case"},
    {"[a]\nb = \xC3\x28\n", "", "f:2: is not UTF-8"},
    {"[a]\nb = x\x01y\n", "", "f:2: holds a control character"},
};

static void test_reads_what_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf found;
        struct err err = {""};
        buf_init(&found, 1000);
        bool fits = conf_read(str_of(cases[i].text), "f", on_entry, &found, &err);
        assert_int_equal(fits, cases[i].error == NULL);
        assert_string_equal(err.text, cases[i].error ? cases[i].error : "");
        assert_string_equal(buf_text(&found), cases[i].found);
        buf_release(&found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads_what_is_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
