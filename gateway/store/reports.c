#include "store/reports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

enum {
    ACCEPTING_MAGIC = 0x41636370,
    CHANGING_MAGIC = 0x43686e67,
    READING_MAGIC = 0x52656164,
    FINDING_MAGIC = 0x46696e64,
    TEXT_MAGIC = 0x54657874,
    DUE_MAGIC = 0x447565,
    DUE_MAX = 256,
    HASH_HEX = 64,
    FLAGS_BYTES = 256
};

struct accepting {
    unsigned magic;
    struct store *store;
    unsigned bucket;
    struct reports_answer answer; /* while the replicas are waited for */
    reports_accept_done_fn *done;
    void *arg;
};

struct changing {
    unsigned magic;
    struct store *store;
    unsigned bucket;
    struct reports_change_answer answer; /* while the replicas are waited for */
    reports_change_done_fn *done;
    void *arg;
};

struct reading {
    unsigned magic;
    reports_read_done_fn *done;
    void *arg;
};

struct finding {
    unsigned magic;
    size_t waiting;
    enum op_status status;
    int64_t best_at_ms;
    char receipt[RECEIPT_BYTES];
    reports_find_done_fn *done;
    void *arg;
};

struct text_reading {
    unsigned magic;
    reports_text_done_fn *done;
    void *arg;
};

struct due_reading {
    unsigned magic;
    reports_due_done_fn *done;
    void *arg;
};

static op_done_fn on_accepted;
static op_done_fn on_accept_confirmed;
static op_done_fn on_changed;
static op_done_fn on_change_confirmed;
static op_done_fn on_read;
static op_done_fn on_found;
static op_done_fn on_text;
static op_done_fn on_due;

static struct str pair_value(const struct store_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, name) == 0) {
            return pairs[i].value;
        }
    }
    return STR("");
}

static void arg_two(struct link_call *call, const char *const two[STORE_PERSONS_MAX])
{
    link_arg_text(call, two[0]);
    link_arg_text(call, two[0] != NULL ? two[1] : NULL);
}

static void arg_event(struct link_call *call, const struct store_event *event)
{
    link_arg_text(call, event->id);
    link_arg(call, event->area);
    link_arg(call, event->sealed);
    link_arg_text(call, event->hold);
}

static void arg_record(struct link_call *call, const struct store_pair *pairs, size_t count)
{
    CHECK(count <= STORE_PAIRS_MAX);
    for (size_t i = 0; i < count; i++) {
        link_arg_text(call, pairs[i].name);
        link_arg(call, pairs[i].value);
    }
}

void reports_accept(struct store *store, const struct reports_accept *request,
                    reports_accept_done_fn *done, void *arg)
{
    static const char *const kinds[] = {[REPORTS_KIND_REPORT] = "report",
                                        [REPORTS_KIND_LEAD] = "lead",
                                        [REPORTS_KIND_DRILL] = "drill"};
    struct accepting *accepting = mem_alloc(sizeof *accepting);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    CHECK(strlen(request->receipt) == RECEIPT_DIGITS);
    CHECK(strlen(request->audit.hash) == HASH_HEX);
    accepting->magic = ACCEPTING_MAGIC;
    accepting->store = store;
    accepting->bucket = receipt_bucket(request->receipt);
    accepting->done = done;
    accepting->arg = arg;
    store_call_begin(&call, KEYS_ACCEPT, accepting->bucket, key);
    link_arg_text(&call, request->receipt);
    link_arg_text(&call, request->token);
    link_arg_text(&call, request->token_stale ? "1" : "0");
    link_arg_text(&call, request->duplicate_known ? "1" : "0");
    link_arg_text(&call, kinds[request->kind]);
    link_arg_text(&call, request->intake ? "intake" : "form");
    arg_two(&call, request->persons);
    arg_two(&call, request->id_hashes);
    arg_two(&call, request->phone_hashes);
    arg_two(&call, request->contents);
    link_arg(&call, request->audit.text);
    link_arg_text(&call, request->audit.hash);
    arg_event(&call, &request->event);
    link_arg(&call, request->stat);
    arg_record(&call, request->record, request->record_count);
    store_send(store, STORE_NEED_READY, &call, on_accepted, accepting);
}

static void accept_finish(struct accepting *accepting, enum op_status status)
{
    accepting->done(accepting->arg, status, status == OP_OK ? &accepting->answer : NULL);
    accepting->magic = 0;
    free(accepting);
}

