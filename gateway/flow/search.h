/*
 * search.h - who is this, exactly: by receipt, ID number, phone, or name within an area, as masked rows inside a scope. Keyed hashes under the
 * current and the previous lookup key; nothing that was typed reaches Redis, a log, or what is kept about the search.
 *
 *   look_up in each bucket of the scope ─► newest 50 ─► access_note, log ─► rows
 *   receipt: reports_read ─► guard ────────────────────────┘      └ not on record: later
 */
#ifndef FLOW_SEARCH_H
#define FLOW_SEARCH_H

#include <jansson.h>

#include "flow/guard.h"
#include "flow/setup.h"

enum search_by { SEARCH_RECEIPT, SEARCH_ID, SEARCH_PHONE, SEARCH_NAME };

struct search_request {
    enum search_by by;
    struct str value; /* normalised (domain/) */
    const struct guard *
        guard; /* whose reports: its scope, or its organisation's; for a reader. Alive until done */
    area_index narrow;          /* of a name; AREA_NONE else */
    const char *token_id, *rid; /* who asks; copied */
};

/* rows: [{receipt, kind, mask, area, state, submitted_at}], newest first; borrowed. NULL: the store is away, or the search could not be put on
 * record. */
typedef void search_done_fn(void *arg, json_t *rows);
void search_reports(const struct setup *setup, struct store *store,
                    const struct search_request *request, search_done_fn *done, void *arg);

#endif
