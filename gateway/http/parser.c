#include "http/parser.h"

#include <stdlib.h>

#include <llhttp.h>

#include "base/check.h"
#include "base/mem.h"

enum { PARSER_MAGIC = 0x50617273 };

struct parser {
    unsigned magic;
    bool keep_alive;
    bool complete;
    struct buf *body;
    llhttp_t inner;
};

static int on_headers_complete(llhttp_t *inner);
static int on_body(llhttp_t *inner, const char *at, size_t length);
static int on_message_complete(llhttp_t *inner);

static const llhttp_settings_t settings = {
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

struct parser *parser_new(struct buf *body)
{
    struct parser *parser = mem_alloc(sizeof *parser);
    parser->magic = PARSER_MAGIC;
    parser->body = body;
    parser_reset(parser);
    return parser;
}

void parser_free(struct parser **parser)
{
    free(*parser);
    *parser = NULL;
}

void parser_reset(struct parser *parser)
{
    llhttp_init(&parser->inner, HTTP_REQUEST, &settings);
    parser->inner.data = parser;
    parser->keep_alive = parser->complete = false;
}

/* Upgrades are not for us: the bytes behind the head stay HTTP/1.1. */
static int on_headers_complete(llhttp_t *inner)
{
    struct parser *parser = inner->data;
    CHECK_OBJ(parser, PARSER_MAGIC);
    parser->keep_alive = llhttp_should_keep_alive(inner) != 0;
    inner->upgrade = 0;
    return 0;
}

static int on_body(llhttp_t *inner, const char *at, size_t length)
{
    struct parser *parser = inner->data;
    CHECK_OBJ(parser, PARSER_MAGIC);
    buf_put(parser->body, str_make(at, length));
    return buf_ok(parser->body) ? 0 : HPE_USER;
}

static int on_message_complete(llhttp_t *inner)
{
    struct parser *parser = inner->data;
    CHECK_OBJ(parser, PARSER_MAGIC);
    parser->complete = true;
    return HPE_PAUSED;
}

enum parser_result parser_feed(struct parser *parser, struct str bytes)
{
    CHECK(!parser->complete);
    llhttp_errno_t error = llhttp_execute(&parser->inner, bytes.at, bytes.len);
    if (!buf_ok(parser->body)) {
        return PARSER_LONG;
    }
    if (error == HPE_INVALID_METHOD || error == HPE_INVALID_CONSTANT) {
        return PARSER_METHOD;
    }
    if (error == HPE_OK && !parser->complete) {
        return PARSER_MORE;
    }
    bool at_end = llhttp_get_error_pos(&parser->inner) == bytes.at + bytes.len;
    return error == HPE_PAUSED && at_end ? PARSER_WHOLE : PARSER_BAD;
}

bool parser_keep_alive(const struct parser *parser)
{
    return parser->keep_alive;
}
