/* Every move: when it is taken, when it is not and why, and what it leaves behind. */
#include "domain_procedures.h"

struct play {
    const char *what; /* domain_procedures.h */
    const char *when;
    const char *refusal; /* "": taken */
    const char *then;    /* NULL: as before */
};

static void play(const char *name, const char *accepted, const struct play *moves,
                 struct progress *ret)
{
    struct procedure *procedure = procedures_load(name);
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    char text[200], before_text[200];
    progress_begin(procedure, calendar, procedures_at(accepted), &progress);
    for (size_t i = 0; moves[i].what != NULL; i++) {
        struct progress_move move = procedures_move(moves[i].what, procedures_at(moves[i].when));
        struct progress before = progress;
        procedures_show(procedure, &progress, before_text);
        enum progress_refusal refusal = progress_check(procedure, calendar, &progress, &move);
        const char *why = refusal ? progress_refusal_name(refusal) : "";
        if (strcmp(why, moves[i].refusal) != 0) {
            fail_msg("move %zu, %s: %s, not %s", i, moves[i].what, why, moves[i].refusal);
        }
        enum progress_result result = progress_apply(procedure, calendar, &progress, &move);
        enum progress_result expected = refusal == REFUSAL_NONE         ? PROGRESS_APPLIED
                                        : refusal == REFUSAL_ALREADY    ? PROGRESS_UNCHANGED
                                        : refusal <= REFUSAL_INCOMPLETE ? PROGRESS_UNKNOWN
                                                                        : PROGRESS_NOT_ALLOWED;
        assert_int_equal(result, expected);
        if (result != PROGRESS_APPLIED) {
            assert_memory_equal(&before, &progress, sizeof before);
        }
        procedures_show(procedure, &progress, text);
        const char *then = moves[i].then ? moves[i].then : before_text;
        if (strcmp(text, then) != 0) {
            fail_msg("move %zu, %s: %s, not %s", i, moves[i].what, text, then);
        }
        procedures_through_json(procedure, &progress);
    }
    if (ret != NULL) {
        *ret = progress;
    }
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_staff_works_in_order(void **state)
{
    static const struct play moves[] = {
        {"s review passed", "2026-11-24", "step_not_open", NULL},
        {"s visit skipped", "2026-11-24", "condition", NULL},
        {"s fly passed", "2026-11-24", "unknown", NULL},
        {"s visit done", "2026-11-24", "unknown", NULL},
        {"f visit passed", "2026-11-24", "not_here", NULL},
        {"s = declined solved", "2026-11-24", "too_early", NULL},
        {"s = admitted sudden 3", "2026-11-24", "too_early", NULL},
        {"s = cleared", "2026-11-24", "not_here", NULL},
        {"s = rich", "2026-11-24", "unknown", NULL},
        {"f = already", "2026-11-24", "not_here", NULL},
        {"s visit failed", "2026-11-24", "", "fwwww open visit 11-30"},
        {"s visit passed signed", "2026-11-25", "", "powow open review 11-30"},
        {"s visit passed", "2026-11-25", "already", NULL},
        {"s visit failed", "2026-11-26", "step_not_open", NULL},
        {"s review passed", "2026-11-26", "", "ppoow open notice 12-01"},
        {"s notice passed", "2026-11-30", "too_early", NULL}, /* four days */
        {"s notice passed", "2026-12-01 00:00", "", "pppow open check 12-02"},
        {"s compare passed", "2026-12-01", "step_not_open", NULL},
        {"s check passed", "2026-12-02", "", "ppppo open compare 12-04"},
        {"s compare skipped", "2026-12-02", "condition", NULL}, /* nobody found it plain */
        {"s compare passed", "2026-12-03", "", "ppppp open"},
        {"s = declined", "2026-12-03", "incomplete", NULL},
        {"s = declined assets", "2026-12-03", "unknown", NULL},
        {"s = admitted", "2026-12-03", "incomplete", NULL},
        {"s = admitted rich 3", "2026-12-03", "unknown", NULL},
        {"s = admitted sudden", "2026-12-03", "incomplete", NULL},
        {"s = admitted sudden 100", "2026-12-03", "unknown", NULL},
        {"s = admitted sudden 3", "2026-12-03", "", "ppppp admitted"},
        {"s = admitted sudden 3", "2026-12-04", "already", NULL},
        {"s = admitted sudden", "2026-12-04", "already", NULL},
        {"s = admitted sudden 4", "2026-12-04", "ended", NULL}, /* not what was said */
        {"s = admitted marginal 3", "2026-12-04", "ended", NULL},
        {"s = declined solved", "2026-12-04", "ended", NULL},
        {"s visit failed", "2026-12-04", "step_not_open", NULL},
        {"f object", "2026-12-04", "not_ended", NULL},
        {"s clear", "2027-06-01", "", "ppppp cleared"},
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_string_equal(progress.category, "sudden");
    assert_int_equal(progress.members, 3);
    assert_true(progress.authorised && !progress.plain);
    assert_int_equal(progress.steps[0].tries, 1);
}

/* 涞源: no comparison when the risk is plain and the notice had no objection. */
/* Where a move is wrong in itself. */
static void test_fault_names_the_member(void **state)
{
    static const struct {
        const char *what, *fault;
    } moves[] = {
        {"s fly passed", "step"},
        {"s visit done", "outcome"},
        {"s = rich", "decision"},
        {"s = cleared", ""},
        {"s = declined", "reason"},
        {"s = declined whim", "reason"},
        {"s = admitted", "category"},
        {"s = admitted poor 3", "category"},
        {"s = admitted sudden", "members"},
        {"s = admitted sudden 100", "members"},
        {"s merge", "leader"},
        {"s transfer a", "area"},
        {"s ask", "public_note"},
        {"s pause", "days"},
        {"s pause 31", "days"},
        {"s green", ""},
    };
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    (void)state;
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    for (size_t i = 0; i < procedure->step_count; i++) {
        progress.steps[i].state = STEP_PASSED;
    }
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        struct progress_move move = procedures_move(moves[i].what, procedures_at("2026-11-24"));
        enum progress_refusal refusal = progress_check(procedure, calendar, &progress, &move);
        bool wrong = refusal == REFUSAL_UNKNOWN || refusal == REFUSAL_INCOMPLETE;
        const char *fault = progress_fault(procedure, &progress, &move);
        if (strcmp(fault, moves[i].fault) != 0 || wrong != (fault[0] != '\0')) {
            fail_msg("%s: %s, fault %s", moves[i].what, progress_refusal_name(refusal), fault);
        }
    }
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_skip_on_condition(void **state)
{
    static const struct play plain[] = {
        {"s visit passed plain", "2026-11-24", "", "powow open review 11-27"},
        {"s review passed", "2026-11-24", "", "ppoow open notice 11-30"},
        {"s notice passed", "2026-11-30", "", "pppow open check 12-01"},
        {"s check passed", "2026-11-30", "", "ppppo open compare 12-02"},
        {"s compare skipped", "2026-11-30", "", "pppps open"},
        {"s compare skipped", "2026-11-30", "already", NULL},
        {"s compare passed", "2026-11-30", "step_not_open", NULL},
        {"s = admitted sudden 2", "2026-11-30", "", "pppps admitted"},
        {0},
    };
    static const struct play objected[] = {
        {"s visit passed plain", "2026-11-24", "", "powow open review 11-27"},
        {"s review passed", "2026-11-24", "", "ppoow open notice 11-30"},
        {"s notice failed", "2026-11-26", "", "ppfow open notice 11-30"},
        {"s notice passed", "2026-11-30", "", "pppow open check 12-01"},
        {"s check passed", "2026-11-30", "", "ppppo open compare 12-02"},
        {"s compare skipped", "2026-11-30", "condition", NULL},
        {"u compare skipped", "2026-11-30", "", "pppps open"}, /* what happened, happened */
        {0},
    };
    (void)state;
    play("laiyuan", "2026-11-23", plain, NULL);
    play("laiyuan", "2026-11-23", objected, NULL);
}

static void test_transfer(void **state)
{
    static const struct play moves[] = {
        {"f transfer a b", "2026-11-24", "not_here", NULL},
        {"u transfer a b", "2026-11-24", "not_here", NULL},
        {"s transfer", "2026-11-24", "incomplete", NULL},
        {"s transfer a", "2026-11-24", "incomplete", NULL},
        {"s transfer a 123456789012345678901", "2026-11-24", "incomplete", NULL},
        {"s transfer a a", "2026-11-24", "already", NULL},
        {"s transfer a b", "2026-11-27", "", "owwww new visit 12-04"},
        {"s visit passed", "2026-11-30", "", "powow open review 12-03"},
        {"s transfer b c", "2026-12-01", "", "powow open review 12-04"},
        {"s transfer c d", "2026-12-02", "", "powow open review 12-07"},
        {"s transfer d e", "2026-12-02", "used_up", NULL},
        {"s = out_of_area", "2026-12-02", "", "pssss closed"},
        {"s transfer d e", "2026-12-03", "ended", NULL},
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_int_equal(progress.transfer_count, 3);
    assert_string_equal(progress.transfers[2].from, "c");
    assert_string_equal(progress.transfers[2].to, "d");
    assert_true(progress.total_due_ms == procedures_at("2026-12-17 24:00"));
}

static void test_ask_and_answer(void **state)
{
    static const struct play moves[] = {
        {"f answer", "2026-11-24", "already", NULL},
        {"s ask", "2026-11-24", "incomplete", NULL},
        {"f ask 身份证", "2026-11-24", "not_here", NULL},
        {"s ask 身份证", "2026-11-24", "", "owwww open visit 11-30"},
        {"s ask 户口本", "2026-11-25", "already", NULL},
        {"f answer", "2026-11-25", "", NULL},
        {"s ask 户口本", "2026-11-26", "", NULL},
        {"s = already", "2026-11-26", "", "sssss closed"},
        {"f answer", "2026-11-27", "ended", NULL},
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_int_equal(progress.ask_count, 2);
    assert_true(progress.asked_ms == 0); /* an ended report asks for nothing */
    assert_string_equal(progress.ask_note, "户口本");
}

static void test_pause_limits(void **state)
{
    static const struct play moves[] = {
        {"s pause", "2026-11-24", "incomplete", NULL},
        {"s pause 31", "2026-11-24", "incomplete", NULL},
        {"f pause 5", "2026-11-24", "not_here", NULL},
        {"s resume", "2026-11-24", "already", NULL},
        {"s pause 30", "2026-11-24", "", "owwww open visit 11-30"},
        {"s pause 30", "2026-11-25", "already", NULL},
        {"s pause 5", "2026-11-25", "not_here", NULL},
        {"s resume", "2026-11-26", "", "owwww open visit 12-02"},
        {"s resume", "2026-11-26", "already", NULL},
        {"s pause 3", "2026-11-27", "", "owwww open visit 12-02"},
        /* it ends by itself with 30 November; a later move finds it ended: three days left as on Friday */
        {"s visit failed", "2026-12-01", "", "fwwww open visit 12-03"},
        {"s pause 3", "2026-12-02", "used_up", NULL},
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_true(progress.pauses[1].to_ms == procedures_at("2026-11-30 24:00"));
    assert_false(progress.paused);
}

static void test_a_step_ends_a_pause(void **state)
{
    static const struct play moves[] = {
        {"s pause 30", "2026-11-24", "", "owwww open visit 11-30"},
        {"s visit passed", "2026-11-25", "", "powow open review 11-30"},
        {"s pause 30", "2026-11-26", "", "powow open review 11-30"},
        {"s withdraw", "2026-11-27", "", "pssss withdrawn"},
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_false(progress.paused);
    assert_true(progress.pauses[1].to_ms == procedures_at("2026-11-27"));
}

static void test_merge(void **state)
{
    static const struct play moves[] = {
        {"s merge", "2026-11-24", "incomplete", NULL},
        {"s merge 412938471656", "2026-11-24", "incomplete", NULL}, /* wrong check digit */
        {"s = merged", "2026-11-24", "incomplete", NULL},
        {"f merge 412938471655", "2026-11-24", "not_here", NULL},
        {"s merge 412938471655", "2026-11-24", "", "sssss closed"},
        {"s merge 412938471655", "2026-11-24", "already", NULL},
        {"u = merged", "2026-11-24", "already", NULL},
        {"s = already", "2026-11-24", "ended", NULL},
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_string_equal(progress.leader, "412938471655");
    assert_string_equal(progress.decision, "merged");
}

static void test_nudge(void **state)
{
    static const struct play moves[] = {
        {"f nudge", "2026-11-30 23:59", "too_early", NULL},
        {"f nudge", "2026-12-01 00:00", "", "owwww new visit 11-30"},
        {"f nudge", "2026-12-03 23:59", "too_early", NULL},
        {"f nudge", "2026-12-04 00:00", "", NULL},
        {"u nudge", "2026-12-20", "not_here", NULL},
        {"s nudge", "2026-12-20", "not_here", NULL}, /* it is the household's */
        {"s pause 9", "2026-12-08", "", "owwww open visit 11-30"},
        {"f nudge", "2026-12-09", "", NULL}, /* it was late before the clock stood */
        {"s = already", "2026-12-10", "", "sssss closed"},
        {"f nudge", "2026-12-20", "ended", NULL},
        {0},
    };
    static const struct play paused[] = {
        {"s pause 20", "2026-11-30", "", "owwww open visit 11-30"},
        {"f nudge", "2026-12-04", "too_early", NULL}, /* the clock stands before its due day */
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", paused, NULL);
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_int_equal(progress.nudge_count, 3);
}

/* What the page promises: the day after the due day, then the third day after the last nudge; never while the clock stands before it was late. */
static void test_nudge_from(void **state)
{
    static const struct play none[] = {{0}};
    static const struct play nudged[] = {{"f nudge", "2026-12-01 15:00", "", NULL}, {0}};
    static const struct play paused[] = {{"s pause 20", "2026-11-30", "", "owwww open visit 11-30"},
                                         {0}};
    static const struct play ended[] = {{"s = already", "2026-11-30", "", "sssss closed"}, {0}};
    static const struct {
        const struct play *moves;
        const char *day; /* its 0:00; NULL: never, as things are */
    } cases[] = {{none, "2026-12-01"}, {nudged, "2026-12-04"}, {paused, NULL}, {ended, NULL}};
    struct procedure *procedure = procedures_load("laiyuan");
    struct progress progress;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct date day;
        int64_t wanted = 0;
        if (cases[i].day != NULL) {
            assert_true(date_parse(str_of(cases[i].day), &day));
            wanted = deadline_ms(date_from_days(date_to_days(day) - 1));
        }
        play("laiyuan", "2026-11-23", cases[i].moves, &progress);
        assert_int_equal(progress_nudge_from(procedure, &progress), wanted);
    }
    procedure_free(&procedure);
}

static void test_visited(void **state)
{
    static const struct play moves[] = {
        {"s visited", "2026-11-24", "not_here", NULL},
        {"f not_visited", "2026-11-24", "", "owwww new visit 11-30"},
        {"f not_visited", "2026-11-25", "already", NULL},
        {"f visited", "2026-11-25", "", NULL},
        {"s visit passed", "2026-11-25", "", "powow open review 11-30"},
        {"f not_visited", "2026-11-26", "", NULL},
        {0},
    };
    struct procedure *procedure = procedures_load("laiyuan");
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_true(progress_disputed(procedure, &progress));
    assert_int_equal(progress.visit_said_count, 3);
    progress.visit_said_count = PROGRESS_VISITS_SAID_MAX; /* each is a version: not without end */
    const struct progress_move said = {
        .kind = MOVE_VISITED, .by = MOVER_FARMER, .at_ms = INT64_MAX / 2};
    assert_int_equal(progress_check(procedure, NULL, &progress, &said), REFUSAL_USED_UP);
    progress.visit_said = VISIT_SAID_DONE;
    assert_false(progress_disputed(procedure, &progress));
    progress.visit_said = VISIT_SAID_NOT;
    progress.steps[0].state = STEP_OPEN;
    assert_false(progress_disputed(procedure, &progress));
    procedure_free(&procedure);
}

static void test_withdraw(void **state)
{
    static const struct play moves[] = {
        {"u = withdrawn", "2026-11-24", "unknown", NULL},
        {"f withdraw", "2026-11-24", "", "owwww new visit 11-30"}, /* asks; the township does it */
        {"f withdraw", "2026-11-25", "already", NULL},
        {"s withdraw", "2026-11-25", "", "sssss withdrawn"},
        {"s withdraw", "2026-11-25", "already", NULL},
        {"f withdraw", "2026-11-25", "already", NULL},
        {"f object", "2026-11-25", "not_ended", NULL},
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_string_equal(progress.decision, "withdrawn");
    assert_true(progress.withdraw_asked_ms == procedures_at("2026-11-24"));
}

static void test_objection_upheld(void **state)
{
    static const struct play moves[] = {
        {"f object", "2026-11-24", "not_ended", NULL},
        {"s uphold", "2026-11-24", "not_ended", NULL},
        {"s visit passed", "2026-11-24", "", "powow open review 11-27"},
        {"s = declined solved", "2026-11-25", "", "pssss declined"},
        {"s reopen", "2026-11-26", "not_ended", NULL},
        {"f object", "2026-12-25 23:59", "", NULL}, /* 30 days */
        {"f object", "2026-12-26", "already", NULL},
        {"s object", "2026-12-28", "", NULL}, /* confirmed; the clock runs since the farmer asked */
        {"s object", "2026-12-28", "already", NULL},
        {"f reopen", "2026-12-28", "not_here", NULL},
        {"s uphold", "2026-12-29", "", NULL},
        {"s uphold", "2026-12-29", "already", NULL},
        {"s reopen", "2026-12-29", "not_ended", NULL},
        {"f object", "2026-12-29", "used_up", NULL},
        {0},
    };
    static const struct play late[] = {
        {"u = declined", "2026-11-25", "", "sssss declined"},
        {"f object", "2026-12-26 00:00", "too_late", NULL},
        {"s object", "2026-12-26 00:00", "too_late", NULL},
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_int_equal(progress.objection, OBJECTION_UPHELD);
    assert_true(progress.objection_due_ms == procedures_at("2027-01-04 24:00"));
    play("laiyuan", "2026-11-23", late, NULL);
}

/* The 30th day is a Saturday off as long as no calendar says that it is worked. */
static void test_a_new_calendar_takes_no_day_for_an_objection(void **state)
{
    static const struct {
        const char *when;
        bool new_calendar, old_record;
        enum progress_refusal refusal;
    } cases[] = {
        {"2026-02-20", false, false, REFUSAL_NONE},
        {"2026-02-21", false, false, REFUSAL_TOO_LATE},
        {"2026-02-16", true, false, REFUSAL_NONE},
        {"2026-02-20 23:59", true, false, REFUSAL_NONE},
        {"2026-02-21", true, false, REFUSAL_TOO_LATE},
        {"2026-02-14", true, true, REFUSAL_NONE}, /* by an earlier release: counted now */
        {"2026-02-16", true, true, REFUSAL_TOO_LATE},
    };
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *before = calendar_new(), *now = procedures_calendar();
    struct progress progress;
    struct progress_move declined = procedures_move("u = declined", procedures_at("2026-01-15"));
    (void)state;
    progress_begin(procedure, before, procedures_at("2026-01-12"), &progress);
    assert_int_equal(progress_apply(procedure, before, &progress, &declined), PROGRESS_APPLIED);
    procedures_through_json(procedure, &progress);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct progress_move object = procedures_move("f object", procedures_at(cases[i].when));
        const struct calendar *calendar = cases[i].new_calendar ? now : before;
        struct progress read = progress;
        read.object_end_ms = cases[i].old_record ? 0 : read.object_end_ms;
        int64_t end_ms = progress_object_end(procedure, calendar, &read);
        assert_int_equal(end_ms <= object.at_ms, cases[i].refusal == REFUSAL_TOO_LATE);
        assert_int_equal(progress_check(procedure, calendar, &read, &object), cases[i].refusal);
    }
    /* a calendar that gives more days gives them here too */
    progress.object_end_ms = procedures_at("2026-02-13 24:00");
    assert_true(progress_object_end(procedure, before, &progress) ==
                procedures_at("2026-02-20 24:00"));
    calendar_free(&before);
    calendar_free(&now);
    procedure_free(&procedure);
}

static void test_objection_reopens(void **state)
{
    static const struct play moves[] = {
        {"s visit passed", "2026-11-24", "", "powow open review 11-27"},
        {"s review passed", "2026-11-24", "", "ppoow open notice 11-30"},
        {"s = declined solved", "2026-11-25", "", "ppsss declined"},
        {"s object", "2026-11-30", "", NULL},
        /* what the refusal cut off is worked again, under a new clock */
        {"s reopen", "2026-12-01", "", "ppoow open notice 12-07"},
        {"s reopen", "2026-12-01", "already", NULL},
        {"u = declined", "2026-11-25", "already", NULL}, /* told again of what was before */
        {"u check passed", "2026-11-25", "already", NULL},
        {"f object", "2026-12-02", "not_ended", NULL},
        {"s = declined criteria", "2026-12-03", "", "ppsss declined"},
        {"f object", "2026-12-04", "", NULL}, /* another refusal, another objection */
        {0},
    };
    static const struct play whole[] = {
        {"u compare passed", "2026-11-25", "", "ppppp open"},
        {"u = declined", "2026-11-25", "", "ppppp declined"},
        {"f object", "2026-11-26", "", NULL},
        {"s reopen", "2026-11-26", "", "pppow open check 12-03"}, /* check, and what follows */
        {0},
    };
    struct progress progress;
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_int_equal(progress.objection, OBJECTION_ASKED);
    assert_int_equal(progress.reopen_count, 1);
    assert_string_equal(progress.reason, "criteria");
    play("laiyuan", "2026-11-23", whole, &progress);
    assert_string_equal(progress.decision, "");
    assert_string_equal(progress.reason, "");
    assert_true(progress.decided_ms == 0);
}

static void test_green_channel(void **state)
{
    static const struct play moves[] = {
        {"f green", "2026-11-24", "not_here", NULL},
        {"s visit passed", "2026-11-24", "", "powow open review 11-27"},
        {"s check failed", "2026-11-24", "", "powfw open review 11-27"},
        {"s green", "2026-11-24", "", "powwwww open committee 11-25"},
        {"s green", "2026-11-24", "already", NULL},
        {"s review passed", "2026-11-24", "step_not_open", NULL},
        {"s committee passed", "2026-11-24", "", "ppowwww open check 11-26"},
        {"s check passed", "2026-11-25", "", "pppowww open help 11-27"},
        {"s help passed", "2026-11-26", "",
         "ppppoww open review 12-10"}, /* ten days after the help */
        {"s review passed", "2026-12-07", "", "pppppow open notice 12-17"},
        {"s = admitted sudden 1", "2026-12-08", "too_early", NULL},
        {"s notice passed", "2026-12-14", "", "ppppppo open compare 12-24"},
        {"s compare passed", "2026-12-15", "", "ppppppp open"},
        {"s = admitted sudden 1", "2026-12-15", "", "ppppppp admitted"},
        {0},
    };
    static const struct play none[] = {{"s green", "2026-11-24", "not_here", NULL}, {0}};
    struct progress progress;
    struct procedure *procedure = procedures_load("laiyuan");
    (void)state;
    play("laiyuan", "2026-11-23", moves, &progress);
    assert_int_equal(progress.steps[2].tries, 1); /* of check, in its new place */
    play("gansu", "2026-11-23", none, NULL);
    assert_true(procedure_green_fits(procedure, STR("illness")));
    assert_false(procedure_green_fits(procedure, STR("jobs")));
    procedure_free(&procedure);
}

static void test_result_notice(void **state)
{
    static const struct play moves[] = {
        {"u result passed", "2026-11-24", "not_ended", NULL},
        {"u approve passed", "2026-11-24", "", "pppppw open"}, /* it waits for the decision */
        {"u = admitted", "2026-11-24", "", "pppppo admitted"},
        {"s result passed", "2026-11-28", "too_early", NULL},
        {"s result passed", "2026-11-29", "", "pppppp admitted"},
        {"s result passed", "2026-11-30", "already", NULL},
        {"s clear", "2027-06-01", "", "pppppp cleared"},
        {0},
    };
    static const struct play declined[] = {
        {"u = declined", "2026-11-24", "", "sssssw declined"},
        {"s result passed", "2026-12-02", "not_ended", NULL},
        {0},
    };
    (void)state;
    play("gansu", "2026-11-23", moves, NULL);
    play("gansu", "2026-11-23", declined, NULL);
}

/* What the monitoring system tells of afterwards, and otherwise, is no repeat; what it tells of before is. */
static void test_upstream_contradicts(void **state)
{
    static const struct play moves[] = {
        {"s visit passed", "2026-11-24 10:00", "", "powow open review 11-27"},
        {"u visit passed", "2026-11-25", "already", NULL},
        {"u visit failed", "2026-11-24 10:00", "already", NULL},
        {"u visit failed", "2026-11-24 10:01", "step_not_open", NULL},
        {"u visit skipped", "2026-11-24 09:59", "already", NULL},
        {"u visit skipped", "2026-11-25", "step_not_open", NULL},
        {"u check skipped", "2026-11-25", "", "powsw open review 11-27"},
        {"u check passed", "2026-11-24", "already", NULL},
        {"u check passed", "2026-11-26", "step_not_open", NULL},
        {"u = declined", "2026-11-26", "", "pssss declined"},
        {"u notice passed", "2026-11-26", "already", NULL},
        {"u notice passed", "2026-11-27", "step_not_open", NULL},
        {"u notice skipped", "2026-11-27", "already", NULL},
        {0},
    };
    (void)state;
    play("laiyuan", "2026-11-23", moves, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_staff_works_in_order),
        cmocka_unit_test(test_fault_names_the_member),
        cmocka_unit_test(test_skip_on_condition),
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_ask_and_answer),
        cmocka_unit_test(test_pause_limits),
        cmocka_unit_test(test_a_step_ends_a_pause),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_nudge),
        cmocka_unit_test(test_nudge_from),
        cmocka_unit_test(test_visited),
        cmocka_unit_test(test_withdraw),
        cmocka_unit_test(test_objection_upheld),
        cmocka_unit_test(test_a_new_calendar_takes_no_day_for_an_objection),
        cmocka_unit_test(test_objection_reopens),
        cmocka_unit_test(test_green_channel),
        cmocka_unit_test(test_result_notice),
        cmocka_unit_test(test_upstream_contradicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
