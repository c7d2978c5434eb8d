#include "store/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

enum { AUDIT_MAGIC = 0x41756474, ANCHOR_MAGIC = 0x416e6368, SLICE = 500, LAST_BYTES = 24 };

struct audit {
    unsigned magic;
    struct store *store;
    unsigned char buckets[BUCKETS];
    size_t bucket_count, bucket_at;
    char after[LAST_BYTES], last[LAST_BYTES]; /* numbers of events within the bucket */
    struct audit_table *table;
    size_t room;
    queue_audit_done_fn *done;
    void *arg;
};

struct anchoring {
    unsigned magic;
    audit_anchor_done_fn *done;
    void *arg;
};

static op_done_fn on_slice;
static op_done_fn on_anchored;

bool audit_row_holds(const struct audit_row *row)
{
    int64_t places = row->held + row->ready + row->delayed + row->sending + row->delivered +
                     row->buried + row->dropped;
    return row->made == places && row->accepted == row->firsts + row->unsent && row->missing == 0;
}

bool audit_kinds_hold(const struct audit_kinds *kinds, int64_t accepted)
{
    return kinds->records == accepted + kinds->leads - kinds->promoted &&
           kinds->drills == kinds->drills_there + kinds->drills_gone;
}

static struct audit_row *row_of(struct audit *audit, struct str area)
{
    struct audit_table *table = audit->table;
    for (size_t i = 0; i < table->count; i++) {
        if (str_is(area, table->rows[i].area)) {
            return &table->rows[i];
        }
    }
    if (table->count == audit->room) {
        audit->room = audit->room ? audit->room * 2 : 64;
        table->rows = mem_resize(table->rows, audit->room, sizeof table->rows[0]);
    }
    struct audit_row *row = &table->rows[table->count++];
    *row = (struct audit_row){0};
    snprintf(row->area, sizeof row->area, "%.*s", STR_ARG(area));
    return row;
}

static void ask_slice(struct audit *audit)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char most[12];
    snprintf(most, sizeof most, "%d", SLICE);
    store_call_begin(&call, KEYS_AUDIT, audit->buckets[audit->bucket_at], key);
    link_arg_text(&call, audit->after);
    link_arg_text(&call, audit->last);
    link_arg_text(&call, most);
    store_send(audit->store, STORE_NEED_LOADED, &call, on_slice, audit);
}

void queue_audit(struct store *store, const unsigned char *buckets, size_t bucket_count,
                 queue_audit_done_fn *done, void *arg)
{
    struct audit *audit = mem_alloc(sizeof *audit);
    CHECK(bucket_count > 0 && bucket_count <= BUCKETS);
    audit->magic = AUDIT_MAGIC;
    audit->store = store;
    memcpy(audit->buckets, buckets, bucket_count);
    audit->bucket_count = bucket_count;
    audit->after[0] = '0';
    audit->table = mem_alloc(sizeof *audit->table);
    audit->done = done;
    audit->arg = arg;
    ask_slice(audit);
}

/* `<area>:made` and its like → counted when it happened */
static void add_ledger(struct audit *audit, const redisReply *ledger)
{
    for (size_t i = 0; i + 1 < ledger->elements; i += 2) {
        struct str name = reply_str(ledger, i);
        ptrdiff_t colon = str_find_char(name, ':');
        if (colon < 0) {
            continue;
        }
        struct audit_row *row = row_of(audit, str_sub(name, 0, (size_t)colon));
        struct str what = str_from(name, (size_t)colon + 1);
        int64_t count = reply_number(ledger, i + 1);
        row->made += str_is(what, "made") ? count : 0;
        row->accepted += str_is(what, "accepted") ? count : 0;
        row->unsent += str_is(what, "unsent") ? count : 0;
    }
}

static int64_t *place_of(struct audit_row *row, struct str state)
{
    const struct {
        const char *name;
        int64_t *place;
    } places[] = {
        {"held", &row->held},       {"ready", &row->ready},         {"delayed", &row->delayed},
        {"sending", &row->sending}, {"delivered", &row->delivered}, {"buried", &row->buried},
        {"dropped", &row->dropped},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (str_is(state, places[i].name)) {
            return places[i].place;
        }
    }
    return &row->missing;
}

/* area, state, first, count */
static void add_recount(struct audit *audit, const redisReply *flat)
{
    for (size_t i = 0; i + 3 < flat->elements; i += 4) {
        struct audit_row *row = row_of(audit, reply_str(flat, i));
        int64_t count = reply_number(flat, i + 3);
        *place_of(row, reply_str(flat, i + 1)) += count;
        row->firsts += str_is(reply_str(flat, i + 2), "1") ? count : 0;
    }
}

