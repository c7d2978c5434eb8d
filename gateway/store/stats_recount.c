#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/escape.h"
#include "base/mem.h"
#include "base/rand.h"
#include "store/inside.h"
#include "store/stats.h"

/*
 *   for each bucket:   begin ─┬─► recount … ─► compare … ─┬─ take ─► end ─► drop the old … ─► next
 *            ▲   drop, fold ──┘                           └─ leave ─► drop the new … ─► end ─► next
 *
 * What a recount that failed leaves behind, the next one drops before it begins.
 */
enum {
    RECOUNT_MAGIC = 0x53747263,
    RECOUNT_REPORTS = 40,
    RECOUNT_WORK = 5000,
    TOKEN_BYTES = 33,
    ARGS_MAX = 4
};

struct recount {
    unsigned magic;
    struct store *store;
    unsigned char buckets[BUCKETS];
    size_t bucket_count, at;
    bool take;
    char token[TOKEN_BYTES];
    char position[24], receipt[RECEIPT_BYTES],
        link[24];  /* of a chain that is not read to its end */
    int64_t built; /* the generation of this bucket's recount */
    struct stats_recounted recounted;
    stats_difference_fn *differs;
    stats_recount_done_fn *done;
    void *arg;
};

static op_done_fn on_begun;
static op_done_fn on_dropped_before;
static op_done_fn on_counted;
static op_done_fn on_compared;
static op_done_fn on_dropped_built;
static op_done_fn on_ended;
static op_done_fn on_dropped_old;

static void ask(struct recount *recount, const char *function, op_done_fn *done,
                const char *const args[ARGS_MAX])
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    store_call_begin(&call, function, recount->buckets[recount->at], key);
    link_arg_text(&call, recount->token);
    for (size_t i = 0; i < ARGS_MAX && args[i] != NULL; i++) {
        link_arg_text(&call, args[i]);
    }
    store_send(recount->store, STORE_NEED_LOADED, &call, done, recount);
}

static void finish(struct recount *recount, enum op_status status)
{
    recount->done(recount->arg, status, &recount->recounted);
    recount->magic = 0;
    free(recount);
}

static void drop(struct recount *recount, int64_t generation, op_done_fn *done)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)generation);
    ask(recount, KEYS_STATS_DROP, done, (const char *const[ARGS_MAX]){text});
}

static void count(struct recount *recount)
{
    char most[12];
    snprintf(most, sizeof most, "%d", RECOUNT_REPORTS);
    ask(recount, KEYS_RECOUNT, on_counted,
        (const char *const[ARGS_MAX]){recount->position, most, recount->receipt, recount->link});
}

static void compare(struct recount *recount)
{
    char most[12];
    snprintf(most, sizeof most, "%d", RECOUNT_WORK);
    ask(recount, KEYS_RECOUNT_COMPARE, on_compared,
        (const char *const[ARGS_MAX]){recount->take ? "1" : "0", recount->position, most});
}

static void begin(struct recount *recount)
{
    ask(recount, KEYS_RECOUNT_BEGIN, on_begun, (const char *const[ARGS_MAX]){NULL});
}

void stats_recount(struct store *store, const unsigned char *buckets, size_t bucket_count,
                   bool take, stats_difference_fn *differs, stats_recount_done_fn *done, void *arg)
{
    struct recount *recount = mem_alloc(sizeof *recount);
    unsigned char random[(TOKEN_BYTES - 1) / 2];
    CHECK(bucket_count > 0 && bucket_count <= BUCKETS);
    *recount = (struct recount){.magic = RECOUNT_MAGIC,
                                .store = store,
                                .bucket_count = bucket_count,
                                .take = take,
                                .differs = differs,
                                .done = done,
                                .arg = arg};
    memcpy(recount->buckets, buckets, bucket_count);
    rand_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        snprintf(recount->token + 2 * i, 3, "%02x", random[i]);
    }
    begin(recount);
}

/* The answer, or NULL when it is over: failed, or somebody else's. */
static const redisReply *answer_of(struct recount *recount, enum op_status status,
                                   const void *answer)
{
    CHECK_OBJ(recount, RECOUNT_MAGIC);
    const redisReply *reply = answer;
    if (status == OP_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)) {
        status = OP_REFUSED;
    }
    if (status != OP_OK) {
        finish(recount, status);
        return NULL;
    }
    if (reply_is(reply, "busy") || reply_is(reply, "lost")) {
        recount->recounted.busy = true;
        finish(recount, OP_OK);
        return NULL;
    }
    return reply;
}

