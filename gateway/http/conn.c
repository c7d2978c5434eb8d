/*
 * One connection: one request at a time, what is pipelined waits in order.
 *
 *              first byte            request whole               exchange_send
 *   ─► IDLE ───────────────► READING ─────────────► BUSY (handler) ──────────┐
 *       ▲                      │ wrong, late, too long, too many             │
 *       │                      └──────────────► refused ─────────────────┐   │
 *       │ keep-alive                                                     ▼   ▼
 *       └───────────────────────────────────────────────── written ◄── WRITING ◄─ socket full
 *                                                             │
 *                                   CLOSED ◄── close ◄────────┴── refused ──► LINGER ──► CLOSED
 *
 * In the common case that is one recv and one sendmsg. Everything that may end a connection runs at the top of a turn (on_read, on_write,
 * conn_on_answer, conn_timed_out): a handler up the stack never finds its exchange gone when exchange_send returns.
 *
 * While BUSY or WRITING bytes are still read, into `rest`, up to READ_BYTES_MAX: that is how the end of a connection is seen while a long poll
 * waits. A visitor that only closed its sending half still gets its answer.
 */
#include "http/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

enum { LINGER_BYTES_MAX = 256 * 1024, STOP_GRACE_MS = 1000, SMALL_BODY_BYTES = 8192 };

static void on_read(evutil_socket_t fd, short what, void *arg);
static void on_write(evutil_socket_t fd, short what, void *arg);
static void on_closed_turn(void *arg);

void conn_wait_for(struct conn *conn, enum wait kind, int64_t ms)
{
    struct listener *listener = conn->listener;
    deadline_set(&listener->deadlines, &conn->deadline, kind, loop_now_ms(listener->loop) + ms);
}

void conn_set_reading(struct conn *conn, bool reading)
{
    if (reading != conn->reading) {
        conn->reading = reading;
        CHECK((reading ? event_add(&conn->read_event, NULL) : event_del(&conn->read_event)) == 0);
    }
}

void conn_open(struct listener *listener, int fd, const struct sockaddr *peer, bool over_cap)
{
    struct conn *conn = mem_alloc(sizeof *conn);
    struct event_base *base = loop_base(listener->loop);
    conn->magic = CONN_MAGIC;
    conn->fd = fd;
    conn->state = CONN_IDLE;
    conn->fresh = true;
    conn->over_cap = over_cap;
    conn->peer = address_of_peer(peer);
    address_text(&conn->peer, conn->peer_text);
    conn->listener = listener;
    buf_init(&conn->rest, READ_BYTES_MAX);
    conn->after = listener->conns;
    if (conn->after != NULL) {
        conn->after->before = conn;
    }
    listener->conns = conn;
    listener->counts.open++;
    CHECK(event_assign(&conn->read_event, base, fd, EV_READ | EV_PERSIST, on_read, conn) == 0);
    CHECK(event_assign(&conn->write_event, base, fd, EV_WRITE | EV_PERSIST, on_write, conn) == 0);
    conn_set_reading(conn, true);
    conn_wait_for(conn, WAIT_HEAD, listener->options.head_ms);
}

void conn_close(struct conn *conn)
{
    struct listener *listener = conn->listener;
    struct exchange *exchange = conn->exchange;
    CHECK_OBJ(conn, CONN_MAGIC);
    if (conn->state == CONN_CLOSED) {
        return;
    }
    conn_set_reading(conn, false);
    event_del(&conn->write_event);
    close(conn->fd);
    conn->state = CONN_CLOSED;
    deadline_clear(&conn->deadline);
    *(conn->before ? &conn->before->after : &listener->conns) = conn->after;
    if (conn->after != NULL) {
        conn->after->before = conn->before;
    }
    listener->counts.open--;
    buf_release(&conn->rest);
    conn->exchange = NULL;
    loop_later(listener->loop, on_closed_turn, conn);
    if (exchange != NULL) {
        exchange->conn = NULL;
        if (!exchange->sent) {
            exchange_went(exchange);
        }
        exchange_release(exchange);
    }
}

