/*
 * blob.h - immutable bytes with a count of holders: a page that waits in several connections is there once.
 */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include <stddef.h>

#include "base/str.h"

struct blob {
    size_t refs;
    size_t len;
    char at[]; /* len bytes and a NUL */
};

struct blob *blob_new(struct str bytes);   /* a copy; the caller holds it once */
struct blob *blob_hold(struct blob *blob); /* returns it */
void blob_drop(struct blob **blob); /* nulls; the last holder frees; NULL inside is allowed */
struct str blob_str(const struct blob *blob);

#endif
