/* Which moves are taken now: one function that says why not, and the list of those that are. */
#include <stdio.h>

#include "domain/progress_work.h"

static const char *const refusal_names[REFUSALS] = {
    "none",      "already",       "unknown",   "incomplete", "not_here", "ended",
    "not_ended", "step_not_open", "too_early", "too_late",   "used_up",  "condition"};

const char *progress_refusal_name(enum progress_refusal refusal)
{
    return refusal_names[refusal];
}

static const enum progress_state ending_states[ENDINGS] = {
    [ENDING_ADMITTED] = PROGRESS_ADMITTED,   [ENDING_DECLINED] = PROGRESS_DECLINED,
    [ENDING_ALREADY] = PROGRESS_CLOSED,      [ENDING_OUT_OF_AREA] = PROGRESS_CLOSED,
    [ENDING_MERGED] = PROGRESS_CLOSED,       [ENDING_NOT_BY_PERSON] = PROGRESS_CLOSED,
    [ENDING_WITHDRAWN] = PROGRESS_WITHDRAWN, [ENDING_CLEARED] = PROGRESS_CLEARED,
    [ENDING_KEPT] = PROGRESS_CLOSED,         [ENDING_NO_RISK] = PROGRESS_CLOSED,
    [ENDING_REPORT] = PROGRESS_CLOSED,
};

enum progress_state progress_ending_state(enum procedure_ending_id ending)
{
    return ending_states[ending];
}

enum procedure_ending_id progress_ending(const struct progress_move *move)
{
    if (move->kind == MOVE_DECIDE) {
        return procedure_ending_of(move->decision);
    }
    if (move->kind == MOVE_MERGE) {
        return ENDING_MERGED;
    }
    return move->kind == MOVE_WITHDRAW && move->by == MOVER_STAFF ? ENDING_WITHDRAWN : ENDINGS;
}

static bool was_no_objection(const struct progress_work *work, uint32_t before)
{
    for (size_t i = 0; i < work->route->step_count; i++) {
        const struct progress_step *step = &work->progress->steps[i];
        if ((before >> i & 1) && work->route->steps[i].notice_days_min > 0 &&
            (step->state != STEP_PASSED || step->tries > 0)) {
            return false;
        }
    }
    return true;
}

static enum progress_refusal rule_step_staff(const struct progress_work *work, size_t index,
                                             enum procedure_outcome outcome)
{
    const struct procedure_step *plan = &work->route->steps[index];
    const struct progress_step *step = &work->progress->steps[index];
    int64_t stood_days = date_to_days(date_of_ms(work->at_ms)) -
                         date_to_days(date_of_ms(step->opened_ms));
    if (!progress_step_under_way(work->progress, index)) {
        return REFUSAL_STEP_NOT_OPEN;
    }
    if (outcome == OUTCOME_PASSED && stood_days < plan->notice_days_min) {
        return REFUSAL_TOO_EARLY;
    }
    if (outcome != OUTCOME_SKIPPED) {
        return REFUSAL_NONE;
    }
    bool plain = (plan->skip_when & SKIP_PLAIN_RISK) == 0 || work->progress->plain ||
                 work->move->plain;
    bool quiet = (plan->skip_when & SKIP_NO_OBJECTION) == 0 || was_no_objection(work, plan->before);
    return plan->may_skip && plain && quiet ? REFUSAL_NONE : REFUSAL_CONDITION;
}

/* The monitoring system's events come late and out of order: only what it tells of afterwards speaks against the record. */
static bool is_told_later(const struct progress_work *work, int64_t on_record_ms)
{
    return work->move->by != MOVER_UPSTREAM || work->move->at_ms > on_record_ms;
}

/* A closed step: said again, or the contrary. */
static enum progress_refusal rule_step_closed(const struct progress_work *work, size_t index,
                                              enum procedure_outcome outcome)
{
    const struct progress_step *step = &work->progress->steps[index];
    bool passed = step->state == STEP_PASSED;
    bool same = passed ? outcome == OUTCOME_PASSED : outcome == OUTCOME_SKIPPED;
    return same || !is_told_later(work, step->done_ms) ? REFUSAL_ALREADY : REFUSAL_STEP_NOT_OPEN;
}

