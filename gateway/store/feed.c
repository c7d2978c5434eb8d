#include "store/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

enum {
    FEEDING_MAGIC = 0x46656564,
    HEADING_MAGIC = 0x48656164,
    SLICE_HEAD = 3,
    NAMES_BYTES_MAX = 512
};

/* What lists and searches show of a record, and what the filters look at. The functions are told these names and answer in this order. */
static const char *const fields[] = {
    REPORT_VERSION,    REPORT_LEAD,        REPORT_DRILL,    REPORT_AREA,      REPORT_PATH,
    REPORT_ORG,        REPORT_STATE,       REPORT_STEP,     REPORT_STEPS,     REPORT_RISKS,
    REPORT_URGENT,     REPORT_SOURCE,      REPORT_FILED_BY, REPORT_PLACEMENT, REPORT_SUBMITTED,
    REPORT_STEP_DUE,   REPORT_TOTAL_DUE,   REPORT_SIGNAL,   REPORT_LATE,      REPORT_CLAIM,
    REPORT_CLAIM_NAME, REPORT_CLAIM_UNTIL, REPORT_DECISION, REPORT_REASON,    REPORT_FLAGS,
    REPORT_MASK,
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

struct feeding {
    unsigned magic;
    bool looks; /* a search: no head before the hits */
    feed_read_done_fn *done;
    void *arg;
};

struct heading {
    unsigned magic;
    feed_head_done_fn *done;
    void *arg;
};

static op_done_fn on_slice;
static op_done_fn on_head;
static loop_fn on_listener;
static loop_fn on_subscribed;
static link_message_fn on_message;

static void arg_fields(struct link_call *call, char names[NAMES_BYTES_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        len += (size_t)snprintf(names + len, NAMES_BYTES_MAX - len, "%s ", fields[i]);
        CHECK(len < NAMES_BYTES_MAX);
    }
    link_arg_text(call, names);
}

static struct feeding *feeding_new(bool looks, feed_read_done_fn *done, void *arg)
{
    struct feeding *feeding = mem_alloc(sizeof *feeding);
    *feeding = (struct feeding){FEEDING_MAGIC, looks, done, arg};
    return feeding;
}

void feed_read(struct store *store, const struct feed_place *place,
               const struct feed_filter *filter, int64_t after, size_t limit, size_t scan,
               feed_read_done_fn *done, void *arg)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char numbers[3][24];
    char names[NAMES_BYTES_MAX];
    snprintf(numbers[0], sizeof numbers[0], "%lld", (long long)after);
    snprintf(numbers[1], sizeof numbers[1], "%zu", limit);
    snprintf(numbers[2], sizeof numbers[2], "%zu", scan);
    store_call_begin(&call, KEYS_FEED, place->bucket, key);
    for (size_t i = 0; i < 3; i++) {
        link_arg_text(&call, numbers[i]);
    }
    link_arg(&call, place->orders);
    link_arg(&call, place->paths);
    link_arg_text(&call, filter->state);
    link_arg_text(&call, filter->risk);
    link_arg_text(&call, filter->late);
    link_arg_text(&call, filter->source);
    link_arg_text(&call, filter->kind);
    arg_fields(&call, names);
    store_send(store, STORE_NEED_LOADED, &call, on_slice, feeding_new(false, done, arg));
}

void look_up(struct store *store, const struct look_request *request, feed_read_done_fn *done,
             void *arg)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char by[2] = {request->by, '\0'};
    char most[8];
    char hashes[160];
    char names[NAMES_BYTES_MAX];
    snprintf(most, sizeof most, "%d", LOOK_MOST);
    snprintf(hashes, sizeof hashes, "%s %s", request->hashes[0],
             request->hashes[1] ? request->hashes[1] : "");
    store_call_begin(&call, KEYS_LOOK, request->bucket, key);
    link_arg_text(&call, by);
    link_arg_text(&call, hashes);
    link_arg(&call, request->paths);
    link_arg_text(&call, request->org);
    link_arg_text(&call, most);
    arg_fields(&call, names);
    store_send(store, STORE_NEED_LOADED, &call, on_slice, feeding_new(true, done, arg));
}

static bool is_array(const redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY;
}

