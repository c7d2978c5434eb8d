/*
 * paper.h - a sheet to draw on, in millimetres from the upper left corner; cairo and pango live behind it.
 *
 * A PDF holds any number of pages; an image holds one. What goes wrong while drawing is kept and told by paper_close.
 */
#ifndef QR_PAPER_H
#define QR_PAPER_H

#include <stdio.h>

#include "base/err.h"
#include "qr/symbol.h"

struct paper;

enum paper_align { PAPER_LEFT, PAPER_CENTRE, PAPER_RIGHT };

struct paper_text {
    double x, baseline; /* of the box's left edge */
    double width;       /* longer text is drawn smaller until it fits */
    double em;          /* size of a Chinese character */
    enum paper_align align;
    unsigned colour; /* 0xRRGGBB */
};

struct paper_box {
    double x, y, width, height, radius;
    unsigned colour;
};

struct paper *paper_pdf(FILE *to, double width, double height, const char *title);
struct paper *paper_image(double width, double height, unsigned dpi);
void paper_put_text(struct paper *paper, const struct paper_text *place, struct str text);
double paper_text_width(struct paper *paper, double em, struct str text);
void paper_put_box(struct paper *paper, const struct paper_box *box);
/* side: the symbol's own, without the quiet zone, which the caller keeps free. */
void paper_put_symbol(struct paper *paper, const struct symbol *symbol, double x, double y,
                      double side);
void paper_end_page(struct paper *paper);
/* Frees the paper. An image is written to `png`, which is NULL for a PDF. */
bool paper_close(struct paper **paper, const char *png, struct err *err) MUST_CHECK;

#endif
