#include "supervise/master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "flow/served.h"
#include "supervise/folder_lock.h"
#include "supervise/master_inside.h"

enum { EXIT_FAILED = 1, EXIT_CONFIG = 78 };
/* A tick that comes later than this was not the workers' fault: the whole machine stood still. */
enum { TICK_MS = 1000, TICK_LATE_MS = 2500 };
/* In all below the 10 s of the contract. */
enum { WEB_STOP_MS = 7500, FORWARD_STOP_MS = 1000, KILL_WAIT_MS = 300 };

static signals_fn on_signal;
static loop_fn on_tick;
static loop_fn on_deadline;
static loop_fn on_all_gone;
static admin_state_fn on_admin_asks;
static void on_changed(void *arg, struct generation *generation);
static void advance(struct master *master);

size_t master_workers(const struct options *options)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = options->listen.workers > 0 ? (size_t)options->listen.workers
                                               : (size_t)(cores > 0 ? cores : 1);
    return count < SOCKETS_MAX ? count : SOCKETS_MAX;
}

bool master_open_doors(struct master *master, const struct options *options, struct err *err)
{
    size_t workers = master_workers(options);
    if (!sockets_open(&master->sockets[DOOR_PUBLIC], options->listen.http, workers, err)) {
        return err_prefix(err, "listen.http: ");
    }
    return sockets_open(&master->sockets[DOOR_OFFICE], options->listen.office, workers, err) ||
           err_prefix(err, "listen.office: ");
}

static void close_doors(struct master *master)
{
    for (enum door door = 0; door < DOORS; door++) {
        sockets_close(&master->sockets[door]);
    }
}

void master_host(struct master *master, struct generation_host *ret)
{
    *ret = (struct generation_host){
        .loop = master->loop,
        .shared = master->shared,
        .sockets = master->sockets,
        .private_address = master->redis ? private_redis_address(master->redis) : "",
        .changed = on_changed,
        .arg = master,
    };
}

void master_forget(struct master *master, struct generation **generation)
{
    struct generation_state state;
    generation_state(*generation, &state);
    master->restarts_before += state.restarts;
    master->killed_before += state.killed;
    generation_free(generation);
}

static void for_each(struct master *master, void (*act)(struct generation *generation))
{
    struct generation *all[GENERATIONS_MAX + 2] = {master->current, master->coming};
    memcpy(&all[2], master->leaving, sizeof master->leaving);
    for (size_t i = 0; i < GENERATIONS_MAX + 2; i++) {
        if (all[i] != NULL) {
            act(all[i]);
        }
    }
}

static void watch(struct generation *generation)
{
    generation_watch(generation, clock_mono_ms());
}

static void stop_web(struct generation *generation)
{
    generation_stop(generation, WORKER_WEB);
}

static void stop_forward(struct generation *generation)
{
    generation_stop(generation, WORKER_FORWARD);
}

static size_t alive(struct master *master, enum worker_kind kind)
{
    struct generation *all[GENERATIONS_MAX + 2] = {master->current, master->coming};
    size_t count = 0;
    memcpy(&all[2], master->leaving, sizeof master->leaving);
    for (size_t i = 0; i < GENERATIONS_MAX + 2; i++) {
        struct generation_state state;
        if (all[i] != NULL) {
            generation_state(all[i], &state);
            count += kind == WORKER_WEB ? state.web_alive : state.forward_alive;
        }
    }
    return count;
}

static void begin_stop(struct master *master)
{
    if (master->phase > MASTER_SERVING) {
        return;
    }
    master->phase = MASTER_DRAINING_WEB;
    log_event(LOG_LEVEL_INFO, "stopping", "phase=web");
    sd_notify(0, "STOPPING=1\nSTATUS=finishing what is in flight");
    close_doors(master);
    for_each(master, stop_web);
    timer_set(master->deadline, WEB_STOP_MS);
    advance(master);
}

/* Each phase of stopping ends when its last process is gone. */
static void advance(struct master *master)
{
    if (master->phase == MASTER_DRAINING_WEB && alive(master, WORKER_WEB) == 0) {
        master->phase = MASTER_DRAINING_FORWARD;
        log_event(LOG_LEVEL_INFO, "stopping", "phase=forward");
        for_each(master, stop_forward);
        timer_set(master->deadline, FORWARD_STOP_MS);
    }
    if (master->phase == MASTER_DRAINING_FORWARD && alive(master, WORKER_FORWARD) == 0) {
        master->phase = MASTER_ENDED;
        timer_stop(master->deadline);
        loop_later(master->loop, on_all_gone, master);
    }
}

/* Behind whatever the generations have still to tell: they are freed when the loop has ended. */
static void on_all_gone(void *arg)
{
    const struct master *master = arg;
    loop_stop(master->loop);
}

static void on_deadline(void *arg)
{
    struct master *master = arg;
    log_event(LOG_LEVEL_WARNING, "stopping", "why=time is up, killing what is left");
    for_each(master, generation_kill);
    timer_set(master->deadline, KILL_WAIT_MS);
}

static void begin_serving(struct master *master)
{
    const struct options *options = &generation_setup(master->current)->options;
    master->phase = MASTER_SERVING;
    log_event(LOG_LEVEL_INFO, "ready", "http=%s office=%s admin=%s workers=%zu took_ms=%lld",
              options->listen.http, options->listen.office, options->listen.admin,
              master_workers(options), (long long)(clock_wall_ms() - master->started_wall_ms));
    sd_notify(0, "READY=1\nSTATUS=serving");
}

