/*
 * settling.h - verdicts on their way back to the store: gathered for one loop turn, then one call per bucket. What Redis does not take is kept and sent
 * again; a lease that ends meanwhile sends the event a second time with the same ids.
 */
#ifndef FLOW_SETTLING_H
#define FLOW_SETTLING_H

#include "net/loop.h"
#include "store/queue.h"

struct settling;

/* settled is called after each answer, with the bucket. */
struct settling *settling_new(struct loop *loop, struct store *store,
                              void (*settled)(void *arg, unsigned bucket), void *arg);
void settling_close(
    struct settling *
        settling); /* drops what waits and takes no more; nothing is asked of the store any longer */
void settling_free(
    struct settling **settling); /* closed, and after the loop's booked work has run */
void settling_add(struct settling *settling, unsigned bucket, const struct queue_result *result);
bool settling_idle(const struct settling *settling);

#endif
