/* The answering half of conn.c: answers and refusals onto the socket, and what comes after them. */
#include <errno.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "http/conn.h"

enum { LINGER_MS = 2000, WRITE_BYTES_PER_S = 4096 };

/* A close with bytes still coming would make the kernel reset the connection, and the answer would be lost with it. */
static void linger(struct conn *conn)
{
    shutdown(conn->fd, SHUT_WR);
    exchange_release(conn->exchange);
    conn->exchange = NULL;
    buf_release(&conn->rest);
    conn->state = CONN_LINGER;
    conn_set_reading(conn, true);
    conn_wait_for(conn, WAIT_LINGER, LINGER_MS);
}

static void count_answer(struct listener *listener, int status)
{
    listener->counts.by_status[status / 100]++;
    metrics_add(METRIC_REQUESTS, 1);
    if (status >= 400) {
        metrics_add(status >= 500 ? METRIC_ANSWERS_5XX : METRIC_ANSWERS_4XX, 1);
    }
}

static bool stays(const struct conn *conn)
{
    const struct exchange *exchange = conn->exchange;
    return exchange->reader.keep_alive && !exchange->close_after && !conn->refused &&
           !conn->listener->stopping;
}

static void end_request(struct conn *conn)
{
    bool stay = stays(conn);
    conn->fresh = false;
    if (conn->refused) {
        linger(conn);
    } else if (!stay) {
        conn_close(conn);
    } else {
        exchange_release(conn->exchange);
        conn->exchange = NULL;
        conn->state = CONN_IDLE;
        deadline_clear(&conn->deadline);
    }
}

/* The deadline of a write is absolute: it is set when the socket is first full. */
void conn_write_on(struct conn *conn)
{
    struct listener *listener = conn->listener;
    struct response *response = &conn->exchange->response;
    struct iovec iov[RESPONSE_IOV_MAX];
    struct msghdr message = {.msg_iov = iov};
    message.msg_iovlen = (size_t)response_iov(response, iov);
    ssize_t wrote;
    do {
        wrote = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
    } while (wrote < 0 && errno == EINTR);
    if (wrote < 0 && errno != EAGAIN) {
        conn_close(conn);
        return;
    }
    response->written += wrote > 0 ? (size_t)wrote : 0;
    listener->counts.bytes_out += wrote > 0 ? (uint64_t)wrote : 0;
    if (response->written == response->bytes) {
        end_request(conn);
    } else if (conn->state != CONN_WRITING) {
        int64_t extra_ms = (int64_t)(response->bytes / WRITE_BYTES_PER_S) * 1000;
        conn->state = CONN_WRITING;
        CHECK(event_add(&conn->write_event, NULL) == 0);
        conn_wait_for(conn, WAIT_WRITE, listener->options.write_ms + extra_ms);
    }
}

void conn_write_answer(struct conn *conn)
{
    struct listener *listener = conn->listener;
    struct exchange *exchange = conn->exchange;
    if (exchange->status == 0) {
        conn_close(conn);
        return;
    }
    struct response_frame frame = {
        .head = exchange->reader.request.method == HTTP_HEAD,
        .keep_alive = stays(conn),
        .http_1_0 = exchange->reader.http_1_0,
    };
    response_compose(&exchange->response, exchange->status, frame,
                     date_line_at(&listener->date, clock_wall_ms()));
    count_answer(listener, exchange->status);
    conn_write_on(conn);
}

void conn_refuse(struct conn *conn, int status)
{
    struct listener *listener = conn->listener;
    struct exchange *exchange = conn->exchange;
    conn->refused = true;
    conn->in_turn = true;
    listener->counts.refused++;
    deadline_clear(&conn->deadline);
    if (status == 503 || status == 429) {
        exchange_header(exchange, "Retry-After", status == 503 ? "5" : "1");
    }
    if (listener->options.on_refused != NULL) {
        listener->options.on_refused(exchange, status, listener->options.arg);
    } else {
        exchange_header(exchange, "Content-Type", "text/plain; charset=utf-8");
        exchange_body_copy(exchange, STR("refused\n"));
        exchange_send(exchange, status);
    }
    conn->in_turn = false;
    CHECK(exchange->sent);
    conn_write_answer(conn);
}
