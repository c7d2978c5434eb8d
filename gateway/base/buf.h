/*
 * buf.h - a growing byte buffer with a cap from birth.
 *
 * Writing past bytes_max writes nothing more and sets `over`, which stays: write on without looking, ask buf_ok once at the
 * end. The bytes are always NUL-terminated. buf_release frees; a released buffer may be initialised again.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/str.h"

struct buf {
    char *at; /* NULL while nothing was written */
    size_t len;
    size_t room;
    size_t bytes_max;
    bool over;
};

void buf_init(struct buf *buf, size_t bytes_max);
void buf_release(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
void buf_put(struct buf *buf, struct str bytes);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for at least bytes more; returns where to write, NULL when over the cap. Follow with buf_wrote. */
char *buf_room(struct buf *buf, size_t bytes);
void buf_wrote(struct buf *buf, size_t bytes);
/* Drops bytes from the front. */
void buf_shift(struct buf *buf, size_t bytes);
bool buf_ok(const struct buf *buf) MUST_CHECK;
struct str buf_str(const struct buf *buf);
const char *buf_text(const struct buf *buf); /* NUL-terminated, never NULL */
char *buf_take(struct buf *buf); /* the caller owns the bytes; the buffer is empty again */

#endif
