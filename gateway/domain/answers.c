#include "domain/answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "domain/answer_value.h"
#include "domain/form_rule.h"

enum { REPLACEMENT = 0xFFFD, REPLACEMENT_BYTES = 3 };

/* ---- as typed ---- */

static bool is_control(uint32_t code)
{
    bool layout = code == '\n' || code == '\r' || code == '\t';
    return (code < 0x20 && !layout) || (code >= 0x7F && code < 0xA0);
}

static json_t *typed_text(struct str text)
{
    struct buf shown;
    uint32_t code;
    buf_init(&shown, text.len * REPLACEMENT_BYTES + 1);
    while (text.len > 0) {
        if (!utf8_next(&text, &code)) {
            text = str_from(text, 1);
            code = REPLACEMENT;
        }
        if (!is_control(code)) {
            utf8_put(&shown, code);
        }
    }
    json_t *json = json_stringn(buf_text(&shown), shown.len);
    CHECK(json != NULL);
    buf_release(&shown);
    return json;
}

static bool is_ticked(const struct fields *fields, const char *name)
{
    struct str value = fields_get(fields, name);
    return str_is(value, "1") || str_is(value, "on");
}

static json_t *typed_choices(const struct form_field *field, const struct fields *fields)
{
    json_t *list = json_array();
    for (size_t i = 0; i < fields->count && json_array_size(list) < FORM_OPTIONS_MAX; i++) {
        if (str_is(fields->at[i].name, field->name)) {
            json_array_append_new(list, typed_text(fields->at[i].value));
        }
    }
    return list;
}

static void read_typed(json_t *typed, const struct form_field *field, const struct fields *fields)
{
    if (!fields_has(fields, field->name)) {
        return;
    }
    if (field->type == FORM_CHOICES) {
        json_object_set_new(typed, field->name, typed_choices(field, fields));
    } else if (field->type != FORM_TICK) {
        json_object_set_new(typed, field->name, typed_text(fields_get(fields, field->name)));
    } else if (is_ticked(fields, field->name)) {
        json_object_set_new(typed, field->name, json_true());
    }
}

/* ---- each type by itself ---- */

/* Nothing chosen means what is preselected. */
static void read_choice(const struct form_field *field, struct str typed, struct answer_value *ret)
{
    for (size_t i = 0; typed.len == 0 && i < field->option_count; i++) {
        if (field->options[i].picked) {
            typed = str_of(field->options[i].value);
        }
    }
    const struct form_option *option = form_option(field, typed);
    if (option != NULL) {
        ret->value = json_string(option->value);
    } else if (typed.len > 0) {
        ret->fault = "unknown";
    }
}

static void read_choices(const struct form_field *field, const struct fields *fields,
                         struct answer_value *ret)
{
    bool picked[FORM_OPTIONS_MAX] = {false};
    json_t *list = json_array();
    for (size_t i = 0; i < fields->count; i++) {
        struct str value = fields->at[i].value;
        if (!str_is(fields->at[i].name, field->name) || value.len == 0) {
            continue;
        }
        const struct form_option *option = form_option(field, value);
        if (option == NULL) {
            ret->fault = "unknown";
        } else {
            picked[option - field->options] = true;
        }
    }
    for (size_t i = 0; i < field->option_count; i++) {
        if (picked[i]) {
            json_array_append_new(list, json_string(field->options[i].value));
        }
    }
    ret->count = json_array_size(list);
    if (ret->fault == NULL && ret->count > field->picks_max) {
        ret->fault = "many";
    }
    if (ret->fault == NULL && ret->count > 0) {
        ret->value = json_incref(list);
    }
    json_decref(list);
}

static void read_field(const struct form_field *field, const struct fields *fields,
                       struct date today, struct answer_value *ret)
{
    struct str typed = fields_get(fields, field->name);
    *ret = (struct answer_value){0};
    switch (field->type) {
    case FORM_NAME:
        answer_value_name(typed, ret);
        break;
    case FORM_RESIDENT_ID:
        answer_value_resident_id(typed, today, ret);
        break;
    case FORM_PHONE:
        answer_value_phone(typed, ret);
        break;
    case FORM_CHOICE:
        read_choice(field, typed, ret);
        break;
    case FORM_CHOICES:
        read_choices(field, fields, ret);
        break;
    case FORM_TEXT:
        answer_value_text(typed, field->chars_max, ret);
        break;
    case FORM_TICK:
        ret->value = is_ticked(fields, field->name) ? json_true() : NULL;
        break;
    }
}

/* ---- the rules between them ---- */

static bool holds(const struct answers *answers, const struct form_rule *rule)
{
    return rule != NULL && form_rule_holds(rule, answers->values, answers->age);
}

static bool is_needed(const struct answers *answers, const struct form_field *field)
{
    return (field->required && !holds(answers, field->optional)) || holds(answers, field->demanded);
}

static void add_fault(struct answers *answers, const struct form_field *field, const char *key,
                      const struct answer_value *reading)
{
    CHECK(answers->fault_count < ANSWERS_FAULTS_MAX);
    struct answers_fault *fault = &answers->faults[answers->fault_count++];
    *fault = (struct answers_fault){.field = field, .key = key, .count = reading->count};
    memcpy(fault->offer, reading->offer, sizeof reading->offer);
    answers->tick_fault_count += field->page == FORM_PAGE_CHECK;
}

