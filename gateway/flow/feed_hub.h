/*
 * feed_hub.h - thousands of readers who wait for the same few changes, on one subscription (contract §7: wait=0..30).
 *
 * Readers who ask alike (scope, filters, limit, cursor) are one group: one read and one body for all of them. A group is read once when it
 * begins and once, 20 ms later, after each burst of changes in an order it reads; nobody asks Redis by the clock for it.
 *
 *   feed_ask ─► group like it there? ─ yes ─────────────────────────────┐
 *                  │ no                                                 ▼
 *                  └─► read ─┬─ reports, expired, more to look at ─► all answered    waits ─┬─ changed ─► read
 *                            └─ nothing ────────────────────────────► waits                 ├─ time is up, stop ─► an empty page
 *                                                                                           └─ reader gone
 *
 * A group listens before it is read: a change told meanwhile has it read once more, and one told before is in what it reads. News that is lost
 * with a connection is found by asking for the number of each bucket's last change, after each reconnect and every 5 s.
 */
#ifndef FLOW_FEED_HUB_H
#define FLOW_FEED_HUB_H

#include "flow/feed.h"

struct feed_hub;
struct feed_wait; /* one reader who has not got his answer */

/* At most [limits] waits_max readers wait; who comes later is answered at once. */
struct feed_hub *feed_hub_new(struct loop *loop, const struct setup *setup, struct store *store);
/* After store_free: nothing is under way any more. Who still waits is told FEED_LATER. */
void feed_hub_free(struct feed_hub **hub);

/* done is called exactly once unless the wait is dropped before, never before feed_ask returns. wait_ms 0: answered with what there is. */
struct feed_wait *feed_ask(struct feed_hub *hub, const struct feed_query *query,
                           const struct cursor *cursor, int64_t wait_ms, feed_done_fn *done,
                           void *arg);
/* Answer soon, with what there is: the gateway drains. */
void feed_wait_stop(struct feed_wait *wait);
/* The reader is gone; nulls. */
void feed_wait_drop(struct feed_wait **wait);

struct feed_hub_counts {
    size_t waits, groups;
    uint64_t reads; /* of groups, since the beginning */
};
struct feed_hub_counts feed_hub_counts(const struct feed_hub *hub);

#endif
