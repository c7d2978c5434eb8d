/*
 * disclose.h - one report for a reader, and what is personal of it only after the reading is on record: a link of the report's own chain.
 *
 *   read ─► guard ─► its procedure at hand? (else fetched, read) ─► person wanted and allowed? ─ no ──────────────► record
 *    ▲                                                                   │ yes
 *    └──────────────────────────────── moved (≤ 5) ◄── reports_note ◄────┘ ─► noted ─► opened ─────────────────► record, person
 *
 * The note is taken only while the chain ends as it did when the report was read: what is shown is what it was made for.
 */
#ifndef FLOW_DISCLOSE_H
#define FLOW_DISCLOSE_H

#include <jansson.h>

#include "flow/edit.h"
#include "flow/guard.h"

struct disclose_request {
    const char *receipt;
    struct edit_actor actor;    /* copied */
    const char *rid;            /* copied */
    const struct guard *guard;  /* for the report; alive until done */
    const struct guard *person; /* for what is personal; NULL: not wanted. Alive until done */
};

enum disclose_kind {
    DISCLOSE_DONE,
    DISCLOSE_GUARDED, /* verdict */
    DISCLOSE_GONE,
    DISCLOSE_LATER /* the store is away, or the reading could not be put on record */
};

struct disclose_answer {
    enum disclose_kind kind;
    enum guard_verdict verdict;
    const struct report_record *record; /* DONE, GUARDED */
    const json_t *
        sealed; /* DONE: {"values": {…}, "notes": […]}, or NULL: not wanted, not allowed, or deleted */
};

/* answer is valid during the call. */
typedef void disclose_done_fn(void *arg, const struct disclose_answer *answer);
void disclose_report(const struct setup *setup, struct store *store,
                     const struct disclose_request *request, disclose_done_fn *done, void *arg);

#endif
