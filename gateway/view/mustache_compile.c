#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "view/mustache_inside.h"

enum { TEXT_BYTES_MAX = 1 << 20, UNITS_MAX = 256 };

struct parser {
    struct mustache *template;
    const struct mustache_options *options;
    struct err *err;
    size_t unit; /* by number: the array moves when partials join */
    struct str text;
    struct str open, close; /* the delimiters now */
    size_t line_at;         /* up to here lines are counted */
    unsigned line;
    struct segment *segments;
    size_t count, room;
    size_t sections[MUSTACHE_DEPTH_MAX];
    size_t depth;
};

/* One tag as it stands in the text. */
struct tag {
    size_t from, to; /* of the whole tag */
    char sigil;      /* 0: a plain hole */
    struct str name;
    bool alone;        /* nothing but blanks beside it on its line */
    size_t line_from;  /* alone: where its line begins */
    size_t line_after; /* alone: where the next line begins */
};

static bool fail(struct parser *parser, const char *what, struct str name)
{
    return err_set(parser->err, "%s:%u: %s%s%.*s", parser->template->units[parser->unit].name,
                   parser->line, what, name.len ? " " : "", STR_ARG(name));
}

static void count_lines(struct parser *parser, size_t up_to)
{
    for (; parser->line_at < up_to; parser->line_at++) {
        parser->line += parser->text.at[parser->line_at] == '\n';
    }
}

static bool line_starts(const struct parser *parser, size_t at)
{
    return at == 0 || parser->text.at[at - 1] == '\n';
}

static struct segment *add(struct parser *parser, enum segment_kind kind, struct str text,
                           size_t source_at)
{
    if (parser->count == parser->room) {
        parser->room = parser->room ? parser->room * 2 : 32;
        parser->segments = mem_resize(parser->segments, parser->room, sizeof parser->segments[0]);
    }
    struct segment *segment = &parser->segments[parser->count++];
    *segment = (struct segment){.kind = kind,
                                .text = text,
                                .line = parser->line,
                                .line_start = line_starts(parser, source_at)};
    return segment;
}

static struct str trim_all(struct str text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.at[0]) != NULL) {
        text = str_from(text, 1);
    }
    while (text.len > 0 && strchr(" \t\r\n", text.at[text.len - 1]) != NULL) {
        text.len--;
    }
    return text;
}

/* A tag alone on its line takes the line with it (specification: "standalone"). */
static void find_alone(const struct parser *parser, struct tag *tag)
{
    const char *at = parser->text.at;
    size_t from = tag->from;
    size_t to = tag->to;
    while (from > 0 && (at[from - 1] == ' ' || at[from - 1] == '\t')) {
        from--;
    }
    while (to < parser->text.len && (at[to] == ' ' || at[to] == '\t')) {
        to++;
    }
    if (!line_starts(parser, from)) {
        return;
    }
    if (to + 1 < parser->text.len && at[to] == '\r' && at[to + 1] == '\n') {
        to++;
    }
    if (to == parser->text.len || at[to] == '\n') {
        tag->alone = true;
        tag->line_from = from;
        tag->line_after = to < parser->text.len ? to + 1 : to;
    }
}

static bool name_ok(struct str name)
{
    if (str_is(name, ".")) {
        return true;
    }
    if (name.len == 0 || name.at[0] == '.' || name.at[name.len - 1] == '.') {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        bool blank = strchr(" \t\r\n", name.at[i]) != NULL;
        if (blank || (name.at[i] == '.' && name.at[i + 1] == '.')) {
            return false;
        }
    }
    return true;
}

