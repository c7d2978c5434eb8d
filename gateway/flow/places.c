#include "flow/places.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/edit.h"
#include "store/places.h"

enum {
    WALK_MAGIC = 0x57414C4B,
    FIRST_MS = 1000,
    ROUND_MS = 10000,
    AT_ONCE = 16,
    TRIES = 5,
    PATH_BYTES_MAX = 256
};

struct places {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    struct timer *timer;
    struct places_areas areas;
    bool stopped;
    size_t bucket;               /* the one being worked on, an index of setup->buckets */
    int64_t worked_off[BUCKETS]; /* of each of them */
    unsigned char tries[BUCKETS];
    /* the slice */
    int64_t upto;
    bool ended;
    size_t count, next, waiting, failed;
    char receipts[PLACES_SLICE_MAX][RECEIPT_BYTES];
    /* of this bucket in this round */
    size_t placed, away;
};

struct placing { /* one report */
    struct places *places;
    char receipt[RECEIPT_BYTES];
    bool away; /* its number is another county's */
};

static loop_fn on_round;
static places_done_fn on_slice;
static edit_fn place;
static edit_done_fn on_placed;

struct places *places_new(struct loop *loop, const struct setup *setup, struct store *store)
{
    struct places *places = mem_alloc(sizeof *places);
    places->magic = WALK_MAGIC;
    places->setup = setup;
    places->store = store;
    places->areas = (struct places_areas){areas_shape(setup->areas), setup->loaded_ms};
    for (size_t i = 0; i < BUCKETS; i++) {
        places->worked_off[i] = PLACES_AS_NOTED;
    }
    places->timer = timer_new(loop, on_round, places);
    timer_set(places->timer, FIRST_MS);
    return places;
}

void places_stop(struct places *places)
{
    if (places != NULL) {
        places->stopped = true;
        timer_stop(places->timer);
    }
}

void places_free(struct places **places)
{
    if (*places != NULL) {
        timer_free(&(*places)->timer);
        (*places)->magic = 0;
        free(*places);
        *places = NULL;
    }
}

static void ask_slice(struct places *places)
{
    places_read(places->store, places->setup->buckets[places->bucket], &places->areas,
                places->worked_off[places->bucket], on_slice, places);
}

static void on_round(void *arg)
{
    struct places *places = arg;
    CHECK_OBJ(places, WALK_MAGIC);
    places->bucket = 0;
    if (places->setup->bucket_count > 0) {
        ask_slice(places);
    }
}

static void next_bucket(struct places *places)
{
    if (places->placed > 0) {
        log_event(LOG_LEVEL_INFO, "placed", "bucket=%02u reports=%zu",
                  places->setup->buckets[places->bucket], places->placed);
    }
    if (places->away > 0) {
        log_event(LOG_LEVEL_WARNING, "placed",
                  "bucket=%02u reports=%zu why=their village is in another county now, whose towns "
                  "do not find them: an alias row would lead there",
                  places->setup->buckets[places->bucket], places->away);
    }
    places->placed = places->away = 0;
    if (places->stopped) {
        return;
    }
    if (++places->bucket < places->setup->bucket_count) {
        ask_slice(places);
    } else {
        timer_set(places->timer, ROUND_MS);
    }
}

static bool is_misplaced(const struct places *places, const struct places_row *row)
{
    struct str old_name;
    const struct areas *areas = places->setup->areas;
    area_index area = areas_resolve(areas, row->area, &old_name);
    return area != AREA_NONE && !record_is_placed(areas, area, row->indexes, row->path);
}

/* What failed is tried again in the next rounds, and then left behind: it must not hold up the others for ever. */
static void slice_end(struct places *places)
{
    unsigned char *tries = &places->tries[places->bucket];
    if (places->failed > 0 && ++*tries < TRIES) {
        next_bucket(places);
        return;
    }
    if (places->failed > 0) {
        log_event(LOG_LEVEL_ERROR, "unplaced", "bucket=%02u reports=%zu",
                  places->setup->buckets[places->bucket], places->failed);
    }
    *tries = 0;
    places->worked_off[places->bucket] = places->upto;
    if (places->ended) {
        next_bucket(places);
    } else {
        ask_slice(places);
    }
}

static void go_on(struct places *places)
{
    while (!places->stopped && places->waiting < AT_ONCE && places->next < places->count) {
        struct placing *placing = mem_alloc(sizeof *placing);
        placing->places = places;
        snprintf(placing->receipt, sizeof placing->receipt, "%s", places->receipts[places->next++]);
        places->waiting++;
        const struct edit_request edit = {
            .receipt = placing->receipt,
            .actor = {EDIT_BY_AREAS, ""},
            .rid = EDIT_BY_AREAS,
            .edit = place,
            .done = on_placed,
            .arg = placing,
        };
        edit_report(places->setup, places->store, &edit);
    }
    if (places->waiting == 0 && !places->stopped) {
        slice_end(places);
    }
}

static void on_slice(void *arg, enum op_status status, const struct places_slice *slice)
{
    struct places *places = arg;
    CHECK_OBJ(places, WALK_MAGIC);
    if (status != OP_OK) {
        next_bucket(places); /* the store says in its health why */
        return;
    }
    places->count = places->next = places->failed = 0;
    places->upto = slice->upto;
    places->ended = slice->ended;
    for (size_t i = 0; i < slice->count; i++) {
        if (slice->rows[i].receipt.len == RECEIPT_DIGITS && is_misplaced(places, &slice->rows[i])) {
            snprintf(places->receipts[places->count++], RECEIPT_BYTES, "%.*s",
                     STR_ARG(slice->rows[i].receipt));
        }
    }
    go_on(places);
}

/* Indexes and path follow from the areas by themselves when it is written (flow/edit). */
static enum edit_verdict place(void *arg, struct edit_view *view, struct edit_draft *draft)
{
    struct placing *placing = arg;
    const struct areas *areas = view->setup->areas;
    struct buf path;
    if (view->area == AREA_NONE ||
        record_is_placed(areas, view->area, record_get(view->record, REPORT_INDEXES),
                         record_get(view->record, REPORT_PATH))) {
        return EDIT_STOP; /* another gateway, or whoever changed it, was first */
    }
    buf_init(&path, PATH_BYTES_MAX);
    record_path(areas, view->area, &path);
    draft->audit = json_pack("{s:s, s:s}", "ev", "placed", "path", buf_text(&path));
    buf_release(&path);
    placing->away = area_bucket(areas, view->area) != receipt_bucket(view->receipt);
    return EDIT_WRITE;
}

static void on_placed(void *arg, const struct edit_answer *answer)
{
    struct placing *placing = arg;
    struct places *places = placing->places;
    CHECK_OBJ(places, WALK_MAGIC);
    places->placed += answer->kind == EDIT_DONE ? 1 : 0;
    places->away += answer->kind == EDIT_DONE && placing->away ? 1 : 0;
    places->failed += answer->kind == EDIT_LATER || answer->kind == EDIT_CLAIMED ? 1 : 0;
    free(placing);
    places->waiting--;
    go_on(places);
}
