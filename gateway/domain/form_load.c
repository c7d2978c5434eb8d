#include "domain/form.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "domain/form_member.h"
#include "domain/form_rule.h"
#include "domain/person.h"

enum { VALUE_CHARS = 32, ID_CHARS = 18, PHONE_CHARS = 20 };

static const struct form_member form_members[] = {
    {"id", 's'}, {"about", 's'}, {"fields", 'a'}, {0}};
static const struct form_member field_members[] = {{"name", 's'},       {"type", 's'},
                                                   {"page", 's'},       {"label", 'k'},
                                                   {"hint", 'k'},       {"about", 's'},
                                                   {"label_when", 'o'}, {"block", 's'},
                                                   {"required", 'b'},   {"when", 'o'},
                                                   {"optional", 'o'},   {"demanded", 'o'},
                                                   {"refused", 'o'},    {"faults", 'o'},
                                                   {"chars_max", 'i'},  {"picks_max", 'i'},
                                                   {"options", 'a'},    {"groups", 'o'},
                                                   {"inputmode", 's'},  {"autocomplete", 's'},
                                                   {"rows", 'i'},       {0}};
static const struct form_member option_members[] = {
    {"value", 's'},  {"label", 'k'}, {"hint", 'k'},  {"group", 's'},
    {"picked", 'b'}, {"off", 'b'},   {"about", 's'}, {0}};
static const struct form_member refused_members[] = {{"when", 'o'}, {"fault", 'k'}, {0}};
static const struct form_member label_when_members[] = {{"when", 'o'}, {"label", 'k'}, {0}};

