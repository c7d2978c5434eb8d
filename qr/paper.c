#include "qr/paper.h"

#include <cairo-pdf.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>

#include "base/mem.h"

/* The Chinese face of Debian's fonts-wqy-microhei; where it is missing, what fontconfig has. */
#define FONT_FAMILY "WenQuanYi Micro Hei, Noto Sans CJK SC, sans"

static const double mm_per_inch = 25.4;
static const double points_per_inch = 72;

struct paper {
    cairo_surface_t *surface;
    cairo_t *cr;
    PangoLayout *layout; /* one for all texts: making it costs more than shaping */
    PangoFontDescription *font;
    double points_per_mm;
    bool write_failed;
    FILE *to;
};

static cairo_status_t on_bytes(void *arg, const unsigned char *bytes, unsigned count)
{
    struct paper *paper = arg;
    paper->write_failed = fwrite(bytes, 1, count, paper->to) != count;
    return paper->write_failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void paper_begin(struct paper *paper)
{
    paper->cr = cairo_create(paper->surface);
    paper->layout = pango_cairo_create_layout(paper->cr);
    paper->font = pango_font_description_from_string(FONT_FAMILY);

    PangoContext *context = pango_layout_get_context(paper->layout);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context, options);
    pango_context_set_round_glyph_positions(context, FALSE);
    cairo_font_options_destroy(options);
    pango_layout_set_single_paragraph_mode(paper->layout, TRUE);
}

struct paper *paper_pdf(FILE *to, double width, double height, const char *title)
{
    struct paper *paper = mem_alloc(sizeof *paper);
    paper->to = to;
    paper->points_per_mm = points_per_inch / mm_per_inch;
    paper->surface = cairo_pdf_surface_create_for_stream(
        on_bytes, paper, width * paper->points_per_mm, height * paper->points_per_mm);
    cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_TITLE, title);
    paper_begin(paper);
    return paper;
}

struct paper *paper_image(double width, double height, unsigned dpi)
{
    struct paper *paper = mem_alloc(sizeof *paper);
    paper->points_per_mm = dpi / mm_per_inch;
    paper->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24,
                                                (int)ceil(width * paper->points_per_mm),
                                                (int)ceil(height * paper->points_per_mm));
    paper_begin(paper);
    cairo_set_source_rgb(paper->cr, 1, 1, 1);
    cairo_paint(paper->cr);
    return paper;
}

static void use_colour(struct paper *paper, unsigned colour)
{
    cairo_set_source_rgb(paper->cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                         (colour & 255) / 255.0);
}

static void use_font(struct paper *paper, double em)
{
    pango_font_description_set_absolute_size(paper->font, em * paper->points_per_mm * PANGO_SCALE);
    pango_layout_set_font_description(paper->layout, paper->font);
}

/* In millimetres, of the text the layout holds. */
static double layout_width(const struct paper *paper)
{
    int width;
    pango_layout_get_size(paper->layout, &width, NULL);
    return (double)width / PANGO_SCALE / paper->points_per_mm;
}

double paper_text_width(struct paper *paper, double em, struct str text)
{
    pango_layout_set_text(paper->layout, text.at, (int)text.len);
    use_font(paper, em);
    return layout_width(paper);
}

void paper_put_text(struct paper *paper, const struct paper_text *place, struct str text)
{
    double width = paper_text_width(paper, place->em, text);
    if (width > place->width) {
        use_font(paper, place->em * place->width / width);
        width = layout_width(paper);
    }
    double spare = place->width - width;
    double x = place->x;
    if (place->align != PAPER_LEFT) {
        x += place->align == PAPER_CENTRE ? spare / 2 : spare;
    }
    use_colour(paper, place->colour);
    cairo_move_to(paper->cr, x * paper->points_per_mm, place->baseline * paper->points_per_mm);
    pango_cairo_show_layout_line(paper->cr, pango_layout_get_line_readonly(paper->layout, 0));
}

void paper_put_box(struct paper *paper, const struct paper_box *box)
{
    double scale = paper->points_per_mm;
    double left = box->x * scale;
    double top = box->y * scale;
    double right = left + box->width * scale;
    double bottom = top + box->height * scale;
    double r = box->radius * scale;
    use_colour(paper, box->colour);
    cairo_new_path(paper->cr);
    cairo_arc(paper->cr, right - r, top + r, r, -M_PI / 2, 0);
    cairo_arc(paper->cr, right - r, bottom - r, r, 0, M_PI / 2);
    cairo_arc(paper->cr, left + r, bottom - r, r, M_PI / 2, M_PI);
    cairo_arc(paper->cr, left + r, top + r, r, M_PI, 3 * M_PI / 2);
    cairo_close_path(paper->cr);
    cairo_fill(paper->cr);
}

/* One path and one fill for all modules: no hairlines between rows, whatever the viewer's anti-aliasing. */
void paper_put_symbol(struct paper *paper, const struct symbol *symbol, double x, double y,
                      double side)
{
    double scale = paper->points_per_mm;
    double module = side * scale / (double)symbol->width;
    use_colour(paper, 0x000000);
    cairo_new_path(paper->cr);
    for (size_t row = 0; row < symbol->width; row++) {
        size_t from = 0;
        size_t length = 0;
        while (symbol_run(symbol, row, &from, &length)) {
            cairo_rectangle(paper->cr, x * scale + (double)from * module,
                            y * scale + (double)row * module, (double)length * module, module);
        }
    }
    cairo_fill(paper->cr);
}

void paper_end_page(struct paper *paper)
{
    cairo_show_page(paper->cr);
}

bool paper_close(struct paper **paper, const char *png, struct err *err)
{
    struct paper *it = *paper;
    cairo_status_t status = cairo_status(it->cr);
    if (png != NULL && status == CAIRO_STATUS_SUCCESS) {
        status = cairo_surface_write_to_png(it->surface, png);
    }
    g_object_unref(it->layout);
    pango_font_description_free(it->font);
    cairo_destroy(it->cr);
    cairo_surface_finish(it->surface);
    if (status == CAIRO_STATUS_SUCCESS) {
        status = cairo_surface_status(it->surface);
    }
    cairo_surface_destroy(it->surface);
    bool done = status == CAIRO_STATUS_SUCCESS && !it->write_failed;
    free(it);
    *paper = NULL;
    return done || err_set(err, "%s", cairo_status_to_string(status));
}
