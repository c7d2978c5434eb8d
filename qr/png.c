#include "qr/png.h"

#include <cairo.h>

#include "base/file.h"

enum { FILE_BYTES_MAX = 16 << 20 };

static cairo_status_t on_bytes(void *arg, const unsigned char *bytes, unsigned count)
{
    struct buf *to = arg;
    buf_put(to, str_make(bytes, count));
    return buf_ok(to) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void draw(const struct symbol *symbol, cairo_t *cr)
{
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_scale(cr, PNG_MODULE_PX, PNG_MODULE_PX);
    cairo_translate(cr, SYMBOL_QUIET, SYMBOL_QUIET);
    cairo_set_source_rgb(cr, 0, 0, 0);
    for (size_t y = 0; y < symbol->width; y++) {
        size_t x = 0;
        size_t length = 0;
        while (symbol_run(symbol, y, &x, &length)) {
            cairo_rectangle(cr, (double)x, (double)y, (double)length, 1);
        }
    }
    cairo_fill(cr);
}

bool png_write(const struct symbol *symbol, const char *path, struct err *err)
{
    int side = (int)(symbol->width + 2 * SYMBOL_QUIET) * PNG_MODULE_PX;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, side, side);
    cairo_t *cr = cairo_create(surface);
    struct buf bytes;
    draw(symbol, cr);
    buf_init(&bytes, FILE_BYTES_MAX);
    cairo_status_t status = cairo_surface_write_to_png_stream(surface, on_bytes, &bytes);
    bool done = status == CAIRO_STATUS_SUCCESS
                    ? file_write(path, buf_str(&bytes), 0644, err)
                    : err_set(err, "%s: %s", path, cairo_status_to_string(status));
    buf_release(&bytes);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return done;
}
