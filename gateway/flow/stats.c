#include "flow/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/stats.h"

enum { QUERY_MAGIC = 0x53745175, SPANS_MAX = 3 + 3 * 512, TEXT_BYTES_MAX = 4 << 20 };

struct query {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    struct stats_query asked;
    struct stats_table *table;
    struct buf ids; /* of the areas that are read for rows, blank-separated */
    size_t *row_of; /* of each of them */
    size_t id_count, id_room;
    int64_t behind;
    stats_query_done_fn *done;
    void *arg;
};

static stats_sum_fn on_total_sum;
static stats_read_done_fn on_totals;
static stats_sum_fn on_row_sum;
static stats_sum_fn on_dim_sum;
static stats_read_done_fn on_rows;

static int64_t days_of(struct stats_span span)
{
    return date_to_days(span.to) - date_to_days(span.from) + 1;
}

/* Rows ---------------------------------------------------------------------------------------------------------------------- */

typedef void each_area_fn(void *arg, area_index area);

/* The areas of that level in and below this one; one that lies deeper stands for itself. */
static void each_area(const struct areas *areas, area_index area, enum area_level level,
                      each_area_fn *each, void *arg)
{
    if (area_level(areas, area) >= level) {
        each(arg, area);
        return;
    }
    for (size_t i = 0; i < area_child_count(areas, area); i++) {
        area_index child = area_child(areas, area, i);
        if (area_level(areas, child) <= level) {
            each_area(areas, child, level, each, arg);
        }
    }
}

static void each_row(const struct setup *setup, const struct stats_query *query, each_area_fn *each,
                     void *arg)
{
    static const enum area_level levels[STATS_BYS] = {[STATS_BY_TOWN] = AREA_TOWN,
                                                      [STATS_BY_DISTRICT] = AREA_DISTRICT,
                                                      [STATS_BY_VILLAGE] = AREA_VILLAGE};
    for (size_t i = 0; i < query->scope.count && stats_by_is_area(query->by); i++) {
        each_area(setup->areas, query->scope.at[i], levels[query->by], each, arg);
    }
}

static void count_row(void *arg, area_index area)
{
    (void)area;
    ++*(size_t *)arg;
}

typedef void each_id_fn(void *arg, struct str id);

/*
 * The area's own id, and those that lead to it: what was counted under them joins it. What lay in the whole already is counted there; of what lay below
 * the area or beside it, the sums of other areas are not touched: what happened stays where it happened.
 */
static void each_id(const struct areas *areas, area_index area, const struct scope *whole,
                    each_id_fn *each, void *arg)
{
    struct area_old_walk walk = {.areas = areas, .area = area};
    struct area_old old;
    each(arg, area_id(areas, area));
    while (area_old_next(&walk, &old) && old.now == area) {
        if (!scope_has(areas, whole, old.home)) {
            each(arg, old.id);
        }
    }
}

static void put_id(void *arg, struct str id)
{
    struct buf *to = arg;
    buf_printf(to, "%s%.*s", to->len ? " " : "", STR_ARG(id));
}

struct row_adding {
    struct query *query;
    size_t row;
};

static void add_row_id(void *arg, struct str id)
{
    const struct row_adding *adding = arg;
    struct query *query = adding->query;
    if (query->id_count == query->id_room) {
        query->id_room = query->id_room > 0 ? query->id_room * 2 : 64;
        query->row_of = mem_resize(query->row_of, query->id_room, sizeof *query->row_of);
    }
    query->row_of[query->id_count++] = adding->row;
    put_id(&query->ids, id);
}

static void add_area_row(void *arg, area_index area)
{
    struct query *query = arg;
    const struct areas *areas = query->setup->areas;
    const struct scope whole = {.count = 1, .at = {area}};
    area_index town = area_up(areas, area, AREA_TOWN);
    size_t row = stats_table_row(query->table, area_id(areas, area), area_shown(areas, area));
    struct row_adding adding = {query, row};
    each_id(areas, area, &whole, add_row_id, &adding);
    if (query->asked.by == STATS_BY_VILLAGE) {
        stats_table_town(query->table, row,
                         town == AREA_NONE || town == area ? STR("") : area_shown(areas, town));
    }
}

