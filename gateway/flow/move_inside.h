/*
 * move_inside.h - the inside of move.h: a move of staff that is sent again, after a lost answer or by somebody who has more to say (move_again.c).
 */
#ifndef FLOW_MOVE_INSIDE_H
#define FLOW_MOVE_INSIDE_H

#include "flow/move.h"

/* Steps of a running 风险消除 are worked on its own progress; what ends the report itself is not. */
bool move_goes_to_clearing(const struct edit_view *view, const struct progress_move *move);
/* The id that a place has now (aliases); what the areas file does not know stays. */
struct str move_place(const struct edit_view *view, struct str id);
/* The words of a move, for the audit chain. */
void move_audit(json_t *event, const struct progress_move *move);

/* All that it asks for is so already, or it has led to what is there: a lead that is a report now, a 风险消除 that ended so. Of staff's moves only. */
bool move_is_on_record(const struct move_request *request, const struct edit_view *view);
/* What a move that is on record still brings, onto the view's progress; its note for staff is not looked at. False: nothing. */
bool move_amend(const struct move_request *request, struct edit_view *view);
/*
 * A transfer out of the scope of its own sender, who may not change the report any more: it has gone just there, and nothing else is said. False, or
 * *ret_verdict is not OK: If-Match names another version.
 */
bool move_was_sent_on(const struct move_request *request, const struct edit_view *view,
                      enum guard_verdict *ret_verdict);

#endif