static enum progress_refusal rule_step(const struct progress_work *work)
{
    const struct progress *progress = work->progress;
    int index = procedure_step_index(work->route, work->move->step);
    enum procedure_outcome outcome = procedure_outcome_of(work->move->outcome);
    bool upstream = work->move->by == MOVER_UPSTREAM;
    if (index < 0 || outcome == OUTCOMES) {
        return REFUSAL_UNKNOWN;
    }
    const struct progress_step *step = &progress->steps[index];
    if (progress_step_closed(progress, (size_t)index)) {
        return rule_step_closed(work, (size_t)index, outcome);
    }
    if (work->route->steps[index].result && progress->state != PROGRESS_ADMITTED) {
        return progress->state == PROGRESS_CLEARED ? REFUSAL_ALREADY : REFUSAL_NOT_ENDED;
    }
    if (progress_decided(progress) && !work->route->steps[index].result) {
        return is_told_later(work, progress->decided_ms) ? REFUSAL_ENDED : REFUSAL_ALREADY;
    }
    if (upstream && progress->reopened_ms > 0 && work->move->at_ms <= progress->reopened_ms) {
        return REFUSAL_ALREADY; /* told of the time before the objection */
    }
    if ((work->route->steps[index].outcomes >> outcome & 1) == 0) {
        return REFUSAL_NOT_HERE;
    }
    if (outcome == OUTCOME_FAILED && step->state == STEP_FAILED && work->at_ms <= step->done_ms) {
        return REFUSAL_ALREADY;
    }
    return upstream ? REFUSAL_NONE : rule_step_staff(work, (size_t)index, outcome);
}

/* What staff must name; upstream may know less. */
static enum progress_refusal rule_named(const struct progress_work *work,
                                        enum procedure_ending_id ending)
{
    const struct progress_move *move = work->move;
    char leader[RECEIPT_BYTES];
    if (work->route->endings[ending].reason && move->reason.len == 0) {
        return REFUSAL_INCOMPLETE;
    }
    if (ending == ENDING_ADMITTED && work->route->category_count > 0 &&
        (move->category.len == 0 || move->members == 0)) {
        return REFUSAL_INCOMPLETE;
    }
    return ending == ENDING_MERGED && !receipt_parse(move->leader, leader) ? REFUSAL_INCOMPLETE
                                                                           : REFUSAL_NONE;
}

/* Names that are there must be the procedure's, whoever says them. */
static bool names_are_known(const struct progress_work *work, enum procedure_ending_id ending)
{
    const struct progress_move *move = work->move;
    bool with_reason = ending == ENDING_DECLINED || work->route->endings[ending].reason;
    bool reason = !with_reason || move->reason.len == 0 ||
                  procedure_reason(work->route, move->reason) != NULL;
    bool category = ending != ENDING_ADMITTED || move->category.len == 0 ||
                    procedure_category(work->route, move->category) != NULL;
    bool members = move->members >= 0 && move->members <= PROGRESS_MEMBERS_MAX;
    return reason && category && members;
}

static uint32_t closed_steps(const struct progress_work *work)
{
    uint32_t closed = 0;
    for (size_t i = 0; i < work->route->step_count; i++) {
        closed |= progress_step_closed(work->progress, i) ? UINT32_C(1) << i : 0;
    }
    return closed;
}

static bool is_unsaid_or(struct str said, struct str on_record)
{
    return said.len == 0 || on_record.len == 0 || str_eq(said, on_record);
}

/* Staff that says a decision again says the same when nothing it adds differs; of the monitoring system the decision counts. */
static bool is_said_again(const struct progress_work *work, enum procedure_ending_id ending)
{
    const struct progress *progress = work->progress;
    const struct progress_move *move = work->move;
    char leader[RECEIPT_BYTES] = "";
    bool led = receipt_parse(move->leader, leader);
    return str_is(str_of(progress->decision), procedure_ending_name(ending)) &&
           (move->by == MOVER_UPSTREAM ||
            (is_unsaid_or(move->reason, str_of(progress->reason)) &&
             is_unsaid_or(move->category, str_of(progress->category)) &&
             (move->members == 0 || move->members == progress->members) &&
             (!led || str_is(str_of(progress->leader), leader))));
}

static enum progress_refusal rule_decide(const struct progress_work *work)
{
    const struct progress *progress = work->progress;
    enum procedure_ending_id ending = progress_ending(work->move);
    bool upstream = work->move->by == MOVER_UPSTREAM;
    if (ending == ENDINGS || (upstream && ending == ENDING_WITHDRAWN)) {
        return REFUSAL_UNKNOWN;
    }
    if (!work->route->endings[ending].allowed) {
        return REFUSAL_NOT_HERE;
    }
    if (!names_are_known(work, ending)) {
        return REFUSAL_UNKNOWN;
    }
    if (progress_decided(progress)) {
        return is_said_again(work, ending) ? REFUSAL_ALREADY : REFUSAL_ENDED;
    }
    if (upstream) {
        bool old = progress->reopened_ms > 0 && work->move->at_ms <= progress->reopened_ms;
        return old ? REFUSAL_ALREADY : REFUSAL_NONE;
    }
    if (work->route->endings[ending].after & ~closed_steps(work)) {
        return REFUSAL_TOO_EARLY;
    }
    return rule_named(work, ending);
}

