#include "supervise/worker.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/forward.h"
#include "flow/sweep.h"
#include "http/listener.h"
#include "store/queue.h"
#include "supervise/child.h"
#include "supervise/signals.h"
#include "web/web.h"

enum {
    BEAT_MS = 200,
    DRAIN_LOOK_MS = 20,
    COUNTS_MS = 1000,
    LISTENERS_MAX = 18, /* its own doors, and those of eight that crash */
    BODY_BYTES_MAX = 65536,
    STORE_WAIT_MS =
        300 /* a few are enough while Redis is well; without it the form is served all the same */
};

struct worker {
    const struct worker_start *start;
    struct loop *loop;
    struct signals *signals;
    struct store *store;
    struct timer *beat;
    struct timer *drain;
    struct timer *counts;
    struct event *control;
    int64_t drain_until_ms;
    bool counting;
    /* web */
    struct web *web;
    struct listener *listeners[LISTENERS_MAX];
    int fds[LISTENERS_MAX];
    size_t listener_count;
    /* forward */
    struct forward *forward;
    struct sweep *sweep;
};

static loop_fn on_beat;
static loop_fn on_counts_due;
static queue_counts_done_fn on_counts;
static loop_fn on_drain_look;

/* The master kills a worker whose heartbeat stands still. */
static void on_beat(void *arg)
{
    struct worker *worker = arg;
    struct metrics_slot *slot = worker->start->slot;
    enum store_health health = store_health(worker->store);
    if (slot->store_health != (int64_t)health) {
        log_event(health == STORE_READY ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "store",
                  "kind=%s ready=%d why=%s", worker->start->kind == WORKER_WEB ? "web" : "forward",
                  health == STORE_READY, store_health_why(worker->store));
    }
    snprintf(slot->store_why, sizeof slot->store_why, "%s", store_health_why(worker->store));
    __atomic_store_n(&slot->store_health, (int64_t)health, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->heartbeat_ms, clock_mono_ms(), __ATOMIC_RELAXED);
    timer_set(worker->beat, BEAT_MS);
}

static void on_counts_due(void *arg)
{
    struct worker *worker = arg;
    const struct setup *setup = worker->start->setup;
    if (!worker->counting && store_health(worker->store) == STORE_READY) {
        worker->counting = true;
        queue_counts(worker->store, setup->buckets, setup->bucket_count, on_counts, worker);
    }
    timer_set(worker->counts, COUNTS_MS);
}

static void on_counts(void *arg, enum op_status status, const struct queue_counts *counts)
{
    struct worker *worker = arg;
    worker->counting = false;
    if (status == OP_OK) {
        shared_queue_write(worker->start->shared, counts);
    }
}

static bool listen_on(struct worker *worker, enum door door, int fd, struct err *err)
{
    const struct options *options = &worker->start->setup->options;
    const struct listener_options listen = {
        .fd = fd,
        .handler = door == DOOR_OFFICE ? web_handle_office : web_handle,
        .on_refused = web_refused,
        .arg = worker->web,
        .connections_max = (size_t)options->limits.connections_max,
        .body_bytes_max = BODY_BYTES_MAX,
        .trusted_proxies = options->listen.trusted_proxies,
        .address_exempt = options->limits.address_exempt,
        .address_per_s = options->limits.address_per_s,
        .head_ms = options->limits.head_ms,
        .body_ms = options->limits.body_ms,
        .idle_ms = options->limits.idle_ms,
    };
    struct listener *listener = listener_new(worker->loop, &listen, err);
    if (listener != NULL) {
        worker->fds[worker->listener_count] = fd;
        worker->listeners[worker->listener_count++] = listener;
    }
    return listener != NULL;
}

static void begin_drain(struct worker *worker)
{
    if (worker->drain_until_ms > 0) {
        return;
    }
    worker->drain_until_ms = clock_mono_ms() + WORKER_DRAIN_MS;
    for (size_t i = 0; i < worker->listener_count; i++) {
        listener_stop(worker->listeners[i]);
        close(worker->fds[i]);
    }
    if (worker->forward != NULL) {
        timer_stop(worker->counts); /* the successor counts now */
        forward_stop(worker->forward);
        sweep_stop(worker->sweep);
    }
    timer_set(worker->drain, 0);
}

