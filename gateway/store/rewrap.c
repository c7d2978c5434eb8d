#include "store/rewrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

enum {
    WRITING_MAGIC = 0x52777270,
    EVENTS_MAGIC = 0x52776576,
    GATEWAYS_MAGIC = 0x52776777,
    NUMBER_BYTES = 24,
    SAID_BYTES = 64
};

struct writing {
    unsigned magic;
    struct store *store;
    rewrap_done_fn *done;
    void *arg;
};

struct events {
    unsigned magic;
    rewrap_events_done_fn *done;
    void *arg;
};

struct gateways {
    unsigned magic;
    rewrap_gateways_done_fn *done;
    void *arg;
};

static op_done_fn on_written;
static op_done_fn on_events;
static op_done_fn on_said;
static op_done_fn on_gateways;

static struct writing *writing_new(struct store *store, rewrap_done_fn *done, void *arg)
{
    struct writing *writing = mem_alloc(sizeof *writing);
    *writing = (struct writing){WRITING_MAGIC, store, done, arg};
    return writing;
}

void rewrap_report(struct store *store, const char *receipt, int64_t version,
                   const struct store_pair *pairs, size_t count, rewrap_done_fn *done, void *arg)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char number[NUMBER_BYTES];
    CHECK(count > 0 && count <= STORE_PAIRS_MAX);
    snprintf(number, sizeof number, "%lld", (long long)version);
    store_call_begin(&call, KEYS_REHASH, receipt_bucket(receipt), key);
    link_arg_text(&call, receipt);
    link_arg_text(&call, number);
    for (size_t i = 0; i < count; i++) {
        link_arg_text(&call, pairs[i].name);
        link_arg(&call, pairs[i].value);
    }
    store_send(store, STORE_NEED_CHANGE, &call, on_written, writing_new(store, done, arg));
}

void rewrap_event_put(struct store *store, const char *event_id, struct str before, struct str now,
                      rewrap_done_fn *done, void *arg)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    store_call_begin(&call, KEYS_REWRAP_EVENT, receipt_bucket(event_id), key);
    link_arg_text(&call, event_id);
    link_arg(&call, before);
    link_arg(&call, now);
    store_send(store, STORE_NEED_CHANGE, &call, on_written, writing_new(store, done, arg));
}

static void on_written(void *arg, enum op_status status, const void *answer)
{
    struct writing *writing = arg;
    CHECK_OBJ(writing, WRITING_MAGIC);
    enum rewrap_kind kind = REWRAP_GONE;
    if (status == OP_REFUSED) {
        store_doubt(writing->store, answer);
    } else if (status == OP_OK) {
        kind = reply_is(answer, "rehashed") ? REWRAP_WRITTEN
               : reply_is(answer, "moved")  ? REWRAP_MOVED
                                            : REWRAP_GONE;
    }
    writing->done(writing->arg, status, kind);
    writing->magic = 0;
    free(writing);
}

void rewrap_events(struct store *store, unsigned bucket, int64_t after, rewrap_events_done_fn *done,
                   void *arg)
{
    struct events *events = mem_alloc(sizeof *events);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char from[NUMBER_BYTES];
    char most[NUMBER_BYTES];
    *events = (struct events){EVENTS_MAGIC, done, arg};
    snprintf(from, sizeof from, "%lld", (long long)after);
    snprintf(most, sizeof most, "%d", REWRAP_EVENTS_MAX);
    store_call_begin(&call, KEYS_SEALED_EVENTS, bucket, key);
    link_arg_text(&call, from);
    link_arg_text(&call, most);
    store_send(store, STORE_NEED_LOADED, &call, on_events, events);
}

static void on_events(void *arg, enum op_status status, const void *answer)
{
    struct events *events = arg;
    CHECK_OBJ(events, EVENTS_MAGIC);
    const redisReply *reply = answer;
    struct rewrap_event found[REWRAP_EVENTS_MAX];
    size_t count = 0;
    if (status == OP_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 ||
                            reply->element[2]->type != REDIS_REPLY_ARRAY)) {
        status = OP_REFUSED;
    }
    const redisReply *flat = status == OP_OK ? reply->element[2] : NULL;
    for (size_t i = 0; flat != NULL && i + 2 < flat->elements && count < REWRAP_EVENTS_MAX;
         i += 3) {
        found[count++] = (struct rewrap_event){reply_str(flat, i), reply_str(flat, i + 1),
                                               reply_str(flat, i + 2)};
    }
    events->done(events->arg, status, found, count, flat != NULL ? reply_number(reply, 0) : -1,
                 flat != NULL ? reply_number(reply, 1) : 0);
    events->magic = 0;
    free(events);
}

void rewrap_say_keys(struct store *store, const struct rewrap_gateway *gateway)
{
    struct link_call call = {0};
    char said[SAID_BYTES];
    snprintf(said, sizeof said, "%lld %lld %lld", (long long)gateway->at_ms,
             (long long)gateway->seal, (long long)gateway->lookup);
    link_arg(&call, STR("HSET"));
    link_arg_text(&call, KEYS_KEYRINGS);
    link_arg_text(&call, gateway->name);
    link_arg_text(&call, said);
    store_send(store, STORE_NEED_CHANGE, &call, on_said, NULL);
}

/* It says so again in half a minute. */
static void on_said(void *arg, enum op_status status, const void *answer)
{
    (void)arg;
    (void)status;
    (void)answer;
}

void rewrap_gateways(struct store *store, rewrap_gateways_done_fn *done, void *arg)
{
    struct gateways *gateways = mem_alloc(sizeof *gateways);
    struct link_call call = {0};
    *gateways = (struct gateways){GATEWAYS_MAGIC, done, arg};
    link_arg(&call, STR("HGETALL"));
    link_arg_text(&call, KEYS_KEYRINGS);
    store_send(store, STORE_NEED_LOADED, &call, on_gateways, gateways);
}

static void on_gateways(void *arg, enum op_status status, const void *answer)
{
    struct gateways *gateways = arg;
    CHECK_OBJ(gateways, GATEWAYS_MAGIC);
    const redisReply *reply = answer;
    struct rewrap_gateway *found = mem_alloc(sizeof *found * REWRAP_GATEWAYS_MAX);
    size_t elements = status == OP_OK && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    size_t count = 0;
    for (size_t i = 0; i + 1 < elements && count < REWRAP_GATEWAYS_MAX; i += 2) {
        struct rewrap_gateway *one = &found[count];
        int64_t *const numbers[] = {&one->at_ms, &one->seal, &one->lookup};
        struct str rest = reply_str(reply, i + 1);
        struct str word;
        size_t n = 0;
        snprintf(one->name, sizeof one->name, "%.*s", STR_ARG(reply_str(reply, i)));
        while (n < 3 && str_next(&rest, ' ', &word)) {
            uint64_t value = 0;
            n += str_to_u64(word, INT64_MAX, &value) ? 1 : 4;
            if (n <= 3) {
                *numbers[n - 1] = (int64_t)value;
            }
        }
        count += n == 3 ? 1 : 0;
    }
    gateways->done(gateways->arg, status, found, count);
    free(found);
    gateways->magic = 0;
    free(gateways);
}
