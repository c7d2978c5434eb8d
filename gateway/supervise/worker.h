/*
 * worker.h - what a child process does: serve farmers and the office (web), or send events on and sweep (forward).
 *
 *   loop ─► store ─► web or forward, sweep ─► listener ─► ready ─► … ─► SIGTERM: accept no more ─► drain ─► exit 0
 */
#ifndef SUPERVISE_WORKER_H
#define SUPERVISE_WORKER_H

#include "flow/setup.h"
#include "supervise/shared.h"
#include "supervise/sockets.h"

enum worker_kind { WORKER_WEB, WORKER_FORWARD };

struct worker_start {
    enum worker_kind kind;
    const struct setup *setup;
    const char *private_address; /* of the private Redis, or "" */
    struct shared *shared;
    struct metrics_slot *slot;
    int listen_fds[DOORS]; /* web; -1: there is no such door */
    int control_fd;
};

enum { WORKER_DRAIN_MS = 7000, WORKER_CONFIG_EXIT = 78 };

/* Runs until SIGTERM or until the master is gone. Returns the exit code. */
int worker_run(const struct worker_start *start);

#endif
