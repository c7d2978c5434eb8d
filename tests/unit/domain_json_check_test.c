#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "domain/json_check.h"

/* ---- the body ---- */

#define DEEP15 "[[[[[[[[[[[[[[["
#define END15  "]]]]]]]]]]]]]]]"

static const struct {
    const char *body;
    const char *pointer, *code, *says; /* code NULL: passes */
} bodies[] = {
    {"{}", NULL, NULL, NULL},
    {" {\"a\": [1, {\"b\": null}]}\n", NULL, NULL, NULL},
    {"{\"a\":" DEEP15 END15 "}", NULL, NULL, NULL},
    {"{\"a\":\"[[[[[[[[[[[[[[[[[[[[\\\"{{{\"}", NULL, NULL, NULL},
    {"{\"a\":9223372036854775807}", NULL, NULL, NULL},
    {"", "", "syntax", "line 1"},
    {"name=x", "", "syntax", "line 1, column"},
    {"{\"a\":1,\n \"b\":}", "/b", "syntax", "line 2, column"},
    {"{\"a\":1} x", "", "syntax", "line 1"},
    {"{\"a\":1,}", "/a", "syntax", "line 1"},
    {"{'a':1}", "", "syntax", "line 1"},
    {"{\"a\":\"\xff\"}", "/a", "syntax", "line 1"},
    {"{\"a\":\"\\ud800\"}", "/a", "syntax", "line 1"},
    {"{\"a\":\"open", "/a", "syntax", "line 1"},
    {"{\"a\":\"open\\", "/a", "syntax", "line 1"},
    {"{\"a\":NaN}", "/a", "syntax", "line 1"},
    {"{\"a\":01}", "/a", "syntax", "line 1"},
    {"[]", "", "type", "must be an object"},
    {"\"text\"", "", "syntax", "line 1"},
    {"{\"a\":1,\"a\":2}", "/a", "duplicate", "stands twice"},
    {"{\"x\":[{},{\"b\":1,\"c\":{\"d\":[],\"e\":1,\"d\":3}}]}", "/x/1/c/d", "duplicate", "twice"},
    {"{\"a\":1,\"\\u0061\":2}", "/a", "duplicate", "stands twice"},
    {"{\"a/b~\":{\"c\":1,\"c\":1}}", "/a~1b~0/c", "duplicate", "stands twice"},
    {"{\"a\":[" DEEP15 END15 "]}", "/a/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0", "depth", "deeper than 16"},
    {"{\"b\":[0,{\"a\":[1," DEEP15, "/b/1/a/1/0/0/0/0/0/0/0/0/0/0/0/0", "depth", "than 16"},
    {"{\"a\":[\"x\",\"y\\u0000\"]}", "/a/1", "nul", "NUL"},
    {"{\"a\":{\"\\u0000\":1}}", "/a", "nul", "NUL"},
    {"{\"a\":[0,99999999999999999999]}", "/a/1", "number", "larger than any"},
    {"{\"a\":{\"b\":-1e400}}", "/a/b", "number", "larger than any"},
};

static void test_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct json_fault fault;
        json_t *json = json_body_parse(str_of(bodies[i].body), &fault);
        print_message("%s ~ %s %s %s\n", bodies[i].body, fault.pointer, fault.code, fault.detail);
        assert_true((json != NULL) == (bodies[i].code == NULL));
        if (json == NULL) {
            assert_string_equal(fault.code, bodies[i].code);
            assert_string_equal(fault.pointer, bodies[i].pointer);
            assert_non_null(strstr(fault.detail, bodies[i].says));
        }
        json_decref(json);
    }
}

static void test_body_bytes(void **state)
{
    (void)state;
    struct json_fault fault;
    struct buf body;
    buf_init(&body, JSON_BODY_BYTES_MAX + 10);
    buf_puts(&body, "{\"a\":\"");
    while (body.len < JSON_BODY_BYTES_MAX - 2) {
        buf_putc(&body, 'x');
    }
    buf_puts(&body, "\"}");
    json_t *json = json_body_parse(buf_str(&body), &fault);
    assert_non_null(json);
    json_decref(json);
    buf_putc(&body, ' ');
    assert_null(json_body_parse(buf_str(&body), &fault));
    assert_string_equal(fault.code, "large");
    buf_release(&body);
    /* a byte 0 in the body ends nothing */
    assert_null(json_body_parse(str_make("{}\0{}", 5), &fault));
    assert_string_equal(fault.code, "syntax");
    assert_null(json_body_parse((struct str){0}, &fault));
    assert_string_equal(fault.code, "syntax");
}

