#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "domain/form.h"

/* The least that a form may be; %s stands in turn for a member of the form, members of the first field, more fields. */
#define NAME  "{\"name\":\"name\",\"type\":\"name\",\"label\":\"form.name\""
#define PHONE "{\"name\":\"phone\",\"type\":\"phone\",\"label\":\"form.phone\"}"
#define RISK                                                                                       \
    "{\"name\":\"risk\",\"type\":\"choices\",\"label\":\"form.risk\",\"options\":["                \
    "{\"value\":\"illness\",\"label\":\"form.a\"},{\"value\":\"other\",\"label\":\"form.b\"}]}"
#define CONSENT "{\"name\":\"consent\",\"type\":\"tick\",\"page\":\"check\",\"label\":\"form.c\"}"
#define FORM(form, name, fields)                                                                   \
    "{\"id\":\"small\"" form ",\"fields\":[" NAME name "}," PHONE "," RISK "," CONSENT fields "]}"
#define FIELD(members) FORM("", "", ",{\"label\":\"form.x\"," members "}")
#define TICK           "\"name\":\"x\",\"type\":\"tick\""
#define CHOICE         "\"name\":\"x\",\"type\":\"choice\""
#define OPTION(more)   "\"options\":[{\"value\":\"a\",\"label\":\"form.a\"" more "}]"
#define ID             ",{\"name\":\"id_number\",\"type\":\"resident_id\",\"label\":\"form.id\"}"

