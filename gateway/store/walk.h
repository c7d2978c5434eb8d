/*
 * walk.h - every report of a bucket once, a slice at a time, in the order of its changes. One that changes meanwhile may be met again.
 */
#ifndef STORE_WALK_H
#define STORE_WALK_H

#include "store/store.h"

enum { WALK_SLICE_MAX = 200 };

enum walk_kind {
    WALK_ALL,   /* reports and leads */
    WALK_OPEN,  /* those of which a clock runs, the days for an objection too */
    WALK_DRILLS /* drills, which stand apart */
};

/* next: where to go on, -1 at the end; total: of the whole order. Receipts are valid during the call. */
typedef void walk_done_fn(void *arg, enum op_status status, const struct str *receipts,
                          size_t count, int64_t next, int64_t total);
void walk_slice(struct store *store, unsigned bucket, enum walk_kind kind, int64_t after,
                walk_done_fn *done, void *arg);

#endif
