#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "domain/progress.h"

enum { TEXT_MAX = 65536 };

static struct procedure *laiyuan(void)
{
    struct buf text;
    struct err err = {{0}};
    buf_init(&text, TEXT_MAX);
    assert_true(file_read("templates/procedures/laiyuan.json", &text, &err));
    struct procedure *procedure = procedure_load(buf_str(&text), "laiyuan.json", &err);
    buf_release(&text);
    if (procedure == NULL) {
        fail_msg("%s", err.text);
    }
    return procedure;
}

static struct calendar *calendar_2026(void)
{
    struct calendar *calendar = calendar_new();
    struct buf text;
    struct err err = {{0}};
    buf_init(&text, TEXT_MAX);
    assert_true(file_read("deploy/calendar/CN-2026.csv", &text, &err));
    assert_true(calendar_add(calendar, buf_str(&text), "CN-2026.csv", &err));
    buf_release(&text);
    return calendar;
}

static int64_t at(const char *time)
{
    char iso[40];
    int64_t ms;
    snprintf(iso, sizeof iso, "%.10sT%.5s:00+08:00", time, strlen(time) > 10 ? time + 11 : "09:15");
    assert_true(clock_parse_iso(str_of(iso), &ms));
    return ms;
}

/* States of all steps, one letter each (w o p f s), the report's state, the current step and its last day. */
static void assert_progress(const struct procedure *procedure, const struct progress *progress,
                            const char *expected)
{
    char text[200] = "";
    size_t len = 0;
    for (size_t i = 0; i < procedure->step_count; i++) {
        text[len++] = "wopfs"[progress->steps[i].state];
    }
    len += (size_t)snprintf(text + len, sizeof text - len, " %s",
                            progress_state_name(progress->state));
    int current = progress_current(procedure, progress);
    if (current >= 0) {
        struct date due = date_of_ms(progress->steps[current].due_ms - 1);
        snprintf(text + len, sizeof text - len, " %s %02d-%02d", procedure->steps[current].id,
                 due.month, due.day);
    }
    assert_string_equal(text, expected);
}

struct move {
    const char *what; /* "visit passed", "= declined solved", "= already", "clear" */
    const char *when;
    enum progress_result result;
    const char *then;
};

static struct progress_move parse_move(const struct move *move)
{
    struct progress_move to = {.kind = MOVE_STEP, .at_ms = at(move->when)};
    struct str rest = str_of(move->what), first;
    assert_true(str_next(&rest, ' ', &first));
    if (str_is(first, "clear")) {
        to.kind = MOVE_CLEAR;
    } else if (str_is(first, "=")) {
        to.kind = MOVE_DECIDE;
        str_next(&rest, ' ', &to.decision);
        str_next(&rest, ' ', &to.reason);
    } else {
        to.step = first;
        str_next(&rest, ' ', &to.outcome);
        str_next(&rest, ' ', &to.note);
    }
    return to;
}

/* Through JSON after each move, as the store does it. */
static void through_json(const struct procedure *procedure, struct progress *progress)
{
    struct progress read;
    json_t *json = progress_to_json(procedure, progress);
    assert_true(progress_from_json(procedure, json, &read));
    json_decref(json);
    assert_memory_equal(&read, progress, sizeof read);
}

