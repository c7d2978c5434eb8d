#include "flow/rewrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/seal.h"
#include "domain/answers.h"
#include "flow/identities.h"
#include "flow/snapshot.h"
#include "store/rewrap.h"
#include "store/walk.h"

enum { RUN_MAGIC = 0x4E3A4, AT_ONCE = 16, TRIES = 5, PAIRS_MAX = 8, SEAL_KEY_AT = 1 };

enum order { ORDER_REPORTS, ORDER_DRILLS, ORDER_EVENTS, ORDERS };

struct run {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    struct rewrap_request request;
    struct rewrap_result result;
    unsigned seal, lookup; /* ids of the current keys */
    size_t bucket;         /* an index of setup->buckets */
    enum order order;
    int64_t next, looked_at;
    size_t count, at, waiting;
    char receipts[WALK_SLICE_MAX][RECEIPT_BYTES];
};

/* One report. */
struct hashing {
    struct run *run;
    char receipt[RECEIPT_BYTES];
    int tries;
    bool counted;
};

/* What is written of it; the texts are here. */
struct fresh {
    size_t count;
    struct store_pair pairs[PAIRS_MAX];
    struct identities identities;
    char last4[IDENTITY_BYTES];
    struct buf sealed;
};

static walk_done_fn on_slice;
static reports_read_done_fn on_read;
static rewrap_done_fn on_report;
static rewrap_events_done_fn on_events;
static rewrap_done_fn on_event;
static void finish(struct run *run);

static void ask_slice(struct run *run)
{
    unsigned bucket = run->setup->buckets[run->bucket];
    if (run->order == ORDER_EVENTS) {
        rewrap_events(run->store, bucket, run->next, on_events, run);
    } else {
        walk_slice(run->store, bucket, run->order == ORDER_DRILLS ? WALK_DRILLS : WALK_ALL,
                   run->next, on_slice, run);
    }
}

void rewrap_run(const struct setup *setup, struct store *store,
                const struct rewrap_request *request)
{
    struct run *run = mem_alloc(sizeof *run);
    CHECK(setup->bucket_count > 0);
    run->magic = RUN_MAGIC;
    run->setup = setup;
    run->store = store;
    run->request = *request;
    run->seal = keyring_current(&setup->keyring, KEY_SEAL)->id;
    run->lookup = keyring_current(&setup->keyring, KEY_LOOKUP)->id;
    ask_slice(run);
}

/* Reports under way end before the next slice, so that a stopped store leaves nobody behind. */
static void go_on(struct run *run)
{
    bool well = run->result.status == OP_OK;
    while (well && run->waiting < AT_ONCE && run->at < run->count) {
        struct hashing *hashing = mem_alloc(sizeof *hashing);
        hashing->run = run;
        snprintf(hashing->receipt, sizeof hashing->receipt, "%s", run->receipts[run->at++]);
        run->waiting++;
        reports_read(run->store, hashing->receipt, on_read, hashing);
    }
    if (run->waiting > 0) {
        return;
    }
    if (run->next < 0) {
        run->next = 0;
        run->looked_at = 0;
        run->order++;
        run->bucket += run->order == ORDERS ? 1 : 0;
        run->order = run->order == ORDERS ? ORDER_REPORTS : run->order;
    }
    if (well && run->bucket < run->setup->bucket_count) {
        ask_slice(run);
    } else {
        finish(run);
    }
}

static bool slice_came(struct run *run, enum op_status status, int64_t next)
{
    if (status != OP_OK) {
        run->result.status = status;
        finish(run);
        return false;
    }
    run->count = 0;
    run->at = 0;
    run->next = next;
    return true;
}

static void tell(const struct run *run, int64_t total)
{
    if (run->request.progress != NULL) {
        run->request.progress(run->request.arg,
                              run->looked_at < total && run->next >= 0 ? run->looked_at : total,
                              total);
    }
}

static void trouble(struct run *run, enum op_status status)
{
    if (run->result.status == OP_OK) {
        run->result.status = status;
    }
}

/* Reports -------------------------------------------------------------------------------------------------------------- */

static void on_slice(void *arg, enum op_status status, const struct str *receipts, size_t count,
                     int64_t next, int64_t total)
{
    struct run *run = arg;
    CHECK_OBJ(run, RUN_MAGIC);
    if (!slice_came(run, status, next)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (receipts[i].len == RECEIPT_DIGITS) {
            snprintf(run->receipts[run->count++], RECEIPT_BYTES, "%.*s", STR_ARG(receipts[i]));
        }
    }
    run->looked_at += (int64_t)count;
    tell(run, total);
    go_on(run);
}

