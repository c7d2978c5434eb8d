/* Where a move is wrong in itself: the rules say that it is, this says where. */
#include "domain/progress_work.h"

static const char *fault_of_ending(const struct procedure *route, const struct progress_move *move)
{
    enum procedure_ending_id id = progress_ending(move);
    const struct procedure_ending *ending = id == ENDINGS ? NULL : &route->endings[id];
    if (ending == NULL) {
        return "decision";
    }
    if (!ending->allowed) {
        return ""; /* known, only not here */
    }
    bool with_reason = id == ENDING_DECLINED || ending->reason;
    if (with_reason &&
        (move->reason.len > 0 ? procedure_reason(route, move->reason) == NULL : ending->reason)) {
        return "reason";
    }
    if (id == ENDING_ADMITTED && route->category_count > 0 &&
        procedure_category(route, move->category) == NULL) {
        return "category";
    }
    return id == ENDING_MERGED ? "leader" : "members";
}

const char *progress_fault(const struct procedure *procedure, const struct progress *progress,
                           const struct progress_move *move)
{
    const struct procedure *route = progress_route(procedure, progress);
    switch (move->kind) {
    case MOVE_STEP:
        return procedure_step_index(route, move->step) < 0 ? "step" : "outcome";
    case MOVE_DECIDE:
    case MOVE_MERGE:
    case MOVE_WITHDRAW:
        return fault_of_ending(route, move);
    case MOVE_TRANSFER:
        return "area";
    case MOVE_ASK:
        return "public_note";
    case MOVE_PAUSE:
        return "days";
    default:
        return "";
    }
}