static void play(const char *accepted, const char *begins, const struct move *moves)
{
    struct procedure *procedure = laiyuan();
    struct calendar *calendar = calendar_2026();
    struct progress progress;
    progress_begin(procedure, calendar, at(accepted), &progress);
    assert_progress(procedure, &progress, begins);
    for (size_t i = 0; moves[i].what != NULL; i++) {
        struct progress_move move = parse_move(&moves[i]);
        struct progress before = progress;
        enum progress_result result = progress_apply(procedure, calendar, &progress, &move);
        if (result != moves[i].result) {
            fail_msg("move %zu, %s: result %d", i, moves[i].what, (int)result);
        }
        assert_progress(procedure, &progress, moves[i].then);
        if (result != PROGRESS_APPLIED) {
            assert_memory_equal(&before, &progress, sizeof before);
        }
        through_json(procedure, &progress);
    }
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_the_straight_way(void **state)
{
    static const struct move moves[] = {
        {"visit passed", "2026-11-25", PROGRESS_APPLIED, "powow open review 11-30"},
        {"visit passed", "2026-11-26", PROGRESS_UNCHANGED, "powow open review 11-30"},
        {"visit failed", "2026-11-24", PROGRESS_UNCHANGED, "powow open review 11-30"},
        {"visit failed", "2026-11-26", PROGRESS_NOT_ALLOWED, "powow open review 11-30"},
        {"check passed", "2026-11-27", PROGRESS_APPLIED, "powpw open review 11-30"},
        {"review passed", "2026-11-27", PROGRESS_APPLIED, "ppopw open notice 12-02"},
        {"notice skipped", "2026-12-02", PROGRESS_APPLIED, "ppspo open compare 12-04"},
        {"compare passed", "2026-12-03", PROGRESS_APPLIED, "ppspp open"},
        {"= admitted", "2026-12-03", PROGRESS_APPLIED, "ppspp admitted"},
        {"= admitted", "2026-12-04", PROGRESS_UNCHANGED, "ppspp admitted"},
        {"= declined solved", "2026-12-04", PROGRESS_NOT_ALLOWED, "ppspp admitted"},
        {"visit failed", "2026-11-24", PROGRESS_UNCHANGED, "ppspp admitted"},
        {"visit failed", "2026-12-04", PROGRESS_NOT_ALLOWED, "ppspp admitted"},
        {"clear", "2027-06-01", PROGRESS_APPLIED, "ppspp cleared"},
        {"clear", "2027-06-02", PROGRESS_UNCHANGED, "ppspp cleared"},
        {"= admitted", "2027-06-02", PROGRESS_UNCHANGED, "ppspp cleared"},
        {"= already", "2027-06-02", PROGRESS_NOT_ALLOWED, "ppspp cleared"},
        {0},
    };
    (void)state;
    play("2026-11-23", "owwww new visit 11-30", moves);
}

static void test_out_of_order(void **state)
{
    static const struct move moves[] = {
        {"clear", "2026-11-24", PROGRESS_NOT_ALLOWED, "owwww new visit 11-30"},
        /* later ones first: the earlier ones must have been */
        {"notice passed", "2026-11-26", PROGRESS_APPLIED, "pppow open check 12-03"},
        {"review passed", "2026-11-25", PROGRESS_UNCHANGED, "pppow open check 12-03"},
        {"visit passed", "2026-11-24", PROGRESS_UNCHANGED, "pppow open check 12-03"},
        {"compare failed", "2026-11-27", PROGRESS_APPLIED, "ppppf open compare 12-01"},
        {"check passed", "2026-11-27", PROGRESS_UNCHANGED, "ppppf open compare 12-01"},
        {"compare passed", "2026-11-26", PROGRESS_APPLIED, "ppppp open"},
        {"compare failed", "2026-11-27", PROGRESS_UNCHANGED, "ppppp open"},
        {0},
    };
    (void)state;
    play("2026-11-23", "owwww new visit 11-30", moves);
}

static void test_nobody_at_home(void **state)
{
    static const struct move moves[] = {
        {"visit failed", "2026-11-25", PROGRESS_APPLIED, "fwwww open visit 11-30"},
        {"visit failed", "2026-11-25", PROGRESS_UNCHANGED, "fwwww open visit 11-30"},
        {"visit failed", "2026-11-24", PROGRESS_UNCHANGED, "fwwww open visit 11-30"},
        {"visit failed", "2026-11-26", PROGRESS_APPLIED, "fwwww open visit 11-30"},
        {"visit passed", "2026-11-27", PROGRESS_APPLIED, "powow open review 12-02"},
        {0},
    };
    (void)state;
    play("2026-11-23", "owwww new visit 11-30", moves);
}

static void test_decisions(void **state)
{
    static const struct move declined[] = {
        {"= declined assets", "2026-11-24", PROGRESS_UNKNOWN, "owwww new visit 11-30"},
        {"= refused", "2026-11-24", PROGRESS_UNKNOWN, "owwww new visit 11-30"},
        {"= ", "2026-11-24", PROGRESS_UNKNOWN, "owwww new visit 11-30"},
        {"fly passed", "2026-11-24", PROGRESS_UNKNOWN, "owwww new visit 11-30"},
        {"visit done", "2026-11-24", PROGRESS_UNKNOWN, "owwww new visit 11-30"},
        {"visit", "2026-11-24", PROGRESS_UNKNOWN, "owwww new visit 11-30"},
        {"visit passed", "2026-11-24", PROGRESS_APPLIED, "powow open review 11-27"},
        {"= declined solved", "2026-11-25", PROGRESS_APPLIED, "pssss declined"},
        {"= declined elsewhere", "2026-11-25", PROGRESS_UNCHANGED, "pssss declined"},
        {"= declined assets", "2026-11-25", PROGRESS_UNKNOWN, "pssss declined"},
        {"= admitted", "2026-11-25", PROGRESS_NOT_ALLOWED, "pssss declined"},
        {"clear", "2026-11-25", PROGRESS_NOT_ALLOWED, "pssss declined"},
        {"review passed", "2026-11-25", PROGRESS_UNCHANGED, "pssss declined"},
        {0},
    };
    static const char *const closing[] = {"already", "out_of_area", "merged", "not_by_person"};
    (void)state;
    play("2026-11-23", "owwww new visit 11-30", declined);
    for (size_t i = 0; i < 4; i++) {
        char what[40];
        snprintf(what, sizeof what, "= %s", closing[i]);
        const struct move moves[] = {
            {what, "2026-11-24", PROGRESS_APPLIED, "sssss closed"},
            {what, "2026-11-25", PROGRESS_UNCHANGED, "sssss closed"},
            {i ? "= already" : "= merged", "2026-11-25", PROGRESS_NOT_ALLOWED, "sssss closed"},
            {"clear", "2026-11-25", PROGRESS_NOT_ALLOWED, "sssss closed"},
            {0},
        };
        play("2026-11-23", "owwww new visit 11-30", moves);
    }
    static const struct move straight[] = {
        {"= admitted", "2026-11-24", PROGRESS_APPLIED, "ppppp admitted"}, {0}};
    play("2026-11-23", "owwww new visit 11-30", straight);
    static const struct move no_reason[] = {
        {"= declined", "2026-11-24", PROGRESS_APPLIED, "sssss declined"}, {0}};
    play("2026-11-23", "owwww new visit 11-30", no_reason);
}

/* 15 days in all from Mon 21 September end on Tue 6 October, a holiday: Thu 8 October. No step shows a later day, unless that day is past. */
static void test_total_bounds_the_steps(void **state)
{
    static const struct move moves[] = {
        {"visit passed", "2026-09-30", PROGRESS_APPLIED, "powow open review 10-08"},
        {"review passed", "2026-10-12", PROGRESS_APPLIED, "ppoow open check 10-08"},
        {"notice passed", "2026-10-12", PROGRESS_APPLIED, "pppow open check 10-08"},
        {"check passed", "2026-10-12", PROGRESS_APPLIED, "ppppo open compare 10-14"},
        {0},
    };
    (void)state;
    play("2026-09-21", "owwww new visit 09-29", moves);
}

static void test_times_and_notes(void **state)
{
    struct procedure *procedure = laiyuan();
    struct calendar *calendar = calendar_2026();
    struct progress progress;
    char note[1000] = "";
    (void)state;
    for (size_t i = 0; i < 201; i++) {
        memcpy(note + i * 3, "难", 4);
    }
    progress_begin(procedure, calendar, at("2026-12-28"), &progress);
    assert_true(progress.steps[0].due_ms == at("2027-01-06 00:00"));
    assert_true(progress.total_due_ms == at("2027-01-13 00:00"));
    struct progress_move move = {.kind = MOVE_STEP,
                                 .step = STR("visit"),
                                 .outcome = STR("passed"),
                                 .note = str_of(note),
                                 .at_ms = at("2026-12-01")};
    assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
    assert_true(progress.steps[0].done_ms == at("2026-12-28")); /* not before it was filed */
    assert_int_equal(strlen(progress.steps[0].note), 600);
    move.step = STR("review");
    move.note = STR("\xFF");
    assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
    assert_string_equal(progress.steps[1].note, "");
    through_json(procedure, &progress);
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_laiyuan(void **state)
{
    struct procedure *procedure = laiyuan();
    static const char *const reasons[] = {"outside_scope", "solved", "elsewhere", "criteria",
                                          "own_wish"};
    (void)state;
    assert_string_equal(procedure->id, "laiyuan");
    assert_int_equal(strlen(procedure->version), 16);
    assert_int_equal(procedure->total.days, 15);
    assert_int_equal(procedure->step_count, 5);
    assert_int_equal(procedure->reason_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(procedure_reason(procedure, str_of(reasons[i])));
        assert_false(procedure->steps[i].deadline.confirmed);
    }
    assert_null(procedure_reason(procedure, STR("")));
    assert_int_equal(procedure_step_index(procedure, STR("compare")), 4);
    assert_int_equal(procedure_step_index(procedure, STR("visi")), -1);
    assert_int_equal(procedure->steps[4].before, 0xF);
    assert_string_equal(procedure->steps[0].word, "待上门");
    procedure_free(&procedure);
    assert_null(procedure);
}

static struct procedure *with(const char *steps, const char *rest, struct err *err)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_printf(&text,
               "{\"id\":\"x\",\"name\":\"某县\",\"steps\":[%s],"
               "\"reasons\":[{\"id\":\"solved\",\"words\":\"这个困难已经解决\"}]%s}",
               steps, rest);
    struct procedure *procedure = procedure_load(buf_str(&text), "x.json", err);
    buf_release(&text);
    return procedure;
}

#define WORDS "\"word\":\"待上门\",\"name\":\"入户\",\"who\":\"村里\""
#define A     "{\"id\":\"a\"," WORDS "}"

static void test_steps_that_are_refused(void **state)
{
    static const struct {
        const char *steps, *rest, *says;
    } cases[] = {
        {"", "", "steps: must be a list"},
        {"1", "", "steps[0]: must be an object"},
        {"{\"id\":\"a\"}", "", "steps[0].word: a text is needed"},
        {"{\"id\":\"A\"," WORDS "}", "", "steps[0].id: must be"},
        {"{\"id\":\"1a\"," WORDS "}", "", "steps[0].id: must be"},
        {"{\"id\":\"a23456789012345678901234\"," WORDS "}", "", "steps[0].id: must be"},
        {A "," A, "", "steps[1].id: stands twice"},
        {"{\"id\":\"a\",\"word\":\"一二三四五六\"}", "", "steps[0].word: is longer than 5"},
        {"{\"id\":\"a\",\"colour\":1," WORDS "}", "", "steps[0].colour: unknown key"},
        {"{\"id\":\"a\",\"after\":[\"b\"]," WORDS "}", "", "steps[0].after[0]: no such step"},
        {"{\"id\":\"a\",\"after\":[1]," WORDS "}", "", "steps[0].after[0]: no such step"},
        {"{\"id\":\"a\",\"after\":\"b\"," WORDS "}", "", "steps[0].after: must be a list"},
        {"{\"id\":\"a\",\"after\":[\"a\"]," WORDS "}", "", "steps[0].after: is never reached"},
        {A ",{\"id\":\"b\",\"after\":[\"c\"]," WORDS
           "},{\"id\":\"c\",\"after\":[\"a\",\"b\"]," WORDS "}",
         "", "steps[1].after: is never reached"},
        {"{\"id\":\"a\",\"deadline\":{\"days\":0,\"unit\":\"working\"}," WORDS "}", "",
         "steps[0].deadline.days: must be a whole number"},
        {"{\"id\":\"a\",\"deadline\":{\"days\":\"5\",\"unit\":\"working\"}," WORDS "}", "",
         "steps[0].deadline.days: must be"},
        {"{\"id\":\"a\",\"deadline\":{\"days\":5}," WORDS "}", "",
         "steps[0].deadline.unit: must be working or calendar"},
        {"{\"id\":\"a\",\"deadline\":{\"days\":5,\"unit\":\"working\",\"basis\":true}," WORDS "}",
         "", "steps[0].deadline.basis: must be a text"},
        {"{\"id\":\"a\",\"deadline\":5," WORDS "}", "", "steps[0].deadline: must be an object"},
        {"{\"id\":\"a\",\"outcomes\":[]," WORDS "}", "", "steps[0].outcomes: must be a list"},
        {"{\"id\":\"a\",\"outcomes\":[\"ok\"]," WORDS "}", "", "steps[0].outcomes[0]: unknown"},
        {"{\"id\":\"a\",\"notice_days_min\":-1," WORDS "}", "", "steps[0].notice_days_min: must"},
        {"{\"id\":\"a\",\"authorisation\":\"yes\"," WORDS "}", "",
         "steps[0].authorisation: must be true or false"},
        {A, ",\"total\":{\"days\":400,\"unit\":\"working\"}", "total.days: must be"},
        {A, ",\"moves\":[\"fly\"]", "moves[0]: unknown, allowed are transfer"},
        {A, ",\"moves\":\"ask\"", "moves: must be a list"},
        {A, ",\"extra\":1", "extra: unknown key"},
        {A, ",\"green_channel\":[]", "green_channel: must be an object"},
        {A, ",\"green_channel\":{\"name\":\"绿色通道\",\"steps\":[{\"id\":\"b\"}]}",
         "green_channel.steps[0].word: a text is needed"},
        {A, ",\"green_channel\":{\"name\":\"绿色通道\",\"steps\":[{\"id\":\"a\",\"word\":\"x\"}]}",
         "green_channel.steps[0].word: unknown key"},
        {A, ",\"green_channel\":{\"name\":\"绿色通道\",\"steps\":[{\"id\":\"a\"},{\"id\":\"a\"}]}",
         "green_channel.steps[1].id: stands twice"},
        {A, ",\"green_channel\":{\"name\":\"绿色通道\",\"risks\":[\"B B\"],\"steps\":[]}",
         "green_channel.risks[0]: unknown"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {{0}};
        struct procedure *procedure = with(cases[i].steps, cases[i].rest, &err);
        char says[200];
        snprintf(says, sizeof says, "x.json: %s", cases[i].says);
        if (procedure != NULL || strncmp(err.text, says, strlen(says)) != 0) {
            fail_msg("case %zu: %s", i, procedure ? "loaded" : err.text);
        }
    }
}

static void test_files_that_are_refused(void **state)
{
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"", "x.json:1: "},
        {"{\n\n\"id\": }", "x.json:3: "},
        {"{\"id\":\"x\",\n\"id\":\"y\"}", "x.json:2: duplicate"},
        {"[]", "x.json: must be an object"},
        {"{}", "x.json: id: must be"},
        {"{\"id\":\"x\"}", "x.json: name: a text is needed"},
        {"{\"id\":\"x\",\"name\":\"某县\"}", "x.json: steps: must be a list"},
        {"{\"id\":\"x\",\"name\":\"某县\",\"steps\":[" A "]}", "x.json: reasons: must be a list"},
        {"{\"id\":\"x\",\"name\":\"某县\",\"steps\":[" A "],\"reasons\":[{\"id\":\"r\"}]}",
         "x.json: reasons[0].words: a text is needed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {{0}};
        assert_null(procedure_load(str_of(cases[i].json), "x.json", &err));
        if (strncmp(err.text, cases[i].says, strlen(cases[i].says)) != 0) {
            fail_msg("case %zu: %s", i, err.text);
        }
    }
}

static void test_other_procedures(void **state)
{
    struct err err = {{0}};
    struct calendar *calendar = calendar_2026();
    struct progress progress;
    /* Another order, a step that may not fail, no deadlines, sixteen steps at most. */
    struct procedure *procedure = with(A ",{\"id\":\"c\",\"after\":[\"b\"]," WORDS
                                         "},{\"id\":\"b\",\"after\":[\"a\"],"
                                         "\"outcomes\":[\"passed\"]," WORDS "}",
                                       "", &err);
    (void)state;
    assert_non_null(procedure);
    progress_begin(procedure, calendar, at("2026-11-23"), &progress);
    assert_true(progress.total_due_ms == 0 && progress.steps[0].due_ms == 0);
    assert_int_equal(progress_current(procedure, &progress), 0);
    struct progress_move move = {
        .kind = MOVE_STEP, .step = STR("b"), .outcome = STR("failed"), .at_ms = at("2026-11-24")};
    assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_NOT_ALLOWED);
    move.outcome = STR("passed");
    assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
    assert_int_equal(progress_current(procedure, &progress), 1);
    procedure_free(&procedure);
    calendar_free(&calendar);
}

