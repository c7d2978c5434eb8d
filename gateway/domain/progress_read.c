/* How far a report is, as everybody reads it. */
#include "domain/progress.h"

bool progress_step_closed(const struct progress *progress, size_t step)
{
    enum progress_step_state state = progress->steps[step].state;
    return state == STEP_PASSED || state == STEP_SKIPPED;
}

bool progress_decided(const struct progress *progress)
{
    return progress->state != PROGRESS_NEW && progress->state != PROGRESS_OPEN;
}

bool progress_step_under_way(const struct progress *progress, size_t step)
{
    return progress->steps[step].state == STEP_OPEN || progress->steps[step].state == STEP_FAILED;
}

bool progress_step_cut_off(const struct progress *progress, size_t step)
{
    int64_t done_ms = progress->steps[step].done_ms;
    bool cleared = progress->state == PROGRESS_CLEARED && done_ms == progress->cleared_ms;
    return progress->steps[step].state == STEP_SKIPPED && progress_decided(progress) &&
           (cleared || done_ms == progress->decided_ms);
}

const struct procedure *progress_route(const struct procedure *procedure,
                                       const struct progress *progress)
{
    return progress->green && procedure->green != NULL ? procedure->green : procedure;
}

int progress_current(const struct procedure *procedure, const struct progress *progress)
{
    const struct procedure *route = progress_route(procedure, progress);
    int current = -1;
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < route->step_count && !progress_decided(progress); i++) {
        int64_t due = progress->steps[i].due_ms ? progress->steps[i].due_ms : INT64_MAX;
        if (progress_step_under_way(progress, i) && (current < 0 || due < first)) {
            current = (int)i;
            first = due;
        }
    }
    return current;
}

bool progress_just_transferred(const struct procedure *procedure, const struct progress *progress)
{
    const struct procedure *route = progress_route(procedure, progress);
    if (progress->transfer_count == 0) {
        return false;
    }
    for (size_t i = 0; i < route->step_count; i++) {
        if (progress->steps[i].done_ms > progress->transfers[progress->transfer_count - 1].at_ms) {
            return false;
        }
    }
    return true;
}

const char *progress_word(const struct procedure *procedure, const struct progress *progress)
{
    const struct procedure *route = progress_route(procedure, progress);
    int current = progress_current(procedure, progress);
    bool objected = progress->objection == OBJECTION_ASKED || progress->objection == OBJECTION_OPEN;
    if (progress->state == PROGRESS_DECLINED && objected) {
        return route->moves[PROCEDURE_OBJECT].word;
    }
    if (progress_decided(progress)) {
        enum procedure_ending_id ending = procedure_ending_of(str_of(progress->decision));
        return ending == ENDINGS ? NULL : route->endings[ending].word;
    }
    if (progress->asked_ms > 0) {
        return route->moves[PROCEDURE_ASK].word;
    }
    if (progress_just_transferred(procedure, progress)) {
        return route->moves[PROCEDURE_TRANSFER].word;
    }
    return current >= 0 ? route->steps[current].word : NULL;
}

bool progress_disputed(const struct procedure *procedure, const struct progress *progress)
{
    const struct procedure *route = progress_route(procedure, progress);
    for (size_t i = 0; i < route->step_count; i++) {
        const struct progress_step *step = &progress->steps[i];
        if (route->steps[i].before == 0 && step->state == STEP_PASSED &&
            progress->visit_said == VISIT_SAID_NOT && progress->visit_said_ms >= step->done_ms) {
            return true;
        }
    }
    return false;
}