static bool accept_answer_read(const redisReply *reply, struct reports_answer *ret)
{
    static const struct {
        const char *word;
        enum reports_kind kind;
    } kinds[] = {
        {"accepted", REPORTS_ACCEPTED}, {"repeat", REPORTS_REPEAT},       {"same", REPORTS_SAME},
        {"add", REPORTS_ADD},           {"duplicate", REPORTS_DUPLICATE}, {"taken", REPORTS_TAKEN},
        {"stale", REPORTS_STALE},       {"conflict", REPORTS_CONFLICT},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!reply_is(reply, kinds[i].word)) {
            continue;
        }
        struct str receipt = reply_str(reply, 1);
        struct str link = reply_str(reply, 2);
        ret->kind = kinds[i].kind;
        ret->link = link.len == 1 ? link.at[0] : '\0';
        ret->by_token = reply_is(reply, "add") && str_is(reply_str(reply, 3), "1");
        snprintf(ret->receipt, sizeof ret->receipt, "%.*s", STR_ARG(receipt));
        return true;
    }
    return false;
}

static void on_accepted(void *arg, enum op_status status, const void *answer)
{
    struct accepting *accepting = arg;
    CHECK_OBJ(accepting, ACCEPTING_MAGIC);
    if (status == OP_REFUSED) {
        store_doubt(accepting->store, answer);
    }
    if (status == OP_OK && !accept_answer_read(answer, &accepting->answer)) {
        status = OP_REFUSED;
    }
    enum reports_kind kind = accepting->answer.kind;
    bool stored = kind == REPORTS_ACCEPTED || kind == REPORTS_REPEAT || kind == REPORTS_SAME;
    if (status == OP_OK && stored && store_confirms(accepting->store)) {
        store_confirm(accepting->store, accepting->bucket, kind != REPORTS_ACCEPTED,
                      on_accept_confirmed, accepting);
        return;
    }
    accept_finish(accepting, status);
}

static void on_accept_confirmed(void *arg, enum op_status status, const void *answer)
{
    struct accepting *accepting = arg;
    CHECK_OBJ(accepting, ACCEPTING_MAGIC);
    (void)answer;
    accept_finish(accepting, status);
}

static struct changing *changing_new(struct store *store, const char *receipt,
                                     const struct store_audit *audit, reports_change_done_fn *done,
                                     void *arg)
{
    struct changing *changing = mem_alloc(sizeof *changing);
    CHECK(strlen(receipt) == RECEIPT_DIGITS);
    CHECK(strlen(audit->hash) == HASH_HEX);
    changing->magic = CHANGING_MAGIC;
    changing->store = store;
    changing->bucket = receipt_bucket(receipt);
    changing->done = done;
    changing->arg = arg;
    return changing;
}

/* Words of the change, blank-separated. */
static void flags_print(const struct reports_change *request, char ret_flags[FLAGS_BYTES])
{
    const char *const *ids = request->id_hashes;
    snprintf(ret_flags, FLAGS_BYTES, "%s %s %s %s %s%s %s%s%s%s", request->promote ? "promote" : "",
             request->hook_early ? "early" : "", request->drop ? "drop" : "",
             request->id_known ? "id_known" : "", request->leader ? "leader:" : "",
             request->leader ? request->leader : "", ids[0] ? "alone:" : "", ids[0] ? ids[0] : "",
             ids[0] && ids[1] ? "," : "", ids[0] && ids[1] ? ids[1] : "");
}

void reports_change(struct store *store, const struct reports_change *request,
                    reports_change_done_fn *done, void *arg)
{
    struct changing *changing = changing_new(store, request->receipt, &request->audit, done, arg);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char version[24];
    char claim_ms[24];
    char flags[FLAGS_BYTES];
    char link[2] = {request->link, '\0'};
    snprintf(version, sizeof version, "%lld", (long long)request->version);
    snprintf(claim_ms, sizeof claim_ms, "%lld", (long long)request->claim_ms);
    store_call_begin(&call, KEYS_CHANGE, changing->bucket, key);
    link_arg_text(&call, request->receipt);
    link_arg_text(&call, version);
    link_arg_text(&call, request->head);
    link_arg_text(&call, request->token);
    link_arg_text(&call, request->person);
    link_arg_text(&call, request->content);
    link_arg_text(&call, link);
    link_arg_text(&call, request->hook_id);
    link_arg(&call, request->audit.text);
    link_arg_text(&call, request->audit.hash);
    arg_event(&call, &request->event);
    link_arg(&call, request->stat);
    flags_print(request, flags);
    link_arg_text(&call, flags);
    link_arg_text(&call, request->claim_holder);
    link_arg_text(&call, claim_ms);
    arg_record(&call, request->record, request->record_count);
    store_send(store, STORE_NEED_CHANGE, &call, on_changed, changing);
}