/* Only a refusal has a reason: another's would be shown to the farmer as one. */
static void test_reasons_belong_to_refusals(void **state)
{
    struct procedure *procedure = laiyuan();
    struct calendar *calendar = calendar_2026();
    struct progress progress;
    struct progress_move move = {.kind = MOVE_DECIDE,
                                 .decision = STR("declined"),
                                 .reason = STR("solved"),
                                 .note = STR("谢谢"),
                                 .at_ms = at("2026-11-24")};
    (void)state;
    progress_begin(procedure, calendar, at("2026-11-23"), &progress);
    assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
    assert_string_equal(progress.reason, "solved");
    assert_string_equal(progress.note, "谢谢");
    assert_true(progress.decided_ms == at("2026-11-24"));
    move.decision = STR("merged");
    progress_begin(procedure, calendar, at("2026-11-23"), &progress);
    assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
    assert_string_equal(progress.reason, "");
    assert_string_equal(progress.decision, "merged");
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void assert_days(const struct procedure *procedure, const struct calendar *calendar,
                        const struct progress *progress, const char *expected)
{
    struct date days[PROCEDURE_STEPS_MAX];
    char text[200] = "";
    progress_expected(procedure, calendar, progress, days);
    for (size_t i = 0; i < procedure->step_count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%02d-%02d", i ? " " : "", days[i].month,
                 days[i].day);
    }
    assert_string_equal(text, expected);
}