/* What people call a source, a risk …; its own name where nobody has named it. */
static struct str dim_word(const struct setup *setup, enum stats_by by, struct str value)
{
    char key[96];
    const struct form_field *field = form_field(setup->form, str_of(stats_by_name(by)));
    const struct form_option *option = field ? form_option(field, value) : NULL;
    if (option != NULL && catalog_has(setup->catalog, option->label)) {
        return str_of(catalog_text(setup->catalog, option->label));
    }
    snprintf(key, sizeof key, "stats.%s_%.*s", stats_by_name(by), STR_ARG(value));
    return catalog_has(setup->catalog, key) ? str_of(catalog_text(setup->catalog, key)) : value;
}

const char *stats_query_fault(const struct setup *setup, const struct stats_query *query)
{
    size_t rows = 0;
    if (date_compare(query->span.from, query->span.to) > 0 ||
        days_of(query->span) > STATS_DAYS_ASKED_MAX) {
        return "to";
    }
    if (query->span.from.year < 2000 || query->span.to.year > 9998) {
        return "from";
    }
    each_row(setup, query, count_row, &rows);
    return rows > STATS_AREA_ROWS_MAX ? "by" : NULL;
}

/* Reading ------------------------------------------------------------------------------------------------------------------- */

static void finish(struct query *query, enum op_status status)
{
    query->done(query->arg, status, status == OP_OK ? query->table : NULL, query->behind);
    stats_table_free(&query->table);
    buf_release(&query->ids);
    free(query->row_of);
    query->magic = 0;
    free(query);
}

/* A span, the one before, and the year: three sets. */
static void put_sets(struct stats_span span, struct stats_span *to)
{
    to[STATS_NOW] = span;
    to[STATS_PREVIOUS] = stats_span_previous(span);
    to[STATS_YEAR] = stats_span_year(span);
}

/* The sets of the total, then of each week or month, whose rows are made here. */
static size_t make_spans(struct query *query, struct stats_span *spans)
{
    size_t count = 0;
    put_sets(query->asked.span, spans);
    if (stats_by_is_time(query->asked.by)) {
        struct stats_span parts[SPANS_MAX / STATS_WHENS];
        count = stats_span_split(query->asked.span, query->asked.by, parts,
                                 SPANS_MAX / STATS_WHENS - 1);
        CHECK(count < SPANS_MAX / STATS_WHENS);
        for (size_t i = 0; i < count; i++) {
            char key[STATS_SPAN_KEY_BYTES];
            stats_span_key(parts[i], query->asked.by, key);
            size_t row = stats_table_row(query->table, str_of(key), str_of(key));
            put_sets(parts[i], spans + row * STATS_WHENS);
        }
    }
    return (count + 1) * STATS_WHENS;
}

static void read_sums(struct query *query, const char *dim, struct str areas,
                      const struct stats_span *spans, size_t span_count, stats_sum_fn *each,
                      stats_read_done_fn *done)
{
    struct buf periods;
    buf_init(&periods, TEXT_BYTES_MAX);
    stats_span_periods(spans, span_count, query->asked.today, &periods);
    buf_printf(&periods, " now=%d", STATS_NOW);
    CHECK(buf_ok(&periods));
    struct stats_read request = {.buckets = query->setup->buckets,
                                 .bucket_count = query->setup->bucket_count,
                                 .dim = dim,
                                 .areas = areas,
                                 .periods = buf_str(&periods)};
    stats_read(query->store, &request, each, done, query);
    buf_release(&periods);
}

static void scope_ids(const struct query *query, struct buf *to)
{
    const struct scope *scope = &query->asked.scope;
    buf_init(to, TEXT_BYTES_MAX);
    for (size_t i = 0; i < scope->count; i++) {
        each_id(query->setup->areas, scope->at[i], scope, put_id, to);
    }
}

void stats_query(const struct setup *setup, struct store *store, const struct stats_query *asked,
                 stats_query_done_fn *done, void *arg)
{
    struct query *query = mem_alloc(sizeof *query);
    struct stats_span *spans = mem_array(SPANS_MAX, sizeof spans[0]);
    struct buf ids;
    *query = (struct query){.magic = QUERY_MAGIC,
                            .setup = setup,
                            .store = store,
                            .asked = *asked,
                            .table = stats_table_new(asked->by, asked->span),
                            .done = done,
                            .arg = arg};
    CHECK(stats_query_fault(setup, asked) == NULL && asked->scope.count > 0);
    buf_init(&query->ids, TEXT_BYTES_MAX);
    size_t span_count = make_spans(query, spans);
    scope_ids(query, &ids);
    read_sums(query, NULL, buf_str(&ids), spans, span_count, on_total_sum, on_totals);
    buf_release(&ids);
    free(spans);
}

