/*
 * feed_group.h - the inside of feed_hub.h: readers who ask alike are a group, found by what they ask, and listed under every order it reads, so that
 * a change finds those it concerns.
 */
#ifndef FLOW_FEED_GROUP_H
#define FLOW_FEED_GROUP_H

#include <sys/queue.h>

#include "flow/feed_hub.h"

enum { FEED_GROUP_MAGIC = 0x47727570, FEED_TABLE = 4096 };

/* Of a group, one order of one bucket. */
struct feed_watch {
    LIST_ENTRY(feed_watch) next;
    struct feed_group *group;
    unsigned bucket;
    struct str order; /* in the group's plan */
};
LIST_HEAD(feed_watches, feed_watch);

struct feed_wait {
    unsigned magic;
    bool hurry; /* answer with the next read, whatever it brings */
    struct feed_group *group;
    LIST_ENTRY(feed_wait) next;
    struct timer *timer;
    feed_done_fn *done;
    void *arg;
};
LIST_HEAD(feed_waits, feed_wait);

struct feed_group {
    unsigned magic;
    bool shared;  /* others may join: in the table */
    bool reading; /* a feed_page is under way */
    bool proven;  /* read to its end at least once */
    bool dirty;   /* in the hub's list */
    bool again;   /* something changed while it was read */
    struct feed_hub *hub;
    LIST_ENTRY(feed_group) same_hash, next, next_dirty;
    struct feed_waits waits;
    uint32_t hash;
    char *key;
    char *cursor; /* text: a whole one is large, and most have one bucket */
    struct feed_plan plan;
    struct feed_watch *watches;
    size_t watch_count;
};
LIST_HEAD(feed_groups, feed_group);
LIST_HEAD(feed_dirty_groups, feed_group);

struct feed_hub {
    unsigned magic;
    struct loop *loop;
    const struct setup *setup;
    struct store *store;
    struct feed_groups all, table[FEED_TABLE];
    struct feed_dirty_groups dirty;
    struct feed_watches orders[FEED_TABLE];
    struct timer *gather, *again, *heads, *settle;
    int64_t heard[BUCKETS];  /* the newest change that was told */
    int64_t tops[BUCKETS];   /* the newest change there was, when it was last asked */
    size_t watched[BUCKETS]; /* by how many places of groups */
    struct feed_hub_counts counts;
};

/* Those who ask just this. shared: others may join, and it may be one that is there already; else it is theirs alone. */
struct feed_group *feed_group_of(struct feed_hub *hub, const struct feed_query *query,
                                 const struct cursor *cursor, bool shared, bool *ret_new);
/* Nobody joins it any more. */
void feed_group_close(struct feed_group *group);
/* Nobody waits in it, and it is not being read. */
void feed_group_free(struct feed_group *group);
/* Whoever reads that order of the bucket, and some who do not. */
struct feed_watches *feed_group_watchers(struct feed_hub *hub, unsigned bucket, struct str order);

#endif
