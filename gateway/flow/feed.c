#include "flow/feed.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "flow/item.h"
#include "flow/record.h"

enum {
    PAGING_MAGIC = 0x506167,
    PLACE_TEXT_MAX = 1 << 20,
    SCAN = 1000, /* entries looked at in one call, so that no call holds up the others */
    SCANS_MAX = 10
};

struct paging {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    const struct feed_plan *plan;
    struct cursor cursor;
    size_t place; /* being read */
    int scans;
    int64_t now_ms;
    json_t *reports;
    feed_done_fn *done;
    void *arg;
};

static feed_read_done_fn on_slice;
static void read_next(struct paging *paging);

/* Blank-separated; the caller owns it. */
static struct str join(const char *before, const struct str *ids, size_t count)
{
    struct buf text;
    buf_init(&text, PLACE_TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        buf_puts(&text, i > 0 ? " " : "");
        buf_puts(&text, before);
        buf_put(&text, ids[i]);
    }
    CHECK(buf_ok(&text));
    size_t len = text.len;
    return len > 0 ? str_make(buf_take(&text), len) : STR("");
}

static void add_place(struct feed_plan *plan, unsigned bucket, struct str take_orders,
                      struct str take_paths)
{
    plan->at[plan->count++] = (struct feed_place){bucket, take_orders, take_paths};
}

static void plan_of_scope(const struct setup *setup, const struct feed_query *query,
                          struct feed_plan *plan)
{
    static const struct str all[] = {{"changes", 7}, {"dchanges", 8}};
    struct scope_indexes indexes;
    scope_indexes(setup->areas, &query->scope, query->narrow, &indexes);
    for (size_t i = 0; i < indexes.count; i++) {
        const struct scope_bucket *at = &indexes.at[i];
        if (at->changes || query->drills) {
            add_place(plan, at->bucket, join("", &all[query->drills ? 1 : 0], 1),
                      join("", at->ids, at->id_count));
        } else {
            add_place(plan, at->bucket, join("a:", at->ids, at->id_count), STR(""));
        }
    }
    scope_indexes_release(&indexes);
}

/* An organisation's own lie anywhere; drills are nobody's own. */
static void plan_of_org(const struct setup *setup, const struct feed_query *query,
                        struct feed_plan *plan)
{
    const struct str org = str_of(query->org);
    if (query->drills) {
        return;
    }
    if (query->narrow == AREA_NONE) {
        for (size_t i = 0; i < setup->bucket_count; i++) {
            add_place(plan, setup->buckets[i], join("o:", &org, 1), STR(""));
        }
        return;
    }
    const struct scope within = {.count = 1, .at = {query->narrow}};
    struct scope_indexes indexes;
    scope_indexes(setup->areas, &within, AREA_NONE, &indexes);
    for (size_t i = 0; i < indexes.count; i++) {
        add_place(plan, indexes.at[i].bucket, join("o:", &org, 1),
                  join("", indexes.at[i].ids, indexes.at[i].id_count));
    }
    scope_indexes_release(&indexes);
}

void feed_plan_make(const struct setup *setup, const struct feed_query *query,
                    struct feed_plan *ret)
{
    CHECK(query->limit > 0 && query->limit <= FEED_LIMIT_MAX);
    *ret = (struct feed_plan){
        .filter = query->filter,
        .narrow = query->narrow,
        .limit = query->limit,
        .at = mem_array(BUCKETS, sizeof *ret->at),
    };
    if (query->org[0] != '\0') {
        plan_of_org(setup, query, ret);
    } else {
        plan_of_scope(setup, query, ret);
    }
    ret->at = mem_resize(ret->at, ret->count > 0 ? ret->count : 1, sizeof *ret->at);
}

bool feed_plan_has(const struct setup *setup, const struct feed_plan *plan,
                   const struct report_record *record)
{
    const struct scope within = {.count = 1, .at = {plan->narrow}};
    return plan->narrow == AREA_NONE ||
           scope_has(setup->areas, &within, record_place(setup->areas, record));
}

void feed_plan_paths(const struct setup *setup, const struct scope *scope, const char *org,
                     area_index narrow, struct feed_plan *ret)
{
    struct feed_query query = {.scope = *scope, .narrow = narrow, .limit = 1};
    snprintf(query.org, sizeof query.org, "%s", org);
    query.drills = org[0] == '\0'; /* their places have paths and one order */
    feed_plan_make(setup, &query, ret);
}