static const char *text_of(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static const struct {
    const char *name;
    size_t chars_max;
} types[] = {[FORM_NAME] = {"name", PERSON_NAME_MAX},
             [FORM_RESIDENT_ID] = {"resident_id", ID_CHARS},
             [FORM_PHONE] = {"phone", PHONE_CHARS},
             [FORM_CHOICE] = {"choice", VALUE_CHARS},
             [FORM_CHOICES] = {"choices", VALUE_CHARS},
             [FORM_TEXT] = {"text", 0},
             [FORM_TICK] = {"tick", 1}};

/* What the gateway itself reads by name: identity, receipt, event. A form may drop most of them, but not change their types. */
static const struct {
    const char *name;
    enum form_type type;
    bool needed;
} known[] = {
    {"filed_by", FORM_CHOICE, false},    {"helper_name", FORM_NAME, false},
    {"helper_phone", FORM_PHONE, false}, {"name", FORM_NAME, true},
    {"role", FORM_CHOICE, false},        {"id_number", FORM_RESIDENT_ID, false},
    {"no_id", FORM_TICK, false},         {"phone", FORM_PHONE, true},
    {"risk", FORM_CHOICES, true},        {"disaster", FORM_CHOICE, false},
    {"detail", FORM_TEXT, false},        {"urgent", FORM_TICK, false},
    {"consent", FORM_TICK, true},        {"consent_sensitive", FORM_TICK, false},
    {"guardian", FORM_TICK, false},
};

static bool option_load(const struct form_field *field, json_t *json,
                        const struct form_place *place, struct form_option *ret)
{
    if (!form_member_check(json, option_members, place)) {
        return false;
    }
    *ret = (struct form_option){.value = text_of(json, "value"),
                                .label = text_of(json, "label"),
                                .hint = text_of(json, "hint"),
                                .group = text_of(json, "group"),
                                .picked = json_is_true(json_object_get(json, "picked"))};
    if (!form_member_is_word(ret->value)) {
        return form_place_fault(place, "value",
                                "must be a word of a–z, 0–9, _ beginning with a letter");
    }
    if (ret->label == NULL) {
        return form_place_fault(place, "label", "is missing");
    }
    if (ret->group != NULL &&
        text_of(json_object_get(field->source, "groups"), ret->group) == NULL) {
        return form_place_fault(place, "group", "`groups` of the field has no heading for it");
    }
    if (ret->picked && field->type != FORM_CHOICE) {
        return form_place_fault(place, "picked", "only an option of a choice may be preselected");
    }
    return true;
}

static bool option_is_twice(const json_t *options, size_t nth)
{
    const json_t *value = json_object_get(json_array_get(options, nth), "value");
    for (size_t i = 0; i < nth; i++) {
        if (json_equal(value, json_object_get(json_array_get(options, i), "value"))) {
            return true;
        }
    }
    return false;
}

static bool options_load(struct form *form, struct form_field *field,
                         const struct form_place *place)
{
    const json_t *options = json_object_get(field->source, "options");
    size_t count = json_array_size(options);
    bool chosen = field->type == FORM_CHOICE || field->type == FORM_CHOICES;
    if (!chosen) {
        return options == NULL ||
               form_place_fault(place, "options", "only choice and choices have them");
    }
    if (count == 0 || count > FORM_OPTIONS_MAX) {
        return form_place_fault(place, "options", "must be 1 to %d", FORM_OPTIONS_MAX);
    }
    struct form_option *loaded = form_keep(form, count, sizeof *loaded);
    size_t picked = 0;
    field->options = loaded;
    for (size_t i = 0; i < count; i++) {
        struct form_place at = form_place_at(place, "options", i);
        struct form_option *option = &loaded[field->option_count];
        json_t *json = json_array_get(options, i);
        if (!option_load(field, json, &at, option)) {
            return false;
        }
        if (option_is_twice(options, i)) {
            return form_place_fault(&at, "value", "%s stands here twice", option->value);
        }
        if (!json_is_true(json_object_get(json, "off"))) {
            field->option_count++;
            picked += option->picked;
        }
    }
    if (field->option_count == 0) {
        return form_place_fault(place, "options", "all of them are off");
    }
    return picked <= 1 || form_place_fault(place, "options", "more than one is picked");
}

static bool limits_load(struct form_field *field, const struct form_place *place)
{
    json_int_t chars_max = json_integer_value(json_object_get(field->source, "chars_max"));
    json_int_t picks_max = json_integer_value(json_object_get(field->source, "picks_max"));
    if (field->type == FORM_TEXT ? chars_max < 1 || chars_max > FORM_CHARS_MAX : chars_max != 0) {
        return form_place_fault(place, "chars_max",
                                "a text needs it, from 1 to %d; nothing else has it",
                                FORM_CHARS_MAX);
    }
    if (picks_max != 0 && field->type != FORM_CHOICES) {
        return form_place_fault(place, "picks_max", "only choices have it");
    }
    size_t options = field->option_count;
    field->chars_max = chars_max ? (size_t)chars_max : types[field->type].chars_max;
    field->picks_max = picks_max && (size_t)picks_max < options ? (size_t)picks_max : options;
    return true;
}

static bool type_load(struct form_field *field, const struct form_place *place)
{
    const char *type = text_of(field->source, "type");
    const char *page = text_of(field->source, "page");
    size_t count = sizeof types / sizeof types[0];
    size_t at = 0;
    while (at < count && (type == NULL || strcmp(types[at].name, type) != 0)) {
        at++;
    }
    if (at == count) {
        return form_place_fault(
            place, "type", "must be one of name, resident_id, phone, choice, choices, text, tick");
    }
    field->type = (enum form_type)at;
    field->page = page != NULL && strcmp(page, "check") == 0 ? FORM_PAGE_CHECK : FORM_PAGE_FILL;
    if (page != NULL && field->page == FORM_PAGE_FILL && strcmp(page, "fill") != 0) {
        return form_place_fault(place, "page", "must be fill or check");
    }
    if (field->page == FORM_PAGE_CHECK && field->type != FORM_TICK) {
        return form_place_fault(place, "page", "the check page has ticks only");
    }
    return true;
}

static bool name_check(const struct form *form, const struct form_field *field,
                       const struct form_place *place)
{
    static const char *const taken[] = {"token", "step", "act", "code"};
    if (!form_member_is_word(field->name)) {
        return form_place_fault(place, "name",
                                "must be a word of a–z, 0–9, _ beginning with a letter");
    }
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (strcmp(taken[i], field->name) == 0) {
            return form_place_fault(place, "name", "%s is the gateway's own", field->name);
        }
    }
    if (form_field(form, str_of(field->name)) != field) {
        return form_place_fault(place, "name", "%s stands here twice", field->name);
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, field->name) == 0 && known[i].type != field->type) {
            return form_place_fault(place, "type", "%s must be of type %s", field->name,
                                    types[known[i].type].name);
        }
    }
    return true;
}

static bool faults_check(const struct form_field *field, const struct form_place *place)
{
    json_t *faults = json_object_get(field->source, "faults");
    struct form_place in = form_place_in(place, "faults");
    const char *kind;
    json_t *key;
    json_object_foreach(faults, kind, key)
    {
        if (!form_fault_known(field->type, kind)) {
            return form_place_fault(&in, kind, "a field of type %s has no such fault",
                                    types[field->type].name);
        }
    }
    return form_member_keys_check(faults, "faults", place);
}

