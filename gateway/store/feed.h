/*
 * feed.h - reading the queue: what has changed since, and what is there of a person. Nothing here writes.
 *
 * A feed reads one bucket's orders of change from a number on. Numbers are taken inside the writing functions, so an entry is there before any
 * later one is: whoever goes on from `last` misses no report's last version and sees no version twice.
 */
#ifndef STORE_FEED_H
#define STORE_FEED_H

#include "store/reports.h"

/* Where a bucket is read. Both blank-separated; what they name is in keys.h. */
struct feed_place {
    unsigned bucket;
    struct str orders; /* of a:<area> o:<org>, or changes, or dchanges; at most 128 */
    struct str paths;  /* only records of which the path holds one of these ids; empty: any */
};

enum { FEED_FILTER_BYTES = 32 };

/* They look at the newest version. "" any. */
struct feed_filter {
    char state[FEED_FILTER_BYTES], risk[FEED_FILTER_BYTES], source[FEED_FILTER_BYTES];
    char late[2];                 /* 1 0 */
    char kind[FEED_FILTER_BYTES]; /* report lead */
};

struct feed_slice {
    int64_t last; /* number of the last entry that was looked at; after, when there was none */
    int64_t
        head;   /* of the bucket's newest write: a reader that is beyond it reads what never was */
    bool ended; /* nothing more was there */
    size_t count; /* hits: feed_hit */
    const void *reply;
};

/* slice is valid during the call, NULL unless OP_OK. */
typedef void feed_read_done_fn(void *arg, enum op_status status, const struct feed_slice *slice);
/* At most limit hits, of at most scan entries. */
void feed_read(struct store *store, const struct feed_place *place,
               const struct feed_filter *filter, int64_t after, size_t limit, size_t scan,
               feed_read_done_fn *done, void *arg);
/* Receipt of the nth hit, and what lists show of its record (flow/item.h); nothing sealed; read_ms is left to the caller (0). */
void feed_hit(const struct feed_slice *slice, size_t nth, char ret_receipt[RECEIPT_BYTES],
              struct report_record *ret);

/*
 * News. heard: which orders of a bucket have moved, after each change; subscribed: from now on, after each (re)connect. Once per store, and
 * not together with queue_on_wake.
 */
typedef void feed_heard_fn(void *arg, unsigned bucket, int64_t seq, struct str orders);
void feed_on_change(struct store *store, feed_heard_fn *heard, loop_fn *subscribed, void *arg);
/* The number of a bucket's last change: whether something went unheard. */
typedef void feed_head_done_fn(void *arg, enum op_status status, int64_t head);
void feed_head(struct store *store, unsigned bucket, feed_head_done_fn *done, void *arg);

/* Search in one bucket. by: 'i' IDENTITY_ID, 'n' IDENTITY_NAME, 't' IDENTITY_PHONE. The newest ones first, at most 50. */
enum { LOOK_MOST = 50 };
struct look_request {
    unsigned bucket;
    char by;
    const char *hashes[STORE_PERSONS_MAX]; /* NULL ends */
    struct str paths;                      /* as in struct feed_place */
    const char *org;                       /* what it put in; "" any */
};
void look_up(struct store *store, const struct look_request *request, feed_read_done_fn *done,
             void *arg);

#endif
