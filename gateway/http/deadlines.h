/*
 * deadlines.h - absolute deadlines of many connections without a timer each: one list per kind, walked a few times a second.
 *
 * Within a kind all waits are equally long, so its list is in order of time; only writes differ, and few connections are blocked in writing.
 */
#ifndef HTTP_DEADLINES_H
#define HTTP_DEADLINES_H

#include <stdint.h>

enum wait { WAIT_NONE, WAIT_HEAD, WAIT_BODY, WAIT_IDLE, WAIT_WRITE, WAIT_LINGER, WAIT_KINDS };

/* Embedded in what waits; zeroed is WAIT_NONE. */
struct deadline {
    struct deadline *before, *after;
    int64_t due_ms;
    enum wait kind;
};

struct deadlines {
    struct deadline lists[WAIT_KINDS]; /* heads of circular lists */
};

void deadlines_init(struct deadlines *deadlines);
void deadline_set(struct deadlines *deadlines, struct deadline *deadline, enum wait kind,
                  int64_t due_ms); /* replaces an earlier one */
void deadline_clear(struct deadline *deadline);
/* Of one kind the one that waits longest, or the next after that one; NULL when there is none. */
struct deadline *deadlines_first(struct deadlines *deadlines, enum wait kind);
struct deadline *deadlines_next(struct deadlines *deadlines, const struct deadline *deadline);
/* Takes one that is due off its list; NULL when there is none. Its kind is then in *ret_kind. */
struct deadline *deadlines_take_due(struct deadlines *deadlines, int64_t now_ms,
                                    enum wait *ret_kind);

#endif
