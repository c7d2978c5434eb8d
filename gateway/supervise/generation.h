/*
 * generation.h - the workers that serve one loaded state: N web workers and one forward worker.
 *
 *   start ─► every worker ready ─► serving ──stop web──► drained ──stop forward──► empty
 *                 │ one ends with 78 before                 ▲ a crash while serving: a successor at once,
 *                 └─► failed: this state cannot be served   │ from the third in 10 s after a pause
 *
 * A reload starts a second generation on the same sockets and stops the first.
 */
#ifndef SUPERVISE_GENERATION_H
#define SUPERVISE_GENERATION_H

#include "flow/setup.h"
#include "net/loop.h"
#include "supervise/shared.h"
#include "supervise/sockets.h"
#include "supervise/worker.h"

struct generation;

struct generation_host {
    struct loop *loop;
    struct shared *shared;
    const struct sockets *sockets; /* DOORS of them */
    const char *private_address;
    /* A change: ready, failed or emptier. Called in the loop, never inside the functions below. */
    void (*changed)(void *arg, struct generation *generation);
    void *arg;
};

struct generation_state {
    bool ready;      /* all have been ready once */
    bool failed;     /* one ended with 78 before that */
    size_t web;      /* wanted */
    size_t web_up;   /* ready now */
    bool forward_up; /* ready now */
    size_t web_alive, forward_alive;
    uint64_t restarts, killed;
};

/* Takes the setup over. */
struct generation *generation_start(const struct generation_host *host, struct setup *take_setup,
                                    size_t web_workers);
/* Only when empty. */
void generation_free(struct generation **generation);
void generation_state(const struct generation *generation, struct generation_state *ret);
const struct setup *generation_setup(const struct generation *generation);

void generation_reap(struct generation *generation);                  /* after SIGCHLD */
void generation_watch(struct generation *generation, int64_t now_ms); /* each second: heartbeats */
/* SIGTERM, and no successors any more. */
void generation_stop(struct generation *generation, enum worker_kind kind);
void generation_kill(struct generation *generation);

#endif
