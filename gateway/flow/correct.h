/*
 * correct.h - what was missing or wrong is completed at the visit: ID number, name, phone of the household (contract §6 `no_id`). An event
 * `corrected` for the monitoring system; what was held for want of an ID goes on.
 */
#ifndef FLOW_CORRECT_H
#define FLOW_CORRECT_H

#include "flow/edit.h"
#include "flow/guard.h"

struct correct_request {
    const char *receipt;
    struct edit_actor actor;
    const char *rid;
    const struct guard *guard; /* alive until done */
    /* normalised (domain/resident_id, person, phone); NULL: stays */
    const char *id_number, *name, *phone;
    struct str note; /* of staff, sealed; borrowed until done */
};

enum correct_kind {
    CORRECT_DONE,
    CORRECT_UNCHANGED,
    CORRECT_GUARDED,
    CORRECT_ENDED, /* decided: nothing is completed any more */
    CORRECT_GONE,
    CORRECT_LATER
};

struct correct_answer {
    enum correct_kind kind;
    enum guard_verdict verdict;
    const struct report_record *record; /* may be NULL */
};

typedef void correct_done_fn(void *arg, const struct correct_answer *answer);
void correct_report(const struct setup *setup, struct store *store,
                    const struct correct_request *request, correct_done_fn *done, void *arg);

#endif
