#include "http/deadlines.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

void deadlines_init(struct deadlines *deadlines)
{
    for (int kind = 0; kind < WAIT_KINDS; kind++) {
        struct deadline *head = &deadlines->lists[kind];
        *head = (struct deadline){.before = head, .after = head};
    }
}

void deadline_clear(struct deadline *deadline)
{
    if (deadline->kind != WAIT_NONE) {
        deadline->before->after = deadline->after;
        deadline->after->before = deadline->before;
        deadline->kind = WAIT_NONE;
    }
}

void deadline_set(struct deadlines *deadlines, struct deadline *deadline, enum wait kind,
                  int64_t due_ms)
{
    CHECK(kind > WAIT_NONE && kind < WAIT_KINDS);
    deadline_clear(deadline);
    struct deadline *head = &deadlines->lists[kind];
    deadline->kind = kind;
    deadline->due_ms = due_ms;
    deadline->before = head->before;
    deadline->after = head;
    head->before->after = deadline;
    head->before = deadline;
}

struct deadline *deadlines_first(struct deadlines *deadlines, enum wait kind)
{
    return deadlines_next(deadlines, &deadlines->lists[kind]);
}

struct deadline *deadlines_next(struct deadlines *deadlines, const struct deadline *deadline)
{
    struct deadline *after = deadline->after;
    bool is_head = after >= deadlines->lists && after < deadlines->lists + WAIT_KINDS;
    return is_head ? NULL : after;
}

static struct deadline *first_due(struct deadline *head, int64_t now_ms, bool ordered)
{
    for (struct deadline *at = head->after; at != head; at = at->after) {
        if (at->due_ms <= now_ms) {
            return at;
        }
        if (ordered) {
            break;
        }
    }
    return NULL;
}

struct deadline *deadlines_take_due(struct deadlines *deadlines, int64_t now_ms,
                                    enum wait *ret_kind)
{
    for (enum wait kind = WAIT_HEAD; kind < WAIT_KINDS; kind++) {
        struct deadline *due = first_due(&deadlines->lists[kind], now_ms, kind != WAIT_WRITE);
        if (due != NULL) {
            *ret_kind = kind;
            deadline_clear(due);
            return due;
        }
    }
    return NULL;
}
