#include "net/op.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

enum { OP_MAGIC = 0x4f70, OP_HOLDERS_MAX = 16 };

struct op {
    unsigned magic;
    unsigned holders; /* itself until the turn after it finished, and whoever called op_hold */
    struct loop *loop;
    struct timer *deadline;
    op_done_fn *done;
    void *arg;
    enum op_status status; /* of op_finish_later */
    bool finished;
};

static loop_fn on_deadline;
static loop_fn on_later;
static loop_fn on_turn_over;

const char *op_status_name(enum op_status status)
{
    switch (status) {
    case OP_OK:
        return "ok";
    case OP_REFUSED:
        return "refused";
    case OP_DOWN:
        return "down";
    case OP_LOST:
        return "lost";
    case OP_TIMEOUT:
        return "timeout";
    }
    return "unknown";
}

struct op *op_new(struct loop *loop, int64_t deadline_ms, op_done_fn *done, void *arg)
{
    struct op *op = mem_alloc(sizeof *op);
    *op = (struct op){.magic = OP_MAGIC, .holders = 1, .loop = loop, .done = done, .arg = arg};
    op->deadline = timer_new(loop, on_deadline, op);
    timer_set(op->deadline, deadline_ms - loop_now_ms(loop));
    return op;
}

static void report(struct op *op, enum op_status status, const void *answer)
{
    op->finished = true;
    timer_free(&op->deadline);
    op->done(op->arg, status, answer);
    loop_later(op->loop, on_turn_over, op);
}

static void on_deadline(void *arg)
{
    struct op *op = arg;
    CHECK_OBJ(op, OP_MAGIC);
    report(op, OP_TIMEOUT, NULL);
}

void op_finish(struct op *op, enum op_status status, const void *answer)
{
    CHECK_OBJ(op, OP_MAGIC);
    CHECK(!op->finished);
    report(op, status, answer);
}

void op_finish_later(struct op *op, enum op_status status)
{
    CHECK_OBJ(op, OP_MAGIC);
    CHECK(!op->finished);
    op->finished = true;
    op->status = status;
    timer_free(&op->deadline);
    loop_later(op->loop, on_later, op);
}

static void on_later(void *arg)
{
    struct op *op = arg;
    CHECK_OBJ(op, OP_MAGIC);
    report(op, op->status, NULL);
}

static void on_turn_over(void *arg)
{
    struct op *op = arg;
    op_drop(&op);
}

bool op_finished(const struct op *op)
{
    CHECK_OBJ(op, OP_MAGIC);
    return op->finished;
}

void op_hold(struct op *op)
{
    CHECK_OBJ(op, OP_MAGIC);
    CHECK(op->holders < OP_HOLDERS_MAX);
    op->holders++;
}

void op_drop(struct op **op)
{
    struct op *held = *op;
    CHECK_OBJ(held, OP_MAGIC);
    *op = NULL;
    if (--held->holders == 0) {
        CHECK(held->finished);
        held->magic = 0;
        free(held);
    }
}
