/*
 * symbol.h - a QR code symbol (ISO/IEC 18004) as a square of modules, by libqrencode.
 */
#ifndef QR_SYMBOL_H
#define QR_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum symbol_level { SYMBOL_L, SYMBOL_M, SYMBOL_Q, SYMBOL_H };

struct symbol {
    size_t width;           /* modules per side, without the quiet zone */
    unsigned char *modules; /* width·width, 1 dark; owned */
};

enum { SYMBOL_QUIET = 4 };

bool symbol_make(struct symbol *ret, struct str text, enum symbol_level level,
                 struct err *err) MUST_CHECK;
void symbol_release(struct symbol *symbol);
bool symbol_dark(const struct symbol *symbol, size_t x, size_t y);
/* The next run of dark modules in row y: start with *x = *length = 0, false at the row's end. */
bool symbol_run(const struct symbol *symbol, size_t y, size_t *x, size_t *length);
/* Half-block characters, two rows to a line, with the quiet zone; for dark and light terminals alike. */
void symbol_terminal(const struct symbol *symbol, struct buf *to);

#endif
