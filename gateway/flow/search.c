#include "flow/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/identity.h"
#include "flow/feed.h"
#include "flow/item.h"
#include "store/history.h"
#include "store/tokens.h"

enum { SEARCH_MAGIC = 0x53656172 };
static const int64_t DAY_MS = 86400000;

struct row {
    int64_t at_ms;
    json_t *json; /* owned */
};

struct searching {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    enum search_by by;
    const struct guard *guard;
    char receipt[RECEIPT_BYTES];
    char token_id[TOKENS_ID_BYTES], rid[24];
    char hashes[STORE_PERSONS_MAX][IDENTITY_BYTES];
    size_t hash_count;
    struct feed_plan plan; /* its places' paths */
    size_t waiting;        /* buckets that have not answered */
    bool failed;
    size_t row_count, row_room;
    struct row *rows;
    json_t *answer; /* owned */
    search_done_fn *done;
    void *arg;
};

static feed_read_done_fn on_slice;
static reports_read_done_fn on_record;
static access_done_fn on_noted;

static const char *name_of(enum search_by by)
{
    static const char *const names[] = {[SEARCH_RECEIPT] = "receipt",
                                        [SEARCH_ID] = "id_number",
                                        [SEARCH_PHONE] = "phone",
                                        [SEARCH_NAME] = "name"};
    return names[by];
}

static void hash_value(struct searching *searching, struct str value)
{
    static const enum identity_kind kinds[] = {
        [SEARCH_ID] = IDENTITY_ID, [SEARCH_PHONE] = IDENTITY_PHONE, [SEARCH_NAME] = IDENTITY_NAME};
    const struct keyring *keyring = &searching->setup->keyring;
    const struct key *keys[STORE_PERSONS_MAX] = {keyring_current(keyring, KEY_LOOKUP),
                                                 keyring_previous(keyring, KEY_LOOKUP)};
    for (size_t i = 0; i < STORE_PERSONS_MAX && keys[i] != NULL; i++) {
        identity_hash(keys[i], kinds[searching->by], value, STR(""),
                      searching->hashes[searching->hash_count++]);
    }
}

static void look_everywhere(struct searching *searching, area_index narrow)
{
    static const char letters[] = {[SEARCH_ID] = 'i', [SEARCH_PHONE] = 't', [SEARCH_NAME] = 'n'};
    const struct guard *guard = searching->guard;
    feed_plan_paths(searching->setup, guard->scope, guard->org, narrow, &searching->plan);
    searching->waiting = searching->plan.count;
    for (size_t i = 0; i < searching->plan.count; i++) {
        const struct look_request look = {
            .bucket = searching->plan.at[i].bucket,
            .by = letters[searching->by],
            .hashes = {searching->hashes[0],
                       searching->hash_count > 1 ? searching->hashes[1] : NULL},
            .paths = searching->plan.at[i].paths,
            .org = guard->org,
        };
        look_up(searching->store, &look, on_slice, searching);
    }
}

static void put_on_record(struct searching *searching);

void search_reports(const struct setup *setup, struct store *store,
                    const struct search_request *request, search_done_fn *done, void *arg)
{
    struct searching *searching = mem_alloc(sizeof *searching);
    searching->magic = SEARCH_MAGIC;
    searching->setup = setup;
    searching->store = store;
    searching->by = request->by;
    searching->guard = request->guard;
    searching->answer = json_array();
    searching->done = done;
    searching->arg = arg;
    snprintf(searching->token_id, sizeof searching->token_id, "%s", request->token_id);
    snprintf(searching->rid, sizeof searching->rid, "%s", request->rid);
    if (request->by == SEARCH_RECEIPT) {
        snprintf(searching->receipt, sizeof searching->receipt, "%.*s", STR_ARG(request->value));
        reports_read(store, searching->receipt, on_record, searching);
        return;
    }
    hash_value(searching, request->value);
    look_everywhere(searching, request->narrow);
    if (searching->waiting == 0) { /* a scope of no place at all */
        put_on_record(searching);
    }
}

/* Earlier places follow a report by its number; whom it is about, those see who work on it now. */
static bool sees_person(const struct searching *searching, const struct report_record *record)
{
    struct guard guard = *searching->guard;
    guard.reads = false;
    return guard_judge(&guard, record) == GUARD_OK;
}