static void on_begun(void *arg, enum op_status status, const void *answer)
{
    struct recount *recount = arg;
    const redisReply *reply = answer_of(recount, status, answer);
    if (reply == NULL) {
        return;
    }
    if (reply_is(reply, "drop")) {
        recount->built = reply_number(reply, 1);
        drop(recount, recount->built, on_dropped_before);
    } else if (reply_is(reply, "fold")) {
        begin(recount);
    } else {
        recount->built = reply_number(reply, 1);
        snprintf(recount->position, sizeof recount->position, "0");
        recount->receipt[0] = recount->link[0] = '\0';
        count(recount);
    }
}

static void on_dropped_before(void *arg, enum op_status status, const void *answer)
{
    struct recount *recount = arg;
    const redisReply *reply = answer_of(recount, status, answer);
    if (reply != NULL && reply_number(reply, 0) > 0) {
        drop(recount, recount->built, on_dropped_before);
    } else if (reply != NULL) {
        begin(recount);
    }
}

/* Takes the next position from the answer; false when there is none. */
static bool goes_on(struct recount *recount, const redisReply *reply)
{
    bool more = reply_number(reply, 0) >= 0;
    snprintf(recount->position, sizeof recount->position, "%lld",
             more ? (long long)reply_number(reply, 0) : 0);
    return more;
}

static void on_counted(void *arg, enum op_status status, const void *answer)
{
    struct recount *recount = arg;
    const redisReply *reply = answer_of(recount, status, answer);
    if (reply == NULL) {
        return;
    }
    snprintf(recount->receipt, sizeof recount->receipt, "%.*s", STR_ARG(reply_str(reply, 1)));
    snprintf(recount->link, sizeof recount->link, "%.*s", STR_ARG(reply_str(reply, 2)));
    if (goes_on(recount, reply)) {
        count(recount);
    } else {
        compare(recount);
    }
}

/* area period field is should */
static void tell(struct recount *recount, const redisReply *list)
{
    for (size_t i = 0; list->type == REDIS_REPLY_ARRAY && i + 4 < list->elements; i += 5) {
        struct stats_difference difference = {
            .area = reply_str(list, i),
            .period = reply_str(list, i + 1),
            .field = reply_str(list, i + 2),
            .is = reply_number(list, i + 3),
            .should = reply_number(list, i + 4),
        };
        recount->differs(recount->arg, recount->buckets[recount->at], &difference);
    }
}

static void on_compared(void *arg, enum op_status status, const void *answer)
{
    struct recount *recount = arg;
    const redisReply *reply = answer_of(recount, status, answer);
    if (reply == NULL) {
        return;
    }
    recount->recounted.differ += reply_number(reply, 1);
    if (reply->elements > 2) {
        tell(recount, reply->element[2]);
    }
    if (goes_on(recount, reply)) {
        compare(recount);
    } else if (recount->take) {
        ask(recount, KEYS_RECOUNT_END, on_ended, (const char *const[ARGS_MAX]){"take"});
    } else {
        drop(recount, recount->built, on_dropped_built);
    }
}

static void on_dropped_built(void *arg, enum op_status status, const void *answer)
{
    struct recount *recount = arg;
    const redisReply *reply = answer_of(recount, status, answer);
    if (reply != NULL && reply_number(reply, 0) > 0) {
        drop(recount, recount->built, on_dropped_built);
    } else if (reply != NULL) {
        ask(recount, KEYS_RECOUNT_END, on_ended, (const char *const[ARGS_MAX]){"leave"});
    }
}

static void next_bucket(struct recount *recount)
{
    if (++recount->at < recount->bucket_count) {
        begin(recount);
    } else {
        finish(recount, OP_OK);
    }
}

static void on_ended(void *arg, enum op_status status, const void *answer)
{
    struct recount *recount = arg;
    if (answer_of(recount, status, answer) == NULL) {
        return;
    }
    if (recount->take) {
        drop(recount, recount->built - 1, on_dropped_old);
    } else {
        next_bucket(recount);
    }
}

static void on_dropped_old(void *arg, enum op_status status, const void *answer)
{
    struct recount *recount = arg;
    const redisReply *reply = answer_of(recount, status, answer);
    if (reply != NULL && reply_number(reply, 0) > 0) {
        drop(recount, recount->built - 1, on_dropped_old);
    } else if (reply != NULL) {
        next_bucket(recount);
    }
}
