#include "domain/stats_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "domain/stats.h"
#include "domain/stats_table_inside.h"

const char *const stats_figures_always[] = {
    "opens",  "forms",       "reports",    "additions",  "in_time", "late", "paused",
    "nudges", "not_visited", "objections", "households", "people",  NULL,
};

static const struct {
    const char *name, *dim;
    bool area, time;
} bys[STATS_BYS] = {
    [STATS_BY_NONE] = {NULL, NULL, false, false},
    [STATS_BY_TOWN] = {"town", NULL, true, false},
    [STATS_BY_DISTRICT] = {"district", NULL, true, false},
    [STATS_BY_VILLAGE] = {"village", NULL, true, false},
    [STATS_BY_SOURCE] = {"source", "source", false, false},
    [STATS_BY_FILED_BY] = {"filed_by", "filed_by", false, false},
    [STATS_BY_PLACEMENT] = {"placement", "placement", false, false},
    [STATS_BY_RISK] = {"risk", "risk", false, false},
    [STATS_BY_WEEK] = {"week", NULL, false, true},
    [STATS_BY_MONTH] = {"month", NULL, false, true},
};

const char *stats_by_name(enum stats_by by)
{
    return bys[by].name;
}

const char *stats_by_dim(enum stats_by by)
{
    return bys[by].dim;
}

bool stats_by_is_area(enum stats_by by)
{
    return bys[by].area;
}

bool stats_by_is_time(enum stats_by by)
{
    return bys[by].time;
}

enum stats_by stats_by_of(struct str name)
{
    for (int i = STATS_BY_TOWN; i < STATS_BYS && name.len > 0; i++) {
        if (str_is(name, bys[i].name)) {
            return (enum stats_by)i;
        }
    }
    return name.len == 0 ? STATS_BY_NONE : STATS_BYS;
}

/* Texts by number and back: open addressing over a list. */
static uint32_t text_hash(struct str text)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * 16777619u;
    }
    return hash;
}

static void index_grow(struct stats_index *index)
{
    size_t size = index->size ? index->size * 2 : 64;
    free(index->slots);
    index->slots = mem_array(size, sizeof index->slots[0]);
    index->size = size;
    for (size_t i = 0; i < index->count; i++) {
        size_t at = text_hash(str_of(index->texts[i])) & (size - 1);
        while (index->slots[at] != 0) {
            at = (at + 1) & (size - 1);
        }
        index->slots[at] = (uint32_t)i + 1;
    }
    index->texts = mem_resize(index->texts, size, sizeof index->texts[0]);
}

/* The number of a text; count when it is not there. */
static size_t index_find(const struct stats_index *index, struct str text, size_t *ret_slot)
{
    size_t at = index->size ? text_hash(text) & (index->size - 1) : 0;
    while (index->size > 0 && index->slots[at] != 0) {
        if (str_is(text, index->texts[index->slots[at] - 1])) {
            return index->slots[at] - 1;
        }
        at = (at + 1) & (index->size - 1);
    }
    *ret_slot = at;
    return index->count;
}

size_t stats_index_put(struct stats_index *index, struct str text)
{
    size_t slot = 0, found = index_find(index, text, &slot);
    if (found < index->count) {
        return found;
    }
    if ((index->count + 1) * 2 > index->size) {
        index_grow(index);
        index_find(index, text, &slot);
    }
    index->texts[index->count] = mem_dup_str(text);
    index->slots[slot] = (uint32_t)++index->count;
    return index->count - 1;
}

void stats_index_release(struct stats_index *index)
{
    for (size_t i = 0; i < index->count; i++) {
        free(index->texts[i]);
    }
    free(index->texts);
    free(index->slots);
}

struct stats_table *stats_table_new(enum stats_by by, struct stats_span span)
{
    struct stats_table *table = mem_alloc(sizeof *table);
    table->by = by;
    table->span = span;
    stats_table_row(table, STR(""), STR(""));
    return table;
}