static enum progress_refusal rule_clear(const struct progress_work *work)
{
    if (work->progress->state == PROGRESS_CLEARED) {
        return REFUSAL_ALREADY;
    }
    return work->progress->state == PROGRESS_ADMITTED ? REFUSAL_NONE : REFUSAL_NOT_ENDED;
}

static enum progress_refusal rule_transfer(const struct progress_work *work)
{
    const struct progress *progress = work->progress;
    const struct progress_move *move = work->move;
    int max = work->route->moves[PROCEDURE_TRANSFER].times_max;
    if (progress->transfer_count >= max || progress->transfer_count >= PROGRESS_TRANSFERS_MAX) {
        return REFUSAL_USED_UP;
    }
    if (move->area_from.len == 0 || move->area_from.len >= PROGRESS_AREA_BYTES ||
        move->area_to.len == 0 || move->area_to.len >= PROGRESS_AREA_BYTES) {
        return REFUSAL_INCOMPLETE;
    }
    return str_eq(move->area_from, move->area_to) ? REFUSAL_ALREADY : REFUSAL_NONE;
}

static enum progress_refusal rule_ask(const struct progress_work *work)
{
    if (work->progress->asked_ms > 0) {
        return REFUSAL_ALREADY;
    }
    if (work->progress->ask_count >= work->route->moves[PROCEDURE_ASK].times_max) {
        return REFUSAL_USED_UP;
    }
    return work->move->note.len == 0 ? REFUSAL_INCOMPLETE : REFUSAL_NONE;
}

static enum progress_refusal rule_answer(const struct progress_work *work)
{
    return work->progress->asked_ms > 0 ? REFUSAL_NONE : REFUSAL_ALREADY;
}

/* Another length for a pause that runs: that one is ended first. */
static bool is_same_pause(const struct progress_pause *runs, const struct progress_move *move)
{
    return date_to_days(date_of_ms(runs->to_ms - 1)) - date_to_days(date_of_ms(runs->from_ms)) ==
           move->days;
}

static enum progress_refusal rule_pause(const struct progress_work *work)
{
    const struct procedure_move *plan = &work->route->moves[PROCEDURE_PAUSE];
    const struct progress *progress = work->progress;
    if (progress->paused) {
        return is_same_pause(&progress->pauses[progress->pause_count - 1], work->move)
                   ? REFUSAL_ALREADY
                   : REFUSAL_NOT_HERE;
    }
    if (work->progress->pause_count >= plan->times_max) {
        return REFUSAL_USED_UP;
    }
    return work->move->days < 1 || work->move->days > plan->days ? REFUSAL_INCOMPLETE
                                                                 : REFUSAL_NONE;
}

static enum progress_refusal rule_resume(const struct progress_work *work)
{
    return work->progress->paused ? REFUSAL_NONE : REFUSAL_ALREADY;
}

/* When the first of what is under way is late; 0: never, as things are. */
static int64_t late_from(const struct procedure *route, const struct progress *progress)
{
    int64_t stood_ms = progress->paused ? progress->pauses[progress->pause_count - 1].from_ms
                                        : INT64_MAX;
    int64_t first_ms = progress_total_runs(route, progress) ? progress->total_due_ms : INT64_MAX;
    for (size_t i = 0; i < route->step_count; i++) {
        int64_t due_ms = progress->steps[i].due_ms;
        if (progress_step_under_way(progress, i) && due_ms > 0 && due_ms < first_ms) {
            first_ms = due_ms;
        }
    }
    return first_ms == INT64_MAX || first_ms > stood_ms ? 0 : first_ms;
}

int64_t progress_nudge_from(const struct procedure *procedure, const struct progress *progress)
{
    const struct procedure *route = progress_route(procedure, progress);
    int64_t late_ms = late_from(route, progress);
    int64_t last = date_to_days(date_of_ms(progress->nudged_ms));
    int64_t again_ms = deadline_ms(date_from_days(last + route->moves[PROCEDURE_NUDGE].days - 1));
    return late_ms > 0 && progress->nudged_ms > 0 && again_ms > late_ms ? again_ms : late_ms;
}

