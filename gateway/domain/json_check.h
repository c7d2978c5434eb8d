/*
 * json_check.h - an object of a JSON body read against a table of its members: one table per kind of body.
 *
 *   body ─ json_body_parse ─► json_t ─ json_check_object(table) ─► json_member_… (no further question)
 *              │ one fault (400)           │ up to 32 faults (422)
 *
 * Codes: required, unknown_member, type, long, short, characters, not_allowed, range, time, many, few, repeated; callers add their own with
 * json_fault_add.
 */
#ifndef DOMAIN_JSON_CHECK_H
#define DOMAIN_JSON_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "domain/json_body.h"
#include "domain/json_fault.h"

/* Kinds of value; a member may allow several. */
enum json_kind {
    JSON_KIND_TEXT = 1,
    JSON_KIND_WHOLE = 2, /* a whole number; 3.0 is none */
    JSON_KIND_BOOL = 4,
    JSON_KIND_TIME = 8,  /* a text: RFC 3339 with offset */
    JSON_KIND_DAY = 16,  /* a text: 2026-11-23, its 00:00 in Asia/Shanghai */
    JSON_KIND_LIST = 32, /* of texts; of objects where the member has members */
    JSON_KIND_OBJECT = 64
};

struct json_member {
    const char *name; /* NULL ends the table */
    unsigned kinds;   /* set of enum json_kind */
    bool required;    /* null and the empty text count as missing */
    size_t chars_min; /* of a text and each text of a list, in code points */
    size_t chars_max; /* 0: no text (a member with words needs none) */
    const char
        *words;       /* blank-separated: nothing else is allowed, also in a list; NULL: any text */
    int64_t min, max; /* of a whole number, both included */
    size_t items_min; /* of a list that is there */
    size_t items_max; /* of a list; no text may stand in it twice */
    const struct json_member *members; /* of an object, or of each object of a list */
};

/* Members that are null pass as absent. True when no fault was added. pointer: where the object lies, "" for the body. */
bool json_check_object(const json_t *object, const char *pointer, const struct json_member *members,
                       struct json_faults *faults);

/*
 * A file of the operator's (templates/), the same way: the caller owns the object. NULL: the first fault as `file:line: what` or
 * `file: /pointer: what`.
 */
json_t *json_check_file(struct str json, const char *file, const struct json_member *members,
                        struct err *err) MUST_CHECK;

/* What a checked object holds. Absent, null or of another kind: empty, the given value, false, NULL. */
struct str json_member_text(const json_t *object, const char *name);
int64_t json_member_whole(const json_t *object, const char *name, int64_t otherwise);
bool json_member_bool(const json_t *object, const char *name);
bool json_member_time(const json_t *object, const char *name,
                      int64_t *ret_wall_ms); /* a time or a day; false: absent */
const json_t *json_member_value(const json_t *object,
                                const char *name); /* borrowed; NULL also for null */

#endif
