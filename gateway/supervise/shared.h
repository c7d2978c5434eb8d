/*
 * shared.h - one map that the master and all its children see: a metrics slot per process and the queue's counts.
 *
 * The master alone gives slots out and takes them back; what a dead worker counted is added to the sums and stays. The forward
 * worker writes the queue's counts under a turn number, so that the master never reads half of them.
 */
#ifndef SUPERVISE_SHARED_H
#define SUPERVISE_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metrics.h"
#include "store/queue.h"

enum { SHARED_SLOTS = 1024 };

struct shared;

struct shared *shared_new(void);
void shared_free(struct shared **shared);

/* An empty slot; NULL when all are taken. */
struct metrics_slot *shared_take(struct shared *shared);
void shared_give_back(struct shared *shared, struct metrics_slot **slot);
/* The sum over the living and the dead. */
int64_t shared_sum(const struct shared *shared, enum metric metric);

/* The least healthy of the living processes: what /readyz says. */
struct shared_health {
    int64_t store; /* enum store_health */
    char store_why[128];
    bool breaker_open;
    char upstream_why[128];
};
void shared_health(const struct shared *shared, struct shared_health *ret);

void shared_queue_write(struct shared *shared, const struct queue_counts *counts);
/* False while nobody has written for STALE_MS, or ever. */
enum { SHARED_QUEUE_STALE_MS = 10000 };
bool shared_queue_read(const struct shared *shared, struct queue_counts *ret);
/* made = held + ready + delayed + sending + delivered + buried + dropped */
bool shared_law_holds(const struct queue_counts *counts);

#endif
