#include "domain/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/form_rule.h"

/* Blocks of memory that go with the form. */
struct block {
    struct block *next;
    max_align_t at[];
};

void *form_keep(struct form *form, size_t count, size_t bytes_each)
{
    CHECK(bytes_each > 0 && count < SIZE_MAX / 2 / bytes_each);
    struct block *block = mem_alloc(sizeof *block + count * bytes_each);
    block->next = form->storage;
    form->storage = block;
    return block->at;
}

void form_free(struct form **form)
{
    if (*form == NULL) {
        return;
    }
    struct block *block = (*form)->storage;
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    json_decref((*form)->source);
    free((*form)->id);
    free(*form);
    *form = NULL;
}

const struct form_field *form_field(const struct form *form, struct str name)
{
    for (size_t i = 0; i < form->field_count; i++) {
        if (str_eq(str_of(form->fields[i].name), name)) {
            return &form->fields[i];
        }
    }
    return NULL;
}

bool form_field_is_added(const struct form_field *field)
{
    static const char *const added[] = {"risk", "detail", "urgent"};
    const struct form_rule *when = field->applies;
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        if (strcmp(field->name, added[i]) == 0) {
            return true;
        }
    }
    return when != NULL && when->kind == FORM_RULE_IS && strcmp(when->field->name, added[0]) == 0;
}

const struct form_option *form_option(const struct form_field *field, struct str value)
{
    for (size_t i = 0; i < field->option_count; i++) {
        if (str_eq(str_of(field->options[i].value), value)) {
            return &field->options[i];
        }
    }
    return NULL;
}

/* The kinds of fault of each type with the sentences they have unless the field brings its own. */
struct fault_kind {
    const char *kind, *key;
};
#define KIND(type, kind)                                                                           \
    {                                                                                              \
#kind, "fault." #type "." #kind                                                            \
    }
static const struct fault_kind fault_kinds[][10] = {
    [FORM_NAME] = {KIND(name, empty), KIND(name, short), KIND(name, long), KIND(name, characters),
                   KIND(name, hidden), KIND(name, dots)},
    [FORM_RESIDENT_ID] = {KIND(resident_id, empty), KIND(resident_id, characters),
                          KIND(resident_id, length), KIND(resident_id, fifteen),
                          KIND(resident_id, certificate), KIND(resident_id, province),
                          KIND(resident_id, birth), KIND(resident_id, future),
                          KIND(resident_id, check)},
    [FORM_PHONE] = {KIND(phone, empty), KIND(phone, characters), KIND(phone, length),
                    KIND(phone, area), KIND(phone, unknown)},
    [FORM_CHOICE] = {KIND(choice, empty), KIND(choice, unknown)},
    [FORM_CHOICES] = {KIND(choices, empty), KIND(choices, unknown), KIND(choices, many)},
    [FORM_TEXT] = {KIND(text, empty), KIND(text, long), KIND(text, characters)},
    [FORM_TICK] = {KIND(tick, empty)},
};

static const char *fault_key(const struct form_field *field, const struct fault_kind *kind)
{
    const json_t *own = json_object_get(field->source, "faults");
    const char *key = json_string_value(json_object_get(own, kind->kind));
    return key ? key : kind->key;
}

static const struct fault_kind *find_kind(enum form_type type, const char *kind)
{
    const struct fault_kind *at = fault_kinds[type];
    while (at->kind != NULL && strcmp(at->kind, kind) != 0) {
        at++;
    }
    return at->kind ? at : NULL;
}

const char *form_fault_key(const struct form_field *field, const char *kind)
{
    const struct fault_kind *found = find_kind(field->type, kind);
    CHECK(found != NULL);
    return fault_key(field, found);
}

bool form_fault_known(enum form_type type, const char *kind)
{
    return find_kind(type, kind) != NULL;
}

static void text_named(const struct form_place *place, const char *member, const char *key,
                       form_text_fn *text, void *arg)
{
    if (key != NULL) {
        struct form_place in = form_place_in(place, member);
        text(arg, in.path, key);
    }
}

static void option_texts(const struct form_field *field, const struct form_place *place,
                         form_text_fn *text, void *arg)
{
    for (size_t i = 0; i < field->option_count; i++) {
        struct form_place at = form_place_at(place, "options", i);
        text_named(&at, "label", field->options[i].label, text, arg);
        text_named(&at, "hint", field->options[i].hint, text, arg);
    }
    struct form_place groups = form_place_in(place, "groups");
    const char *name;
    json_t *key;
    json_object_foreach(json_object_get(field->source, "groups"), name, key)
    {
        text_named(&groups, name, json_string_value(key), text, arg);
    }
}

static void field_texts(const struct form_field *field, const struct form_place *place,
                        form_text_fn *text, void *arg)
{
    text_named(place, "label", field->label, text, arg);
    text_named(place, "hint", field->hint, text, arg);
    text_named(place, "label_when.label", field->other_label, text, arg);
    text_named(place, "refused.fault", field->refused_fault, text, arg);
    option_texts(field, place, text, arg);
    struct form_place faults = form_place_in(place, "faults");
    for (const struct fault_kind *kind = fault_kinds[field->type]; kind->kind != NULL; kind++) {
        text_named(&faults, kind->kind, fault_key(field, kind), text, arg);
    }
}

void form_texts(const struct form *form, form_text_fn *text, void *arg)
{
    struct form_place place = {.file = ""};
    for (size_t i = 0; i < form->field_count; i++) {
        struct form_place at = form_place_at(&place, "fields", i);
        field_texts(&form->fields[i], &at, text, arg);
    }
}
