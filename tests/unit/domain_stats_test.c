/* What one change means for the statistics: a report played through a procedure, the lines of each move. */
#include "domain_stats_stage.h"

static void test_walk(void **state)
{
    static const struct scene scenes[] = {
        {"add", "2026-11-24",
         "20261124" V "now.open=-1 now.new=-1 now.signal.green=-1 now.step.visit=-1\n"
         "20261124" J "additions=+1 now.open=+1 now.new=+1 now.signal.green=+1 now.step.visit=+1"},
        {"claim", "2026-11-25", "20261125" J "now.claimed=+1"},
        {"s pause 10", "2026-11-26", "20261126" J "paused=+1 now.new=-1 now.paused=+1"},
        {"tick", "2026-12-07",
         "20261207" J "now.signal.green=-1 now.paused=-1 now.signal.yellow=+1"},
        {"tick", "2026-12-09",
         "20261209" J "now.signal.yellow=-1 now.signal.orange=+1 now.late=+1 now.late.visit=+1"},
        {"f nudge", "2026-12-09", "20261209" J "nudges=+1"},
        {"f not_visited", "2026-12-09", "20261209" J "not_visited=+1"},
        {"s visit passed signed", "2026-12-10",
         "20261210" J "done.visit=+1 late.visit=+1 days.visit.7=+1 now.signal.orange=-1 "
         "now.late=-1 now.step.visit=-1 now.late.visit=-1 now.signal.green=+1 "
         "now.step.review=+1 now.step.check=+1"},
        {"s review passed", "2026-12-11",
         "20261211" J
         "done.review=+1 in_time.review=+1 days.review.1=+1 now.step.review=-1 now.step.notice=+1"},
        {"s ask 缺材料", "2026-12-11", "20261211" J "asked=+1 now.asked=+1"},
        {"s answer", "2026-12-12", "20261212" J "now.asked=-1"},
        {"s check passed", "2026-12-14",
         "20261214" J "done.check=+1 in_time.check=+1 days.check.2=+1 now.signal.green=-1 "
         "now.step.check=-1 now.signal.yellow=+1"},
        {"s notice passed plain", "2026-12-18",
         "20261218" J
         "done.notice=+1 late.notice=+1 days.notice.5=+1 now.step.notice=-1 now.step.compare=+1"},
        {"s compare skipped", "2026-12-21",
         "20261221" J
         "skipped.compare=+1 now.signal.yellow=-1 now.step.compare=-1 now.signal.green=+1"},
        {"s = admitted sudden 3", "2026-12-22",
         "20261222" J "end.admitted=+1 category.sudden=+1 late=+1 days.total.15=+1 households=+1 "
         "people=+3 now.open=-1 now.signal.green=-1 now.claimed=-1"},
        {"release", "2026-12-22", ""}, /* nobody works on what is decided */
        {"s clear", "2027-06-22", "20270622" J "end.cleared=+1"},
        {NULL, NULL, NULL},
    };
    struct stage stage;
    play(&stage, "laiyuan", "2026-11-23", NEW, scenes);
    stage_close(&stage);
    (void)state;
}

static void test_objection(void **state)
{
    static const struct scene scenes[] = {
        {"u = declined solved", "2026-11-24",
         "20261124" V "end.declined=+1 reason.solved=+1 in_time=+1 days.total.1=+1 now.open=-1 "
         "now.new=-1 now.signal.green=-1 now.step.visit=-1"},
        {"f object", "2026-11-26", "20261126" V "objections=+1 now.objection=+1"},
        {"tick", "2026-12-04", "20261204" V "now.late=+1"},
        {"s object", "2026-12-04", ""},
        {"s reopen", "2026-12-04",
         "20261124" V "end.declined=-1 reason.solved=-1 in_time=-1 days.total.1=-1\n"
         "20261204" V "reopened=+1 now.late=-1 now.objection=-1 now.open=+1 now.signal.green=+1 "
         "now.step.visit=+1"},
        {"s = withdrawn", "2026-12-07",
         "20261207" V "end.withdrawn=+1 in_time=+1 days.total.10=+1 now.open=-1 "
         "now.signal.green=-1 now.step.visit=-1"},
        {NULL, NULL, NULL},
    };
    struct stage stage;
    play(&stage, "laiyuan", "2026-11-23", NEW, scenes);
    stage_close(&stage);
    (void)state;
}

