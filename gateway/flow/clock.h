/*
 * clock.h - what time alone changes: signals that turn yellow, orange, red, pauses and claims that end. Each is a version of its own, so that whoever
 * follows the feed sees it (mechanics.md). Run by the sweep, in one process per gateway; two gateways meet at the version and one yields.
 *
 *   tick ─► due reports of each bucket (ms:{NN}:clock) ─► flow/edit ─┬─ something is another ─► written
 *                                                                    └─ nothing ─────────────► looked at again when it is due
 */
#ifndef FLOW_CLOCK_H
#define FLOW_CLOCK_H

#include "flow/setup.h"
#include "net/loop.h"

struct clock;

struct clock *clock_new(struct loop *loop, const struct setup *setup, struct store *store);
/* Before the store is freed: nothing is begun any more. */
void clock_stop(struct clock *clock);
void clock_free(struct clock **clock); /* after the store: what was asked of it has answered */

#endif