static void judge(struct answers *answers, const struct form_field *field,
                  const struct answer_value *reading)
{
    if (reading->fault != NULL) {
        add_fault(answers, field, form_fault_key(field, reading->fault), reading);
    } else if (holds(answers, field->refused)) {
        add_fault(answers, field, field->refused_fault, reading);
    } else if (json_object_get(answers->values, field->name) == NULL && is_needed(answers, field)) {
        add_fault(answers, field, form_fault_key(field, "empty"), reading);
    }
}

static void note_age(struct answers *answers, const struct form_field *field, const json_t *value,
                     struct date today)
{
    if (field->type == FORM_RESIDENT_ID && value != NULL) {
        answers->age = resident_id_age(json_string_value(value), today);
    }
}

/* Who asks what: the form's page, the check page with its ticks, or the receipt's page. */
struct asked {
    bool ticks, added_only;
};

static bool is_asked(const struct asked *asked, const struct form_field *field)
{
    return (asked->ticks || field->page != FORM_PAGE_CHECK) &&
           (!asked->added_only || form_field_is_added(field));
}

/* Added to what is there already: the field alone need not be filled, but what another answer demands must be. */
static bool may_be_left(const struct answers *answers, const struct asked *asked,
                        const struct form_field *field, const struct answer_value *reading)
{
    return asked->added_only && field->page == FORM_PAGE_FILL && reading->fault == NULL &&
           reading->value == NULL && !holds(answers, field->demanded);
}

static void read_asked(struct answers *ret, const struct form *form, const struct fields *fields,
                       struct date today, const struct asked *asked)
{
    struct answer_value readings[FORM_FIELDS_MAX] = {0};
    bool applies[FORM_FIELDS_MAX] = {false};
    *ret = (struct answers){
        .form = form, .values = json_object(), .typed = json_object(), .age = -1};
    for (size_t i = 0; i < form->field_count; i++) {
        const struct form_field *field = &form->fields[i];
        if (!is_asked(asked, field)) {
            continue;
        }
        read_typed(ret->typed, field, fields);
        read_field(field, fields, today, &readings[i]);
        /* `when` looks at earlier fields only, so the values before this one are final. */
        applies[i] = answers_field_applies(ret, field);
        if (applies[i] && readings[i].value != NULL) {
            json_object_set(ret->values, field->name, readings[i].value);
            note_age(ret, field, readings[i].value, today);
        }
    }
    for (size_t i = 0; i < form->field_count; i++) {
        if (applies[i] && !may_be_left(ret, asked, &form->fields[i], &readings[i])) {
            judge(ret, &form->fields[i], &readings[i]);
        }
        json_decref(readings[i].value);
    }
}

void answers_read(struct answers *ret, const struct form *form, const struct fields *fields,
                  struct date today, enum answers_stage stage)
{
    const struct asked asked = {.ticks = stage == ANSWERS_SUBMIT};
    read_asked(ret, form, fields, today, &asked);
}

void answers_read_added(struct answers *ret, const struct form *form, const struct fields *fields,
                        struct date today)
{
    const struct asked asked = {.ticks = true, .added_only = true};
    read_asked(ret, form, fields, today, &asked);
}

void answers_release(struct answers *answers)
{
    json_decref(answers->values);
    json_decref(answers->typed);
    *answers = (struct answers){.age = -1};
}

const char *answers_text(const struct answers *answers, const char *name)
{
    const char *text = json_string_value(json_object_get(answers->values, name));
    return text ? text : "";
}

bool answers_has(const struct answers *answers, const char *name, const char *value)
{
    const json_t *there = json_object_get(answers->values, name);
    size_t i;
    json_t *one;
    json_array_foreach(there, i, one)
    {
        if (strcmp(json_string_value(one), value) == 0) {
            return true;
        }
    }
    return json_is_string(there) && strcmp(json_string_value(there), value) == 0;
}

bool answers_field_applies(const struct answers *answers, const struct form_field *field)
{
    return field->applies == NULL || holds(answers, field->applies);
}

const char *answers_label(const struct answers *answers, const struct form_field *field)
{
    return holds(answers, field->other) ? field->other_label : field->label;
}

const struct answers_fault *answers_fault(const struct answers *answers,
                                          const struct form_field *field)
{
    for (size_t i = 0; i < answers->fault_count; i++) {
        if (answers->faults[i].field == field) {
            return &answers->faults[i];
        }
    }
    return NULL;
}

char *answers_canonical(const struct answers *answers)
{
    json_t *content = json_copy(answers->values);
    for (size_t i = 0; i < answers->form->field_count; i++) {
        const struct form_field *field = &answers->form->fields[i];
        if (field->type == FORM_TICK && field->page == FORM_PAGE_CHECK) {
            json_object_del(content, field->name);
        }
    }
    char *text = json_dumps(content, JSON_SORT_KEYS | JSON_COMPACT);
    CHECK(text != NULL);
    json_decref(content);
    return text;
}
