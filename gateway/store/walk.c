#include "store/walk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

enum { WALK_MAGIC = 0x57616C6B, NUMBER_BYTES = 24 };

struct walk {
    unsigned magic;
    walk_done_fn *done;
    void *arg;
};

static op_done_fn on_slice;

void walk_slice(struct store *store, unsigned bucket, enum walk_kind kind, int64_t after,
                walk_done_fn *done, void *arg)
{
    struct walk *walk = mem_alloc(sizeof *walk);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char from[NUMBER_BYTES];
    char most[NUMBER_BYTES];
    *walk = (struct walk){WALK_MAGIC, done, arg};
    snprintf(from, sizeof from, "%lld", (long long)after);
    snprintf(most, sizeof most, "%d", WALK_SLICE_MAX);
    store_call_begin(&call, KEYS_WALK, bucket, key);
    link_arg_text(&call, kind == WALK_DRILLS ? "dchanges" : "changes");
    link_arg_text(&call, from);
    link_arg_text(&call, most);
    link_arg_text(&call, kind == WALK_OPEN ? "open" : "");
    store_send(store, STORE_NEED_LOADED, &call, on_slice, walk);
}

static void on_slice(void *arg, enum op_status status, const void *answer)
{
    struct walk *walk = arg;
    CHECK_OBJ(walk, WALK_MAGIC);
    const redisReply *reply = answer;
    struct str receipts[WALK_SLICE_MAX];
    size_t count = 0;
    if (status == OP_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 ||
                            reply->element[2]->type != REDIS_REPLY_ARRAY)) {
        status = OP_REFUSED;
    }
    for (size_t i = 0; status == OP_OK && i < reply->element[2]->elements && i < WALK_SLICE_MAX;
         i++) {
        receipts[count++] = reply_str(reply->element[2], i);
    }
    walk->done(walk->arg, status, receipts, count, status == OP_OK ? reply_number(reply, 0) : -1,
               status == OP_OK ? reply_number(reply, 1) : 0);
    walk->magic = 0;
    free(walk);
}
