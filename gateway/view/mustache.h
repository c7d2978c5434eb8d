/*
 * mustache.h - the Mustache specification (core: comments, delimiters, interpolation, inverted, partials, sections) over jansson.
 *
 * Compiled once into segments, rendered many times. Escaped by default in the way the template is for. Falsy: missing, null, false, an empty list,
 * an empty string. Partials are compiled by reference, so that one may include itself; a depth limit ends it. Lambdas are not part of it.
 *
 * Strict: every name, also in sections not taken, must be known to the page, every partial must exist, and `{{{`, `{{&` are errors; with MUSTACHE_HTML also a hole
 * in a tag outside quotes, in a comment, in <style> or <script>, and a section that ends in another kind of place than it began in.
 * A known name is a dotted path from the top; inside sections the path may be left off as in rendering: within {{#fields}}, `label` is known when `fields.label` or `label` is.
 */
#ifndef VIEW_MUSTACHE_H
#define VIEW_MUSTACHE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum mustache_escape { MUSTACHE_HTML, MUSTACHE_JSON, MUSTACHE_FORM, MUSTACHE_XML, MUSTACHE_NONE };

struct mustache;

/* Finds the text of a partial; false: there is none (renders as nothing, unless strict). */
typedef bool mustache_partial_fn(void *arg, struct str name, struct buf *to);

struct mustache_options {
    enum mustache_escape escape;
    bool strict;
    const char *const *names; /* strict: NULL-terminated list of allowed dotted names; NULL: any */
    bool item_marks;          /* `first` and `last` in lists (bodies for upstream) */
    mustache_partial_fn *partial;
    void *partial_arg;
};

/* Errors read `file:line: …`. The options are only borrowed for the call. */
struct mustache *mustache_compile(struct str text, const char *file,
                                  const struct mustache_options *options,
                                  struct err *err) MUST_CHECK;
void mustache_free(struct mustache **template);
/* False only when the buffer's cap or the limit of depth is reached. */
bool mustache_render(const struct mustache *template, const json_t *data,
                     struct buf *to) MUST_CHECK;

#endif
