/*
 * form_member.h - what the objects of a form file may hold: every member is known and of its kind.
 */
#ifndef DOMAIN_FORM_MEMBER_H
#define DOMAIN_FORM_MEMBER_H

#include "domain/form_rule.h"

struct form_member {
    const char *name; /* NULL ends the list */
    char kind; /* s text, k catalog key, b true or false, i number above 0, a list, o object */
};

bool form_member_check(const json_t *json, const struct form_member *members,
                       const struct form_place *place);
/* An object whose members are all catalog keys; NULL passes. */
bool form_member_keys_check(const json_t *keys, const char *member, const struct form_place *place);
/* a–z, 0–9, _ beginning with a letter, at most 32 */
bool form_member_is_word(const char *text);

#endif
