/*
 * ledger.h - which events had their effect: once each, however often they come. With a file, what was answered survives kill -9.
 *
 * The file holds one event id per line, in order; the number of an event is its line's. A last line without its end was never answered and is cut off.
 */
#ifndef STANDINS_UPSTREAM_LEDGER_H
#define STANDINS_UPSTREAM_LEDGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { LEDGER_ID_BYTES_MAX = 512 };

struct ledger {
    json_t *numbers; /* event id → number, from 1 */
    int fd;          /* -1: in memory only */
};

bool ledger_open(struct ledger *ledger, const char *path,
                 struct err *err) MUST_CHECK; /* NULL: no file */
void ledger_close(struct ledger *ledger);
/* UTF-8 of one line, not too long, not empty. */
bool ledger_takes(struct str id);
/* Gives a new event its number, once it is on the disk. 0: the disk refused it, nothing happened. */
int64_t ledger_note(struct ledger *ledger, struct str id);
int64_t ledger_find(const struct ledger *ledger, struct str id); /* 0: unknown */
size_t ledger_count(const struct ledger *ledger);
void ledger_put(const struct ledger *ledger, struct buf *to); /* {"id": 1, …} */

#endif
