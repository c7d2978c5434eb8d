/*
 * limits.h - counters that make guessing useless (contract §6, mechanics.md). Only failures are written.
 */
#ifndef STORE_LIMITS_H
#define STORE_LIMITS_H

#include "store/store.h"

struct guess_limits {
    int64_t receipt_failures_hour, receipt_failures_life, id_failures_day;
};

enum guess_kind { GUESS_RIGHT, GUESS_WRONG, GUESS_LOCKED };

struct guess_answer {
    enum guess_kind kind;
    int64_t retry_after_s; /* when locked; 0: for good */
    char receipt[13];      /* right, by ID */
};

typedef void guess_done_fn(void *arg, enum op_status status, const struct guess_answer *answer);
/*
 * cell: keyed hash of the receipt (counts alike whether it exists); last4_hashes: IDENTITY_LAST4 under current and previous key. By number one whose
 * guesses in its life are used up answers as an unknown one does. page_cell: another keyed hash of it, where the guesser stands on its page, whose
 * signed link he has: guesses by number do not lock him out; NULL: by number. While Redis is full nothing is answered (OP_REFUSED).
 */
void guess_receipt(struct store *store, const struct guess_limits *limits, const char *receipt,
                   const char *cell, const char *page_cell, const char *const last4_hashes[2],
                   guess_done_fn *done, void *arg);
/* cell: keyed hash of the ID. Asks all buckets, counts in the bucket of the cell (its first byte mod 100). */
void guess_id(struct store *store, const struct guess_limits *limits, const char *cell,
              const unsigned char *buckets, size_t bucket_count, const char *const id_hashes[2],
              const char *const phone_hashes[2], guess_done_fn *done, void *arg);

#endif
