/*
 * form_rule.h - the conditions inside a form (domain/form.h, RULE): read at load, asked of the answers.
 */
#ifndef DOMAIN_FORM_RULE_H
#define DOMAIN_FORM_RULE_H

#include <jansson.h>

#include "domain/form.h"

enum form_rule_kind {
    FORM_RULE_IS, /* a choice is one of the picks, or choices hold one of them */
    FORM_RULE_FILLED,
    FORM_RULE_AGE_BELOW,
    FORM_RULE_ALL,
    FORM_RULE_ANY,
    FORM_RULE_NOT
};

struct form_rule {
    enum form_rule_kind kind;
    const struct form_field *field; /* IS, FILLED */
    const json_t *picks;            /* IS: borrowed array of strings */
    int age;                        /* AGE_BELOW */
    struct form_rule *parts;        /* ALL, ANY, NOT */
    size_t part_count;
};

/* Where in which file the reader is, for its sentence when something is wrong. */
struct form_place {
    const char *file;
    struct err *err;
    char path[192];
};
/* `file: path.member: words`; always false. A NULL member stands for the path itself. */
bool form_place_fault(const struct form_place *place, const char *member, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The place of a member, or of an element of the array member. */
struct form_place form_place_in(const struct form_place *place, const char *member);
struct form_place form_place_at(const struct form_place *place, const char *member, size_t nth);

/* Memory that lives as long as the form, zeroed. */
void *form_keep(struct form *form, size_t count, size_t bytes_each);

/* json is the rule; fields from `before` on may not be named (form->field_count: all may). NULL on a fault. */
const struct form_rule *form_rule_load(struct form *form, const json_t *json,
                                       const struct form_place *place, size_t before) MUST_CHECK;
/* age: -1 unknown */
bool form_rule_holds(const struct form_rule *rule, const json_t *values, int age);

#endif