static void on_total_sum(void *arg, size_t area, size_t set, struct str field, int64_t n)
{
    struct query *query = arg;
    CHECK_OBJ(query, QUERY_MAGIC);
    (void)area;
    if (set / STATS_WHENS < stats_table_rows(query->table)) {
        stats_table_add(query->table, set / STATS_WHENS, (enum stats_when)(set % STATS_WHENS),
                        field, n);
    }
}

static void read_rows(struct query *query)
{
    struct stats_span spans[STATS_WHENS];
    const char *dim = stats_by_dim(query->asked.by);
    put_sets(query->asked.span, spans);
    if (dim != NULL) {
        struct buf ids;
        scope_ids(query, &ids);
        read_sums(query, dim, buf_str(&ids), spans, STATS_WHENS, on_dim_sum, on_rows);
        buf_release(&ids);
        return;
    }
    each_row(query->setup, &query->asked, add_area_row, query);
    read_sums(query, NULL, buf_str(&query->ids), spans, STATS_WHENS, on_row_sum, on_rows);
}

static void on_totals(void *arg, enum op_status status, int64_t behind)
{
    struct query *query = arg;
    CHECK_OBJ(query, QUERY_MAGIC);
    query->behind = behind;
    bool more = stats_by_is_area(query->asked.by) || stats_by_dim(query->asked.by) != NULL;
    if (status != OP_OK || !more) {
        finish(query, status);
    } else {
        read_rows(query);
    }
}

static void on_row_sum(void *arg, size_t area, size_t set, struct str field, int64_t n)
{
    struct query *query = arg;
    CHECK_OBJ(query, QUERY_MAGIC);
    if (set < STATS_WHENS && area < query->id_count) {
        stats_table_add(query->table, query->row_of[area], (enum stats_when)set, field, n);
    }
}

/* `risk:illness|reports` */
static void on_dim_sum(void *arg, size_t area, size_t set, struct str field, int64_t n)
{
    struct query *query = arg;
    CHECK_OBJ(query, QUERY_MAGIC);
    ptrdiff_t colon = str_find_char(field, ':'), bar = str_find_char(field, '|');
    (void)area;
    if (colon < 0 || bar < colon || set >= STATS_WHENS ||
        stats_table_rows(query->table) >= STATS_AREA_ROWS_MAX) {
        return;
    }
    struct str value = str_sub(field, (size_t)colon + 1, (size_t)(bar - colon) - 1);
    size_t row = stats_table_row(query->table, value,
                                 dim_word(query->setup, query->asked.by, value));
    stats_table_add(query->table, row, (enum stats_when)set, str_from(field, (size_t)bar + 1), n);
}

static void on_rows(void *arg, enum op_status status, int64_t behind)
{
    struct query *query = arg;
    CHECK_OBJ(query, QUERY_MAGIC);
    query->behind = behind > query->behind ? behind : query->behind;
    finish(query, status);
}

/* Words --------------------------------------------------------------------------------------------------------------------- */

/* What stands before a figure's name, after "now." where it has that: its word in the catalog. */
enum figures_of { OF_REPORTS, OF_LEADS, OF_CLEARINGS };
static const struct {
    const char *prefix, *word;
} figures_of[] = {
    [OF_REPORTS] = {"", NULL},
    [OF_LEADS] = {"lead.", "lead"},
    [OF_CLEARINGS] = {"clearing.", "clearing"},
};

static const char *name_of_step(const struct procedure *procedure, const char *id)
{
    int index = procedure_step_index(procedure, str_of(id));
    int green = index < 0 && procedure->green ? procedure_step_index(procedure->green, str_of(id))
                                              : -1;
    return index >= 0   ? procedure->steps[index].name
           : green >= 0 ? procedure->green->steps[green].name
                        : NULL;
}

