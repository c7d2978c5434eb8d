/* The form and the check page: the same answers, once to be written, once to be read over. */
#include <string.h>

#include "view/pages_inside.h"

enum { ACTION_BYTES_MAX = 256, VALUE_BYTES_MAX = 16 * 1024 };

static void put_head(const struct pages *pages, json_t *page, const struct page_place *place,
                     const char *token, bool not_stored)
{
    struct buf action;
    buf_init(&action, ACTION_BYTES_MAX);
    buf_printf(&action, "/V/%s", place->code);
    page_put_place(pages, page, place);
    page_put_notice(pages, page, place);
    page_put(page, "action", buf_text(&action));
    page_put(page, "token", token);
    page_put_bool(page, "not_stored", not_stored);
    buf_release(&action);
}

bool pages_form(const struct pages *pages, const struct page_form *in, struct buf *to)
{
    json_t *page = page_begin(pages, "fill.title", in->show_faults, in->place.drill);
    put_head(pages, page, &in->place, in->token, in->not_stored);
    form_view_faults(pages, page, in->show_faults ? in->answers : NULL, FORM_PAGE_FILL);
    form_view_fields(pages, page, in);
    return page_end(pages, PAGE_FORM, page, to);
}

/* 110105 19491231 002X, 138 0013 8000: long numbers are compared in pieces. */
static void put_grouped(const char *digits, const size_t *sizes, struct buf *to)
{
    struct str rest = str_of(digits);
    for (; *sizes > 0 && rest.len > 0; sizes++) {
        buf_puts(to, rest.at == digits ? "" : " ");
        buf_put(to, str_sub(rest, 0, *sizes));
        rest = str_from(rest, *sizes);
    }
    buf_put(to, rest);
}

static void put_shown(const struct pages *pages, const struct answers *answers,
                      const struct form_field *field, struct buf *to)
{
    static const size_t id_sizes[] = {6, 8, 4, 0};
    static const size_t mobile_sizes[] = {3, 4, 4, 0};
    const char *text = answers_text(answers, field->name);
    switch (field->type) {
    case FORM_RESIDENT_ID:
        put_grouped(text, id_sizes, to);
        break;
    case FORM_PHONE:
        put_grouped(text, text[0] == '1' && strlen(text) == 11 ? mobile_sizes : id_sizes + 3, to);
        break;
    case FORM_TICK:
        buf_puts(to, catalog_text(pages->catalog, "check.yes"));
        break;
    case FORM_CHOICE:
    case FORM_CHOICES:
        for (size_t i = 0; i < field->option_count; i++) {
            const struct form_option *option = &field->options[i];
            if (answers_has(answers, field->name, option->value)) {
                buf_puts(to, to->len ? "\n" : "");
                buf_puts(to, catalog_text(pages->catalog, option->label));
            }
        }
        break;
    default:
        buf_puts(to, text);
        break;
    }
}

static void put_row(const struct pages *pages, json_t *rows, const struct answers *answers,
                    const struct form_field *field, const char *action)
{
    struct buf text;
    json_t *row = json_object();
    buf_init(&text, VALUE_BYTES_MAX);
    put_shown(pages, answers, field, &text);
    page_put(row, "value", buf_text(&text));
    buf_clear(&text);
    buf_printf(&text, "%s#", action);
    form_view_id(field, NULL, &text);
    page_put(row, "href", buf_text(&text));
    const char *label = catalog_text(pages->catalog, answers_label(answers, field));
    const struct catalog_value values[] = {{"label", label}, {NULL, NULL}};
    page_put(row, "label", label);
    page_put_filled(pages, row, "change", "check.change_what", values);
    json_array_append_new(rows, row);
    buf_release(&text);
}

static void put_hidden(json_t *hidden, const char *name, const char *value)
{
    json_t *one = json_object();
    page_put(one, "name", name);
    page_put(one, "value", value);
    json_array_append_new(hidden, one);
}

static void put_hidden_field(json_t *hidden, const char *name, const json_t *value)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            put_hidden(hidden, name, json_string_value(json_array_get(value, i)));
        }
    } else {
        put_hidden(hidden, name, json_is_true(value) ? "1" : json_string_value(value));
    }
}

/* What was answered, to be read over and to be sent once more. */
static void put_answers(const struct pages *pages, json_t *page, const struct answers *answers)
{
    const char *action = json_string_value(json_object_get(page, "action"));
    json_t *rows = json_array();
    json_t *hidden = json_array();
    for (size_t i = 0; i < pages->form->field_count; i++) {
        const struct form_field *field = &pages->form->fields[i];
        const json_t *value = json_object_get(answers->values, field->name);
        if (field->page == FORM_PAGE_FILL && value != NULL) {
            put_row(pages, rows, answers, field, action);
            put_hidden_field(hidden, field->name, value);
        }
    }
    json_object_set_new(page, "rows", rows);
    json_object_set_new(page, "hidden", hidden);
}

bool pages_check(const struct pages *pages, const struct page_check *in, struct buf *to)
{
    const char *title = in->not_stored ? "check.title_not_stored" : "check.title";
    json_t *page = page_begin(pages, title, in->show_faults, in->place.drill);
    put_head(pages, page, &in->place, in->token, in->not_stored);
    form_view_faults(pages, page, in->show_faults ? in->answers : NULL, FORM_PAGE_CHECK);
    page_put_bool(page, "stale", in->stale);
    put_answers(pages, page, in->answers);
    form_view_ticks(pages, page, in);
    return page_end(pages, PAGE_CHECK, page, to);
}
