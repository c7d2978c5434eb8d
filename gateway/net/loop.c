#include "net/loop.h"

#include <stdlib.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

enum { LOOP_MAGIC = 0x4c6f6f70, TIMER_MAGIC = 0x54696d65 };

struct later {
    loop_fn *fn;
    void *arg;
};

struct laters {
    struct later *at;
    size_t count;
    size_t room;
};

struct loop {
    unsigned magic;
    struct event_base *base;
    struct laters waiting; /* for after this turn */
    struct laters running; /* its memory is kept from turn to turn */
    uint64_t turns;
    int64_t now_ms; /* 0: not asked in this turn */
    bool in_run;
    bool stopping;
};

struct timer {
    unsigned magic;
    loop_fn *fn;
    void *arg;
    int64_t due_ms;
    struct event event;
};

static void run_laters(struct loop *loop)
{
    struct laters batch = loop->waiting;
    loop->waiting = loop->running;
    loop->running = batch;
    for (size_t i = 0; i < batch.count; i++) {
        batch.at[i].fn(batch.at[i].arg);
    }
    loop->running.count = 0;
}

struct loop *loop_new(void)
{
    struct event_config *config = event_config_new();
    CHECK(config != NULL);
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct loop *loop = mem_alloc(sizeof *loop);
    loop->magic = LOOP_MAGIC;
    loop->base = event_base_new_with_config(config);
    CHECK(loop->base != NULL);
    event_config_free(config);
    return loop;
}

void loop_flush(struct loop *loop)
{
    CHECK(!loop->in_run);
    while (loop->waiting.count > 0) {
        run_laters(loop);
    }
}

void loop_free(struct loop **loop)
{
    struct loop *gone = *loop;
    if (gone == NULL) {
        return;
    }
    CHECK_OBJ(gone, LOOP_MAGIC);
    loop_flush(gone); /* what was to be freed after a turn that never comes */
    event_base_free(gone->base);
    free(gone->waiting.at);
    free(gone->running.at);
    gone->magic = 0;
    free(gone);
    *loop = NULL;
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

void loop_run(struct loop *loop)
{
    CHECK_OBJ(loop, LOOP_MAGIC);
    CHECK(!loop->in_run);
    loop->in_run = true;
    while (!loop->stopping) {
        int wait = loop->waiting.count > 0 ? EVLOOP_NONBLOCK : 0;
        loop->now_ms = 0;
        CHECK(event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY | wait) >= 0);
        run_laters(loop);
        loop->turns++;
    }
    loop->stopping = false;
    loop->in_run = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}

/* Read when first asked in a turn: at that moment the wait for events is over. */
int64_t loop_now_ms(struct loop *loop)
{
    if (loop->now_ms == 0 || !loop->in_run) {
        loop->now_ms = clock_mono_ms();
    }
    return loop->now_ms;
}

void loop_later(struct loop *loop, loop_fn *fn, void *arg)
{
    struct laters *laters = &loop->waiting;
    if (laters->count == laters->room) {
        laters->room = laters->room ? laters->room * 2 : 64;
        laters->at = mem_resize(laters->at, laters->room, sizeof laters->at[0]);
    }
    laters->at[laters->count++] = (struct later){fn, arg};
}

uint64_t loop_turns(const struct loop *loop)
{
    return loop->turns;
}

static void arm(struct timer *timer, int64_t delay_ms)
{
    struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
    CHECK(event_add(&timer->event, &delay) == 0);
}

/* libevent counts on a coarse clock and may come some milliseconds early: then the rest is waited for. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct timer *timer = arg;
    (void)fd;
    (void)what;
    CHECK_OBJ(timer, TIMER_MAGIC);
    int64_t left_ms = timer->due_ms - clock_mono_ms();
    if (left_ms > 0) {
        arm(timer, left_ms);
        return;
    }
    timer->fn(timer->arg);
}

struct timer *timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
    CHECK_OBJ(loop, LOOP_MAGIC);
    struct timer *timer = mem_alloc(sizeof *timer);
    timer->magic = TIMER_MAGIC;
    timer->fn = fn;
    timer->arg = arg;
    CHECK(evtimer_assign(&timer->event, loop->base, on_timer, timer) == 0);
    return timer;
}

void timer_set(struct timer *timer, int64_t delay_ms)
{
    CHECK_OBJ(timer, TIMER_MAGIC);
    delay_ms = delay_ms > 0 ? delay_ms : 0;
    timer->due_ms = clock_mono_ms() + delay_ms;
    arm(timer, delay_ms);
}

void timer_stop(struct timer *timer)
{
    CHECK_OBJ(timer, TIMER_MAGIC);
    event_del(&timer->event);
}

void timer_free(struct timer **timer)
{
    if (*timer != NULL) {
        CHECK_OBJ(*timer, TIMER_MAGIC);
        event_del(&(*timer)->event);
        (*timer)->magic = 0;
        free(*timer);
        *timer = NULL;
    }
}
