/* A form's fields as the templates want them: every text looked up, every value as typed, every fault beside its field. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "domain/form_rule.h"
#include "view/pages_inside.h"

enum { ID_BYTES_MAX = 256 };

/* ── what was typed ── */

static const json_t *given(const struct answers *answers, const char *name)
{
    if (answers == NULL) {
        return NULL;
    }
    const json_t *typed = json_object_get(answers->typed, name);
    return typed != NULL ? typed : json_object_get(answers->values, name);
}

static const char *given_text(const struct answers *answers, const char *name)
{
    const char *text = json_string_value(given(answers, name));
    return text != NULL ? text : "";
}

static bool given_choice(const struct answers *answers, const char *name, const char *value)
{
    const json_t *at = given(answers, name);
    for (size_t i = 0; i < json_array_size(at); i++) {
        const char *one = json_string_value(json_array_get(at, i));
        if (one != NULL && strcmp(one, value) == 0) {
            return true;
        }
    }
    return json_is_string(at) && strcmp(json_string_value(at), value) == 0;
}

static bool given_tick(const struct answers *answers, const char *name)
{
    const json_t *at = given(answers, name);
    return json_is_true(at) || json_string_length(at) > 0;
}

static const struct answers_fault *fault_of(const struct answers *answers,
                                            const struct form_field *field)
{
    return answers != NULL ? answers_fault(answers, field) : NULL;
}

static void put_fault(const struct pages *pages, json_t *view, const char *name,
                      const struct answers_fault *fault)
{
    char count[24];
    snprintf(count, sizeof count, "%zu", fault->count);
    const struct catalog_value values[] = {{"count", count}, {"offer", fault->offer}, {NULL, NULL}};
    page_put_filled(pages, view, name, fault->key, values);
}

/* ── how fields hang together ── */

void form_view_id(const struct form_field *field, const struct form_option *option, struct buf *to)
{
    buf_printf(to, "f-%s", field->name);
    if (option != NULL && option != field->options) {
        buf_printf(to, "-%s", option->value);
    }
}

static const struct form_field *field_with_group(const struct form *form, const char *group)
{
    for (size_t i = 0; i < form->field_count; i++) {
        const struct form_field *field = &form->fields[i];
        for (size_t k = 0; k < field->option_count; k++) {
            if (field->options[k].group != NULL && strcmp(field->options[k].group, group) == 0) {
                return field;
            }
        }
    }
    return NULL;
}

const struct form_field *form_view_outer(const struct form *form, const struct form_field *field,
                                         const char **ret_with)
{
    const struct form_rule *when = field->applies;
    if (field->page != FORM_PAGE_FILL) {
        return NULL;
    }
    if (field->block != NULL) {
        *ret_with = field->block;
        return field_with_group(form, field->block);
    }
    bool hangs = when != NULL && when->kind == FORM_RULE_IS && field->type != FORM_TEXT &&
                 when->field->type == FORM_CHOICES && json_array_size(when->picks) == 1;
    if (!hangs) {
        return NULL;
    }
    *ret_with = json_string_value(json_array_get(when->picks, 0));
    return when->field;
}

/* ── one field ── */

static const char *source_text(const struct form_field *field, const char *name,
                               const char *otherwise)
{
    const char *text = json_string_value(json_object_get(field->source, name));
    return text != NULL ? text : otherwise;
}

/* How a telephone's keyboard and memory may help; an ID's X is not on the number pad. */
static void put_input(json_t *view, const struct form_field *field)
{
    bool phone = field->type == FORM_PHONE;
    const char *fill = phone ? "tel" : field->type == FORM_NAME ? "name" : "off";
    page_put(view, "input_type", phone ? "tel" : "text");
    page_put(view, "input_mode", source_text(field, "inputmode", phone ? "tel" : "text"));
    page_put(view, "autocomplete", source_text(field, "autocomplete", fill));
}

static const char *group_heading(const struct form_field *field, const char *group)
{
    return json_string_value(json_object_get(json_object_get(field->source, "groups"), group));
}