/* A pointer has room for so much; a place beyond it is told as what holds it. */
static void test_long_names(void **state)
{
    (void)state;
    char body[1200], name[400];
    struct json_fault fault;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(body, sizeof body, "{\"a\":{\"%s\":{\"b\":1,\"b\":2}}}", name);
    assert_null(json_body_parse(str_of(body), &fault));
    assert_string_equal(fault.code, "duplicate");
    assert_string_equal(fault.pointer, "/a");
}

/* ---- members ---- */

static const struct json_member place[] = {
    {.name = "town", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 20},
    {.name = "village", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 20},
    {.name = NULL},
};
static const struct json_member members[] = {
    {.name = "step", .kinds = JSON_KIND_TEXT, .required = true, .words = "visit check"},
    {.name = "note", .kinds = JSON_KIND_TEXT, .chars_min = 2, .chars_max = 5},
    {.name = "minutes", .kinds = JSON_KIND_WHOLE, .min = 1, .max = 480},
    {.name = "urgent", .kinds = JSON_KIND_BOOL},
    {.name = "at", .kinds = JSON_KIND_TIME},
    {.name = "risks",
     .kinds = JSON_KIND_LIST,
     .words = "illness jobs water",
     .items_min = 1,
     .items_max = 2},
    {.name = "tags", .kinds = JSON_KIND_LIST, .chars_max = 3, .items_max = 100},
    {.name = "area", .kinds = JSON_KIND_TEXT | JSON_KIND_OBJECT, .chars_max = 4, .members = place},
    {.name = "day", .kinds = JSON_KIND_DAY},
    {.name = "found", .kinds = JSON_KIND_DAY | JSON_KIND_TIME},
    {.name = "places", .kinds = JSON_KIND_LIST, .items_max = 2, .members = place},
    {.name = NULL},
};