static void on_closed_turn(void *arg)
{
    struct conn *conn = arg;
    CHECK_OBJ(conn, CONN_MAGIC);
    conn->magic = 0;
    free(conn);
}

static void dispatch(struct conn *conn)
{
    struct listener *listener = conn->listener;
    struct exchange *exchange = conn->exchange;
    conn->state = CONN_BUSY;
    conn->in_turn = true;
    deadline_clear(&conn->deadline);
    listener->counts.requests++;
    listener->options.handler(exchange, listener->options.arg);
    conn->in_turn = false;
    CHECK(exchange->sent || exchange->refs > 1);
    if (exchange->sent) {
        conn_write_answer(conn);
    }
}

/* The head is whole: may this request go on? */
static bool admit(struct conn *conn, bool body_is_here)
{
    struct listener *listener = conn->listener;
    struct reader *reader = &conn->exchange->reader;
    struct address client = guard_client(listener->guard, &conn->peer, &reader->request);
    if (memcmp(&client, &conn->peer, sizeof client) != 0) {
        address_text(&client, reader->request.client);
    }
    if (conn->over_cap) {
        conn_refuse(conn, 503);
        return false;
    }
    if (!guard_allow(listener->guard, &client, loop_now_ms(listener->loop))) {
        conn_refuse(conn, 429);
        return false;
    }
    if (reader_in_body(reader)) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        deadline_clear(&conn->deadline); /* the head's */
        if (reader->facts.expects_continue && !body_is_here) {
            /* nothing else is under way, so it fits; if not, the client goes on by itself */
            (void)!send(conn->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL);
        }
    }
    return true;
}

/* Forms are small and always have room. Larger bodies share a budget, or whoever stalls many of them would take the memory of all. */
static bool within_budget(struct conn *conn)
{
    struct exchange *exchange = conn->exchange;
    struct listener *listener = conn->listener;
    size_t room = exchange->reader.body.room;
    size_t large = room > SMALL_BODY_BYTES ? room : 0;
    listener->large_bytes = listener->large_bytes - exchange->large_bytes + large;
    exchange->large_bytes = large;
    return large == 0 || listener->large_bytes <= listener->options.large_bytes_max;
}

/* Takes bytes of one request; returns how many were used. */
static size_t feed_request(struct conn *conn, struct str bytes)
{
    if (conn->state == CONN_IDLE) {
        conn->exchange = exchange_take(conn->listener, conn);
        conn->state = CONN_READING;
        /* a fresh connection's head is due from its accept */
        if (conn->deadline.kind != WAIT_HEAD) {
            deadline_clear(&conn->deadline);
        }
    }
    struct reader *reader = &conn->exchange->reader;
    size_t used;
    enum reader_result result = reader_feed(reader, bytes, &used);
    if (result == READER_HEAD) {
        size_t more = 0;
        if (!admit(conn, used < bytes.len)) {
            return used;
        }
        result = reader_feed(reader, str_from(bytes, used), &more);
        used += more;
    }
    if (!within_budget(conn)) {
        conn_refuse(conn, 503);
    } else if (result == READER_WHOLE) {
        dispatch(conn);
    } else if (result == READER_REFUSED) {
        conn_refuse(conn, reader->status);
    }
    return used;
}

/* A head's or a body's deadline stands from its first byte; only a new wait sets a new one. */
static void wait_by_state(struct conn *conn)
{
    const struct listener_options *options = &conn->listener->options;
    if (conn->state == CONN_IDLE) {
        conn_wait_for(conn, WAIT_IDLE, options->idle_ms);
    } else if (conn->state == CONN_READING && conn->deadline.kind == WAIT_NONE) {
        bool body = reader_in_body(&conn->exchange->reader);
        conn_wait_for(conn, body ? WAIT_BODY : WAIT_HEAD,
                      body ? options->body_ms : options->head_ms);
    }
}

