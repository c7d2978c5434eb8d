/*
 * answer_value.h - one value that a person typed, read by its type: normalised, or the kind of its fault. For forms (domain/answers.h) and for
 * whatever else names, numbers and texts come by (domain/intake.h).
 */
#ifndef DOMAIN_ANSWER_VALUE_H
#define DOMAIN_ANSWER_VALUE_H

#include <jansson.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/resident_id.h"

struct answer_value {
    json_t *value;     /* owned; NULL: empty or wrong */
    const char *fault; /* kind of fault (domain/form.h), NULL: none */
    char
        offer[RESIDENT_ID_BYTES]; /* what to take instead (18 characters of a certificate), or "" */
    size_t count;                 /* how many characters were typed, where that is what is wrong */
};

/* ret is zeroed by the caller. Empty is no fault. */
void answer_value_name(struct str typed, struct answer_value *ret);
void answer_value_resident_id(struct str typed, struct date today, struct answer_value *ret);
void answer_value_phone(struct str typed, struct answer_value *ret);
void answer_value_text(struct str typed, size_t chars_max, struct answer_value *ret);

#endif
