#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"

/* WAIT on the connection that wrote (replicated:N). It counts replicas that have everything this connection wrote before. */
struct confirm {
    struct store *store;
    int64_t deadline_ms;
    op_done_fn *done;
    void *arg;
};

/* Redis looks at waiting clients ten times a second: a short count must come before our own deadline. */
enum { WAIT_MARGIN_MS = 250 };

static op_done_fn on_marked;
static op_done_fn on_waited;

bool store_confirms(const struct store *store)
{
    return store->durability.mode == DURABILITY_REPLICATED;
}

static void wait_for_replicas(struct confirm *confirm)
{
    struct store *store = confirm->store;
    char replicas[8];
    char wait_ms[24];
    int64_t left_ms = confirm->deadline_ms - loop_now_ms(store->loop) - WAIT_MARGIN_MS;
    struct link_call call = {0};
    snprintf(replicas, sizeof replicas, "%d", store->durability.replicas);
    snprintf(wait_ms, sizeof wait_ms, "%lld", left_ms > 1 ? (long long)left_ms : 1LL);
    link_arg(&call, STR("WAIT"));
    link_arg_text(&call, replicas);
    link_arg_text(&call, wait_ms);
    link_send(store->writer, confirm->deadline_ms, &call, on_waited, confirm);
}

void store_confirm(struct store *store, unsigned bucket, bool again, op_done_fn *done, void *arg)
{
    struct confirm *confirm = mem_alloc(sizeof *confirm);
    *confirm = (struct confirm){
        .store = store,
        .deadline_ms = loop_now_ms(store->loop) + store->timeout_ms,
        .done = done,
        .arg = arg,
    };
    if (!again) {
        wait_for_replicas(confirm);
        return;
    }
    struct link_call call = {0};
    char key[STORE_BUCKET_KEY_BYTES];
    store_call_begin(&call, KEYS_MARK, bucket, key);
    link_send(store->writer, confirm->deadline_ms, &call, on_marked, confirm);
}

static void finish(struct confirm *confirm, enum op_status status)
{
    confirm->done(confirm->arg, status, NULL);
    free(confirm);
}

static void on_marked(void *arg, enum op_status status, const void *answer)
{
    struct confirm *confirm = arg;
    (void)answer;
    if (status != OP_OK || confirm->store->closing) {
        finish(confirm, status == OP_OK ? OP_DOWN : status);
        return;
    }
    wait_for_replicas(confirm);
}

static void on_waited(void *arg, enum op_status status, const void *answer)
{
    struct confirm *confirm = arg;
    const redisReply *reply = answer;
    bool short_count = status == OP_OK && (reply->type != REDIS_REPLY_INTEGER ||
                                           reply->integer < confirm->store->durability.replicas);
    finish(confirm, short_count ? OP_REFUSED : status);
}
