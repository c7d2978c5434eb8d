#include "store/stats.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

/*
 *   stats_read: for each bucket   fold … fold ─► for each chunk of areas   slice … slice ─► finish
 */
enum {
    ADDING_MAGIC = 0x53746164,
    FOLDING_MAGIC = 0x53746664,
    READING_MAGIC = 0x53747264,
    READ_WORK = 3000,     /* hashes and fields in one call: some milliseconds */
    READ_AREAS = 256,     /* in one call */
    READ_FOLD_CALLS = 32, /* before reading, for each bucket */
    READ_BYTES_MAX = 4 << 20
};

struct adding {
    unsigned magic;
    stats_add_done_fn *done;
    void *arg;
};

struct folding {
    unsigned magic;
    struct store *store;
    unsigned char buckets[BUCKETS];
    size_t bucket_count, at;
    int64_t calls_max, calls, left;
    stats_fold_done_fn *done;
    void *arg;
};

struct reading {
    unsigned magic;
    struct store *store;
    unsigned char buckets[BUCKETS];
    size_t bucket_count, bucket_at;
    char dim[32];
    struct buf areas, periods;
    struct str rest; /* of areas: after the chunk under way */
    struct str chunk;
    size_t chunk_first, chunk_count;
    int64_t position, behind;
    stats_sum_fn *each;
    stats_read_done_fn *done;
    void *arg;
};

static op_done_fn on_added;
static op_done_fn on_folded;
static stats_fold_done_fn on_ready_to_read;
static op_done_fn on_slice;

/* Page opens ---------------------------------------------------------------------------------------------------------------- */

void stats_add(struct store *store, unsigned bucket, struct str lines, stats_add_done_fn *done,
               void *arg)
{
    struct adding *adding = mem_alloc(sizeof *adding);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    *adding = (struct adding){ADDING_MAGIC, done, arg};
    store_call_begin(&call, KEYS_STATS_ADD, bucket, key);
    link_arg(&call, lines);
    store_send(store, STORE_NEED_LOADED, &call, on_added, adding);
}

static void on_added(void *arg, enum op_status status, const void *answer)
{
    struct adding *adding = arg;
    CHECK_OBJ(adding, ADDING_MAGIC);
    (void)answer;
    adding->done(adding->arg, status);
    adding->magic = 0;
    free(adding);
}

/* Folding ------------------------------------------------------------------------------------------------------------------- */

static void fold_some(struct folding *folding)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    store_call_begin(&call, KEYS_STATS_FOLD, folding->buckets[folding->at], key);
    store_send(folding->store, STORE_NEED_LOADED, &call, on_folded, folding);
}

void stats_fold(struct store *store, const unsigned char *buckets, size_t bucket_count,
                int64_t calls_max, stats_fold_done_fn *done, void *arg)
{
    struct folding *folding = mem_alloc(sizeof *folding);
    CHECK(bucket_count > 0 && bucket_count <= BUCKETS && calls_max > 0);
    *folding = (struct folding){.magic = FOLDING_MAGIC,
                                .store = store,
                                .bucket_count = bucket_count,
                                .calls_max = calls_max,
                                .done = done,
                                .arg = arg};
    memcpy(folding->buckets, buckets, bucket_count);
    fold_some(folding);
}

static void on_folded(void *arg, enum op_status status, const void *answer)
{
    struct folding *folding = arg;
    CHECK_OBJ(folding, FOLDING_MAGIC);
    const redisReply *reply = answer;
    if (status == OP_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)) {
        status = OP_REFUSED;
    }
    int64_t left = status == OP_OK ? reply_number(reply, 0) : 0;
    bool stands = status == OP_OK && reply_str(reply, 1).len > 0;
    folding->calls++;
    if (status == OP_OK && left > 0 && !stands && folding->calls < folding->calls_max) {
        fold_some(folding);
        return;
    }
    folding->left += left;
    folding->calls = 0;
    if (status == OP_OK && ++folding->at < folding->bucket_count) {
        fold_some(folding);
        return;
    }
    folding->done(folding->arg, status, folding->left);
    folding->magic = 0;
    free(folding);
}

/* Reading ------------------------------------------------------------------------------------------------------------------- */

static void finish(struct reading *reading, enum op_status status)
{
    reading->done(reading->arg, status, reading->behind);
    buf_release(&reading->areas);
    buf_release(&reading->periods);
    reading->magic = 0;
    free(reading);
}