static const char *name_in(const struct procedure *procedure, const char *kind, const char *id)
{
    const struct procedure_reason *reason = procedure_reason(procedure, str_of(id));
    const struct procedure_reason *category = procedure_category(procedure, str_of(id));
    if (strcmp(kind, "reason") == 0) {
        return reason ? reason->words : NULL;
    }
    if (strcmp(kind, "category") == 0) {
        return category ? category->words : NULL;
    }
    return name_of_step(procedure, id);
}

/* Whether such reports, leads or clearings are under this procedure. */
static bool fits(const struct setup *setup, enum figures_of of, const struct procedure *procedure)
{
    bool clears = procedure == procedures_clearing(setup->procedures);
    bool leads = procedure->endings[ENDING_REPORT].allowed;
    return of == OF_CLEARINGS ? clears : !clears && leads == (of == OF_LEADS);
}

/* The first of the county's procedures that knows it, among those that fit before the others. */
static const char *name_of(const struct setup *setup, enum figures_of of, const char *kind,
                           const char *id)
{
    const char *name = NULL;
    for (int turn = 0; name == NULL && turn < 2; turn++) {
        const struct procedure *procedure;
        for (size_t i = 0; name == NULL && (procedure = procedures_at(setup->procedures, i)); i++) {
            name = fits(setup, of, procedure) == (turn == 0) ? name_in(procedure, kind, id) : NULL;
        }
    }
    return name;
}

static const char *plain_word(const struct stats_words *words, const char *name)
{
    char key[96];
    snprintf(key, sizeof key, "stats.%s", name);
    for (char *c = key + strlen("stats."); *c != '\0'; c++) {
        *c = *c == '.' ? '_' : *c;
    }
    return catalog_has(words->setup->catalog, key) ? catalog_text(words->setup->catalog, key)
                                                   : NULL;
}

/* done.visit, days.visit.median, reason.solved, now.step.visit: the kind's words and the name's. */
static bool composed_word(const struct stats_words *words, enum figures_of of, const char *figure,
                          char *ret, size_t room)
{
    char kind[64], id[64], *dot;
    const char *after = "";
    snprintf(kind, sizeof kind, "%s", figure);
    dot = strncmp(kind, "days.", 5) == 0 ? strchr(kind, '.') : strrchr(kind, '.');
    if (dot == NULL) {
        return false;
    }
    snprintf(id, sizeof id, "%s", dot + 1);
    *dot = '\0';
    if (strcmp(kind, "days") == 0 && (dot = strrchr(id, '.')) != NULL) {
        after = plain_word(words, dot[1] == 'm' ? "median" : "p90");
        *dot = '\0';
    }
    const char *before = plain_word(words, kind);
    const char *name = strcmp(id, "total") == 0 ? plain_word(words, "whole")
                                                : name_of(words->setup, of, kind, id);
    if (before == NULL || name == NULL || after == NULL) {
        return false;
    }
    snprintf(ret, room, "%s %s%s%s", before, name, after[0] ? " " : "", after);
    return true;
}

/* Reports, leads or clearings; *ret_rest the figure without their prefix. */
static enum figures_of whose(const char *figure, char *ret_rest, size_t room)
{
    const char *now = strncmp(figure, "now.", 4) == 0 ? "now." : "";
    const char *name = figure + strlen(now);
    enum figures_of of = OF_CLEARINGS;
    while (strncmp(name, figures_of[of].prefix, strlen(figures_of[of].prefix)) != 0) {
        of--; /* all names begin with that of reports */
    }
    snprintf(ret_rest, room, "%s%s", now, name + strlen(figures_of[of].prefix));
    return of;
}

const char *stats_word(void *arg, const char *figure)
{
    struct stats_words *words = arg;
    char rest[64], text[160];
    enum figures_of of = whose(figure, rest, sizeof rest);
    const char *head = of == OF_REPORTS ? "" : plain_word(words, figures_of[of].word);
    const char *word = plain_word(words, rest);
    if (word == NULL && composed_word(words, of, rest, text, sizeof text)) {
        word = text;
    }
    if (word == NULL || head == NULL) {
        return NULL;
    }
    snprintf(words->text, sizeof words->text, "%s%s%s", head, head[0] ? " " : "", word);
    return words->text;
}
