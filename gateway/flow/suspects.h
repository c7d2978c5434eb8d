/*
 * suspects.h - events that tripped the breaker. An answer such as 403 says that we are misconfigured, unless others are delivered and only this one is refused
 * again (a filter before the monitoring system that dislikes its words): then it is its own trouble and must delay nobody.
 *
 * A small ring: the oldest suspect is forgotten. Event ids only.
 */
#ifndef FLOW_SUSPECTS_H
#define FLOW_SUSPECTS_H

#include <stddef.h>
#include <stdint.h>

enum { SUSPECTS_MAX = 64, SUSPECT_ID_BYTES = 32 };

struct suspects {
    struct {
        char id[SUSPECT_ID_BYTES];
        int64_t trips;
        int64_t last_ms;
    } at[SUSPECTS_MAX];
    size_t next;
};

/* This event was answered so at now_ms; the last delivery of any event was at delivered_ms (0: never). Returns 0 when the answer speaks of us (trip the breaker),
 * else how many times this event alone was refused so (≥ 1). */
int64_t suspects_judge(struct suspects *suspects, const char *event_id, int64_t now_ms,
                       int64_t delivered_ms);

#endif
