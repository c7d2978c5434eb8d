/*
 * deliveries.h - what came of the departments' pushes in one county: findings (counted by the accept that stores them, reports.h REPORT_PUSH),
 * 零报告, events. Which period they pay is domain/pushes.h.
 */
#ifndef STORE_DELIVERIES_H
#define STORE_DELIVERIES_H

#include "domain/pushes.h"
#include "store/store.h"

struct deliveries_county {
    unsigned bucket;
    struct str id;
};

struct deliveries_push {
    struct push_entry *entries;
    size_t count;
};

struct deliveries {
    struct date
        since; /* the day from which departments owe here: that of the first look or delivery */
    struct deliveries_push at[PUSHES_MAX]; /* as the calendar has them */
};

/* deliveries is valid during the call; NULL unless OP_OK. */
typedef void deliveries_read_done_fn(void *arg, enum op_status status,
                                     const struct deliveries *deliveries);
void deliveries_read(struct store *store, const struct deliveries_county *county,
                     const struct pushes *pushes, struct date today, deliveries_read_done_fn *done,
                     void *arg);

enum deliveries_word { DELIVERIES_NOTHING, DELIVERIES_HAPPENED };

/* NOTHING of the period that begins on that day; an event that HAPPENED on it. The same word again changes nothing. Durable when OP_OK. */
typedef void deliveries_note_done_fn(void *arg, enum op_status status);
void deliveries_note(struct store *store, const struct deliveries_county *county, const char *push,
                     enum deliveries_word word, struct date day, struct date today,
                     deliveries_note_done_fn *done, void *arg);

/* What a finding's REPORT_PUSH says. event: year 0 unless the push is one of events. */
enum { DELIVERIES_FINDING_BYTES = 80 };
void deliveries_finding(struct str county, const char *push, struct date day, struct date event,
                        char ret_text[DELIVERIES_FINDING_BYTES]);

#endif
