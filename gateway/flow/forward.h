/*
 * forward.h - events to the monitoring system (contract §8): reserve ≤ window → fetch → verdict → settle. Runs in the forward worker only.
 *
 *          ┌────────────── wake (something was put) / next due ──────────────┐
 *   reserve batch ─► open seal ─► shape (CloudEvent | template) ─► sign ─► fetch ─► verdict ─► settle (once per loop turn)
 *      ▲                                                                     │ misconfigured
 *      └──────── breaker half-open: one event as a probe ◄── breaker_open_ms ┘
 */
#ifndef FLOW_FORWARD_H
#define FLOW_FORWARD_H

#include "flow/setup.h"
#include "net/loop.h"

struct forward;

/* Reads secrets, maps and templates of [upstream]; faults name file and key. Without url: everything stays held. */
struct forward *forward_new(struct loop *loop, const struct setup *setup, struct store *store,
                            struct err *err) MUST_CHECK;
void forward_stop(struct forward *forward); /* reserves no more; what is in flight ends */
bool forward_idle(const struct forward *forward);
/* What is in flight ends now and is not settled: its lease brings it back. Before the store is freed; forward_free comes after it, since what was
 * asked of the store still answers here. NULL is allowed. */
void forward_abandon(struct forward *forward);
void forward_free(struct forward **forward);
/* The same reading without a loop, and one sample of each kind of [forward] events through it; a template that does not tell one from any other is warned of. */
bool forward_check(struct setup *setup, struct err *err) MUST_CHECK;

/* `mashang upstream try [--event KIND] [--send]`: prints the exact request for a sample report (secrets masked) and, when sent, the verdict. kind: one of sample_kinds.
 * Returns an exit code. */
int forward_try(const struct setup *setup, const char *kind, bool send, bool json);

#endif
