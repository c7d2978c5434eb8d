/*
 * stats_table.h - sums (store/stats.h) made into what people read: rows, totals, medians, the period before and the year so far. Pure.
 *
 * Figures carry the names of domain/stats.h; instead of the histograms days.S.N there are days.S.median and days.S.p90 (of the total: days.total.…):
 * the median of an even number lies between the middle two, p90 is the smallest number of days that at least 90 % did not exceed. A share is the
 * reader's division. The plain ones of the issue are always there (opens to people), others only where they are not 0; a median only where something was counted.
 */
#ifndef DOMAIN_STATS_TABLE_H
#define DOMAIN_STATS_TABLE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/clock.h"
#include "domain/stats.h"

enum stats_by {
    STATS_BY_NONE, /* the total only */
    STATS_BY_TOWN,
    STATS_BY_DISTRICT,
    STATS_BY_VILLAGE,
    STATS_BY_SOURCE,
    STATS_BY_FILED_BY,
    STATS_BY_PLACEMENT,
    STATS_BY_RISK,
    STATS_BY_WEEK,
    STATS_BY_MONTH,
    STATS_BYS
};
const char *stats_by_name(enum stats_by by); /* "town" …; NULL of none */
enum stats_by stats_by_of(struct str name);  /* STATS_BYS: no such word; empty: none */
bool stats_by_is_area(enum stats_by by);
bool stats_by_is_time(enum stats_by by);
const char *stats_by_dim(enum stats_by by); /* "source" …; NULL of areas, times and none */

/* Both days included. */
struct stats_span {
    struct date from, to;
};
/* Whole months: as many months before; else as many days before. */
struct stats_span stats_span_previous(struct stats_span span);
/* From 1 January of the last day's year. */
struct stats_span stats_span_year(struct stats_span span);
/* The weeks (Monday to Sunday) or months of it, cut at its ends. Returns how many, at most `most` are written. */
size_t stats_span_split(struct stats_span span, enum stats_by by, struct stats_span *ret,
                        size_t most);
/* 2026-W48, 2026-11 */
enum { STATS_SPAN_KEY_BYTES = 16 };
void stats_span_key(struct stats_span span, enum stats_by by, char ret[STATS_SPAN_KEY_BYTES]);
/*
 * Whole years, then whole months, then the days that are left, as stats_read takes them: `2025=2 202611=0,2 20261201=1`. A span's set is its index.
 * Nothing is counted of days to come, so the running year and month are whole for a span that ends today or later.
 */
void stats_span_periods(const struct stats_span *spans, size_t count, struct date today,
                        struct buf *to);

enum stats_when { STATS_NOW, STATS_PREVIOUS, STATS_YEAR, STATS_WHENS };

struct stats_table;
struct stats_table *stats_table_new(enum stats_by by, struct stats_span span);
void stats_table_free(struct stats_table **table);
enum { STATS_TOTAL_ROW = 0, STATS_ROWS_MAX = 20000 };
/* The row of this key, made when there is none; name is what people read. Rows stand in the order in which they were made,
 * those of a dim by key. */
size_t stats_table_row(struct stats_table *table, struct str key, struct str name);
/* A village's town, for names repeat within a county: a member and a column of its own. */
void stats_table_town(struct stats_table *table, size_t row, struct str town);
size_t stats_table_rows(const struct stats_table *table); /* with the total */
struct str stats_table_key(const struct stats_table *table, size_t row);
void stats_table_add(struct stats_table *table, size_t row, enum stats_when when,
                     struct str measure, int64_t n);
/* As it was added up. */
int64_t stats_table_sum(const struct stats_table *table, size_t row, enum stats_when when,
                        const char *measure);
/* How many took so many working days (0 … STATS_DAYS_MAX): false when none. */
bool stats_days_of(const int64_t counts[STATS_DAYS_MAX + 1], double *ret_median, int *ret_p90);

/* {"from", "to", "by", "rows": [{"key", "name", "town", "figures", "previous", "year_to_date"}], "total", "previous", "year_to_date",
 *  "periods": {"previous": {"from", "to"}, "year_to_date": …}, "best_effort": ["opens", "forms"]}; the caller owns it. */
json_t *stats_table_json(const struct stats_table *table);

/*
 * For Excel: UTF-8 with BOM, CRLF, each figure beside its 上期 and 本年累计, the total last. A text that could be taken for a formula (= + - @ of
 * either width, tab, CR or LF in front) gets an apostrophe. word gives what people read for a figure's name or NULL, then the name stands there; word
 * itself may be NULL.
 */
typedef const char *stats_word_fn(void *arg, const char *figure);
void stats_table_csv(const struct stats_table *table, stats_word_fn *word, void *arg,
                     struct buf *to);

#endif
