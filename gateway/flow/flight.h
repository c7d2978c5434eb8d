/*
 * flight.h - one reserved event on its way to the monitoring system, from the opened seal to what the queue is to do with it.
 *
 *   flight_begin ─► open seal ─► [token] ─► shape, sign, fetch ─► verdict ─► landed
 *                      │          │   ▲              │ 401, once
 *                      │          │   └──────────────┘
 *                      └ cannot ──┴ none ───────────────────────────────► landed
 */
#ifndef FLOW_FLIGHT_H
#define FLOW_FLIGHT_H

#include "flow/access_token.h"
#include "store/queue.h"

/* What all flights share. The owner's, and it outlives them. */
struct flight_line {
    const struct setup *setup;
    struct outgoing *outgoing;
    struct fetcher *fetcher;
    struct access_token *access;
    struct verdict_rules rules;
    int64_t
        delivered_wall_ms; /* when the other side last took something: 404 and 410 bury only soon after */
    bool stopping;         /* no second token is asked for */
};

enum flight_kind {
    FLIGHT_DELIVERED,
    FLIGHT_REFUSED,
    FLIGHT_LATER,    /* with a delay, or buried when give_up_hours have passed */
    FLIGHT_MISTAKEN, /* we are misconfigured; no attempt is burnt */
    FLIGHT_UNSENT    /* it could not be opened or shaped: buried, the other side was not asked */
};

struct flight_end {
    unsigned bucket;
    enum flight_kind kind;
    struct queue_result result;
};

/* Exactly once; perhaps before flight_begin returns, and when the fetcher is freed. end is valid during the call. */
typedef void flight_landed_fn(void *arg, const struct flight_end *end);
void flight_begin(const struct flight_line *line, unsigned bucket, const struct queue_job *job,
                  flight_landed_fn *landed, void *arg);

#endif