/* Its village has come under another town since: the ending is taken back where it was counted, what begins anew is counted there. */
static void test_objection_in_another_town(void **state)
{
    static const struct scene scenes[] = {
        {"u = declined solved", "2026-11-24",
         "20261124" V "end.declined=+1 reason.solved=+1 in_time=+1 days.total.1=+1 now.open=-1 "
         "now.new=-1 now.signal.green=-1 now.step.visit=-1"},
        {"f object", "2026-11-26", "20261126" V "objections=+1 now.objection=+1"},
        {NULL, NULL, NULL},
    };
    struct stage stage;
    play(&stage, "laiyuan", "2026-11-23", NEW, scenes);
    stage.before.ending_path = STR("c t v");
    stage.before.path = stage.facts.path = STR("c u v");
    stage_move(&stage, &(struct scene){"s reopen", "2026-11-27", ""});
    expect(&stage, "reopened",
           "20261124" V "end.declined=-1 reason.solved=-1 in_time=-1 days.total.1=-1\n"
           "20261127" V "now.objection=-1\n"
           "20261127\tc u v\t" DIMS "\treopened=+1 now.open=+1 now.signal.green=+1 "
           "now.step.visit=+1");
    stage_close(&stage);
    (void)state;
}

/* The working days that a decision took are taken back as they were counted, whatever the calendar says by then. */
static void test_objection_new_calendar(void **state)
{
    static const struct scene scenes[] = {
        {"u = declined solved", "2026-10-08",
         "20261008" V "end.declined=+1 reason.solved=+1 in_time=+1 days.total.1=+1 now.open=-1 "
         "now.new=-1 now.signal.green=-1 now.step.visit=-1"},
        {"f object", "2026-10-12", "20261012" V "objections=+1 now.objection=+1"},
        {NULL, NULL, NULL},
    };
    struct stage stage;
    play(&stage, "laiyuan", "2026-09-30",
         "20260930" V "reports=+1 now.open=+1 now.new=+1 now.signal.green=+1 now.step.visit=+1",
         scenes);
    calendar_free(&stage.calendar);
    stage.calendar = calendar_new(); /* without the days off from the 5th to the 7th */
    stats_facts_of(stage.procedure, stage.calendar, &stage.progress, procedures_at("2026-10-13"),
                   &stage.before);
    stage_move(&stage, &(struct scene){"s reopen", "2026-10-13", ""});
    struct str line;
    struct str lines = buf_str(&stage.lines);
    assert_true(str_next(&lines, '\n', &line));
    assert_true(str_find(line, STR("days.total.1=-1")) > 0);
    stage_close(&stage);
    (void)state;
}

static void test_transfer(void **state)
{
    static const struct scene scenes[] = {
        {"s visit passed", "2026-11-24",
         "20261124" V "done.visit=+1 in_time.visit=+1 days.visit.1=+1 now.new=-1 now.step.visit=-1 "
         "now.step.review=+1 now.step.check=+1"},
        {"s transfer v w", "2026-11-25",
         "20261125" V "now.open=-1 now.signal.green=-1 now.step.review=-1 now.step.check=-1\n"
         "20261125" W "now.open=+1 now.signal.green=+1 now.step.review=+1 now.step.check=+1\n"
         "20261125\tv\t" DIMS "\ttransfers.out=+1\n"
         "20261125\tw\t" DIMS "\ttransfers.in=+1\n"
         "20261125\tc t\t" DIMS "\ttransfers.within=+1"},
        {"s check passed", "2026-11-26",
         "20261126" W "done.check=+1 in_time.check=+1 days.check.2=+1 now.step.check=-1"},
        {NULL, NULL, NULL},
    };
    struct stage stage;
    play(&stage, "laiyuan", "2026-11-23", NEW, scenes);
    stage_close(&stage);
    (void)state;
}

