/*
 * history.h - what is on record: the chain of a report, and who has searched for whom.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "domain/receipt.h"
#include "store/store.h"

enum { HISTORY_PAGE = 500 };

/*
 * The nth link of a report's chain and those behind it, each `<64 hex> <seq> <json>`; fewer than HISTORY_PAGE: that was the end. head: the hash
 * that the record names as the newest, "" without a record. Valid during the call; nothing unless OP_OK.
 */
typedef void history_done_fn(void *arg, enum op_status status, struct str head,
                             const struct str *links, size_t count);
void history_read(struct store *store, const char *receipt, size_t from, history_done_fn *done,
                  void *arg);

/* Who has searched, kept for keep_ms. words: nothing that was searched for. */
typedef void access_done_fn(void *arg, enum op_status status);
void access_note(struct store *store, unsigned bucket, const char *words, int64_t keep_ms,
                 access_done_fn *done, void *arg);

#endif
