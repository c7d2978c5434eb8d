/* What a move does to a report. Whether it may: progress_rules.c; until when: progress_clock.c; how far it is: progress_read.c. */
#include "domain/progress.h"

#include <stdio.h>

#include "base/utf8.h"
#include "domain/progress_work.h"

static void set_text(char *to, size_t room, struct str text)
{
    memset(to, 0, room); /* nothing of a longer text before stays behind the end */
    memcpy(to, text.at ? text.at : "", text.len < room ? text.len : room - 1);
}

static void set_note(char to[PROGRESS_NOTE_BYTES], struct str note)
{
    if (note.len > 0 && utf8_valid(note)) {
        set_text(to, PROGRESS_NOTE_BYTES, utf8_head(note, PROGRESS_NOTE_CHARS_MAX));
    }
}

void progress_say(struct progress *progress, enum progress_move_kind beside, struct str note)
{
    if (note.len == 0 && progress->move_noted != beside) {
        return;
    }
    memset(progress->move_note, 0, sizeof progress->move_note);
    set_note(progress->move_note, note);
    progress->move_noted = progress->move_note[0] != '\0' ? beside : MOVE_STEP;
}

bool progress_has_said(const struct progress *progress, enum progress_move_kind beside)
{
    return progress->move_note[0] != '\0' && progress->move_noted == beside;
}

void progress_put_transfer(struct progress *progress, int64_t at_ms, struct str from, struct str to)
{
    struct progress_transfer *list = progress->transfers;
    if (progress->transfer_count == PROGRESS_TRANSFERS_MAX) { /* the audit chain has them all */
        memmove(list, list + 1, (PROGRESS_TRANSFERS_MAX - 1) * sizeof list[0]);
        progress->transfer_count--;
    }
    struct progress_transfer *transfer = &list[progress->transfer_count++];
    transfer->at_ms = at_ms;
    set_text(transfer->from, sizeof transfer->from, from);
    set_text(transfer->to, sizeof transfer->to, to);
}

static void close_step(struct progress_step *step, enum progress_step_state state, int64_t at_ms)
{
    if (step->opened_ms == 0) {
        step->opened_ms = at_ms;
    }
    step->state = state;
    step->done_ms = at_ms > step->opened_ms ? at_ms : step->opened_ms;
}

/* By an ending of that time, which may be told after later work. */
static void end_step(struct progress_step *step, enum progress_step_state state, int64_t at_ms)
{
    step->opened_ms = step->opened_ms < at_ms ? step->opened_ms : at_ms;
    close_step(step, state, at_ms);
}

/* When the last that it waits for was done: not always what was told of last. */
static int64_t opens_ms(const struct procedure *route, const struct progress *progress, size_t step,
                        int64_t at_ms)
{
    for (size_t i = 0; i < route->step_count; i++) {
        if ((route->steps[step].before >> i & 1) && progress->steps[i].done_ms > at_ms) {
            at_ms = progress->steps[i].done_ms;
        }
    }
    return at_ms;
}

/* Those whose turn it is: in the green channel a step may be done whose own turn has not come, so all before it count. */
static void open_steps(const struct procedure *route, const struct calendar *calendar,
                       struct progress *progress, int64_t at_ms)
{
    uint32_t closed = 0;
    for (size_t i = 0; i < route->step_count; i++) {
        closed |= progress_step_closed(progress, i) ? UINT32_C(1) << i : 0;
    }
    for (size_t i = 0; i < route->step_count; i++) {
        struct progress_step *step = &progress->steps[i];
        bool turn = route->steps[i].result ? progress->state == PROGRESS_ADMITTED
                                           : !progress_decided(progress);
        if (turn && step->state == STEP_WAITING && (route->steps[i].before & ~closed) == 0) {
            step->state = STEP_OPEN;
            step->opened_ms = opens_ms(route, progress, i, at_ms);
            step->due_ms = progress_step_due(route, calendar, progress, i);
        }
    }
}

void progress_begin_found(const struct procedure *procedure, const struct calendar *calendar,
                          int64_t accepted_ms, int64_t found_ms, struct progress *ret)
{
    *ret = (struct progress){.state = PROGRESS_NEW, .accepted_ms = accepted_ms};
    ret->found_ms = found_ms > 0 && found_ms < accepted_ms ? found_ms : 0;
    ret->total_due_ms = progress_total_due(procedure, calendar, ret);
    open_steps(procedure, calendar, ret, accepted_ms);
}

