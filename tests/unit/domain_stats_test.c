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
                                        .risks = STR("illness"),
                                        .clocked = true};
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

#define L "\tc t v\tsource:system risk:illness\t"

static void lead_found(struct stage *stage)
{
    stage_open(stage, "lead");
    stage->facts = (struct stats_facts){.path = STR("c t v"),
                                        .source = STR("system"),
                                        .risks = STR("illness"),
                                        .kind = STATS_LEAD,
                                        .clocked = true};
    progress_begin_found(stage->procedure, stage->calendar, procedures_at("2026-11-23"),
                         procedures_at("2026-11-20"), &stage->progress);
    stage_count(stage, true, procedures_at("2026-11-23"));
    expect(stage, "found",
           "20261123" L "lead.reports=+1 now.lead.open=+1 now.lead.new=+1 "
           "now.lead.signal.green=+1 now.lead.step.check=+1");
}

/* As flow/edit does it: the lead as it ended, then the report that it has become. */
static void lead_becomes_report(struct stage *stage, const char *when, const char *lines)
{
    struct buf both;
    int64_t now_ms = procedures_at(when);
    const struct progress_move move = procedures_move("s = report", now_ms);
    assert_int_equal(progress_apply(stage->procedure, stage->calendar, &stage->progress, &move),
                     PROGRESS_APPLIED);
    stage_count(stage, false, now_ms);
    buf_init(&both, STATS_LINES_BYTES_MAX);
    buf_put(&both, buf_str(&stage->lines));
    procedure_free(&stage->procedure);
    stage->procedure = procedures_load("laiyuan");
    progress_begin(stage->procedure, stage->calendar, now_ms, &stage->progress);
    stage->facts.kind = STATS_REPORT;
    stage_count(stage, true, now_ms);
    buf_put(&both, buf_str(&stage->lines));
    buf_clear(&stage->lines);
    buf_put(&stage->lines, buf_str(&both));
    buf_release(&both);
    expect(stage, "has become a report", lines);
}

/* A lead counts under names of its own, and as a report from the day it becomes one. */
static void test_lead(void **state)
{
    struct stage stage;
    lead_found(&stage);
    stage_move(&stage, &(struct scene){"s check passed", "2026-11-24", ""});
    expect(&stage, "checked",
           "20261124" L "lead.done.check=+1 lead.in_time.check=+1 lead.days.check.1=+1 "
           "now.lead.new=-1 now.lead.step.check=-1");
    lead_becomes_report(&stage, "2026-11-25",
                        "20261125" L "lead.end.report=+1 lead.in_time=+1 lead.days.total.2=+1 "
                        "now.lead.open=-1 now.lead.signal.green=-1\n"
                        "20261125" L "reports=+1 now.open=+1 now.new=+1 now.signal.green=+1 "
                        "now.step.visit=+1");
    stage_move(&stage, &(struct scene){"s visit passed", "2026-11-26", ""});
    expect(&stage, "goes on",
           "20261126" L "done.visit=+1 in_time.visit=+1 days.visit.1=+1 now.new=-1 "
           "now.step.visit=-1 now.step.review=+1 now.step.check=+1");
    stage_close(&stage);
    (void)state;
}

/* The step and the decision in one change. */
static void test_lead_checked_and_report(void **state)
{
    struct stage stage;
    lead_found(&stage);
    int64_t now_ms = procedures_at("2026-12-03");
    const struct progress_move move = procedures_move("s check passed", now_ms);
    assert_int_equal(progress_apply(stage.procedure, stage.calendar, &stage.progress, &move),
                     PROGRESS_APPLIED);
    lead_becomes_report(&stage, "2026-12-03",
                        "20261203" L "lead.done.check=+1 lead.late.check=+1 lead.days.check.8=+1 "
                        "lead.end.report=+1 lead.late=+1 lead.days.total.8=+1 now.lead.open=-1 "
                        "now.lead.new=-1 now.lead.signal.green=-1 now.lead.step.check=-1\n"
                        "20261203" L "reports=+1 now.open=+1 now.new=+1 now.signal.green=+1 "
                        "now.step.visit=+1");
    stage_close(&stage);
    (void)state;
}

/* Admitted, with a notice of the result that stands until 11-30. */
static void admit(struct stage *stage)
{
    stage_open(stage, "gansu");
    progress_begin(stage->procedure, stage->calendar, procedures_at("2026-11-23"),
                   &stage->progress);
    stage_count(stage, true, procedures_at("2026-11-23"));
    stage_move(stage, &(struct scene){"u = admitted", "2026-11-24", ""});
    assert_non_null(strstr(buf_text(&stage->lines), " end.admitted=+1 "));
    stage_move(stage, &(struct scene){"tick", "2026-12-01", ""});
    expect(stage, "late", "20261201" V "now.late=+1 now.late.result=+1");
}

struct clears {
    struct procedure *procedure;
    struct progress progress;
    struct stats_facts before, after;
    bool ran;
};

