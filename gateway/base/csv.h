/*
 * csv.h - records of comma-separated text (RFC 4180): quoted fields, doubled quotes, line ends inside quotes; LF or CRLF; a byte order
 * mark at the start is dropped; empty lines are passed over.
 *
 * Slices point into the text, or (a field with doubled quotes) into the reader's scratch; they hold until the next csv_next.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { CSV_FIELDS_MAX = 16, CSV_SCRATCH_BYTES = 4096 };

struct csv {
    struct str rest;
    size_t line; /* of the next byte, from 1 */
    size_t scratch_len;
    char scratch[CSV_SCRATCH_BYTES];
};

struct csv_record {
    struct str at[CSV_FIELDS_MAX];
    size_t count;
    size_t line; /* where it begins */
};

void csv_init(struct csv *csv, struct str text);
/* False at the end (*ret_wrong is NULL) and at a broken record (*ret_wrong says what, ret->line where). */
bool csv_next(struct csv *csv, struct csv_record *ret, const char **ret_wrong);
/* The nth field, the empty slice when the record is shorter. */
struct str csv_field(const struct csv_record *record, size_t nth);

#endif
