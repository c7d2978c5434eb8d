/*
 * master.h - `mashang serve`: one process that reads the configuration, keeps the sockets, and looks after all others.
 *
 *   lock data folder ─► load ─► sockets ─► private Redis ─► generation of workers ─► ready
 *        SIGHUP: load beside ─► new generation on the same sockets ─► ready ─► old one drains      │ a fault: the old one stays, and says why
 *        SIGTERM, SIGINT: 503 on /readyz ─► web workers drain ─► forward worker ─► Redis ─► exit 0
 */
#ifndef SUPERVISE_MASTER_H
#define SUPERVISE_MASTER_H

#include "base/err.h"
#include "base/options.h"

struct master_start {
    const char *file; /* configuration, or NULL */
    const struct option_flag *flags;
    size_t flag_count;
};

/* Blocks until everything has ended. Returns the exit code: 0 stopped, 1 failed, 78 wrong configuration. */
int master_run(const struct master_start *start);

#endif
