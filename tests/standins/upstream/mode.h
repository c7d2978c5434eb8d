/*
 * mode.h - how the stand-in fails, as POST /control said it. {} is: not at all.
 *
 *   {"status": 500}          this status            "count": 3            only so many deliveries, then {}
 *   {"retry_after": "2"}     with Retry-After       "for": "text"         only bodies that contain it
 *   {"location": "/other"}   with Location          "stall_ms": 5000      the answer comes so much later
 *   {"body": "…"}            with this body         "drip": true          the answer comes a byte every 500 ms
 *   {"code_inside": 500}     200 with {"code": 500, "msg": "…"}
 *   {"reset": true}          no answer, the connection is reset
 *   {"garbage": true}        bytes that are no HTTP
 *   {"lose_answer": true}    the effect happens, the connection is reset
 *
 * There is an effect when the answer would say so: a 2xx status, and a code inside that is 0 or 2xx; none with reset and garbage.
 */
#ifndef STANDINS_UPSTREAM_MODE_H
#define STANDINS_UPSTREAM_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { MODE_TEXT_BYTES = 4096, MODE_HEADER_BYTES = 256 };

struct mode {
    int64_t count; /* deliveries still to fail; -1: until another mode comes */
    int64_t status, stall_ms, code_inside; /* code_inside: -1 is none */
    bool reset, drip, garbage, lose_answer, has_body, has_for;
    char retry_after[MODE_HEADER_BYTES], location[MODE_HEADER_BYTES];
    char body[MODE_TEXT_BYTES], only_for[MODE_TEXT_BYTES];
};

void mode_clear(struct mode *mode);
/* Replaces the mode; on an error it stays as it was. */
bool mode_parse(struct mode *mode, struct str json, struct err *err) MUST_CHECK;
/* What to do with this delivery; counts it. */
struct mode mode_take(struct mode *mode, struct str body);
bool mode_has_effect(const struct mode *mode);

#endif