void feed_plan_release(struct feed_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->at[i].orders.len > 0) {
            free((char *)plan->at[i].orders.at);
        }
        if (plan->at[i].paths.len > 0) {
            free((char *)plan->at[i].paths.at);
        }
    }
    free(plan->at);
    *plan = (struct feed_plan){0};
}

static void finish(struct paging *paging, const struct feed_answer *answer)
{
    paging->done(paging->arg, answer);
    json_decref(paging->reports);
    paging->magic = 0;
    free(paging);
}

static void fail(struct paging *paging, enum feed_kind kind)
{
    const struct feed_answer answer = {.kind = kind};
    finish(paging, &answer);
}

static struct blob *page_of(json_t *reports, const char *next)
{
    json_t *page = json_pack("{s:O, s:s}", "reports", reports, "next", next);
    char *text = json_dumps(page, JSON_COMPACT);
    CHECK(text != NULL);
    struct blob *body = blob_new(str_of(text));
    free(text);
    json_decref(page);
    return body;
}

struct blob *feed_empty_page(const char *next)
{
    json_t *none = json_array();
    struct blob *body = page_of(none, next);
    json_decref(none);
    return body;
}

static void give_page(struct paging *paging, bool ended)
{
    char next[CURSOR_TEXT_BYTES];
    cursor_print(&paging->cursor, next);
    struct feed_answer answer = {
        .kind = FEED_PAGE,
        .count = json_array_size(paging->reports),
        .ended = ended,
        .body = page_of(paging->reports, next),
        .next = next,
    };
    struct blob *body = answer.body;
    finish(paging, &answer);
    blob_drop(&body);
}

void feed_page(const struct setup *setup, struct store *store, const struct feed_plan *plan,
               const struct cursor *cursor, feed_done_fn *done, void *arg)
{
    struct paging *paging = mem_alloc(sizeof *paging);
    *paging = (struct paging){
        .magic = PAGING_MAGIC,
        .setup = setup,
        .store = store,
        .plan = plan,
        .cursor = *cursor,
        .now_ms = clock_wall_ms(),
        .reports = json_array(),
        .done = done,
        .arg = arg,
    };
    read_next(paging);
}

static void read_next(struct paging *paging)
{
    static const struct feed_place nowhere = {0, {"", 0}, {"", 0}};
    const struct feed_plan *plan = paging->plan;
    /* a scope without a place is asked for all the same: whether the store is there is said in a later turn */
    const struct feed_place *place = plan->count > 0 ? &plan->at[paging->place] : &nowhere;
    size_t found = json_array_size(paging->reports);
    feed_read(paging->store, place, &plan->filter,
              plan->count > 0 ? paging->cursor.seq[place->bucket] : 0, plan->limit - found, SCAN,
              on_slice, paging);
}

static void take_hits(struct paging *paging, const struct feed_slice *slice)
{
    for (size_t i = 0; i < slice->count; i++) {
        char receipt[RECEIPT_BYTES];
        struct report_record record;
        feed_hit(slice, i, receipt, &record);
        record.read_ms = paging->now_ms;
        if (feed_plan_has(paging->setup, paging->plan, &record)) {
            json_array_append_new(paging->reports, item_json(paging->setup, receipt, &record));
        }
    }
}

static void on_slice(void *arg, enum op_status status, const struct feed_slice *slice)
{
    struct paging *paging = arg;
    CHECK_OBJ(paging, PAGING_MAGIC);
    const struct feed_plan *plan = paging->plan;
    if (status != OP_OK) {
        fail(paging, FEED_LATER);
        return;
    }
    if (!cursor_is_of(&paging->cursor, store_epoch(paging->store))) {
        fail(paging, FEED_EXPIRED);
        return;
    }
    if (plan->count == 0) {
        give_page(paging, true);
        return;
    }
    int64_t *seq = &paging->cursor.seq[plan->at[paging->place].bucket];
    if (*seq > slice->head) {
        fail(paging, FEED_EXPIRED);
        return;
    }
    *seq = slice->last;
    take_hits(paging, slice);
    bool full = json_array_size(paging->reports) >= plan->limit;
    bool all = slice->ended && paging->place + 1 == plan->count;
    if (full || all || (!slice->ended && ++paging->scans == SCANS_MAX)) {
        give_page(paging, all);
        return;
    }
    paging->place += slice->ended ? 1 : 0;
    read_next(paging);
}
