#include "qr/svg.h"

/* Each run of dark modules is a stroke of width 1 along the middle of its row: half the bytes of a rectangle. */
static void row_put(const struct symbol *symbol, size_t y, struct buf *to)
{
    size_t x = 0;
    size_t length = 0;
    size_t end = 0;
    bool first = true;
    while (symbol_run(symbol, y, &x, &length)) {
        if (first) {
            buf_printf(to, "M%zu %zu.5h%zu", x + SYMBOL_QUIET, y + SYMBOL_QUIET, length);
        } else {
            buf_printf(to, "m%zu 0h%zu", x - end, length);
        }
        first = false;
        end = x + length;
    }
}

void svg_put(const struct symbol *symbol, const char *attributes, struct buf *to)
{
    size_t side = symbol->width + 2 * SYMBOL_QUIET;
    const char *blank = attributes != NULL && attributes[0] != '\0' ? " " : "";
    buf_printf(to,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %zu %zu\" "
               "shape-rendering=\"crispEdges\"%s%s>"
               "<path fill=\"#fff\" d=\"M0 0h%zuv%zuH0z\"/><path stroke=\"#000\" d=\"",
               side, side, blank, attributes ? attributes : "", side, side);
    for (size_t y = 0; y < symbol->width; y++) {
        row_put(symbol, y, to);
    }
    buf_puts(to, "\"/></svg>");
}
