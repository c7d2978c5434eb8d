#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "view/catalog.h"

static void test_texts_are_found_by_dotted_keys(void **state)
{
    struct err err;
    struct catalog *catalog = catalog_load(STR("{\"a\":{\"b\":{\"c\":\"曲堤\"},\"d\":\"x\"}}"),
                                           "c.json", &err);
    (void)state;
    assert_non_null(catalog);
    assert_string_equal(catalog_text(catalog, "a.b.c"), "曲堤");
    assert_string_equal(catalog_text(catalog, "a.d"), "x");
    static const char *const missing[] = {"a", "a.b", "a.b.c.d", "a..d", "a.", ".a", "", "e"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        assert_false(catalog_has(catalog, missing[i]));
    }
    assert_non_null(json_object_get(catalog_json(catalog), "a"));
    catalog_free(&catalog);
    assert_null(catalog);
}

static void test_fill(void **state)
{
    static const struct {
        const char *text, *out;
    } cases[] = {
        {"{town}和{town}", "曲堤街道和曲堤街道"},
        {"a{other}b", "a{other}b"},
        {"{", "{"},
        {"{town", "{town"},
        {"}{town}}", "}曲堤街道}"},
        {"{}", "{}"},
        {"{n}", "<7>"},
    };
    const struct catalog_value values[] = {{"town", "曲堤街道"}, {"n", "<7>"}, {NULL, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf json;
        struct buf out;
        struct err err;
        buf_init(&json, 1000);
        buf_init(&out, 1000);
        buf_printf(&json, "{\"k\":\"%s\"}", cases[i].text);
        struct catalog *catalog = catalog_load(buf_str(&json), "c.json", &err);
        assert_non_null(catalog);
        catalog_fill(catalog, "k", values, &out);
        assert_string_equal(buf_text(&out), cases[i].out);
        catalog_free(&catalog);
        buf_release(&json);
        buf_release(&out);
    }
}

static void test_broken_catalogs_are_refused_with_the_place(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"[]", "c.json:1: must be an object"},
        {"{\"a\":{\"b\":1}}", "c.json: a.b: must be a text that is not empty"},
        {"{\"a\":{\"b\":\"\"}}", "c.json: a.b: must be a text that is not empty"},
        {"{\"a\":[\"x\"]}", "c.json: a: must be a text that is not empty"},
        {"{\"a\":{\"b.c\":\"x\"}}",
         "c.json: a: a name here is empty, too long or has a dot inside"},
        {"{\n\"a\":\"1\",\n\"a\":\"2\"}", "c.json:3: duplicate object key near '\"a\"'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {""};
        assert_null(catalog_load(str_of(cases[i].text), "c.json", &err));
        assert_string_equal(err.text, cases[i].error);
    }
}

static void test_the_shipped_catalog_loads(void **state)
{
    struct err err = {""};
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 20);
    assert_true(file_read("templates/catalogs/zh-CN.json", &text, &err));
    struct catalog *catalog = catalog_load(buf_str(&text), "zh-CN.json", &err);
    assert_string_equal(err.text, "");
    assert_non_null(catalog);
    catalog_free(&catalog);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_found_by_dotted_keys),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_broken_catalogs_are_refused_with_the_place),
        cmocka_unit_test(test_the_shipped_catalog_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