static void report_end(struct hashing *hashing)
{
    struct run *run = hashing->run;
    free(hashing);
    run->waiting--;
    go_on(run);
}

/* Of one key alone: what a gateway that knows no other would write. */
static void identities_under(const struct setup *setup, const struct key *key, const char *receipt,
                             const json_t *values, struct fresh *ret)
{
    struct keyring one = {.count = 1};
    struct answers answers = {.form = setup->form, .values = (json_t *)values};
    char *canonical = answers_canonical(&answers);
    one.keys[0] = *key;
    one.keys[0].current = true;
    identities_of(&one, values, str_of(canonical), &ret->identities);
    identities_last4_hash(key, receipt, identities_last4(values), ret->last4);
    explicit_bzero(canonical, strlen(canonical));
    free(canonical);
    keyring_wipe(&one);
}

/* How the record is found; not what was made of it by hand since. */
static size_t found_by(const struct fresh *fresh, struct store_pair ret[PAIRS_MAX])
{
    const struct identities *identities = &fresh->identities;
    const struct store_pair pairs[] = {
        {REPORT_ID_HASH, str_of(identities->has_id ? identities->id[0] : "")},
        {REPORT_PHONE_HASH, str_of(identities->has_phone ? identities->phone[0] : "")},
        {REPORT_NAME_HASH, str_of(identities->name[0])},
        {REPORT_LAST4, str_of(fresh->last4)},
    };
    memcpy(ret, pairs, sizeof pairs);
    return sizeof pairs / sizeof pairs[0];
}

/* How many of the record's hashes are (or, with same false, are not) those of the fresh ones. */
static size_t compare(const struct report_record *record, const struct fresh *fresh, bool same)
{
    struct store_pair pairs[PAIRS_MAX];
    size_t count = found_by(fresh, pairs);
    size_t hits = 0;
    for (size_t i = 0; i < count; i++) {
        struct str is = record_get(record, pairs[i].name);
        hits += is.len > 0 && pairs[i].value.len > 0 && str_eq(is, pairs[i].value) == same ? 1 : 0;
    }
    return hits;
}

/* The oldest key that one of its hashes is under, 0: none that is known. fresh ends up under the current one. */
static unsigned lookup_key_of(const struct run *run, const struct hashing *hashing,
                              const struct report_record *record, const json_t *values,
                              struct fresh *fresh)
{
    const struct keyring *keyring = &run->setup->keyring;
    const struct key *current = keyring_current(keyring, KEY_LOOKUP);
    unsigned found = 0;
    for (size_t i = 0; i < keyring->count && found == 0; i++) {
        const struct key *key = &keyring->keys[i];
        if (key->purpose == KEY_LOOKUP && !key->current) {
            identities_under(run->setup, key, hashing->receipt, values, fresh);
            found = compare(record, fresh, true) > 0 ? key->id : 0;
        }
    }
    identities_under(run->setup, current, hashing->receipt, values, fresh);
    return found == 0 && compare(record, fresh, false) == 0 ? current->id : found;
}

static void put(struct fresh *fresh, const char *name, struct str value)
{
    CHECK(fresh->count < PAIRS_MAX);
    fresh->pairs[fresh->count++] = (struct store_pair){name, value};
}

static void put_hashes(struct fresh *fresh, const struct report_record *record)
{
    struct store_pair pairs[PAIRS_MAX];
    size_t count = found_by(fresh, pairs);
    pairs[count++] = (struct store_pair){REPORT_PERSON, str_of(fresh->identities.person[0])};
    pairs[count++] = (struct store_pair){REPORT_CONTENT, str_of(fresh->identities.content[0])};
    for (size_t i = 0; i < count; i++) {
        if (record_get(record, pairs[i].name).len > 0 && pairs[i].value.len > 0) {
            put(fresh, pairs[i].name, pairs[i].value);
        }
    }
}

static void count_report(struct hashing *hashing, unsigned seal, unsigned lookup)
{
    struct rewrap_counts *counts = &hashing->run->result.counts;
    if (!hashing->counted) { /* once, also when it is read again */
        hashing->counted = true;
        counts->seal_reports[seal]++;
        counts->lookup_reports[lookup]++;
    }
}

