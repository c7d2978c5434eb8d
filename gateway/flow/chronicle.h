/*
 * chronicle.h - everything that happened to a report, oldest first, and whether its chain holds (mechanics.md "Keys and seals"): each hash is made
 * anew from the one before, and the last one is what the record names.
 *
 *   read ─► guard ─► history_read, page by page ─► events, verified
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
    bool verified;
};

typedef void chronicle_done_fn(void *arg, const struct chronicle_answer *answer);
/* guard: alive until done. answer is valid during the call. */
void chronicle_read(const struct setup *setup, struct store *store, const char *receipt,
                    const struct guard *guard, chronicle_done_fn *done, void *arg);

#endif
