/*
 * facts.h - what everybody reads of a report beside its answers: state, steps under way, due days, signal, flags. Pure: time comes in.
 *
 * They are computed whenever a report is written and stored with it, so that a reader of the queue needs neither procedure nor calendar.
 * While a 风险消除 runs, steps, due days and signal are those of its own procedure; state and ending stay the report's.
 */
#ifndef DOMAIN_FACTS_H
#define DOMAIN_FACTS_H

#include "domain/signal.h"

enum {
    FACTS_STEPS_BYTES = PROCEDURE_STEPS_MAX * (PROCEDURE_ID_BYTES + 16),
    FACTS_FLAGS_BYTES = 512
};

struct facts_of {
    const struct procedure *procedure;
    const struct progress *progress;
    const struct procedure *clearing_procedure; /* NULL: none runs */
    const struct progress *clearing;
    const struct calendar *calendar;
    bool
        clocked; /* false: nobody reports the steps here ([progress] source = none), so nothing is late */
    bool urgent;
    struct str flags; /* blank-separated: those set by hand are kept, the derived ones made anew */
    int64_t now_ms;
};

struct facts {
    const char *state;
    char step[PROCEDURE_ID_BYTES]; /* the one due first, or "" */
    char steps
        [FACTS_STEPS_BYTES]; /* blank-separated id:due_ms of those under way; 0 without a due time */
    int64_t step_due_ms, total_due_ms; /* 0: none */
    enum signal signal;
    bool late;
    int64_t next_ms;               /* when the clock alone changes something; 0: never */
    int64_t ended_ms;              /* 0: not decided */
    const char *decision, *reason; /* borrowed from progress */
    char flags[FACTS_FLAGS_BYTES]; /* possible_duplicate id_missing minor drill additions …, then
                                      nudged not_visited disputed asked paused withdraw_asked objected authorisation_outstanding green clearing */
};

void facts_make(const struct facts_of *of, struct facts *ret);

#endif
