/*
 * form.h - a form is data (templates/forms/report.json): fields, types, labels by catalog key, rules, conditions, order, page.
 *
 * Loaded and checked once; faults name the file and the path inside (`report.json: fields[3].options[1].value: …`). The version is the
 * first 16 hex digits of the SHA-256 of the canonical JSON and is frozen into every report. Immutable after load.
 *
 *   {"id": "report", "about": "free text", "fields": [ … in the order of the page … ]}
 *
 * A field:
 *   name, type     name | resident_id | phone | choice | choices | text | tick
 *   page           "fill" (default) or "check" (ticks only, asked when the answers are shown again)
 *   label, hint    catalog keys; "label_when": {"when": RULE, "label": KEY} puts another label where the rule holds (answers_label)
 *   block          fields shown together ("helper")
 *   required       true: may not be empty when it applies
 *   when           RULE: where it does not hold, the field does not apply and its answer is dropped. Looks at earlier fields only.
 *   optional       RULE: where it holds, a required field may stay empty
 *   demanded       RULE: where it holds, an optional field is required
 *   refused        {"when": RULE, "fault": KEY}: where it holds, this sentence stands at the field
 *   faults         {"empty": KEY, …}: a sentence of its own instead of fault.<type>.<kind>
 *   chars_max      of text, in characters
 *   options        of choice and choices: value, label, hint, "group" (a name in groups), "picked" (preselected; of choice: what missing means),
 *                  "off": true keeps an option in the file but not in the form
 *   groups         {"more": KEY}: headings of option groups
 *   picks_max      of choices
 *   inputmode, autocomplete, rows   for the page alone
 * RULE: {"field": "filed_by", "is": ["relative", "cadre"]} · {"field": "risk", "has": ["illness"]} · {"field": "no_id", "filled": true} ·
 *       {"age_below": 14} (by the ID; unknown age: does not hold) · {"all": [RULE, …]} · {"any": [RULE, …]} · {"not": RULE}
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

struct form_rule; /* domain/form_rule.h */

enum { FORM_FIELDS_MAX = 32, FORM_OPTIONS_MAX = 64, FORM_CHARS_MAX = 2000 };

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
    const struct form_rule *refused; /* NULL: never */
    const char *refused_fault;       /* catalog key */
    const struct form_rule *other;   /* NULL: never. Where it holds, other_label is the label */
    const char *other_label;
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
/* May be written again to a report that is there: risk, what hangs on it (also ticks of the check page), detail, urgent. */
bool form_field_is_added(const struct form_field *field);
/* The catalog key of a fault of that kind ("empty", "length"); a kind that the type does not know is a bug. */
const char *form_fault_key(const struct form_field *field, const char *kind);
bool form_fault_known(enum form_type type, const char *kind);
/* Names every catalog key that the form may use, with its path inside the form: to be checked against the catalog at start. */
typedef void form_text_fn(void *arg, const char *path, const char *key);
void form_texts(const struct form *form, form_text_fn *text, void *arg);
/* JSON Schema 2020-12 of the normalised answers at ANSWERS_SUBMIT; the caller owns it. Rules on age are beyond a schema and left out. */
json_t *form_schema(const struct form *form);

#endif