void reports_note(struct store *store, const struct reports_note *request,
                  reports_change_done_fn *done, void *arg)
{
    struct changing *changing = changing_new(store, request->receipt, &request->audit, done, arg);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    store_call_begin(&call, KEYS_NOTE, changing->bucket, key);
    link_arg_text(&call, request->receipt);
    link_arg_text(&call, request->head);
    link_arg(&call, request->audit.text);
    link_arg_text(&call, request->audit.hash);
    store_send(store, STORE_NEED_CHANGE, &call, on_changed, changing);
}

static void change_finish(struct changing *changing, enum op_status status)
{
    changing->done(changing->arg, status, status == OP_OK ? &changing->answer : NULL);
    changing->magic = 0;
    free(changing);
}

static bool change_answer_read(const redisReply *reply, struct reports_change_answer *ret)
{
    static const struct {
        const char *word;
        enum reports_change_kind kind;
    } kinds[] = {
        {"changed", REPORTS_CHANGED},    {"noted", REPORTS_CHANGED},
        {"moved", REPORTS_MOVED},        {"gone", REPORTS_GONE},
        {"known", REPORTS_CHANGE_KNOWN}, {"claimed", REPORTS_CLAIMED},
        {"shared", REPORTS_SHARED_ID},   {"early", REPORTS_CHANGE_EARLY},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!reply_is(reply, kinds[i].word)) {
            continue;
        }
        ret->kind = kinds[i].kind;
        if (ret->kind == REPORTS_CHANGED) {
            ret->version = reply_number(reply, 1);
            ret->claim_until_ms = reply_number(reply, 2);
            ret->fence = reply_number(reply, 3);
        } else if (ret->kind == REPORTS_CLAIMED) {
            ret->claim_id = reply_str(reply, 1);
            ret->claim_name = reply_str(reply, 2);
            ret->claim_until_ms = reply_number(reply, 3);
        }
        return true;
    }
    return false;
}

static void on_changed(void *arg, enum op_status status, const void *answer)
{
    struct changing *changing = arg;
    CHECK_OBJ(changing, CHANGING_MAGIC);
    if (status == OP_REFUSED) {
        store_doubt(changing->store, answer);
    }
    if (status == OP_OK && !change_answer_read(answer, &changing->answer)) {
        status = OP_REFUSED;
    }
    enum reports_change_kind kind = changing->answer.kind;
    bool stored = kind == REPORTS_CHANGED || kind == REPORTS_CHANGE_KNOWN ||
                  kind == REPORTS_CHANGE_EARLY;
    if (status == OP_OK && stored && store_confirms(changing->store)) {
        store_confirm(changing->store, changing->bucket, kind != REPORTS_CHANGED,
                      on_change_confirmed, changing);
        return;
    }
    change_finish(changing, status);
}

static void on_change_confirmed(void *arg, enum op_status status, const void *answer)
{
    struct changing *changing = arg;
    CHECK_OBJ(changing, CHANGING_MAGIC);
    (void)answer;
    change_finish(changing, status);
}

void reports_read(struct store *store, const char *receipt, reports_read_done_fn *done, void *arg)
{
    struct reading *reading = mem_alloc(sizeof *reading);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    CHECK(strlen(receipt) == RECEIPT_DIGITS);
    *reading = (struct reading){READING_MAGIC, done, arg};
    store_call_begin(&call, KEYS_READ, receipt_bucket(receipt), key);
    link_arg_text(&call, receipt);
    store_send(store, STORE_NEED_LOADED, &call, on_read, reading);
}

static void on_read(void *arg, enum op_status status, const void *answer)
{
    struct reading *reading = arg;
    CHECK_OBJ(reading, READING_MAGIC);
    const redisReply *reply = answer;
    struct report_record record = {.read_ms = status == OP_OK ? reply_number(reply, 0) : 0};
    size_t elements = status == OP_OK && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    size_t room = sizeof record.at / sizeof record.at[0];
    for (size_t i = 1; i + 1 < elements && record.count < room; i += 2) {
        record.at[record.count++] = (struct store_pair){reply->element[i]->str,
                                                        reply_str(reply, i + 1)};
    }
    reading->done(reading->arg, status, record.count > 0 ? &record : NULL);
    reading->magic = 0;
    free(reading);
}

struct str record_get(const struct report_record *record, const char *name)
{
    return pair_value(record->at, record->count, name);
}

int64_t record_number(const struct report_record *record, const char *name)
{
    uint64_t value = 0;
    return str_to_u64(record_get(record, name), INT64_MAX, &value) ? (int64_t)value : 0;
}