static const struct {
    const char *json;
    const char *says; /* in the error */
} broken[] = {
    {"", "f.json:1: "},
    {"{", "f.json:1: "},
    {"{\n\"id\":1,}", "f.json:2: "},
    {"{\"id\":\"a\",\"id\":\"b\"}", "f.json:1: duplicate"},
    {"[]", "f.json: must be an object"},
    {"{\"id\":\"a\"}", "f.json: fields: must be 1 to 32"},
    {"{\"fields\":[]}", "f.json: id: must be a word"},
    {"{\"id\":\"a\",\"fields\":{}}", "f.json: fields: must be a list"},
    {"{\"id\":\"A b\",\"fields\":[]}", "f.json: id: must be a word"},
    {"{\"id\":7,\"fields\":[]}", "f.json: id: must be a text"},
    {FORM(",\"colour\":1", "", ""), "f.json: colour: unknown"},
    {FORM("", "", ",7"), "f.json: fields[4]: must be an object"},
    /* a field's own members */
    {FORM("", ",\"lable\":\"form.x\"", ""), "f.json: fields[0].lable: unknown"},
    {FORM("", ",\"hint\":\"Hint!\"", ""), "f.json: fields[0].hint: must be a catalog key"},
    {FORM("", ",\"hint\":\"hint\"", ""), "f.json: fields[0].hint: must be a catalog key"},
    {FORM("", ",\"hint\":\"a..b\"", ""), "f.json: fields[0].hint: must be a catalog key"},
    {FORM("", ",\"required\":1", ""), "f.json: fields[0].required: must be true or false"},
    {FORM("", ",\"chars_max\":9", ""), "f.json: fields[0].chars_max: a text needs it"},
    {FORM("", ",\"picks_max\":2", ""), "f.json: fields[0].picks_max: only choices"},
    {FORM("", ",\"page\":\"check\"", ""), "f.json: fields[0].page: the check page has ticks only"},
    {FORM("", ",\"page\":\"last\"", ""), "f.json: fields[0].page: must be fill or check"},
    {FORM("", ",\"options\":[]", ""), "f.json: fields[0].options: only choice and choices"},
    {FORM("", ",\"faults\":{\"emtpy\":\"a.b\"}", ""),
     "f.json: fields[0].faults.emtpy: a field of type name has no such fault"},
    {FORM("", ",\"faults\":{\"empty\":1}", ""),
     "f.json: fields[0].faults.empty: must be a catalog key"},
    {FORM("", ",\"rows\":-1", ""), "f.json: fields[0].rows: must be a number above 0"},
    {FIELD("\"type\":\"tick\""), "f.json: fields[4].name: must be a word"},
    {FIELD("\"name\":\"9x\",\"type\":\"tick\""), "f.json: fields[4].name: must be a word"},
    {FIELD("\"name\":\"name\",\"type\":\"name\""),
     "f.json: fields[4].name: name stands here twice"},
    {FIELD("\"name\":\"token\",\"type\":\"tick\""),
     "f.json: fields[4].name: token is the gateway's"},
    {FIELD("\"name\":\"detail\",\"type\":\"tick\""),
     "f.json: fields[4].type: detail must be of type text"},
    {FIELD("\"name\":\"x\""), "f.json: fields[4].type: must be one of"},
    {FIELD("\"name\":\"x\",\"type\":\"date\""), "f.json: fields[4].type: must be one of"},
    {FORM("", "", ",{\"name\":\"x\",\"type\":\"tick\"}"), "f.json: fields[4].label: is missing"},
    {FIELD("\"name\":\"x\",\"type\":\"text\""), "f.json: fields[4].chars_max: a text needs it"},
    {FIELD("\"name\":\"x\",\"type\":\"text\",\"chars_max\":2001"), "chars_max: a text needs it"},
    {FORM("", "", ID ",{\"name\":\"x\",\"type\":\"resident_id\",\"label\":\"form.x\"}"),
     "f.json: fields: at most one of type resident_id"},
    /* options */
    {FIELD(CHOICE), "f.json: fields[4].options: must be 1 to 64"},
    {FIELD(CHOICE ",\"options\":[]"), "f.json: fields[4].options: must be 1 to 64"},
    {FIELD(CHOICE "," OPTION(",\"off\":true")), "f.json: fields[4].options: all of them are off"},
    {FIELD(CHOICE "," OPTION(",\"group\":\"g\"")), "f.json: fields[4].options[0].group: `groups`"},
    {FIELD(CHOICE "," OPTION(",\"x\":1")), "f.json: fields[4].options[0].x: unknown"},
    {FIELD(CHOICE ",\"options\":[{\"label\":\"a.b\"}]"),
     "f.json: fields[4].options[0].value: must be a word"},
    {FIELD(CHOICE ",\"options\":[{\"value\":\"a\"}]"),
     "f.json: fields[4].options[0].label: is missing"},
    {FIELD(
         CHOICE
         ",\"options\":[{\"value\":\"a\",\"label\":\"a.b\"},{\"value\":\"a\",\"label\":\"a.b\"}]"),
     "f.json: fields[4].options[1].value: a stands here twice"},
    {FIELD(CHOICE
           ",\"options\":[{\"value\":\"a\",\"label\":\"a.b\",\"picked\":true},{\"value\":\"b\","
           "\"label\":\"a.b\",\"picked\":true}]"),
     "f.json: fields[4].options: more than one is picked"},
    {FIELD("\"name\":\"x\",\"type\":\"choices\"," OPTION(",\"picked\":true")),
     "f.json: fields[4].options[0].picked: only an option of a choice"},
    /* rules */
    {FIELD(TICK ",\"when\":{}"), "f.json: fields[4].when: must be a rule"},
    {FIELD(TICK ",\"when\":{\"field\":\"y\",\"filled\":true}"),
     "f.json: fields[4].when.field: no such field"},
    {FIELD(TICK ",\"when\":{\"field\":\"x\",\"filled\":true}"),
     "f.json: fields[4].when.field: a `when` may look at earlier fields only"},
    {FORM("", ",\"when\":{\"field\":\"phone\",\"filled\":true}", ""),
     "f.json: fields[0].when.field: a `when` may look at earlier"},
    {FIELD(TICK ",\"when\":{\"field\":\"consent\",\"filled\":true}"),
     "f.json: fields[4].when.field: must be a field of the fill page"},
    {FIELD(TICK ",\"when\":{\"field\":\"risk\"}"), "f.json: fields[4].when: beside `field`"},
    {FIELD(TICK ",\"when\":{\"field\":\"risk\",\"filled\":false}"), "beside `field`"},
    {FIELD(TICK ",\"when\":{\"field\":\"risk\",\"has\":[\"illness\"],\"is\":[\"other\"]}"),
     "f.json: fields[4].when: beside `field`"},
    {FIELD(TICK ",\"when\":{\"field\":\"risk\",\"is\":[\"illness\"]}"),
     "f.json: fields[4].when.is: `is` asks a choice"},
    {FIELD(TICK ",\"when\":{\"field\":\"name\",\"has\":[\"illness\"]}"), "`has` asks choices"},
    {FIELD(TICK ",\"when\":{\"field\":\"risk\",\"has\":[]}"),
     "f.json: fields[4].when.has: must be a list"},
    {FIELD(TICK ",\"when\":{\"field\":\"risk\",\"has\":[\"illness\",\"cold\"]}"),
     "f.json: fields[4].when.has[1]: risk has no such option"},
    {FIELD(TICK ",\"when\":{\"all\":[]}"), "f.json: fields[4].when.all: must be a list of 1 to 16"},
    {FIELD(TICK ",\"when\":{\"any\":[{\"not\":{\"age_below\":14}}]}"),
     "f.json: fields[4].when.any[0].not.age_below: needs a field of type resident_id"},
    {FORM("", "",
          ID ",{\"name\":\"x\",\"type\":\"tick\",\"label\":\"a.b\",\"when\":{\"age_below\":0}}"),
     "f.json: fields[5].when.age_below: must be a number of years"},
    {FIELD(TICK ",\"when\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":"
                "{\"not\":"
                "{\"field\":\"risk\",\"filled\":true}}}}}}}}}}"),
     "rules inside rules: at most 8"},
    {FIELD(TICK ",\"refused\":{\"when\":{\"field\":\"risk\",\"filled\":true}}"),
     "f.json: fields[4].refused: needs both when and fault"},
    {FIELD(TICK ",\"refused\":{\"fault\":\"a.b\"}"),
     "fields[4].refused: needs both when and fault"},
    {FIELD(TICK ",\"label_when\":{\"label\":\"a.b\",\"when\":{\"x\":1}}"),
     "f.json: fields[4].label_when.when: must be a rule"},
    /* what the gateway needs */
    {"{\"id\":\"a\",\"fields\":[" PHONE "," RISK "," CONSENT "]}", "fields: a field named name"},
    {"{\"id\":\"a\",\"fields\":[" NAME "}," RISK "," CONSENT "]}", "fields: a field named phone"},
    {"{\"id\":\"a\",\"fields\":[" NAME "}," PHONE "," CONSENT "]}", "fields: a field named risk"},
    {"{\"id\":\"a\",\"fields\":[" NAME "}," PHONE "," RISK "]}", "fields: a field named consent"},
};

