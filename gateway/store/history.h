/*
 * history.h - what is on record: the chain of a report, and who has searched for whom.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "domain/receipt.h"
#include "store/store.h"

enum { HISTORY_PAGE = 500 };

/*
 * Of a report's chain the link number `from` (the first: 0) and those behind it, `most` (≤ HISTORY_PAGE) of them, each `<64 hex> <seq> <json>`; fewer:
 * that was the end. head: the hash that the record names as the newest, "" without a record. Valid during the call; nothing unless OP_OK.
 */
typedef void history_done_fn(void *arg, enum op_status status, struct str head,
                             const struct str *links, size_t count);
void history_read(struct store *store, const char *receipt, size_t from, size_t most,
                  history_done_fn *done, void *arg);

/* Who has searched, kept for keep_ms. words: nothing that was searched for. */
typedef void access_done_fn(void *arg, enum op_status status);
void access_note(struct store *store, unsigned bucket, const char *words, int64_t keep_ms,
                 access_done_fn *done, void *arg);

#endif
