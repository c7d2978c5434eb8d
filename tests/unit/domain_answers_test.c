#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/utf8.h"
#include "domain/answers.h"

static const struct date today = {2026, 11, 23};
static struct form *form; /* the shipped one */

#define ID     "id_number=370115196203174029"
#define CHILD  "id_number=370115201211240018" /* 13 */
#define SELF   "name=王二&" ID "&phone=13800000000&"
#define HELPER "filed_by=neighbour&helper_name=李三&helper_phone=13900000000&name=王二&" ID "&"

static int load_form(void **state)
{
    struct buf text;
    struct err err = {""};
    (void)state;
    buf_init(&text, 1 << 20);
    if (file_read("templates/forms/report.json", &text, &err)) {
        form = form_load(buf_str(&text), "report.json", &err);
    }
    buf_release(&text);
    return form != NULL ? 0 : -1;
}

static int free_form(void **state)
{
    (void)state;
    form_free(&form);
    return 0;
}

/* a=b&c=d, nothing decoded */
static void fields_of(const char *body, struct fields *ret)
{
    struct str rest = str_of(body);
    struct str pair;
    ret->count = 0;
    while (str_next(&rest, '&', &pair)) {
        ptrdiff_t is = str_find_char(pair, '=');
        if (is > 0) {
            fields_add(ret, str_sub(pair, 0, (size_t)is), str_from(pair, (size_t)is + 1));
        }
    }
}

static void read_body(const char *body, enum answers_stage stage, struct answers *ret)
{
    struct fields fields;
    fields_of(body, &fields);
    answers_read(ret, form, &fields, today, stage);
}

static void put_faults(const struct answers *answers, struct buf *to)
{
    for (size_t i = 0; i < answers->fault_count; i++) {
        const struct answers_fault *fault = &answers->faults[i];
        assert_ptr_equal(answers_fault(answers, fault->field), fault);
        buf_printf(to, "%s%s:%s", i ? " " : "", fault->field->name, fault->key + strlen("fault."));
    }
}

