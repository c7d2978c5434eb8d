/*
 * feed.h - a page of the change feed (contract §7): over all buckets of a scope, in ascending order of bucket, from where the cursor stands.
 *
 *   scope, narrowed ─► feed_plan (places per bucket) ─┐
 *   cursor ───────────────────────────────────────────┴─► bucket by bucket: feed_read ─┬─ limit hits, or all ended, or enough looked at ─► body, next
 *                                                                                      ├─ beyond the bucket's head ─► expired
 *                                                                                      └─ store away ─► later
 */
#ifndef FLOW_FEED_H
#define FLOW_FEED_H

#include "base/blob.h"
#include "domain/cursor.h"
#include "domain/scope.h"
#include "flow/setup.h"
#include "store/feed.h"

enum { FEED_LIMIT_MAX = 200, FEED_ORG_BYTES = 40 };

struct feed_query {
    struct scope scope;
    area_index narrow;        /* `?area=`, which lies in the scope; AREA_NONE: all of it */
    char org[FEED_ORG_BYTES]; /* own: what this organisation put in, wherever; "": by scope */
    bool drills;              /* drills and nothing else */
    struct feed_filter filter;
    size_t limit;
};

/* A query made ready: where to look in each bucket. */
struct feed_plan {
    struct feed_filter filter;
    area_index narrow; /* of the query */
    size_t limit;
    size_t count; /* 0: nothing there is in the scope */
    struct feed_place *at;
};
void feed_plan_make(const struct setup *setup, const struct feed_query *query,
                    struct feed_plan *ret);
void feed_plan_release(struct feed_plan *plan);
/* Whether it lies in the area that was asked for: places keep a report in their order that has left them, and filters look at what is now. */
bool feed_plan_has(const struct setup *setup, const struct feed_plan *plan,
                   const struct report_record *record);
/* Where a search looks: of each bucket in which reports of the scope may lie the `paths`; with an organisation, everywhere, unless narrowed. */
void feed_plan_paths(const struct setup *setup, const struct scope *scope, const char *org,
                     area_index narrow, struct feed_plan *ret);

enum feed_kind {
    FEED_PAGE,
    FEED_EXPIRED, /* the cursor is of another life of the store */
    FEED_LATER    /* the store is away */
};

struct feed_answer {
    enum feed_kind kind;
    size_t count;      /* reports in the body */
    bool ended;        /* nothing more was there */
    struct blob *body; /* PAGE: {"reports": […], "next": "…"}; hold it to keep it */
    const char *next;  /* PAGE: the cursor behind it */
};

/* answer is valid during the call. */
typedef void feed_done_fn(void *arg, const struct feed_answer *answer);
/* plan lives until done. */
void feed_page(const struct setup *setup, struct store *store, const struct feed_plan *plan,
               const struct cursor *cursor, feed_done_fn *done, void *arg);
/* A page with nothing on it; the caller drops it. */
struct blob *feed_empty_page(const char *next);

#endif
