/*
 * signals.h - signals as readable events on a loop (signalfd), so that nothing runs inside a signal handler and a fork
 * inherits no handler of ours.
 */
#ifndef SUPERVISE_SIGNALS_H
#define SUPERVISE_SIGNALS_H

#include <stddef.h>

#include "net/loop.h"

struct signals;

typedef void signals_fn(void *arg, int signal);

/* The listed signals are blocked for the process and handed to fn, in the loop. */
struct signals *signals_new(struct loop *loop, const int *list, size_t count, signals_fn *fn,
                            void *arg);
void signals_free(struct signals **signals);

/* After a fork: all blocked signals open again with their default action; SIGPIPE stays ignored. */
void signals_reset(void);

#endif
