#include "http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "http/conn.h"

enum { ACCEPTS_PER_TURN = 64, SWEEP_MS = 250, ROOM_LOOKS = 8 };

enum {
    HEAD_MS = 10 * 1000,
    BODY_MS = 30 * 1000,
    IDLE_MS = 75 * 1000,
    WRITE_MS = 30 * 1000,
    BODY_BYTES_MAX = 64 * 1024,
    LARGE_BYTES_MAX = 32 << 20,
    CONNECTIONS_MAX = 10000
};

static void on_accept(evutil_socket_t fd, short what, void *arg);
static void on_sweep(void *arg);

static void fill_defaults(struct listener_options *options)
{
    options->head_ms = options->head_ms ? options->head_ms : HEAD_MS;
    options->body_ms = options->body_ms ? options->body_ms : BODY_MS;
    options->idle_ms = options->idle_ms ? options->idle_ms : IDLE_MS;
    options->write_ms = options->write_ms ? options->write_ms : WRITE_MS;
    options->body_bytes_max = options->body_bytes_max ? options->body_bytes_max : BODY_BYTES_MAX;
    options->large_bytes_max = options->large_bytes_max ? options->large_bytes_max
                                                        : LARGE_BYTES_MAX;
    options->connections_max = options->connections_max ? options->connections_max
                                                        : CONNECTIONS_MAX;
}

struct listener *listener_new(struct loop *loop, const struct listener_options *options,
                              struct err *err)
{
    CHECK(options->handler != NULL);
    struct guard *guard = guard_new(options->trusted_proxies, options->address_exempt,
                                    options->address_per_s, err);
    if (guard == NULL) {
        return NULL;
    }
    struct listener *listener = mem_alloc(sizeof *listener);
    listener->magic = LISTENER_MAGIC;
    listener->loop = loop;
    listener->options = *options;
    listener->options.trusted_proxies = listener->options.address_exempt = NULL;
    fill_defaults(&listener->options);
    listener->guard = guard;
    listener->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    listener->date.second = -1;
    rand_bytes(&listener->rid_seed, sizeof listener->rid_seed);
    deadlines_init(&listener->deadlines);
    listener->sweep = timer_new(loop, on_sweep, listener);
    evutil_make_socket_nonblocking(options->fd);
    CHECK(event_assign(&listener->accept_event, loop_base(loop), options->fd, EV_READ | EV_PERSIST,
                       on_accept, listener) == 0);
    CHECK(event_add(&listener->accept_event, NULL) == 0);
    return listener;
}

/* Without this a full descriptor table would leave the connection in the queue and the loop spinning on it. */
static void turn_one_away(struct listener *listener)
{
    if (listener->reserve_fd >= 0) {
        close(listener->reserve_fd);
        int fd = accept4(listener->options.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            close(fd);
        }
        listener->counts.refused++;
    }
    listener->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static struct conn *conn_of(struct deadline *deadline)
{
    return (struct conn *)(void *)((char *)deadline - offsetof(struct conn, deadline));
}

/* Whoever has waited longest between two requests goes, or one address could hold every place with connections that ask nothing. One on which a
 * request has come that was not read yet is not idle. */
static void make_room(struct listener *listener)
{
    struct deadline *at = deadlines_first(&listener->deadlines, WAIT_IDLE);
    for (int i = 0; i < ROOM_LOOKS && at != NULL; i++) {
        char byte;
        if (recv(conn_of(at)->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
            conn_close(conn_of(at));
            return;
        }
        at = deadlines_next(&listener->deadlines, at);
    }
}

/* Over the cap a few more are let in, to be told so; beyond these the door is shut in silence. */
static void admit(struct listener *listener, int fd, const struct sockaddr *peer)
{
    size_t cap = listener->options.connections_max;
    if (listener->counts.open >= cap) {
        make_room(listener);
    }
    if (listener->counts.open >= cap + cap / 8 + 16) {
        close(fd);
        listener->counts.refused++;
        return;
    }
    listener->counts.accepted++;
    metrics_add(METRIC_CONNECTIONS, 1);
    if (listener->counts.open == 0) {
        timer_set(listener->sweep, SWEEP_MS);
    }
    conn_open(listener, fd, peer, listener->counts.open >= cap);
}

static void on_accept(evutil_socket_t listening, short what, void *arg)
{
    struct listener *listener = arg;
    (void)what;
    CHECK_OBJ(listener, LISTENER_MAGIC);
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
        socklen_t len = sizeof peer;
        int fd = accept4(listening, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(listener, fd, (struct sockaddr *)&peer);
        } else if (errno == EMFILE || errno == ENFILE) {
            turn_one_away(listener);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

static void on_sweep(void *arg)
{
    struct listener *listener = arg;
    enum wait kind;
    struct deadline *due;
    CHECK_OBJ(listener, LISTENER_MAGIC);
    while ((due = deadlines_take_due(&listener->deadlines, loop_now_ms(listener->loop), &kind)) !=
           NULL) {
        conn_timed_out(conn_of(due), kind);
    }
    if (listener->counts.open > 0) {
        timer_set(listener->sweep, SWEEP_MS);
    }
}

void listener_stop(struct listener *listener)
{
    CHECK_OBJ(listener, LISTENER_MAGIC);
    if (listener->stopping) {
        return;
    }
    listener->stopping = true;
    event_del(&listener->accept_event);
    struct conn *after;
    for (struct conn *conn = listener->conns; conn != NULL; conn = after) {
        after = conn->after;
        conn_stop(conn);
    }
}

bool listener_idle(const struct listener *listener)
{
    return listener->counts.open == 0;
}

void listener_counts(const struct listener *listener, struct listener_counts *ret)
{
    *ret = listener->counts;
}

void listener_memory_drop(struct listener *listener)
{
    if (listener->freed && listener->live_exchanges == 0) {
        listener->magic = 0;
        free(listener);
    }
}

void listener_free(struct listener **listener)
{
    struct listener *gone = *listener;
    if (gone == NULL) {
        return;
    }
    listener_stop(gone);
    while (gone->conns != NULL) {
        conn_close(gone->conns);
    }
    timer_free(&gone->sweep);
    guard_free(&gone->guard);
    if (gone->reserve_fd >= 0) {
        close(gone->reserve_fd);
    }
    while (gone->free_exchanges != NULL) {
        struct exchange *exchange = gone->free_exchanges;
        gone->free_exchanges = exchange->next_free;
        reader_release(&exchange->reader);
        response_release(&exchange->response);
        free(exchange);
    }
    gone->freed = true;
    *listener = NULL;
    listener_memory_drop(gone);
}
