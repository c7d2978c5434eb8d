/* A listener in a thread of this process, and raw sockets against it. */
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
    atomic_int gone, late_alive;
};

struct late {
    struct server *server;
    struct exchange *exchange;
    struct timer *timer;
};

static struct server server;

static void on_late(void *arg)
{
    struct late *late = arg;
    const struct request *request = exchange_request(late->exchange);
    /* the request is readable until the last drop, also when the visitor went */
    if (str_starts(request->path, STR("/late"))) {
        late->server->late_alive++;
    }
    exchange_body_copy(late->exchange, request->path);
    exchange_send(late->exchange, 200);
    exchange_drop(&late->exchange);
    timer_free(&late->timer);
    free(late);
}

static void handle_late(struct exchange *exchange, struct server *of)
{
    struct late *late = mem_alloc(sizeof *late);
    late->server = of;
    late->exchange = exchange_hold(exchange);
    late->timer = timer_new(exchange_loop(exchange), on_late, late);
    timer_set(late->timer, 50);
}

static void on_poll_gone(void *arg)
{
    struct server *of = arg;
    of->gone++;
    exchange_drop(&of->polling); /* without an answer: there is nobody */
}

static void handle_echo(struct exchange *exchange)
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

static void handle(struct exchange *exchange, void *arg)
{
    struct server *of = arg;
    struct str path = exchange_request(exchange)->path;
    if (str_starts(path, STR("/late"))) {
        handle_late(exchange, of);
    } else if (str_is(path, "/poll")) {
        of->polling = exchange_hold(exchange);
        exchange_on_gone(exchange, on_poll_gone, of);
    } else if (str_is(path, "/big")) {
        exchange_body_blob(exchange, of->big);
        exchange_send(exchange, 200);
    } else if (str_is(path, "/204")) {
        exchange_send(exchange, 204);
    } else if (str_is(path, "/304")) {
        exchange_header(exchange, "ETag", "\"1\"");
        exchange_send(exchange, 304);
    } else if (str_is(path, "/stop")) {
        listener_stop(of->listener);
        exchange_send(exchange, 200);
    } else if (str_is(path, "/close")) {
        exchange_close_after(exchange);
        exchange_send(exchange, 200);
    } else {
        handle_echo(exchange);
    }
}

static void on_refused(struct exchange *exchange, int status, void *arg)
{
    (void)arg;
    exchange_body_copy(exchange, STR("no: "));
    exchange_body_copy(exchange, exchange_request(exchange)->path);
    exchange_send(exchange, status);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    loop_stop(((struct server *)arg)->loop);
}

static void *serve(void *arg)
{
    struct server *of = arg;
    loop_run(of->loop);
    return NULL;
}

static void start(const char *address, struct listener_options options)
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

static void finish(void)
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

static int dial(void)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &len), 0);
    int fd = socket(address.ss_family, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
    return fd;
}

static void say(int fd, struct str text)
{
    while (text.len > 0) {
        ssize_t sent = send(fd, text.at, text.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        text = str_from(text, (size_t)sent);
    }
}

/* One answer, by its Content-Length; "" when the connection ends before it. Body "-" when none is to come. */
static const char *hear(int fd, bool head)
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
        const char *end = wanted == SIZE_MAX ? strstr(buf_text(&text), "\r\n\r\n") : NULL;
        if (end != NULL) {
            const char *length = strstr(buf_text(&text), "Content-Length: ");
            wanted = (size_t)(end + 4 - buf_text(&text));
            wanted += length && !head ? strtoul(length + 16, NULL, 10) : 0;
        }
    }
    return buf_text(&text);
}

static bool closed(int fd, int within_ms)
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

