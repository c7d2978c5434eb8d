/*
 * mustache_inside.h - what a compiled template looks like, for mustache*.c only.
 *
 *   template ── unit 0: the text itself ── segments: text │ hole │ section … its segments … │ partial → unit n
 *            └─ unit n: a partial's text, there once, whoever includes it
 */
#ifndef VIEW_MUSTACHE_INSIDE_H
#define VIEW_MUSTACHE_INSIDE_H

#include "view/mustache.h"

enum { MUSTACHE_MAGIC = 0x6d757374, MUSTACHE_DEPTH_MAX = 64, MUSTACHE_INDENT_MAX = 128 };

enum segment_kind {
    SEGMENT_TEXT,
    SEGMENT_HOLE,
    SEGMENT_RAW, /* `{{{` and `{{&` */
    SEGMENT_SECTION,
    SEGMENT_INVERTED,
    SEGMENT_PARTIAL
};

struct segment {
    enum segment_kind kind;
    bool line_start; /* first of a line of the source: where a partial's indent goes */
    unsigned line;
    struct str text; /* the text, or the name */
    size_t end;      /* sections: the segment after the last one inside */
    size_t unit;     /* partial */
    struct str indent;
};

struct unit {
    char *name; /* the file, or the partial's name */
    char *text; /* what the segments point into */
    struct segment *segments;
    size_t count;
};

struct mustache {
    unsigned magic;
    struct mustache_options options; /* names and partials are not kept */
    struct unit *units;
    size_t unit_count;
};

/* The strict rules (mustache.h), over all units from the first on. */
bool mustache_check(const struct mustache *template, const char *const *names,
                    struct err *err) MUST_CHECK;

#endif
