/*
 * mustache.h - the Mustache specification (core: comments, delimiters, interpolation, inverted, partials, sections) over jansson.
 *
 * Compiled once into segments, rendered many times. Escaped by default in the way the template is for. Strict: every name, also in sections not taken, must be known
 * to the page (names: a set of dotted names), and `{{{`, `{{&`, a hole in an unquoted attribute, in <style> or <script> are errors.
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
    bool item_marks;          /* `first` and `last` in lists of objects (bodies for upstream) */
    mustache_partial_fn *partial;
    void *partial_arg;
};

struct mustache *mustache_compile(struct str text, const char *file,
                                  const struct mustache_options *options,
                                  struct err *err) MUST_CHECK;
void mustache_free(struct mustache **template);
/* False only when the buffer's cap is reached. */
bool mustache_render(const struct mustache *template, const json_t *data,
                     struct buf *to) MUST_CHECK;

#endif
