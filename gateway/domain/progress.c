#include <stdio.h>

#include "base/utf8.h"
#include "domain/procedure.h"

enum { NOTE_CHARS_MAX = 200 };

/* Which decisions there are, and the state each ends in. */
static const struct {
    const char *decision;
    enum progress_state state;
} endings[] = {
    {"admitted", PROGRESS_ADMITTED}, {"declined", PROGRESS_DECLINED},
    {"already", PROGRESS_CLOSED},    {"out_of_area", PROGRESS_CLOSED},
    {"merged", PROGRESS_CLOSED},     {"not_by_person", PROGRESS_CLOSED},
};

static void set_note(char to[PROGRESS_NOTE_BYTES], struct str note)
{
    if (note.len > 0 && utf8_valid(note)) {
        struct str head = utf8_head(note, NOTE_CHARS_MAX);
        memcpy(to, head.at, head.len);
        to[head.len] = '\0';
    }
}

static bool is_closed(const struct progress *progress, size_t step)
{
    enum progress_step_state state = progress->steps[step].state;
    return state == STEP_PASSED || state == STEP_SKIPPED;
}

static bool is_decided(const struct progress *progress)
{
    return progress->state != PROGRESS_NEW && progress->state != PROGRESS_OPEN;
}

bool progress_step_under_way(const struct progress *progress, size_t step)
{
    return progress->steps[step].state == STEP_OPEN || progress->steps[step].state == STEP_FAILED;
}

static void close_step(struct progress_step *step, enum progress_step_state state, int64_t at_ms)
{
    if (step->opened_ms == 0) {
        step->opened_ms = at_ms;
    }
    step->state = state;
    step->done_ms = at_ms;
}

/* A step's own time, but never a day that the farmer would read after the last day of all. */
static int64_t due_of(const struct procedure_step *step, const struct calendar *calendar,
                      int64_t opened_ms, int64_t total_due_ms)
{
    if (step->days == 0) {
        return 0;
    }
    int64_t due = deadline_ms(
        deadline_date(calendar, date_of_ms(opened_ms), step->days, step->unit));
    return total_due_ms > opened_ms && due > total_due_ms ? total_due_ms : due;
}

static void open_steps(const struct procedure *procedure, const struct calendar *calendar,
                       struct progress *progress, int64_t at_ms)
{
    uint32_t closed = 0;
    for (size_t i = 0; i < procedure->step_count; i++) {
        closed |= is_closed(progress, i) ? UINT32_C(1) << i : 0;
    }
    for (size_t i = 0; i < procedure->step_count; i++) {
        struct progress_step *step = &progress->steps[i];
        if (step->state == STEP_WAITING && (procedure->steps[i].after & ~closed) == 0) {
            step->state = STEP_OPEN;
            step->opened_ms = at_ms;
            step->due_ms = due_of(&procedure->steps[i], calendar, at_ms, progress->total_due_ms);
        }
    }
}

void progress_begin(const struct procedure *procedure, const struct calendar *calendar,
                    int64_t accepted_ms, struct progress *ret)
{
    *ret = (struct progress){.state = PROGRESS_NEW, .accepted_ms = accepted_ms};
    if (procedure->total_days > 0) {
        ret->total_due_ms = deadline_ms(deadline_date(
            calendar, date_of_ms(accepted_ms), procedure->total_days, procedure->total_unit));
    }
    open_steps(procedure, calendar, ret, accepted_ms);
}

static bool parse_outcome(struct str name, enum procedure_outcome *ret)
{
    static const char *const names[OUTCOMES] = {"passed", "failed", "skipped"};
    for (int i = 0; i < OUTCOMES; i++) {
        if (str_is(name, names[i])) {
            *ret = (enum procedure_outcome)i;
            return true;
        }
    }
    return false;
}

static enum progress_result fail_step(struct progress_step *step, int64_t at_ms)
{
    if (step->state == STEP_FAILED && at_ms <= step->done_ms) {
        return PROGRESS_UNCHANGED;
    }
    step->state = STEP_FAILED;
    step->done_ms = at_ms;
    return PROGRESS_APPLIED;
}

static enum progress_result apply_step(const struct procedure *procedure,
                                       const struct calendar *calendar, struct progress *progress,
                                       const struct progress_move *move, int64_t at_ms)
{
    int index = procedure_step_index(procedure, move->step);
    enum procedure_outcome outcome;
    if (index < 0 || !parse_outcome(move->outcome, &outcome)) {
        return PROGRESS_UNKNOWN;
    }
    if (is_decided(progress) || is_closed(progress, (size_t)index)) {
        return PROGRESS_UNCHANGED;
    }
    if ((procedure->steps[index].outcomes >> outcome & 1) == 0) {
        return PROGRESS_NOT_ALLOWED;
    }
    for (size_t i = 0; i < procedure->step_count; i++) {
        if ((procedure->steps[index].before >> i & 1) && !is_closed(progress, i)) {
            close_step(&progress->steps[i], STEP_PASSED, at_ms);
        }
    }
    open_steps(procedure, calendar, progress, at_ms);
    struct progress_step *step = &progress->steps[index];
    if (outcome != OUTCOME_FAILED) {
        close_step(step, outcome == OUTCOME_PASSED ? STEP_PASSED : STEP_SKIPPED, at_ms);
        open_steps(procedure, calendar, progress, at_ms);
    } else if (fail_step(step, at_ms) == PROGRESS_UNCHANGED) {
        return PROGRESS_UNCHANGED;
    }
    set_note(step->note, move->note);
    progress->state = PROGRESS_OPEN;
    return PROGRESS_APPLIED;
}

