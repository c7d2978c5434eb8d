/*
 * inbox.h - the newest deliveries as they came, ready as JSON: {"at": …, "headers": {…}, "body": "…"}.
 */
#ifndef STANDINS_UPSTREAM_INBOX_H
#define STANDINS_UPSTREAM_INBOX_H

#include <stdint.h>

#include "base/buf.h"
#include "http/exchange.h"

enum { INBOX_MAX = 20000 };

struct inbox {
    char *at[INBOX_MAX]; /* a ring; owned */
    uint64_t count;      /* of all that came */
};

void inbox_add(struct inbox *inbox, const struct request *request, int64_t now_wall_ms);
void inbox_put(const struct inbox *inbox, struct buf *to); /* the array, oldest first */
void inbox_release(struct inbox *inbox);

#endif
