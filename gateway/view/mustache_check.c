#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "view/mustache_inside.h"

enum { UNITS_WITHIN_MAX = 16, NAME_BYTES_MAX = 256 };

/* Where in an HTML document a hole would stand. */
enum place {
    PLACE_TEXT,
    PLACE_TAG,   /* between < and >, outside an attribute's value */
    PLACE_VALUE, /* just behind = */
    PLACE_DOUBLE,
    PLACE_SINGLE,
    PLACE_BARE,
    PLACE_COMMENT,
    PLACE_STYLE,
    PLACE_SCRIPT
};

static const char *const place_names[] = {"text",         "a tag",        "an unquoted attribute",
                                          "an attribute", "an attribute", "an unquoted attribute",
                                          "a comment",    "a <style>",    "a <script>"};

struct html {
    enum place place;
    char tag[8]; /* the name of the tag we are in, lower case, cut */
    size_t tag_len;
    bool naming;
    size_t matched; /* of what ends a comment, a style or a script */
};

struct checker {
    const struct mustache *template;
    const char *const *names;
    struct err *err;
    struct html html;
    char paths[MUSTACHE_DEPTH_MAX][NAME_BYTES_MAX]; /* of the open sections */
    size_t depth;
    size_t
        within[UNITS_WITHIN_MAX]; /* units being walked: one that includes itself is walked once */
    size_t within_count;
};

static bool check_range(struct checker *checker, const struct unit *unit, size_t from, size_t to);

static bool fail(struct checker *checker, const struct unit *unit, const struct segment *segment,
                 const char *what)
{
    bool partial = unit != &checker->template->units[0];
    return err_set(checker->err, "%s%s%s:%u: %s: %.*s",
                   partial ? checker->template->units[0].name : "", partial ? ": partial " : "",
                   unit->name, segment->line, what, STR_ARG(segment->text));
}

static bool tag_is(const struct html *html, const char *name)
{
    return str_is(str_make(html->tag, html->tag_len), name);
}

static void feed_tag(struct html *html, char c)
{
    bool letter = isalnum((unsigned char)c) || c == '/' || c == '!' || c == '-';
    if (html->naming && letter) {
        if (html->tag_len < sizeof html->tag) {
            html->tag[html->tag_len++] = (char)tolower((unsigned char)c);
        }
        if (tag_is(html, "!--")) {
            *html = (struct html){.place = PLACE_COMMENT};
        }
        return;
    }
    bool bare_sign = html->naming && html->tag_len == 0; /* "a < b" is text */
    html->naming = false;
    if (bare_sign) {
        html->place = PLACE_TEXT;
    } else if (c == '>') {
        html->place = tag_is(html, "style")    ? PLACE_STYLE
                      : tag_is(html, "script") ? PLACE_SCRIPT
                                               : PLACE_TEXT;
        html->matched = 0;
    } else if (c == '=') {
        html->place = PLACE_VALUE;
    }
}

static void feed_value(struct html *html, char c)
{
    bool blank = isspace((unsigned char)c);
    if (html->place == PLACE_VALUE && blank) {
        return;
    }
    if (html->place == PLACE_VALUE && (c == '"' || c == '\'')) {
        html->place = c == '"' ? PLACE_DOUBLE : PLACE_SINGLE;
    } else if (c == '>') {
        html->place = PLACE_TAG;
        feed_tag(html, c);
    } else {
        html->place = blank ? PLACE_TAG : PLACE_BARE;
    }
}

/* Waits for the end mark; then `then` follows. */
static void feed_until(struct html *html, char c, const char *mark, enum place then)
{
    char low = (char)tolower((unsigned char)c);
    if (low != mark[html->matched]) {
        bool dashes = low == '-' && html->matched == 2 && mark[0] == '-';
        html->matched = dashes ? 2 : low == mark[0];
        return;
    }
    if (mark[++html->matched] == '\0') {
        *html = (struct html){.place = then};
    }
}

static void feed(struct html *html, char c)
{
    switch (html->place) {
    case PLACE_TEXT:
        if (c == '<') {
            *html = (struct html){.place = PLACE_TAG, .naming = true};
        }
        break;
    case PLACE_TAG:
        feed_tag(html, c);
        break;
    case PLACE_VALUE:
    case PLACE_BARE:
        feed_value(html, c);
        break;
    case PLACE_DOUBLE:
    case PLACE_SINGLE:
        if (c == (html->place == PLACE_DOUBLE ? '"' : '\'')) {
            html->place = PLACE_TAG;
        }
        break;
    case PLACE_COMMENT:
        feed_until(html, c, "-->", PLACE_TEXT);
        break;
    case PLACE_STYLE:
        feed_until(html, c, "</style", PLACE_TAG);
        break;
    case PLACE_SCRIPT:
        feed_until(html, c, "</script", PLACE_TAG);
        break;
    }
}

