/*
 * utf8.h - UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Takes one code point off *rest. False at the end and at a broken sequence (rest->len tells which). */
bool utf8_next(struct str *rest, uint32_t *ret_code);
bool utf8_valid(struct str text);
size_t utf8_length(struct str text); /* in code points; the text must be valid */
void utf8_put(struct buf *to, uint32_t code);
/* The longest prefix of at most `codes` code points. */
struct str utf8_head(struct str text, size_t codes);

#endif
