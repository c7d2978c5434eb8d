/*
 * callback.h - what the monitoring system tells us about a report (contract §8 `POST /hooks/upstream`, mechanics.md "Hook").
 *
 *   signature, age ─► JSON ─► flow/move ─┬─ applied, repeated, already so ─► done
 *                                        ├─ not allowed: on record ─────────► refused
 *                                        └─ no such report, store away ─────► unknown, later
 */
#ifndef FLOW_CALLBACK_H
#define FLOW_CALLBACK_H

#include "flow/setup.h"

struct callback_request {
    struct str id, timestamp,
        signature; /* webhook-id, webhook-timestamp, webhook-signature (Standard Webhooks) */
    struct str body;
    const char *rid;
};

enum callback_kind {
    CALLBACK_DONE,          /* 204: applied, or known already */
    CALLBACK_OFF,           /* 404: no secret is configured */
    CALLBACK_BAD_SIGNATURE, /* 401 */
    CALLBACK_UNKNOWN,       /* 404: no such report */
    CALLBACK_REFUSED,       /* 422: recorded, not applied, or not understood */
    CALLBACK_LATER          /* 503 */
};

struct callback_answer {
    enum callback_kind kind;
    const char *pointer; /* RFC 6901 into the body, or "" */
    const char *detail;
};

typedef void callback_done_fn(void *arg, const struct callback_answer *answer);
/* done is never called before this returns. */
void callback_apply(const struct setup *setup, struct store *store, struct loop *loop,
                    const struct callback_request *request, callback_done_fn *done, void *arg);
/* Pure: does the signature fit, and is the timestamp within 5 minutes of now? */
bool callback_signed(struct str secret, const struct callback_request *request,
                     int64_t now_wall_ms);

#endif
