/*
 * master_inside.h - the master's state, for master.c and reload.c only.
 */
#ifndef SUPERVISE_MASTER_INSIDE_H
#define SUPERVISE_MASTER_INSIDE_H

#include "supervise/admin.h"
#include "supervise/generation.h"
#include "supervise/master.h"
#include "supervise/private_redis.h"
#include "supervise/signals.h"

enum { GENERATIONS_MAX = 4 };

enum master_phase {
    MASTER_STARTING,
    MASTER_SERVING,
    MASTER_DRAINING_WEB,
    MASTER_DRAINING_FORWARD,
    MASTER_ENDED
};

struct master {
    const struct master_start *start;
    struct loop *loop;
    struct signals *signals;
    struct shared *shared;
    struct sockets sockets[DOORS];
    struct admin *admin;
    struct private_redis *redis; /* NULL: an external one */
    struct generation *current;
    struct generation *coming;                   /* a reload that is not ready yet */
    struct generation *leaving[GENERATIONS_MAX]; /* draining after a reload */
    bool reload_again; /* asked for while one was under way: what it loaded may be old already */
    enum master_phase phase;
    struct timer *tick;     /* each second */
    struct timer *deadline; /* of the present phase of stopping */
    int64_t last_tick_ms;
    uint64_t restarts_before, killed_before; /* of generations that are gone */
    uint64_t reloads, reloads_refused;
    int64_t started_wall_ms;
    int lock_fd;
    int exit_code;
};

/* master.c, for reload.c */
size_t master_workers(const struct options *options);
bool master_open_doors(struct master *master, const struct options *options,
                       struct err *err) MUST_CHECK; /* what is missing for all workers */
void master_host(struct master *master, struct generation_host *ret);
void master_forget(struct master *master, struct generation **generation); /* an empty one */

/* reload.c */
void reload_begin(struct master *master);
/* A coming or leaving generation has changed. */
void reload_on_changed(struct master *master, struct generation *generation);
void reload_log_level(const struct options *options);
/* Loads options and everything they name. NULL: *err says why, 78 is the exit code. */
struct setup *reload_load(const struct master_start *start, struct err *err) MUST_CHECK;

#endif
