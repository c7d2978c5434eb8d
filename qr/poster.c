/*
 * From top to bottom, in millimetres:
 *
 *    8 headline on a band    56 town and village    75 symbol    210 three steps    235 whom to call    269 what to trust    291 authority, serial
 *
 * The quiet zone of the smallest symbol that can occur (33 modules) ends at 60 and 210. Laid out to be read from three metres: what matters
 * is at least 10 mm high. Printers leave 4–5 mm white, so nothing goes nearer than that.
 */
#include "qr/poster.h"

enum {
    INK = 0x1A1A1A,
    GREY = 0x4A4A4A,
    WHITE = 0xFFFFFF,
    RED = 0xA61C1C, /* 7.5:1 under white, and dark on a grey printer */
    TINT = 0xFBEFE3,
    DRILL = 0x3A3A3A
};

static const double left = 10;
static const double right = 200;
static const double inside = 190;

static unsigned accent(const struct poster *poster)
{
    return poster->drill ? DRILL : RED;
}

static void draw_band(struct paper *paper, const struct words *words, const struct poster *poster)
{
    const struct paper_box band = {left, 8, inside, 27, 4, accent(poster)};
    const struct paper_text line = {left + 6, 27.5, inside - 12, 16.5, PAPER_CENTRE, WHITE};
    paper_put_box(paper, &band);
    paper_put_text(paper, &line, str_of(poster->drill ? words->drill_headline : words->headline));
}

/* Long names stand on two lines, which keeps both larger than one line would. */
static void draw_long_name(struct paper *paper, const struct poster *poster)
{
    const struct paper_text town = {left, 43.5, inside, 7.5, PAPER_CENTRE, INK};
    const struct paper_text village = {left, 57, inside, 13, PAPER_CENTRE, INK};
    paper_put_text(paper, &town, poster->town);
    paper_put_text(paper, &village, poster->village);
}

/* 曲堤街道 葛家村: the village large, its town beside it on the same line. */
static void draw_name(struct paper *paper, const struct poster *poster)
{
    const double gap = 5;
    struct paper_text town = {left, 56.5, inside, 12, PAPER_LEFT, INK};
    struct paper_text village = {left, 56.5, inside, 20, PAPER_LEFT, INK};
    double village_width = paper_text_width(paper, village.em, poster->village);
    if (poster->town.len == 0) {
        village.align = PAPER_CENTRE;
        paper_put_text(paper, &village, poster->village);
        return;
    }
    double town_width = paper_text_width(paper, town.em, poster->town);
    double spare = inside - town_width - gap - village_width;
    if (spare < 0) {
        draw_long_name(paper, poster);
        return;
    }
    town.x = left + spare / 2;
    village.x = town.x + town_width + gap;
    paper_put_text(paper, &town, poster->town);
    paper_put_text(paper, &village, poster->village);
}

static bool draw_symbol(struct paper *paper, const struct words *words, const struct poster *poster,
                        struct err *err)
{
    const double x = (POSTER_WIDTH_MM - POSTER_SYMBOL_MM) / 2.0;
    const double y = 75;
    struct symbol symbol;
    if (!symbol_make(&symbol, poster->link, SYMBOL_H, err)) {
        return false;
    }
    paper_put_symbol(paper, &symbol, x, y, POSTER_SYMBOL_MM);
    symbol_release(&symbol);
    for (int side = 0; poster->drill && side < 2; side++) {
        const struct paper_text mark = {
            side ? right - 22 : left, y + POSTER_SYMBOL_MM / 2.0 + 4, 22, 11, PAPER_CENTRE, DRILL};
        paper_put_text(paper, &mark, str_of(words->drill));
    }
    return true;
}

static void draw_steps(struct paper *paper, const struct words *words, const struct poster *poster)
{
    static const char *const numbers[WORDS_STEPS] = {"1", "2", "3"};
    const double column = inside / WORDS_STEPS;
    for (size_t i = 0; i < WORDS_STEPS; i++) {
        double x = left + (double)i * column;
        const struct paper_box disc = {x + 3.5, 210, 12, 12, 6, accent(poster)};
        const struct paper_text number = {x + 3.5, 219.2, 12, 9.5, PAPER_CENTRE, WHITE};
        const struct paper_text title = {x + 18, 221, column - 19, 13.5, PAPER_LEFT, INK};
        const struct paper_text text = {x + 1, 231.5, column - 2, 6.4, PAPER_CENTRE, GREY};
        paper_put_box(paper, &disc);
        paper_put_text(paper, &number, str_of(numbers[i]));
        paper_put_text(paper, &title, str_of(words->step_titles[i]));
        paper_put_text(paper, &text, str_of(words->step_texts[i]));
    }
}

static void draw_help(struct paper *paper, const struct words *words, const struct poster *poster)
{
    const struct paper_box box = {left, 235.5, inside, 26, 4, TINT};
    const struct paper_text first = {left + 4, 244.5, inside - 8, 7.4, PAPER_CENTRE, INK};
    const struct paper_text second = {left + 4, 258, inside - 8, 12, PAPER_CENTRE, INK};
    struct buf line;
    paper_put_box(paper, &box);
    paper_put_text(paper, &first, str_of(words->help));
    buf_init(&line, 512);
    if (poster->contact.len > 0) {
        buf_printf(&line, "%.*s  ", STR_ARG(poster->contact));
    }
    if (poster->phone.len > 0) {
        buf_put(&line, poster->phone);
    } else {
        buf_printf(&line, "%s ____________", words->phone);
    }
    paper_put_text(paper, &second, buf_str(&line));
    buf_release(&line);
}

static void draw_line(struct paper *paper, double baseline, const char *text, const char *name,
                      struct str value)
{
    const struct paper_text place = {left, baseline, inside, 6.2, PAPER_CENTRE, INK};
    struct buf line;
    buf_init(&line, 1024);
    words_fill(text, name, value, &line);
    paper_put_text(paper, &place, buf_str(&line));
    buf_release(&line);
}

static void draw_trust(struct paper *paper, const struct words *words, const struct poster *poster)
{
    struct buf full;
    buf_init(&full, 512);
    buf_printf(&full, "%.*s%.*s", STR_ARG(poster->town), STR_ARG(poster->village));
    draw_line(paper, 269.7, words->only, "village", buf_str(&full));
    draw_line(paper, 277.2, words->host, "host", poster->host);
    draw_line(paper, 284.7, words->free, "", STR(""));
    buf_release(&full);
}

static void draw_foot(struct paper *paper, const struct words *words, const struct poster *poster)
{
    const struct paper_text authority = {left, 291.5, 150, 4.2, PAPER_LEFT, GREY};
    const struct paper_text serial = {right - 38, 291.5, 38, 3.6, PAPER_RIGHT, GREY};
    char number[16];
    struct buf line;
    if (poster->authority.len > 0) {
        paper_put_text(paper, &authority, poster->authority);
    }
    if (poster->serial > 0) {
        snprintf(number, sizeof number, "%06u", poster->serial);
        buf_init(&line, 256);
        words_fill(words->serial, "serial", str_of(number), &line);
        paper_put_text(paper, &serial, buf_str(&line));
        buf_release(&line);
    }
}

bool poster_draw(struct paper *paper, const struct words *words, const struct poster *poster,
                 struct err *err)
{
    draw_band(paper, words, poster);
    draw_name(paper, poster);
    if (!draw_symbol(paper, words, poster, err)) {
        return false;
    }
    draw_steps(paper, words, poster);
    draw_help(paper, words, poster);
    draw_trust(paper, words, poster);
    draw_foot(paper, words, poster);
    paper_end_page(paper);
    return true;
}
