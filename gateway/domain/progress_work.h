/*
 * progress_work.h - what the files of progress share: rules (may it?), clocks (until when?), effects (progress.c).
 */
#ifndef DOMAIN_PROGRESS_WORK_H
#define DOMAIN_PROGRESS_WORK_H

#include "domain/progress.h"

enum { PROGRESS_NOTE_CHARS_MAX = 200, PROGRESS_DAY_MS = 86400000 };

/* One move on one report; route is progress_route, time is not before the report's own. */
struct progress_work {
    const struct procedure *route;
    const struct calendar *calendar;
    struct progress *progress;
    const struct progress_move *move;
    int64_t at_ms;
};

/* progress_rules.c: of a report whose clock was ticked */
enum progress_refusal progress_rule(const struct progress_work *work);
/* The ending a move makes: decide, merge, and withdraw by staff; ENDINGS for the others. */
enum procedure_ending_id progress_ending(const struct progress_move *move);
enum progress_state progress_ending_state(enum procedure_ending_id ending);

/* progress_clock.c */
int64_t progress_total_due(const struct procedure *route, const struct calendar *calendar,
                           const struct progress *progress); /* 0: none */
int64_t progress_step_due(const struct procedure *route, const struct calendar *calendar,
                          const struct progress *progress, size_t step); /* of an opened step */
int64_t progress_object_days_end(const struct procedure *route, const struct calendar *calendar,
                                 const struct progress *progress); /* by this calendar alone */
int64_t progress_objection_due(const struct procedure *route, const struct calendar *calendar,
                               const struct progress *progress);
/* Sets open due times anew where that makes them later. */
void progress_due_later(const struct procedure *route, const struct calendar *calendar,
                        struct progress *progress);
void progress_end_pause(const struct procedure *route, const struct calendar *calendar,
                        struct progress *progress, int64_t at_ms);
/*
 * Whether all that the total bounds is done, and when: the last step but those afterwards; where there are none of these, the decision, once it is
 * made. In time is what was done by the total's due time, for signal, page and statistics alike.
 */
bool progress_total_done(const struct procedure *route, const struct progress *progress,
                         int64_t *ret_ms);
/* Whether the total still runs: something that it bounds is not done. */
bool progress_total_runs(const struct procedure *route, const struct progress *progress);
/* Working days in (from, to] without those of its pauses; an end at 24:00 belongs to the day before. */
int progress_days_worked(const struct calendar *calendar, const struct progress *progress,
                         int64_t from_ms, int64_t to_ms);
/* Days of the unit in (from, to]. */
int progress_days_between(const struct calendar *calendar, struct date from, struct date to,
                          enum deadline_unit unit);

#endif