static void test_expected_days(void **state)
{
    struct err err = {{0}};
    struct procedure *procedure = laiyuan();
    struct calendar *calendar = calendar_2026();
    struct progress progress;
    struct progress_move move = {.kind = MOVE_STEP,
                                 .step = STR("visit"),
                                 .outcome = STR("passed"),
                                 .at_ms = at("2026-11-25")};
    (void)state;
    progress_begin(procedure, calendar, at("2026-11-23"), &progress);
    assert_days(procedure, calendar, &progress, "11-30 12-03 12-08 12-07 12-08");
    progress_apply(procedure, calendar, &progress, &move);
    assert_days(procedure, calendar, &progress, "11-25 11-30 12-07 12-02 12-08");
    move.at_ms = at("2026-12-21");
    move.step = STR("review");
    progress_apply(procedure, calendar, &progress, &move); /* beyond the total: it bounds no more */
    assert_days(procedure, calendar, &progress, "11-25 12-21 12-28 12-02 12-30");
    procedure_free(&procedure);

    procedure = with(
        "{\"id\":\"c\",\"after\":[\"b\"],\"deadline\":{\"days\":1,\"unit\":\"working\"}," WORDS
        "},{\"id\":\"b\",\"after\":[\"a\"]," WORDS
        "},{\"id\":\"a\",\"deadline\":{\"days\":2,\"unit\":\"working\"}," WORDS "}",
        "", &err);
    progress_begin(procedure, calendar, at("2026-11-23"), &progress);
    assert_days(procedure, calendar, &progress, "11-26 11-25 11-25");
    procedure_free(&procedure);
    calendar_free(&calendar);
}

