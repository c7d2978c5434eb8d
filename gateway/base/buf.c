#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_FIRST_BYTES = 256 };

void buf_init(struct buf *buf, size_t bytes_max)
{
    *buf = (struct buf){.bytes_max = bytes_max};
}

void buf_release(struct buf *buf)
{
    free(buf->at);
    *buf = (struct buf){.bytes_max = buf->bytes_max};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->over = false;
    if (buf->at != NULL) {
        buf->at[0] = '\0';
    }
}

char *buf_room(struct buf *buf, size_t bytes)
{
    if (buf->over || bytes > buf->bytes_max - buf->len) {
        buf->over = true;
        return NULL;
    }
    size_t needed = buf->len + bytes + 1;
    if (needed > buf->room) {
        size_t room = buf->room ? buf->room : BUF_FIRST_BYTES;
        while (room < needed) {
            room += room / 2;
        }
        buf->at = mem_resize(buf->at, room, 1);
        buf->room = room;
    }
    return buf->at + buf->len;
}

void buf_wrote(struct buf *buf, size_t bytes)
{
    CHECK(buf->len + bytes < buf->room);
    buf->len += bytes;
    buf->at[buf->len] = '\0';
}

void buf_put(struct buf *buf, struct str bytes)
{
    char *to = bytes.len ? buf_room(buf, bytes.len) : NULL;
    if (to != NULL) {
        memcpy(to, bytes.at, bytes.len);
        buf_wrote(buf, bytes.len);
    }
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_put(buf, str_of(text));
}

void buf_putc(struct buf *buf, char c)
{
    buf_put(buf, str_make(&c, 1));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    size_t left = buf->room - buf->len;
    int len = vsnprintf(left > 0 ? buf->at + buf->len : NULL, left, format, args);
    va_end(args);
    CHECK(len >= 0);
    char *to = buf_room(buf, (size_t)len);
    if (to == NULL) {
        if (left > 0) {
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): with room there are bytes */
            buf->at[buf->len] = '\0'; /* what did not fit */
        }
    } else if ((size_t)len < left) {
        buf_wrote(buf, (size_t)len);
    } else {
        vsnprintf(to, (size_t)len + 1, format, again);
        buf_wrote(buf, (size_t)len);
    }
    va_end(again);
}

void buf_shift(struct buf *buf, size_t bytes)
{
    CHECK(bytes <= buf->len);
    if (bytes > 0) {
        memmove(buf->at, buf->at + bytes, buf->len - bytes);
        buf->len -= bytes;
        buf->at[buf->len] = '\0';
    }
}

bool buf_ok(const struct buf *buf)
{
    return !buf->over;
}

struct str buf_str(const struct buf *buf)
{
    return str_make(buf->at, buf->len);
}

const char *buf_text(const struct buf *buf)
{
    return buf->at ? buf->at : "";
}

char *buf_take(struct buf *buf)
{
    char *taken = buf->at ? buf->at : mem_alloc(1);
    buf->at = NULL;
    buf_release(buf);
    return taken;
}
