/*
 * claim.h - 认领 and 放回待办: a lease on a report with a fence, so that two do not work on the same one. The end is judged by Redis TIME inside the
 * function; of two that claim at once exactly one wins, for the version is compared there too.
 *
 *   flow/edit ─► guard ─► claim free, or mine ─► reports_change with holder ─┬─ changed ─► fence, until
 *                                                                            └─ claimed ─► who and until when
 */
#ifndef FLOW_CLAIM_H
#define FLOW_CLAIM_H

#include "flow/edit.h"
#include "flow/guard.h"

struct claim_request {
    const char *receipt;
    struct edit_actor actor; /* by is the token's id */
    const char *rid;
    const struct guard
        *guard;      /* without holder for a claim: the function judges; alive until done */
    int64_t minutes; /* 0: release */
};

enum claim_kind {
    CLAIM_DONE, /* held by the actor now, or released; a release of what nobody holds is done too */
    CLAIM_GUARDED, /* verdict */
    CLAIM_TAKEN,   /* by another */
    CLAIM_ENDED,   /* the report is decided: nothing is to be worked on */
    CLAIM_GONE,
    CLAIM_LATER
};

struct claim_answer {
    enum claim_kind kind;
    enum guard_verdict verdict;
    int64_t version, fence, until_ms; /* DONE; TAKEN: until_ms */
    struct str by_id, by_name;        /* TAKEN */
    const struct report_record *
        record; /* as it is now when DONE (or NULL), as it was read when GUARDED or TAKEN at reading */
};

typedef void claim_done_fn(void *arg, const struct claim_answer *answer);
void claim_report(const struct setup *setup, struct store *store,
                  const struct claim_request *request, claim_done_fn *done, void *arg);

#endif
