/*
 * rewrap.h - records and waiting events under newer keys: the same content, no new version. And which keys the running gateways use.
 */
#ifndef STORE_REWRAP_H
#define STORE_REWRAP_H

#include "store/queue.h"
#include "store/reports.h"

enum { REWRAP_EVENTS_MAX = 64, REWRAP_GATEWAYS_MAX = 64, REWRAP_GATEWAY_BYTES = 256 };

enum rewrap_kind {
    REWRAP_WRITTEN,
    REWRAP_MOVED, /* the report has changed: read again */
    REWRAP_GONE   /* nothing is left to do */
};
typedef void rewrap_done_fn(void *arg, enum op_status status, enum rewrap_kind kind);

/* version: as read. The indexes follow the fields. */
void rewrap_report(struct store *store, const char *receipt, int64_t version,
                   const struct store_pair *pairs, size_t count, rewrap_done_fn *done, void *arg);

struct rewrap_event { /* valid during the call */
    struct str id, receipt, sealed;
};
/* Of a slice of the bucket's roll those that still have a payload. next: where to go on, -1 at the end; total: of the whole roll. */
typedef void rewrap_events_done_fn(void *arg, enum op_status status,
                                   const struct rewrap_event *events, size_t count, int64_t next,
                                   int64_t total);
void rewrap_events(struct store *store, unsigned bucket, int64_t after, rewrap_events_done_fn *done,
                   void *arg);
/* Only when it is still sealed as it was. */
void rewrap_event_put(struct store *store, const char *event_id, struct str before, struct str now,
                      rewrap_done_fn *done, void *arg);

/* Each gateway says twice a minute which keys it writes with: who re-wraps for a gateway that does not know the new key yet would blind it. */
struct rewrap_gateway {
    char name[REWRAP_GATEWAY_BYTES]; /* host and data folder */
    int64_t at_ms;                   /* wall, when it said so */
    int64_t seal, lookup;            /* ids of its current keys */
};
void rewrap_say_keys(struct store *store, const struct rewrap_gateway *gateway);
typedef void rewrap_gateways_done_fn(void *arg, enum op_status status,
                                     const struct rewrap_gateway *gateways, size_t count);
void rewrap_gateways(struct store *store, rewrap_gateways_done_fn *done, void *arg);

#endif
