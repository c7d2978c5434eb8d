/*
 * sweep.h - what the clock and lost answers leave to do, in the forward worker: expired leases back to READY, lost settles, audit anchors each minute,
 * held events when an upstream url has come, what the clock changes (flow/clock.h), what has come
 * under other areas (flow/places.h), and once an hour what was kept long enough (flow/retention.h).
 */
#ifndef FLOW_SWEEP_H
#define FLOW_SWEEP_H

#include "flow/setup.h"
#include "net/loop.h"

struct sweep;

struct sweep *sweep_new(struct loop *loop, const struct setup *setup, struct store *store);
void sweep_stop(
    struct sweep *sweep); /* before the store is freed: begins nothing more; NULL is allowed */
void sweep_free(struct sweep **sweep); /* after it */

#endif
