/*
 * domain_stats_stage.h - a report played through a procedure, and the lines of each move, for the tests of statistics.
 */
#ifndef TESTS_DOMAIN_STATS_STAGE_H
#define TESTS_DOMAIN_STATS_STAGE_H

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

static inline void stage_open(struct stage *stage, const char *procedure)
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

static inline void stage_close(struct stage *stage)
{
    buf_release(&stage->lines);
    buf_release(&stage->counted);
    calendar_free(&stage->calendar);
    procedure_free(&stage->procedure);
}

static inline void stage_count(struct stage *stage, bool first, int64_t now_ms)
{
    stats_facts_of(stage->procedure, stage->calendar, &stage->progress, now_ms, &stage->facts);
    buf_clear(&stage->lines);
    stats_lines(first ? NULL : &stage->before, &stage->facts, str_of(stage->last_counted), now_ms,
                &stage->lines, &stage->counted);
    assert_true(buf_ok(&stage->lines) && buf_ok(&stage->counted));
    snprintf(stage->last_counted, sizeof stage->last_counted, "%s", buf_text(&stage->counted));
    stage->before = stage->facts;
}

static inline void stage_move(struct stage *stage, const struct scene *scene)
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

static inline void expect(const struct stage *stage, const char *what, const char *lines)
{
    struct str text = buf_str(&stage->lines);
    text.len -= text.len > 0;
    if (!str_is(text, lines)) {
        fail_msg("%s: got\n%s\nnot\n%s", what, buf_text(&stage->lines), lines);
    }
}

static inline void play(struct stage *stage, const char *procedure, const char *accepted,
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

#endif
