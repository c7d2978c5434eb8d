/*
 * admin.h - the listener for machines that watch: /livez, /readyz, /metrics. It lives in the master, so that it answers while workers die.
 *
 * /readyz: 503 before all workers stand and while draining; else 200, `ready` or one line `degraded: PART why` for each part that is down
 * (the form is served all the same), then `warning: PART why` for what works and is wrong all the same. /metrics: Prometheus text format 0.0.4, prefix mashang_.
 */
#ifndef SUPERVISE_ADMIN_H
#define SUPERVISE_ADMIN_H

#include "base/err.h"
#include "net/loop.h"
#include "supervise/generation.h"
#include "supervise/shared.h"

struct admin_state {
    bool draining;
    bool ready;        /* has been ready once */
    int year_unlisted; /* the year whose calendar file is missing (calendar_year_missing); else 0 */
    struct generation_state workers;
    uint64_t restarts, killed, redis_restarts, reloads, reloads_refused;
    int64_t started_wall_ms;
};

struct admin;

typedef void admin_state_fn(void *arg, struct admin_state *ret);

struct admin *admin_new(struct loop *loop, const char *address, const struct shared *shared,
                        admin_state_fn *state, void *arg, struct err *err) MUST_CHECK;
void admin_free(struct admin **admin);

/* The texts alone. */
void admin_metrics(const struct shared *shared, const struct admin_state *state, struct buf *to);
int admin_readyz(const struct shared *shared, const struct admin_state *state,
                 struct buf *to); /* the status */

#endif
