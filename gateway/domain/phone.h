/*
 * phone.h - a telephone number of the mainland: mobile ^1[3-9]\d{9}$ after +86, 0086 or 86, or a landline with its area code (010, 02x or
 * 0xxx, then 7–8 digits; "0531-84232015", "(0531)84232015", "+86 531 84232015"; an extension is refused). Normalised: digits only, the
 * landline with its 0.
 */
#ifndef DOMAIN_PHONE_H
#define DOMAIN_PHONE_H

#include "base/str.h"

enum { PHONE_BYTES = 16 };

enum phone_fault {
    PHONE_OK,
    PHONE_EMPTY,
    PHONE_CHARACTERS,
    PHONE_LENGTH, /* begins like a mobile or an area code, but digits are missing or too many */
    PHONE_AREA,   /* a landline without its area code */
    PHONE_UNKNOWN
};

enum phone_fault phone_parse(struct str typed, char ret_phone[PHONE_BYTES]);

#endif