/* One version while a clearing runs; what: the move in it, or "" (it begins, or only time). */
static void clear_move(struct stage *stage, struct clears *clears, const char *what,
                       const char *when, const char *lines)
{
    int64_t now_ms = procedures_at(when);
    if (what[0] != '\0') {
        struct progress_move move = procedures_move(what, now_ms);
        assert_int_equal(
            progress_apply(clears->procedure, stage->calendar, &clears->progress, &move),
            PROGRESS_APPLIED);
    }
    clears->after = (struct stats_facts){.kind = STATS_CLEARING, .clocked = true};
    stats_facts_of(clears->procedure, stage->calendar, &clears->progress, now_ms, &clears->after);
    stage->before.clearing = clears->ran ? &clears->before : NULL;
    stage->facts.clearing = &clears->after;
    stage_count(stage, false, now_ms);
    clears->before = clears->after;
    clears->ran = !clears->after.decided;
    stage->facts.clearing = NULL;
    expect(stage, what[0] ? what : when, lines);
}

/* Its own steps, clock and end, beside those of the report; readers of the queue see one clock at a time, and so do the gauges. */
static void test_clearing(void **state)
{
    static const struct {
        const char *what, *when, *lines;
    } scenes[] = {
        {"", "2026-12-01",
         "20261201" V "now.late=-1 now.step.result=-1 now.late.result=-1 now.clearing.new=+1 "
         "now.clearing.signal.green=+1 now.clearing.step.look=+1 now.clearing=+1"},
        {"", "2026-12-09",
         "20261209" V "now.clearing.signal.green=-1 now.clearing.signal.orange=+1 "
         "now.clearing.late=+1 now.clearing.late.look=+1"},
        {"s look passed", "2026-12-09",
         "20261209" V "clearing.done.look=+1 clearing.late.look=+1 clearing.days.look.6=+1 "
         "now.clearing.new=-1 now.clearing.signal.orange=-1 now.clearing.late=-1 "
         "now.clearing.step.look=-1 now.clearing.late.look=-1 now.clearing.signal.green=+1 "
         "now.clearing.step.count=+1"},
        {"s pause 5", "2026-12-10", "20261210" V "clearing.paused=+1 now.clearing.paused=+1"},
        {"s count passed", "2026-12-11",
         "20261211" V "clearing.done.count=+1 clearing.in_time.count=+1 clearing.days.count.1=+1 "
         "now.clearing.step.count=-1 now.clearing.paused=-1 now.clearing.step.verify=+1"},
        {"s = kept unstable", "2026-12-14",
         "20261214" V "clearing.end.kept=+1 clearing.reason.unstable=+1 clearing.in_time=+1 "
         "clearing.days.total.8=+1 now.clearing.signal.green=-1 now.clearing.step.verify=-1 "
         "now.clearing=-1 now.late=+1 now.step.result=+1 now.late.result=+1"},
    };
    struct stage stage;
    struct clears clears = {.procedure = procedures_load("clearing")};
    admit(&stage);
    progress_begin(clears.procedure, stage.calendar, procedures_at("2026-12-01"), &clears.progress);
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        clear_move(&stage, &clears, scenes[i].what, scenes[i].when, scenes[i].lines);
    }
    stage_move(&stage, &(struct scene){"tick", "2026-12-14", ""});
    expect(&stage, "once", "");
    stage_close(&stage);
    procedure_free(&clears.procedure);
    (void)state;
}

/* What an earlier release counted while a clearing ran is taken back as it was counted. */
static void test_clearing_counted_before(void **state)
{
    struct stage stage;
    struct clears clears = {.procedure = procedures_load("clearing")};
    const struct progress_move look = procedures_move("s look passed", procedures_at("2026-12-02"));
    admit(&stage);
    progress_begin(clears.procedure, stage.calendar, procedures_at("2026-12-01"), &clears.progress);
    progress_apply(clears.procedure, stage.calendar, &clears.progress, &look);
    snprintf(stage.last_counted, sizeof stage.last_counted,
             "c t v\t" DIMS "\tnow.late now.step.result now.late.result now.clearing");
    clears.ran = true;
    clears.before = (struct stats_facts){.kind = STATS_CLEARING, .clocked = true};
    stats_facts_of(clears.procedure, stage.calendar, &clears.progress, procedures_at("2026-12-03"),
                   &clears.before);
    clear_move(&stage, &clears, "s count passed", "2026-12-03",
               "20261203" V "clearing.done.count=+1 clearing.in_time.count=+1 "
               "clearing.days.count.1=+1 now.late=-1 now.step.result=-1 now.late.result=-1 "
               "now.clearing.signal.green=+1 now.clearing.step.verify=+1");
    stage_close(&stage);
    procedure_free(&clears.procedure);
    (void)state;
}

/* What began with the admission and ends with the clearing was neither done nor skipped by anybody. */
static void test_cleared(void **state)
{
    struct stage stage;
    admit(&stage);
    stage_move(&stage, &(struct scene){"u clear", "2026-12-02", ""});
    expect(&stage, "cleared",
           "20261202" V "end.cleared=+1 now.late=-1 now.step.result=-1 now.late.result=-1");
    stage_close(&stage);
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
        cmocka_unit_test(test_lead),
        cmocka_unit_test(test_lead_checked_and_report),
        cmocka_unit_test(test_clearing),
        cmocka_unit_test(test_clearing_counted_before),
        cmocka_unit_test(test_cleared),
        cmocka_unit_test(test_not_clocked),
        cmocka_unit_test(test_clocked_until_now),
        cmocka_unit_test(test_drill),
        cmocka_unit_test(test_never_counted),
        cmocka_unit_test(test_dims_are_slugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
