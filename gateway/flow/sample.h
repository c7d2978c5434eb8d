/*
 * sample.h - a report of nobody, for trying what would be sent: `mashang upstream try`, and body templates at the start.
 */
#ifndef FLOW_SAMPLE_H
#define FLOW_SAMPLE_H

#include "flow/setup.h"

#define SAMPLE_RECEIPT "000000000000"

/* The kinds of events, as [forward] events names them: all of them, NULL-terminated; from SAMPLE_TELLING on those whose data say what happened. */
enum { SAMPLE_TELLING = 3 };
extern const char *const sample_kinds[];

struct sample {
    char id[32]; /* of the event: the receipt for an accepted one */
    char *text;  /* the whole CloudEvent as JSON */
};

void sample_event(const struct setup *setup, const char *kind, struct sample *ret);
void sample_release(struct sample *sample);

#endif