static void test_green_channel(void **state)
{
    static const struct scene scenes[] = {
        {"s visit passed", "2026-11-24",
         "20261124" V "done.visit=+1 in_time.visit=+1 days.visit.1=+1 now.new=-1 now.step.visit=-1 "
         "now.step.review=+1 now.step.check=+1"},
        {"s green", "2026-11-24",
         "20261124" V "green=+1 now.step.review=-1 now.step.check=-1 now.step.committee=+1"},
        {"s committee passed", "2026-11-25",
         "20261125" V "done.committee=+1 in_time.committee=+1 days.committee.1=+1 "
         "now.step.committee=-1 now.step.check=+1"},
        {NULL, NULL, NULL},
    };
    struct stage stage;
    play(&stage, "laiyuan", "2026-11-23", NEW, scenes);
    stage_close(&stage);
    (void)state;
}

/* The total ends with the help: an admission long after it is in time, as the signal has said, or as late as the help was. */
static void test_green_admission(void **state)
{
    static const char *const cases[][2] = {{"2026-11-27", " in_time=+1 "},
                                           {"2026-12-14", " late=+1 "}};
    for (size_t i = 0; i < 2; i++) {
        const char *const scenes[][2] = {
            {"s visit passed", "2026-11-24"},  {"s green", "2026-11-24"},
            {"u help passed", cases[i][0]},    {"s review passed", "2026-12-14"},
            {"s notice passed", "2026-12-21"}, {"s compare passed", "2026-12-28"}};
        struct stage stage;
        play(&stage, "laiyuan", "2026-11-23", NEW, &(struct scene){NULL, NULL, NULL});
        for (size_t n = 0; n < 6; n++) {
            stage_move(&stage, &(struct scene){scenes[n][0], scenes[n][1], ""});
            assert_true(i > 0 || strstr(buf_text(&stage.lines), "now.late=+1") == NULL);
        }
        stage_move(&stage, &(struct scene){"s = admitted sudden 3", "2026-12-29", ""});
        assert_non_null(strstr(buf_text(&stage.lines), cases[i][1]));
        stage_close(&stage);
    }
    (void)state;
}

/* Where nobody reports steps: none is counted, nothing is late, whatever the clock says. */
static void test_not_clocked(void **state)
{
    struct stage stage;
    stage_open(&stage, "laiyuan");
    stage.facts.clocked = false;
    progress_begin(stage.procedure, stage.calendar, procedures_at("2026-11-23"), &stage.progress);
    stage_count(&stage, true, procedures_at("2026-11-23"));
    expect(&stage, "accepted",
           "20261123" V "reports=+1 now.open=+1 now.new=+1 now.signal.green=+1");
    stage_move(&stage, &(struct scene){"add", "2027-02-01", ""});
    expect(&stage, "an addition, long after",
           "20270201" V "now.open=-1 now.new=-1 now.signal.green=-1\n"
           "20270201" J "additions=+1 now.open=+1 now.new=+1 now.signal.green=+1");
    stage_move(&stage, &(struct scene){"s withdraw", "2027-02-02", ""});
    expect(&stage, "withdrawn",
           "20270202" J "end.withdrawn=+1 days.total.50=+1 now.open=-1 now.new=-1 "
           "now.signal.green=-1");
    stage_close(&stage);
    (void)state;
}

