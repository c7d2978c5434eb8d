#include "store/places.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

enum { PLACES_MAGIC = 0x506C6163, NUMBER_BYTES = 24, HEAD_ELEMENTS = 2, ROW_ELEMENTS = 4 };

struct reading {
    unsigned magic;
    places_done_fn *done;
    void *arg;
};

static op_done_fn on_slice;

void places_read(struct store *store, unsigned bucket, const struct places_areas *areas,
                 int64_t worked_off, places_done_fn *done, void *arg)
{
    struct reading *reading = mem_alloc(sizeof *reading);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char numbers[4][NUMBER_BYTES] = {"", "", "", ""};
    *reading = (struct reading){PLACES_MAGIC, done, arg};
    snprintf(numbers[0], NUMBER_BYTES, "%016llx", (unsigned long long)areas->shape);
    if (worked_off != PLACES_AS_NOTED) {
        snprintf(numbers[1], NUMBER_BYTES, "%lld", (long long)worked_off);
    }
    snprintf(numbers[2], NUMBER_BYTES, "%d", PLACES_SLICE_MAX);
    snprintf(numbers[3], NUMBER_BYTES, "%lld", (long long)areas->loaded_ms);
    store_call_begin(&call, KEYS_PLACES, bucket, key);
    for (size_t i = 0; i < 4; i++) {
        link_arg_text(&call, numbers[i]);
    }
    store_send(store, STORE_NEED_CHANGE, &call, on_slice, reading);
}

static void read_slice(const redisReply *reply, struct places_slice *ret)
{
    ret->count = 0;
    ret->upto = reply_number(reply, 0);
    ret->ended = reply_number(reply, 1) != 0;
    for (size_t i = HEAD_ELEMENTS; i < reply->elements && ret->count < PLACES_SLICE_MAX; i++) {
        const redisReply *row = reply->element[i];
        if (row->type == REDIS_REPLY_ARRAY && row->elements == ROW_ELEMENTS) {
            ret->rows[ret->count++] = (struct places_row){reply_str(row, 0), reply_str(row, 1),
                                                          reply_str(row, 2), reply_str(row, 3)};
        }
    }
}

static void on_slice(void *arg, enum op_status status, const void *answer)
{
    struct reading *reading = arg;
    CHECK_OBJ(reading, PLACES_MAGIC);
    const redisReply *reply = answer;
    struct places_slice slice;
    if (status == OP_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements < HEAD_ELEMENTS)) {
        status = OP_REFUSED;
    }
    if (status == OP_OK) {
        read_slice(reply, &slice);
    }
    reading->done(reading->arg, status, status == OP_OK ? &slice : NULL);
    reading->magic = 0;
    free(reading);
}
