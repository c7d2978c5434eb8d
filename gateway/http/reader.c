#include "http/reader.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

enum phase { IN_HEAD, IN_BODY, WHOLE };

enum { IN_BYTES_KEPT = 2048, BODY_BYTES_KEPT = 4096, HEADERS_FIRST = 16, HEADERS_KEPT = 32 };

static void wipe(struct buf *buf, size_t bytes_kept)
{
    if (buf->len > 0) {
        explicit_bzero(buf->at, buf->len);
    }
    if (buf->room > bytes_kept) {
        buf_release(buf);
    }
    buf_clear(buf);
}

void reader_init(struct reader *reader)
{
    buf_init(&reader->in, HEAD_BYTES_MAX);
    buf_init(&reader->body, 0);
    reader->headers = NULL;
    reader->header_room = 0;
    reader->parser = parser_new(&reader->body);
    reader_reset(reader, 0);
}

void reader_reset(struct reader *reader, size_t body_bytes_max)
{
    wipe(&reader->in, IN_BYTES_KEPT);
    wipe(&reader->body, BODY_BYTES_KEPT);
    if (reader->header_room > HEADERS_KEPT) {
        free(reader->headers);
        reader->headers = NULL;
        reader->header_room = 0;
    }
    reader->body.bytes_max = body_bytes_max;
    reader->body_bytes_max = body_bytes_max;
    reader->phase = IN_HEAD;
    reader->keep_alive = reader->http_1_0 = false;
    reader->status = 0;
    head_init(&reader->head);
    parser_reset(reader->parser);
    /* What a handler for refusals may look at before anything has come. */
    reader->request.method = HTTP_OTHER;
    reader->request.path = STR("/");
    reader->request.query = reader->request.body = STR("");
    reader->request.header_count = 0;
    reader->request.headers = NULL;
}

void reader_release(struct reader *reader)
{
    buf_release(&reader->in);
    buf_release(&reader->body);
    free(reader->headers);
    reader->headers = NULL;
    reader->header_room = 0;
    parser_free(&reader->parser);
}

bool reader_begun(const struct reader *reader)
{
    return reader->phase != IN_HEAD || head_begun(&reader->head);
}

bool reader_in_body(const struct reader *reader)
{
    return reader->phase == IN_BODY;
}

static enum reader_result refuse(struct reader *reader, int status)
{
    reader->status = status;
    return READER_REFUSED;
}

static enum http_method method_of(struct str name)
{
    static const struct {
        struct str name;
        enum http_method method;
    } known[] = {
        {{"GET", 3}, HTTP_GET},         {{"HEAD", 4}, HTTP_HEAD}, {{"POST", 4}, HTTP_POST},
        {{"OPTIONS", 7}, HTTP_OPTIONS}, {{"PUT", 3}, HTTP_PUT},   {{"PATCH", 5}, HTTP_PATCH},
        {{"DELETE", 6}, HTTP_DELETE},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (str_eq(name, known[i].name)) {
            return known[i].method;
        }
    }
    return HTTP_OTHER;
}

static void make_room(struct reader *reader, size_t count)
{
    if (count > reader->header_room) {
        free(reader->headers);
        reader->header_room = count > HEADERS_FIRST ? count : HEADERS_FIRST;
        reader->headers = mem_array(reader->header_room, sizeof *reader->headers);
    }
}

/* An absolute target's host is the host, whatever the field says (RFC 9112 §3.2.2). */
static void fill_request(struct reader *reader)
{
    struct request *request = &reader->request;
    const char *at = reader->in.at;
    request->method = method_of(head_method(&reader->head, at));
    if (reader->facts.path.at != NULL) {
        ptrdiff_t mark = str_find_char(reader->facts.path, '?');
        request->path = mark < 0 ? reader->facts.path
                                 : str_sub(reader->facts.path, 0, (size_t)mark);
        request->query = mark < 0 ? STR("") : str_from(reader->facts.path, (size_t)mark + 1);
    }
    make_room(reader, reader->head.field_count);
    request->headers = reader->headers;
    request->header_count = reader->head.field_count;
    for (size_t i = 0; i < reader->head.field_count; i++) {
        struct request_header *header = &reader->headers[i];
        header->name = head_name(&reader->head, at, i);
        header->value = head_value(&reader->head, at, i);
        if (reader->facts.host.at != NULL && str_eq_nocase(header->name, STR("host"))) {
            header->value = reader->facts.host;
        }
    }
}

/* Our check and the parser must agree on where the message ends; where they do not, somebody is trying something. */
static int parse(struct reader *reader, struct str bytes, bool whole)
{
    switch (parser_feed(reader->parser, bytes)) {
    case PARSER_MORE:
        return whole ? 400 : 0;
    case PARSER_WHOLE:
        return whole ? 0 : 400;
    case PARSER_METHOD:
        return 501;
    case PARSER_LONG:
        return 413;
    default:
        return 400;
    }
}

static enum reader_result finish_head(struct reader *reader)
{
    int status = head_judge(&reader->head, reader->in.at, &reader->facts);
    fill_request(reader);
    if (status != 0) {
        return refuse(reader, status);
    }
    reader->http_1_0 = reader->head.minor == '0';
    reader->body_left = reader->facts.content_length;
    bool bodiless = !reader->facts.chunked && reader->body_left == 0;
    status = parse(reader, buf_str(&reader->in), bodiless);
    reader->keep_alive = parser_keep_alive(reader->parser);
    if (status == 0 && reader->body_left > reader->body_bytes_max) {
        status = 413;
    }
    if (status != 0) {
        return refuse(reader, status);
    }
    if (reader->facts.chunked) {
        chunked_init(&reader->chunked, &reader->head);
    }
    reader->phase = bodiless ? WHOLE : IN_BODY;
    return READER_HEAD;
}

static enum reader_result feed_head(struct reader *reader, struct str bytes, size_t *ret_used)
{
    enum head_result result = head_feed(&reader->head, bytes, ret_used);
    if (result == HEAD_BAD) {
        return refuse(reader, reader->head.status);
    }
    buf_put(&reader->in, str_sub(bytes, 0, *ret_used));
    CHECK(buf_ok(&reader->in));
    return result == HEAD_MORE ? READER_MORE : finish_head(reader);
}

static enum reader_result feed_body(struct reader *reader, struct str bytes, size_t *ret_used)
{
    bool whole;
    if (reader->facts.chunked) {
        enum chunked_result result = chunked_feed(&reader->chunked, bytes, ret_used);
        if (result == CHUNKED_BAD) {
            return refuse(reader, 400);
        }
        whole = result == CHUNKED_WHOLE;
    } else {
        *ret_used = bytes.len < reader->body_left ? bytes.len : (size_t)reader->body_left;
        reader->body_left -= *ret_used;
        whole = reader->body_left == 0;
    }
    int status = *ret_used ? parse(reader, str_sub(bytes, 0, *ret_used), whole) : 0;
    if (status != 0) {
        return refuse(reader, status);
    }
    if (!whole) {
        return READER_MORE;
    }
    reader->request.body = buf_str(&reader->body);
    reader->phase = WHOLE;
    return READER_WHOLE;
}

enum reader_result reader_feed(struct reader *reader, struct str bytes, size_t *ret_used)
{
    CHECK(reader->status == 0);
    *ret_used = 0;
    switch ((enum phase)reader->phase) {
    case IN_HEAD:
        return feed_head(reader, bytes, ret_used);
    case IN_BODY:
        return feed_body(reader, bytes, ret_used);
    default:
        return READER_WHOLE;
    }
}
