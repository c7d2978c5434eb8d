/*
 * form.h - a form is data (templates/forms/report.json): fields, types, labels by catalog key, rules, conditions, order, page.
 *
 * Loaded and checked once; faults name the file and the path inside (`report.json: fields[3].options[1].value: …`). The version is the
 * first 16 hex digits of the SHA-256 of the canonical JSON and is frozen into every report. Immutable after load.
 */
#ifndef DOMAIN_FORM_H
#define DOMAIN_FORM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum form_type {
    FORM_NAME,
    FORM_RESIDENT_ID,
    FORM_PHONE,
    FORM_CHOICE,
    FORM_CHOICES,
    FORM_TEXT,
    FORM_TICK
};
enum form_page { FORM_PAGE_FILL, FORM_PAGE_CHECK };

/* "when": {"field": "filed_by", "is": ["relative", "cadre"]} or {"field": "risk", "has": ["illness"]} or {"minor": true};
 * several in "all" or "any", "not" inverts. Opaque here: evaluated by answers.c. */
struct form_rule;

struct form_option {
    const char *value;
    const char *label; /* catalog key */
    const char *hint;  /* catalog key or NULL */
    const char *group; /* "helper", "more" (under 其他困难) or NULL */
    bool picked;       /* preselected */
};

struct form_field {
    const char *name;
    enum form_type type;
    enum form_page page;
    const char *label; /* catalog key */
    const char *hint;  /* catalog key or NULL */
    const char *block; /* fields shown together ("helper"), or NULL */
    bool required;     /* when it applies */
    const struct form_rule
        *applies; /* NULL: always. A field that does not apply is dropped from the answers. */
    const struct form_rule
        *optional; /* NULL: never. Where it holds, the field may stay empty (no_id) */
    const struct form_rule *
        demanded; /* NULL: never. Where it holds, an optional field is required (detail with other) */
    size_t chars_max;
    size_t picks_max;
    const struct form_option *options;
    size_t option_count;
    json_t *
        source; /* borrowed: the field's own JSON, for what only the page needs (input mode, autocomplete, rows) */
};

struct form {
    char *id;
    char version[17];
    struct form_field *fields;
    size_t field_count;
    json_t *source; /* owned */
    void *storage;
};

struct form *form_load(struct str json, const char *file, struct err *err) MUST_CHECK;
void form_free(struct form **form);
const struct form_field *form_field(const struct form *form, struct str name); /* NULL: none */
const struct form_option *form_option(const struct form_field *field, struct str value);
json_t *
form_schema(const struct form
                *form); /* JSON Schema 2020-12 of the normalised answers; the caller owns it */

#endif
