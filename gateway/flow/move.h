/*
 * move.h - every move on a report, by staff, the monitoring system or the farmer, through the same procedure code (domain/progress.h).
 *
 *   flow/edit ─► guard ─► which procedure: the report's, or that of a running 风险消除
 *                  │        ─► progress_apply ─┬─ applied ──► effects: place, claim, lead → report, event ─► written
 *                  │                           ├─ unchanged ─────────────────────────────────────────► nothing
 *                  │                           └─ refused ─┬─ upstream: on record, flag upstream_conflict (not of unknown words) ─► written
 *                  └ no ─► MOVED_GUARDED                   └─ others: MOVED_REFUSED with the moves that are allowed
 */
#ifndef FLOW_MOVE_H
#define FLOW_MOVE_H

#include "flow/edit.h"
#include "flow/guard.h"

struct move_request {
    const char *receipt;
    struct edit_actor actor;
    const char *rid;
    const struct guard *
        guard; /* NULL: nobody's rights are asked (farmer's link, upstream's signature); alive until done */
    struct progress_move move; /* its texts point into body */
    bool
        decides; /* then is applied after move, both or none: a step and the decision that follows from it */
    struct progress_move then;
    bool leader_drill;      /* what is merged, and into what, are of one kind */
    area_index leader_area; /* MERGE: and of one county */
    bool clearing;          /* begin 风险消除 instead of move */
    struct str note;        /* of staff, sealed; empty: none */
    json_t *body;           /* held until done; may be NULL */
    const char *hook_id;    /* upstream's; alive until done */
    bool reread;            /* the newest record is wanted with the answer */
};

enum moved_kind {
    MOVED_APPLIED,
    MOVED_UNCHANGED, /* already so: repeated, or out of order */
    MOVED_GUARDED,   /* verdict says why not */
    MOVED_REFUSED,   /* refusal says why not; of upstream's moves it is on record */
    MOVED_GONE,
    MOVED_KNOWN, /* the webhook-id was applied before */
    MOVED_LATER
};

struct move_answer {
    enum moved_kind kind;
    enum guard_verdict verdict;
    enum progress_refusal refusal;
    bool then;         /* the refusal speaks of the second move */
    const char *fault; /* REFUSED: progress_fault of that move */
    json_t *moves;     /* REFUSED: those allowed now (progress_choices_json); borrowed */
    const struct report_record
        *record; /* UNCHANGED, GUARDED, REFUSED; APPLIED with reread; else NULL */
};

typedef void move_done_fn(void *arg, const struct move_answer *answer);
/* done exactly once, never before this returns; answer is valid during the call. */
void move_report(const struct setup *setup, struct store *store, const struct move_request *request,
                 move_done_fn *done, void *arg);

/*
 * [progress] source: whether steps and decisions may come from this side. A lead is worked on by staff whatever it says: no other system knows of it
 * before it is a report.
 */
bool move_source_allows(const struct options *options, bool lead, enum progress_mover by,
                        enum progress_move_kind kind);
/* The moves that staff could make now; the caller owns it. */
json_t *move_choices(const struct setup *setup, const struct report_record *record, int64_t now_ms);

#endif
