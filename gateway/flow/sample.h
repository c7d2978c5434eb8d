/*
 * sample.h - a report of nobody, for trying what would be sent: `mashang upstream try`, and body templates at the start.
 */
#ifndef FLOW_SAMPLE_H
#define FLOW_SAMPLE_H

#include "flow/setup.h"

#define SAMPLE_RECEIPT "000000000000"

/* A whole CloudEvent as JSON text; the caller frees it. */
char *sample_event(const struct setup *setup);

#endif
