/*
 * loop.h - one libevent loop per process: timers, work after the turn, stopping.
 *
 * Made after the fork. What is finished is freed after the loop turn (loop_later), never inside a library's callback.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop;
struct timer;

typedef void loop_fn(void *arg);

struct loop *loop_new(void);
void loop_free(struct loop **loop);
struct event_base *loop_base(struct loop *loop);
void loop_run(struct loop *loop); /* until loop_stop */
void loop_stop(struct loop *loop);
int64_t loop_now_ms(struct loop *loop); /* monotonic, cached per turn */
/* Runs fn once, after the present turn, in order. */
void loop_later(struct loop *loop, loop_fn *fn, void *arg);
/* Outside loop_run: what is booked runs now. For an orderly end, while those who booked it are still there. */
void loop_flush(struct loop *loop);
uint64_t loop_turns(const struct loop *loop); /* heartbeat */

/* One-shot unless armed again; timer_set replaces an earlier time. */
struct timer *timer_new(struct loop *loop, loop_fn *fn, void *arg);
void timer_set(struct timer *timer, int64_t delay_ms);
void timer_stop(struct timer *timer);
void timer_free(struct timer **timer); /* allowed inside its own callback */

#endif
