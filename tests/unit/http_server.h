/*
 * http_server.h - for tests: a listener in a thread of this process, handlers that answer at once, late or never, and raw sockets against it.
 */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/listener.h"

enum { BIG_BYTES = 8 * 1024 * 1024, SHORT_MS = 600 };

struct server {
    struct loop *loop;
    struct listener *listener;
    struct listener_counts counts; /* after the end */
    pthread_t thread;
    struct event *ender;
    int fd;
    int end_pipe[2];
    char unix_path[64];
    struct exchange *polling;
    struct blob *big;
    atomic_int gone, late_alive, late_gone;
    atomic_int waiting; /* under /wait: held by a handler now */
};

struct late {
    struct server *server;
    struct exchange *exchange;
    struct timer *timer;
};

static struct server server;

static inline void on_late(void *arg)
{
    struct late *late = arg;
    const struct request *request = exchange_request(late->exchange);
    /* the request is readable until the last drop, also when the visitor went */
    if (str_starts(request->path, STR("/late"))) {
        late->server->late_alive++;
        late->server->late_gone += exchange_gone(late->exchange);
    }
    exchange_body_copy(late->exchange, request->path);
    exchange_send(late->exchange, 200);
    exchange_drop(&late->exchange);
    timer_free(&late->timer);
    free(late);
}

static inline void handle_late(struct exchange *exchange, struct server *of)
{
    struct late *late = mem_alloc(sizeof *late);
    late->server = of;
    late->exchange = exchange_hold(exchange);
    late->timer = timer_new(exchange_loop(exchange), on_late, late);
    timer_set(late->timer, 50);
}

static inline void on_poll_gone(void *arg)
{
    struct server *of = arg;
    of->gone++;
    exchange_drop(&of->polling); /* without an answer: there is nobody */
}

struct waiting {
    struct exchange *exchange;
    struct timer *timer; /* NULL: until the visitor goes */
};

static inline void wait_end(struct waiting *waiting)
{
    server.waiting--;
    timer_free(&waiting->timer);
    exchange_drop(&waiting->exchange);
    free(waiting);
}

static inline void on_waiting_gone(void *arg)
{
    server.gone++;
    wait_end(arg);
}

static inline void on_waited(void *arg)
{
    struct waiting *waiting = arg;
    exchange_body_copy(waiting->exchange, STR("at last"));
    exchange_send(waiting->exchange, 200);
    wait_end(waiting);
}

/* /wait until all ends, /wait/700 for so many milliseconds. */
static inline void handle_wait(struct exchange *exchange)
{
    struct waiting *waiting = mem_alloc(sizeof *waiting);
    uint64_t ms;
    waiting->exchange = exchange_hold(exchange);
    exchange_on_gone(exchange, on_waiting_gone, waiting);
    server.waiting++;
    if (!exchange_on_stop(exchange, on_waited, waiting)) {
        on_waited(waiting);
    } else if (str_to_u64(str_from(exchange_request(exchange)->path, strlen("/wait/")), 60000,
                          &ms)) {
        waiting->timer = timer_new(exchange_loop(exchange), on_waited, waiting);
        timer_set(waiting->timer, (int64_t)ms);
    }
}

static inline void handle_echo(struct exchange *exchange)
{
    const struct request *request = exchange_request(exchange);
    struct buf text;
    buf_init(&text, 200000);
    buf_printf(&text, "%d %.*s?%.*s client=%s rid=%zu|", (int)request->method,
               STR_ARG(request->path), STR_ARG(request->query), request->client,
               strlen(request->rid));
    exchange_body_copy(exchange, buf_str(&text));
    exchange_body_copy(exchange, request->body);
    exchange_header(exchange, "Content-Type", "text/plain");
    exchange_send(exchange, 200);
    buf_release(&text);
}

static inline void handle(struct exchange *exchange, void *arg)
{
    struct server *of = arg;
    struct str path = exchange_request(exchange)->path;
    if (str_starts(path, STR("/late"))) {
        handle_late(exchange, of);
    } else if (str_is(path, "/poll")) {
        of->polling = exchange_hold(exchange);
        exchange_on_gone(exchange, on_poll_gone, of);
    } else if (str_starts(path, STR("/wait"))) {
        handle_wait(exchange);
    } else if (str_is(path, "/big")) {
        exchange_body_blob(exchange, of->big);
        exchange_send(exchange, 200);
    } else if (str_is(path, "/204")) {
        exchange_body_copy(exchange, STR("never sent"));
        exchange_send(exchange, 204);
    } else if (str_is(path, "/304")) {
        exchange_header(exchange, "ETag", "\"1\"");
        exchange_send(exchange, 304);
    } else if (str_is(path, "/stop")) {
        usleep(100 * 1000); /* time for others to send something */
        listener_stop(of->listener);
        exchange_send(exchange, 200);
    } else if (str_is(path, "/close")) {
        exchange_close_after(exchange);
        exchange_send(exchange, 200);
    } else {
        handle_echo(exchange);
    }
}