static const char *ask(int fd, const char *request)
{
    say(fd, str_of(request));
    return hear(fd, false);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define LOCAL     "127.0.0.1:0"

static struct listener_options plain(void)
{
    return (struct listener_options){.address_exempt = "127.0.0.0/8"};
}

static void test_answers_and_stays(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    const char *text = ask(fd, GET("/a?b=c"));
    assert_has(text, "HTTP/1.1 200 OK\r\nDate: ");
    assert_has(text, " GMT\r\n");
    assert_has(text, "Content-Type: text/plain\r\n");
    assert_has(text, "\r\n\r\n0 /a?b=c client=127.0.0.1 rid=16|");
    assert_null(strstr(text, "Connection:"));
    say(fd, STR("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_has(hear(fd, true), "Content-Length: ");
    text = ask(fd, GET("/204"));
    assert_has(text, "204 No Content");
    assert_null(strstr(text, "Content-Length"));
    assert_has(ask(fd, GET("/304")), "ETag: \"1\"\r\n");
    assert_has(ask(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"), "|xyz");
    assert_has(ask(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nxyz\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n"),
               "|xyz!");
    assert_has(ask(fd, GET("/close")), "Connection: close\r\n");
    assert_true(closed(fd, 1000));
    close(fd);
    finish();
    assert_int_equal(server.counts.requests, 7);
    assert_int_equal(server.counts.by_status[2], 6);
    assert_int_equal(server.counts.by_status[3], 1);
}

static void test_http_1_0(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    assert_has(ask(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
               "Connection: keep-alive\r\n");
    assert_has(ask(fd, "GET / HTTP/1.0\r\n\r\n"), "Connection: close\r\n");
    assert_true(closed(fd, 1000));
    close(fd);
    finish();
}

static void test_pipelined_in_order(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/1") GET("/late2") GET("/3") "POST /4 HTTP/1.1\r\nHost: a\r\n"
                                                  "Content-Length: 2\r\n\r\nhi" GET("/late5")
                                                      GET("/6")));
    assert_has(hear(fd, false), "0 /1?");
    assert_has(hear(fd, false), "/late2");
    assert_has(hear(fd, false), "0 /3?");
    assert_has(hear(fd, false), "2 /4?");
    assert_has(hear(fd, false), "/late5");
    assert_has(hear(fd, false), "0 /6?");
    close(fd);
    finish();
}

/* More than is read ahead: the rest waits in the socket. */
static void test_many_pipelined_behind_a_late_one(void **state)
{
    enum { MANY = 3000 };
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/late")));
    for (int i = 0; i < MANY; i++) {
        say(fd, STR(GET("/1")));
    }
    assert_has(hear(fd, false), "/late");
    for (int i = 0; i < MANY; i++) {
        assert_has(hear(fd, false), "0 /1?");
    }
    close(fd);
    finish();
    assert_int_equal(server.counts.requests, MANY + 1);
}

static void test_byte_by_byte(void **state)
{
    static const char text[] = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    for (size_t i = 0; i < sizeof text - 1; i++) {
        say(fd, str_make(text + i, 1));
        usleep(500);
    }
    assert_has(hear(fd, false), "|body");
    close(fd);
    finish();
}

static void test_expect_continue(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    const char *head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
    say(fd, str_of(head));
    assert_string_equal(ask(fd, "Content-Length: 4\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_has(ask(fd, "body"), "|body");
    say(fd, str_of(head));
    assert_has(ask(fd, "Content-Length: 999999\r\n\r\n"), "HTTP/1.1 413 Content Too Large");
    close(fd);
    finish();
}

static void test_refused_is_readable_while_still_sending(void **state)
{
    static char block[4096];
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"));
    for (int i = 0; i < 40; i++) {
        assert_true(send(fd, block, sizeof block, MSG_NOSIGNAL) > 0);
        usleep(1000);
    }
    const char *text = hear(fd, false);
    assert_has(text, "HTTP/1.1 413 ");
    assert_has(text, "Connection: close\r\n");
    assert_has(text, "no: /p");
    assert_true(closed(fd, 1000));
    close(fd);
    finish();
    assert_int_equal(server.counts.refused, 1);
}

static void test_wrong_head_is_answered_at_once(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    int64_t began_ms = clock_mono_ms();
    assert_has(ask(fd, "GET / HTTP/1.1\n"), "HTTP/1.1 400 Bad Request");
    assert_true(clock_mono_ms() - began_ms < 1000);
    close(fd);
    finish();
}

static void test_deadlines(void **state)
{
    struct listener_options options = plain();
    (void)state;
    options.head_ms = options.body_ms = options.idle_ms = SHORT_MS;
    start(LOCAL, options);
    int silent = dial();
    int dripping = dial();
    int blank = dial();
    int body = dial();
    int idle = dial();
    say(blank, STR("\r\n"));
    say(body, STR("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nb"));
    assert_has(ask(idle, GET("/")), "200 OK");
    /* a byte now and then does not move an absolute deadline */
    for (int i = 0; i < 5; i++) {
        say(dripping, STR("G"));
        usleep(100 * 1000);
    }
    assert_has(hear(dripping, false), "HTTP/1.1 408 Request Timeout");
    assert_has(hear(body, false), "no: /b");
    assert_true(closed(silent, 2000));
    assert_true(closed(blank, 2000));
    assert_true(closed(idle, 2000));
    close(silent);
    close(dripping);
    close(blank);
    close(body);
    close(idle);
    finish();
    assert_int_equal(server.counts.refused, 2);
    assert_int_equal(server.counts.by_status[4], 2);
}

static void test_keep_alive_gives_each_head_its_own_time(void **state)
{
    struct listener_options options = plain();
    (void)state;
    options.head_ms = SHORT_MS;
    start(LOCAL, options);
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        usleep(300 * 1000);
        say(fd, STR("GET / HTTP/1.1\r\n"));
        usleep(100 * 1000);
        assert_has(ask(fd, "Host: a\r\n\r\n"), "200 OK");
    }
    say(fd, STR("GET / HT"));
    assert_has(hear(fd, false), "408");
    close(fd);
    finish();
}

static void test_big_answer_in_pieces(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    int small = 65536;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    say(fd, STR(GET("/big") GET("/after")));
    usleep(50 * 1000);
    const char *text = hear(fd, false);
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    assert_memory_equal(body + 4, server.big->at, BIG_BYTES);
    assert_has(hear(fd, false), "0 /after?");
    close(fd);
    finish();
}

static void test_a_reader_that_stops_is_cut_off(void **state)
{
    struct listener_options options = plain();
    (void)state;
    options.write_ms = 1 - BIG_BYTES / 4096 * 1000 +
                       SHORT_MS; /* what the length adds is taken off */
    start(LOCAL, options);
    int fd = dial();
    say(fd, STR(GET("/big")));
    usleep((SHORT_MS + 900) * 1000);
    assert_string_equal(hear(fd, false), "");
    close(fd);
    finish();
}

static void test_gone_while_waiting(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/poll")));
    usleep(100 * 1000);
    assert_int_equal(server.gone, 0);
    close(fd);
    for (int i = 0; i < 100 && server.gone == 0; i++) {
        usleep(10 * 1000);
    }
    assert_int_equal(server.gone, 1);
    /* reset instead of closed */
    fd = dial();
    say(fd, STR(GET("/poll") GET("/next")));
    usleep(100 * 1000);
    struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    for (int i = 0; i < 100 && server.gone == 1; i++) {
        usleep(10 * 1000);
    }
    assert_int_equal(server.gone, 2);
    finish();
    assert_int_equal(server.counts.open, 0);
}

static void test_work_goes_on_without_the_visitor(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/late")));
    usleep(5 * 1000);
    struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    for (int i = 0; i < 100 && server.late_alive == 0; i++) {
        usleep(10 * 1000);
    }
    assert_int_equal(server.late_alive, 1);
    finish();
}

static void test_half_closed_still_gets_its_answer(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/late")));
    shutdown(fd, SHUT_WR);
    assert_has(hear(fd, false), "/late");
    assert_true(closed(fd, 1000));
    close(fd);
    finish();
}

static void test_cap(void **state)
{
    struct listener_options options = plain();
    int fds[40];
    (void)state;
    options.connections_max = 2;
    start(LOCAL, options);
    fds[0] = dial();
    fds[1] = dial();
    assert_has(ask(fds[0], GET("/")), "200 OK");
    assert_has(ask(fds[1], GET("/")), "200 OK");
    fds[2] = dial();
    const char *text = ask(fds[2], GET("/third"));
    assert_has(text, "HTTP/1.1 503 Service Unavailable");
    assert_has(text, "Retry-After: 5\r\n");
    assert_has(text, "no: /third");
    close(fds[2]);
    for (int i = 2; i < 40; i++) {
        fds[i] = dial();
    }
    assert_true(closed(fds[39], 1000)); /* far over the cap there is silence */
    assert_has(ask(fds[0], GET("/")), "200 OK");
    for (int i = 0; i < 40; i++) {
        close(fds[i]);
    }
    usleep(50 * 1000);
    fds[0] = dial();
    assert_has(ask(fds[0], GET("/")), "200 OK");
    close(fds[0]);
    finish();
}

static void test_address_ceiling_and_proxies(void **state)
{
    struct listener_options options = {
        .trusted_proxies = "127.0.0.0/8 10.0.0.0/8", .address_exempt = "::1", .address_per_s = 3};
    (void)state;
    start(LOCAL, options);
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        assert_has(ask(fd, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.7, "
                           "10.1.1.1\r\n\r\n"),
                   "client=192.0.2.7 ");
    }
    assert_has(ask(fd, "GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=1.1.1.1, "
                       "for=\"[2001:db8:1:2::3]:99\";proto=https\r\n\r\n"),
               "client=2001:db8:1:2::3 ");
    const char *text = ask(fd, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
    assert_has(text, "HTTP/1.1 429 Too Many Requests");
    assert_has(text, "Retry-After: 1\r\n");
    close(fd);
    finish();
}

static void test_unix_socket(void **state)
{
    char path[] = "/tmp/http_conn_XXXXXX";
    char address[80];
    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(address, sizeof address, "unix:%s/s", path);
    start(address, (struct listener_options){.address_per_s = 1});
    int fd = dial();
    assert_has(ask(fd, GET("/")), "client=unix ");
    assert_has(ask(fd, GET("/")), "client=unix ");
    assert_has(ask(fd, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9:81\r\n\r\n"),
               "client=192.0.2.9 ");
    struct err err;
    assert_int_equal(listener_open(address, false, &err), -1);
    assert_has(err.text, "another process listens there");
    close(fd);
    finish();
    int again = listener_open(address, false, &err); /* what a crash left is taken over */
    assert_true(again >= 0);
    close(again);
    unlink(address + 5);
    rmdir(path);
}

static void test_stop_finishes_what_is_under_way(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int idle = dial();
    int late = dial();
    int fd = dial();
    assert_has(ask(idle, GET("/")), "200 OK");
    say(late, STR(GET("/late")));
    usleep(10 * 1000);
    assert_has(ask(fd, GET("/stop")), "Connection: close\r\n");
    assert_true(closed(idle, 1000));
    assert_has(hear(late, false), "Connection: close\r\n");
    assert_true(closed(late, 1000));
    close(idle);
    close(late);
    close(fd);
    finish();
    assert_int_equal(server.counts.open, 0);
}

static void test_no_descriptors_left(void **state)
{
    struct rlimit was;
    int filler[300];
    int count = 0;
    (void)state;
    start(LOCAL, plain());
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    getsockname(server.fd, (struct sockaddr *)&address, &len);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &was);
    struct rlimit tight = {.rlim_cur = 256, .rlim_max = was.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    while (count < 300 && (filler[count] = dup(0)) >= 0) {
        count++;
    }
    assert_int_equal(errno, EMFILE);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
    bool away = closed(fd, 2000);
    while (count > 0) {
        close(filler[--count]);
    }
    setrlimit(RLIMIT_NOFILE, &was);
    assert_true(away);
    close(fd);
    fd = dial();
    assert_has(ask(fd, GET("/")), "200 OK");
    close(fd);
    finish();
}

static void test_open_refuses_what_is_no_address(void **state)
{
    static const char *const wrong[] = {"8080",   ":80",   "a:",   "127.0.0.1:99999",
                                        "::1:80", "[]:80", "unix:"};
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(listener_open(wrong[i], false, &err), -1);
        assert_has(err.text, wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_and_stays),
        cmocka_unit_test(test_http_1_0),
        cmocka_unit_test(test_pipelined_in_order),
        cmocka_unit_test(test_many_pipelined_behind_a_late_one),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_refused_is_readable_while_still_sending),
        cmocka_unit_test(test_wrong_head_is_answered_at_once),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_keep_alive_gives_each_head_its_own_time),
        cmocka_unit_test(test_big_answer_in_pieces),
        cmocka_unit_test(test_a_reader_that_stops_is_cut_off),
        cmocka_unit_test(test_gone_while_waiting),
        cmocka_unit_test(test_work_goes_on_without_the_visitor),
        cmocka_unit_test(test_half_closed_still_gets_its_answer),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_address_ceiling_and_proxies),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_stop_finishes_what_is_under_way),
        cmocka_unit_test(test_no_descriptors_left),
        cmocka_unit_test(test_open_refuses_what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
