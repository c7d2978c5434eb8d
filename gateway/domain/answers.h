/*
 * answers.h - what a person typed, read by a form: normalised values, the text as typed (for showing again), and faults.
 *
 *   fields ──answers_read──► values (JSON object, normalised)   ──► flow/accept
 *                            typed  (JSON object, as typed)     ──► view, when something is to be mended
 *                            faults (field, catalog key)        ──► view
 *
 * values: a member per field that applies and is filled: text and choice as string, choices as array in the form's order without
 * repeats, ticks as true. Unknown fields are ignored; unknown choices are faults. Fields of FORM_PAGE_CHECK are read with
 * ANSWERS_SUBMIT only. At most one fault per field, in the form's order.
 * typed: a member per field that was sent, text as string, choices as array of strings, a tick that is set as true; as typed, but valid UTF-8
 * without controls, however long: nothing that was typed is lost (the body has a limit).
 */
#ifndef DOMAIN_ANSWERS_H
#define DOMAIN_ANSWERS_H

#include <jansson.h>

#include "base/clock.h"
#include "base/fields.h"
#include "domain/form.h"

enum { ANSWERS_FAULTS_MAX = 32 };

enum answers_stage { ANSWERS_CHECK, ANSWERS_SUBMIT };

struct answers_fault {
    const struct form_field *field;
    const char *key; /* catalog key of the sentence, "fault.…" */
    char offer[24];  /* a value to offer instead (18 characters of a certificate), or "" */
    size_t count;    /* how many characters were typed, for {count} in the sentence */
};

struct answers {
    const struct form *form;
    json_t *values; /* owned */
    json_t *typed;  /* owned */
    struct answers_fault faults[ANSWERS_FAULTS_MAX];
    size_t fault_count;
    size_t tick_fault_count; /* how many of them are ticks of the check page */
    int age;                 /* full years by the ID, -1 unknown */
};

void answers_read(struct answers *ret, const struct form *form, const struct fields *fields,
                  struct date today, enum answers_stage stage);
/* Only what may be written again to a report that is there (form_field_is_added); none of it must be filled by itself. */
void answers_read_added(struct answers *ret, const struct form *form, const struct fields *fields,
                        struct date today);
void answers_release(struct answers *answers);
const char *answers_text(const struct answers *answers, const char *name); /* "" when absent */
bool answers_has(const struct answers *answers, const char *name,
                 const char *value); /* a choice or one of the choices */
/* Does this field apply to these answers? (for the check page: which ticks to show) */
bool answers_field_applies(const struct answers *answers, const struct form_field *field);
/* The catalog key of the label that fits these answers. */
const char *answers_label(const struct answers *answers, const struct form_field *field);
const struct answers_fault *answers_fault(const struct answers *answers,
                                          const struct form_field *field); /* NULL: none */
/* Canonical JSON (sorted, compact) of what makes two submissions the same: all values but ticks. The caller frees. */
char *answers_canonical(const struct answers *answers);

#endif