/* Of a search the whole answer are hits. */
static bool slice_read(const struct feeding *feeding, const redisReply *reply,
                       struct feed_slice *ret)
{
    size_t before = feeding->looks ? 0 : SLICE_HEAD;
    if (!is_array(reply) || reply->elements < before) {
        return false;
    }
    for (size_t i = before; i < reply->elements; i++) {
        const redisReply *hit = reply->element[i];
        if (!is_array(hit) || hit->elements != FIELDS + 1 ||
            reply_str(hit, 0).len != RECEIPT_DIGITS) {
            return false;
        }
    }
    ret->count = reply->elements - before;
    ret->ended = feeding->looks || reply_number(reply, 1) == 1;
    ret->last = feeding->looks ? 0 : reply_number(reply, 0);
    ret->head = feeding->looks ? 0 : reply_number(reply, 2);
    ret->reply = reply;
    return true;
}

static void on_slice(void *arg, enum op_status status, const void *answer)
{
    struct feeding *feeding = arg;
    struct feed_slice slice;
    CHECK_OBJ(feeding, FEEDING_MAGIC);
    if (status == OP_OK && !slice_read(feeding, answer, &slice)) {
        status = OP_REFUSED;
    }
    feeding->done(feeding->arg, status, status == OP_OK ? &slice : NULL);
    feeding->magic = 0;
    free(feeding);
}

void feed_hit(const struct feed_slice *slice, size_t nth, char ret_receipt[RECEIPT_BYTES],
              struct report_record *ret)
{
    const redisReply *reply = slice->reply;
    CHECK(nth < slice->count);
    const redisReply *hit = reply->element[reply->elements - slice->count + nth];
    snprintf(ret_receipt, RECEIPT_BYTES, "%.*s", STR_ARG(reply_str(hit, 0)));
    ret->read_ms = 0;
    ret->count = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        struct str value = reply_str(hit, i + 1);
        if (value.at != NULL && hit->element[i + 1]->type != REDIS_REPLY_NIL) {
            ret->at[ret->count++] = (struct store_pair){fields[i], value};
        }
    }
}

void feed_head(struct store *store, unsigned bucket, feed_head_done_fn *done, void *arg)
{
    struct heading *heading = mem_alloc(sizeof *heading);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    *heading = (struct heading){HEADING_MAGIC, done, arg};
    store_call_begin(&call, KEYS_HEADS, bucket, key);
    store_send(store, STORE_NEED_LOADED, &call, on_head, heading);
}

static void on_head(void *arg, enum op_status status, const void *answer)
{
    struct heading *heading = arg;
    CHECK_OBJ(heading, HEADING_MAGIC);
    heading->done(heading->arg, status, status == OP_OK ? reply_number(answer, 0) : 0);
    heading->magic = 0;
    free(heading);
}

void feed_on_change(struct store *store, feed_heard_fn *heard, loop_fn *subscribed, void *arg)
{
    struct link_call call = {0};
    char channels[BUCKETS][20];
    CHECK(store->listener == NULL);
    store->heard = heard;
    store->heard_anew = subscribed;
    store->heard_arg = arg;
    link_arg(&call, STR("SUBSCRIBE"));
    for (unsigned i = 0; i < BUCKETS; i++) {
        snprintf(channels[i], sizeof channels[i], KEYS_CHANGES_FORMAT, i);
        link_arg_text(&call, channels[i]);
    }
    store->listener = link_new(store->loop, &store->link_options, on_listener, store);
    link_subscribe(store->listener, &call, on_message, on_subscribed, store);
}

/* The main link's health speaks for both. */
static void on_listener(void *arg)
{
    (void)arg;
}

static void on_subscribed(void *arg)
{
    struct store *store = arg;
    store->heard_anew(store->heard_arg);
}

/* `NN seq order…` */
static void on_message(void *arg, struct str channel, struct str message)
{
    struct store *store = arg;
    struct str bucket;
    struct str seq;
    uint64_t bucket_number;
    uint64_t seq_number;
    (void)channel;
    if (str_next(&message, ' ', &bucket) && str_to_u64(bucket, BUCKETS - 1, &bucket_number) &&
        str_next(&message, ' ', &seq) && str_to_u64(seq, INT64_MAX, &seq_number)) {
        store->heard(store->heard_arg, (unsigned)bucket_number, (int64_t)seq_number, message);
    }
}