static void test_version_is_of_the_content(void **state)
{
    struct err err = {{0}};
    struct procedure *one = with(A, "", &err), *other = with("{" WORDS ",\"id\":\"a\"} ", "", &err);
    struct procedure *third = with(A, ",\"moves\":[]", &err);
    (void)state;
    assert_string_equal(one->version, other->version);
    assert_string_not_equal(one->version, third->version);
    procedure_free(&one);
    procedure_free(&other);
    procedure_free(&third);
}

static void test_progress_that_is_no_progress(void **state)
{
    static const char *const broken[] = {
        "[]",
        "{}",
        "{\"state\":\"new\"}",
        "{\"state\":\"lost\",\"steps\":{}}",
        "{\"state\":1,\"steps\":{}}",
        "{\"state\":\"new\",\"steps\":[]}",
        "{\"state\":\"new\",\"steps\":{\"visit\":{}}}",
        "{\"state\":\"new\",\"steps\":{\"visit\":{\"state\":\"gone\"}}}",
        "{\"state\":\"new\",\"steps\":{\"visit\":{\"state\":\"open\",\"due\":\"5\"}}}",
        "{\"state\":\"new\",\"steps\":{},\"accepted\":1.5}",
        "{\"state\":\"new\",\"steps\":{},\"decision\":\"123456789012345678901234\"}",
        "{\"state\":\"new\",\"steps\":{},\"note\":null}",
    };
    struct procedure *procedure = laiyuan();
    struct progress progress;
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        json_t *json = json_loads(broken[i], 0, NULL);
        assert_non_null(json);
        if (progress_from_json(procedure, json, &progress)) {
            fail_msg("%s was read", broken[i]);
        }
        json_decref(json);
    }
    procedure_free(&procedure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_straight_way),
        cmocka_unit_test(test_out_of_order),
        cmocka_unit_test(test_nobody_at_home),
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_total_bounds_the_steps),
        cmocka_unit_test(test_times_and_notes),
        cmocka_unit_test(test_laiyuan),
        cmocka_unit_test(test_steps_that_are_refused),
        cmocka_unit_test(test_files_that_are_refused),
        cmocka_unit_test(test_other_procedures),
        cmocka_unit_test(test_reasons_belong_to_refusals),
        cmocka_unit_test(test_expected_days),
        cmocka_unit_test(test_version_is_of_the_content),
        cmocka_unit_test(test_progress_that_is_no_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
