/*
 * json_body.h - the JSON body of a request (RFC 8259), read strictly: one fault says what is wrong, and where.
 */
#ifndef DOMAIN_JSON_BODY_H
#define DOMAIN_JSON_BODY_H

#include <jansson.h>

#include "base/check.h"
#include "base/str.h"
#include "domain/json_fault.h"

enum {
    JSON_BODY_BYTES_MAX = 65536,
    JSON_BODY_DEPTH_MAX =
        16 /* objects and lists inside one another; the body itself is the first */
};

/*
 * The body as an object; the caller owns it. NULL: *ret_fault. Codes: syntax (not JSON; the detail has line and column), type (not an
 * object), large (over JSON_BODY_BYTES_MAX), duplicate (a name twice in one object), depth, nul (NUL in a text), number (beyond 64 bits when
 * whole, beyond a double otherwise).
 */
json_t *json_body_parse(struct str body, struct json_fault *ret_fault) MUST_CHECK;

#endif