/* Reads the tag whose opening delimiter stands at `from`. */
static bool read_tag(struct parser *parser, size_t from, struct tag *tag)
{
    static const char sigils[] = "#^/>!&{=";
    size_t at = from + parser->open.len;
    char closing[80];
    *tag = (struct tag){.from = from};
    while (at < parser->text.len && (parser->text.at[at] == ' ' || parser->text.at[at] == '\t')) {
        at++;
    }
    char c = at < parser->text.len ? parser->text.at[at] : '\0';
    if (c != '\0' && strchr(sigils, c) != NULL) {
        tag->sigil = c;
        at++;
    }
    size_t extra = c == '{' || c == '=';
    closing[0] = c == '{' ? '}' : '=';
    memcpy(closing + extra, parser->close.at, parser->close.len);
    struct str close = str_make(closing, parser->close.len + extra);
    ptrdiff_t end = str_find(str_from(parser->text, at), close);
    if (end < 0) {
        return fail(parser, "a tag begins here and is not closed", STR(""));
    }
    tag->name = trim_all(str_sub(parser->text, at, (size_t)end));
    tag->to = at + (size_t)end + close.len;
    bool leaves_no_trace = tag->sigil != '\0' && tag->sigil != '{' && tag->sigil != '&';
    if (leaves_no_trace) {
        find_alone(parser, tag);
    }
    return tag->sigil == '!' || tag->sigil == '=' || name_ok(tag->name) ||
           fail(parser, "not a name:", tag->name);
}

static bool set_delimiters(struct parser *parser, struct str pair)
{
    size_t first = 0;
    while (first < pair.len && strchr(" \t\r\n", pair.at[first]) == NULL) {
        first++;
    }
    struct str open = str_sub(pair, 0, first);
    struct str close = trim_all(str_from(pair, first));
    bool good = open.len > 0 && close.len > 0 && open.len + close.len < 64;
    for (size_t i = 0; good && i < pair.len; i++) {
        good = pair.at[i] != '=';
    }
    for (size_t i = 0; good && i < close.len; i++) {
        good = strchr(" \t\r\n", close.at[i]) == NULL;
    }
    if (!good) {
        return fail(parser, "not a pair of delimiters:", pair);
    }
    parser->open = open;
    parser->close = close;
    return true;
}

static bool open_section(struct parser *parser, const struct tag *tag)
{
    if (parser->depth == MUSTACHE_DEPTH_MAX) {
        return fail(parser, "sections are nested too deeply at", tag->name);
    }
    struct segment *segment = add(parser, tag->sigil == '#' ? SEGMENT_SECTION : SEGMENT_INVERTED,
                                  tag->name, tag->from);
    segment->line_start = segment->line_start && !tag->alone;
    parser->sections[parser->depth++] = parser->count - 1;
    return true;
}

static bool close_section(struct parser *parser, const struct tag *tag)
{
    if (parser->depth == 0) {
        return fail(parser, "no section is open here to be closed by", tag->name);
    }
    struct segment *opened = &parser->segments[parser->sections[parser->depth - 1]];
    if (!str_eq(opened->text, tag->name)) {
        return err_set(parser->err, "%s:%u: the section open here is %.*s (line %u), not %.*s",
                       parser->template->units[parser->unit].name, parser->line,
                       STR_ARG(opened->text), opened->line, STR_ARG(tag->name));
    }
    parser->depth--;
    opened->end = parser->count;
    return true;
}

/* The number of the partial's unit; a partial that does not exist is an empty one, unless strict. */
static bool find_unit(struct parser *parser, struct str name, size_t *ret)
{
    struct mustache *template = parser->template;
    const struct mustache_options *options = parser->options;
    for (size_t i = 1; i < template->unit_count; i++) {
        if (str_is(name, template->units[i].name)) {
            *ret = i;
            return true;
        }
    }
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    bool found = options->partial != NULL && options->partial(options->partial_arg, name, &text);
    if (!buf_ok(&text) || (!found && options->strict) || template->unit_count == UNITS_MAX) {
        buf_release(&text);
        return fail(parser, "no such partial:", name);
    }
    template->units = mem_resize(template->units, template->unit_count + 1,
                                 sizeof template->units[0]);
    template->units[template->unit_count] = (struct unit){.name = mem_dup_str(name),
                                                          .text = buf_take(&text)};
    *ret = template->unit_count++;
    return true;
}

static bool add_partial(struct parser *parser, const struct tag *tag)
{
    size_t unit = 0;
    if (!find_unit(parser, tag->name, &unit)) {
        return false;
    }
    struct segment *segment = add(parser, SEGMENT_PARTIAL, tag->name, tag->from);
    segment->unit = unit;
    if (tag->alone) {
        segment->indent = str_sub(parser->text, tag->line_from, tag->from - tag->line_from);
        segment->line_start = false; /* the partial's own lines carry the indent */
    }
    return true;
}