static void put_rows(json_t *view, const struct form_field *field)
{
    enum { ROWS = 3 };
    json_int_t rows = json_integer_value(json_object_get(field->source, "rows"));
    json_object_set_new(view, "rows", json_integer(rows > 0 ? rows : ROWS));
}

static json_t *option_view(const struct pages *pages, const struct form_field *field,
                           const struct form_option *option, const struct answers *answers)
{
    json_t *view = json_object();
    struct buf id;
    buf_init(&id, ID_BYTES_MAX);
    form_view_id(field, option, &id);
    bool first_of_group = option->group != NULL && strcmp(option->group, "more") != 0 &&
                          option > field->options &&
                          (option[-1].group == NULL ||
                           strcmp(option[-1].group, option->group) != 0);
    const char *heading = first_of_group ? group_heading(field, option->group) : NULL;
    page_put(view, "heading", heading ? catalog_text(pages->catalog, heading) : "");
    page_put(view, "id", buf_text(&id));
    page_put(view, "value", option->value);
    page_put(view, "label", catalog_text(pages->catalog, option->label));
    page_put(view, "hint", option->hint ? catalog_text(pages->catalog, option->hint) : "");
    page_put_bool(view, "checked",
                  given(answers, field->name) ? given_choice(answers, field->name, option->value)
                                              : option->picked);
    buf_release(&id);
    return view;
}

static bool named_in(const char *blank_separated, const char *name)
{
    struct str rest = str_of(blank_separated);
    struct str part;
    while (str_next(&rest, ' ', &part)) {
        if (str_is(part, name)) {
            return true;
        }
    }
    return false;
}

/* The county's own choice of what comes first, or the form's. */
static bool comes_later(const struct pages *pages, const struct form_field *field,
                        const struct form_option *option)
{
    bool may = false;
    for (size_t i = 0; i < field->option_count; i++) {
        may = may || (field->options[i].group && strcmp(field->options[i].group, "more") == 0);
    }
    if (!may) {
        return false;
    }
    if (pages->risks_first[0] != '\0') {
        return !named_in(pages->risks_first, option->value);
    }
    return option->group != NULL && strcmp(option->group, "more") == 0;
}

static void put_options(const struct pages *pages, json_t *view, const struct form_field *field,
                        const struct answers *answers)
{
    json_t *options = json_array();
    json_t *later = json_array();
    bool open = false;
    for (size_t i = 0; i < field->option_count; i++) {
        const struct form_option *option = &field->options[i];
        json_t *one = option_view(pages, field, option, answers);
        bool more = comes_later(pages, field, option);
        open = open || (more && json_is_true(json_object_get(one, "checked")));
        json_array_append_new(more ? later : options, one);
    }
    json_object_set_new(view, "options", options);
    if (json_array_size(later) > 0) {
        json_t *more = json_object();
        const char *heading = group_heading(field, "more");
        page_put_bool(more, "open", open);
        page_put(more, "label", catalog_text(pages->catalog, heading ? heading : "page.more"));
        json_object_set_new(more, "options", later);
        json_object_set_new(view, "more", more);
    } else {
        page_put_bool(view, "more", false);
        json_decref(later);
    }
}

/* A few words each: they stand beside one another. */
static bool options_are_short(const struct pages *pages, const struct form_field *field)
{
    enum { SHORT_CHARS = 5 };
    for (size_t i = 0; i < field->option_count; i++) {
        const struct form_option *option = &field->options[i];
        struct str label = str_of(catalog_text(pages->catalog, option->label));
        if (option->group != NULL || option->hint != NULL || utf8_length(label) > SHORT_CHARS) {
            return false;
        }
    }
    return true;
}

static json_t *field_view(const struct pages *pages, const struct form_field *field,
                          const struct page_form *in);

static json_t *inside_view(const struct pages *pages, const struct form_field *outer,
                           const struct page_form *in)
{
    json_t *inside = json_array();
    for (size_t i = 0; i < pages->form->field_count; i++) {
        const struct form_field *field = &pages->form->fields[i];
        const char *with = NULL;
        if (field != outer && form_view_outer(pages->form, field, &with) == outer) {
            json_t *view = field_view(pages, field, in);
            page_put(view, "class", with);
            json_array_append_new(inside, view);
        }
    }
    return inside;
}