void progress_begin(const struct procedure *procedure, const struct calendar *calendar,
                    int64_t accepted_ms, struct progress *ret)
{
    progress_begin_found(procedure, calendar, accepted_ms, 0, ret);
}

/* Staff that goes on after the household asked to withdraw, and tells it so: the two have spoken. */
static void end_withdrawal(const struct progress_work *work)
{
    if (work->move->by == MOVER_STAFF && work->move->note.len > 0 &&
        work->at_ms > work->progress->withdraw_asked_ms) {
        work->progress->withdraw_asked_ms = 0;
    }
}

static void do_step(const struct progress_work *work)
{
    const struct procedure *route = work->route;
    struct progress *progress = work->progress;
    size_t index = (size_t)procedure_step_index(route, work->move->step);
    enum procedure_outcome outcome = procedure_outcome_of(work->move->outcome);
    for (size_t i = 0; i < route->step_count; i++) {
        if ((route->steps[index].before >> i & 1) && !progress_step_closed(progress, i)) {
            close_step(&progress->steps[i], STEP_PASSED, work->at_ms);
        }
    }
    open_steps(route, work->calendar, progress, work->at_ms);
    struct progress_step *step = &progress->steps[index];
    if (outcome == OUTCOME_FAILED) {
        step->state = STEP_FAILED;
        step->done_ms = work->at_ms;
        step->tries++;
    } else {
        close_step(step, outcome == OUTCOME_PASSED ? STEP_PASSED : STEP_SKIPPED, work->at_ms);
        open_steps(route, work->calendar, progress, work->at_ms);
        end_withdrawal(work);
    }
    set_note(step->note, work->move->note);
    if (progress->move_noted == MOVE_TRANSFER || progress->move_noted == MOVE_ANSWER ||
        progress->move_noted == MOVE_RESUME || progress->move_noted == MOVE_DECIDE) {
        progress_say(progress, progress->move_noted, STR(""));
    }
    progress->plain |= work->move->plain;
    progress->authorised |= work->move->authorised;
}

static void do_decide(const struct progress_work *work)
{
    struct progress *progress = work->progress;
    enum procedure_ending_id ending = progress_ending(work->move);
    bool admitted = ending == ENDING_ADMITTED;
    bool with_reason = ending == ENDING_DECLINED || work->route->endings[ending].reason;
    for (size_t i = 0; i < work->route->step_count; i++) {
        if (!progress_step_closed(progress, i) && !work->route->steps[i].result) {
            end_step(&progress->steps[i], admitted ? STEP_PASSED : STEP_SKIPPED, work->at_ms);
        }
    }
    progress->state = progress_ending_state(ending);
    progress->decided_ms = work->at_ms;
    progress->told_ms = work->move->now_ms > work->at_ms ? work->move->now_ms : 0;
    progress->worked_days = progress_days_worked(work->calendar, progress, progress->accepted_ms,
                                                 progress->decided_ms);
    progress->cleared_ms = ending == ENDING_CLEARED ? work->at_ms : 0;
    progress->asked_ms = 0;
    progress->withdraw_asked_ms = ending == ENDING_WITHDRAWN ? progress->withdraw_asked_ms : 0;
    progress->objection = OBJECTION_NONE;
    progress->object_end_ms = ending == ENDING_DECLINED
                                  ? progress_object_days_end(work->route, work->calendar, progress)
                                  : 0;
    set_text(progress->decision, sizeof progress->decision, str_of(procedure_ending_name(ending)));
    if (with_reason) {
        set_text(progress->reason, sizeof progress->reason, work->move->reason);
    }
    if (admitted) {
        set_text(progress->category, sizeof progress->category, work->move->category);
        progress->members = work->move->members;
        open_steps(work->route, work->calendar, progress, work->at_ms);
    }
    if (ending == ENDING_MERGED) {
        char leader[RECEIPT_BYTES] = "";
        bool known = receipt_parse(work->move->leader, leader);
        set_text(progress->leader, sizeof progress->leader, str_of(known ? leader : ""));
    }
    set_note(progress->note, work->move->note);
    progress->plain |= work->move->plain;
    progress->authorised |= work->move->authorised;
}

/* What began with the admission ends with it: nobody may close it any more. */
static void do_clear(const struct progress_work *work)
{
    for (size_t i = 0; i < work->route->step_count; i++) {
        if (progress_step_under_way(work->progress, i)) {
            end_step(&work->progress->steps[i], STEP_SKIPPED, work->at_ms);
        }
    }
    work->progress->state = PROGRESS_CLEARED;
    work->progress->cleared_ms = work->at_ms;
    set_note(work->progress->note, work->move->note);
}

