/* Leads that become reports, and 风险消除: what their moves mean for the statistics. */
#include "domain_stats_stage.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lead),     cmocka_unit_test(test_lead_checked_and_report),
        cmocka_unit_test(test_clearing), cmocka_unit_test(test_clearing_counted_before),
        cmocka_unit_test(test_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
