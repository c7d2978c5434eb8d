#include "http/exchange.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "http/conn.h"

static void give_rid(struct exchange *exchange)
{
    static const char digits[] = "0123456789abcdef";
    struct listener *listener = exchange->listener;
    uint64_t value = (listener->rid_seed + listener->rid_next++) * 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93U; /* a bijection: none comes twice */
    value ^= value >> 32;
    char *rid = exchange->reader.request.rid;
    for (int i = 0; i < REQUEST_RID_BYTES - 1; i++, value >>= 4) {
        rid[i] = digits[value & 15];
    }
    rid[REQUEST_RID_BYTES - 1] = '\0';
}

struct exchange *exchange_take(struct listener *listener, struct conn *conn)
{
    struct exchange *exchange = listener->free_exchanges;
    if (exchange != NULL) {
        listener->free_exchanges = exchange->next_free;
        listener->free_count--;
    } else {
        exchange = mem_alloc(sizeof *exchange);
        exchange->magic = EXCHANGE_MAGIC;
        reader_init(&exchange->reader);
        response_init(&exchange->response);
        buf_init(&exchange->form, 0);
    }
    listener->live_exchanges++;
    exchange->refs = 1;
    exchange->conn = conn;
    exchange->listener = listener;
    exchange->next_free = NULL;
    exchange->sent = exchange->gone = exchange->close_after = false;
    exchange->status = 0;
    exchange->on_gone = NULL;
    exchange->gone_arg = NULL;
    exchange->on_stop = NULL;
    exchange->stop_arg = NULL;
    reader_reset(&exchange->reader, listener->options.body_bytes_max);
    exchange->reader.request.arrived_ms = loop_now_ms(listener->loop);
    memcpy(exchange->reader.request.client, conn->peer_text, sizeof conn->peer_text);
    give_rid(exchange);
    return exchange;
}

/* Personal data does not wait in memory for the next visitor. */
static void recycle(void *arg)
{
    struct exchange *exchange = arg;
    CHECK_OBJ(exchange, EXCHANGE_MAGIC);
    CHECK(exchange->refs == 0);
    struct listener *listener = exchange->listener;
    response_reset(&exchange->response);
    if (exchange->form.at != NULL) {
        explicit_bzero(exchange->form.at, exchange->form.room);
        buf_release(&exchange->form);
    }
    reader_reset(&exchange->reader, 0);
    listener->large_bytes -= exchange->large_bytes;
    exchange->large_bytes = 0;
    listener->live_exchanges--;
    if (listener->freed || listener->free_count == EXCHANGES_KEPT) {
        reader_release(&exchange->reader);
        response_release(&exchange->response);
        exchange->magic = 0;
        free(exchange);
        listener_memory_drop(listener);
        return;
    }
    exchange->next_free = listener->free_exchanges;
    listener->free_exchanges = exchange;
    listener->free_count++;
}

void exchange_release(struct exchange *exchange)
{
    CHECK_OBJ(exchange, EXCHANGE_MAGIC);
    exchange->conn = NULL;
    if (--exchange->refs == 0) {
        recycle(exchange);
    }
}

void exchange_went(struct exchange *exchange)
{
    void (*on_gone)(void *) = exchange->on_gone;
    exchange->gone = true;
    exchange->on_gone = NULL;
    if (on_gone != NULL) {
        on_gone(exchange->gone_arg);
    }
}

void exchange_stop(struct exchange *exchange)
{
    void (*on_stop)(void *) = exchange->on_stop;
    exchange->on_stop = NULL;
    if (on_stop != NULL && !exchange->sent && !exchange->gone) {
        on_stop(exchange->stop_arg);
    }
}

const struct request *exchange_request(const struct exchange *exchange)
{
    CHECK_OBJ(exchange, EXCHANGE_MAGIC);
    return &exchange->reader.request;
}

struct loop *exchange_loop(const struct exchange *exchange)
{
    return exchange->listener->loop;
}

struct exchange *exchange_hold(struct exchange *exchange)
{
    CHECK_OBJ(exchange, EXCHANGE_MAGIC);
    CHECK(exchange->refs > 0);
    exchange->refs++;
    return exchange;
}

/* A handler that goes without an answer is a bug, unless the visitor went first. */
void exchange_drop(struct exchange **exchange)
{
    struct exchange *dropped = *exchange;
    *exchange = NULL;
    CHECK_OBJ(dropped, EXCHANGE_MAGIC);
    CHECK(dropped->refs > 0);
    if (--dropped->refs == 0) {
        loop_later(dropped->listener->loop, recycle, dropped);
    } else if (dropped->refs == 1 && dropped->conn != NULL && !dropped->sent &&
               !dropped->conn->in_turn) {
        CHECK(dropped->gone);
        loop_later(dropped->listener->loop, conn_on_answer, dropped->conn);
    }
}

bool exchange_gone(const struct exchange *exchange)
{
    CHECK_OBJ(exchange, EXCHANGE_MAGIC);
    return exchange->gone;
}

void exchange_on_gone(struct exchange *exchange, void (*gone)(void *arg), void *arg)
{
    CHECK_OBJ(exchange, EXCHANGE_MAGIC);
    exchange->on_gone = gone;
    exchange->gone_arg = arg;
}

bool exchange_on_stop(struct exchange *exchange, void (*stop)(void *arg), void *arg)
{
    CHECK_OBJ(exchange, EXCHANGE_MAGIC);
    exchange->on_stop = stop;
    exchange->stop_arg = arg;
    return !exchange->listener->stopping;
}

void exchange_header(struct exchange *exchange, const char *name, const char *value)
{
    CHECK(!exchange->sent);
    response_header(&exchange->response, name, value);
}

void exchange_header_lines(struct exchange *exchange, struct str lines)
{
    CHECK(!exchange->sent);
    response_lines(&exchange->response, lines);
}

void exchange_body_blob(struct exchange *exchange, struct blob *blob)
{
    CHECK(!exchange->sent);
    response_part_take(&exchange->response, blob_hold(blob));
}

void exchange_body_copy(struct exchange *exchange, struct str bytes)
{
    CHECK(!exchange->sent);
    response_part_take(&exchange->response, blob_new(bytes));
}

void exchange_close_after(struct exchange *exchange)
{
    exchange->close_after = true;
}

static void answered(struct exchange *exchange)
{
    exchange->sent = true;
    exchange->on_gone = NULL;
    if (exchange->conn == NULL) {
        response_reset(&exchange->response);
    } else if (!exchange->conn->in_turn) {
        loop_later(exchange->listener->loop, conn_on_answer, exchange->conn);
    }
}

void exchange_send(struct exchange *exchange, int status)
{
    CHECK_OBJ(exchange, EXCHANGE_MAGIC);
    CHECK(!exchange->sent);
    CHECK(status >= 200 && status <= 599);
    exchange->status = status;
    answered(exchange);
}

/* A second descriptor, so that the connection ends here as every other does. */
int exchange_detach(struct exchange *exchange)
{
    CHECK_OBJ(exchange, EXCHANGE_MAGIC);
    CHECK(!exchange->sent);
    int fd = exchange->conn != NULL ? fcntl(exchange->conn->fd, F_DUPFD_CLOEXEC, 0) : -1;
    answered(exchange);
    return fd;
}