static bool field_load(struct form *form, json_t *json, const struct form_place *place)
{
    if (!form_member_check(json, field_members, place)) {
        return false;
    }
    struct form_field *field = &form->fields[form->field_count++];
    *field = (struct form_field){.name = text_of(json, "name"),
                                 .label = text_of(json, "label"),
                                 .hint = text_of(json, "hint"),
                                 .block = text_of(json, "block"),
                                 .required = json_is_true(json_object_get(json, "required")),
                                 .source = json};
    if (field->label == NULL) {
        return form_place_fault(place, "label", "is missing");
    }
    return type_load(field, place) && name_check(form, field, place) &&
           faults_check(field, place) &&
           form_member_keys_check(json_object_get(json, "groups"), "groups", place) &&
           options_load(form, field, place) && limits_load(field, place);
}

static bool rule_member(struct form *form, const json_t *json, const char *member,
                        const struct form_place *place, size_t before, const struct form_rule **ret)
{
    const json_t *rule = json_object_get(json, member);
    struct form_place in = form_place_in(place, member);
    *ret = rule ? form_rule_load(form, rule, &in, before) : NULL;
    return rule == NULL || *ret != NULL;
}

/* {"when": RULE, KEY: catalog key}: both or neither. */
static bool rule_and_key(struct form *form, const json_t *json, const char *member,
                         const struct form_member *members, const struct form_place *place,
                         const struct form_rule **ret_rule, const char **ret_key)
{
    json_t *pair = json_object_get(json, member);
    struct form_place in = form_place_in(place, member);
    if (pair == NULL) {
        return true;
    }
    if (!form_member_check(pair, members, &in)) {
        return false;
    }
    *ret_key = text_of(pair, members[1].name);
    if (json_object_size(pair) != 2) {
        return form_place_fault(&in, NULL, "needs both when and %s", members[1].name);
    }
    return rule_member(form, pair, "when", &in, form->field_count, ret_rule);
}

static bool rules_load(struct form *form, size_t nth, const struct form_place *place)
{
    struct form_field *field = &form->fields[nth];
    json_t *json = field->source;
    size_t all = form->field_count;
    return rule_member(form, json, "when", place, nth, &field->applies) &&
           rule_member(form, json, "optional", place, all, &field->optional) &&
           rule_member(form, json, "demanded", place, all, &field->demanded) &&
           rule_and_key(form, json, "refused", refused_members, place, &field->refused,
                        &field->refused_fault) &&
           rule_and_key(form, json, "label_when", label_when_members, place, &field->other,
                        &field->other_label);
}

static bool whole_check(const struct form *form, const struct form_place *place)
{
    size_t ids = 0;
    for (size_t i = 0; i < form->field_count; i++) {
        ids += form->fields[i].type == FORM_RESIDENT_ID;
    }
    if (ids > 1) {
        return form_place_fault(place, "fields", "at most one of type resident_id");
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].needed && form_field(form, str_of(known[i].name)) == NULL) {
            return form_place_fault(place, "fields", "a field named %s is needed", known[i].name);
        }
    }
    return true;
}

static bool fields_load(struct form *form, const struct form_place *place)
{
    const json_t *fields = json_object_get(form->source, "fields");
    size_t count = json_array_size(fields);
    if (count == 0 || count > FORM_FIELDS_MAX) {
        return form_place_fault(place, "fields", "must be 1 to %d", FORM_FIELDS_MAX);
    }
    form->fields = form_keep(form, count, sizeof *form->fields);
    for (size_t i = 0; i < count; i++) {
        struct form_place at = form_place_at(place, "fields", i);
        if (!field_load(form, json_array_get(fields, i), &at)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct form_place at = form_place_at(place, "fields", i);
        if (!rules_load(form, i, &at)) {
            return false;
        }
    }
    return whole_check(form, place);
}

static bool source_load(struct form *form, const struct form_place *place)
{
    const char *id = text_of(form->source, "id");
    if (!form_member_check(form->source, form_members, place)) {
        return false;
    }
    if (!form_member_is_word(id)) {
        return form_place_fault(place, "id",
                                "must be a word of a–z, 0–9, _ beginning with a letter");
    }
    form->id = mem_strdup(id);
    char *canonical = json_dumps(form->source, JSON_SORT_KEYS | JSON_COMPACT);
    CHECK(canonical != NULL);
    digest_version(str_of(canonical), form->version);
    free(canonical);
    return fields_load(form, place);
}

struct form *form_load(struct str json, const char *file, struct err *err)
{
    json_error_t error;
    struct form *form = mem_alloc(sizeof *form);
    struct form_place place = {.file = file, .err = err};
    form->source = json_loadb(json.at ? json.at : "", json.len, JSON_REJECT_DUPLICATES, &error);
    if (form->source == NULL) {
        err_set(err, "%s:%d: %s", file, error.line, error.text);
        form_free(&form);
        return NULL;
    }
    if (!source_load(form, &place)) {
        form_free(&form);
    }
    return form;
}
