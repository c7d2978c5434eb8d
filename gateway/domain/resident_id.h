/*
 * resident_id.h - the resident identity number, GB 11643-1999: 17 digits and a check character (ISO 7064 MOD 11-2).
 *
 * Checked: length, digits, province, a birth date that exists and is not in the future, the check character. Never the county's own
 * prefix. Typed in full-width digits, with blanks, dashes, x, and invisible characters (product.md): all folded.
 * A 20 or 22 character disability certificate number is recognised: the first 18 are the ID.
 */
#ifndef DOMAIN_RESIDENT_ID_H
#define DOMAIN_RESIDENT_ID_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/str.h"

enum { RESIDENT_ID_BYTES = 19 };

enum resident_id_fault {
    RESIDENT_ID_OK,
    RESIDENT_ID_EMPTY,
    RESIDENT_ID_CHARACTERS, /* something that no ID holds */
    RESIDENT_ID_LENGTH,
    RESIDENT_ID_FIFTEEN,     /* an old 15-digit number: void */
    RESIDENT_ID_CERTIFICATE, /* a disability certificate: ret holds its first 18, valid; offer them */
    RESIDENT_ID_PROVINCE,
    RESIDENT_ID_BIRTH, /* no such day */
    RESIDENT_ID_FUTURE,
    RESIDENT_ID_CHECK /* the last character does not fit the others */
};

/* ret is filled for OK and CERTIFICATE: 18 characters, X upper case. */
enum resident_id_fault resident_id_parse(struct str typed, struct date today,
                                         char ret_id[RESIDENT_ID_BYTES]);
int resident_id_age(const char *id, struct date today); /* full years */

#endif
