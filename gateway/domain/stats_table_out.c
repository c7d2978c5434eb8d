/* A table of statistics as JSON and as CSV. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "domain/stats.h"
#include "domain/stats_table_inside.h"

enum { FIGURE_BYTES = 64 };

/* What one figure is made of. */
struct column {
    char figure[FIGURE_BYTES];
    enum { COLUMN_SUM, COLUMN_MEDIAN, COLUMN_P90 } kind;
    bool always;
    size_t names[STATS_DAYS_MAX + 1]; /* numbers of measures + 1: one, or those of the histogram */
};

struct columns {
    struct column *at; /* owned */
    size_t count, room;
    struct stats_index figures; /* of at, before they are sorted */
};

/* `days.S.N`, `lead.days.S.N`, `clearing.days.S.N`: where the number begins, else 0. */
static size_t histogram_number(const char *measure)
{
    const char *from = strncmp(measure, "lead.", 5) == 0       ? measure + 5
                       : strncmp(measure, "clearing.", 9) == 0 ? measure + 9
                                                               : measure;
    const char *dot = strrchr(from, '.');
    return strncmp(from, "days.", 5) == 0 && dot > from + 4 ? (size_t)(dot + 1 - measure) : 0;
}

static struct column *column_of(struct columns *columns, const char *figure)
{
    size_t nth = stats_index_put(&columns->figures, str_of(figure));
    if (nth == columns->room) {
        columns->room = columns->room ? columns->room * 2 : 64;
        columns->at = mem_resize(columns->at, columns->room, sizeof columns->at[0]);
    }
    if (nth == columns->count) {
        struct column *column = &columns->at[columns->count++];
        *column = (struct column){.kind = COLUMN_SUM};
        snprintf(column->figure, sizeof column->figure, "%s", figure);
    }
    return &columns->at[nth];
}

static void add_histogram(struct columns *columns, const char *measure, size_t number, size_t name)
{
    const char *const kinds[] = {"median", "p90"};
    size_t days = (size_t)strtoul(measure + number, NULL, 10);
    for (int i = 0; i < 2 && days <= STATS_DAYS_MAX; i++) {
        char figure[FIGURE_BYTES];
        snprintf(figure, sizeof figure, "%.*s%s", (int)number, measure, kinds[i]);
        struct column *column = column_of(columns, figure);
        column->kind = i == 0 ? COLUMN_MEDIAN : COLUMN_P90;
        column->names[days] = name + 1;
    }
}

/* Those that are always there first, in their order; then by name, how many there are now last. */
static int by_figure(const void *a, const void *b)
{
    const struct column *one = a, *other = b;
    bool now = strncmp(one->figure, "now.", 4) == 0,
         other_now = strncmp(other->figure, "now.", 4) == 0;
    return now != other_now ? (int)now - (int)other_now : strcmp(one->figure, other->figure);
}

static struct columns columns_make(const struct stats_table *table)
{
    struct columns columns = {0};
    size_t always = 0;
    for (; stats_figures_always[always] != NULL; always++) {
        column_of(&columns, stats_figures_always[always])->always = true;
    }
    for (size_t i = 0; i < table->names.count; i++) {
        const char *measure = table->names.texts[i];
        size_t number = histogram_number(measure);
        if (number > 0) {
            add_histogram(&columns, measure, number, i);
        } else {
            column_of(&columns, measure)->names[0] = i + 1;
        }
    }
    if (columns.count > always) {
        qsort(columns.at + always, columns.count - always, sizeof columns.at[0], by_figure);
    }
    stats_index_release(&columns.figures);
    return columns;
}

/* In which order rows leave: after the total as they were made, those of a dim by key. */
struct place {
    size_t row;
    const char *key;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->key, ((const struct place *)b)->key);
}

static struct place *places_make(const struct stats_table *table)
{
    struct place *places = mem_array(table->row_count, sizeof places[0]);
    for (size_t i = 0; i < table->row_count; i++) {
        places[i] = (struct place){i, table->keys.texts[i]};
    }
    if (stats_by_dim(table->by) != NULL) {
        qsort(places + 1, table->row_count - 1, sizeof places[0], by_key);
    }
    return places;
}

