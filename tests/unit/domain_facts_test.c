/* What readers of the queue see of a report, from its procedure and progress. */
#include "domain_procedures.h"

#include "domain/facts.h"

static const struct {
    const char *moves[6]; /* with their days */
    const char *days[6];
    const char *now;
    const char *flags; /* set by hand */
    bool urgent, unclocked;
    const char *state, *step, *steps, *want_flags;
    enum signal signal;
    bool late;
} cases[] = {
    {.now = "2026-11-23",
     .flags = "minor",
     .state = "new",
     .step = "visit",
     .steps = "visit",
     .want_flags = "minor"},
    /* after the visit two run side by side; the authorisation is not signed */
    {.moves = {"s visit passed"},
     .days = {"2026-11-24"},
     .now = "2026-11-24",
     .flags = "",
     .state = "open",
     .step = "review",
     .steps = "review check",
     .want_flags = "authorisation_outstanding"},
    {.moves = {"s visit passed signed"},
     .days = {"2026-11-24"},
     .now = "2026-11-24",
     .flags = "",
     .state = "open",
     .step = "review",
     .steps = "review check",
     .want_flags = ""},
    /* a third of five working days is left, then none */
    {.now = "2026-11-27",
     .flags = "",
     .state = "new",
     .step = "visit",
     .steps = "visit",
     .want_flags = "",
     .signal = SIGNAL_YELLOW},
    {.now = "2026-12-01",
     .flags = "",
     .state = "new",
     .step = "visit",
     .steps = "visit",
     .want_flags = "",
     .signal = SIGNAL_ORANGE,
     .late = true},
    {.now = "2026-12-01",
     .flags = "",
     .urgent = true,
     .state = "new",
     .step = "visit",
     .steps = "visit",
     .want_flags = "",
     .signal = SIGNAL_RED,
     .late = true},
    /* nobody reports steps here: nothing is late */
    {.now = "2026-12-31",
     .flags = "",
     .unclocked = true,
     .state = "new",
     .step = "",
     .steps = "",
     .want_flags = ""},
    /* what the farmer says and staff says; derived flags of before are made anew */
    {.moves = {"f not_visited", "s visit passed signed"},
     .days = {"2026-12-02", "2026-12-02"},
     .now = "2026-12-02",
     .flags = "additions not_visited nudged",
     .state = "open",
     .step = "review",
     .steps = "review check",
     .want_flags = "additions not_visited disputed"},
    {.moves = {"f withdraw"},
     .days = {"2026-11-24"},
     .now = "2026-11-24",
     .flags = "",
     .state = "new",
     .step = "visit",
     .steps = "visit",
     .want_flags = "withdraw_asked"},
    {.moves = {"s pause 10"},
     .days = {"2026-11-24"},
     .now = "2026-12-02",
     .flags = "",
     .state = "open",
     .step = "visit",
     .steps = "visit",
     .want_flags = "paused"},
    /* decided: nothing is due any more */
    {.moves = {"s visit passed signed", "s = declined solved"},
     .days = {"2026-11-24", "2026-11-25"},
     .now = "2026-12-31",
     .flags = "",
     .state = "declined",
     .step = "",
     .steps = "",
     .want_flags = ""},
};

static enum progress_result procedures_do(const struct procedure *procedure,
                                          const struct calendar *calendar,
                                          struct progress *progress, const char *what,
                                          const char *day)
{
    struct progress_move move = procedures_move(what, procedures_at(day));
    return progress_apply(procedure, calendar, progress, &move);
}

/* "visit:1764… check:…" without the times */
static void ids_of(const char *steps, char ret[128])
{
    size_t len = 0;
    bool skip = false;
    for (; *steps != '\0'; steps++) {
        skip = *steps == ':' || (skip && *steps != ' ');
        if (!skip) {
            ret[len++] = *steps;
        }
    }
    ret[len] = '\0';
}

static void test_facts(void **state)
{
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct progress progress;
        struct facts facts;
        char ids[128];
        progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
        for (size_t m = 0; m < 6 && cases[i].moves[m] != NULL; m++) {
            assert_int_equal(
                procedures_do(procedure, calendar, &progress, cases[i].moves[m], cases[i].days[m]),
                PROGRESS_APPLIED);
        }
        const struct facts_of of = {
            .procedure = procedure,
            .progress = &progress,
            .calendar = calendar,
            .clocked = !cases[i].unclocked,
            .urgent = cases[i].urgent,
            .flags = str_of(cases[i].flags),
            .now_ms = procedures_at(cases[i].now),
        };
        facts_make(&of, &facts);
        ids_of(facts.steps, ids);
        if (strcmp(facts.state, cases[i].state) != 0 || strcmp(facts.step, cases[i].step) != 0 ||
            strcmp(ids, cases[i].steps) != 0 || strcmp(facts.flags, cases[i].want_flags) != 0 ||
            facts.signal != cases[i].signal || facts.late != cases[i].late) {
            fail_msg("case %zu: %s %s [%s] [%s] %s late=%d", i, facts.state, facts.step, ids,
                     facts.flags, signal_name(facts.signal), facts.late);
        }
    }
    procedure_free(&procedure);
    calendar_free(&calendar);
}

/* While 风险消除 runs its own steps are shown; the report stays admitted. */
static void test_clearing(void **state)
{
    struct procedure *procedure = procedures_load("laiyuan");
    struct procedure *clearing_procedure = procedures_load("clearing");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    struct progress clearing;
    struct facts facts;
    (void)state;
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    assert_int_equal(procedures_do(procedure, calendar, &progress, "u = admitted", "2026-11-25"),
                     PROGRESS_APPLIED);
    progress_begin(clearing_procedure, calendar, procedures_at("2026-12-01"), &clearing);
    const struct facts_of of = {
        .procedure = procedure,
        .progress = &progress,
        .clearing_procedure = clearing_procedure,
        .clearing = &clearing,
        .calendar = calendar,
        .clocked = true,
        .flags = STR(""),
        .now_ms = procedures_at("2026-12-01"),
    };
    facts_make(&of, &facts);
    assert_string_equal(facts.state, "admitted");
    assert_string_equal(facts.step, "look");
    assert_string_equal(facts.flags, "clearing");
    assert_int_equal(facts.step_due_ms, procedures_at("2026-12-08 24:00"));
    assert_true(facts.next_ms > of.now_ms);
    procedure_free(&procedure);
    procedure_free(&clearing_procedure);
    calendar_free(&calendar);
}

/* Where nobody reports steps the end of a pause is all that time brings. */
static void test_unclocked_pause(void **state)
{
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    struct facts facts;
    struct facts_of of = {
        .procedure = procedure, .progress = &progress, .calendar = calendar, .flags = STR("")};
    (void)state;
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    of.now_ms = procedures_at("2026-11-24");
    facts_make(&of, &facts);
    assert_int_equal(facts.next_ms, 0);
    assert_int_equal(procedures_do(procedure, calendar, &progress, "s pause 3", "2026-11-24"),
                     PROGRESS_APPLIED);
    facts_make(&of, &facts);
    assert_string_equal(facts.flags, "paused");
    assert_int_equal(facts.next_ms, progress.pauses[0].to_ms);
    assert_int_equal(facts.signal, SIGNAL_GREEN);
    progress_tick(procedure, calendar, &progress, facts.next_ms);
    of.now_ms = facts.next_ms;
    facts_make(&of, &facts);
    assert_string_equal(facts.flags, "");
    assert_int_equal(facts.next_ms, 0);
    procedure_free(&procedure);
    calendar_free(&calendar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_clearing),
        cmocka_unit_test(test_unclocked_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
