/*
 * poster.h - the A4 poster of one area: name, symbol of 120 mm at level H, three steps, whom to call.
 */
#ifndef QR_POSTER_H
#define QR_POSTER_H

#include <stdint.h>

#include "qr/paper.h"
#include "qr/words.h"

enum { POSTER_WIDTH_MM = 210, POSTER_HEIGHT_MM = 297, POSTER_SYMBOL_MM = 120 };

struct poster {
    struct str link;
    struct str town;    /* empty: the area is no village */
    struct str village; /* or whatever the area is */
    struct str contact; /* may be empty */
    struct str phone;   /* empty: a line to write it on by hand */
    struct str authority;
    struct str host; /* what the address must begin with */
    uint32_t serial; /* 0: none */
    bool drill;
};

/* Draws one page and ends it. False when the link is too long for a symbol. */
bool poster_draw(struct paper *paper, const struct words *words, const struct poster *poster,
                 struct err *err) MUST_CHECK;

#endif
