/*
 * recalc.h - a new calendar of working days, and what it does to the reports whose clock runs and to the days for an objection.
 * The setup's calendar is the new one.
 *
 *   each bucket ─► walk_slice (WALK_OPEN) ─► a few at a time: edit_report ─┬─ nothing differs, or dry run ─► stopped ─► row?
 *                    ▲                                                     └─ due days, signal, next change ─► written ─► row
 *                    └──────────────────────────────── slice worked off ◄──────────────────────────────────────────┘
 *
 * Each report once, though what is written is met again behind the others, and also when somebody else changes it meanwhile.
 * A day that a farmer may have read never becomes earlier: then it is kept, and the row says so. Running it again changes what came in between only.
 */
#ifndef FLOW_RECALC_H
#define FLOW_RECALC_H

#include "domain/signal.h"
#include "flow/setup.h"
#include "store/store.h"

struct recalc_day {
    const char *step; /* its id, "total", "objection", or "object": until when the household may */
    struct date was, is;
    bool kept; /* the new calendar would make it earlier: it stays */
};

enum { RECALC_DAYS_MAX = 2 * SIGNAL_RECALC_MAX };

struct recalc_row { /* nothing personal */
    const char *receipt;
    struct str area;
    const struct recalc_day *days;
    size_t day_count;
};
typedef void recalc_row_fn(void *arg, const struct recalc_row *row);

struct recalc_result {
    enum op_status status;            /* the first trouble with the store; the run ended there */
    int64_t reports, changed, failed; /* looked at; written (dry run: would be); could not be */
};
typedef void recalc_done_fn(void *arg, const struct recalc_result *result);

struct recalc_request {
    bool dry;
    recalc_row_fn *row; /* for each report of which a day differs */
    recalc_done_fn *done;
    void *arg;
};
/* done exactly once, never before this returns. */
void recalc_run(const struct setup *setup, struct store *store,
                const struct recalc_request *request);

#endif
