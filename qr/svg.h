/*
 * svg.h - a symbol as one SVG path with its quiet zone. Scales; no width unless asked.
 */
#ifndef QR_SVG_H
#define QR_SVG_H

#include "qr/symbol.h"

/* attributes: written into <svg …>, e.g. `width="160" role="img" aria-label="…"`; trusted text. */
void svg_put(const struct symbol *symbol, const char *attributes, struct buf *to);

#endif
