/*
 * stats_table_inside.h - the table behind stats_table.h; for stats_table*.c only.
 */
#ifndef DOMAIN_STATS_TABLE_INSIDE_H
#define DOMAIN_STATS_TABLE_INSIDE_H

#include "domain/stats_table.h"

struct stats_index { /* texts and their numbers */
    char **texts;    /* owned */
    uint32_t *slots; /* number + 1; 0: free */
    size_t count, size;
};
/* The number of a text, which is put there when it is not yet: its place in texts. */
size_t stats_index_put(struct stats_index *index, struct str text);
void stats_index_release(struct stats_index *index);

struct stats_row {
    char *name, *town; /* owned; town NULL: none */
};

struct stats_cell { /* one sum */
    uint64_t key;   /* row, when, name; 0: free */
    int64_t n;
};

struct stats_table {
    enum stats_by by;
    struct stats_span span;
    struct stats_index keys;  /* of rows; the total's is empty */
    struct stats_index names; /* of measures */
    struct stats_row *rows;
    size_t row_count, row_room;
    struct stats_cell *cells;
    size_t cell_count, cell_size;
};

/* Figures that are there also when they are 0; NULL ends. */
extern const char *const stats_figures_always[];

/* name: its number + 1, 0 is none and 0. */
int64_t stats_table_cell(const struct stats_table *table, size_t row, enum stats_when when,
                         size_t name);

#endif
