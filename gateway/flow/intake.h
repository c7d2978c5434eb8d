/*
 * intake.h - one finding that staff or a department puts in (contract §7, POST /reports; `mashang intake import`) into the store.
 *
 *   intake (domain) ─► identities ─► draw number ─► filing ─► reports_accept ─┬─ accepted ────────► filed
 *                                        ▲                                    ├─ repeat ──────────► the same receipt
 *                                        ├──── taken: draw again ─────────────┤
 *                                        └──── duplicate: flag it ────────────┼─ conflict ────────► another body under this key
 *                                                                             └─ anything else ───► not stored
 *
 * The Idempotency-Key belongs to whoever sends it and lives 31 days. A finding never joins an open report by itself: it is flagged possible_duplicate
 * and merged by hand.
 */
#ifndef FLOW_INTAKE_H
#define FLOW_INTAKE_H

#include "domain/intake.h"
#include "domain/receipt.h"
#include "flow/setup.h"

struct intake_request {
    const struct intake *intake; /* without faults; may be released after the call */
    const json_t *body;    /* what it was read from: the same key with another one is a conflict */
    struct str key;        /* Idempotency-Key */
    const char *by, *name; /* id and name of the token, or of the command */
    const char *rid;       /* for the log */
};

enum intake_kind { INTAKE_FILED, INTAKE_REPEATED, INTAKE_CONFLICT, INTAKE_UNSTORED };

struct intake_answer {
    enum intake_kind kind;
    char receipt[RECEIPT_BYTES]; /* FILED, REPEATED */
    bool lead;                   /* filed as a lead */
};

typedef void intake_done_fn(void *arg, const struct intake_answer *answer);

/* done is called exactly once, never before intake_file returns. */
void intake_file(const struct setup *setup, struct store *store,
                 const struct intake_request *request, intake_done_fn *done, void *arg);

/* Whose calendar of pushes a place belongs to: its county; where there is none, its town. Of an area above counties: the only one below it, or AREA_NONE. */
area_index intake_county(const struct areas *areas, area_index area);

#endif
