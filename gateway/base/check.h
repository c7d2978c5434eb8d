/*
 * check.h - bugs end the process.
 *
 * A broken promise between two pieces of our own code is a bug: CHECK says where and aborts; the master starts the
 * worker anew. What the outside does wrong (a visitor, Redis, the monitoring system) is never a CHECK.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <stddef.h>

#define MUST_CHECK                       __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_failed(#condition, __FILE__, __LINE__);                                          \
        }                                                                                          \
    } while (0)

/* Every object that passes through a `void *` begins with `unsigned magic`. */
#define CHECK_OBJ(object, expected) CHECK((object) != NULL && (object)->magic == (expected))

_Noreturn void check_failed(const char *condition, const char *file, int line);

#endif