/* body → canonical values, or the faults in order */
static const struct {
    const char *body;
    const char *values; /* NULL: not looked at */
    const char *faults;
} cases[] = {
    /* for oneself */
    {SELF "risk=illness",
     "{\"filed_by\":\"self\",\"id_number\":\"370115196203174029\",\"name\":\"王二\",\"phone\":"
     "\"13800000000\","
     "\"risk\":[\"illness\"]}",
     ""},
    {"filed_by=self&role=head&name= 王　二 &id_number=37011519 620317 4029&phone=+86 "
     "138-0000-0000&risk=jobs&urgent=1",
     "{\"filed_by\":\"self\",\"id_number\":\"370115196203174029\",\"name\":\"王 "
     "二\",\"phone\":\"13800000000\","
     "\"risk\":[\"jobs\"],\"role\":\"head\",\"urgent\":true}",
     ""},
    {"filed_by=&role=&" SELF "risk=jobs&disaster=&detail=&urgent=",
     "{\"filed_by\":\"self\",\"id_number\":\"370115196203174029\",\"name\":\"王二\",\"phone\":"
     "\"13800000000\","
     "\"risk\":[\"jobs\"]}",
     ""},
    {"", "{\"filed_by\":\"self\"}",
     "name:name.empty id_number:resident_id.empty phone:phone.empty risk:risk.empty"},
    {"filed_by=self", "{\"filed_by\":\"self\"}",
     "name:name.empty id_number:resident_id.empty phone:phone.empty risk:risk.empty"},
    {SELF "risk=jobs&bank=1&filed_byx=2&__proto__=3", NULL, ""},
    /* a helper typed something, then said self: dropped */
    {SELF "helper_name=李三&helper_phone=13900000000&risk=jobs",
     "{\"filed_by\":\"self\",\"id_number\":\"370115196203174029\",\"name\":\"王二\",\"phone\":"
     "\"13800000000\","
     "\"risk\":[\"jobs\"]}",
     ""},
    {SELF "helper_name=9&helper_phone=x&risk=jobs", NULL, ""},
    {SELF "filed_by=boss&risk=jobs", NULL, "filed_by:choice.unknown"},
    {SELF "filed_by=SELF&risk=jobs", NULL, "filed_by:choice.unknown"},
    {SELF "role=king&risk=jobs", NULL, "role:choice.unknown"},
    {"filed_by=relative&filed_by=self&" SELF "risk=jobs", NULL, ""}, /* the last one counts */
    /* for another */
    {HELPER "risk=jobs",
     "{\"filed_by\":\"neighbour\",\"helper_name\":\"李三\",\"helper_phone\":\"13900000000\","
     "\"id_number\":\"370115196203174029\",\"name\":\"王二\",\"risk\":[\"jobs\"]}",
     ""},
    {HELPER "phone=13800000000&risk=jobs", NULL, ""},
    {HELPER "phone=138&risk=jobs", NULL, "phone:phone.length"},
    {"filed_by=cadre&name=王二&" ID "&risk=jobs", NULL,
     "helper_name:helper_name.empty helper_phone:helper_phone.empty"},
    {"filed_by=relative&helper_name=李三&helper_phone=84232015&name=王二&" ID "&risk=jobs", NULL,
     "helper_phone:phone.area"},
    {"filed_by=relative&helper_name=李3&helper_phone=13900000000&name=王二&" ID "&risk=jobs", NULL,
     "helper_name:name.characters"},
    {"filed_by=relative&helper_name=李三&phone=13800000000&name=王二&" ID "&risk=jobs", NULL,
     "helper_phone:helper_phone.empty"},
    /* names */
    {"name=王&" ID "&phone=13800000000&risk=jobs", NULL, "name:name.short"},
    {"name=王\u202E二&" ID "&phone=13800000000&risk=jobs", NULL, "name:name.hidden"},
    {"name=王二.&" ID "&phone=13800000000&risk=jobs", NULL, "name:name.dots"},
    {"name=甲．乙&" ID "&phone=13800000000&risk=jobs", NULL, ""},
    /* ID numbers */
    {"name=王二&id_number=37011519620317402&phone=13800000000&risk=jobs", NULL,
     "id_number:resident_id.length"},
    {"name=王二&id_number=370115620317402&phone=13800000000&risk=jobs", NULL,
     "id_number:resident_id.fifteen"},
    {"name=王二&id_number=37011519620317402Y&phone=13800000000&risk=jobs", NULL,
     "id_number:resident_id.characters"},
    {"name=王二&id_number=370115196203174028&phone=13800000000&risk=jobs", NULL,
     "id_number:resident_id.check"},
    {"name=王二&id_number=16011519620317402X&phone=13800000000&risk=jobs", NULL,
     "id_number:resident_id.province"},
    {"name=王二&id_number=370115190002290018&phone=13800000000&risk=jobs", NULL,
     "id_number:resident_id.birth"},
    {"name=王二&id_number=370115202611240011&phone=13800000000&risk=jobs", NULL,
     "id_number:resident_id.future"},
    {"name=王二&id_number=37011519620317402943&phone=13800000000&risk=jobs", NULL,
     "id_number:resident_id.certificate"},
    /* no ID at hand */
    {"name=王二&no_id=1&phone=13800000000&risk=jobs",
     "{\"filed_by\":\"self\",\"name\":\"王二\",\"no_id\":true,\"phone\":\"13800000000\",\"risk\":["
     "\"jobs\"]}",
     ""},
    {"name=王二&id_number=&no_id=1&phone=13800000000&risk=jobs", NULL, ""},
    {"name=王二&id_number= 　&no_id=on&phone=13800000000&risk=jobs", NULL, ""},
    {"name=王二&id_number=123&no_id=1&phone=13800000000&risk=jobs", NULL,
     "id_number:resident_id.length"},
    {SELF "no_id=1&risk=jobs", /* both: the ID is there, so the tick says nothing */
     "{\"filed_by\":\"self\",\"id_number\":\"370115196203174029\",\"name\":\"王二\",\"phone\":"
     "\"13800000000\","
     "\"risk\":[\"jobs\"]}",
     ""},
    {"name=王二&no_id=0&phone=13800000000&risk=jobs", NULL, "id_number:resident_id.empty"},
    {"name=王二&no_id=&phone=13800000000&risk=jobs", NULL, "id_number:resident_id.empty"},
    {"name=王二&no_id=1&risk=jobs", NULL, "phone:phone.empty"},
    /* children */
    {"name=王二&" CHILD "&phone=13800000000&risk=schooling", NULL, "filed_by:filed_by.child"},
    {"filed_by=relative&helper_name=李三&helper_phone=13900000000&name=王二&" CHILD
     "&risk=schooling",
     NULL, ""},
    {"name=王二&id_number=370115201211230012&phone=13800000000&risk=schooling", NULL, ""}, /* 14 */
    /* risks: the form's order, no repeats, at most five */
    {"risk=other&risk=jobs&risk=illness&risk=jobs&detail=欠了钱&" SELF,
     "{\"detail\":\"欠了钱\",\"filed_by\":\"self\",\"id_number\":\"370115196203174029\",\"name\":"
     "\"王二\","
     "\"phone\":\"13800000000\",\"risk\":[\"illness\",\"jobs\",\"other\"]}",
     ""},
    {SELF "risk=illness&risk=jobs&risk=water&risk=labour&risk=housing&risk=housing", NULL, ""},
    {SELF "risk=illness&risk=jobs&risk=water&risk=labour&risk=housing&risk=business", NULL,
     "risk:risk.many"},
    {SELF "risk=", NULL, "risk:risk.empty"},
    {SELF "risk=poverty", NULL, "risk:choices.unknown"},
    {SELF "risk=jobs&risk=poverty", NULL, "risk:choices.unknown"},
    {SELF "risk=epidemic", NULL, "risk:choices.unknown"}, /* off */
    {SELF "risk=illness,jobs", NULL, "risk:choices.unknown"},
    /* disaster and its kind */
    {SELF "risk=disaster", NULL, ""},
    {SELF "risk=disaster&disaster=flood",
     "{\"disaster\":\"flood\",\"filed_by\":\"self\",\"id_number\":\"370115196203174029\",\"name\":"
     "\"王二\","
     "\"phone\":\"13800000000\",\"risk\":[\"disaster\"]}",
     ""},
    {SELF "risk=disaster&disaster=volcano", NULL, "disaster:choice.unknown"},
    {SELF "risk=jobs&disaster=flood",
     "{\"filed_by\":\"self\",\"id_number\":\"370115196203174029\",\"name\":\"王二\",\"phone\":"
     "\"13800000000\","
     "\"risk\":[\"jobs\"]}",
     ""},
    /* words */
    {SELF "risk=other", NULL, "detail:detail.empty"},
    {SELF "risk=other&detail=  \r\n ", NULL, "detail:detail.empty"},
    {SELF "risk=other&detail=欠了钱", NULL, ""},
    {SELF "risk=in_person", NULL, ""},
    {SELF "risk=in_person&risk=other", NULL, ""},
    {SELF "risk=jobs&detail= 一\r\n二 ",
     "{\"detail\":\"一\\n二\",\"filed_by\":\"self\",\"id_number\":\"370115196203174029\",\"name\":"
     "\"王二\","
     "\"phone\":\"13800000000\",\"risk\":[\"jobs\"]}",
     ""},
    {SELF "risk=jobs&detail=a\u202Eb", NULL, "detail:text.characters"},
    {SELF "risk=jobs&detail=a\xFF", NULL, "detail:text.characters"},
    {SELF "risk=jobs&urgent=no", NULL, ""},
};