/* What was counted before the setting changed: gauges go with the next change, a refusal is taken back whole. */
static void test_clocked_until_now(void **state)
{
    struct stage stage;
    play(&stage, "laiyuan", "2026-11-23", NEW,
         (const struct scene[]){{"tick", "2026-12-01",
                                 "20261201" V "now.signal.green=-1 now.signal.orange=+1 "
                                 "now.late=+1 now.late.visit=+1"},
                                {NULL, NULL, NULL}});
    stage.facts.clocked = stage.before.clocked = false;
    stage_move(&stage, &(struct scene){"f not_visited", "2026-12-02", ""});
    expect(&stage, "not clocked any more",
           "20261202" V "not_visited=+1 now.signal.orange=-1 now.late=-1 now.step.visit=-1 "
           "now.late.visit=-1 now.signal.green=+1");
    stage_close(&stage);
    play(
        &stage, "laiyuan", "2026-11-23", NEW,
        (const struct scene[]){
            {"u = declined solved", "2026-11-24",
             "20261124" V "end.declined=+1 reason.solved=+1 in_time=+1 days.total.1=+1 now.open=-1 "
             "now.new=-1 now.signal.green=-1 now.step.visit=-1"},
            {"f object", "2026-11-26", "20261126" V "objections=+1 now.objection=+1"},
            {NULL, NULL, NULL}});
    stage.facts.clocked = stage.before.clocked = false;
    stage_move(&stage, &(struct scene){"s reopen", "2026-12-04", ""});
    expect(&stage, "reopened",
           "20261124" V "end.declined=-1 reason.solved=-1 in_time=-1 days.total.1=-1\n"
           "20261204" V "reopened=+1 now.objection=-1 now.open=+1 now.signal.green=+1");
    stage_close(&stage);
    (void)state;
}

static void test_drill(void **state)
{
    static const struct scene scenes[] = {
        {"s visit passed", "2026-11-24", ""},
        {"s = declined solved", "2026-11-25", ""},
        {NULL, NULL, NULL},
    };
    struct stage stage;
    stage_open(&stage, "laiyuan");
    stage.facts.drill = true;
    progress_begin(stage.procedure, stage.calendar, procedures_at("2026-11-23"), &stage.progress);
    stage_count(&stage, true, procedures_at("2026-11-23"));
    expect(&stage, "drill", "");
    for (size_t i = 0; scenes[i].what != NULL; i++) {
        stage_move(&stage, &scenes[i]);
        expect(&stage, scenes[i].what, "");
    }
    assert_int_equal(stage.counted.len, 0);
    stage_close(&stage);
    (void)state;
}

/* Of a report that an earlier release accepted all that happened is counted with its first change, each on its day. */
static void test_never_counted(void **state)
{
    struct stage stage;
    stage_open(&stage, "laiyuan");
    progress_begin(stage.procedure, stage.calendar, procedures_at("2026-11-23"), &stage.progress);
    stage_count(&stage, true, procedures_at("2026-11-23"));
    stage_move(&stage, &(struct scene){"s visit passed", "2026-11-24", ""});
    stage.last_counted[0] = '\0';
    stage_move(&stage, &(struct scene){"s = declined solved", "2026-11-26", ""});
    expect(&stage, "declined",
           "20261123" V "reports=+1\n"
           "20261124" V "done.visit=+1 in_time.visit=+1 days.visit.1=+1\n"
           "20261126" V "end.declined=+1 reason.solved=+1 in_time=+1 days.total.3=+1");
    assert_string_equal(stage.last_counted, "-");
    stage_move(&stage, &(struct scene){"tick", "2026-11-27", ""});
    expect(&stage, "once", "");
    stage_close(&stage);
    (void)state;
}

/* What a visitor or a file brought in never breaks a line. */
static void test_dims_are_slugs(void **state)
{
    struct stage stage;
    stage_open(&stage, "laiyuan");
    stage.facts.placement = STR("board\t9=9");
    stage.facts.filed_by = STR("");
    stage.facts.risks = STR("job  a|b illness");
    progress_begin(stage.procedure, stage.calendar, procedures_at("2026-11-23"), &stage.progress);
    stage_count(&stage, true, procedures_at("2026-11-23"));
    expect(&stage, "accepted",
           "20261123\tc t v\tsource:self risk:job risk:illness\treports=+1 now.open=+1 "
           "now.new=+1 now.signal.green=+1 now.step.visit=+1");
    stage_close(&stage);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_objection),
        cmocka_unit_test(test_objection_in_another_town),
        cmocka_unit_test(test_objection_new_calendar),
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_green_channel),
        cmocka_unit_test(test_green_admission),
        cmocka_unit_test(test_not_clocked),
        cmocka_unit_test(test_clocked_until_now),
        cmocka_unit_test(test_drill),
        cmocka_unit_test(test_never_counted),
        cmocka_unit_test(test_dims_are_slugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
