/*
 * queue.h - events on their way to the monitoring system: due-time ordered, with leases (house.md §3, mechanics.md "Queue and delivery").
 *
 *   put ──► READY ──reserve──► SENDING ──delivered──► DELIVERED
 *     │       ▲  ▲                │ │
 *   HELD ─────┘  └─lease expired──┘ ├─later──► DELAYED ──due──► READY
 *             └──────kick────── BURIED ◄─refused / gave up
 *
 * HELD: behind an earlier event of its report, or for a reason (upstream: no url, id). Each event is in exactly one place; counts are kept by the functions:
 * made = held + ready + delayed + sending + delivered + buried + dropped.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "domain/receipt.h"
#include "store/store.h"

enum { QUEUE_EVENT_ID_BYTES = 32, QUEUE_BATCH_MAX = 64, QUEUE_WORDS_BYTES = 256 };

struct queue_job {
    char id[QUEUE_EVENT_ID_BYTES];
    char receipt[RECEIPT_BYTES];
    int64_t fence;
    int64_t attempts;  /* finished ones before this */
    int64_t tried_ms;  /* since its first LATER, without the time in which nothing could be sent */
    struct str sealed; /* valid during the call */
};

typedef void queue_reserve_done_fn(void *arg, enum op_status status, const struct queue_job *jobs,
                                   size_t count, int64_t next_due_ms);
/* At most `most` jobs, never more than `window` SENDING in the bucket over all gateways. next_due_ms: ms until the next delayed one or lease end, -1 none. Due DELAYED and
 * expired leases return to READY first. */
void queue_reserve(struct store *store, unsigned bucket, int64_t most, int64_t window,
                   int64_t lease_ms, int64_t backoff_max_ms, queue_reserve_done_fn *done,
                   void *arg);

enum queue_outcome {
    QUEUE_DELIVERED,
    QUEUE_LATER,
    QUEUE_PUT_OFF, /* as LATER, but it does not count towards giving up: the trouble is how we are configured */
    QUEUE_BURY,
    QUEUE_RELEASE /* back to READY, no attempt burnt */
};

struct queue_result {
    char id[QUEUE_EVENT_ID_BYTES];
    int64_t fence;
    enum queue_outcome outcome;
    int64_t delay_ms; /* QUEUE_LATER, QUEUE_PUT_OFF */
    bool delay_said;  /* Retry-After set it: not cut to backoff_max */
    int status;       /* HTTP status or 0 */
    char words[QUEUE_WORDS_BYTES];
    char upstream_id[129];
    int64_t at_ms; /* wall, for the attempt's record */
};

/* delivered counts from any lease; later and bury only from the current one. Records the attempt. One call per bucket and loop turn. */
typedef void queue_settle_done_fn(void *arg, enum op_status status);
void queue_settle(struct store *store, unsigned bucket, const struct queue_result *results,
                  size_t count, queue_settle_done_fn *done, void *arg);

/* Wakes forward workers: called by accept inside the functions (PUBLISH ms:{NN}:wake); here the other side. After each (re)connection it is called
 * for all buckets 0–99, since messages may have been missed. */
void queue_on_wake(struct store *store, void (*woken)(void *arg, unsigned bucket), void *arg);

struct queue_counts {
    int64_t accepted, drills, made, held, ready, delayed, sending, delivered, buried, dropped;
    int64_t oldest_ready_ms;  /* age; 0 none */
    int64_t delivered_ago_ms; /* since the last delivery; -1 never */
    int64_t leads, promoted;  /* findings; those that became reports and are accepted as well */
    int64_t records;          /* accepted + leads - promoted */
};
typedef void queue_counts_done_fn(void *arg, enum op_status status,
                                  const struct queue_counts *counts);
void queue_counts(struct store *store, const unsigned char *buckets, size_t bucket_count,
                  queue_counts_done_fn *done, void *arg);

/* An upstream url is there now: what was held for want of one becomes ready (first of each report). */
void queue_release_held(struct store *store, unsigned bucket, const char *reason,
                        queue_settle_done_fn *done, void *arg);

/* The clock's part in a bucket, at least once a minute: due and expired ones return to READY, drills that are gone leave the change order. */
void queue_sweep(struct store *store, unsigned bucket, queue_settle_done_fn *done, void *arg);

/* For operators (`mashang queue …`). The recount of the law is store/audit.h. */
enum { QUEUE_AREA_BYTES = 24, QUEUE_ATTEMPTS_MAX = 20, QUEUE_ROWS_MAX = 100 };

struct queue_row { /* strings are valid during the call */
    struct str id, receipt, area, state;
    int64_t made_ms, since_ms; /* since: in its present place */
    int64_t attempts;
    struct str why; /* held: order, upstream, id; buried: the answer's words */
    struct str upstream_id;
};

struct queue_attempt {
    int64_t at_ms;  /* wall */
    int64_t status; /* HTTP, or 0 */
    struct str outcome, words;
};

/* The buried ones of a bucket, oldest first; count < most (≤ QUEUE_ROWS_MAX): that was the end. */
typedef void queue_rows_done_fn(void *arg, enum op_status status, const struct queue_row *rows,
                                size_t count);
void queue_dead(struct store *store, unsigned bucket, size_t offset, size_t most,
                queue_rows_done_fn *done, void *arg);

/* One event with its last attempts; row NULL: there is none. The events of a report are its receipt and {receipt}-2 … {receipt}-version (with gaps). */
typedef void queue_show_done_fn(void *arg, enum op_status status, const struct queue_row *row,
                                const struct queue_attempt *attempts, size_t attempt_count);
void queue_show(struct store *store, const char *event_id, queue_show_done_fn *done, void *arg);

/* answer: "kicked" or "buried", "gone" (no such event), else the place from which it cannot be moved (delivered, sending, ready, held behind another). */
typedef void queue_word_done_fn(void *arg, enum op_status status, const char *answer);
/* Buried, delayed, or held for a reason: ready now, attempts and the clock of giving up begin anew. */
void queue_kick(struct store *store, const char *event_id, queue_word_done_fn *done, void *arg);
void queue_bury(struct store *store, const char *event_id, const char *words,
                queue_word_done_fn *done, void *arg);

/* All buried ones whose words contain `why` ("" all), buried since that Redis time (wall ms; 0 all). */
typedef void queue_number_done_fn(void *arg, enum op_status status, int64_t number);
void queue_kick_all(struct store *store, unsigned bucket, const char *why, int64_t since_ms,
                    queue_number_done_fn *done, void *arg);

#endif
