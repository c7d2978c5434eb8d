/*
 * json_fault.h - what is wrong with a JSON document, and where: an RFC 6901 pointer, a code for programs, a sentence that says what is allowed.
 */
#ifndef DOMAIN_JSON_FAULT_H
#define DOMAIN_JSON_FAULT_H

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/str.h"

enum {
    JSON_FAULTS_MAX = 32,
    JSON_POINTER_BYTES = 256,
    JSON_CODE_BYTES = 24,
    JSON_DETAIL_BYTES = 256
};

struct json_fault {
    char pointer
        [JSON_POINTER_BYTES]; /* "" is the document itself; of a place too long for it: what holds the place */
    char code[JSON_CODE_BYTES];
    char detail[JSON_DETAIL_BYTES];
};

struct json_faults {
    struct json_fault at[JSON_FAULTS_MAX];
    size_t count; /* what comes after the last is not kept */
};

/* Of pointer/name; name "" means the place itself. Nothing when 32 are there. The detail is cut to its room. */
void json_fault_add(struct json_faults *faults, const char *pointer, const char *name,
                    const char *code, const char *format, ...) PRINTF_LIKE(5, 6);
/* Of the nth element of the list at pointer/name. */
void json_fault_add_nth(struct json_faults *faults, const char *pointer, const char *name,
                        size_t nth, const char *code, const char *format, ...) PRINTF_LIKE(6, 7);
/* [{pointer, code, detail}] for problem+json; the caller owns it. */
json_t *json_faults_json(const struct json_faults *faults);

/* Code and detail of a fault whose pointer is set. */
void json_fault_say(struct json_fault *fault, const char *code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* One step deeper. False, and the pointer as it was, when there is no room. */
bool json_pointer_push(char pointer[JSON_POINTER_BYTES], struct str name);
bool json_pointer_push_nth(char pointer[JSON_POINTER_BYTES], size_t nth);

#endif
