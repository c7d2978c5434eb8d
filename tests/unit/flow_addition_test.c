#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flow/addition.h"

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void test_merge(void **state)
{
    static const struct {
        const char *before, *now;
        bool by_token;
        const char *merged;
        bool added, corrected;
    } cases[] = {
        {"{\"risk\":[\"accident\"]}", "{\"risk\":[\"accident\"]}", false,
         "{\"risk\":[\"accident\"]}", false, false},
        {"{\"risk\":[\"accident\"]}", "{\"risk\":[\"jobs\"]}", false,
         "{\"risk\":[\"accident\",\"jobs\"]}", true, false},
        /* fewer risks than before take nothing away */
        {"{\"risk\":[\"accident\",\"jobs\"]}", "{\"risk\":[\"jobs\"]}", true,
         "{\"risk\":[\"accident\",\"jobs\"]}", false, false},
        {"{\"risk\":[\"jobs\"],\"detail\":\"甲\"}", "{\"risk\":[\"jobs\"],\"detail\":\"乙\"}",
         false, "{\"risk\":[\"jobs\"],\"detail\":\"甲\\n乙\"}", true, false},
        {"{\"risk\":[\"jobs\"],\"detail\":\"甲乙\"}", "{\"risk\":[\"jobs\"],\"detail\":\"乙\"}",
         false, "{\"risk\":[\"jobs\"],\"detail\":\"甲乙\\n乙\"}", true, false},
        {"{\"risk\":[\"jobs\"],\"detail\":\"甲\\n乙\\n丙\"}",
         "{\"risk\":[\"jobs\"],\"detail\":\"乙\"}", false,
         "{\"risk\":[\"jobs\"],\"detail\":\"甲\\n乙\\n丙\"}", false, false},
        {"{\"risk\":[\"jobs\"]}", "{\"risk\":[\"jobs\"],\"urgent\":true}", false,
         "{\"risk\":[\"jobs\"],\"urgent\":true}", true, false},
        /* urgency once said is not taken back by leaving it out */
        {"{\"risk\":[\"jobs\"],\"urgent\":true}", "{\"risk\":[\"jobs\"]}", true,
         "{\"risk\":[\"jobs\"],\"urgent\":true}", false, false},
        /* another token may add, never rename */
        {"{\"risk\":[\"jobs\"],\"name\":\"甲甲\"}", "{\"risk\":[\"jobs\"],\"name\":\"乙乙\"}",
         false, "{\"risk\":[\"jobs\"],\"name\":\"甲甲\"}", false, false},
        {"{\"risk\":[\"jobs\"],\"name\":\"甲甲\"}", "{\"risk\":[\"jobs\"],\"name\":\"乙乙\"}", true,
         "{\"risk\":[\"jobs\"],\"name\":\"乙乙\"}", false, true},
        /* what a county's own form asks: the filer may change it, others may only say what was not said */
        {"{\"risk\":[\"jobs\"],\"people\":\"4\"}", "{\"risk\":[\"jobs\"],\"people\":\"5\"}", true,
         "{\"risk\":[\"jobs\"],\"people\":\"5\"}", true, false},
        {"{\"risk\":[\"jobs\"],\"people\":\"4\"}", "{\"risk\":[\"jobs\"],\"people\":\"5\"}", false,
         "{\"risk\":[\"jobs\"],\"people\":\"4\"}", false, false},
        {"{\"risk\":[\"jobs\"]}", "{\"risk\":[\"jobs\"],\"people\":\"5\"}", false,
         "{\"risk\":[\"jobs\"],\"people\":\"5\"}", true, false},
        {"{\"risk\":[\"jobs\"],\"disaster\":\"flood\"}",
         "{\"risk\":[\"jobs\"],\"disaster\":\"hail\"}", false,
         "{\"risk\":[\"jobs\"],\"disaster\":\"flood\"}", false, false},
        /* a tick is no addition by itself, and none is lost */
        {"{\"risk\":[\"jobs\"]}", "{\"risk\":[\"water\"],\"consent\":true}", false,
         "{\"risk\":[\"jobs\",\"water\"],\"consent\":true}", true, false},
        {"{\"risk\":[\"jobs\"],\"consent\":true,\"consent_sensitive\":true}",
         "{\"risk\":[\"jobs\"],\"consent\":true}", true,
         "{\"risk\":[\"jobs\"],\"consent\":true,\"consent_sensitive\":true}", false, false},
        {"{\"risk\":[\"jobs\"],\"role\":\"head\"}",
         "{\"risk\":[\"jobs\"],\"role\":\"member\",\"filed_by\":\"cadre\"}", false,
         "{\"risk\":[\"jobs\"],\"role\":\"head\"}", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool added;
        bool corrected;
        json_t *before = parse(cases[i].before);
        json_t *now = parse(cases[i].now);
        json_t *expected = parse(cases[i].merged);
        json_t *merged = addition_merge(before, now, cases[i].by_token, &added, &corrected);
        assert_true(json_equal(merged, expected));
        assert_int_equal(added, cases[i].added);
        assert_int_equal(corrected, cases[i].corrected);
        json_decref(before);
        json_decref(now);
        json_decref(expected);
        json_decref(merged);
    }
}

/* The newest words are never the ones that are cut off. */
static void test_many_words(void **state)
{
    (void)state;
    json_t *values = parse("{\"risk\":[\"jobs\"]}");
    for (int i = 0; i < 12; i++) {
        char detail[1600] = "";
        bool added;
        bool corrected;
        for (int n = 0; n < 490; n++) {
            strcat(detail, "字");
        }
        snprintf(detail + strlen(detail), 16, "第%d次", i);
        json_t *now = json_pack("{s:[s], s:s}", "risk", "jobs", "detail", detail);
        json_t *merged = addition_merge(values, now, false, &added, &corrected);
        const char *text = json_string_value(json_object_get(merged, "detail"));
        assert_true(added);
        assert_string_equal(text + strlen(text) - strlen(detail), detail);
        assert_true(strlen(text) <= 6000);
        json_decref(values);
        json_decref(now);
        values = merged;
    }
    json_decref(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_many_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