static const struct {
    const char *body;
    const char *faults; /* "pointer code; …" in order, or "" */
    const char *says;   /* in the first detail, or NULL */
} objects[] = {
    {"{'step':'visit'}", "", NULL},
    {"{'step':'visit','note':'一二三四五','minutes':480,'urgent':false,'at':'2026-11-23T09:15:02Z',"
     "'risks':['jobs','water'],'tags':[],'area':'3701'}",
     "", NULL},
    {"{'step':'visit','area':{'town':'曲堤街道','village':'葛家村'}}", "", NULL},
    {"{'step':'visit','note':null,'minutes':null,'risks':null,'area':null}", "", NULL},
    {"{'step':'visit','note':'a\\nb\\tc'}", "", NULL},
    {"{}", "/step required", NULL},
    {"{'step':null}", "/step required", NULL},
    {"{'step':''}", "/step required", NULL},
    {"{'step':'Visit'}", "/step not_allowed", "must be one of: visit check"},
    {"{'step':'visit check'}", "/step not_allowed", NULL},
    {"{'step':['visit']}", "/step type", "must be a text"},
    {"{'step':'visit','stpe':1}", "/stpe unknown_member", "allowed are: step, note, minutes"},
    {"{'step':'visit','a/b~c':1}", "/a~1b~0c unknown_member", NULL},
    {"{'step':'visit','unset':null}", "/unset unknown_member", NULL},
    {"{'step':'visit','note':'一二三四五六'}", "/note long", "at most 5 characters, here 6"},
    {"{'step':'visit','note':'一'}", "/note short", "at least 2"},
    {"{'step':'visit','note':''}", "/note short", NULL},
    {"{'step':'visit','note':'a\\u0007b'}", "/note characters", NULL},
    {"{'step':'visit','note':'a\\u0085b'}", "/note characters", NULL},
    {"{'step':'visit','minutes':0}", "/minutes range", "from 1 to 480"},
    {"{'step':'visit','minutes':481}", "/minutes range", NULL},
    {"{'step':'visit','minutes':-9223372036854775808}", "/minutes range", NULL},
    {"{'step':'visit','minutes':3.0}", "/minutes type", "a whole number from 1 to 480"},
    {"{'step':'visit','minutes':1e99}", "/minutes type", "a whole number from 1 to 480"},
    {"{'step':'visit','minutes':'60'}", "/minutes type", NULL},
    {"{'step':'visit','urgent':1}", "/urgent type", "must be true or false"},
    {"{'step':'visit','urgent':'true'}", "/urgent type", NULL},
    {"{'step':'visit','at':1764600000}", "/at type", "a time by RFC 3339"},
    {"{'step':'visit','at':'2026-02-30T00:00:00Z'}", "/at time", "2026-11-23T09:15:02+08:00"},
    {"{'step':'visit','at':'yesterday'}", "/at time", NULL},
    {"{'step':'visit','risks':[]}", "/risks few", "at least 1"},
    {"{'step':'visit','risks':['jobs','water','illness']}", "/risks many", "at most 2, here 3"},
    {"{'step':'visit','risks':['jobs','jobs']}", "/risks/1 repeated", NULL},
    {"{'step':'visit','risks':['jobs','luck']}", "/risks/1 not_allowed", "illness jobs water"},
    {"{'step':'visit','risks':[1,null]}", "/risks/0 type;/risks/1 type", NULL},
    {"{'step':'visit','risks':'jobs'}", "/risks type", "must be a list"},
    {"{'step':'visit','tags':['abc','abcd']}", "/tags/1 long", NULL},
    {"{'step':'visit','area':7}", "/area type", "must be a text or an object"},
    {"{'step':'visit','area':'37011'}", "/area long", NULL},
    {"{'step':'visit','area':{'town':'x','villag':1}}",
     "/area/village required;/area/villag unknown_member", NULL},
    {"{'step':'visit','area':{'town':[],'village':'x'}}", "/area/town type", NULL},
    {"{'step':'visit','day':'2026-11-23','found':'2026-11-23'}", "", NULL},
    {"{'step':'visit','found':'2026-11-23T09:15:02+08:00'}", "", NULL},
    {"{'step':'visit','day':'2026-11-31'}", "/day time", "must be a day: 2026-11-23"},
    {"{'step':'visit','day':'2026-11-23T09:15:02Z'}", "/day time", NULL},
    {"{'step':'visit','found':'now'}", "/found time",
     "RFC 3339: 2026-11-23T09:15:02+08:00, or a day"},
    {"{'step':'visit','found':5}", "/found type", "a time by RFC 3339 or a day"},
    {"{'step':'visit','places':[{'town':'x','village':'y'}]}", "", NULL},
    {"{'step':'visit','places':[{'town':'x','village':'y'},{'town':'x'}]}",
     "/places/1/village required", NULL},
    {"{'step':'visit','places':['x']}", "/places/0 type", "must be an object"},
    {"{'minutes':'x','urgent':'y'}", "/step required;/minutes type;/urgent type", NULL},
};

static json_t *parse(const char *quoted)
{
    char text[1024];
    struct json_fault fault;
    snprintf(text, sizeof text, "%s", quoted);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    json_t *json = json_body_parse(str_of(text), &fault);
    assert_non_null(json);
    return json;
}

static void test_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        struct json_faults faults = {0};
        struct buf said;
        json_t *json = parse(objects[i].body);
        bool passed = json_check_object(json, "", members, &faults);
        buf_init(&said, 4096);
        for (size_t j = 0; j < faults.count; j++) {
            buf_printf(&said, "%s%s %s", j ? ";" : "", faults.at[j].pointer, faults.at[j].code);
        }
        print_message("%s ~ %s\n", objects[i].body, buf_text(&said));
        assert_string_equal(buf_text(&said), objects[i].faults);
        assert_int_equal(passed, objects[i].faults[0] == '\0');
        if (objects[i].says != NULL) {
            assert_non_null(strstr(faults.at[0].detail, objects[i].says));
        }
        buf_release(&said);
        json_decref(json);
    }
}

