/*
 * chronicle.h - a page of what happened to a report, oldest first, and whether its chain holds there (mechanics.md "Keys and seals"): each hash is made
 * anew from the one before, and where the page reaches the end, the last one is what the record names.
 *
 *   read ─► guard ─► history_read: [the link before the page] ─► the page, in slices ─► events, verified, next
 */
#ifndef FLOW_CHRONICLE_H
#define FLOW_CHRONICLE_H

#include <jansson.h>

#include "flow/guard.h"
#include "flow/setup.h"

enum chronicle_kind {
    CHRONICLE_DONE,
    CHRONICLE_GUARDED, /* verdict */
    CHRONICLE_GONE,
    CHRONICLE_LATER
};

struct chronicle_answer {
    enum chronicle_kind kind;
    enum guard_verdict verdict;
    const struct report_record *record; /* GUARDED */
    json_t
        *events; /* DONE: [{seq, hash, previous, at, by, name, who, event, version, …}]; borrowed */
    bool
        verified; /* these events, and that the newest of them is the report's when there are no more */
    size_t next; /* links up to the end of this page */
    bool more;   /* others stand behind them */
};

enum { CHRONICLE_LIMIT_MAX = 1000 };
struct chronicle_page {
    size_t after; /* links to leave out, from the first on */
    size_t limit; /* 1 … CHRONICLE_LIMIT_MAX */
};

typedef void chronicle_done_fn(void *arg, const struct chronicle_answer *answer);
/* guard: alive until done. answer is valid during the call. */
void chronicle_read(const struct setup *setup, struct store *store, const char *receipt,
                    const struct chronicle_page *page, const struct guard *guard,
                    chronicle_done_fn *done, void *arg);

#endif