static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answers answers;
        struct buf faults;
        buf_init(&faults, 1000);
        read_body(cases[i].body, ANSWERS_CHECK, &answers);
        put_faults(&answers, &faults);
        if (strcmp(buf_text(&faults), cases[i].faults) != 0) {
            fail_msg("cases[%zu] %s\nfaults %s\nnot    %s", i, cases[i].body, buf_text(&faults),
                     cases[i].faults);
        }
        char *canonical = answers_canonical(&answers);
        if (cases[i].values != NULL) {
            assert_string_equal(canonical, cases[i].values);
        }
        assert_int_equal(answers.tick_fault_count, 0);
        free(canonical);
        buf_release(&faults);
        answers_release(&answers);
    }
}

static const struct {
    const char *body;
    const char *faults;
    size_t ticks_missing;
    const char *label; /* of consent */
} submits[] = {
    {SELF "risk=jobs", "consent:consent.empty", 1, "form.consent.self"},
    {SELF "risk=jobs&consent=1", "", 0, "form.consent.self"},
    {SELF "risk=jobs&consent=1&consent_sensitive=1&guardian=1", "", 0, "form.consent.self"},
    {SELF "risk=illness&consent=1", "consent_sensitive:consent_sensitive.empty", 1,
     "form.consent.self"},
    {SELF "risk=jobs&risk=disability",
     "consent:consent.empty consent_sensitive:consent_sensitive.empty", 2, "form.consent.self"},
    {SELF "risk=illness&consent=1&consent_sensitive=1", "", 0, "form.consent.self"},
    {SELF "risk=in_person&consent=1", "", 0, "form.consent.self"},
    {HELPER "risk=jobs&consent=1", "", 0, "form.consent.helper"},
    {"filed_by=relative&helper_name=李三&helper_phone=13900000000&name=王二&" CHILD
     "&risk=schooling&consent=1",
     "guardian:guardian.empty", 1, "form.consent.helper"},
    {"filed_by=relative&helper_name=李三&helper_phone=13900000000&name=王二&" CHILD
     "&risk=schooling&consent=1&guardian=1",
     "", 0, "form.consent.helper"},
    {"name=王&" ID "&phone=13800000000&risk=jobs", "name:name.short consent:consent.empty", 1,
     "form.consent.self"},
};

