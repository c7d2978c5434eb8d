#include "store/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

enum {
    RESERVING_MAGIC = 0x52737276,
    GATHER_MAGIC = 0x47617468,
    COUNTING_MAGIC = 0x436e7473,
    JOB_FIELDS = 6,
    SETTLE_RESULTS = 16 /* in one call: 9 arguments each */
};

struct reserving {
    unsigned magic;
    struct store *store;
    queue_reserve_done_fn *done;
    void *arg;
};

/* Several calls, one answer: done when the last one is back. */
struct gather {
    unsigned magic;
    struct store *store;
    size_t waiting;
    enum op_status status;
    unsigned bucket;
    char reason[32];
    queue_settle_done_fn *done;
    void *arg;
};

struct counting {
    unsigned magic;
    size_t waiting;
    enum op_status status;
    struct queue_counts counts;
    queue_counts_done_fn *done;
    void *arg;
};

static op_done_fn on_reserved;
static op_done_fn on_gathered;
static op_done_fn on_counted;
static op_done_fn on_held_released;
static link_message_fn on_wake;
static loop_fn on_subscribed;
static loop_fn on_listener;

void queue_reserve(struct store *store, unsigned bucket, int64_t most, int64_t window,
                   int64_t lease_ms, int64_t backoff_max_ms, queue_reserve_done_fn *done, void *arg)
{
    struct reserving *reserving = mem_alloc(sizeof *reserving);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char texts[4][LINK_NUMBER_BYTES];
    *reserving = (struct reserving){RESERVING_MAGIC, store, done, arg};
    store_call_begin(&call, KEYS_RESERVE, bucket, key);
    link_arg_number(&call, most, texts[0]);
    link_arg_number(&call, window, texts[1]);
    link_arg_number(&call, lease_ms, texts[2]);
    link_arg_number(&call, backoff_max_ms, texts[3]);
    store_send(store, STORE_NEED_LOADED, &call, on_reserved, reserving);
}

static void job_read(const redisReply *reply, size_t at, struct queue_job *ret)
{
    *ret = (struct queue_job){
        .fence = reply_number(reply, at + 2),
        .attempts = reply_number(reply, at + 3),
        .tried_ms = reply_number(reply, at + 4),
        .sealed = reply_str(reply, at + 5),
    };
    snprintf(ret->id, sizeof ret->id, "%.*s", STR_ARG(reply_str(reply, at)));
    snprintf(ret->receipt, sizeof ret->receipt, "%.*s", STR_ARG(reply_str(reply, at + 1)));
}

static void on_reserved(void *arg, enum op_status status, const void *answer)
{
    struct reserving *reserving = arg;
    CHECK_OBJ(reserving, RESERVING_MAGIC);
    const redisReply *reply = answer;
    struct queue_job jobs[QUEUE_BATCH_MAX];
    size_t count = 0;
    int64_t next_due_ms = -1;
    if (status == OP_OK && reply->type == REDIS_REPLY_ARRAY) {
        next_due_ms = reply_number(reply, 0);
        for (size_t at = 1; at + JOB_FIELDS <= reply->elements && count < QUEUE_BATCH_MAX;
             at += JOB_FIELDS) {
            job_read(reply, at, &jobs[count++]);
        }
    } else if (status == OP_REFUSED) {
        store_doubt(reserving->store, answer);
    }
    reserving->done(reserving->arg, status, jobs, count, next_due_ms);
    reserving->magic = 0;
    free(reserving);
}

static struct gather *gather_new(struct store *store, size_t calls, queue_settle_done_fn *done,
                                 void *arg)
{
    struct gather *gather = mem_alloc(sizeof *gather);
    gather->magic = GATHER_MAGIC;
    gather->store = store;
    gather->waiting = calls;
    gather->done = done;
    gather->arg = arg;
    return gather;
}

static void gather_finish(struct gather *gather)
{
    gather->done(gather->arg, gather->status);
    gather->magic = 0;
    free(gather);
}

static void on_gathered(void *arg, enum op_status status, const void *answer)
{
    struct gather *gather = arg;
    CHECK_OBJ(gather, GATHER_MAGIC);
    if (status != OP_OK) {
        gather->status = status;
    }
    if (status == OP_REFUSED) {
        store_doubt(gather->store, answer);
    }
    if (--gather->waiting == 0) {
        gather_finish(gather);
    }
}

static void settle_some(struct gather *gather, const struct queue_result *results, size_t count)
{
    static const char *const outcomes[] = {
        [QUEUE_DELIVERED] = "delivered", [QUEUE_LATER] = "later",     [QUEUE_PUT_OFF] = "put_off",
        [QUEUE_BURY] = "bury",           [QUEUE_RELEASE] = "release",
    };
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char texts[SETTLE_RESULTS][4][LINK_NUMBER_BYTES];
    store_call_begin(&call, KEYS_SETTLE, gather->bucket, key);
    for (size_t i = 0; i < count; i++) {
        const struct queue_result *result = &results[i];
        CHECK(receipt_bucket(result->id) == gather->bucket);
        link_arg_text(&call, result->id);
        link_arg_number(&call, result->fence, texts[i][0]);
        link_arg_text(&call, outcomes[result->outcome]);
        link_arg_number(&call, result->delay_ms, texts[i][1]);
        link_arg_text(&call, result->delay_said ? "1" : "");
        link_arg_number(&call, result->status, texts[i][2]);
        link_arg_text(&call, result->words);
        link_arg_text(&call, result->upstream_id);
        link_arg_number(&call, result->at_ms, texts[i][3]);
    }
    store_send(gather->store, STORE_NEED_LOADED, &call, on_gathered, gather);
}

