/* What one change means for the statistics: a report played through a procedure, the lines of each move. */
#include "domain/stats.h"

#include "domain_procedures.h"

struct scene {
    const char *what; /* domain_procedures.h; "tick": only time; "claim", "release", "add" */
    const char *when;
    const char *lines; /* without the newline at the end */
};

struct stage {
    struct procedure *procedure;
    struct calendar *calendar;
    struct progress progress;
    struct stats_facts facts, before;
    struct buf lines, counted;
    char last_counted[STATS_GAUGES_BYTES_MAX];
};

static void stage_open(struct stage *stage, const char *procedure)
{
    *stage = (struct stage){.procedure = procedures_load(procedure),
                            .calendar = procedures_calendar()};
    buf_init(&stage->lines, STATS_LINES_BYTES_MAX);
    buf_init(&stage->counted, STATS_GAUGES_BYTES_MAX);
    stage->facts = (struct stats_facts){.path = STR("c t v"),
                                        .source = STR("self"),
                                        .filed_by = STR("self"),
                                        .placement = STR("board"),
                                        .risks = STR("illness")};
}

static void stage_close(struct stage *stage)
{
    buf_release(&stage->lines);
    buf_release(&stage->counted);
    calendar_free(&stage->calendar);
    procedure_free(&stage->procedure);
}

static void stage_count(struct stage *stage, bool first, int64_t now_ms)
{
    stats_facts_of(stage->procedure, stage->calendar, &stage->progress, now_ms, &stage->facts);
    buf_clear(&stage->lines);
    stats_lines(first ? NULL : &stage->before, &stage->facts, str_of(stage->last_counted), now_ms,
                &stage->lines, &stage->counted);
    assert_true(buf_ok(&stage->lines) && buf_ok(&stage->counted));
    snprintf(stage->last_counted, sizeof stage->last_counted, "%s", buf_text(&stage->counted));
    stage->before = stage->facts;
}

static void stage_move(struct stage *stage, const struct scene *scene)
{
    int64_t at_ms = procedures_at(scene->when);
    if (strcmp(scene->what, "tick") == 0) {
        progress_tick(stage->procedure, stage->calendar, &stage->progress, at_ms);
    } else if (strcmp(scene->what, "claim") == 0) {
        stage->facts.claimed = true;
    } else if (strcmp(scene->what, "release") == 0) {
        stage->facts.claimed = false;
    } else if (strcmp(scene->what, "add") == 0) {
        stage->facts.additions++;
        stage->facts.risks = STR("illness job");
    } else {
        struct progress_move move = procedures_move(scene->what, at_ms);
        assert_int_equal(progress_apply(stage->procedure, stage->calendar, &stage->progress, &move),
                         PROGRESS_APPLIED);
        if (move.kind == MOVE_TRANSFER) {
            stage->facts.path = STR("c t w");
        }
    }
    stage_count(stage, false, at_ms);
}

static void expect(const struct stage *stage, const char *what, const char *lines)
{
    struct str text = buf_str(&stage->lines);
    text.len -= text.len > 0;
    if (!str_is(text, lines)) {
        fail_msg("%s: got\n%s\nnot\n%s", what, buf_text(&stage->lines), lines);
    }
}

static void play(struct stage *stage, const char *procedure, const char *accepted,
                 const char *accepted_lines, const struct scene *scenes)
{
    stage_open(stage, procedure);
    progress_begin(stage->procedure, stage->calendar, procedures_at(accepted), &stage->progress);
    stage_count(stage, true, procedures_at(accepted));
    expect(stage, "accepted", accepted_lines);
    for (size_t i = 0; scenes[i].what != NULL; i++) {
        stage_move(stage, &scenes[i]);
        expect(stage, scenes[i].what, scenes[i].lines);
    }
}

#define DIMS "source:self filed_by:self placement:board risk:illness"
#define V    "\tc t v\t" DIMS "\t"
#define J    "\tc t v\t" DIMS " risk:job\t"
#define W    "\tc t w\t" DIMS "\t"
#define NEW  "20261123" V "reports=+1 now.open=+1 now.new=+1 now.signal.green=+1 now.step.visit=+1"

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

#define L "\tc t v\tsource:system risk:illness\t"

/* A lead counts under names of its own, and as a report from the day it becomes one. */
static void test_lead(void **state)
{
    static const struct stats_facts system = {
        .path = STR("c t v"), .source = STR("system"), .risks = STR("illness"), .lead = true};
    struct stage stage;
    stage_open(&stage, "lead");
    stage.facts = system;
    progress_begin_found(stage.procedure, stage.calendar, procedures_at("2026-11-23"),
                         procedures_at("2026-11-20"), &stage.progress);
    stage_count(&stage, true, procedures_at("2026-11-23"));
    expect(&stage, "found",
           "20261123" L "lead.reports=+1 now.lead.open=+1 now.lead.new=+1 "
           "now.lead.signal.green=+1 now.lead.step.check=+1");
    stage_move(&stage, &(struct scene){"s check passed", "2026-11-24", ""});
    expect(&stage, "checked",
           "20261124" L "lead.done.check=+1 lead.in_time.check=+1 lead.days.check.1=+1 "
           "now.lead.new=-1 now.lead.step.check=-1");
    struct procedure *procedure = procedures_load("laiyuan");
    progress_begin(procedure, stage.calendar, procedures_at("2026-11-25"), &stage.progress);
    procedure_free(&stage.procedure);
    stage.procedure = procedure;
    stage.facts.lead = false;
    stage_count(&stage, false, procedures_at("2026-11-25"));
    expect(&stage, "has become a report",
           "20261125" L "lead.end.report=+1 lead.in_time=+1\n"
           "20261125" L "reports=+1 now.lead.open=-1 now.lead.signal.green=-1 now.open=+1 "
           "now.new=+1 now.signal.green=+1 now.step.visit=+1");
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
        cmocka_unit_test(test_walk),          cmocka_unit_test(test_objection),
        cmocka_unit_test(test_transfer),      cmocka_unit_test(test_green_channel),
        cmocka_unit_test(test_lead),          cmocka_unit_test(test_drill),
        cmocka_unit_test(test_never_counted), cmocka_unit_test(test_dims_are_slugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