static void test_ticks_of_the_check_page(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof submits / sizeof submits[0]; i++) {
        struct answers answers;
        struct buf faults;
        buf_init(&faults, 1000);
        read_body(submits[i].body, ANSWERS_SUBMIT, &answers);
        put_faults(&answers, &faults);
        assert_string_equal(buf_text(&faults), submits[i].faults);
        assert_int_equal(answers.tick_fault_count, submits[i].ticks_missing);
        assert_string_equal(answers_label(&answers, form_field(form, STR("consent"))),
                            submits[i].label);
        buf_release(&faults);
        answers_release(&answers);
    }
}

static void test_which_ticks_apply(void **state)
{
    static const struct {
        const char *body;
        bool sensitive, guardian;
    } ticks[] = {
        {SELF "risk=jobs", false, false},
        {SELF "risk=illness", true, false},
        {SELF "risk=jobs&risk=disability", true, false},
        {"name=王二&" CHILD "&risk=illness", true, true},
        {"name=王二&no_id=1&risk=jobs", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++) {
        struct answers answers;
        read_body(ticks[i].body, ANSWERS_CHECK, &answers);
        assert_true(answers_field_applies(&answers, form_field(form, STR("consent"))));
        assert_int_equal(
            answers_field_applies(&answers, form_field(form, STR("consent_sensitive"))),
            ticks[i].sensitive);
        assert_int_equal(answers_field_applies(&answers, form_field(form, STR("guardian"))),
                         ticks[i].guardian);
        answers_release(&answers);
    }
}

/* Ticks do not make two submissions different; urgent does, and so does every answer. */
static void test_the_same_and_other_answers(void **state)
{
    static const struct {
        const char *one, *two;
        bool same;
    } pairs[] = {
        {SELF "risk=illness", SELF "risk=illness&consent=1&consent_sensitive=1", true},
        {SELF "risk=illness&risk=jobs", SELF "risk=jobs&risk=illness&risk=jobs", true},
        {SELF "risk=jobs", SELF "filed_by=self&role=&risk=jobs&detail= ", true},
        {SELF "risk=jobs", "risk=jobs&" SELF, true},
        {SELF "risk=jobs&detail=一\r\n二", SELF "risk=jobs&detail=一\n二 ", true},
        {SELF "risk=jobs", SELF "risk=jobs&urgent=1", false},
        {SELF "risk=jobs", SELF "risk=water", false},
        {SELF "risk=jobs", SELF "risk=jobs&role=head", false},
        {SELF "risk=jobs", HELPER "risk=jobs&phone=13800000000", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct answers one, two;
        read_body(pairs[i].one, ANSWERS_CHECK, &one);
        read_body(pairs[i].two, ANSWERS_SUBMIT, &two);
        char *first = answers_canonical(&one);
        char *second = answers_canonical(&two);
        assert_int_equal(strcmp(first, second) == 0, pairs[i].same);
        free(first);
        free(second);
        answers_release(&one);
        answers_release(&two);
    }
}

static void test_ticks_stay_in_the_values(void **state)
{
    struct answers answers;
    (void)state;
    read_body(SELF "risk=illness&consent=1&consent_sensitive=1&guardian=1", ANSWERS_SUBMIT,
              &answers);
    assert_true(json_is_true(json_object_get(answers.values, "consent")));
    assert_true(json_is_true(json_object_get(answers.values, "consent_sensitive")));
    assert_null(json_object_get(answers.values, "guardian")); /* does not apply */
    answers_release(&answers);
}

static void test_age(void **state)
{
    static const struct {
        const char *body;
        int age;
    } ages[] = {{SELF, 64},
                {CHILD, 13},
                {"id_number=370115196203174028", -1},
                {"id_number=37011519620317402943", -1},
                {"no_id=1", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        struct answers answers;
        read_body(ages[i].body, ANSWERS_CHECK, &answers);
        assert_int_equal(answers.age, ages[i].age);
        answers_release(&answers);
    }
}

static void test_what_a_sentence_needs(void **state)
{
    static const struct {
        const char *body, *field, *offer;
        size_t count;
    } needs[] = {
        {"id_number=37011519 6203174029４", "id_number", "", 19},
        {"id_number=3701151962031740２", "id_number", "", 17},
        {"id_number=370115196203174029 43", "id_number", "370115196203174029", 20},
        {"id_number=11010519491231002x43b1", "id_number", "11010519491231002X", 22},
        {"phone=138 0000", "phone", "", 7},
        {"risk=illness&risk=jobs&risk=water&risk=labour&risk=housing&risk=business", "risk", "", 6},
    };
    (void)state;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        struct answers answers;
        read_body(needs[i].body, ANSWERS_CHECK, &answers);
        const struct answers_fault *fault = answers_fault(&answers,
                                                          form_field(form, str_of(needs[i].field)));
        assert_non_null(fault);
        assert_int_equal(fault->count, needs[i].count);
        assert_string_equal(fault->offer, needs[i].offer);
        answers_release(&answers);
    }
}

static void read_repeated(const char *before, const char *sign, size_t times, struct answers *ret)
{
    struct buf body;
    buf_init(&body, 1 << 20);
    buf_puts(&body, before);
    for (size_t i = 0; i < times; i++) {
        buf_puts(&body, sign);
    }
    read_body(buf_text(&body), ANSWERS_CHECK, ret);
    buf_release(&body);
}

static void test_detail_is_counted_in_characters(void **state)
{
    static const struct {
        const char *sign;
        size_t times;
        bool good;
    } lengths[] = {{"一", 500, true},      {"一", 501, false},     {"𠮷", 500, true},
                   {"𠮷", 501, false},     {"e\u0301", 500, true}, {"\r\n一", 250, true},
                   {"\u200B", 9999, true}, {"一", 20000, false},   {"\u0301", 30000, false}};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct answers answers;
        read_repeated(SELF "risk=jobs&detail=", lengths[i].sign, lengths[i].times, &answers);
        assert_int_equal(answers.fault_count, lengths[i].good ? 0 : 1);
        if (!lengths[i].good) {
            assert_string_equal(answers.faults[0].key, "fault.detail.long");
            assert_int_equal(answers.faults[0].count, lengths[i].times);
        }
        const char *typed = json_string_value(json_object_get(answers.typed, "detail"));
        assert_int_equal(utf8_length(str_of(typed)),
                         lengths[i].times * utf8_length(str_of(lengths[i].sign)));
        answers_release(&answers);
    }
}

static void test_typed_comes_back(void **state)
{
    static const struct {
        const char *body, *field, *typed;
    } kept[] = {
        {"name= 王　2 ", "name", " 王　2 "},
        {"name=<b>\"&x", "name", "<b>\""},
        {"name=王\xFF\xE4\xBA二", "name", "王\uFFFD\uFFFD\uFFFD二"},
        {"name=王\x01\x7F\xC2\x85二", "name", "王二"},
        {"name=王\u202E二", "name", "王\u202E二"},
        {"name=", "name", ""},
        {"id_number=３７０１１５-x", "id_number", "３７０１１５-x"},
        {"phone=没有", "phone", "没有"},
        {"detail= 一\r\n\t二 ", "detail", " 一\r\n\t二 "},
        {"filed_by=boss", "filed_by", "boss"},
        {"helper_name=李三", "helper_name", "李三"}, /* though it does not apply */
    };
    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        struct answers answers;
        read_body(kept[i].body, ANSWERS_CHECK, &answers);
        const char *typed = json_string_value(json_object_get(answers.typed, kept[i].field));
        assert_non_null(typed);
        assert_string_equal(typed, kept[i].typed);
        answers_release(&answers);
    }
}