/* In mortal danger one tap must do: the numbers of such a hint can be called. */
static void put_hint(const struct pages *pages, json_t *view, const struct form_field *field)
{
    static const char *const numbers[] = {"120", "119", "110"};
    const char *hint = field->hint ? catalog_text(pages->catalog, field->hint) : "";
    bool danger = field->type == FORM_TICK && strstr(hint, numbers[0]) != NULL;
    struct str rest = str_of(danger ? hint : "");
    json_t *parts = json_array();
    page_put(view, "hint", danger ? "" : hint);
    while (rest.len > 0) {
        ptrdiff_t at = -1;
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            ptrdiff_t found = str_find(rest, str_of(numbers[i]));
            at = found >= 0 && (at < 0 || found < at) ? found : at;
        }
        struct str before = str_sub(rest, 0, at < 0 ? rest.len : (size_t)at);
        struct str number = at < 0 ? STR("") : str_sub(rest, before.len, 3);
        json_t *part = json_object();
        json_object_set_new(part, "text", json_stringn(before.at, before.len));
        json_object_set_new(part, "tel", json_stringn(number.at, number.len));
        json_array_append_new(parts, part);
        rest = str_from(rest, before.len + number.len);
    }
    json_object_set_new(view, "danger", parts);
    page_put_bool(view, "has_danger", danger);
}

static void put_texts(const struct pages *pages, json_t *view, const struct form_field *field,
                      const struct answers_fault *fault)
{
    struct buf described;
    buf_init(&described, ID_BYTES_MAX);
    buf_printf(&described, "%s%s%s%s%s", field->hint ? "h-" : "", field->hint ? field->name : "",
               field->hint && fault ? " " : "", fault ? "e-" : "", fault ? field->name : "");
    bool asks = field->type != FORM_TICK && field->type != FORM_CHOICES;
    bool optional = asks && !field->required;
    page_put(view, "name", field->name);
    page_put(view, "label", catalog_text(pages->catalog, field->label));
    put_hint(pages, view, field);
    page_put_bool(view, "optional", optional);
    page_put(view, "fault", "");
    if (fault != NULL) {
        put_fault(pages, view, "fault", fault);
    }
    page_put(view, "described", buf_text(&described));
    page_put(view, "class", "");
    buf_release(&described);
}

static json_t *field_view(const struct pages *pages, const struct form_field *field,
                          const struct page_form *in)
{
    const struct answers_fault *fault = in->show_faults ? fault_of(in->answers, field) : NULL;
    json_t *view = json_object();
    struct buf id;
    buf_init(&id, ID_BYTES_MAX);
    form_view_id(field, NULL, &id);
    put_texts(pages, view, field, fault);
    page_put(view, "id", buf_text(&id));
    bool choice = field->type == FORM_CHOICE || field->type == FORM_CHOICES;
    bool offered = fault != NULL && fault->offer[0] != '\0';
    page_put(view, "value", offered ? fault->offer : given_text(in->answers, field->name));
    page_put_bool(view, "checked", given_tick(in->answers, field->name));
    put_input(view, field);
    page_put_bool(view, "area", field->type == FORM_TEXT);
    put_rows(view, field);
    page_put_bool(view, "tick", field->type == FORM_TICK);
    page_put_bool(view, "group", choice);
    page_put_bool(view, "line", !choice && field->type != FORM_TEXT && field->type != FORM_TICK);
    page_put(view, "input", field->type == FORM_CHOICES ? "checkbox" : "radio");
    page_put_bool(view, "short", options_are_short(pages, field));
    put_options(pages, view, field, in->answers);
    json_object_set_new(view, "inside", choice ? inside_view(pages, field, in) : json_array());
    buf_release(&id);
    return view;
}

