/*
 * breaker.h - one switch between us and the monitoring system: it opens when an answer says that we are configured wrongly.
 *
 *   CLOSED ──misconfigured──► OPEN ──breaker_open_ms──► HALF-OPEN (one event as a probe) ──any other answer──► CLOSED
 *                              ▲                            └──misconfigured──┐
 *                              └───────────────────────────────────────────────┘
 */
#ifndef FLOW_BREAKER_H
#define FLOW_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

struct breaker {
    enum { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN } state;
    int64_t until_ms; /* OPEN: monotonic */
    int64_t open_ms;
};

/* How many events may go out now, of those that there is room for. OPEN becomes HALF-OPEN when its time has come. */
int64_t breaker_allows(struct breaker *breaker, int64_t room, int64_t in_flight, int64_t now_ms);
bool breaker_trip(struct breaker *breaker, int64_t now_ms); /* true when it was closed */
bool breaker_pass(struct breaker *breaker);                 /* true when it was not closed */

#endif
