/* When something is due: a function of the plan, the calendar and what happened (filed, opened, restarted, paused). */
#include "domain/progress_work.h"

static int64_t later_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int progress_days_between(const struct calendar *calendar, struct date from, struct date to,
                          enum deadline_unit unit)
{
    int64_t day = date_to_days(from), last = date_to_days(to);
    int count = 0;
    if (unit == DEADLINE_CALENDAR) {
        return last > day ? (int)(last - day) : 0;
    }
    while (day < last) {
        day++;
        count += calendar_is_workday(calendar, date_from_days(day));
    }
    return count;
}

/* What was late stays as late as it was when the pause began. */
static int64_t shift_late(const struct calendar *calendar, int64_t due, struct date from,
                          struct date to)
{
    int late = progress_days_between(calendar, date_from_days(due), from, DEADLINE_WORKING);
    int64_t day = date_to_days(to);
    do {
        late -= calendar_is_workday(calendar, date_from_days(day));
        day--;
    } while (late > 0);
    return later_of(day, due);
}

/* The days that were left when the pause began are left when it has ended; an end at 24:00 belongs to the day before. */
static struct date shift(const struct calendar *calendar, struct date due, enum deadline_unit unit,
                         const struct progress_pause *pause)
{
    struct date from = date_of_ms(pause->from_ms);
    struct date to = date_of_ms(pause->to_ms - 1);
    if (date_compare(to, from) <= 0) {
        return due;
    }
    if (date_compare(due, from) < 0) {
        return date_from_days(shift_late(calendar, date_to_days(due), from, to));
    }
    int left = progress_days_between(calendar, from, due, unit);
    struct date moved = deadline_date(calendar, to, left, unit);
    if (left == 0 && !calendar_is_workday(calendar, to)) {
        moved = deadline_date(calendar, to, 1, DEADLINE_WORKING);
    }
    return date_compare(moved, due) > 0 ? moved : due;
}

static int64_t due_from(const struct procedure_deadline *deadline, const struct calendar *calendar,
                        const struct progress *progress, int64_t base_ms)
{
    struct date due = deadline_date(calendar, date_of_ms(base_ms), deadline->days, deadline->unit);
    int ended = progress->pause_count - (progress->paused ? 1 : 0);
    for (int i = 0; i < ended; i++) {
        if (progress->pauses[i].from_ms >= base_ms) {
            due = shift(calendar, due, deadline->unit, &progress->pauses[i]);
        }
    }
    return deadline_ms(due);
}

static int64_t filed_ms(const struct progress *progress)
{
    return progress->found_ms ? progress->found_ms : progress->accepted_ms;
}

int64_t progress_total_due(const struct procedure *route, const struct calendar *calendar,
                           const struct progress *progress)
{
    return route->total.days == 0 ? 0
                                  : due_from(&route->total, calendar, progress,
                                             later_of(filed_ms(progress), progress->restarted_ms));
}

int64_t progress_step_due(const struct procedure *route, const struct calendar *calendar,
                          const struct progress *progress, size_t step)
{
    const struct procedure_step *plan = &route->steps[step];
    int64_t opened_ms = later_of(progress->steps[step].opened_ms, progress->restarted_ms);
    int64_t base_ms = opened_ms;
    if (plan->deadline.days == 0) {
        return 0;
    }
    if (plan->deadline.from == FROM_FILED) {
        base_ms = later_of(filed_ms(progress), progress->restarted_ms);
    } else if (plan->deadline.from == FROM_STEP) {
        base_ms = later_of(progress->steps[plan->deadline.from_step].done_ms,
                           progress->restarted_ms);
    }
    int64_t due = due_from(&plan->deadline, calendar, progress, base_ms);
    /* never a day that the farmer would read after the last day of all, while that lies ahead */
    if (!plan->afterwards && progress->total_due_ms > opened_ms && due > progress->total_due_ms) {
        due = progress->total_due_ms;
    }
    int64_t stood = date_to_days(date_of_ms(progress->steps[step].opened_ms)) +
                    plan->notice_days_min;
    return plan->notice_days_min ? later_of(due, deadline_ms(date_from_days(stood))) : due;
}

int64_t progress_object_days_end(const struct procedure *route, const struct calendar *calendar,
                                 const struct progress *progress)
{
    int days = route->moves[PROCEDURE_OBJECT].days;
    struct date from = date_of_ms(later_of(progress->decided_ms, progress->told_ms));
    return days == 0 ? 0 : deadline_ms(deadline_date(calendar, from, days, DEADLINE_CALENDAR));
}

int64_t progress_object_end(const struct procedure *procedure, const struct calendar *calendar,
                            const struct progress *progress)
{
    const struct procedure *route = progress_route(procedure, progress);
    return later_of(progress->object_end_ms, progress_object_days_end(route, calendar, progress));
}

int64_t progress_objection_due(const struct procedure *route, const struct calendar *calendar,
                               const struct progress *progress)
{
    const struct procedure_deadline *deadline = &route->moves[PROCEDURE_OBJECT].deadline;
    return deadline_ms(
        deadline_date(calendar, date_of_ms(progress->objected_ms), deadline->days, deadline->unit));
}

