#include "web/open_counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/record.h"
#include "store/stats.h"

enum {
    OPEN_COUNTS_MAGIC = 0x0BE2,
    FLUSH_MS = 10000,
    CELLS_MAX = 1 << 16, /* places in ten seconds; beyond, nothing is counted */
    LINES_BYTES_MAX = 8192,
    LINES_BYTES = 4096, /* one entry of the journal */
    PATH_BYTES = 256
};

struct cell {
    uint64_t key; /* area and placement, + 1; 0: free */
    uint32_t counts[OPEN_KINDS];
};

struct open_counts {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    struct timer *timer;
    struct cell *cells;
    size_t size, count;
};

static loop_fn on_flush;
static stats_add_done_fn on_added;

struct open_counts *open_counts_new(struct loop *loop, const struct setup *setup,
                                    struct store *store)
{
    struct open_counts *counts = mem_alloc(sizeof *counts);
    counts->magic = OPEN_COUNTS_MAGIC;
    counts->setup = setup;
    counts->store = store;
    counts->size = 256;
    counts->cells = mem_array(counts->size, sizeof counts->cells[0]);
    counts->timer = timer_new(loop, on_flush, counts);
    return counts;
}

void open_counts_free(struct open_counts **counts)
{
    if (*counts != NULL) {
        timer_free(&(*counts)->timer);
        free((*counts)->cells);
        (*counts)->magic = 0;
        free(*counts);
        *counts = NULL;
    }
}

static struct cell *cell_of(struct cell *cells, size_t size, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 24) & (size - 1);
    while (cells[at].key != 0 && cells[at].key != key) {
        at = (at + 1) & (size - 1);
    }
    return &cells[at];
}

static void grow(struct open_counts *counts)
{
    struct cell *cells = mem_array(counts->size * 2, sizeof cells[0]);
    for (size_t i = 0; i < counts->size; i++) {
        if (counts->cells[i].key != 0) {
            *cell_of(cells, counts->size * 2, counts->cells[i].key) = counts->cells[i];
        }
    }
    free(counts->cells);
    counts->cells = cells;
    counts->size *= 2;
}

void open_counts_add(struct open_counts *counts, area_index area, const struct code *code,
                     enum open_kind kind)
{
    CHECK_OBJ(counts, OPEN_COUNTS_MAGIC);
    if (code->drill || counts->count >= CELLS_MAX) {
        return;
    }
    if (counts->count * 2 >= counts->size) {
        grow(counts);
    }
    if (counts->count == 0) {
        timer_set(counts->timer, FLUSH_MS);
    }
    uint64_t key = (uint64_t)area * CODE_PLACEMENTS + code->placement + 1;
    struct cell *cell = cell_of(counts->cells, counts->size, key);
    counts->count += cell->key == 0;
    cell->key = key;
    cell->counts[kind]++;
}

static void put_line(const struct open_counts *counts, const struct cell *cell, struct date today,
                     struct buf *to)
{
    static const char *const names[OPEN_KINDS] = {"opens", "forms"};
    const char *blank = "";
    struct buf path;
    buf_init(&path, PATH_BYTES);
    record_path(counts->setup->areas, (area_index)((cell->key - 1) / CODE_PLACEMENTS), &path);
    buf_printf(to, "%04d%02d%02d\t%s\tsource:self placement:%s\t", today.year, today.month,
               today.day, buf_text(&path),
               code_placement_name((enum code_placement)((cell->key - 1) % CODE_PLACEMENTS)));
    for (int kind = 0; kind < OPEN_KINDS; kind++) {
        if (cell->counts[kind] > 0) {
            buf_printf(to, "%s%s=+%u", blank, names[kind], cell->counts[kind]);
            blank = " ";
        }
    }
    buf_putc(to, '\n');
    buf_release(&path);
}

static void send_lines(const struct open_counts *counts, unsigned bucket, struct buf *lines)
{
    if (lines->len > 0 && buf_ok(lines)) {
        stats_add(counts->store, bucket, buf_str(lines), on_added, NULL);
    }
    buf_clear(lines);
}

/* One entry of the journal for each bucket, more where it would be long. */
static void on_flush(void *arg)
{
    struct open_counts *counts = arg;
    CHECK_OBJ(counts, OPEN_COUNTS_MAGIC);
    struct date today = date_of_ms(clock_wall_ms());
    struct buf lines[BUCKETS];
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        buf_init(&lines[bucket], LINES_BYTES_MAX);
    }
    for (size_t i = 0; i < counts->size; i++) {
        struct cell *cell = &counts->cells[i];
        if (cell->key == 0) {
            continue;
        }
        area_index area = (area_index)((cell->key - 1) / CODE_PLACEMENTS);
        unsigned bucket = area_bucket(counts->setup->areas, area);
        put_line(counts, cell, today, &lines[bucket]);
        if (lines[bucket].len > LINES_BYTES) {
            send_lines(counts, bucket, &lines[bucket]);
        }
        *cell = (struct cell){0};
    }
    counts->count = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        send_lines(counts, bucket, &lines[bucket]);
        buf_release(&lines[bucket]);
    }
}

/* Lost ones are lost: the field is marked so. */
static void on_added(void *arg, enum op_status status)
{
    (void)arg;
    (void)status;
}