void stats_read(struct store *store, const struct stats_read *request, stats_sum_fn *each,
                stats_read_done_fn *done, void *arg)
{
    struct reading *reading = mem_alloc(sizeof *reading);
    CHECK(request->bucket_count > 0 && request->bucket_count <= BUCKETS);
    *reading = (struct reading){.magic = READING_MAGIC,
                                .store = store,
                                .bucket_count = request->bucket_count,
                                .each = each,
                                .done = done,
                                .arg = arg};
    memcpy(reading->buckets, request->buckets, request->bucket_count);
    snprintf(reading->dim, sizeof reading->dim, "%s", request->dim ? request->dim : "");
    buf_init(&reading->areas, READ_BYTES_MAX);
    buf_init(&reading->periods, READ_BYTES_MAX);
    buf_put(&reading->areas, request->areas);
    buf_put(&reading->periods, request->periods);
    CHECK(buf_ok(&reading->areas) && buf_ok(&reading->periods));
    stats_fold(store, request->buckets, request->bucket_count, READ_FOLD_CALLS, on_ready_to_read,
               reading);
}

/* The next areas of this bucket; false when all were read. */
static bool next_chunk(struct reading *reading)
{
    struct str id;
    const char *from = reading->rest.at;
    size_t count = 0;
    while (count < READ_AREAS && str_next(&reading->rest, ' ', &id)) {
        count++;
        reading->chunk = str_make(from, (size_t)(id.at + id.len - from));
    }
    reading->chunk_first += reading->chunk_count;
    reading->chunk_count = count;
    reading->position = 0;
    return count > 0;
}

static bool next_bucket(struct reading *reading)
{
    reading->rest = buf_str(&reading->areas);
    reading->chunk_first = reading->chunk_count = 0;
    return reading->bucket_at < reading->bucket_count && reading->rest.len > 0 &&
           next_chunk(reading);
}

static void read_slice(struct reading *reading)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES], position[24], most[12];
    snprintf(position, sizeof position, "%lld", (long long)reading->position);
    snprintf(most, sizeof most, "%d", READ_WORK);
    store_call_begin(&call, KEYS_STATS_READ, reading->buckets[reading->bucket_at], key);
    link_arg_text(&call, reading->dim);
    link_arg(&call, reading->chunk);
    link_arg(&call, buf_str(&reading->periods));
    link_arg_text(&call, position);
    link_arg_text(&call, most);
    store_send(reading->store, STORE_NEED_LOADED, &call, on_slice, reading);
}

static void on_ready_to_read(void *arg, enum op_status status, int64_t left)
{
    struct reading *reading = arg;
    CHECK_OBJ(reading, READING_MAGIC);
    reading->behind = left;
    if (status == OP_OK && next_bucket(reading)) {
        read_slice(reading);
    } else {
        finish(reading, status);
    }
}

/* The sums of one area for each of these sets, `0,2`. */
static void tell_sets(struct reading *reading, size_t area, struct str sets, const redisReply *sums)
{
    struct str word;
    uint64_t set;
    while (str_next(&sets, ',', &word)) {
        for (size_t i = 0; str_to_u64(word, INT_MAX, &set) && i + 1 < sums->elements; i += 2) {
            reading->each(reading->arg, area, (size_t)set, reply_str(sums, i),
                          reply_number(sums, i + 1));
        }
    }
}

/* area, sets, [field, sum, …] */
static void tell_sums(struct reading *reading, const redisReply *one)
{
    bool shaped = one->type == REDIS_REPLY_ARRAY && one->elements == 3 &&
                  one->element[2]->type == REDIS_REPLY_ARRAY;
    int64_t area = shaped ? reply_number(one, 0) : -1;
    if (area >= 0 && area < (int64_t)reading->chunk_count) {
        tell_sets(reading, reading->chunk_first + (size_t)area, reply_str(one, 1), one->element[2]);
    }
}

static void on_slice(void *arg, enum op_status status, const void *answer)
{
    struct reading *reading = arg;
    CHECK_OBJ(reading, READING_MAGIC);
    const redisReply *reply = answer;
    if (status == OP_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)) {
        status = OP_REFUSED;
    }
    if (status != OP_OK) {
        finish(reading, status);
        return;
    }
    for (size_t i = 1; i < reply->elements; i++) {
        tell_sums(reading, reply->element[i]);
    }
    int64_t next = reply_number(reply, 0);
    if (next > reading->position) {
        reading->position = next;
    } else if (!next_chunk(reading)) {
        reading->bucket_at++;
        if (!next_bucket(reading)) {
            finish(reading, OP_OK);
            return;
        }
    }
    read_slice(reading);
}
