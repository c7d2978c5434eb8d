/*
 * hidden.h - what an event says about a person, for whoever writes down the words of an answer to it (domain/verdict.h).
 */
#ifndef FLOW_HIDDEN_H
#define FLOW_HIDDEN_H

#include <jansson.h>

#include "base/str.h"

enum { HIDDEN_MAX = 32 };

struct hidden {
    struct str at[HIDDEN_MAX]; /* borrowed from event */
    size_t count;
    json_t *event;
};

/* cloud_event: contract §8. Names, numbers and texts of two characters and more; slugs and codes are no secret. */
void hidden_of(struct str cloud_event, struct hidden *ret);
void hidden_release(struct hidden *hidden);

#endif
