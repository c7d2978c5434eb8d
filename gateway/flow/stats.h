/*
 * stats.h - what an office asks of the statistics: a period, areas, one row for each of something.
 *
 *   stats_query ─► fold and read the totals (and weeks or months) ─► read the rows' areas or a dim ─► table
 *
 * Rows:
 * - town, district, village: the areas of that level in the scope, in the areas file's order; an area of the scope that lies deeper stands for
 *   itself. What was filed for a place above that level is in the total only.
 *   What was counted under an id that leads to an area (`alias,OLD,NEW`) is read with that area's, unless it lay in it: there it is counted already.
 * - source, filed_by, placement, risk: those that occur, by name. A report has several risks, so these rows do not add up to the total.
 * - week, month: those of the period, cut at its ends. Each has its own previous (the one before, of the same length) and year to date.
 * Page opens and forms of a worker reach the sums each 10 s (web/open_counts.h).
 */
#ifndef FLOW_STATS_H
#define FLOW_STATS_H

#include "domain/scope.h"
#include "domain/stats_table.h"
#include "flow/setup.h"

enum { STATS_DAYS_ASKED_MAX = 1830, STATS_AREA_ROWS_MAX = 5000 };

struct stats_query {
    struct scope scope; /* not empty, no area below another */
    struct stats_span span;
    struct date today; /* nothing is counted of later days */
    enum stats_by by;
};

/* NULL: it can be asked. Else which parameter is wrong: "from", "to" (before from, or more than STATS_DAYS_ASKED_MAX days), "by" (more than
 * STATS_AREA_ROWS_MAX rows). */
const char *stats_query_fault(const struct setup *setup, const struct stats_query *query);

/* table is NULL unless OP_OK, and valid during the call; behind: journal entries not counted yet, 0 but while a recount runs (store/stats.h). */
typedef void stats_query_done_fn(void *arg, enum op_status status, const struct stats_table *table,
                                 int64_t behind);
/* The query is copied; it has no fault. */
void stats_query(const struct setup *setup, struct store *store, const struct stats_query *query,
                 stats_query_done_fn *done, void *arg);

/* What people read for a figure's name ("done.visit" → 办结 入户核查), from the catalog and the main procedure; NULL: no words for it. */
struct stats_words {
    const struct setup *setup;
    char text[192];
};
const char *stats_word(void *words,
                       const char *figure); /* a stats_word_fn; valid until the next call */

#endif