/* What the farmer says stands elsewhere, sealed. */
static void say(const struct progress_work *work)
{
    if (work->move->by == MOVER_STAFF) {
        progress_say(work->progress, work->move->kind, work->move->note);
    }
}

static void do_transfer(const struct progress_work *work)
{
    struct progress *progress = work->progress;
    progress_put_transfer(progress, work->at_ms, work->move->area_from, work->move->area_to);
    progress->restarted_ms = work->at_ms;
    progress_due_later(work->route, work->calendar, progress);
    say(work);
}

static void do_ask(const struct progress_work *work)
{
    work->progress->asked_ms = work->at_ms;
    work->progress->ask_count++;
    set_note(work->progress->ask_note, work->move->note);
}

static void do_answer(const struct progress_work *work)
{
    work->progress->asked_ms = 0;
    say(work);
}

static void do_pause(const struct progress_work *work)
{
    struct progress *progress = work->progress;
    int64_t last = date_to_days(date_of_ms(work->at_ms)) + work->move->days;
    progress->pauses[progress->pause_count++] = (struct progress_pause){
        work->at_ms, deadline_ms(date_from_days(last))};
    progress->paused = true;
    say(work);
}

/* The pause has ended before (effects). */
static void do_resume(const struct progress_work *work)
{
    say(work);
}

static void do_nudge(const struct progress_work *work)
{
    work->progress->nudge_count++;
    work->progress->nudged_ms = work->at_ms;
}

static void do_visited(const struct progress_work *work)
{
    work->progress->visit_said = work->move->kind == MOVE_VISITED ? VISIT_SAID_DONE
                                                                  : VISIT_SAID_NOT;
    work->progress->visit_said_ms = work->at_ms;
    work->progress->visit_said_count++;
}

static void do_withdraw(const struct progress_work *work)
{
    if (work->move->by == MOVER_STAFF) {
        do_decide(work);
    } else {
        work->progress->withdraw_asked_ms = work->at_ms;
    }
}

static void do_object(const struct progress_work *work)
{
    struct progress *progress = work->progress;
    if (progress->objection != OBJECTION_ASKED) { /* the farmer's own day counts */
        progress->objected_ms = work->at_ms;
        progress->objection_due_ms = progress_objection_due(work->route, work->calendar, progress);
    }
    progress->objection = work->move->by == MOVER_STAFF ? OBJECTION_OPEN : OBJECTION_ASKED;
    say(work);
}

static void do_uphold(const struct progress_work *work)
{
    work->progress->objection = OBJECTION_UPHELD;
    set_note(work->progress->note, work->move->note);
}

/* What is worked again: what the refusal cut off, the named step, and what follows; at least the last steps. */
static uint32_t steps_again(const struct procedure *route, const struct progress *progress)
{
    uint32_t again = 0, waited_for = 0, work = 0;
    int named = route->moves[PROCEDURE_OBJECT].step;
    for (size_t i = 0; i < route->step_count; i++) {
        if (route->steps[i].result) {
            continue;
        }
        work |= UINT32_C(1) << i;
        waited_for |= route->steps[i].after;
        if ((int)i == named || progress_step_cut_off(progress, i)) {
            again |= UINT32_C(1) << i;
        }
    }
    again = again ? again : work & ~waited_for;
    uint32_t all = again;
    for (size_t i = 0; i < route->step_count; i++) {
        bool follows = (work >> i & 1) && (route->steps[i].before & again) != 0;
        all |= follows ? UINT32_C(1) << i : 0;
    }
    return all;
}

static void do_reopen(const struct progress_work *work)
{
    struct progress *progress = work->progress;
    uint32_t again = steps_again(work->route, progress);
    for (size_t i = 0; i < work->route->step_count; i++) {
        if (again >> i & 1) {
            memset(&progress->steps[i], 0, sizeof progress->steps[i]);
        }
    }
    progress->decided_ms = progress->told_ms = progress->object_end_ms = 0;
    progress->worked_days = 0;
    set_text(progress->decision, sizeof progress->decision, STR(""));
    set_text(progress->reason, sizeof progress->reason, STR(""));
    set_text(progress->note, sizeof progress->note, STR(""));
    progress->objection = OBJECTION_REOPENED;
    progress->reopened_ms = progress->restarted_ms = work->at_ms;
    progress->reopen_count++;
    progress->state = PROGRESS_OPEN;
    progress_due_later(work->route, work->calendar, progress);
    open_steps(work->route, work->calendar, progress, work->at_ms);
    say(work);
}

