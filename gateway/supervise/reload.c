/*
 *   SIGHUP ─► load beside the old ─► may it be swapped? ─► sockets ─► coming generation ─► all ready ─► current; the old one leaves
 *                  │ no                   │ no                            │ one cannot serve it
 *                  └──────────────────────┴───────────────────────────────┴─► the old one stays; log and status say why
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "flow/forward.h"
#include "flow/served.h"
#include "supervise/master_inside.h"

struct setup *reload_load(const struct master_start *start, struct err *err)
{
    struct options options;
    if (!options_load(&options, start->file, start->flags, start->flag_count, err)) {
        return NULL;
    }
    struct setup *setup = setup_load(&options, err);
    if (setup != NULL && !forward_check(setup, err)) {
        setup_free(&setup);
    }
    for (size_t i = 0; setup != NULL && i < setup->warning_count; i++) {
        log_event(LOG_LEVEL_WARNING, "setup", "what=%s", setup->warnings[i]);
    }
    return setup;
}

/* What the master itself holds open cannot be exchanged under way. */
static bool may_swap(const struct options *was, const struct options *is, struct err *err)
{
    const struct {
        const char *key, *was, *is;
    } fixed[] = {{"listen.http", was->listen.http, is->listen.http},
                 {"listen.office", was->listen.office, is->listen.office},
                 {"listen.admin", was->listen.admin, is->listen.admin},
                 {"redis.data_dir", was->redis.data_dir, is->redis.data_dir}};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (strcmp(fixed[i].was, fixed[i].is) != 0) {
            return err_set(err, "%s: cannot change by a reload, restart instead", fixed[i].key);
        }
    }
    bool private_was = strcmp(was->redis.url, "private:") == 0;
    bool private_is = strcmp(is->redis.url, "private:") == 0;
    return private_was == private_is ||
           err_set(err, "redis.url: private: cannot come or go by a reload, restart instead");
}

/* Down to what the current generation needs. */
static void trim_doors(struct master *master)
{
    size_t workers = master_workers(&generation_setup(master->current)->options);
    for (enum door door = 0; door < DOORS; door++) {
        sockets_trim(&master->sockets[door], workers);
    }
}

static void refuse(struct master *master, const char *why)
{
    trim_doors(master);
    master->reloads_refused++;
    log_event(LOG_LEVEL_ERROR, "reload", "kept=old why=%s", why);
    sd_notifyf(0, "READY=1\nSTATUS=reload refused, the old state stays: %s", why);
}

static size_t free_place(const struct master *master)
{
    size_t at = 0;
    while (at < GENERATIONS_MAX && master->leaving[at] != NULL) {
        at++;
    }
    return at;
}

void reload_begin(struct master *master)
{
    struct err err = {""};
    if (master->phase != MASTER_SERVING) {
        log_event(LOG_LEVEL_WARNING, "reload", "kept=old why=not serving");
        return;
    }
    master->reload_again = master->coming != NULL || free_place(master) == GENERATIONS_MAX;
    if (master->reload_again) {
        log_event(LOG_LEVEL_INFO, "reload", "waits=1 why=earlier reloads are still under way");
        return;
    }
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_ms() * 1000);
    struct setup *setup = reload_load(master->start, &err);
    const struct options *was = &generation_setup(master->current)->options;
    if (setup == NULL) {
        refuse(master, err.text);
        return;
    }
    if (!may_swap(was, &setup->options, &err) || !served_keep(setup, &err) ||
        !master_open_doors(master, &setup->options, &err)) {
        setup_free(&setup);
        refuse(master, err.text);
        return;
    }
    struct generation_host host;
    master_host(master, &host);
    master->coming = generation_start(&host, setup, master_workers(&setup->options));
}

void reload_log_level(const struct options *options)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(options->log.level, names[i]) == 0) {
            log_level_set((enum log_level)i);
        }
    }
}

static void swap(struct master *master)
{
    size_t free_at = free_place(master);
    CHECK(free_at < GENERATIONS_MAX); /* reload_begin has looked */
    master->leaving[free_at] = master->current;
    generation_stop(master->current, WORKER_WEB);
    generation_stop(master->current, WORKER_FORWARD);
    master->current = master->coming;
    master->coming = NULL;
    master->reloads++;
    trim_doors(master);
    reload_log_level(&generation_setup(master->current)->options);
    log_event(LOG_LEVEL_INFO, "reload", "done=%llu", (unsigned long long)master->reloads);
    sd_notify(0, "READY=1\nSTATUS=serving");
}

static void step(struct master *master, struct generation *generation)
{
    struct generation_state state;
    generation_state(generation, &state);
    bool empty = state.web_alive + state.forward_alive == 0;
    for (size_t i = 0; i < GENERATIONS_MAX; i++) {
        if (master->leaving[i] == generation && empty) {
            master_forget(master, &master->leaving[i]);
            return;
        }
    }
    if (master->coming != generation) {
        return;
    }
    if (state.failed && !empty) {
        generation_kill(generation);
    } else if (state.failed) {
        refuse(master, "the workers could not begin with it, see the log");
        master_forget(master, &master->coming);
    } else if (state.ready) {
        swap(master);
    }
}

void reload_on_changed(struct master *master, struct generation *generation)
{
    step(master, generation);
    if (master->reload_again && master->coming == NULL && free_place(master) < GENERATIONS_MAX) {
        reload_begin(master);
    }
}
