/*
 * sweep.h - what the clock and lost answers leave to do, in the forward worker: expired leases back to READY, lost settles, audit anchors each minute,
 * held events when an upstream url has come.
 */
#ifndef FLOW_SWEEP_H
#define FLOW_SWEEP_H

#include "flow/setup.h"
#include "net/loop.h"

struct sweep;

struct sweep *sweep_new(struct loop *loop, const struct setup *setup, struct store *store);
void sweep_free(struct sweep **sweep);

#endif