const struct form_field *form_view_tick_outer(const struct form_field *tick)
{
    const struct form_rule *when = tick->applies;
    bool hangs = tick->page == FORM_PAGE_CHECK && when != NULL && when->kind == FORM_RULE_IS &&
                 when->field->type == FORM_CHOICES;
    return hangs ? when->field : NULL;
}

void form_view_addition(const struct pages *pages, json_t *page, const struct page_form *in)
{
    json_t *fields = json_array();
    for (size_t i = 0; i < pages->form->field_count; i++) {
        const struct form_field *field = &pages->form->fields[i];
        const char *with = NULL;
        if (field->page == FORM_PAGE_FILL && form_field_is_added(field) &&
            form_view_outer(pages->form, field, &with) == NULL) {
            json_t *view = field_view(pages, field, in);
            for (size_t k = 0; k < pages->form->field_count; k++) {
                const struct form_field *tick = &pages->form->fields[k];
                if (form_view_tick_outer(tick) == field) {
                    json_t *inside = field_view(pages, tick, in);
                    page_put(inside, "class", tick->name);
                    json_array_append_new(json_object_get(view, "inside"), inside);
                }
            }
            json_array_append_new(fields, view);
        }
    }
    json_object_set_new(page, "fields", fields);
}

void form_view_fields(const struct pages *pages, json_t *page, const struct page_form *in)
{
    json_t *fields = json_array();
    for (size_t i = 0; i < pages->form->field_count; i++) {
        const struct form_field *field = &pages->form->fields[i];
        const char *with = NULL;
        bool own = field->page == FORM_PAGE_FILL &&
                   form_view_outer(pages->form, field, &with) == NULL;
        if (own) {
            json_array_append_new(fields, field_view(pages, field, in));
        }
    }
    json_object_set_new(page, "fields", fields);
}

void form_view_fault(const struct pages *pages, json_t *faults, const struct answers_fault *fault)
{
    struct buf href;
    json_t *one = json_object();
    buf_init(&href, ID_BYTES_MAX);
    buf_puts(&href, "#");
    form_view_id(fault->field, NULL, &href);
    page_put(one, "href", buf_text(&href));
    put_fault(pages, one, "text", fault);
    json_array_append_new(faults, one);
    buf_release(&href);
}

void form_view_faults(const struct pages *pages, json_t *page, const struct answers *answers,
                      enum form_page of)
{
    json_t *faults = json_array();
    for (size_t i = 0; answers != NULL && i < answers->fault_count; i++) {
        if (answers->faults[i].field->page == of) {
            form_view_fault(pages, faults, &answers->faults[i]);
        }
    }
    page_put_bool(page, "has_faults", json_array_size(faults) > 0);
    json_object_set_new(page, "faults", faults);
}

static json_t *tick_view(const struct pages *pages, const struct form_field *field,
                         const struct page_check *in)
{
    const struct answers_fault *fault = in->show_faults ? fault_of(in->answers, field) : NULL;
    const struct catalog_value values[] = {{"town", in->place.town},
                                           {"village", in->place.village},
                                           {"mask", in->mask},
                                           {"name", in->mask},
                                           {NULL, NULL}};
    json_t *view = json_object();
    struct buf id;
    buf_init(&id, ID_BYTES_MAX);
    form_view_id(field, NULL, &id);
    put_texts(pages, view, field, fault);
    page_put_filled(pages, view, "label", answers_label(in->answers, field), values);
    page_put(view, "id", buf_text(&id));
    page_put_bool(view, "checked", given_tick(in->answers, field->name));
    buf_release(&id);
    return view;
}

void form_view_ticks(const struct pages *pages, json_t *page, const struct page_check *in)
{
    json_t *ticks = json_array();
    for (size_t i = 0; i < pages->form->field_count; i++) {
        const struct form_field *field = &pages->form->fields[i];
        if (field->page == FORM_PAGE_CHECK && answers_field_applies(in->answers, field)) {
            json_array_append_new(ticks, tick_view(pages, field, in));
        }
    }
    json_object_set_new(page, "ticks", ticks);
}
