/*
 * retention.h - what was kept long enough goes: `[retention] decided_days` after the decision (and after 风险消除), `undecided_days` after the last
 * event of a report that was never decided, or whose objection or 风险消除 still runs. What the clock or a new calendar changes is no event.
 *
 *   each bucket ─► retention_aged ─► a slice ─► next bucket … ─► done
 *                    ▲                  │ each receipt
 *                    │                  ▼
 *                    │               read ─► its procedure at hand? ─no─► fetch ─► read
 *                    │                ▲ │ yes
 *                    │                │ ▼
 *                    │                │ how old? ─┬─ not yet, or soon ────────────► row ─┐
 *                    │                │           └─ due ─► dry run ──────────────► row ─┤
 *                    │                │                  └─► retention_purge ─► purged ─► row ─┤
 *                    │                └──── moved (≤ 5) ───────┘ └ an event is under way: later ┤
 *                    └──────────────────────────────────────────────────────────────────────────┘
 *
 * A household may ask for it (PIPL article 47): then that receipt alone is read, and is due once it is decided or withdrawn and the monitoring system has
 * been told everything.
 *
 * One report at a time: deleting never hurries, and readers of the queue are not held up.
 */
#ifndef FLOW_RETENTION_H
#define FLOW_RETENTION_H

#include "flow/setup.h"
#include "store/store.h"

enum retention_fate {
    RETENTION_ROW_DUE,  /* dry run: would go now */
    RETENTION_ROW_SOON, /* dry run: undecided, and due within soon_days */
    RETENTION_ROW_GONE, /* deleted now */
    RETENTION_ROW_LATER, /* due, but an event of it is being sent (of one asked for: not delivered): the next run takes it */
    RETENTION_ROW_OPEN /* asked for, and not decided */
};

struct retention_row { /* nothing personal */
    enum retention_fate fate;
    const char *receipt;
    struct str area;
    bool decided;
    int64_t since_ms, due_ms; /* decision or last event; when it is due */
};
typedef void retention_row_fn(void *arg, const struct retention_row *row);

struct retention_result {
    enum op_status status; /* the first trouble with the store; the run ended there */
    int64_t due, soon, gone, later, open;
};
typedef void retention_done_fn(void *arg, const struct retention_result *result);

struct retention_request {
    bool dry;
    int64_t soon_days; /* dry run */
    const char *
        receipt; /* this one alone, which its household wants deleted: when it is decided, however short ago; NULL all. Alive until done */
    const bool
        *stop; /* set by others: ends after the report under way; NULL never. Alive until done */
    retention_row_fn *row; /* NULL: nobody asks */
    retention_done_fn *done;
    void *arg;
};
/* done exactly once, never before this returns. */
void retention_run(const struct setup *setup, struct store *store,
                   const struct retention_request *request);

#endif
