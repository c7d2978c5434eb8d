#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/report.h"

/* 2026-11-23T09:15:02+08:00 and an hour later */
enum { HOUR_MS = 3600000 };
static const int64_t submitted_ms = 1795396502000;

static struct areas *areas;

static int load_areas(void **state)
{
    struct err err = {""};
    (void)state;
    areas = areas_load(STR("id,parent,level,name\n"
                           "37,,province,山东省\n"
                           "3701,37,city,济南市\n"
                           "370115,3701,county,济阳区\n"
                           "370115008,370115,town,曲堤街道\n"
                           "370115008218,370115008,village,葛家村民委员会\n"
                           "g1,370115008218,grid,第一联户\n"
                           "419001,37,town,没有县的镇\n"
                           "419001001,419001,village,样例村\n"
                           "g2,419001001,grid,第二联户\n"
                           "lone,,village,孤村\n"),
                       "areas.csv", &err);
    return areas != NULL ? 0 : -1;
}

static int free_areas(void **state)
{
    (void)state;
    areas_free(&areas);
    return 0;
}

static json_t *make(const char *area, const char *values, const char *flags, int64_t version)
{
    json_t *read = json_loads(values, 0, NULL);
    json_t *marks = flags ? json_loads(flags, 0, NULL) : NULL;
    assert_non_null(read);
    const struct report_event event = {
        .type = version == 1 ? "accepted" : "added",
        .id = version == 1 ? "412938471655" : "412938471655-2",
        .receipt = "412938471655",
        .version = version,
        .at_ms = submitted_ms + (version - 1) * HOUR_MS,
        .submitted_ms = submitted_ms,
        .areas = areas,
        .area = areas_find(areas, str_of(area)),
        .placement = version == 1 ? "board" : "",
        .source = "self",
        .values = read,
        .flags = marks,
        .form_id = STR("report"),
        .form_version = STR("0123456789abcdef"),
        .consent = {.notice_version = "fedcba9876543210"},
    };
    assert_int_not_equal(event.area, AREA_NONE);
    json_t *json = report_event_json(&event);
    json_decref(read);
    json_decref(marks);
    return json;
}

static void expect(json_t *json, const char *text)
{
    char *made = json_dumps(json, JSON_COMPACT);
    assert_string_equal(made, text);
    free(made);
    json_decref(json);
}

/* Member for member the example of the contract, in its order. */
static void test_the_first_event(void **state)
{
    (void)state;
    expect(make("370115008218",
                "{\"filed_by\":\"self\",\"role\":\"head\",\"name\":\"王二\",\"id_number\":"
                "\"370115196203174029\","
                "\"phone\":\"13800000000\",\"risk\":[\"accident\"],\"detail\":\"样例\",\"consent\":"
                "true}",
                "[]", 1),
           "{\"specversion\":\"1.0\",\"id\":\"412938471655\",\"source\":\"/mashang/370115\","
           "\"type\":\"cn.mashang.report.accepted.v1\",\"subject\":\"370115008218\","
           "\"time\":\"2026-11-23T09:15:02+08:00\",\"datacontenttype\":\"application/json\","
           "\"data\":{\"receipt\":\"412938471655\",\"version\":1,\"area\":{\"id\":\"370115008218\","
           "\"code\":\"370115008218\",\"path\":[\"山东省\",\"济南市\",\"济阳区\",\"曲堤街道\","
           "\"葛家村民委员会\"]},"
           "\"source\":\"self\",\"placement\":\"board\",\"filed_by\":\"self\",\"role\":\"head\","
           "\"name\":\"王二\",\"id_number\":\"370115196203174029\",\"phone\":\"13800000000\","
           "\"risks\":[\"accident\"],\"detail\":\"样例\",\"urgent\":false,"
           "\"submitted_at\":\"2026-11-23T09:15:02+08:00\",\"consent\":{\"version\":"
           "\"fedcba9876543210\","
           "\"at\":\"2026-11-23T09:15:02+08:00\",\"sensitive\":false},"
           "\"form\":{\"id\":\"report\",\"version\":\"0123456789abcdef\"},\"flags\":[]}}");
}

