/* What a move that is on record already still brings, and that the same once more brings nothing. */
#include "domain_procedures.h"

static const struct {
    const char *what;
    enum progress_move_kind kind;
    const char *note;
    bool plain, authorised, new;
} amends[] = {
    {"s visit passed", MOVE_STEP, "", false, false, false},
    {"s visit passed", MOVE_STEP, "甲来过", false, false, true},
    {"s visit passed", MOVE_STEP, "乙也来过", false, false, true},
    {"s visit passed", MOVE_STEP, "", true, false, true},
    {"s visit passed", MOVE_STEP, "乙也来过", true, true, true},
    {"s fly passed", MOVE_STEP, "没有这一步", false, false, false},
    {"s ask", MOVE_ASK, "请带单据", false, false, true},
    {"s answer", MOVE_ANSWER, "齐了", false, false, true},
    {"s resume", MOVE_RESUME, "齐了", false, false, true}, /* beside another move */
    {"s answer", MOVE_ANSWER, "", false, false, false},
    {"s pause 10", MOVE_PAUSE, "等您", false, false, true},
    {"s = declined solved", MOVE_DECIDE, "核实过了", false, false, true},
    {"s withdraw", MOVE_WITHDRAW, "撤回了", false, false, true},
    {"s pause 10", MOVE_PAUSE, "\xff", false, false, false},
};

static void test_amend(void **state)
{
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    (void)state;
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    struct progress_move visit = procedures_move("s visit passed", procedures_at("2026-11-24"));
    assert_int_equal(progress_apply(procedure, calendar, &progress, &visit), PROGRESS_APPLIED);
    for (size_t i = 0; i < sizeof amends / sizeof amends[0]; i++) {
        struct progress_move move = procedures_move(amends[i].what, procedures_at("2026-11-25"));
        struct progress before = progress;
        assert_int_equal(move.kind, amends[i].kind);
        move.note = str_of(amends[i].note);
        move.plain = amends[i].plain;
        move.authorised = amends[i].authorised;
        bool new = progress_amend(procedure, &progress, &move);
        if (new != amends[i].new || new != (memcmp(&before, &progress, sizeof before) != 0)) {
            fail_msg("%s %s: %d", amends[i].what, amends[i].note, (int)new);
        }
        if (progress_amend(procedure, &progress, &move)) {
            fail_msg("%s %s: twice", amends[i].what, amends[i].note);
        }
        procedures_through_json(procedure, &progress);
    }
    assert_true(progress.plain && progress.authorised);
    assert_string_equal(progress.steps[0].note, "乙也来过");
    assert_string_equal(progress.note, "撤回了");
    assert_int_equal(progress.steps[0].state, STEP_PASSED);
    calendar_free(&calendar);
    procedure_free(&procedure);
}

/* 涞源: the comparison may be skipped when the risk is plain, also when that is found with the skip. */
static void test_plain_with_the_skip(void **state)
{
    static const char *const walk[] = {"s visit passed", "s review passed", "s notice passed",
                                       "s check passed"};
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    (void)state;
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    for (size_t i = 0; i < sizeof walk / sizeof walk[0]; i++) {
        struct progress_move move = procedures_move(
            walk[i], procedures_at(i < 2 ? "2026-11-24" : "2026-11-30"));
        assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
    }
    struct progress_move skip = procedures_move("s compare skipped", procedures_at("2026-11-30"));
    assert_int_equal(progress_check(procedure, calendar, &progress, &skip), REFUSAL_CONDITION);
    skip.plain = true;
    assert_int_equal(progress_apply(procedure, calendar, &progress, &skip), PROGRESS_APPLIED);
    assert_true(progress.plain);
    calendar_free(&calendar);
    procedure_free(&procedure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_with_the_skip),
        cmocka_unit_test(test_amend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