/* Numbers ------------------------------------------------------------------------------------------------------------------- */

struct figure {
    bool there;
    bool half; /* and a half */
    int64_t n;
};

static struct figure figure_of(const struct stats_table *table, const struct column *column,
                               size_t row, enum stats_when when)
{
    int64_t counts[STATS_DAYS_MAX + 1] = {0};
    double median;
    int p90;
    if (column->kind == COLUMN_SUM) {
        int64_t n = stats_table_cell(table, row, when, column->names[0]);
        return (struct figure){n != 0 || column->always, false, n};
    }
    for (size_t i = 0; i <= STATS_DAYS_MAX; i++) {
        counts[i] = stats_table_cell(table, row, when, column->names[i]);
    }
    if (!stats_days_of(counts, &median, &p90)) {
        return (struct figure){false, false, 0};
    }
    bool is_p90 = column->kind == COLUMN_P90;
    return (struct figure){true, !is_p90 && median > (int)median, is_p90 ? p90 : (int)median};
}

/* JSON ---------------------------------------------------------------------------------------------------------------------- */

static void set(json_t *object, const char *name, json_t *take_value)
{
    CHECK(json_object_set_new(object, name, take_value) == 0);
}

static json_t *figures_json(const struct stats_table *table, const struct columns *columns,
                            size_t row, enum stats_when when)
{
    json_t *figures = json_object();
    for (size_t i = 0; i < columns->count; i++) {
        struct figure figure = figure_of(table, &columns->at[i], row, when);
        if (figure.there) {
            set(figures, columns->at[i].figure,
                figure.half ? json_real((double)figure.n + 0.5) : json_integer(figure.n));
        }
    }
    return figures;
}

static void set_figures(json_t *object, const char *name, const struct stats_table *table,
                        const struct columns *columns, size_t row)
{
    set(object, name, figures_json(table, columns, row, STATS_NOW));
    set(object, "previous", figures_json(table, columns, row, STATS_PREVIOUS));
    set(object, "year_to_date", figures_json(table, columns, row, STATS_YEAR));
}

static json_t *row_json(const struct stats_table *table, const struct columns *columns, size_t row)
{
    json_t *object = json_object();
    set(object, "key", json_string(table->keys.texts[row]));
    set(object, "name", json_string(table->rows[row].name));
    if (table->rows[row].town != NULL) {
        set(object, "town", json_string(table->rows[row].town));
    }
    set_figures(object, "figures", table, columns, row);
    return object;
}

static json_t *day_json(struct date date)
{
    return json_sprintf("%04d-%02d-%02d", date.year, date.month, date.day);
}

static void set_span(json_t *object, struct stats_span span)
{
    set(object, "from", day_json(span.from));
    set(object, "to", day_json(span.to));
}

static json_t *span_json(struct stats_span span)
{
    json_t *object = json_object();
    set_span(object, span);
    return object;
}

json_t *stats_table_json(const struct stats_table *table)
{
    struct columns columns = columns_make(table);
    struct place *places = places_make(table);
    json_t *object = json_object(), *rows = json_array();
    const char *by = stats_by_name(table->by);
    set_span(object, table->span);
    set(object, "by", by ? json_string(by) : json_null());
    set(object, "periods",
        json_pack("{s:o, s:o}", "previous", span_json(stats_span_previous(table->span)),
                  "year_to_date", span_json(stats_span_year(table->span))));
    for (size_t i = STATS_TOTAL_ROW + 1; i < table->row_count; i++) {
        json_array_append_new(rows, row_json(table, &columns, places[i].row));
    }
    set(object, "rows", rows);
    set_figures(object, "total", table, &columns, STATS_TOTAL_ROW);
    set(object, "best_effort", json_pack("[s, s]", "opens", "forms"));
    free(columns.at);
    free(places);
    return object;
}

/* CSV ----------------------------------------------------------------------------------------------------------------------- */