/* Filed by a neighbour, without ID and phone, later, with a field that a county added. */
static void test_a_later_event(void **state)
{
    (void)state;
    expect(
        make(
            "370115008218",
            "{\"filed_by\":\"neighbour\",\"helper_name\":\"李三\",\"helper_phone\":\"13900000000\","
            "\"name\":\"王二\",\"no_id\":true,\"risk\":[\"illness\",\"disaster\"],\"disaster\":"
            "\"flood\","
            "\"urgent\":true,\"consent\":true,\"consent_sensitive\":true,\"guardian\":true,"
            "\"well\":\"dry\",\"rooms\":[\"a\"]}",
            "[\"id_missing\",\"additions\"]", 2),
        "{\"specversion\":\"1.0\",\"id\":\"412938471655-2\",\"source\":\"/mashang/370115\","
        "\"type\":\"cn.mashang.report.added.v1\",\"subject\":\"370115008218\","
        "\"time\":\"2026-11-23T10:15:02+08:00\",\"datacontenttype\":\"application/json\","
        "\"data\":{\"receipt\":\"412938471655\",\"version\":2,\"area\":{\"id\":\"370115008218\","
        "\"code\":\"370115008218\",\"path\":[\"山东省\",\"济南市\",\"济阳区\",\"曲堤街道\","
        "\"葛家村民委员会\"]},"
        "\"source\":\"self\",\"filed_by\":\"neighbour\",\"name\":\"王二\",\"phone\":"
        "\"13900000000\","
        "\"helper\":{\"name\":\"李三\",\"phone\":\"13900000000\"},\"risks\":[\"illness\","
        "\"disaster\"],"
        "\"disaster\":\"flood\",\"urgent\":true,\"submitted_at\":\"2026-11-23T09:15:02+08:00\","
        "\"consent\":{\"version\":\"fedcba9876543210\",\"at\":\"2026-11-23T09:15:02+08:00\","
        "\"sensitive\":true},\"form\":{\"id\":\"report\",\"version\":\"0123456789abcdef\"},"
        "\"flags\":[\"id_missing\",\"additions\"],\"extra\":{\"well\":\"dry\",\"rooms\":[\"a\"]}}"
        "}");
}

static void test_the_household_keeps_its_own_phone(void **state)
{
    json_t *json = make("370115008218",
                        "{\"name\":\"王二\",\"phone\":\"13800000000\",\"helper_name\":\"李三\","
                        "\"helper_phone\":\"13900000000\",\"risk\":[\"jobs\"]}",
                        NULL, 1);
    const json_t *data = json_object_get(json, "data");
    (void)state;
    assert_string_equal(json_string_value(json_object_get(data, "phone")), "13800000000");
    assert_true(json_is_array(json_object_get(data, "flags")));
    assert_null(json_object_get(data, "id_number"));
    json_decref(json);
}

