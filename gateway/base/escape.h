/*
 * escape.h - writing text where it must not be mistaken for markup, and the plain encodings.
 *
 * The escapers append to a buffer. Text is UTF-8; escape_json also replaces nothing else than what RFC 8259 §7 demands.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

void escape_html(struct buf *to, struct str text); /* & < > " ' */
void escape_xml(struct buf *to,
                struct str text); /* as html; characters XML 1.0 forbids become U+FFFD */
void escape_json(struct buf *to, struct str text); /* the inside of a string, without its quotes */
void escape_form(struct buf *to,
                 struct str text); /* application/x-www-form-urlencoded: space is + */
void escape_path(struct buf *to, struct str text); /* RFC 3986 unreserved stay */

/* %XX and, when plus_is_space, +. False on a broken escape. Appends. */
bool unescape_url(struct buf *to, struct str text, bool plus_is_space);

void hex_put(struct buf *to, struct str bytes); /* lower case */
bool hex_parse(struct str text, void *ret_bytes, size_t bytes);
void base64_put(struct buf *to, struct str bytes);
bool base64_parse(struct buf *to, struct str text);   /* RFC 4648 §4, padded, strict */
void base64url_put(struct buf *to, struct str bytes); /* RFC 4648 §5, no padding */
bool base64url_parse(struct buf *to, struct str text);

/* Crockford base32, most significant bits first, upper case. Reading folds case, O to 0, I and L to 1. */
void base32_put(struct buf *to, struct str bytes);
/* Strict about length: text must be what base32_put makes of `bytes` bytes (spare bits zero). */
bool base32_parse(struct str text, void *ret_bytes, size_t bytes);
size_t base32_length(size_t bytes);

#endif