static void on_changed(void *arg, struct generation *generation)
{
    struct master *master = arg;
    struct generation_state state;
    if (master->phase > MASTER_SERVING) {
        advance(master);
        return;
    }
    if (generation != master->current) {
        reload_on_changed(master, generation);
        return;
    }
    generation_state(generation, &state);
    if (master->phase == MASTER_STARTING && state.failed) {
        master->exit_code = EXIT_CONFIG;
        begin_stop(master);
    } else if (master->phase == MASTER_STARTING && state.ready) {
        begin_serving(master);
    }
}

static void on_signal(void *arg, int signal)
{
    struct master *master = arg;
    if (signal == SIGCHLD) {
        for_each(master, generation_reap);
        if (master->redis != NULL) {
            private_redis_reap(master->redis);
        }
    } else if (signal == SIGHUP) {
        reload_begin(master);
    } else {
        begin_stop(master);
    }
}

static void on_tick(void *arg)
{
    struct master *master = arg;
    int64_t now_ms = clock_mono_ms();
    if (now_ms - master->last_tick_ms < TICK_LATE_MS) {
        for_each(master, watch);
    }
    master->last_tick_ms = now_ms;
    sd_notify(0, "WATCHDOG=1");
    timer_set(master->tick, TICK_MS);
}

/* Asked anew each time: the year ends while the gateway runs. */
static int year_unlisted(const struct setup *setup)
{
    return calendar_year_missing(setup->calendar, date_of_ms(clock_wall_ms()));
}

static void on_admin_asks(void *arg, struct admin_state *ret)
{
    const struct master *master = arg;
    *ret = (struct admin_state){
        .draining = master->phase > MASTER_SERVING,
        .ready = master->phase == MASTER_SERVING,
        .restarts = master->restarts_before,
        .killed = master->killed_before,
        .redis_restarts = master->redis ? private_redis_restarts(master->redis) : 0,
        .reloads = master->reloads,
        .reloads_refused = master->reloads_refused,
        .started_wall_ms = master->started_wall_ms,
    };
    if (master->current != NULL) {
        ret->year_unlisted = year_unlisted(generation_setup(master->current));
        generation_state(master->current, &ret->workers);
        ret->restarts += ret->workers.restarts;
        ret->killed += ret->workers.killed;
    }
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A core file holds keys and what people typed; our children inherit it, Redis too. Only the soft limit: prlimit can raise it for a search. */
static void refuse_cores(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        (void)setrlimit(RLIMIT_CORE, &limit);
    }
}

static void begin_loop(struct master *master)
{
    static const int watched[] = {SIGCHLD, SIGHUP, SIGTERM, SIGINT};
    master->loop = loop_new();
    master->signals = signals_new(master->loop, watched, sizeof watched / sizeof watched[0],
                                  on_signal, master);
    master->shared = shared_new();
    master->tick = timer_new(master->loop, on_tick, master);
    master->deadline = timer_new(master->loop, on_deadline, master);
    master->last_tick_ms = clock_mono_ms();
    timer_set(master->tick, TICK_MS);
}

/* What must be open before the workers are forked. The order of the errors is the order in which an operator would mend them. */
static bool open_all(struct master *master, const struct setup *setup, struct err *err)
{
    const struct options *options = &setup->options;
    master->lock_fd = folder_lock(options->redis.data_dir, err);
    if (master->lock_fd < 0 || !served_keep(setup, err)) {
        return false;
    }
    if (!master_open_doors(master, options, err)) {
        return false;
    }
    if (options->listen.admin[0] != '\0') {
        master->admin = admin_new(master->loop, options->listen.admin, master->shared,
                                  on_admin_asks, master, err);
        if (master->admin == NULL) {
            return false;
        }
    }
    if (strcmp(options->redis.url, "private:") == 0) {
        master->redis = private_redis_start(master->loop, options->redis.data_dir,
                                            options->redis.server, err);
        return master->redis != NULL;
    }
    return true;
}

static void close_all(struct master *master)
{
    for (size_t i = 0; i < GENERATIONS_MAX; i++) {
        if (master->leaving[i] != NULL) {
            master_forget(master, &master->leaving[i]);
        }
    }
    generation_free(&master->coming);
    generation_free(&master->current);
    private_redis_stop(&master->redis);
    admin_free(&master->admin);
    close_doors(master);
    timer_free(&master->tick);
    timer_free(&master->deadline);
    signals_free(&master->signals);
    shared_free(&master->shared);
    loop_free(&master->loop);
    if (master->lock_fd >= 0) {
        close(master->lock_fd);
    }
}

int master_run(const struct master_start *start)
{
    struct master master = {.start = start, .lock_fd = -1, .started_wall_ms = clock_wall_ms()};
    struct err err = {""};
    refuse_cores();
    struct setup *setup = reload_load(start, &err);
    if (setup == NULL) {
        fprintf(stderr, "mashang: %s\n", err.text);
        return EXIT_CONFIG;
    }
    reload_log_level(&setup->options);
    raise_descriptors();
    begin_loop(&master);
    if (!open_all(&master, setup, &err)) {
        fprintf(stderr, "mashang: %s\n", err.text);
        setup_free(&setup);
        close_all(&master);
        return EXIT_FAILED;
    }
    struct generation_host host;
    master_host(&master, &host);
    master.current = generation_start(&host, setup, master_workers(&setup->options));
    loop_run(master.loop);
    close_all(&master);
    log_event(LOG_LEVEL_INFO, "stopped", "code=%d", master.exit_code);
    return master.exit_code;
}