static bool listed(const char *const *names, const char *name)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Finds what the name means here; ret_path is its full path. */
static bool known(const struct checker *checker, struct str name, char ret_path[NAME_BYTES_MAX])
{
    bool marks = checker->template->options.item_marks && checker->depth > 0;
    snprintf(ret_path, NAME_BYTES_MAX, "%.*s", STR_ARG(name));
    if (checker->names == NULL) {
        return true;
    }
    if ((str_is(name, ".") && checker->depth > 0) ||
        (marks && (str_is(name, "first") || str_is(name, "last")))) {
        return true;
    }
    for (size_t i = checker->depth; i > 0; i--) {
        int len = snprintf(ret_path, NAME_BYTES_MAX, "%s.%.*s", checker->paths[i - 1],
                           STR_ARG(name));
        if (len > 0 && len < NAME_BYTES_MAX && listed(checker->names, ret_path)) {
            return true;
        }
    }
    int len = snprintf(ret_path, NAME_BYTES_MAX, "%.*s", STR_ARG(name));
    return len < NAME_BYTES_MAX && listed(checker->names, ret_path);
}

static bool check_hole(struct checker *checker, const struct unit *unit,
                       const struct segment *segment)
{
    char path[NAME_BYTES_MAX];
    enum place place = checker->html.place;
    if (!known(checker, segment->text, path)) {
        return fail(checker, unit, segment, "unknown name");
    }
    bool fits = place == PLACE_TEXT || place == PLACE_DOUBLE || place == PLACE_SINGLE;
    if (checker->template->options.escape == MUSTACHE_HTML && !fits) {
        char what[80];
        snprintf(what, sizeof what, "a hole in %s", place_names[place]);
        return fail(checker, unit, segment, what);
    }
    return true;
}

static bool check_section(struct checker *checker, const struct unit *unit, size_t at)
{
    const struct segment *segment = &unit->segments[at];
    char path[NAME_BYTES_MAX];
    enum place place = checker->html.place;
    if (!known(checker, segment->text, path)) {
        return fail(checker, unit, segment, "unknown name");
    }
    bool inside = segment->kind == SEGMENT_SECTION;
    if (inside && checker->depth == MUSTACHE_DEPTH_MAX) {
        return fail(checker, unit, segment, "sections are nested too deeply at");
    }
    if (inside) {
        memcpy(checker->paths[checker->depth++], path, sizeof path);
    }
    if (!check_range(checker, unit, at + 1, segment->end)) {
        return false;
    }
    checker->depth -= inside;
    return checker->html.place == place || checker->template->options.escape != MUSTACHE_HTML ||
           fail(checker, unit, segment, "the section ends in another kind of place than it began");
}

static bool check_partial(struct checker *checker, const struct unit *unit,
                          const struct segment *segment)
{
    const struct unit *inner = &checker->template->units[segment->unit];
    for (size_t i = 0; i < checker->within_count; i++) {
        if (checker->within[i] == segment->unit) {
            return true;
        }
    }
    if (checker->within_count == UNITS_WITHIN_MAX) {
        return fail(checker, unit, segment, "partials are nested too deeply at");
    }
    checker->within[checker->within_count++] = segment->unit;
    bool good = check_range(checker, inner, 0, inner->count);
    checker->within_count--;
    return good;
}

static bool check_range(struct checker *checker, const struct unit *unit, size_t from, size_t to)
{
    bool good = true;
    for (size_t i = from; good && i < to; i++) {
        const struct segment *segment = &unit->segments[i];
        switch (segment->kind) {
        case SEGMENT_TEXT:
            for (size_t k = 0; k < segment->text.len; k++) {
                feed(&checker->html, segment->text.at[k]);
            }
            break;
        case SEGMENT_HOLE:
        case SEGMENT_RAW:
            good = check_hole(checker, unit, segment);
            break;
        case SEGMENT_SECTION:
        case SEGMENT_INVERTED:
            good = check_section(checker, unit, i);
            i = segment->end - 1;
            break;
        case SEGMENT_PARTIAL:
            good = check_partial(checker, unit, segment);
            break;
        }
    }
    return good;
}

bool mustache_check(const struct mustache *template, const char *const *names, struct err *err)
{
    struct checker checker = {.template = template, .names = names, .err = err};
    return check_range(&checker, &template->units[0], 0, template->units[0].count);
}
