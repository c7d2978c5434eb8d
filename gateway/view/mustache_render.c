#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "view/mustache_inside.h"

/* What names are looked up in, innermost last. */
struct frame {
    const json_t *value;
    bool item, first, last; /* an item of a list, and which */
};

struct render {
    const struct mustache *template;
    struct buf *to;
    struct frame frames[MUSTACHE_DEPTH_MAX];
    size_t depth;
    size_t partials; /* how deep in partials */
    bool too_deep;
};

static void render_range(struct render *render, const struct unit *unit, size_t from, size_t to,
                         struct str indent);

static const json_t *member(const json_t *of, struct str name)
{
    return json_is_object(of) ? json_object_getn(of, name.at, name.len) : NULL;
}

static const json_t *item_mark(const struct frame *frame, struct str name)
{
    if (frame->item && str_is(name, "first")) {
        return frame->first ? json_true() : json_false();
    }
    if (frame->item && str_is(name, "last")) {
        return frame->last ? json_true() : json_false();
    }
    return NULL;
}

/* The first part of a dotted name is looked for from the inside out; the rest only within what was found. */
static const json_t *look_up(const struct render *render, struct str name)
{
    struct str part;
    const json_t *found = NULL;
    if (str_is(name, ".")) {
        return render->frames[render->depth - 1].value;
    }
    CHECK(str_next(&name, '.', &part));
    for (size_t i = render->depth; i > 0 && found == NULL; i--) {
        const struct frame *frame = &render->frames[i - 1];
        found = member(frame->value, part);
        if (found == NULL && render->template->options.item_marks) {
            found = item_mark(frame, part);
        }
    }
    while (found != NULL && str_next(&name, '.', &part)) {
        found = member(found, part);
    }
    return found;
}

static bool truthy(const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_NULL:
    case JSON_FALSE:
        return false;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_STRING:
        return json_string_length(value) > 0;
    default:
        return true;
    }
}

static void put_escaped(struct buf *to, enum mustache_escape escape, struct str text)
{
    switch (escape) {
    case MUSTACHE_HTML:
        escape_html(to, text);
        break;
    case MUSTACHE_JSON:
        escape_json(to, text);
        break;
    case MUSTACHE_FORM:
        escape_form(to, text);
        break;
    case MUSTACHE_XML:
        escape_xml(to, text);
        break;
    case MUSTACHE_NONE:
        buf_put(to, text);
        break;
    }
}

/* The shortest digits that read back as the same number. */
static void put_real(struct buf *to, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    buf_puts(to, text);
}

static void put_value(struct buf *to, enum mustache_escape escape, const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        put_escaped(to, escape, str_make(json_string_value(value), json_string_length(value)));
        break;
    case JSON_INTEGER:
        buf_printf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        put_real(to, json_real_value(value));
        break;
    case JSON_TRUE:
        buf_puts(to, "true");
        break;
    case JSON_FALSE:
        buf_puts(to, "false");
        break;
    default: /* null, lists and objects are no text */
        break;
    }
}

static void put_text(struct buf *to, struct str text, struct str indent)
{
    if (indent.len == 0) {
        buf_put(to, text);
        return;
    }
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\n' && i + 1 < text.len) {
            buf_put(to, str_sub(text, from, i + 1 - from));
            buf_put(to, indent);
            from = i + 1;
        }
    }
    buf_put(to, str_from(text, from));
}

static void render_within(struct render *render, const struct unit *unit, size_t at,
                          const struct frame *frame, struct str indent)
{
    if (render->depth == MUSTACHE_DEPTH_MAX) {
        render->too_deep = true;
        return;
    }
    render->frames[render->depth++] = *frame;
    render_range(render, unit, at + 1, unit->segments[at].end, indent);
    render->depth--;
}

static void render_section(struct render *render, const struct unit *unit, size_t at,
                           const json_t *value, struct str indent)
{
    if (!json_is_array(value)) {
        struct frame frame = {.value = value};
        render_within(render, unit, at, &frame, indent);
        return;
    }
    size_t count = json_array_size(value);
    for (size_t i = 0; i < count && !render->too_deep; i++) {
        struct frame frame = {.value = json_array_get(value, i),
                              .item = true,
                              .first = i == 0,
                              .last = i + 1 == count};
        render_within(render, unit, at, &frame, indent);
    }
}

static void render_partial(struct render *render, const struct segment *segment, struct str indent)
{
    char joined[MUSTACHE_INDENT_MAX];
    const struct unit *unit = &render->template->units[segment->unit];
    struct str inner = {joined, 0};
    bool alone = segment->indent.at != NULL;
    size_t len = indent.len + segment->indent.len;
    if (render->partials == MUSTACHE_DEPTH_MAX || len > sizeof joined) {
        render->too_deep = true;
        return;
    }
    if (alone && len > 0) { /* a partial in mid-line brings its lines as they are */
        memcpy(joined, indent.at ? indent.at : "", indent.len);
        memcpy(joined + indent.len, segment->indent.at, segment->indent.len);
        inner.len = len;
    }
    render->partials++;
    render_range(render, unit, 0, unit->count, inner);
    render->partials--;
}

static void render_range(struct render *render, const struct unit *unit, size_t from, size_t to,
                         struct str indent)
{
    enum mustache_escape escape = render->template->options.escape;
    for (size_t i = from; i < to && !render->too_deep && buf_ok(render->to); i++) {
        const struct segment *segment = &unit->segments[i];
        if (segment->line_start) {
            buf_put(render->to, indent);
        }
        switch (segment->kind) {
        case SEGMENT_TEXT:
            put_text(render->to, segment->text, indent);
            break;
        case SEGMENT_HOLE:
            put_value(render->to, escape, look_up(render, segment->text));
            break;
        case SEGMENT_RAW:
            put_value(render->to, MUSTACHE_NONE, look_up(render, segment->text));
            break;
        case SEGMENT_SECTION:
        case SEGMENT_INVERTED: {
            const json_t *value = look_up(render, segment->text);
            if (segment->kind == SEGMENT_INVERTED && !truthy(value)) {
                render_range(render, unit, i + 1, segment->end, indent);
            } else if (segment->kind == SEGMENT_SECTION && truthy(value)) {
                render_section(render, unit, i, value, indent);
            }
            i = segment->end - 1;
            break;
        }
        case SEGMENT_PARTIAL:
            render_partial(render, segment, indent);
            break;
        }
    }
}

bool mustache_render(const struct mustache *template, const json_t *data, struct buf *to)
{
    CHECK_OBJ(template, MUSTACHE_MAGIC);
    struct render render = {.template = template, .to = to};
    render.frames[render.depth++] = (struct frame){.value = data};
    render_range(&render, &template->units[0], 0, template->units[0].count, STR(""));
    return !render.too_deep && buf_ok(to);
}