/* Done stays done; what is under way goes on under the channel's clock, unless something comes before it there. */
static void do_green(const struct progress_work *work)
{
    struct progress *progress = work->progress;
    const struct procedure *main = work->route, *green = main->green;
    struct progress_step steps[PROCEDURE_STEPS_MAX];
    memset(steps, 0, sizeof steps);
    for (size_t i = 0; i < green->step_count; i++) {
        int old = procedure_step_index(main, str_of(green->steps[i].id));
        if (old >= 0) {
            memcpy(&steps[i], &progress->steps[old], sizeof steps[i]);
        }
        if (old >= 0 && !progress_step_closed(progress, (size_t)old)) {
            steps[i].state = STEP_WAITING;
            steps[i].opened_ms = steps[i].due_ms = steps[i].done_ms = 0;
        }
    }
    memcpy(progress->steps, steps, sizeof steps);
    progress->green = true;
    if (green->total.days != main->total.days || green->total.unit != main->total.unit) {
        progress->restarted_ms = work->at_ms;
        progress->total_due_ms = progress_total_due(green, work->calendar, progress);
    }
    open_steps(green, work->calendar, progress, work->at_ms);
    say(work);
}

typedef void do_fn(const struct progress_work *work);

/* Which of them show that the township has begun, and end a pause. */
static const struct {
    do_fn *does;
    bool begins, resumes;
} effects[MOVES] = {
    [MOVE_STEP] = {do_step, true, true},
    [MOVE_DECIDE] = {do_decide, false, true},
    [MOVE_CLEAR] = {do_clear, false, false},
    [MOVE_TRANSFER] = {do_transfer, false, true},
    [MOVE_ASK] = {do_ask, true, false},
    [MOVE_ANSWER] = {do_answer, false, false},
    [MOVE_PAUSE] = {do_pause, true, false},
    [MOVE_RESUME] = {do_resume, false, true},
    [MOVE_MERGE] = {do_decide, false, true},
    [MOVE_NUDGE] = {do_nudge, false, false},
    [MOVE_VISITED] = {do_visited, false, false},
    [MOVE_NOT_VISITED] = {do_visited, false, false},
    [MOVE_WITHDRAW] = {do_withdraw, false, false},
    [MOVE_OBJECT] = {do_object, false, false},
    [MOVE_UPHOLD] = {do_uphold, false, false},
    [MOVE_REOPEN] = {do_reopen, false, false},
    [MOVE_GREEN] = {do_green, true, true},
};

/* A copy on which time has done its part; times before the report, or before a pause, are its own. */
static struct progress_work begin_work(const struct procedure *procedure,
                                       const struct calendar *calendar, struct progress *copy,
                                       const struct progress_move *move)
{
    int64_t at_ms = move->at_ms > copy->accepted_ms ? move->at_ms : copy->accepted_ms;
    progress_tick(procedure, calendar, copy, at_ms);
    return (struct progress_work){progress_route(procedure, copy), calendar, copy, move, at_ms};
}

enum progress_refusal progress_check(const struct procedure *procedure,
                                     const struct calendar *calendar,
                                     const struct progress *progress,
                                     const struct progress_move *move)
{
    struct progress copy = *progress;
    struct progress_work work = begin_work(procedure, calendar, &copy, move);
    return progress_rule(&work);
}

enum progress_result progress_apply(const struct procedure *procedure,
                                    const struct calendar *calendar, struct progress *progress,
                                    const struct progress_move *move)
{
    struct progress next = *progress;
    struct progress_work work = begin_work(procedure, calendar, &next, move);
    switch (progress_rule(&work)) {
    case REFUSAL_NONE:
        break;
    case REFUSAL_ALREADY:
        return PROGRESS_UNCHANGED;
    case REFUSAL_UNKNOWN:
    case REFUSAL_INCOMPLETE:
        return PROGRESS_UNKNOWN;
    default:
        return PROGRESS_NOT_ALLOWED;
    }
    bool staff_withdraws = move->kind == MOVE_WITHDRAW && move->by == MOVER_STAFF;
    if (effects[move->kind].resumes || staff_withdraws) {
        progress_end_pause(work.route, calendar, &next, work.at_ms);
    }
    effects[move->kind].does(&work);
    if (effects[move->kind].begins && next.state == PROGRESS_NEW) {
        next.state = PROGRESS_OPEN;
    }
    *progress = next;
    return PROGRESS_APPLIED;
}