/* Only of what is late, and not again and again. */
static enum progress_refusal rule_nudge(const struct progress_work *work)
{
    int64_t from_ms = progress_nudge_from(work->route, work->progress);
    return from_ms > 0 && work->at_ms >= from_ms ? REFUSAL_NONE : REFUSAL_TOO_EARLY;
}

/* The visit is on record since the household spoke of it. */
static bool was_visited_since(const struct progress_work *work)
{
    for (size_t i = 0; i < work->route->step_count; i++) {
        const struct progress_step *step = &work->progress->steps[i];
        if (work->route->steps[i].before == 0 && step->state == STEP_PASSED &&
            step->done_ms > work->progress->visit_said_ms && step->done_ms <= work->at_ms) {
            return true;
        }
    }
    return false;
}

/* The same word again only where it says something new: that a visit on record was none. */
static enum progress_refusal rule_visited(const struct progress_work *work)
{
    enum progress_visit_said said = work->move->kind == MOVE_VISITED ? VISIT_SAID_DONE
                                                                     : VISIT_SAID_NOT;
    bool anew = said == VISIT_SAID_NOT && was_visited_since(work);
    if (work->progress->visit_said == said && !anew) {
        return REFUSAL_ALREADY;
    }
    return work->progress->visit_said_count < PROGRESS_VISITS_SAID_MAX ? REFUSAL_NONE
                                                                       : REFUSAL_USED_UP;
}

static enum progress_refusal rule_withdraw(const struct progress_work *work)
{
    if (work->move->by == MOVER_STAFF) {
        return rule_decide(work);
    }
    if (progress_decided(work->progress)) {
        return work->progress->state == PROGRESS_WITHDRAWN ? REFUSAL_ALREADY : REFUSAL_ENDED;
    }
    return work->progress->withdraw_asked_ms > 0 ? REFUSAL_ALREADY : REFUSAL_NONE;
}

static enum progress_refusal rule_object(const struct progress_work *work)
{
    const struct progress *progress = work->progress;
    if (progress->state != PROGRESS_DECLINED) {
        return REFUSAL_NOT_ENDED;
    }
    if (progress->objection == OBJECTION_OPEN || progress->objection == OBJECTION_ASKED) {
        bool confirms = work->move->by == MOVER_STAFF && progress->objection == OBJECTION_ASKED;
        return confirms ? REFUSAL_NONE : REFUSAL_ALREADY;
    }
    if (progress->objection == OBJECTION_UPHELD) {
        return REFUSAL_USED_UP;
    }
    int64_t end_ms = progress_object_end(work->route, work->calendar, progress);
    return work->at_ms >= end_ms ? REFUSAL_TOO_LATE : REFUSAL_NONE;
}

static enum progress_refusal rule_objected(const struct progress_work *work)
{
    enum progress_objection now = work->progress->objection;
    bool reopen = work->move->kind == MOVE_REOPEN;
    if (now == (reopen ? OBJECTION_REOPENED : OBJECTION_UPHELD)) {
        return REFUSAL_ALREADY;
    }
    return now == OBJECTION_ASKED || now == OBJECTION_OPEN ? REFUSAL_NONE : REFUSAL_NOT_ENDED;
}

static enum progress_refusal rule_green(const struct progress_work *work)
{
    if (work->progress->green) {
        return REFUSAL_ALREADY;
    }
    return work->route->green != NULL ? REFUSAL_NONE : REFUSAL_NOT_HERE;
}

typedef enum progress_refusal rule_fn(const struct progress_work *work);
enum {
    BY_UPSTREAM = 1 << MOVER_UPSTREAM,
    BY_STAFF = 1 << MOVER_STAFF,
    BY_FARMER = 1 << MOVER_FARMER
};