void queue_settle(struct store *store, unsigned bucket, const struct queue_result *results,
                  size_t count, queue_settle_done_fn *done, void *arg)
{
    CHECK(count > 0);
    struct gather *gather = gather_new(store, (count + SETTLE_RESULTS - 1) / SETTLE_RESULTS, done,
                                       arg);
    gather->bucket = bucket;
    for (size_t at = 0; at < count; at += SETTLE_RESULTS) {
        settle_some(gather, results + at,
                    count - at < SETTLE_RESULTS ? count - at : SETTLE_RESULTS);
    }
}

void queue_sweep(struct store *store, unsigned bucket, queue_settle_done_fn *done, void *arg)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    store_call_begin(&call, KEYS_SWEEP, bucket, key);
    store_send(store, STORE_NEED_LOADED, &call, on_gathered, gather_new(store, 1, done, arg));
}

static void release_from(struct gather *gather, int64_t offset)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char text[LINK_NUMBER_BYTES];
    store_call_begin(&call, KEYS_RELEASE_HELD, gather->bucket, key);
    link_arg_text(&call, gather->reason);
    link_arg_number(&call, offset, text);
    store_send(gather->store, STORE_NEED_LOADED, &call, on_held_released, gather);
}

void queue_release_held(struct store *store, unsigned bucket, const char *reason,
                        queue_settle_done_fn *done, void *arg)
{
    struct gather *gather = gather_new(store, 1, done, arg);
    gather->bucket = bucket;
    snprintf(gather->reason, sizeof gather->reason, "%s", reason);
    release_from(gather, 0);
}

/* A slice at a time, so that no call takes long. */
static void on_held_released(void *arg, enum op_status status, const void *answer)
{
    struct gather *gather = arg;
    CHECK_OBJ(gather, GATHER_MAGIC);
    int64_t next = status == OP_OK ? reply_number(answer, 1) : -1;
    if (next >= 0 && !gather->store->closing) {
        release_from(gather, next);
        return;
    }
    gather->status = status;
    gather_finish(gather);
}

void queue_counts(struct store *store, const unsigned char *buckets, size_t bucket_count,
                  queue_counts_done_fn *done, void *arg)
{
    struct counting *counting = mem_alloc(sizeof *counting);
    CHECK(bucket_count > 0);
    counting->magic = COUNTING_MAGIC;
    counting->waiting = bucket_count;
    counting->counts.delivered_ago_ms = -1;
    counting->done = done;
    counting->arg = arg;
    for (size_t i = 0; i < bucket_count; i++) {
        struct link_call call;
        char key[STORE_BUCKET_KEY_BYTES];
        store_call_begin(&call, KEYS_COUNTS, buckets[i], key);
        store_send(store, STORE_NEED_LOADED, &call, on_counted, counting);
    }
}

static void counts_add(struct queue_counts *counts, const redisReply *reply)
{
    int64_t *const sums[] = {
        &counts->accepted, &counts->drills,  &counts->made,      &counts->held,   &counts->ready,
        &counts->delayed,  &counts->sending, &counts->delivered, &counts->buried, &counts->dropped,
    };
    size_t i;
    for (i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        *sums[i] += reply_number(reply, i);
    }
    int64_t oldest_ms = reply_number(reply, i);
    int64_t ago_ms = reply_number(reply, i + 1);
    counts->leads += reply_number(reply, i + 2);
    counts->promoted += reply_number(reply, i + 3);
    counts->records += reply_number(reply, i + 4);
    if (oldest_ms > counts->oldest_ready_ms) {
        counts->oldest_ready_ms = oldest_ms;
    }
    if (ago_ms >= 0 && (counts->delivered_ago_ms < 0 || ago_ms < counts->delivered_ago_ms)) {
        counts->delivered_ago_ms = ago_ms;
    }
}

static void on_counted(void *arg, enum op_status status, const void *answer)
{
    struct counting *counting = arg;
    CHECK_OBJ(counting, COUNTING_MAGIC);
    if (status == OP_OK) {
        counts_add(&counting->counts, answer);
    } else {
        counting->status = status;
    }
    if (--counting->waiting == 0) {
        counting->done(counting->arg, counting->status,
                       counting->status == OP_OK ? &counting->counts : NULL);
        counting->magic = 0;
        free(counting);
    }
}

void queue_on_wake(struct store *store, void (*woken)(void *arg, unsigned bucket), void *arg)
{
    struct link_call call = {0};
    char channels[BUCKETS][16];
    CHECK(store->listener == NULL);
    store->woken = woken;
    store->woken_arg = arg;
    link_arg(&call, STR("SUBSCRIBE"));
    for (unsigned i = 0; i < BUCKETS; i++) {
        snprintf(channels[i], sizeof channels[i], KEYS_WAKE_FORMAT, i);
        link_arg_text(&call, channels[i]);
    }
    store->listener = link_new(store->loop, &store->link_options, on_listener, store);
    link_subscribe(store->listener, &call, on_wake, on_subscribed, store);
}

/* The main link's health speaks for both. */
static void on_listener(void *arg)
{
    (void)arg;
}

static void on_subscribed(void *arg)
{
    struct store *store = arg;
    for (unsigned i = 0; i < BUCKETS; i++) {
        store->woken(store->woken_arg, i);
    }
}

static void on_wake(void *arg, struct str channel, struct str message)
{
    struct store *store = arg;
    uint64_t bucket;
    (void)channel;
    if (str_to_u64(message, BUCKETS - 1, &bucket)) {
        store->woken(store->woken_arg, (unsigned)bucket);
    }
}
