/*
 * words.h - blank-separated words of a record (risks, flags) and JSON arrays of texts.
 */
#ifndef FLOW_WORDS_H
#define FLOW_WORDS_H

#include <jansson.h>

#include "base/buf.h"

bool words_have(struct str words, const char *word);
void words_add(struct buf *to, const char *words); /* those that are not there yet */
/* All but those that are gone, in their order; appends. */
void words_without(struct str words, const char *gone, struct buf *to);
/* The texts of an array; initialises the buffer. */
void words_of_array(const json_t *array, struct buf *to);
json_t *words_to_array(struct str words); /* the caller owns it */

#endif