/* Who may, which word in the file's "moves" it needs (PROCEDURE_MOVES: none), whether the report must be open, and its own rule. */
static const struct {
    const char *name;
    unsigned by;
    enum procedure_move_id needs;
    bool open;
    rule_fn *rule;
} rules[MOVES] = {
    [MOVE_STEP] = {"step", BY_UPSTREAM | BY_STAFF, PROCEDURE_MOVES, false, rule_step},
    [MOVE_DECIDE] = {"decide", BY_UPSTREAM | BY_STAFF, PROCEDURE_MOVES, false, rule_decide},
    [MOVE_CLEAR] = {"clear", BY_UPSTREAM | BY_STAFF, PROCEDURE_MOVES, false, rule_clear},
    [MOVE_TRANSFER] = {"transfer", BY_STAFF, PROCEDURE_TRANSFER, true, rule_transfer},
    [MOVE_ASK] = {"ask", BY_STAFF, PROCEDURE_ASK, true, rule_ask},
    [MOVE_ANSWER] = {"answer", BY_STAFF | BY_FARMER, PROCEDURE_ASK, true, rule_answer},
    [MOVE_PAUSE] = {"pause", BY_STAFF, PROCEDURE_PAUSE, true, rule_pause},
    [MOVE_RESUME] = {"resume", BY_STAFF, PROCEDURE_PAUSE, true, rule_resume},
    [MOVE_MERGE] = {"merge", BY_STAFF, PROCEDURE_MERGE, false, rule_decide},
    [MOVE_NUDGE] = {"nudge", BY_FARMER, PROCEDURE_NUDGE, true, rule_nudge},
    [MOVE_VISITED] = {"visited", BY_FARMER, PROCEDURE_VISITED, true, rule_visited},
    [MOVE_NOT_VISITED] = {"not_visited", BY_FARMER, PROCEDURE_VISITED, true, rule_visited},
    [MOVE_WITHDRAW] = {"withdraw", BY_STAFF | BY_FARMER, PROCEDURE_WITHDRAW, false, rule_withdraw},
    [MOVE_OBJECT] = {"object", BY_STAFF | BY_FARMER, PROCEDURE_OBJECT, false, rule_object},
    [MOVE_UPHOLD] = {"uphold", BY_STAFF, PROCEDURE_OBJECT, false, rule_objected},
    [MOVE_REOPEN] = {"reopen", BY_STAFF, PROCEDURE_OBJECT, false, rule_objected},
    [MOVE_GREEN] = {"green", BY_STAFF, PROCEDURE_MOVES, true, rule_green},
};

const char *progress_move_name(enum progress_move_kind kind)
{
    return rules[kind].name;
}

enum progress_refusal progress_rule(const struct progress_work *work)
{
    enum progress_move_kind kind = work->move->kind;
    if ((rules[kind].by >> work->move->by & 1) == 0) {
        return REFUSAL_NOT_HERE;
    }
    if (rules[kind].needs != PROCEDURE_MOVES && !work->route->moves[rules[kind].needs].allowed) {
        return REFUSAL_NOT_HERE;
    }
    if (rules[kind].open && progress_decided(work->progress)) {
        return REFUSAL_ENDED;
    }
    return rules[kind].rule(work);
}

struct offers {
    const struct procedure *procedure;
    const struct calendar *calendar;
    const struct progress *progress;
    struct progress_choice *list;
    size_t count;
};

/* What only lacks a name is offered: the asker will name it. */
static void offer(struct offers *offers, const struct progress_move *move)
{
    enum progress_refusal refusal = progress_check(offers->procedure, offers->calendar,
                                                   offers->progress, move);
    if (refusal == REFUSAL_NONE || refusal == REFUSAL_INCOMPLETE) {
        offers->list[offers->count++] = (struct progress_choice){
            move->kind, move->step.at, move->outcome.at, move->decision.at};
    }
}

size_t progress_choices(const struct procedure *procedure, const struct calendar *calendar,
                        const struct progress *progress, enum progress_mover by, int64_t now_ms,
                        struct progress_choice ret[PROGRESS_CHOICES_MAX])
{
    const struct procedure *route = progress_route(procedure, progress);
    struct offers offers = {procedure, calendar, progress, ret, 0};
    for (size_t i = 0; i < route->step_count; i++) {
        for (int outcome = 0; outcome < OUTCOMES; outcome++) {
            offer(&offers, &(struct progress_move){.kind = MOVE_STEP,
                                                   .by = by,
                                                   .step = str_of(route->steps[i].id),
                                                   .outcome = str_of(procedure_outcome_name(
                                                       (enum procedure_outcome)outcome)),
                                                   .at_ms = now_ms});
        }
    }
    for (int i = 0; i < ENDINGS; i++) {
        /* those two have moves of their own */
        if (by == MOVER_UPSTREAM || (i != ENDING_MERGED && i != ENDING_WITHDRAWN)) {
            struct str decision = str_of(procedure_ending_name((enum procedure_ending_id)i));
            offer(&offers,
                  &(struct progress_move){
                      .kind = MOVE_DECIDE, .by = by, .decision = decision, .at_ms = now_ms});
        }
    }
    for (int kind = MOVE_CLEAR; kind < MOVES; kind++) {
        offer(&offers, &(struct progress_move){
                           .kind = (enum progress_move_kind)kind, .by = by, .at_ms = now_ms});
    }
    return offers.count;
}