static void test_faults_end_at_their_number(void **state)
{
    (void)state;
    struct json_faults faults = {0};
    json_t *json = json_object();
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "x%d", i);
        json_object_set_new(json, name, json_true());
    }
    assert_false(json_check_object(json, "", members, &faults));
    assert_int_equal(faults.count, JSON_FAULTS_MAX);
    json_decref(json);

    json_t *list = json_faults_json(&faults);
    assert_int_equal(json_array_size(list), JSON_FAULTS_MAX);
    const json_t *first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "pointer")), "/step");
    assert_string_equal(json_string_value(json_object_get(first, "code")), "required");
    assert_true(json_string_length(json_object_get(first, "detail")) > 0);
    json_decref(list);
}

static void test_faults_of_callers(void **state)
{
    (void)state;
    struct json_faults faults = {0};
    char longer[600];
    memset(longer, 'x', sizeof longer);
    memcpy(longer, "x", 1);
    /* characters of three bytes from the second byte on: the cut falls inside one */
    for (size_t i = 1; i + 3 < sizeof longer; i += 3) {
        memcpy(longer + i, "\xe6\x9d\x91", 3);
    }
    longer[sizeof longer - 1] = '\0';
    json_fault_add(&faults, "/a", "", "own", "%s", "sentence");
    json_fault_add(&faults, "/a", "b/c", "own", "%s", longer);
    json_fault_add_nth(&faults, "", "risks", 3, "own", "n");
    assert_string_equal(faults.at[0].pointer, "/a");
    assert_string_equal(faults.at[0].detail, "sentence");
    assert_string_equal(faults.at[1].pointer, "/a/b~1c");
    assert_string_equal(faults.at[2].pointer, "/risks/3");
    json_t *list = json_faults_json(&faults); /* refuses broken UTF-8 */
    assert_int_equal(json_array_size(list), 3);
    json_decref(list);
}

static void test_values(void **state)
{
    (void)state;
    int64_t ms = 0;
    json_t *json = parse("{'note':'二','minutes':7,'urgent':true,'at':'1970-01-01T08:00:01+08:00',"
                         "'area':null,'risks':['jobs'],'day':'2026-11-23'}");
    assert_true(str_is(json_member_text(json, "note"), "二"));
    assert_int_equal(json_member_text(json, "step").len, 0);
    assert_int_equal(json_member_whole(json, "minutes", 60), 7);
    assert_int_equal(json_member_whole(json, "hours", 60), 60);
    assert_true(json_member_bool(json, "urgent"));
    assert_false(json_member_bool(json, "drill"));
    assert_true(json_member_time(json, "at", &ms));
    assert_int_equal(ms, 1000);
    assert_false(json_member_time(json, "until", &ms));
    assert_true(json_member_time(json, "day", &ms));
    assert_int_equal(ms, INT64_C(1795363200000)); /* 2026-11-23T00:00:00+08:00 */
    assert_null(json_member_value(json, "area"));
    assert_int_equal(json_array_size(json_member_value(json, "risks")), 1);
    json_decref(json);
}

static void test_file(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
    } broken[] = {
        {"", "f.json:1: "},
        {"{\n\"step\":}", "f.json:2: "},
        {"[]", "f.json: must be an object"},
        {"{\"step\":\"visit\",\"step\":\"visit\"}", "f.json:1: duplicate"},
        {"{}", "f.json: /step: is required"},
        {"{\"step\":\"visit\",\"places\":[{\"town\":\"x\"}]}", "f.json: /places/0/village: is"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct err err = {0};
        assert_null(json_check_file(str_of(broken[i].json), "f.json", members, &err));
        print_message("%s\n", err.text);
        assert_non_null(strstr(err.text, broken[i].says));
    }
    json_t *json = json_check_file(STR("{\"step\":\"visit\"}"), "f.json", members, NULL);
    assert_non_null(json);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_body_bytes),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_faults_end_at_their_number),
        cmocka_unit_test(test_faults_of_callers),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