static enum progress_result apply_decision(const struct procedure *procedure,
                                           struct progress *progress,
                                           const struct progress_move *move, int64_t at_ms)
{
    size_t ending = 0;
    size_t count = sizeof endings / sizeof endings[0];
    while (ending < count && !str_is(move->decision, endings[ending].decision)) {
        ending++;
    }
    if (ending == count) {
        return PROGRESS_UNKNOWN;
    }
    const struct procedure_reason *reason = procedure_reason(procedure, move->reason);
    bool declined = endings[ending].state == PROGRESS_DECLINED;
    if (declined && reason == NULL && move->reason.len > 0) {
        return PROGRESS_UNKNOWN;
    }
    if (is_decided(progress)) {
        return str_is(move->decision, progress->decision) ? PROGRESS_UNCHANGED
                                                          : PROGRESS_NOT_ALLOWED;
    }
    enum progress_step_state rest = endings[ending].state == PROGRESS_ADMITTED ? STEP_PASSED
                                                                               : STEP_SKIPPED;
    for (size_t i = 0; i < procedure->step_count; i++) {
        if (!is_closed(progress, i)) {
            close_step(&progress->steps[i], rest, at_ms);
        }
    }
    progress->state = endings[ending].state;
    progress->decided_ms = at_ms;
    snprintf(progress->decision, sizeof progress->decision, "%s", endings[ending].decision);
    if (declined && reason != NULL) {
        snprintf(progress->reason, sizeof progress->reason, "%s", reason->id);
    }
    set_note(progress->note, move->note);
    return PROGRESS_APPLIED;
}

static enum progress_result apply_clear(struct progress *progress, const struct progress_move *move,
                                        int64_t at_ms)
{
    if (progress->state == PROGRESS_CLEARED) {
        return PROGRESS_UNCHANGED;
    }
    if (progress->state != PROGRESS_ADMITTED) {
        return PROGRESS_NOT_ALLOWED;
    }
    progress->state = PROGRESS_CLEARED;
    progress->cleared_ms = at_ms;
    set_note(progress->note, move->note);
    return PROGRESS_APPLIED;
}

enum progress_result progress_apply(const struct procedure *procedure,
                                    const struct calendar *calendar, struct progress *progress,
                                    const struct progress_move *move)
{
    int64_t at_ms = move->at_ms > progress->accepted_ms ? move->at_ms : progress->accepted_ms;
    switch (move->kind) {
    case MOVE_STEP:
        return apply_step(procedure, calendar, progress, move, at_ms);
    case MOVE_DECIDE:
        return apply_decision(procedure, progress, move, at_ms);
    case MOVE_CLEAR:
        return apply_clear(progress, move, at_ms);
    }
    return PROGRESS_UNKNOWN;
}

/* Of a step whose predecessors' days are known. */
static struct date expected_day(const struct procedure *procedure, const struct calendar *calendar,
                                const struct progress *progress, size_t step,
                                const struct date *days)
{
    const struct procedure_step *plan = &procedure->steps[step];
    const struct progress_step *state = &progress->steps[step];
    if (is_closed(progress, step) || state->due_ms > 0) {
        return date_of_ms(is_closed(progress, step) ? state->done_ms : state->due_ms - 1);
    }
    struct date from = date_of_ms(progress->accepted_ms);
    for (size_t i = 0; i < procedure->step_count; i++) {
        if ((plan->after >> i & 1) && date_compare(days[i], from) > 0) {
            from = days[i];
        }
    }
    if (plan->days == 0) {
        return from;
    }
    struct date day = deadline_date(calendar, from, plan->days, plan->unit);
    struct date total = date_of_ms(progress->total_due_ms - 1);
    bool ahead = progress->total_due_ms > 0 && date_compare(total, from) >= 0;
    return ahead && date_compare(day, total) > 0 ? total : day;
}

void progress_expected(const struct procedure *procedure, const struct calendar *calendar,
                       const struct progress *progress, struct date ret_days[PROCEDURE_STEPS_MAX])
{
    uint32_t known = 0;
    /* The file may list the steps in any order; each round finds at least one. */
    for (size_t round = 0; round < procedure->step_count; round++) {
        for (size_t i = 0; i < procedure->step_count; i++) {
            if ((known >> i & 1) == 0 && (procedure->steps[i].after & ~known) == 0) {
                ret_days[i] = expected_day(procedure, calendar, progress, i, ret_days);
                known |= UINT32_C(1) << i;
            }
        }
    }
}

int progress_current(const struct procedure *procedure, const struct progress *progress)
{
    int current = -1;
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < procedure->step_count && !is_decided(progress); i++) {
        int64_t due = progress->steps[i].due_ms ? progress->steps[i].due_ms : INT64_MAX;
        if (progress_step_under_way(progress, i) && (current < 0 || due < first)) {
            current = (int)i;
            first = due;
        }
    }
    return current;
}