static void test_errors_name_the_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct err err = {""};
        struct form *form = form_load(str_of(broken[i].json), "f.json", &err);
        if (form != NULL || strstr(err.text, broken[i].says) == NULL) {
            fail_msg("%s\nsays: %s\nnot:  %s", broken[i].json, err.text, broken[i].says);
        }
    }
}

static struct form *load_text(const char *json)
{
    struct err err = {""};
    struct form *form = form_load(str_of(json), "f.json", &err);
    if (form == NULL) {
        fail_msg("%s", err.text);
    }
    return form;
}

static struct form *load_shipped(void)
{
    struct buf text;
    struct err err = {""};
    buf_init(&text, 1 << 20);
    if (!file_read("templates/forms/report.json", &text, &err)) {
        fail_msg("%s", err.text);
    }
    struct form *form = load_text(buf_text(&text));
    buf_release(&text);
    return form;
}

static void test_the_version_is_of_the_content(void **state)
{
    struct form *one = load_text(FORM("", "", ""));
    struct form *spaced = load_text("  " FORM("", "", "") "\n");
    struct form *other = load_text(FORM(",\"about\":\"x\"", "", ""));
    (void)state;
    assert_int_equal(strlen(one->version), 16);
    assert_int_equal(strspn(one->version, "0123456789abcdef"), 16);
    assert_string_equal(one->version, spaced->version);
    assert_string_not_equal(one->version, other->version);
    form_free(&one);
    form_free(&spaced);
    form_free(&other);
    assert_null(other);
    form_free(&other);
}

static void test_the_shipped_form(void **state)
{
    struct form *form = load_shipped();
    (void)state;
    assert_string_equal(form->id, "report");
    const struct form_field *risk = form_field(form, STR("risk"));
    assert_non_null(risk);
    assert_int_equal(risk->picks_max, 5);
    assert_int_equal(risk->option_count, 13);
    assert_null(form_option(risk, STR("epidemic"))); /* off */
    assert_string_equal(risk->options[0].value, "illness");
    assert_string_equal(form_option(risk, STR("water"))->group, "more");
    assert_null(form_option(risk, STR("schooling"))->group);
    const struct form_field *filed_by = form_field(form, STR("filed_by"));
    assert_true(form_option(filed_by, STR("self"))->picked);
    assert_string_equal(form_option(filed_by, STR("cadre"))->group, "helper");
    const struct form_field *consent = form_field(form, STR("consent"));
    assert_int_equal(consent->page, FORM_PAGE_CHECK);
    assert_string_equal(consent->other_label, "form.consent.helper");
    assert_int_equal(form_field(form, STR("detail"))->chars_max, 500);
    assert_null(form_field(form, STR("bank")));
    assert_null(form_field(form, STR("")));
    form_free(&form);
}

static void count_text(void *arg, const char *path, const char *key)
{
    json_t *catalog = arg;
    struct str rest = str_of(key);
    struct str part;
    const json_t *at = catalog;
    while (str_next(&rest, '.', &part)) {
        at = json_object_getn(at, part.at, part.len);
    }
    if (json_string_length(at) == 0) {
        fail_msg("%s: no text %s", path, key);
    }
}

