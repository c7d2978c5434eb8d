/*
 * stats.h - the sums behind statistics: journal lines (domain/stats.h) in, sums per area and period out (keys.h has the shapes).
 *
 * What changes a report puts its lines into the journal of its bucket in the same transaction; folding adds them to the sums and takes them off
 * in one call, so that nothing is lost or counted twice whatever dies in between. Reading folds first: figures are exact up to the answer's
 * `behind`. An area's figures may lie in any bucket (a report transferred from another county keeps its own), so readers ask all of them.
 */
#ifndef STORE_STATS_H
#define STORE_STATS_H

#include "domain/receipt.h"
#include "store/store.h"

enum {
    STATS_PERIOD_BYTES = 9, /* "20261123", "202611" or "now" */
    STATS_FIELD_BYTES_MAX = 128,
    STATS_FOLD_ENTRIES = 64
};

/* Lines that belong to no change: page opens and forms. Best effort: they may be lost with a crash. */
typedef void stats_add_done_fn(void *arg, enum op_status status);
void stats_add(struct store *store, unsigned bucket, struct str lines, stats_add_done_fn *done,
               void *arg);

/* Folds at most calls_max × STATS_FOLD_ENTRIES entries of each bucket. left: entries still in the journals; more only come while a recount runs. */
typedef void stats_fold_done_fn(void *arg, enum op_status status, int64_t left);
void stats_fold(struct store *store, const unsigned char *buckets, size_t bucket_count,
                int64_t calls_max, stats_fold_done_fn *done, void *arg);

struct stats_read {
    const unsigned char *buckets;
    size_t bucket_count;
    const char *
        dim; /* NULL: the plain sums; "risk": those by risk, fields are then `risk:illness|reports` */
    struct str areas;   /* ids, blank-separated */
    struct str periods; /* `202611=0,2 20261201=1 now=3`: the period, and the sets it is added to */
};

/* Sums, in no order; the same (area, set, field) may come more than once: add up. area: index into request->areas. */
typedef void stats_sum_fn(void *arg, size_t area, size_t set, struct str field, int64_t n);
/* behind: journal entries that could not be folded before reading (a recount runs, or very many wait). */
typedef void stats_read_done_fn(void *arg, enum op_status status, int64_t behind);
/* Many short calls, one after another. */
void stats_read(struct store *store, const struct stats_read *request, stats_sum_fn *each,
                stats_read_done_fn *done, void *arg);

/*
 * Recounts, in pieces however long they are, from the audit chains (their member "stat") and compares with the sums; with take the recount becomes the sums, in one step, page opens
 * and forms taken along. Others may write meanwhile; the sums stand still until it is over. One at a time in a bucket.
 */
struct stats_difference {
    struct str area, period, field;
    int64_t is, should;
};
typedef void stats_difference_fn(void *arg, unsigned bucket,
                                 const struct stats_difference *difference);
struct stats_recounted {
    bool busy;      /* somebody else recounts, or took over */
    int64_t differ; /* sums that were not what the chains say */
};
typedef void stats_recount_done_fn(void *arg, enum op_status status,
                                   const struct stats_recounted *recounted);
/* differs gets the first ones only. */
void stats_recount(struct store *store, const unsigned char *buckets, size_t bucket_count,
                   bool take, stats_difference_fn *differs, stats_recount_done_fn *done, void *arg);

#endif