static void test_typed_choices_and_ticks(void **state)
{
    struct answers answers;
    (void)state;
    read_body("risk=jobs&risk=poverty&no_id=1&urgent=0&consent=1", ANSWERS_CHECK, &answers);
    char *typed = json_dumps(answers.typed, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(typed, "{\"no_id\":true,\"risk\":[\"jobs\",\"poverty\"]}");
    free(typed);
    answers_release(&answers);
    read_body("consent=1", ANSWERS_SUBMIT, &answers);
    assert_true(json_is_true(json_object_get(answers.typed, "consent")));
    answers_release(&answers);
}

static void test_a_nul_inside(void **state)
{
    struct fields fields = {.count = 0};
    struct answers answers;
    (void)state;
    fields_add(&fields, STR("name"), STR("王\0二"));
    answers_read(&answers, form, &fields, today, ANSWERS_CHECK);
    assert_string_equal(json_string_value(json_object_get(answers.typed, "name")), "王二");
    assert_string_equal(answers_fault(&answers, form_field(form, STR("name")))->key,
                        "fault.name.hidden");
    answers_release(&answers);
}

static void test_asking_the_values(void **state)
{
    struct answers answers;
    (void)state;
    read_body(SELF "risk=jobs&risk=water", ANSWERS_CHECK, &answers);
    assert_string_equal(answers_text(&answers, "name"), "王二");
    assert_string_equal(answers_text(&answers, "detail"), "");
    assert_string_equal(answers_text(&answers, "risk"), "");
    assert_true(answers_has(&answers, "risk", "water"));
    assert_false(answers_has(&answers, "risk", "illness"));
    assert_true(answers_has(&answers, "filed_by", "self"));
    assert_false(answers_has(&answers, "filed_by", "cadre"));
    assert_false(answers_has(&answers, "disaster", "flood"));
    assert_null(answers_fault(&answers, form_field(form, STR("name"))));
    answers_release(&answers);
}

/* The shipped form as a county changes it: an option switched on, fewer picks, a field with rules of its own. */
static struct form *load_changed(void)
{
    static const char well[] =
        "{\"name\":\"well\",\"type\":\"choice\",\"label\":\"form.x\",\"options\":[{\"value\":"
        "\"dry\","
        "\"label\":\"form.a\"},{\"value\":\"none\",\"label\":\"form.b\"}],"
        "\"when\":{\"any\":[{\"field\":\"risk\",\"has\":[\"water\"]},{\"all\":[{\"field\":"
        "\"detail\",\"filled\":true},"
        "{\"not\":{\"age_below\":60}}]}]},"
        "\"demanded\":{\"field\":\"risk\",\"has\":[\"water\"]},"
        "\"refused\":{\"when\":{\"field\":\"well\",\"is\":[\"none\"]},\"fault\":\"fault.well\"}}";
    json_t *json = json_deep_copy(form->source);
    json_t *fields = json_object_get(json, "fields");
    json_t *risk = json_array_get(fields, 8);
    struct err err = {""};
    assert_string_equal(json_string_value(json_object_get(risk, "name")), "risk");
    json_object_set_new(risk, "picks_max", json_integer(2));
    json_object_del(json_array_get(json_object_get(risk, "options"), 11), "off");
    json_array_insert_new(fields, 12, json_loads(well, 0, NULL));
    char *text = json_dumps(json, 0);
    struct form *changed = form_load(str_of(text), "county.json", &err);
    free(text);
    json_decref(json);
    if (changed == NULL) {
        fail_msg("%s", err.text);
    }
    return changed;
}

static void test_a_county_changes_the_form(void **state)
{
    static const struct {
        const char *body, *well, *faults;
    } bodies[] = {
        {SELF "risk=epidemic&risk=jobs", "", ""},
        {SELF "risk=epidemic&risk=jobs&risk=illness", "", "risk:risk.many"},
        {SELF "risk=jobs&well=dry", "", ""}, /* does not apply */
        {SELF "risk=jobs&well=deep", "", ""},
        {SELF "risk=water", "", "well:choice.empty"},
        {SELF "risk=water&well=dry", "dry", ""},
        {SELF "risk=water&well=none", "none", "well:well"},
        {SELF "risk=water&well=deep", "", "well:choice.unknown"},
        {SELF "risk=jobs&detail=样例&well=dry", "dry", ""}, /* 64 years old */
        {"name=王二&id_number=370115201211230012&phone=13800000000&risk=jobs&detail=样例&well=dry",
         "", ""},
        {"name=王二&no_id=1&phone=13800000000&risk=jobs&detail=样例&well=dry", "dry", ""},
    };
    struct form *changed = load_changed();
    (void)state;
    assert_string_not_equal(changed->version, form->version);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct fields fields;
        struct answers answers;
        struct buf faults;
        buf_init(&faults, 1000);
        fields_of(bodies[i].body, &fields);
        answers_read(&answers, changed, &fields, today, ANSWERS_CHECK);
        put_faults(&answers, &faults);
        assert_string_equal(buf_text(&faults), bodies[i].faults);
        assert_string_equal(answers_text(&answers, "well"), bodies[i].well);
        buf_release(&faults);
        answers_release(&answers);
    }
    form_free(&changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_ticks_of_the_check_page),
        cmocka_unit_test(test_which_ticks_apply),
        cmocka_unit_test(test_the_same_and_other_answers),
        cmocka_unit_test(test_ticks_stay_in_the_values),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_what_a_sentence_needs),
        cmocka_unit_test(test_detail_is_counted_in_characters),
        cmocka_unit_test(test_typed_comes_back),
        cmocka_unit_test(test_typed_choices_and_ticks),
        cmocka_unit_test(test_a_nul_inside),
        cmocka_unit_test(test_asking_the_values),
        cmocka_unit_test(test_a_county_changes_the_form),
    };
    return cmocka_run_group_tests(tests, load_form, free_form);
}
