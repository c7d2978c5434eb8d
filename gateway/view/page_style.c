/* The stylesheet: read, made small, and closed with the rules that follow from the form. */
#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "domain/form_rule.h"
#include "view/pages_inside.h"

enum { STYLE_BYTES_MAX = 64 * 1024 };

static bool hugs(char c)
{
    return c != '\0' && strchr("{};,>~", c) != NULL;
}

/* Drops comments and the blanks that mean nothing; between the words of a selector or a value one blank stays. */
static void minify(struct str css, struct buf *to)
{
    bool blank = false;
    char last = '\0';
    for (size_t i = 0; i < css.len; i++) {
        char c = css.at[i];
        if (c == '/' && i + 1 < css.len && css.at[i + 1] == '*') {
            ptrdiff_t end = str_find(str_from(css, i + 2), STR("*/"));
            i = end < 0 ? css.len : i + 2 + (size_t)end + 1;
            continue;
        }
        if (isspace((unsigned char)c)) {
            blank = true;
            continue;
        }
        if (c == '}' && last == ';') {
            to->len--;
        }
        if (blank && last != '\0' && !hugs(last) && !hugs(c) && last != ':') {
            buf_putc(to, ' ');
        }
        buf_putc(to, c);
        blank = false;
        last = c;
    }
}

static bool slug(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

/* What belongs to a choice is hidden while that choice is certainly not taken. Written the negative way: a browser that does
 * not know the selector drops the rule and shows everything. */
static void put_reveal_rule(const struct form *form, const struct form_field *field, struct buf *to)
{
    const char *with = NULL;
    const struct form_field *outer = form_view_outer(form, field, &with);
    if (outer == NULL || !slug(outer->name) || !slug(with)) {
        return;
    }
    for (size_t i = 0; i < outer->option_count; i++) {
        const struct form_option *option = &outer->options[i];
        bool grouped = option->group != NULL && strcmp(option->group, with) == 0;
        bool asked = strcmp(option->value, with) == 0;
        struct buf id;
        buf_init(&id, 256);
        form_view_id(outer, option, &id);
        if (outer->type == FORM_CHOICE && !grouped && field->block != NULL && slug(option->value)) {
            buf_printf(to, "#%s:checked~.in-%s{display:none}", buf_text(&id), with);
        } else if (asked && slug(option->value)) {
            buf_printf(to, "#%s:not(:checked)~.in-%s{display:none}", buf_text(&id), with);
        }
        buf_release(&id);
    }
}

/* A tick that hangs on some of the options beside it: hidden while none of them is taken. */
static void put_tick_rule(const struct form_field *tick, struct buf *to)
{
    const struct form_field *outer = form_view_tick_outer(tick);
    bool any = false;
    for (size_t i = 0; outer != NULL && i < outer->option_count; i++) {
        const struct form_option *option = &outer->options[i];
        bool named = false;
        for (size_t k = 0; k < json_array_size(tick->applies->picks); k++) {
            const char *pick = json_string_value(json_array_get(tick->applies->picks, k));
            named = named || strcmp(pick, option->value) == 0;
        }
        if (named && slug(option->value) && slug(tick->name)) {
            struct buf id;
            buf_init(&id, 256);
            form_view_id(outer, option, &id);
            buf_printf(to, "#%s:not(:checked)~", buf_text(&id));
            buf_release(&id);
            any = true;
        }
    }
    if (any) {
        buf_printf(to, ".in-%s{display:none}", tick->name);
    }
}

bool page_style(const char *templates_dir, const struct form *form, struct buf *to, struct err *err)
{
    struct buf css;
    struct buf path;
    buf_init(&css, STYLE_BYTES_MAX);
    buf_init(&path, 4096);
    buf_printf(&path, "%s/assets/page.css", templates_dir);
    bool read = file_read(buf_text(&path), &css, err);
    if (read) {
        buf_puts(to, "<style>");
        minify(buf_str(&css), to);
        for (size_t i = 0; i < form->field_count; i++) {
            put_reveal_rule(form, &form->fields[i], to);
            put_tick_rule(&form->fields[i], to);
        }
        buf_puts(to, "</style>");
    }
    if (read && str_find(buf_str(&css), STR("</")) >= 0) {
        read = err_set(err, "%s: </ would end the stylesheet", buf_text(&path));
    }
    buf_release(&css);
    buf_release(&path);
    return read;
}