void reports_find(struct store *store, const unsigned char *buckets, size_t bucket_count,
                  const char *const id_hashes[STORE_PERSONS_MAX],
                  const char *const phone_hashes[STORE_PERSONS_MAX], reports_find_done_fn *done,
                  void *arg)
{
    struct finding *finding = mem_alloc(sizeof *finding);
    CHECK(bucket_count > 0);
    finding->magic = FINDING_MAGIC;
    finding->waiting = bucket_count;
    finding->best_at_ms = -1;
    finding->done = done;
    finding->arg = arg;
    for (size_t i = 0; i < bucket_count; i++) {
        struct link_call call;
        char key[STORE_BUCKET_KEY_BYTES];
        store_call_begin(&call, KEYS_FIND, buckets[i], key);
        arg_two(&call, id_hashes);
        arg_two(&call, phone_hashes);
        store_send(store, STORE_NEED_LOADED, &call, on_found, finding);
    }
}

/* Of one bucket. One that could not be asked makes the whole answer unknown. */
static void on_found(void *arg, enum op_status status, const void *answer)
{
    struct finding *finding = arg;
    CHECK_OBJ(finding, FINDING_MAGIC);
    struct str receipt = status == OP_OK ? reply_str(answer, 0) : STR("");
    if (status != OP_OK) {
        finding->status = status;
    } else if (receipt.len == RECEIPT_DIGITS && reply_number(answer, 1) > finding->best_at_ms) {
        finding->best_at_ms = reply_number(answer, 1);
        snprintf(finding->receipt, sizeof finding->receipt, "%.*s", STR_ARG(receipt));
    }
    if (--finding->waiting == 0) {
        finding->done(finding->arg, finding->status, finding->receipt);
        finding->magic = 0;
        free(finding);
    }
}

void reports_keep_text(struct store *store, const char *kind, const char *id_version,
                       struct str text)
{
    char key[160];
    CHECK(store->text_count < STORE_TEXTS_MAX);
    snprintf(key, sizeof key, KEYS_TEXT_FORMAT, kind, id_version);
    store->texts[store->text_count++] = (struct store_text){mem_strdup(key), mem_dup_str(text),
                                                            text.len};
    if (store->health == STORE_READY) {
        store_write_texts(store);
    }
}

void reports_read_text(struct store *store, const char *kind, const char *id_version,
                       reports_text_done_fn *done, void *arg)
{
    struct text_reading *reading = mem_alloc(sizeof *reading);
    struct link_call call = {0};
    char key[160];
    *reading = (struct text_reading){TEXT_MAGIC, done, arg};
    snprintf(key, sizeof key, KEYS_TEXT_FORMAT, kind, id_version);
    link_arg(&call, STR("GET"));
    link_arg_text(&call, key);
    store_send(store, STORE_NEED_LOADED, &call, on_text, reading);
}

static void on_text(void *arg, enum op_status status, const void *answer)
{
    struct text_reading *reading = arg;
    CHECK_OBJ(reading, TEXT_MAGIC);
    const redisReply *reply = answer;
    bool there = status == OP_OK && reply->type == REDIS_REPLY_STRING;
    reading->done(reading->arg, status, there ? str_make(reply->str, reply->len) : STR(""));
    reading->magic = 0;
    free(reading);
}

void reports_due(struct store *store, unsigned bucket, size_t skip, size_t most,
                 reports_due_done_fn *done, void *arg)
{
    struct due_reading *reading = mem_alloc(sizeof *reading);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char number[24];
    char left_out[24];
    *reading = (struct due_reading){DUE_MAGIC, done, arg};
    snprintf(number, sizeof number, "%zu", most < DUE_MAX ? most : (size_t)DUE_MAX);
    snprintf(left_out, sizeof left_out, "%zu", skip);
    store_call_begin(&call, KEYS_DUE, bucket, key);
    link_arg_text(&call, number);
    link_arg_text(&call, left_out);
    store_send(store, STORE_NEED_LOADED, &call, on_due, reading);
}

static void on_due(void *arg, enum op_status status, const void *answer)
{
    struct due_reading *reading = arg;
    CHECK_OBJ(reading, DUE_MAGIC);
    const redisReply *reply = answer;
    struct str receipts[DUE_MAX];
    size_t count = status == OP_OK && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    count = count < DUE_MAX ? count : (size_t)DUE_MAX;
    for (size_t i = 0; i < count; i++) {
        receipts[i] = reply_str(reply, i);
    }
    reading->done(reading->arg, status, receipts, count);
    reading->magic = 0;
    free(reading);
}
