/*
 * fields.h - the name=value pairs of a form body or a query string, in the order they came. Names repeat (risk=…).
 * The slices are borrowed from whoever decoded them (the request); at most FIELDS_MAX.
 */
#ifndef BASE_FIELDS_H
#define BASE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { FIELDS_MAX = 128 };

struct field {
    struct str name;
    struct str value;
};

struct fields {
    struct field at[FIELDS_MAX];
    size_t count;
};

/* The last value of that name (as browsers' radio groups are read); the empty slice when there is none. */
struct str fields_get(const struct fields *fields, const char *name);
bool fields_has(const struct fields *fields, const char *name);
bool fields_add(struct fields *fields, struct str name, struct str value); /* false when full */

#endif
