/*
 * gzip.h - RFC 1952. Besides whole bodies: a page whose middle changes (the form's token) is compressed once around a hole, and each answer is
 * head + stored block of the hole's bytes + tail, with the CRC combined, so that a dynamic page costs no deflate.
 */
#ifndef VIEW_GZIP_H
#define VIEW_GZIP_H

#include <stdint.h>

#include "base/blob.h"
#include "base/buf.h"

enum { GZIP_HOLE_BYTES_MAX = 128, GZIP_MIDDLE_BYTES = GZIP_HOLE_BYTES_MAX + 8, GZIP_END_BYTES = 8 };

void gzip_put(struct str plain, struct buf *to);

struct gzip_around {
    struct blob *head; /* gzip header + deflate of what stands before the hole, flushed to a byte */
    struct blob *tail; /* deflate of what follows, with the final block */
    uint32_t head_crc, tail_crc;
    uint32_t tail_operator;    /* appends tail_len bytes to a CRC */
    size_t head_len, tail_len; /* plain lengths */
};

void gzip_around_make(struct gzip_around *ret, struct str before, struct str after);
void gzip_around_release(struct gzip_around *around);
/* What goes between head and tail, and after the tail. Returns the length of middle. */
size_t gzip_around_fill(const struct gzip_around *around, struct str hole,
                        unsigned char ret_middle[GZIP_MIDDLE_BYTES],
                        unsigned char ret_end[GZIP_END_BYTES]);

#endif
