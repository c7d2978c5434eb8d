/*
 * chunked.h - the strict check of chunked framing (RFC 9112 §7.1), beside the parser as head.h is. Trailers are checked and dropped.
 *
 * Framing is bounded: a body sent a byte at a time is refused before it costs more than eight times its length.
 */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "http/head.h"

enum chunked_result { CHUNKED_MORE, CHUNKED_WHOLE, CHUNKED_BAD };

struct chunked {
    uint8_t state;
    uint8_t digits;
    uint64_t left; /* of this chunk */
    uint64_t data_bytes;
    uint64_t frame_bytes;
    struct head *trailers; /* borrowed */
};

void chunked_init(struct chunked *chunked, struct head *trailers);
enum chunked_result chunked_feed(struct chunked *chunked, struct str bytes, size_t *ret_used);

#endif
