#include "supervise/signals.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

struct signals {
    int fd;
    struct event *readable;
    signals_fn *fn;
    void *arg;
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct signals *signals = arg;
    struct signalfd_siginfo info;
    (void)what;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        signals->fn(signals->arg, (int)info.ssi_signo);
    }
}

struct signals *signals_new(struct loop *loop, const int *list, size_t count, signals_fn *fn,
                            void *arg)
{
    struct signals *signals = mem_alloc(sizeof *signals);
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) {
        sigaddset(&set, list[i]);
    }
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    signals->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK(signals->fd >= 0);
    signals->fn = fn;
    signals->arg = arg;
    signals->readable = event_new(loop_base(loop), signals->fd, EV_READ | EV_PERSIST, on_readable,
                                  signals);
    CHECK(signals->readable != NULL && event_add(signals->readable, NULL) == 0);
    return signals;
}

void signals_free(struct signals **signals)
{
    struct signals *gone = *signals;
    if (gone != NULL) {
        event_free(gone->readable);
        close(gone->fd);
        free(gone);
        *signals = NULL;
    }
}

void signals_reset(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int i = 1; i < SIGRTMIN; i++) {
        if (i != SIGKILL && i != SIGSTOP) {
            signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL);
        }
    }
    sigprocmask(SIG_SETMASK, &none, NULL);
}
