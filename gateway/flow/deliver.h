/*
 * deliver.h - the departments' push calendar of one county, judged today: who delivered, who is late; and the words that are no finding.
 *
 *   deliver_read ─► deliveries_read ─► push_periods ─────────────────────────────────────► every push
 *   deliver_say ──► deliveries_read ─► which period? ─┬─► deliveries_note ─► deliver_read ─► that push
 *                                                     └ none, or not one ────────────────► DELIVER_NO_PERIOD
 */
#ifndef FLOW_DELIVER_H
#define FLOW_DELIVER_H

#include "flow/setup.h"
#include "store/deliveries.h"

struct deliver_push {
    const struct push *push;
    struct push_period periods[PUSH_PERIODS_MAX]; /* newest first */
    size_t count;
};

enum deliver_kind {
    DELIVER_DONE,
    DELIVER_NO_PERIOD, /* no period begins that day, it lies in the future or too long ago; or nothing is owed now */
    DELIVER_LATER
};

/* Valid during the call. */
struct deliver_answer {
    enum deliver_kind kind;
    area_index county;
    const struct deliver_push
        *pushes; /* DONE: the whole calendar in its order, or the one of a word */
    size_t count;
};

typedef void deliver_done_fn(void *arg, const struct deliver_answer *answer);

/* done is called exactly once, never before these return. county: flow/intake.h, intake_county. */
void deliver_read(const struct setup *setup, struct store *store, area_index county,
                  deliver_done_fn *done, void *arg);
/* day: the first of the period, or of the event; year 0: of the period that is owed now. */
void deliver_say(const struct setup *setup, struct store *store, area_index county,
                 const struct push *push, enum deliveries_word word, struct date day,
                 deliver_done_fn *done, void *arg);

#endif