static inline void on_refused(struct exchange *exchange, int status, void *arg)
{
    (void)arg;
    exchange_body_copy(exchange, STR("no: "));
    exchange_body_copy(exchange, exchange_request(exchange)->path);
    exchange_send(exchange, status);
}

static inline void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    loop_stop(((struct server *)arg)->loop);
}

static inline void *serve(void *arg)
{
    struct server *of = arg;
    loop_run(of->loop);
    return NULL;
}

static inline void start(const char *address, struct listener_options options)
{
    struct err err = {""};
    int fd = listener_open(address, false, &err);
    if (fd < 0) {
        fail_msg("%s", err.text);
    }
    server = (struct server){.fd = fd, .loop = loop_new()};
    options.fd = fd;
    options.handler = handle;
    options.on_refused = on_refused;
    options.arg = &server;
    server.listener = listener_new(server.loop, &options, &err);
    assert_non_null(server.listener);
    server.big = mem_alloc(sizeof *server.big + BIG_BYTES + 1);
    server.big->refs = 1;
    server.big->len = BIG_BYTES;
    for (size_t i = 0; i < BIG_BYTES; i++) {
        server.big->at[i] = (char)('a' + i % 23);
    }
    assert_int_equal(pipe(server.end_pipe), 0);
    server.ender = event_new(loop_base(server.loop), server.end_pipe[0], EV_READ, on_end, &server);
    event_add(server.ender, NULL);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
}

static inline void finish(void)
{
    assert_int_equal(write(server.end_pipe[1], "x", 1), 1);
    pthread_join(server.thread, NULL);
    listener_counts(server.listener, &server.counts);
    listener_free(&server.listener);
    event_free(server.ender);
    loop_free(&server.loop);
    blob_drop(&server.big);
    close(server.fd);
    close(server.end_pipe[0]);
    close(server.end_pipe[1]);
}

static inline int dial(void)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &len), 0);
    int fd = socket(address.ss_family, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
    return fd;
}

static inline void say(int fd, struct str text)
{
    while (text.len > 0) {
        ssize_t sent = send(fd, text.at, text.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        text = str_from(text, (size_t)sent);
    }
}

/* One answer, by its Content-Length; "" when the connection ends before it. Body "-" when none is to come. */
static inline const char *hear(int fd, bool head)
{
    static struct buf text;
    buf_release(&text);
    buf_init(&text, BIG_BYTES * 2);
    size_t wanted = SIZE_MAX;
    while (text.len < wanted) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, 8000) != 1) {
            fail_msg("nothing came; so far: %.300s", buf_text(&text));
        }
        /* byte by byte in the head, so that nothing of the next answer is taken */
        size_t step = wanted == SIZE_MAX ? 1 : wanted - text.len;
        char *to = buf_room(&text, step < 65536 ? step : 65536);
        ssize_t got = recv(fd, to, step < 65536 ? step : 65536, 0);
        if (got <= 0) {
            return "";
        }
        buf_wrote(&text, (size_t)got);
        if (text.len == 9) {
            assert_string_equal(buf_text(&text),
                                "HTTP/1.1 "); /* nothing is left of an earlier one */
        }
        const char *end = wanted == SIZE_MAX ? strstr(buf_text(&text), "\r\n\r\n") : NULL;
        if (end != NULL) {
            const char *length = strstr(buf_text(&text), "Content-Length: ");
            wanted = (size_t)(end + 4 - buf_text(&text));
            wanted += length && !head ? strtoul(length + 16, NULL, 10) : 0;
        }
    }
    return buf_text(&text);
}

static inline bool closed(int fd, int within_ms)
{
    char byte;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    return poll(&ready, 1, within_ms) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        const char *has_text = (text);                                                             \
        if (strstr(has_text, part) == NULL) {                                                      \
            fail_msg("\"%s\" is not in: %.400s", part, has_text);                                  \
        }                                                                                          \
    } while (0)

static inline const char *ask(int fd, const char *request)
{
    say(fd, str_of(request));
    return hear(fd, false);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define LOCAL     "127.0.0.1:0"

static inline struct listener_options plain(void)
{
    return (struct listener_options){.address_exempt = "127.0.0.0/8"};
}

#endif
