/* What a report says of itself: its word, the moves that are allowed now, and its JSON, also of an earlier release. */
#include "domain_procedures.h"

static void assert_word(const char *moves, const char *expected)
{
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    struct str rest = str_of(moves), one;
    int64_t at_ms = procedures_at("2026-11-23");
    progress_begin(procedure, calendar, at_ms, &progress);
    while (str_next(&rest, '|', &one)) {
        char what[80];
        snprintf(what, sizeof what, "%.*s", STR_ARG(one));
        struct progress_move move = procedures_move(what, at_ms += 60000);
        assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
    }
    const char *word = progress_word(procedure, &progress);
    assert_string_equal(word ? word : "", expected);
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_words(void **state)
{
    static const struct {
        const char *moves, *word;
    } cases[] = {
        {"u visit passed", "评议中"},
        {"s ask 身份证", "待补充"},
        {"s ask 身份证|f answer", "待上门"},
        {"s transfer a b", "已转办"},
        {"s transfer a b|s visit failed", "待上门"},
        {"u = admitted", "已纳入"},
        {"u = declined", "未纳入"},
        {"u = declined|f object", "复核中"},
        {"u = declined|f object|s object|s uphold", "未纳入"},
        {"u = declined|f object|s reopen", "待上门"},
        {"s withdraw", "已撤回"},
        {"u = already", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_word(cases[i].moves, cases[i].word);
    }
}

/* What is allowed now, for who asks: as words. */
static void assert_choices(const char *name, const char *moves, char by, const char *when,
                           const char *expected)
{
    struct procedure *procedure = procedures_load(name);
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    struct progress_choice choices[PROGRESS_CHOICES_MAX];
    struct str rest = str_of(moves), one;
    char text[600] = "";
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    while (moves[0] && str_next(&rest, '|', &one)) {
        char what[80];
        snprintf(what, sizeof what, "%.*s", STR_ARG(one));
        struct progress_move move = procedures_move(what, procedures_at(when));
        assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
    }
    enum progress_mover mover = by == 's' ? MOVER_STAFF : by == 'f' ? MOVER_FARMER : MOVER_UPSTREAM;
    size_t count = progress_choices(procedure, calendar, &progress, mover, procedures_at(when),
                                    choices);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%s%s%s%s", i ? " " : "",
                 choices[i].step       ? choices[i].step
                 : choices[i].decision ? "="
                                       : progress_move_name(choices[i].kind),
                 choices[i].outcome ? ":" : "", choices[i].outcome ? choices[i].outcome : "",
                 choices[i].decision ? choices[i].decision : "");
    }
    assert_string_equal(text, expected);
    json_t *json = progress_choices_json(choices, count);
    assert_int_equal(json_array_size(json), count);
    json_decref(json);
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_choices(void **state)
{
    (void)state;
    assert_choices("laiyuan", "", 's', "2026-11-24",
                   "visit:passed visit:failed =already =out_of_area =not_by_person transfer ask "
                   "pause merge withdraw green");
    assert_choices("laiyuan", "", 'f', "2026-11-24", "visited not_visited withdraw");
    assert_choices("laiyuan", "", 'f', "2026-12-01", "nudge visited not_visited withdraw");
    assert_choices("laiyuan", "s ask 身份证|s pause 3|f withdraw", 's', "2026-11-24",
                   "visit:passed visit:failed =already =out_of_area =not_by_person transfer answer "
                   "resume merge withdraw green");
    assert_choices("laiyuan", "s visit passed|s review passed", 's', "2026-11-24",
                   "notice:failed check:passed check:failed =declined =already =out_of_area "
                   "=not_by_person transfer ask pause merge withdraw green");
    assert_choices("laiyuan", "u = declined", 'f', "2026-11-24", "object");
    assert_choices("laiyuan", "u = declined|f object", 's', "2026-11-24", "object uphold reopen");
    assert_choices("laiyuan", "u = admitted", 's', "2026-11-24", "clear");
    assert_choices("laiyuan", "s merge 412938471655", 's', "2026-11-24", "");
    assert_choices("lead", "", 's', "2026-11-24",
                   "check:passed check:failed =already =out_of_area transfer pause merge");
    assert_choices("lead", "s check passed", 's', "2026-11-24",
                   "=already =out_of_area =no_risk =report transfer pause merge");
    assert_choices("clearing", "s look passed", 's', "2026-11-24",
                   "count:passed count:failed =kept transfer ask pause");
}

struct say {
    const char *what, *note;
    enum progress_move_kind beside; /* of what is said then */
    const char *said;
};

/* What staff says beside a move is kept until it is over, or something else is said. */
static void assert_said(const struct say *says)
{
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    progress_begin(procedure, calendar, procedures_at("2026-11-23"), &progress);
    for (size_t i = 0; says[i].what != NULL; i++) {
        struct progress_move move = procedures_move(says[i].what, procedures_at("2026-11-24"));
        move.note = says[i].note ? str_of(says[i].note) : move.note;
        assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
        if (strcmp(progress.move_note, says[i].said) != 0 ||
            progress_has_said(&progress, says[i].beside) != (says[i].said[0] != '\0')) {
            fail_msg("%s: %s, not %s", says[i].what, progress.move_note, says[i].said);
        }
        procedures_through_json(procedure, &progress);
    }
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_what_staff_says(void **state)
{
    static const struct say way[] = {
        {"s transfer a b", "户口在那边", MOVE_TRANSFER, "户口在那边"},
        {"s pause 3", "", MOVE_TRANSFER, "户口在那边"},
        {"s resume", "", MOVE_TRANSFER, "户口在那边"},
        {"s visit failed", "没有人在家", MOVE_TRANSFER, ""},
        {"s ask 身份证", NULL, MOVE_ASK, ""},
        {"s pause 3", "您在外地", MOVE_PAUSE, "您在外地"},
        {"s answer", "收到了", MOVE_ANSWER, "收到了"},
        {"s resume", "", MOVE_ANSWER, "收到了"},
        {"s green", "今天来", MOVE_GREEN, "今天来"},
        {"s visit passed", "", MOVE_GREEN, "今天来"},
        {"s = declined solved", "核实过了", MOVE_GREEN, "今天来"},
        {"f object", "听不懂", MOVE_GREEN, "今天来"},
        {"s object", "再来看", MOVE_OBJECT, "再来看"},
        {"s reopen", "重新核实", MOVE_REOPEN, "重新核实"},
        {"s transfer b c", "", MOVE_REOPEN, "重新核实"},
        {0},
    };
    static const struct say again[] = {
        {"s pause 3", "您在外地", MOVE_PAUSE, "您在外地"},
        {"s resume", "接着办", MOVE_RESUME, "接着办"},
        {"s pause 3", "", MOVE_RESUME, "接着办"},
        {"s visit passed", "", MOVE_RESUME, ""},
        {0},
    };
    (void)state;
    assert_said(way);
    assert_said(again);
}

/* An earlier release did not say of which move a note was. */
static void test_old_note(void **state)
{
    static const struct {
        const char *members;
        enum progress_move_kind beside;
    } cases[] = {
        {"\"transfers\":[{\"at\":1,\"from\":\"a\",\"to\":\"b\"}]", MOVE_TRANSFER},
        {"\"paused\":true,\"pauses\":[{\"from\":1,\"to\":2}]", MOVE_PAUSE},
        {"\"move_noted\":\"reopen\"", MOVE_REOPEN},
    };
    struct procedure *procedure = procedures_load("laiyuan");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        struct progress progress;
        snprintf(text, sizeof text, "{\"state\":\"open\",\"steps\":{},\"move_note\":\"说\",%s}",
                 cases[i].members);
        json_t *json = json_loads(text, 0, NULL);
        assert_true(progress_from_json(procedure, json, &progress));
        assert_true(progress_has_said(&progress, cases[i].beside));
        json_decref(json);
    }
    procedure_free(&procedure);
}

/* Where it was is kept beside the work that goes on elsewhere; the audit chain has them all. */
static void test_put_transfer(void **state)
{
    struct progress progress = {.state = PROGRESS_ADMITTED};
    (void)state;
    for (int i = 0; i < PROGRESS_TRANSFERS_MAX + 2; i++) {
        char from[8], to[8];
        snprintf(from, sizeof from, "%d", i);
        snprintf(to, sizeof to, "%d", i + 1);
        progress_put_transfer(&progress, i + 1, str_of(from), str_of(to));
    }
    assert_int_equal(progress.transfer_count, PROGRESS_TRANSFERS_MAX);
    assert_string_equal(progress.transfers[0].from, "2");
    assert_string_equal(progress.transfers[PROGRESS_TRANSFERS_MAX - 1].to, "10");
    assert_true(progress.restarted_ms == 0);
}

static void test_old_json_still_reads(void **state)
{
    static const char old[] =
        "{\"state\":\"open\",\"accepted\":1795396500000,\"total_due\":1796745600000,\"steps\":"
        "{\"visit\":{\"state\":\"passed\",\"opened\":1795396500000,\"due\":1796054400000,"
        "\"done\":1795482900000,\"note\":\"来过\"},\"review\":{\"state\":\"open\",\"opened\":"
        "1795482900000,\"due\":1795795200000},\"notice\":{\"state\":\"waiting\"},\"check\":"
        "{\"state\":\"open\",\"opened\":1795482900000,\"due\":1796140800000},\"compare\":"
        "{\"state\":\"waiting\"}}}";
    struct procedure *procedure = procedures_load("laiyuan");
    struct calendar *calendar = procedures_calendar();
    struct progress progress;
    json_t *json = json_loads(old, 0, NULL), *again;
    (void)state;
    assert_true(progress_from_json(procedure, json, &progress));
    again = progress_to_json(procedure, &progress);
    assert_true(
        json_equal(json, again)); /* and nothing is added that an older one would not know */
    assert_int_equal(progress.steps[0].state, STEP_PASSED);
    struct progress_move move = procedures_move("s pause 3", procedures_at("2026-11-25"));
    assert_int_equal(progress_apply(procedure, calendar, &progress, &move), PROGRESS_APPLIED);
    json_decref(json);
    json_decref(again);
    calendar_free(&calendar);
    procedure_free(&procedure);
}

static void test_json_that_is_refused(void **state)
{
    static const char *const members[] = {
        "\"green\":1",
        "\"paused\":true",
        "\"pauses\":{}",
        "\"pauses\":[1]",
        "\"pauses\":[{\"from\":\"x\"}]",
        "\"pauses\":[{},{},{},{},{}]",
        "\"transfers\":1",
        "\"move_note\":\"说\",\"move_noted\":\"shout\"",
        "\"move_note\":\"说\",\"move_noted\":\"step\"",
        "\"transfers\":[{\"to\":\"123456789012345678901\"}]",
        "\"transfers\":[{},{},{},{},{},{},{},{},{}]",
        "\"objection\":\"lost\"",
        "\"visit_said\":\"maybe\"",
        "\"asks\":-1",
        "\"nudges\":1.5",
        "\"members\":\"3\"",
        "\"leader\":\"4129384716555\"",
        "\"category\":1",
        "\"found\":true",
        "\"reopens\":99999999999",
    };
    struct procedure *procedure = procedures_load("laiyuan"), *gansu = procedures_load("gansu");
    struct progress progress;
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"state\":\"new\",\"steps\":{},%s}", members[i]);
        json_t *json = json_loads(text, 0, NULL);
        assert_non_null(json);
        if (progress_from_json(procedure, json, &progress)) {
            fail_msg("%s was read", text);
        }
        json_decref(json);
    }
    json_t *json = json_loads("{\"state\":\"new\",\"steps\":{},\"green\":true}", 0, NULL);
    assert_true(progress_from_json(procedure, json, &progress));
    assert_false(progress_from_json(gansu, json, &progress)); /* it has no green channel */
    json_decref(json);
    procedure_free(&procedure);
    procedure_free(&gansu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_what_staff_says),
        cmocka_unit_test(test_old_note),
        cmocka_unit_test(test_put_transfer),
        cmocka_unit_test(test_old_json_still_reads),
        cmocka_unit_test(test_json_that_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