static bool add_tag(struct parser *parser, const struct tag *tag)
{
    bool strict = parser->options->strict;
    switch (tag->sigil) {
    case '#':
    case '^':
        return open_section(parser, tag);
    case '/':
        return close_section(parser, tag);
    case '>':
        return add_partial(parser, tag);
    case '=':
        return set_delimiters(parser, tag->name);
    case '!':
        return true;
    case '{':
    case '&':
        if (strict) {
            return fail(parser, "unescaped holes are not allowed:", tag->name);
        }
        add(parser, SEGMENT_RAW, tag->name, tag->from);
        return true;
    default:
        add(parser, SEGMENT_HOLE, tag->name, tag->from);
        return true;
    }
}

/* Tags without a segment of their own still begin a line, whose indent must not be lost. */
static void keep_line_start(struct parser *parser, const struct tag *tag)
{
    bool traceless = tag->sigil == '/' || tag->sigil == '!' || tag->sigil == '=';
    if (traceless && !tag->alone && line_starts(parser, tag->from)) {
        add(parser, SEGMENT_TEXT, STR(""), tag->from);
    }
}

static bool parse_unit(struct parser *parser)
{
    size_t from = 0;
    for (;;) {
        ptrdiff_t found = str_find(str_from(parser->text, from), parser->open);
        size_t next = found < 0 ? parser->text.len : from + (size_t)found;
        struct tag tag = {0};
        count_lines(parser, next);
        if (found >= 0 && !read_tag(parser, next, &tag)) {
            return false;
        }
        size_t text_to = tag.alone ? tag.line_from : next;
        if (text_to > from) {
            add(parser, SEGMENT_TEXT, str_sub(parser->text, from, text_to - from), from);
        }
        if (found < 0) {
            break;
        }
        keep_line_start(parser, &tag);
        if (!add_tag(parser, &tag)) {
            return false;
        }
        from = tag.alone ? tag.line_after : tag.to;
    }
    if (parser->depth > 0) {
        struct segment *opened = &parser->segments[parser->sections[parser->depth - 1]];
        parser->line = opened->line;
        return fail(parser, "this section is not closed:", opened->text);
    }
    return true;
}

static bool compile_unit(struct mustache *template, size_t unit,
                         const struct mustache_options *options, struct err *err)
{
    struct err local = {""};
    struct parser parser = {.template = template,
                            .options = options,
                            .err = err ? err : &local,
                            .unit = unit,
                            .text = str_of(template->units[unit].text),
                            .open = STR("{{"),
                            .close = STR("}}"),
                            .line = 1};
    bool parsed = parse_unit(&parser);
    template->units[unit].segments = parser.segments;
    template->units[unit].count = parser.count;
    return parsed;
}

struct mustache *mustache_compile(struct str text, const char *file,
                                  const struct mustache_options *options, struct err *err)
{
    struct mustache *template = mem_alloc(sizeof *template);
    template->magic = MUSTACHE_MAGIC;
    template->options = *options;
    template->options.names = NULL;
    template->options.partial = NULL;
    template->options.partial_arg = NULL;
    template->units = mem_array(1, sizeof template->units[0]);
    template->unit_count = 1;
    template->units[0] = (struct unit){.name = mem_strdup(file), .text = mem_dup_str(text)};
    bool good = text.len <= TEXT_BYTES_MAX ||
                err_set(err, "%s:1: longer than %d bytes", file, TEXT_BYTES_MAX);
    for (size_t i = 0; good && i < template->unit_count; i++) {
        good = compile_unit(template, i, options, err);
    }
    if (good && options->strict) {
        good = mustache_check(template, options->names, err);
    }
    if (!good) {
        mustache_free(&template);
    }
    return template;
}

void mustache_free(struct mustache **template)
{
    struct mustache *freed = *template;
    if (freed != NULL) {
        CHECK_OBJ(freed, MUSTACHE_MAGIC);
        for (size_t i = 0; i < freed->unit_count; i++) {
            free(freed->units[i].name);
            free(freed->units[i].text);
            free(freed->units[i].segments);
        }
        free(freed->units);
        freed->magic = 0;
        free(freed);
        *template = NULL;
    }
}