/* True: something is written, and on_report comes. */
static bool work(struct hashing *hashing, const struct report_record *record)
{
    struct run *run = hashing->run;
    struct str sealed = record_get(record, REPORT_SEALED);
    json_t *values = snapshot_open(&run->setup->keyring, hashing->receipt, sealed);
    if (values == NULL) {
        run->result.counts.unreadable++;
        log_event(LOG_LEVEL_WARNING, "rewrap", "receipt=%s why=seal",
                  log_receipt(hashing->receipt).text);
        return false;
    }
    struct fresh *fresh = mem_alloc(sizeof *fresh);
    unsigned seal = (unsigned char)sealed.at[SEAL_KEY_AT];
    unsigned lookup = lookup_key_of(run, hashing, record, values, fresh);
    buf_init(&fresh->sealed, SNAPSHOT_BYTES_MAX);
    count_report(hashing, seal, lookup);
    if (lookup != run->lookup) {
        put_hashes(fresh, record);
    }
    if (seal != run->seal &&
        seal_rewrap(&run->setup->keyring, str_of(hashing->receipt), sealed, &fresh->sealed)) {
        put(fresh, REPORT_SEALED, buf_str(&fresh->sealed));
    }
    bool writes = fresh->count > 0 && !run->request.dry;
    if (writes) {
        rewrap_report(run->store, hashing->receipt, record_number(record, REPORT_VERSION),
                      fresh->pairs, fresh->count, on_report, hashing);
    }
    buf_release(&fresh->sealed);
    free(fresh);
    json_decref(values);
    return writes;
}

static void on_read(void *arg, enum op_status status, const struct report_record *record)
{
    struct hashing *hashing = arg;
    CHECK_OBJ(hashing->run, RUN_MAGIC);
    if (status != OP_OK) {
        trouble(hashing->run, status);
    } else if (record != NULL && record_get(record, REPORT_SEALED).len > 0 &&
               work(hashing, record)) {
        return;
    }
    report_end(hashing);
}

static void on_report(void *arg, enum op_status status, enum rewrap_kind kind)
{
    struct hashing *hashing = arg;
    struct run *run = hashing->run;
    CHECK_OBJ(run, RUN_MAGIC);
    if (status != OP_OK) {
        trouble(run, status);
    } else if (kind == REWRAP_MOVED && ++hashing->tries < TRIES) {
        reports_read(run->store, hashing->receipt, on_read, hashing);
        return;
    } else if (kind == REWRAP_WRITTEN) {
        run->result.counts.written++;
    }
    report_end(hashing); /* one that moves that often is met again by the next run */
}

/* Events --------------------------------------------------------------------------------------------------------------- */

static void work_event(struct run *run, const struct rewrap_event *event)
{
    struct buf sealed;
    char id[QUEUE_EVENT_ID_BYTES];
    unsigned seal = event->sealed.len > SEAL_KEY_AT ? (unsigned char)event->sealed.at[SEAL_KEY_AT]
                                                    : 0;
    run->result.counts.seal_events[seal]++;
    if (seal == run->seal || run->request.dry) {
        return;
    }
    snprintf(id, sizeof id, "%.*s", STR_ARG(event->id));
    buf_init(&sealed, SNAPSHOT_BYTES_MAX);
    if (seal_rewrap(&run->setup->keyring, event->receipt, event->sealed, &sealed)) {
        run->waiting++;
        rewrap_event_put(run->store, id, event->sealed, buf_str(&sealed), on_event, run);
    } else {
        run->result.counts.unreadable++;
    }
    buf_release(&sealed);
}

static void on_events(void *arg, enum op_status status, const struct rewrap_event *events,
                      size_t count, int64_t next, int64_t total)
{
    struct run *run = arg;
    CHECK_OBJ(run, RUN_MAGIC);
    if (!slice_came(run, status, next)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        work_event(run, &events[i]);
    }
    run->looked_at += REWRAP_EVENTS_MAX;
    tell(run, total);
    go_on(run);
}

static void on_event(void *arg, enum op_status status, enum rewrap_kind kind)
{
    struct run *run = arg;
    CHECK_OBJ(run, RUN_MAGIC);
    if (status != OP_OK) {
        trouble(run, status);
    } else if (kind == REWRAP_WRITTEN) {
        run->result.counts.written++;
    }
    run->waiting--;
    go_on(run);
}

static void finish(struct run *run)
{
    run->request.done(run->request.arg, &run->result);
    run->magic = 0;
    free(run);
}
