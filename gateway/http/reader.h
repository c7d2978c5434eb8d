/*
 * reader.h - bytes in, one struct request out: head check, llhttp, body by length or chunks, limits. No socket and no clock.
 *
 *   HEAD ──whole──► (READER_HEAD: the caller may refuse, or answer 100) ──► BODY ──whole──► READER_WHOLE
 *     └─wrong─► READER_REFUSED ◄─wrong, too long─┘
 *
 * It takes exactly one request: what it leaves over (*ret_used) belongs to the next.
 */
#ifndef HTTP_READER_H
#define HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/chunked.h"
#include "http/exchange.h"
#include "http/head.h"
#include "http/parser.h"

enum reader_result { READER_MORE, READER_HEAD, READER_WHOLE, READER_REFUSED };

struct reader {
    uint8_t phase;
    bool keep_alive; /* once the head is whole */
    bool http_1_0;
    int status; /* READER_REFUSED: 400, 413, 414, 417, 431, 501, 505 */
    size_t body_bytes_max;
    uint64_t body_left;
    struct head head;
    struct head_facts facts;
    struct chunked chunked;
    struct buf in;                  /* the head's bytes; the request's slices point here */
    struct request_header *headers; /* the request's: room for what came, not for what may come */
    size_t header_room;
    struct buf body;
    struct parser *parser;
    struct request request;
};

void reader_init(struct reader *reader);
/* Ready for another request; keeps small memory, wiped: heads hold tokens, and what people search for. */
void reader_reset(struct reader *reader, size_t body_bytes_max);
void reader_release(struct reader *reader);
enum reader_result reader_feed(struct reader *reader, struct str bytes, size_t *ret_used);
bool reader_begun(const struct reader *reader);   /* has anything of a request come? */
bool reader_in_body(const struct reader *reader); /* the head is whole, the body is not */

#endif
