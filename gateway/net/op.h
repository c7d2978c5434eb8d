/*
 * op.h - one question to the outside, with four promises: it copies its input; calls `done` exactly once; never before it
 * returns; not later than the deadline plus one turn. Everything asynchronous (Redis, HTTP) is built on it.
 */
#ifndef NET_OP_H
#define NET_OP_H

#include "net/loop.h"

enum op_status {
    OP_OK,
    OP_REFUSED, /* the other side answered with an error; nothing was done */
    OP_DOWN,    /* no connection, and it was not sent */
    OP_LOST,    /* sent, the connection broke: it may or may not have been done */
    OP_TIMEOUT  /* sent, no answer in time: it may or may not have been done */
};

const char *op_status_name(enum op_status status);

struct op;
/* status and answer are the finisher's; answer is valid during the call only. */
typedef void op_done_fn(void *arg, enum op_status status, const void *answer);

/* deadline_ms: on loop_now_ms's clock. */
struct op *op_new(struct loop *loop, int64_t deadline_ms, op_done_fn *done, void *arg);
/* The library's callback. The op reports now (never inside op_new's caller: see op_finish_later) and is freed after the turn. */
void op_finish(struct op *op, enum op_status status, const void *answer);
void op_finish_later(struct op *op, enum op_status status); /* for failures known at once */
bool op_finished(const struct op *op); /* already timed out: the late answer is dropped */
/* One per party that will still touch it (the library's pending callback). */
void op_hold(struct op *op);
void op_drop(struct op **op);

#endif
