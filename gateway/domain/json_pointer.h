/*
 * json_pointer.h - RFC 6901: "" is the whole document, "/a/0/b" a member of an element of a member; ~1 is a slash, ~0 a tilde.
 */
#ifndef DOMAIN_JSON_POINTER_H
#define DOMAIN_JSON_POINTER_H

#include <jansson.h>

#include "base/str.h"

/* Borrowed; NULL when it points at nothing or is no pointer. */
const json_t *json_pointer_get(const json_t *at, struct str pointer);

#endif