static void keep_rest(struct conn *conn, struct str bytes)
{
    buf_put(&conn->rest, bytes);
    CHECK(buf_ok(&conn->rest));
    if (conn->rest.len == READ_BYTES_MAX) {
        conn_set_reading(conn, false);
    }
}

static void feed(struct conn *conn, struct str bytes)
{
    while (bytes.len > 0 && (conn->state == CONN_IDLE || conn->state == CONN_READING)) {
        bytes = str_from(bytes, feed_request(conn, bytes));
    }
    if (bytes.len > 0 && (conn->state == CONN_BUSY || conn->state == CONN_WRITING)) {
        keep_rest(conn, bytes);
    }
    wait_by_state(conn);
}

/* After an answer that was not written in the turn of its request. */
static void resume(struct conn *conn)
{
    if (conn->state != CONN_IDLE) {
        return;
    }
    struct buf rest = conn->rest;
    buf_init(&conn->rest, READ_BYTES_MAX);
    conn_set_reading(conn, true);
    feed(conn, buf_str(&rest));
    buf_release(&rest);
}

void conn_on_answer(void *arg)
{
    struct conn *conn = arg;
    CHECK_OBJ(conn, CONN_MAGIC);
    if (conn->state != CONN_BUSY) {
        return;
    }
    if (conn->exchange->sent) {
        conn_write_answer(conn);
        resume(conn);
    } else if (conn->exchange->refs == 1) { /* given up: the visitor went first */
        conn_close(conn);
    }
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
    struct conn *conn = arg;
    (void)fd;
    (void)what;
    CHECK_OBJ(conn, CONN_MAGIC);
    CHECK(conn->state == CONN_WRITING);
    conn_write_on(conn);
    if (conn->state != CONN_WRITING && conn->state != CONN_CLOSED) {
        event_del(&conn->write_event);
    }
    resume(conn);
}

static void on_end(struct conn *conn)
{
    bool half = conn->state == CONN_BUSY || conn->state == CONN_WRITING;
    if (!half) {
        conn_close(conn);
        return;
    }
    conn_set_reading(conn, false);
    if (conn->state == CONN_BUSY && !conn->exchange->sent) {
        exchange_went(conn->exchange);
    }
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
    struct conn *conn = arg;
    (void)what;
    CHECK_OBJ(conn, CONN_MAGIC);
    struct listener *listener = conn->listener;
    size_t room = READ_BYTES_MAX - conn->rest.len;
    ssize_t got = recv(fd, listener->scratch, room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got < 0) {
        conn_close(conn);
        return;
    }
    if (got == 0) {
        on_end(conn);
        return;
    }
    listener->counts.bytes_in += (uint64_t)got;
    struct str bytes = str_make(listener->scratch, (size_t)got);
    if (conn->state == CONN_LINGER) {
        conn->lingered_bytes += bytes.len;
        if (conn->lingered_bytes > LINGER_BYTES_MAX) {
            conn_close(conn);
        }
    } else {
        feed(conn, bytes);
    }
}

void conn_timed_out(struct conn *conn, enum wait kind)
{
    CHECK_OBJ(conn, CONN_MAGIC);
    bool begun = conn->exchange != NULL && reader_begun(&conn->exchange->reader);
    if ((kind == WAIT_HEAD || kind == WAIT_BODY) && begun) {
        conn_refuse(conn, 408);
    } else {
        conn_close(conn);
    }
}

/* A request may be on its way on a connection that looks idle; its visitor would find it reset and could not know whether it counted. */
void conn_stop(struct conn *conn)
{
    if (conn->state == CONN_IDLE) {
        conn_wait_for(conn, WAIT_LINGER, STOP_GRACE_MS);
    } else if (conn->state == CONN_BUSY) {
        exchange_stop(conn->exchange);
    }
}
