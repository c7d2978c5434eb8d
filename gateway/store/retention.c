#include "store/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

enum { AGED_MAGIC = 0x41676564, PURGING_MAGIC = 0x50757267 };

struct aged {
    unsigned magic;
    retention_aged_done_fn *done;
    void *arg;
};

struct purging {
    unsigned magic;
    struct store *store;
    retention_purge_done_fn *done;
    void *arg;
};

static op_done_fn on_aged;
static op_done_fn on_purged;

void retention_aged(struct store *store, unsigned bucket, int64_t after,
                    const struct retention_before *before, retention_aged_done_fn *done, void *arg)
{
    struct aged *aged = mem_alloc(sizeof *aged);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char texts[4][LINK_NUMBER_BYTES];
    *aged = (struct aged){AGED_MAGIC, done, arg};
    store_call_begin(&call, KEYS_AGED, bucket, key);
    link_arg_number(&call, after, texts[0]);
    link_arg_number(&call, before->decided_ms, texts[1]);
    link_arg_number(&call, before->undecided_ms, texts[2]);
    link_arg_number(&call, RETENTION_SLICE_MAX, texts[3]);
    store_send(store, STORE_NEED_LOADED, &call, on_aged, aged);
}

static void on_aged(void *arg, enum op_status status, const void *answer)
{
    struct aged *aged = arg;
    CHECK_OBJ(aged, AGED_MAGIC);
    const redisReply *reply = answer;
    struct str receipts[RETENTION_SLICE_MAX];
    size_t count = 0;
    int64_t next = -1;
    if (status == OP_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
                            reply->element[1]->type != REDIS_REPLY_ARRAY)) {
        status = OP_REFUSED;
    }
    if (status == OP_OK) {
        const redisReply *list = reply->element[1];
        next = reply_number(reply, 0);
        for (size_t i = 0; i < list->elements && count < RETENTION_SLICE_MAX; i++) {
            receipts[count++] = reply_str(list, i);
        }
    }
    aged->done(aged->arg, status, receipts, count, next);
    aged->magic = 0;
    free(aged);
}

void retention_purge(struct store *store, const struct retention_purge *request,
                     retention_purge_done_fn *done, void *arg)
{
    struct purging *purging = mem_alloc(sizeof *purging);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char version[LINK_NUMBER_BYTES];
    CHECK(request->record_count > 0 && request->record_count <= STORE_PAIRS_MAX);
    *purging = (struct purging){PURGING_MAGIC, store, done, arg};
    store_call_begin(&call, KEYS_PURGE, receipt_bucket(request->receipt), key);
    link_arg_text(&call, request->receipt);
    link_arg_number(&call, request->version, version);
    link_arg_text(&call, request->head);
    link_arg(&call, request->audit.text);
    link_arg_text(&call, request->audit.hash);
    link_arg(&call, request->stat);
    link_arg_text(&call, request->delivered ? "1" : "");
    for (size_t i = 0; i < request->record_count; i++) {
        link_arg_text(&call, request->record[i].name);
        link_arg(&call, request->record[i].value);
    }
    store_send(store, STORE_NEED_CHANGE, &call, on_purged, purging);
}

static void on_purged(void *arg, enum op_status status, const void *answer)
{
    static const struct {
        const char *word;
        enum retention_purged purged;
    } words[] = {
        {"purged", RETENTION_PURGED},
        {"moved", RETENTION_MOVED},
        {"gone", RETENTION_GONE},
        {"sending", RETENTION_SENDING},
    };
    struct purging *purging = arg;
    CHECK_OBJ(purging, PURGING_MAGIC);
    size_t i = 0;
    if (status == OP_REFUSED) {
        store_doubt(purging->store, answer);
    }
    while (status == OP_OK && i < 4 && !reply_is(answer, words[i].word)) {
        i++;
    }
    if (i == 4) {
        status = OP_REFUSED;
    }
    purging->done(purging->arg, status, status == OP_OK ? words[i].purged : RETENTION_GONE);
    purging->magic = 0;
    free(purging);
}
