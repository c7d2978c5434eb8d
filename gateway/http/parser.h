/*
 * parser.h - llhttp in strict mode, behind four words: it decodes the body and is the second opinion on the head. llhttp's names stay inside.
 */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include <stdbool.h>

#include "base/buf.h"

enum parser_result {
    PARSER_MORE,
    PARSER_WHOLE, /* the message ends where the bytes end */
    PARSER_METHOD,
    PARSER_LONG, /* the body is over its buffer's cap */
    PARSER_BAD   /* also a message that ends before the bytes do */
};

struct parser;

struct parser *parser_new(struct buf *body); /* borrowed; decoded bytes are appended */
void parser_free(struct parser **parser);
void parser_reset(struct parser *parser);
enum parser_result parser_feed(struct parser *parser, struct str bytes);
bool parser_keep_alive(const struct parser *parser); /* once the head is in */

#endif
