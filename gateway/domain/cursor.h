/*
 * cursor.h - where a reader of the change feed stands: in which life of the store (its epoch), and of each bucket the number of the last change it
 * has looked at. Opaque to readers: base64url of a version, 8 bytes of the epoch's SHA-256, and `bucket number` pairs, ascending, numbers as
 * LEB128. Each cursor has one text only.
 */
#ifndef DOMAIN_CURSOR_H
#define DOMAIN_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/str.h"
#include "domain/receipt.h"

enum { CURSOR_EPOCH_BYTES = 8, CURSOR_TEXT_BYTES = 1224 };
#define CURSOR_SEQ_MAX (((int64_t)1 << 53) - 1) /* what the store can count */

struct cursor {
    unsigned char epoch[CURSOR_EPOCH_BYTES];
    int64_t seq[BUCKETS]; /* 0: from the beginning */
};

/* Before the first change. */
void cursor_begin(struct cursor *ret, const char *epoch);
/* From a reader: false when it is none of ours. */
bool cursor_parse(struct str text, struct cursor *ret) MUST_CHECK;
void cursor_print(const struct cursor *cursor, char ret_text[CURSOR_TEXT_BYTES]);
/* Of another epoch it says nothing: `cursor-expired`. */
bool cursor_is_of(const struct cursor *cursor, const char *epoch);

#endif
