/*
 * A move of staff that is sent again. Nothing is written twice: an exact repeat finds everything in its place. What is new in it (notes, plain,
 * authorised) is written by itself.
 */
#include "flow/move_inside.h"

static bool is_decision(const struct progress_move *move, const char *decision)
{
    return move->kind == MOVE_DECIDE && str_is(move->decision, decision);
}

/* The part that ends something: the decision, where a step comes with one. */
static const struct progress_move *last_of(const struct move_request *request)
{
    return request->decides ? &request->then : &request->move;
}

static bool was_lead(const struct edit_view *view)
{
    struct str flags = record_get(view->record, REPORT_FLAGS);
    struct str flag;
    while (!view->lead && str_next(&flags, ' ', &flag)) {
        if (str_is(flag, "from_lead")) {
            return true;
        }
    }
    return false;
}

/* The progress of a 风险消除 goes with its end; how it ended is kept. */
static bool ended_clearing(const struct edit_view *view, const struct progress_move *move)
{
    struct str reason = record_get(view->record, REPORT_CLEARED);
    struct str decision;
    bool ended = !view->clearing_runs && str_next(&reason, ' ', &decision) && decision.len > 0;
    return ended && move->kind == MOVE_DECIDE && str_eq(move->decision, decision) &&
           (move->reason.len == 0 || str_eq(move->reason, reason));
}

static enum progress_refusal check(const struct edit_view *view, const struct progress_move *move)
{
    bool clears = move_goes_to_clearing(view, move);
    struct progress_move placed = *move;
    if (move->kind == MOVE_TRANSFER) {
        placed.area_from = move_place(view, record_get(view->record, REPORT_AREA));
    }
    return progress_check(clears ? view->clearing_procedure : view->procedure,
                          view->setup->calendar, clears ? view->clearing : view->progress, &placed);
}

static bool is_there(const struct edit_view *view, const struct progress_move *move)
{
    struct str area = move_place(view, record_get(view->record, REPORT_AREA));
    return move->kind == MOVE_TRANSFER && str_eq(move->area_to, area);
}

static bool is_already(const struct edit_view *view, const struct progress_move *move)
{
    enum progress_refusal refusal = check(view, move);
    return refusal == REFUSAL_ALREADY || (refusal == REFUSAL_USED_UP && is_there(view, move));
}

/* Tried in vain, and then closed by the decision that came with it. */
static bool was_cut_off(const struct edit_view *view, const struct progress_move *move)
{
    const struct progress *progress = view->progress;
    int index = procedure_step_index(progress_route(view->procedure, progress), move->step);
    return index >= 0 && str_is(move->outcome, "failed") && progress->steps[index].tries > 0 &&
           progress_decided(progress) && progress->steps[index].done_ms == progress->decided_ms;
}

bool move_is_on_record(const struct move_request *request, const struct edit_view *view)
{
    const struct progress_move *last = last_of(request);
    const struct options *options = &view->setup->options;
    bool of_lead = view->lead || is_decision(last, "report");
    if (last->by != MOVER_STAFF || !move_source_allows(options, of_lead, MOVER_STAFF, last->kind)) {
        return false;
    }
    if (request->clearing) {
        return view->clearing_runs;
    }
    if ((is_decision(last, "report") && was_lead(view)) || ended_clearing(view, last)) {
        return true;
    }
    return is_already(view, last) && (!request->decides || is_already(view, &request->move) ||
                                      was_cut_off(view, &request->move));
}

static bool amend_part(struct edit_view *view, const struct progress_move *move)
{
    if (is_decision(move, "report")) {
        return progress_say_anew(view->progress, MOVE_DECIDE, move->note);
    }
    if (!move_goes_to_clearing(view, move)) {
        return progress_amend(view->procedure, view->progress, move);
    }
    bool amended = progress_amend(view->clearing_procedure, view->clearing, move);
    if (amended) {
        view->progress->authorised |= move->authorised;
        progress_say_anew(view->progress, MOVE_CLEAR, move->note);
    }
    return amended;
}

bool move_amend(const struct move_request *request, struct edit_view *view)
{
    const struct progress_move *last = last_of(request);
    if (request->clearing || ended_clearing(view, last)) {
        return progress_say_anew(view->progress, MOVE_CLEAR, last->note);
    }
    bool amended = amend_part(view, last);
    bool of_lead = is_decision(last, "report"); /* whose steps are no longer at hand */
    return (request->decides && !of_lead && amend_part(view, &request->move)) || amended;
}

bool move_was_sent_on(const struct move_request *request, const struct edit_view *view,
                      enum guard_verdict *ret_verdict)
{
    const struct progress *progress = view->progress;
    const struct progress_move *move = &request->move;
    struct guard looks = *request->guard;
    if (move->kind != MOVE_TRANSFER || !looks.has_right || !looks.body_fits ||
        progress->transfer_count == 0 || !is_there(view, move)) {
        return false;
    }
    const struct progress_transfer *last = &progress->transfers[progress->transfer_count - 1];
    struct progress copy = *progress;
    if (!str_eq(move->area_to, move_place(view, str_of(last->to))) ||
        !scope_has_path(looks.areas, looks.scope, str_of(last->from)) ||
        progress_say_anew(&copy, MOVE_TRANSFER, move->note)) {
        return false;
    }
    looks.reads = true;
    looks.holder = NULL; /* whoever holds it there */
    *ret_verdict = guard_judge(&looks, view->record);
    return *ret_verdict == GUARD_OK;
}