static void test_every_text_is_in_the_catalog(void **state)
{
    struct form *form = load_shipped();
    json_t *catalog = json_load_file("templates/catalogs/zh-CN.json", 0, NULL);
    (void)state;
    assert_non_null(catalog);
    form_texts(form, count_text, catalog);
    json_decref(catalog);
    form_free(&form);
}

static void note_text(void *arg, const char *path, const char *key)
{
    buf_printf(arg, "%s=%s\n", path, key);
}

static void test_texts_have_paths(void **state)
{
    struct form *form = load_text(
        FORM("", ",\"faults\":{\"empty\":\"fault.own\"}",
             ",{\"name\":\"x\",\"type\":\"choice\",\"label\":\"form.x\",\"hint\":\"form.h\","
             "\"groups\":{\"g\":"
             "\"form.g\"},\"options\":[{\"value\":\"a\",\"label\":\"form.a\",\"hint\":\"form.ah\","
             "\"group\":\"g\"}],"
             "\"label_when\":{\"label\":\"form.y\",\"when\":{\"field\":\"risk\",\"filled\":true}},"
             "\"refused\":{\"fault\":\"fault.z\",\"when\":{\"field\":\"risk\",\"filled\":true}}}"));
    static const char *const lines[] = {
        "fields[0].label=form.name\n",
        "fields[0].faults.empty=fault.own\n",
        "fields[0].faults.dots=fault.name.dots\n",
        "fields[1].faults.area=fault.phone.area\n",
        "fields[2].faults.many=fault.choices.many\n",
        "fields[4].label=form.x\n",
        "fields[4].hint=form.h\n",
        "fields[4].groups.g=form.g\n",
        "fields[4].options[0].label=form.a\n",
        "fields[4].options[0].hint=form.ah\n",
        "fields[4].label_when.label=form.y\n",
        "fields[4].refused.fault=fault.z\n",
        "fields[4].faults.unknown=fault.choice.unknown\n",
    };
    struct buf seen;
    (void)state;
    buf_init(&seen, 10000);
    form_texts(form, note_text, &seen);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strstr(buf_text(&seen), lines[i]) == NULL) {
            fail_msg("missing %s", lines[i]);
        }
    }
    assert_null(strstr(buf_text(&seen), "fault.name.empty"));
    buf_release(&seen);
    form_free(&form);
}

static const json_t *property(const json_t *schema, const char *name, const char *member)
{
    const json_t *all = json_object_get(schema, "properties");
    return json_object_get(json_object_get(all, name), member);
}

static void expect_among(const json_t *list, const char *expected)
{
    json_t *wanted = json_loads(expected, 0, NULL);
    size_t i;
    json_t *one;
    bool found = false;
    assert_non_null(wanted);
    json_array_foreach(list, i, one)
    {
        found = found || json_equal(one, wanted);
    }
    json_decref(wanted);
    if (!found) {
        fail_msg("not in the schema: %s", expected);
    }
}

static void test_the_schema(void **state)
{
    struct form *form = load_shipped();
    json_t *schema = form_schema(form);
    const json_t *all = json_object_get(schema, "allOf");
    (void)state;
    assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    assert_int_equal(json_object_size(json_object_get(schema, "properties")), form->field_count);
    assert_int_equal(json_integer_value(property(schema, "risk", "maxItems")), 5);
    assert_int_equal(json_integer_value(property(schema, "detail", "maxLength")), 500);
    assert_int_equal(json_array_size(property(schema, "disaster", "enum")), 7);
    expect_among(all, "{\"required\":[\"name\"]}");
    expect_among(all, "{\"anyOf\":[{\"required\":[\"no_id\"]},{\"required\":[\"id_number\"]}]}");
    expect_among(
        all, "{\"if\":{\"required\":[\"risk\"],\"properties\":{\"risk\":{\"contains\":{\"enum\":"
             "[\"disaster\"]}}}},\"else\":{\"properties\":{\"disaster\":false}}}");
    expect_among(
        all,
        "{\"if\":{\"required\":[\"filed_by\"],\"properties\":{\"filed_by\":{\"enum\":[\"relative\","
        "\"cadre\",\"neighbour\"]}}},\"then\":{\"required\":[\"helper_name\"]}}");
    form_free(&form);
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_name_the_path),
        cmocka_unit_test(test_the_version_is_of_the_content),
        cmocka_unit_test(test_the_shipped_form),
        cmocka_unit_test(test_every_text_is_in_the_catalog),
        cmocka_unit_test(test_texts_have_paths),
        cmocka_unit_test(test_the_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