static void add_kinds(struct audit_kinds *kinds, const redisReply *numbers)
{
    int64_t *const sums[] = {&kinds->leads,  &kinds->promoted,     &kinds->records,
                             &kinds->drills, &kinds->drills_there, &kinds->drills_gone,
                             &kinds->purged};
    for (size_t i = 0; i < numbers->elements && i < sizeof sums / sizeof sums[0]; i++) {
        *sums[i] += reply_number(numbers, i);
    }
}

static void add_lost(struct audit_table *table, const redisReply *ids)
{
    for (size_t i = 0; i < ids->elements; i++) {
        if (table->lost_count < AUDIT_LOST_MAX) {
            snprintf(table->lost[table->lost_count], QUEUE_EVENT_ID_BYTES, "%.*s",
                     STR_ARG(reply_str(ids, i)));
        }
        table->lost_count++;
    }
}

static int by_area(const void *a, const void *b)
{
    return strcmp(((const struct audit_row *)a)->area, ((const struct audit_row *)b)->area);
}

static void sum_up(struct audit_table *table)
{
    struct audit_row *sum = &table->sum;
    table->holds = table->lost_count == 0;
    if (table->count > 0) {
        qsort(table->rows, table->count, sizeof table->rows[0], by_area);
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct audit_row *row = &table->rows[i];
        sum->accepted += row->accepted;
        sum->unsent += row->unsent;
        sum->made += row->made;
        sum->firsts += row->firsts;
        sum->held += row->held;
        sum->ready += row->ready;
        sum->delayed += row->delayed;
        sum->sending += row->sending;
        sum->delivered += row->delivered;
        sum->buried += row->buried;
        sum->dropped += row->dropped;
        sum->missing += row->missing;
        table->holds = table->holds && audit_row_holds(row);
    }
    table->holds = table->holds && audit_kinds_hold(&table->kinds, sum->accepted);
}

static void finish(struct audit *audit, enum op_status status)
{
    struct audit_table *table = audit->table;
    if (status == OP_OK) {
        sum_up(table);
    }
    audit->done(audit->arg, status, status == OP_OK ? table : NULL);
    free(table->rows);
    free(table);
    audit->magic = 0;
    free(audit);
}

static bool has_slice_shape(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 6) {
        return false;
    }
    for (size_t i = 2; i < reply->elements; i++) {
        if (reply->element[i]->type != REDIS_REPLY_ARRAY) {
            return false;
        }
    }
    return true;
}

static void on_slice(void *arg, enum op_status status, const void *answer)
{
    struct audit *audit = arg;
    CHECK_OBJ(audit, AUDIT_MAGIC);
    const redisReply *reply = answer;
    if (status == OP_OK && !has_slice_shape(reply)) {
        status = OP_REFUSED;
    }
    if (status != OP_OK || audit->store->closing) {
        finish(audit, status == OP_OK ? OP_DOWN : status);
        return;
    }
    add_ledger(audit, reply->element[2]);
    add_recount(audit, reply->element[3]);
    add_lost(audit->table, reply->element[4]);
    add_kinds(&audit->table->kinds, reply->element[5]);
    if (reply_number(reply, 1) >= 0) {
        snprintf(audit->last, sizeof audit->last, "%.*s", STR_ARG(reply_str(reply, 0)));
        snprintf(audit->after, sizeof audit->after, "%.*s", STR_ARG(reply_str(reply, 1)));
    } else if (++audit->bucket_at < audit->bucket_count) {
        audit->last[0] = '\0';
        snprintf(audit->after, sizeof audit->after, "0");
    } else {
        finish(audit, OP_OK);
        return;
    }
    ask_slice(audit);
}

void audit_anchor(struct store *store, unsigned bucket, audit_anchor_done_fn *done, void *arg)
{
    struct anchoring *anchoring = mem_alloc(sizeof *anchoring);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    *anchoring = (struct anchoring){ANCHOR_MAGIC, done, arg};
    store_call_begin(&call, KEYS_ANCHOR, bucket, key);
    store_send(store, STORE_NEED_LOADED, &call, on_anchored, anchoring);
}

static void on_anchored(void *arg, enum op_status status, const void *answer)
{
    struct anchoring *anchoring = arg;
    CHECK_OBJ(anchoring, ANCHOR_MAGIC);
    struct audit_anchor anchor = {0};
    if (status == OP_OK) {
        anchor.seq = reply_number(answer, 0);
        snprintf(anchor.hash, sizeof anchor.hash, "%.*s", STR_ARG(reply_str(answer, 1)));
    }
    anchoring->done(anchoring->arg, status, status == OP_OK ? &anchor : NULL);
    anchoring->magic = 0;
    free(anchoring);
}
