/*
 * rewrap.h - everything that is stored under an older key comes under the current ones: seals are re-wrapped, keyed hashes made anew from what is
 * sealed, and the entries under which a person is found move along. Without downtime: each record is one call that expects what it has read, so a
 * change meanwhile is never lost, and a run that was killed is simply begun again.
 *
 *   each bucket ─► reports ─► drills ─► events ─► next bucket … ─► done
 *                     │          │         └ sealed under an older key? ─► re-wrapped ─► rewrap_event_put
 *                     └──────────┴─► read ─► sealed under an older key? re-wrapped
 *                                     ▲      hashes of an older key?    made anew ─► rewrap_report
 *                                     └── moved (≤ 5) ────────────────────────────────┘
 *
 * A dry run only counts.
 */
#ifndef FLOW_REWRAP_H
#define FLOW_REWRAP_H

#include "flow/setup.h"
#include "store/store.h"

struct rewrap_counts { /* by the id of the key they were under when they were met */
    int64_t seal_reports[KEY_ID_MAX + 1], seal_events[KEY_ID_MAX + 1];
    int64_t lookup_reports[KEY_ID_MAX + 1]; /* 0: under no key of the keyring */
    int64_t unreadable; /* neither re-wrapped nor made anew: the seal's key is gone */
    int64_t written;
};

struct rewrap_result {
    enum op_status status; /* the first trouble with the store; the run ended there */
    struct rewrap_counts counts;
};
typedef void rewrap_result_fn(void *arg, const struct rewrap_result *result);
/* Of this order of this bucket, for a progress bar. */
typedef void rewrap_progress_fn(void *arg, int64_t looked_at, int64_t total);

struct rewrap_request {
    bool dry;
    rewrap_progress_fn *progress; /* or NULL */
    rewrap_result_fn *done;
    void *arg;
};
/* done exactly once, never before this returns. */
void rewrap_run(const struct setup *setup, struct store *store,
                const struct rewrap_request *request);

#endif