static void add_row(struct searching *searching, const char *receipt,
                    const struct report_record *record)
{
    bool lead = str_is(record_get(record, REPORT_LEAD), "1");
    if (searching->row_count == searching->row_room) {
        searching->row_room = searching->row_room > 0 ? searching->row_room * 2 : LOOK_MOST;
        searching->rows = mem_resize(searching->rows, searching->row_room, sizeof(struct row));
    }
    int64_t at_ms = record_number(record, REPORT_SUBMITTED);
    struct str mask = sees_person(searching, record) ? record_get(record, REPORT_MASK) : STR("");
    searching->rows[searching->row_count++] = (struct row){
        .at_ms = at_ms,
        .json = json_pack(
            "{s:s, s:s, s:o, s:o, s:o, s:o}", "receipt", receipt, "kind", lead ? "lead" : "report",
            "mask", mask.len > 0 ? item_text(mask) : json_string("*"), "area",
            item_area(searching->setup, record_get(record, REPORT_AREA)), "state",
            item_text(record_get(record, REPORT_STATE)), "submitted_at", item_time(at_ms)),
    };
}

static int newer_first(const void *a, const void *b)
{
    const struct row *left = a;
    const struct row *right = b;
    return (left->at_ms < right->at_ms) - (left->at_ms > right->at_ms);
}

static void finish(struct searching *searching, bool good)
{
    searching->done(searching->arg, good ? searching->answer : NULL);
    for (size_t i = 0; i < searching->row_count; i++) {
        json_decref(searching->rows[i].json);
    }
    json_decref(searching->answer);
    feed_plan_release(&searching->plan);
    free(searching->rows);
    searching->magic = 0;
    free(searching);
}

static void put_on_record(struct searching *searching)
{
    char words[96];
    const struct setup *setup = searching->setup;
    if (searching->row_count > 1) {
        qsort(searching->rows, searching->row_count, sizeof(struct row), newer_first);
    }
    for (size_t i = 0; i < searching->row_count && i < LOOK_MOST; i++) {
        json_array_append(searching->answer, searching->rows[i].json);
    }
    size_t found = json_array_size(searching->answer);
    snprintf(words, sizeof words, "%s %s %s %zu", searching->rid, searching->token_id,
             name_of(searching->by), found);
    log_event(LOG_LEVEL_INFO, "search", "rid=%s token=%s by=%s found=%zu", searching->rid,
              searching->token_id, name_of(searching->by), found);
    access_note(searching->store, setup->buckets[0], words,
                setup->options.retention.audit_days * DAY_MS, on_noted, searching);
}

static void on_slice(void *arg, enum op_status status, const struct feed_slice *slice)
{
    struct searching *searching = arg;
    CHECK_OBJ(searching, SEARCH_MAGIC);
    searching->failed |= status != OP_OK;
    for (size_t i = 0; slice != NULL && i < slice->count; i++) {
        char receipt[RECEIPT_BYTES];
        struct report_record record;
        feed_hit(slice, i, receipt, &record);
        if (sees_person(searching, &record) && /* found by what is known of the person */
            feed_plan_has(searching->setup, &searching->plan, &record)) {
            add_row(searching, receipt, &record);
        }
    }
    if (--searching->waiting > 0) {
        return;
    }
    if (searching->failed) { /* half an answer would look like a whole one */
        finish(searching, false);
    } else {
        put_on_record(searching);
    }
}

static void on_record(void *arg, enum op_status status, const struct report_record *record)
{
    struct searching *searching = arg;
    CHECK_OBJ(searching, SEARCH_MAGIC);
    if (status != OP_OK) {
        finish(searching, false);
        return;
    }
    bool shown = record != NULL && !str_is(record_get(record, REPORT_DRILL), "1") &&
                 guard_judge(searching->guard, record) == GUARD_OK;
    if (shown) {
        add_row(searching, searching->receipt, record);
    }
    put_on_record(searching);
}

static void on_noted(void *arg, enum op_status status)
{
    struct searching *searching = arg;
    CHECK_OBJ(searching, SEARCH_MAGIC);
    finish(searching, status == OP_OK);
}