/* The county, else the nearest above the village, else the area itself. */
static void test_source_names_the_county(void **state)
{
    static const struct {
        const char *area, *source;
        size_t depth;
    } cases[] = {{"370115008218", "/mashang/370115", 5}, {"g1", "/mashang/370115", 6},
                 {"370115", "/mashang/370115", 3},       {"419001001", "/mashang/419001", 3},
                 {"g2", "/mashang/419001", 4},           {"lone", "/mashang/lone", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *json = make(cases[i].area, "{\"risk\":[\"jobs\"]}", NULL, 1);
        const json_t *data = json_object_get(json, "data");
        assert_string_equal(json_string_value(json_object_get(json, "source")), cases[i].source);
        assert_string_equal(json_string_value(json_object_get(json, "subject")), cases[i].area);
        assert_int_equal(json_array_size(json_object_get(json_object_get(data, "area"), "path")),
                         cases[i].depth);
        json_decref(json);
    }
}

/* What was ticked, and when; nothing of it where nobody ticked. */
static void test_consent(void **state)
{
#define V  "\"version\":\"fedcba9876543210\","
#define T0 "\"2026-11-23T09:15:02+08:00\""
#define T1 "\"2026-11-23T10:15:02+08:00\""
    static const struct {
        const char *values, *notice;
        int at_hours, sensitive_hours; /* after the filing; -1: not on record */
        const char *consent;           /* NULL: none */
    } cases[] = {
        {"{}", "fedcba9876543210", -1, -1, NULL},
        {"{\"consent\":false}", "", -1, -1, NULL},
        {"{\"consent\":true}", "fedcba9876543210", 0, -1,
         "{" V "\"at\":" T0 ",\"sensitive\":false}"},
        {"{\"consent\":true,\"consent_sensitive\":true}", "fedcba9876543210", 0, 0,
         "{" V "\"at\":" T0 ",\"sensitive\":true}"},
        /* ticked later, on the receipt's page */
        {"{\"consent\":true,\"consent_sensitive\":true}", "fedcba9876543210", 0, 1,
         "{" V "\"at\":" T0 ",\"sensitive\":true,\"sensitive_at\":" T1 "}"},
        /* staff had put it in, and the household filed it again */
        {"{\"consent\":true}", "fedcba9876543210", 1, -1,
         "{" V "\"at\":" T1 ",\"sensitive\":false}"},
        /* or wrote more on its page, where no notice stands */
        {"{\"consent_sensitive\":true}", "", -1, 1, "{\"at\":" T1 ",\"sensitive\":true}"},
        /* filed before this was kept */
        {"{\"consent\":true}", "", -1, -1, "{\"at\":" T0 ",\"sensitive\":false}"},
        {"{\"consent\":true,\"consent_sensitive\":true}", "", -1, -1,
         "{\"at\":" T0 ",\"sensitive\":true}"},
        {"{\"consent\":true,\"consent_sensitive\":true}", "", -1, 1,
         "{\"at\":" T0 ",\"sensitive\":true,\"sensitive_at\":" T1 "}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *values = json_loads(cases[i].values, 0, NULL);
        int at = cases[i].at_hours;
        int sensitive = cases[i].sensitive_hours;
        const struct report_event event = {
            .type = "corrected",
            .id = "1-5",
            .receipt = "1",
            .version = 5,
            .at_ms = submitted_ms + 9 * HOUR_MS,
            .submitted_ms = submitted_ms,
            .areas = areas,
            .area = areas_find(areas, STR("g1")),
            .placement = "",
            .source = "hotline",
            .values = values,
            .consent = {.notice_version = cases[i].notice,
                        .at_ms = at < 0 ? 0 : submitted_ms + at * HOUR_MS,
                        .sensitive_ms = sensitive < 0 ? 0 : submitted_ms + sensitive * HOUR_MS}};
        json_t *json = report_event_json(&event);
        const json_t *data = json_object_get(json, "data");
        const json_t *consent = json_object_get(data, "consent");
        char *made = consent ? json_dumps(consent, JSON_COMPACT) : NULL;
        if (made == NULL || cases[i].consent == NULL) {
            assert_true(made == NULL && cases[i].consent == NULL);
        } else {
            assert_string_equal(made, cases[i].consent);
        }
        assert_null(json_object_get(data, "form")); /* not known */
        free(made);
        json_decref(json);
        json_decref(values);
    }
}

/* A village that the areas file no longer has: its id, and the names that are left above it. */
static void test_a_place_that_is_gone(void **state)
{
    static const struct {
        const char *id, *path, *source, *names;
    } cases[] = {
        {"370115008999", "37 3701 370115 370115008 370115008999 370115009", "/mashang/370115",
         "[\"山东省\",\"济南市\",\"济阳区\",\"曲堤街道\"]"},
        {"g9", "37 3701 370115 370115008 370115008218 g9", "/mashang/370115",
         "[\"山东省\",\"济南市\",\"济阳区\",\"曲堤街道\",\"葛家村民委员会\"]"},
        {"419001999", "37 419001 419001999", "/mashang/419001", "[\"山东省\",\"没有县的镇\"]"},
        {"g8", "37 419001 419001001 g8", "/mashang/419001",
         "[\"山东省\",\"没有县的镇\",\"样例村\"]"},
        {"x2", "x x1 x2", "/mashang/x2", "[]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *values = json_loads("{\"risk\":[\"jobs\"]}", 0, NULL);
        const struct report_event event = {.type = "added",
                                           .id = "1-2",
                                           .receipt = "1",
                                           .version = 2,
                                           .areas = areas,
                                           .area = AREA_NONE,
                                           .place_id = str_of(cases[i].id),
                                           .place_path = str_of(cases[i].path),
                                           .placement = "",
                                           .source = "self",
                                           .values = values,
                                           .consent = {.notice_version = ""}};
        json_t *json = report_event_json(&event);
        const json_t *area = json_object_get(json_object_get(json, "data"), "area");
        char *names = json_dumps(json_object_get(area, "path"), JSON_COMPACT);
        assert_string_equal(json_string_value(json_object_get(json, "source")), cases[i].source);
        assert_string_equal(json_string_value(json_object_get(json, "subject")), cases[i].id);
        assert_string_equal(json_string_value(json_object_get(area, "id")), cases[i].id);
        assert_string_equal(json_string_value(json_object_get(area, "code")), cases[i].id);
        assert_string_equal(names, cases[i].names);
        free(names);
        json_decref(json);
        json_decref(values);
    }
}

/* A snapshot: what is changed afterwards does not change it. */
static void test_the_event_is_a_snapshot(void **state)
{
    (void)state;
    json_t *values = json_loads("{\"risk\":[\"jobs\"],\"rooms\":[\"a\"]}", 0, NULL);
    const struct report_event event = {.type = "accepted",
                                       .id = "1",
                                       .receipt = "1",
                                       .version = 1,
                                       .areas = areas,
                                       .area = areas_find(areas, STR("lone")),
                                       .placement = "",
                                       .source = "self",
                                       .values = values,
                                       .form_id = STR("a"),
                                       .form_version = STR("b"),
                                       .consent = {.notice_version = "c"}};
    json_t *json = report_event_json(&event);
    json_array_append_new(json_object_get(values, "risk"), json_string("water"));
    json_array_append_new(json_object_get(values, "rooms"), json_string("b"));
    const json_t *data = json_object_get(json, "data");
    assert_int_equal(json_array_size(json_object_get(data, "risks")), 1);
    assert_int_equal(json_array_size(json_object_get(json_object_get(data, "extra"), "rooms")), 1);
    json_decref(values);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_event),
        cmocka_unit_test(test_a_later_event),
        cmocka_unit_test(test_the_household_keeps_its_own_phone),
        cmocka_unit_test(test_source_names_the_county),
        cmocka_unit_test(test_consent),
        cmocka_unit_test(test_a_place_that_is_gone),
        cmocka_unit_test(test_the_event_is_a_snapshot),
    };
    return cmocka_run_group_tests(tests, load_areas, free_areas);
}
