/*
 * png.h - a symbol as a PNG file, black on white, with its quiet zone; each module PNG_MODULE_PX wide.
 */
#ifndef QR_PNG_H
#define QR_PNG_H

#include "qr/symbol.h"

enum { PNG_MODULE_PX = 12 };

bool png_write(const struct symbol *symbol, const char *path, struct err *err) MUST_CHECK;

#endif
