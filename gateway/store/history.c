#include "store/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

enum { HISTORY_MAGIC = 0x48697374, ACCESS_MAGIC = 0x41636365 };

struct history {
    unsigned magic;
    history_done_fn *done;
    void *arg;
};

struct access_noting {
    unsigned magic;
    struct store *store;
    unsigned bucket;
    access_done_fn *done;
    void *arg;
};

static op_done_fn on_links;
static op_done_fn on_access;
static op_done_fn on_access_confirmed;

void history_read(struct store *store, const char *receipt, size_t from, size_t most,
                  history_done_fn *done, void *arg)
{
    struct history *history = mem_alloc(sizeof *history);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char numbers[2][24];
    CHECK(strlen(receipt) == RECEIPT_DIGITS && most <= HISTORY_PAGE);
    *history = (struct history){HISTORY_MAGIC, done, arg};
    snprintf(numbers[0], sizeof numbers[0], "%zu", from);
    snprintf(numbers[1], sizeof numbers[1], "%zu", most);
    store_call_begin(&call, KEYS_HISTORY, receipt_bucket(receipt), key);
    link_arg_text(&call, receipt);
    link_arg_text(&call, numbers[0]);
    link_arg_text(&call, numbers[1]);
    store_send(store, STORE_NEED_LOADED, &call, on_links, history);
}

static void on_links(void *arg, enum op_status status, const void *answer)
{
    struct history *history = arg;
    const redisReply *reply = answer;
    struct str links[HISTORY_PAGE];
    size_t count = 0;
    CHECK_OBJ(history, HISTORY_MAGIC);
    if (status == OP_OK && (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)) {
        status = OP_REFUSED;
    }
    for (size_t i = 1; status == OP_OK && i < reply->elements && count < HISTORY_PAGE; i++) {
        links[count++] = reply_str(reply, i);
    }
    history->done(history->arg, status, status == OP_OK ? reply_str(reply, 0) : STR(""), links,
                  count);
    history->magic = 0;
    free(history);
}

void access_note(struct store *store, unsigned bucket, const char *words, int64_t keep_ms,
                 access_done_fn *done, void *arg)
{
    struct access_noting *noting = mem_alloc(sizeof *noting);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char keep[24];
    *noting = (struct access_noting){ACCESS_MAGIC, store, bucket, done, arg};
    snprintf(keep, sizeof keep, "%lld", (long long)keep_ms);
    store_call_begin(&call, KEYS_ACCESS, bucket, key);
    link_arg_text(&call, words);
    link_arg_text(&call, keep);
    store_send(store, STORE_NEED_CHANGE, &call, on_access, noting);
}

static void access_finish(struct access_noting *noting, enum op_status status)
{
    noting->done(noting->arg, status);
    noting->magic = 0;
    free(noting);
}

static void on_access(void *arg, enum op_status status, const void *answer)
{
    struct access_noting *noting = arg;
    CHECK_OBJ(noting, ACCESS_MAGIC);
    if (status == OP_REFUSED) {
        store_doubt(noting->store, answer);
    }
    if (status == OP_OK && store_confirms(noting->store)) {
        store_confirm(noting->store, noting->bucket, false, on_access_confirmed, noting);
        return;
    }
    access_finish(noting, status);
}

static void on_access_confirmed(void *arg, enum op_status status, const void *answer)
{
    struct access_noting *noting = arg;
    CHECK_OBJ(noting, ACCESS_MAGIC);
    (void)answer;
    access_finish(noting, status);
}