bool progress_total_done(const struct procedure *route, const struct progress *progress,
                         int64_t *ret_ms)
{
    bool afterwards = false;
    *ret_ms = 0;
    for (size_t i = 0; i < route->step_count; i++) {
        const struct procedure_step *plan = &route->steps[i];
        afterwards |= plan->afterwards;
        if (plan->result || plan->afterwards) {
            continue;
        }
        if (!progress_step_closed(progress, i)) {
            return false;
        }
        *ret_ms = later_of(*ret_ms, progress->steps[i].done_ms);
    }
    if (!afterwards && progress_decided(progress)) {
        *ret_ms = progress->decided_ms;
    }
    return true;
}

bool progress_total_runs(const struct procedure *route, const struct progress *progress)
{
    int64_t done_ms;
    return progress->total_due_ms > 0 && !progress_decided(progress) &&
           !progress_total_done(route, progress, &done_ms);
}

void progress_due_later(const struct procedure *route, const struct calendar *calendar,
                        struct progress *progress)
{
    if (!progress_decided(progress)) {
        progress->total_due_ms = later_of(progress->total_due_ms,
                                          progress_total_due(route, calendar, progress));
    }
    for (size_t i = 0; i < route->step_count; i++) {
        if (progress_step_under_way(progress, i)) {
            progress->steps[i].due_ms = later_of(progress->steps[i].due_ms,
                                                 progress_step_due(route, calendar, progress, i));
        }
    }
}

void progress_end_pause(const struct procedure *route, const struct calendar *calendar,
                        struct progress *progress, int64_t at_ms)
{
    if (progress->paused) {
        struct progress_pause *pause = &progress->pauses[progress->pause_count - 1];
        pause->to_ms = later_of(at_ms, pause->from_ms);
        progress->paused = false;
        progress_due_later(route, calendar, progress);
    }
}

bool progress_tick(const struct procedure *procedure, const struct calendar *calendar,
                   struct progress *progress, int64_t now_ms)
{
    int64_t until_ms = progress->paused ? progress->pauses[progress->pause_count - 1].to_ms : 0;
    if (!progress->paused || now_ms < until_ms) {
        return false;
    }
    progress_end_pause(progress_route(procedure, progress), calendar, progress, until_ms);
    return true;
}

/* Of a step whose predecessors' days are known. */
static struct date expected_day(const struct procedure *route, const struct calendar *calendar,
                                const struct progress *progress, size_t step,
                                const struct date *days)
{
    const struct procedure_step *plan = &route->steps[step];
    const struct progress_step *state = &progress->steps[step];
    bool closed = progress_step_closed(progress, step);
    if (closed || state->due_ms > 0) {
        return date_of_ms(closed ? state->done_ms : state->due_ms - 1);
    }
    struct date opens = date_of_ms(later_of(progress->accepted_ms, progress->restarted_ms));
    for (size_t i = 0; i < route->step_count; i++) {
        if ((plan->before >> i & 1) && date_compare(days[i], opens) > 0) {
            opens = days[i];
        }
    }
    if (plan->deadline.days == 0) {
        return opens;
    }
    struct date from = opens;
    if (plan->deadline.from == FROM_FILED) {
        from = date_of_ms(later_of(filed_ms(progress), progress->restarted_ms));
    } else if (plan->deadline.from == FROM_STEP) {
        from = days[plan->deadline.from_step];
    }
    struct date day = deadline_date(calendar, from, plan->deadline.days, plan->deadline.unit);
    struct date total = date_of_ms(progress->total_due_ms - 1);
    struct date stood = date_from_days(date_to_days(opens) + plan->notice_days_min);
    bool ahead = progress->total_due_ms > 0 && date_compare(total, opens) >= 0;
    if (ahead && !plan->afterwards && date_compare(day, total) > 0) {
        day = total;
    }
    return date_compare(stood, day) > 0 ? stood : day;
}

void progress_expected(const struct procedure *procedure, const struct calendar *calendar,
                       const struct progress *progress, struct date ret_days[PROCEDURE_STEPS_MAX])
{
    const struct procedure *route = progress_route(procedure, progress);
    uint32_t known = 0;
    /* The file may list the steps in any order; each round finds at least one. */
    for (size_t round = 0; round < route->step_count; round++) {
        for (size_t i = 0; i < route->step_count; i++) {
            if ((known >> i & 1) == 0 && (route->steps[i].after & ~known) == 0) {
                ret_days[i] = expected_day(route, calendar, progress, i, ret_days);
                known |= UINT32_C(1) << i;
            }
        }
    }
}

int progress_days_worked(const struct calendar *calendar, const struct progress *progress,
                         int64_t from_ms, int64_t to_ms)
{
    struct date from = date_of_ms(from_ms), to = date_of_ms(to_ms);
    int days = progress_days_between(calendar, from, to, DEADLINE_WORKING);
    for (int i = 0; i < progress->pause_count; i++) {
        struct date begins = date_of_ms(progress->pauses[i].from_ms);
        struct date ends = date_of_ms(progress->pauses[i].to_ms - 1);
        begins = date_compare(begins, from) < 0 ? from : begins;
        ends = date_compare(ends, to) > 0 ? to : ends;
        days -= progress_days_between(calendar, begins, ends, DEADLINE_WORKING);
    }
    return days > 0 ? days : 0;
}
