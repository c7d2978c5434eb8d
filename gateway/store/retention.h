/*
 * retention.h - which reports have been kept long enough, and deleting what is personal of one of them.
 *
 * What goes: the sealed answers and notes, the masked name, all keyed hashes and the entries under which they are found, numbers that other systems
 * know it by, the payload of events that were not delivered (they count as dropped). What stays: place, dates, risks, ending, version, the audit
 * chain, the statistics, and for its 31 days what its form's token was used for.
 */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "store/reports.h"

enum { RETENTION_SLICE_MAX = 200 };

/* Receipts of a slice of the bucket's changes after that number that may be old enough: the caller looks at each one's progress. next: where to go on,
 * -1 at the end. Receipts are valid during the call. Drills are not among them: they go by themselves. */
struct retention_before {
    int64_t decided_ms, undecided_ms; /* decided, or last touched, up to then */
};
typedef void retention_aged_done_fn(void *arg, enum op_status status, const struct str *receipts,
                                    size_t count, int64_t next);
void retention_aged(struct store *store, unsigned bucket, int64_t after,
                    const struct retention_before *before, retention_aged_done_fn *done, void *arg);

struct retention_purge {
    const char *receipt;
    int64_t version;  /* expected; becomes version + 1 */
    const char *head; /* expected */
    struct store_audit audit;
    struct str stat; /* lines for the statistics, or empty */
    bool delivered;  /* only when all its events are: the others of it would be dropped */
    const struct store_pair *record;
    size_t record_count; /* at least one field to set */
};

enum retention_purged {
    RETENTION_PURGED,
    RETENTION_MOVED,  /* read again */
    RETENTION_GONE,   /* or purged already */
    RETENTION_SENDING /* an event of it is under way, or not delivered and must be: later */
};

typedef void retention_purge_done_fn(void *arg, enum op_status status,
                                     enum retention_purged purged);
void retention_purge(struct store *store, const struct retention_purge *request,
                     retention_purge_done_fn *done, void *arg);

#endif
