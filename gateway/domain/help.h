/*
 * help.h - what else a household may ask for when it is not admitted: templates/help.json, the county's own list.
 *
 * {"about", "help": [{"name": "低保", "for": "家里收入低，日子过不下去", "phone": "0531-…"}]}; at most HELP_MAX. "for" and "phone" may be missing or empty.
 */
#ifndef DOMAIN_HELP_H
#define DOMAIN_HELP_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

enum { HELP_MAX = 12 };

struct help_item {
    const char *name;  /* 低保 */
    const char *whom;  /* whom it is for, or "" */
    const char *phone; /* or "" */
};

struct help {
    struct help_item at[HELP_MAX];
    size_t count;
    json_t *source; /* owned; the texts above are borrowed from it */
};

struct help *help_load(struct str json, const char *file, struct err *err) MUST_CHECK;
void help_free(struct help **help);

#endif
