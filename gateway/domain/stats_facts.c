/* What statistics look at of one version of a report. What its change means: stats.c. */
#include <stdio.h>

#include "domain/progress_work.h"
#include "domain/stats.h"

static void step_facts(const struct procedure *route, const struct calendar *calendar,
                       const struct progress *progress, int64_t clock_ms, struct stats_facts *facts)
{
    facts->step_count = facts->clocked ? route->step_count : 0;
    for (size_t i = 0; i < facts->step_count; i++) {
        const struct progress_step *from = &progress->steps[i];
        struct stats_step *to = &facts->steps[i];
        bool closed = progress_step_closed(progress, i);
        *to = (struct stats_step){.state = from->state, .due_ms = from->due_ms, .days = -1};
        snprintf(to->id, sizeof to->id, "%s", route->steps[i].id);
        if (closed) {
            to->closed_ms = from->done_ms;
            to->days = progress_days_worked(calendar, progress, from->opened_ms, from->done_ms);
        }
        to->cut_off = progress_step_cut_off(progress, i);
        to->late_now = progress_step_under_way(progress, i) && from->due_ms > 0 &&
                       clock_ms >= from->due_ms;
    }
}

void stats_facts_of(const struct procedure *procedure, const struct calendar *calendar,
                    const struct progress *given, int64_t now_ms, struct stats_facts *facts)
{
    struct progress progress = *given;
    struct signal_now signal;
    signal_of(procedure, calendar, given, facts->urgent, now_ms, &signal);
    progress_tick(procedure, calendar, &progress, now_ms);
    int64_t clock_ms = progress.paused ? progress.pauses[progress.pause_count - 1].from_ms : now_ms;
    facts->decided = progress_decided(&progress);
    facts->state = progress.state;
    snprintf(facts->decision, sizeof facts->decision, "%s", progress.decision);
    snprintf(facts->reason, sizeof facts->reason, "%s", progress.reason);
    snprintf(facts->category, sizeof facts->category, "%s", progress.category);
    facts->members = progress.members;
    facts->accepted_ms = progress.accepted_ms;
    facts->decided_ms = progress.decided_ms;
    facts->cleared_ms = progress.cleared_ms;
    facts->total_due_ms = progress.total_due_ms;
    facts->days = !facts->decided ? -1
                  : progress.worked_days >= 0
                      ? progress.worked_days
                      : progress_days_worked(calendar, &progress, progress.accepted_ms,
                                             progress.decided_ms);
    (void)progress_total_done(progress_route(procedure, &progress), &progress,
                              &facts->total_done_ms);
    step_facts(progress_route(procedure, &progress), calendar, &progress, clock_ms, facts);
    facts->pauses = progress.pause_count;
    facts->asks = progress.ask_count;
    facts->nudges = progress.nudge_count;
    facts->transfers = progress.transfer_count;
    facts->reopens = progress.reopen_count;
    facts->objected_ms = progress.objected_ms;
    facts->not_visited_ms = progress.visit_said == VISIT_SAID_NOT ? progress.visit_said_ms : 0;
    facts->upheld = progress.objection == OBJECTION_UPHELD;
    facts->objection = progress.state == PROGRESS_DECLINED &&
                       (progress.objection == OBJECTION_ASKED ||
                        progress.objection == OBJECTION_OPEN);
    facts->green = progress.green;
    facts->paused = progress.paused;
    facts->asked = progress.asked_ms > 0;
    facts->late = facts->clocked && signal.late;
    facts->signal = facts->clocked ? signal.signal : SIGNAL_GREEN;
}