void stats_table_free(struct stats_table **table)
{
    if (*table != NULL) {
        for (size_t i = 0; i < (*table)->row_count; i++) {
            free((*table)->rows[i].name);
            free((*table)->rows[i].town);
        }
        stats_index_release(&(*table)->keys);
        stats_index_release(&(*table)->names);
        free((*table)->rows);
        free((*table)->cells);
        free(*table);
        *table = NULL;
    }
}

size_t stats_table_rows(const struct stats_table *table)
{
    return table->row_count;
}

size_t stats_table_row(struct stats_table *table, struct str key, struct str name)
{
    size_t row = stats_index_put(&table->keys, key);
    CHECK(row < STATS_ROWS_MAX);
    if (row == table->row_count) {
        if (table->row_count == table->row_room) {
            table->row_room = table->row_room ? table->row_room * 2 : 64;
            table->rows = mem_resize(table->rows, table->row_room, sizeof table->rows[0]);
        }
        table->rows[table->row_count++] = (struct stats_row){mem_dup_str(name), NULL};
    }
    return row;
}

struct str stats_table_key(const struct stats_table *table, size_t row)
{
    CHECK(row < table->row_count);
    return str_of(table->keys.texts[row]);
}

void stats_table_town(struct stats_table *table, size_t row, struct str town)
{
    free(table->rows[row].town);
    table->rows[row].town = mem_dup_str(town);
}

/* Cells -------------------------------------------------------------------------------------------------------------------- */

static uint64_t cell_key(size_t row, enum stats_when when, size_t name)
{
    return ((uint64_t)(row * STATS_WHENS + (size_t)when) << 32 | name) + 1;
}

static struct stats_cell *cell_find(struct stats_cell *cells, size_t size, uint64_t key)
{
    uint64_t hash = key * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 20) & (size - 1);
    while (cells[at].key != 0 && cells[at].key != key) {
        at = (at + 1) & (size - 1);
    }
    return &cells[at];
}

static void cells_grow(struct stats_table *table)
{
    size_t size = table->cell_size ? table->cell_size * 2 : 256;
    struct stats_cell *cells = mem_array(size, sizeof cells[0]);
    for (size_t i = 0; i < table->cell_size; i++) {
        if (table->cells[i].key != 0) {
            *cell_find(cells, size, table->cells[i].key) = table->cells[i];
        }
    }
    free(table->cells);
    table->cells = cells;
    table->cell_size = size;
}

void stats_table_add(struct stats_table *table, size_t row, enum stats_when when,
                     struct str measure, int64_t n)
{
    CHECK(row < table->row_count);
    if ((table->cell_count + 1) * 2 > table->cell_size) {
        cells_grow(table);
    }
    uint64_t key = cell_key(row, when, stats_index_put(&table->names, measure));
    struct stats_cell *cell = cell_find(table->cells, table->cell_size, key);
    table->cell_count += cell->key == 0;
    cell->key = key;
    cell->n += n;
}

int64_t stats_table_cell(const struct stats_table *table, size_t row, enum stats_when when,
                         size_t name)
{
    return name == 0 || table->cell_size == 0
               ? 0
               : cell_find(table->cells, table->cell_size, cell_key(row, when, name - 1))->n;
}

int64_t stats_table_sum(const struct stats_table *table, size_t row, enum stats_when when,
                        const char *measure)
{
    size_t slot, name = index_find(&table->names, str_of(measure), &slot);
    return name == table->names.count ? 0 : stats_table_cell(table, row, when, name + 1);
}

/* The nth smallest, from 1. */
static int nth_day(const int64_t counts[STATS_DAYS_MAX + 1], int64_t nth)
{
    int days = 0;
    for (int64_t seen = counts[0]; seen < nth && days < STATS_DAYS_MAX; seen += counts[days]) {
        days++;
    }
    return days;
}

bool stats_days_of(const int64_t counts[STATS_DAYS_MAX + 1], double *ret_median, int *ret_p90)
{
    int64_t all = 0;
    for (int i = 0; i <= STATS_DAYS_MAX; i++) {
        all += counts[i];
    }
    if (all > 0) {
        *ret_median = (nth_day(counts, (all + 1) / 2) + nth_day(counts, all / 2 + 1)) / 2.0;
        *ret_p90 = nth_day(counts, (all * 9 + 9) / 10);
    }
    return all > 0;
}
