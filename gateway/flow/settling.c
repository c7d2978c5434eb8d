#include "flow/settling.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "domain/receipt.h"

enum { SETTLING_MAGIC = 0x5E771E, RETRY_MS = 500 };

struct batch {
    struct settling *settling;
    unsigned bucket;
    struct queue_result *results;
    size_t count, room;
    size_t sending; /* the first ones, in a call */
};

struct settling {
    unsigned magic;
    struct loop *loop;
    struct store *store;
    struct batch batches[BUCKETS];
    size_t waiting; /* results in all batches */
    bool due;       /* a turn's end is booked */
    bool closed;
    struct timer *retry;
    void (*settled)(void *arg, unsigned bucket);
    void *arg;
};

static loop_fn on_turn_end;
static loop_fn on_retry;
static queue_settle_done_fn on_settled;

struct settling *settling_new(struct loop *loop, struct store *store,
                              void (*settled)(void *arg, unsigned bucket), void *arg)
{
    struct settling *settling = mem_alloc(sizeof *settling);
    settling->magic = SETTLING_MAGIC;
    settling->loop = loop;
    settling->store = store;
    settling->settled = settled;
    settling->arg = arg;
    settling->retry = timer_new(loop, on_retry, settling);
    for (unsigned i = 0; i < BUCKETS; i++) {
        settling->batches[i] = (struct batch){.settling = settling, .bucket = i};
    }
    return settling;
}

void settling_close(struct settling *settling)
{
    settling->closed = true;
    timer_stop(settling->retry);
}

void settling_free(struct settling **settling)
{
    if (*settling != NULL) {
        for (unsigned i = 0; i < BUCKETS; i++) {
            free((*settling)->batches[i].results);
        }
        timer_free(&(*settling)->retry);
        (*settling)->magic = 0;
        free(*settling);
        *settling = NULL;
    }
}

bool settling_idle(const struct settling *settling)
{
    return settling->waiting == 0;
}

void settling_add(struct settling *settling, unsigned bucket, const struct queue_result *result)
{
    struct batch *batch = &settling->batches[bucket];
    CHECK_OBJ(settling, SETTLING_MAGIC);
    if (settling->closed) {
        return;
    }
    if (batch->count == batch->room) {
        batch->room = batch->room ? batch->room * 2 : 16;
        batch->results = mem_resize(batch->results, batch->room, sizeof *batch->results);
    }
    batch->results[batch->count++] = *result;
    settling->waiting++;
    if (!settling->due) {
        settling->due = true;
        loop_later(settling->loop, on_turn_end, settling);
    }
}

static void send(struct batch *batch)
{
    if (!batch->settling->closed && batch->sending == 0 && batch->count > 0) {
        batch->sending = batch->count < QUEUE_BATCH_MAX ? batch->count : QUEUE_BATCH_MAX;
        queue_settle(batch->settling->store, batch->bucket, batch->results, batch->sending,
                     on_settled, batch);
    }
}

static void send_all(struct settling *settling)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        send(&settling->batches[i]);
    }
}

static void on_turn_end(void *arg)
{
    struct settling *settling = arg;
    CHECK_OBJ(settling, SETTLING_MAGIC);
    settling->due = false;
    send_all(settling);
}

static void on_retry(void *arg)
{
    struct settling *settling = arg;
    CHECK_OBJ(settling, SETTLING_MAGIC);
    send_all(settling);
}

/* Settling twice changes nothing twice (fences, states), so a lost answer is simply sent again. */
static void on_settled(void *arg, enum op_status status)
{
    struct batch *batch = arg;
    struct settling *settling = batch->settling;
    CHECK_OBJ(settling, SETTLING_MAGIC);
    size_t sent = batch->sending;
    batch->sending = 0;
    if (settling->closed) {
        return;
    }
    if (status != OP_OK) {
        timer_set(settling->retry, RETRY_MS);
        return;
    }
    batch->count -= sent;
    settling->waiting -= sent;
    memmove(batch->results, batch->results + sent, batch->count * sizeof *batch->results);
    send(batch);
    settling->settled(settling->arg, batch->bucket);
}
