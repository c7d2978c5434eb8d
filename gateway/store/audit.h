/*
 * audit.h - the conservation law over events, recounted from the records (contract §9), and the anchors of the audit chains.
 *
 *   made = held + ready + delayed + sending + delivered + buried + dropped        per area and in sum
 *   accepted = first events made + unsent (accepted while [forward] events leaves them out)
 *   each event that waits stands in the index of its place
 *   records = accepted + leads - promoted        (a lead that became a report is accepted as well; purged ones keep their place)
 *   drills = those there + those gone after 7 days
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/queue.h"

enum { AUDIT_LOST_MAX = 100 };

struct audit_row {
    char area[QUEUE_AREA_BYTES];
    int64_t accepted, unsent, made; /* as counted when it happened */
    int64_t firsts, held, ready, delayed, sending, delivered, buried, dropped; /* recounted */
    int64_t missing; /* on the roll without a record */
};

struct audit_kinds {         /* reports, leads and drills apart */
    int64_t leads, promoted; /* counted when it happened */
    int64_t records;         /* on the roll of changes: reports and leads */
    int64_t drills, drills_there, drills_gone;
    int64_t purged;
};

struct audit_table {
    struct audit_row *rows; /* by area */
    size_t count;
    struct audit_row sum;
    struct audit_kinds kinds;
    bool holds;
    /* events that are not where they say, the first AUDIT_LOST_MAX */
    char lost[AUDIT_LOST_MAX][QUEUE_EVENT_ID_BYTES];
    size_t lost_count;
};

bool audit_row_holds(const struct audit_row *row);
bool audit_kinds_hold(const struct audit_kinds *kinds, int64_t accepted);

/* table is NULL unless OP_OK, and valid during the call. Others may write meanwhile: what they do is counted wholly or not at all. */
typedef void queue_audit_done_fn(void *arg, enum op_status status, const struct audit_table *table);
void queue_audit(struct store *store, const unsigned char *buckets, size_t bucket_count,
                 queue_audit_done_fn *done, void *arg);

/* Once a minute: a hash over the heads that changed since the last anchor of the bucket, kept there and meant for the log. */
struct audit_anchor {
    int64_t seq; /* changes of the bucket it covers */
    char hash[41];
};
typedef void audit_anchor_done_fn(void *arg, enum op_status status,
                                  const struct audit_anchor *anchor);
void audit_anchor(struct store *store, unsigned bucket, audit_anchor_done_fn *done, void *arg);

#endif