/* Programs of the region take the full-width signs as well. */
static bool may_be_formula(struct str text)
{
    static const char *const signs[] = {"=",  "+",  "-",  "@",  "\t", "\r",
                                        "\n", "＝", "＋", "－", "＠"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (str_starts(text, str_of(signs[i]))) {
            return true;
        }
    }
    return false;
}

static void put_cell(struct buf *to, struct str text)
{
    char quoted[] = "\"\"";
    buf_putc(to, quoted[0]);
    if (may_be_formula(text)) {
        buf_putc(to, '\'');
    }
    for (size_t i = 0; i < text.len; i++) {
        buf_puts(to, text.at[i] == '"' ? quoted : "");
        if (text.at[i] != '"') {
            buf_putc(to, text.at[i]);
        }
    }
    buf_putc(to, quoted[0]);
}

static void put_head(const struct columns *columns, stats_word_fn *word, void *arg, bool towns,
                     struct buf *to)
{
    static const char *const fixed[] = {"key", "name", "town"};
    static const char *const whens[STATS_WHENS] = {NULL, "previous", "year_to_date"};
    for (size_t i = 0; i < (towns ? 3 : 2); i++) {
        const char *text = word ? word(arg, fixed[i]) : NULL;
        buf_puts(to, i ? "," : "");
        put_cell(to, str_of(text ? text : fixed[i]));
    }
    for (size_t i = 0; i < columns->count; i++) {
        const char *figure = columns->at[i].figure;
        char name[192], full[256]; /* a word holds until the next one is asked for */
        const char *text = word ? word(arg, figure) : NULL;
        bool now = strncmp(figure, "now.", 4) == 0;
        snprintf(name, sizeof name, "%s", text ? text : figure);
        for (size_t when = 0; when < (now ? 1 : STATS_WHENS); when++) {
            const char *said = whens[when] && word ? word(arg, whens[when]) : NULL;
            snprintf(full, sizeof full, "%s%s%s%s", name, whens[when] ? "（" : "",
                     said          ? said
                     : whens[when] ? whens[when]
                                   : "",
                     whens[when] ? "）" : "");
            buf_putc(to, ',');
            put_cell(to, str_of(full));
        }
    }
    buf_puts(to, "\r\n");
}

static void put_row(const struct stats_table *table, const struct columns *columns, size_t row,
                    bool towns, const char *name, struct buf *to)
{
    put_cell(to, str_of(table->keys.texts[row]));
    buf_putc(to, ',');
    put_cell(to, str_of(name));
    if (towns) {
        buf_putc(to, ',');
        put_cell(to, str_of(table->rows[row].town));
    }
    for (size_t i = 0; i < columns->count; i++) {
        bool now = strncmp(columns->at[i].figure, "now.", 4) == 0;
        for (int when = 0; when < (now ? 1 : STATS_WHENS); when++) {
            struct figure figure = figure_of(table, &columns->at[i], row, (enum stats_when)when);
            bool blank = columns->at[i].kind != COLUMN_SUM && !figure.there;
            buf_putc(to, ',');
            if (!blank) {
                buf_printf(to, "%lld%s", (long long)figure.n, figure.half ? ".5" : "");
            }
        }
    }
    buf_puts(to, "\r\n");
}

void stats_table_csv(const struct stats_table *table, stats_word_fn *word, void *arg,
                     struct buf *to)
{
    struct columns columns = columns_make(table);
    struct place *places = places_make(table);
    bool towns = false;
    for (size_t i = 0; i < table->row_count; i++) {
        towns |= table->rows[i].town != NULL;
    }
    buf_puts(to, "\xEF\xBB\xBF");
    put_head(&columns, word, arg, towns, to);
    for (size_t i = STATS_TOTAL_ROW + 1; i < table->row_count; i++) {
        size_t row = places[i].row;
        put_row(table, &columns, row, towns, table->rows[row].name, to);
    }
    const char *total = word ? word(arg, "total") : NULL;
    put_row(table, &columns, STATS_TOTAL_ROW, towns, total ? total : "total", to);
    free(columns.at);
    free(places);
}