static void on_drain_look(void *arg)
{
    struct worker *worker = arg;
    bool idle = worker->forward == NULL || forward_idle(worker->forward);
    for (size_t i = 0; i < worker->listener_count; i++) {
        idle = idle && listener_idle(worker->listeners[i]);
    }
    if (idle || clock_mono_ms() >= worker->drain_until_ms) {
        loop_stop(worker->loop);
        return;
    }
    timer_set(worker->drain, DRAIN_LOOK_MS);
}

static void on_signal(void *arg, int signal)
{
    (void)signal;
    begin_drain(arg);
}

/* A socket whose own worker keeps crashing: what waits in it is served here. */
static void adopt(struct worker *worker, enum door door, int fd)
{
    struct err err;
    if (worker->listener_count == LISTENERS_MAX || worker->drain_until_ms > 0 ||
        !listen_on(worker, door, fd, &err)) {
        close(fd);
        return;
    }
    log_event(LOG_LEVEL_INFO, "adopted", "door=%s sockets=%zu",
              door == DOOR_OFFICE ? "office" : "public", worker->listener_count);
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;
    enum door door;
    bool gone = false;
    (void)what;
    int socket = child_take_socket(fd, &door, &gone);
    if (gone) {
        event_del(worker->control);
        begin_drain(worker);
    } else if (socket >= 0 && worker->web != NULL) {
        adopt(worker, door, socket);
    } else if (socket >= 0) {
        close(socket);
    }
}

static bool begin_web(struct worker *worker, struct err *err)
{
    worker->web = web_new(worker->loop, worker->start->setup, worker->store, err);
    for (enum door door = 0; worker->web != NULL && door < DOORS; door++) {
        int fd = worker->start->listen_fds[door];
        if (fd >= 0 && !listen_on(worker, door, fd, err)) {
            return false;
        }
    }
    return worker->web != NULL;
}

static bool begin_forward(struct worker *worker, struct err *err)
{
    worker->forward = forward_new(worker->loop, worker->start->setup, worker->store, err);
    if (worker->forward == NULL) {
        return false;
    }
    worker->sweep = sweep_new(worker->loop, worker->start->setup, worker->store);
    worker->counts = timer_new(worker->loop, on_counts_due, worker);
    timer_set(worker->counts, 0);
    return true;
}

static void begin(struct worker *worker)
{
    static const int ends[] = {SIGTERM};
    struct store_options options;
    setup_store_options(worker->start->setup, worker->start->private_address, &options);
    metrics_use(worker->start->slot);
    worker->loop = loop_new();
    worker->signals = signals_new(worker->loop, ends, 1, on_signal, worker);
    worker->store = store_new(worker->loop, &options);
    worker->drain = timer_new(worker->loop, on_drain_look, worker);
    worker->beat = timer_new(worker->loop, on_beat, worker);
    worker->control = event_new(loop_base(worker->loop), worker->start->control_fd,
                                EV_READ | EV_PERSIST, on_control, worker);
    event_add(worker->control, NULL);
    worker->start->slot->store_health = STORE_CONNECTING;
}

/* From the outside in: the store answers every question that is still open, those who asked are there to hear it, and only then they go. */
static void end(struct worker *worker)
{
    forward_abandon(worker->forward);
    sweep_stop(worker->sweep);
    store_free(&worker->store);
    loop_flush(worker->loop);
    for (size_t i = 0; i < worker->listener_count; i++) {
        listener_free(&worker->listeners[i]);
    }
    web_free(&worker->web);
    sweep_free(&worker->sweep);
    forward_free(&worker->forward);
    timer_free(&worker->counts);
    timer_free(&worker->beat);
    timer_free(&worker->drain);
    event_free(worker->control);
    signals_free(&worker->signals);
    loop_free(&worker->loop);
}

int worker_run(const struct worker_start *start)
{
    struct worker worker = {.start = start};
    struct err err = {""};
    begin(&worker);
    /* whoever is served before the store is found would be told 503 although the generation before could have stored it */
    (void)!store_wait(worker.store, clock_mono_ms() + STORE_WAIT_MS, &err);
    if (worker.drain_until_ms > 0) {
        end(&worker);
        return 0;
    }
    bool fits = start->kind == WORKER_WEB ? begin_web(&worker, &err) : begin_forward(&worker, &err);
    if (!fits) {
        log_event(LOG_LEVEL_ERROR, "worker", "why=%s", err.text);
        return WORKER_CONFIG_EXIT;
    }
    on_beat(&worker);
    child_say_ready(start->control_fd);
    loop_run(worker.loop);
    end(&worker);
    return 0;
}
