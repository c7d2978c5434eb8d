/* The strict check of the head, and the reader behind it: the same verdict at the same byte, however the bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/reader.h"

#define HOST "Host: a\r\n"
enum { BODY_MAX = 100 };

struct sample {
    const char *bytes;
    size_t len;
    int status;       /* 0: a whole request */
    const char *said; /* "METHOD path?query|body" of a whole request */
};

#define S(text, status, said)                                                                      \
    {                                                                                              \
        text, sizeof(text) - 1, status, said                                                       \
    }

static const struct sample samples[] = {
    S("GET / HTTP/1.1\r\n" HOST "\r\n", 0, "0 /?|"),
    S("\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0, "0 /?|"),
    S("GET /V/ABC?x=1?2 HTTP/1.1\r\n" HOST "\r\n", 0, "0 /V/ABC?x=1?2|"),
    S("GET http://b:80/c?d HTTP/1.1\r\n" HOST "\r\n", 0, "0 /c?d|"),
    S("GET https://b HTTP/1.1\r\n" HOST "\r\n", 0, "0 /?|"),
    S("HEAD / HTTP/1.0\r\n\r\n", 0, "1 /?|"),
    S("GET / HTTP/1.1\r\nHost:\r\nX:\t a b\t \r\nY:\xe4\xb8\xad\r\n\r\n", 0, "0 /?|"),
    S("PROPFIND / HTTP/1.1\r\n" HOST "\r\n", 0, "7 /?|"),
    S("GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 0, "0 /?|"),
    S("POST / HTTP/1.1\r\n" HOST
      "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
      0, "2 /?|ab"),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 0, "2 /?|hello"),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0, "2 /?|"),
    S("GET / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxy", 0, "0 /?|xy"),
    S("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
      "5\r\nhello\r\n6;a=\"b c\"\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n",
      0, "2 /?|hello world"),
    S("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, "2 /?|"),
    S("POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\na", 0, "2 /?|a"),
    S("POST / HTTP/1.0\r\nExpect: anything\r\nContent-Length: 1\r\n\r\na", 0, "2 /?|a"),

    /* what two servers would read in two ways */
    S("GET / HTTP/1.1\n" HOST "\r\n", 400, ""),
    S("GET / HTTP/1.1\r\nHost: a\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X:\rContent-Length: 30\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n X: a\r\n" HOST "\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X(: a\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X: \0\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X: \x01\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST "\rX\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, ""),
    S("GET / HTTP/1.0\r\n" HOST "host: b\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, ""),
    S("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, ""),
    S("GET http://u@b/ HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET ftp://b/ HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET http:///c HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET x HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET * HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET /#a HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET /\xe4 HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET  / HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET /  HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET / HTTP/1.1 \r\n" HOST "\r\n", 400, ""),
    S("GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET /\r\n", 400, ""),
    S("GET / http/1.1\r\n" HOST "\r\n", 400, ""),
    S("GET / HTTP/11.1\r\n" HOST "\r\n", 400, ""),
    S(" GET / HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("\nGET / HTTP/1.1\r\n" HOST "\r\n", 400, ""),
    S("\x16\x03\x01", 400, ""), /* TLS on the plain port */
    S("GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", 400, ""),

    /* framing */
    S("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400,
      ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
      ""),
    S("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \x0b"
      "chunked\r\n\r\n",
      400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\nabc", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\nabc", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\nabc", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\nabc", 400, ""),
    S("POST / HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n", 413, ""),
    S("POST / HTTP/1.1\r\n" HOST "Expect: gold\r\nContent-Length: 1\r\n\r\n", 417, ""),
#define CHUNKED "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
    S(CHUNKED "g\r\n", 400, ""),
    S(CHUNKED "\r\n", 400, ""),
    S(CHUNKED "5\nhello", 400, ""),
    S(CHUNKED "5 \r\nhello\r\n", 400, ""),
    S(CHUNKED "5;a\nb\r\nhello\r\n", 400, ""),
    S(CHUNKED "000000005\r\nhello\r\n", 400, ""),
    S(CHUNKED "5\r\nhelloX\r\n", 400, ""),
    S(CHUNKED "5\r\nhello\n", 400, ""),
    S(CHUNKED "-5\r\nhello\r\n", 400, ""),
    S(CHUNKED "0\r\nX:\rContent-Length: 30\r\n\r\n", 400, ""),
    S(CHUNKED "0\r\nX: a\r\n b\r\n\r\n", 400, ""),
    S(CHUNKED
      "64\r\n0123456789012345678901234567890123456789012345678901234567890123456789012345678"
      "901234567890123456789\r\n1\r\nx\r\n0\r\n\r\n",
      413, ""),

    /* not for us */
    S("GET / HTTP/2.0\r\n" HOST "\r\n", 505, ""),
    S("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, ""),
    S("GET / HTTP/1.2\r\n" HOST "\r\n", 505, ""),
    S("GET / HTTP/0.9\r\n" HOST "\r\n", 505, ""),
    S("CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 501, ""),
    S("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 501, ""),
    S("BREW / HTTP/1.1\r\n" HOST "\r\n", 501, ""),
    S("get / HTTP/1.1\r\n" HOST "\r\n", 501, ""),
    S("DESCRIBE / HTTP/1.1\r\n" HOST "\r\n", 501, ""),
    S("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" HOST "\r\n", 501, ""),
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

struct outcome {
    enum reader_result result;
    int status;
    size_t used;
    char said[256];
};

static void feed(struct reader *reader, struct str bytes, struct outcome *outcome)
{
    size_t used;
    do {
        outcome->result = reader_feed(reader, bytes, &used);
        bytes = str_from(bytes, used);
        outcome->used += used;
    } while (outcome->result == READER_HEAD || (outcome->result == READER_MORE && bytes.len > 0));
}

/* Each slice stands in memory of its own, so that a read beyond it is found by the sanitizer. */
static struct outcome read_cut(const struct sample *sample, size_t first, size_t then)
{
    struct outcome outcome = {.result = READER_MORE};
    struct reader reader;
    reader_init(&reader);
    reader_reset(&reader, BODY_MAX);
    for (size_t at = 0, len = first; at < sample->len && outcome.result == READER_MORE;
         at += len, len = then) {
        struct str part = str_sub(str_make(sample->bytes, sample->len), at, len);
        char *copy = malloc(part.len);
        memcpy(copy, part.at, part.len);
        feed(&reader, str_make(copy, part.len), &outcome);
        free(copy);
    }
    outcome.status = reader.status;
    if (outcome.result == READER_WHOLE) {
        const struct request *request = &reader.request;
        snprintf(outcome.said, sizeof outcome.said, "%d %.*s?%.*s|%.*s", (int)request->method,
                 STR_ARG(request->path), STR_ARG(request->query), STR_ARG(request->body));
    }
    reader_release(&reader);
    return outcome;
}

static void assert_fits(const struct sample *sample, const struct outcome *outcome, size_t used)
{
    enum reader_result result = sample->status ? READER_REFUSED : READER_WHOLE;
    /* the query's mark is always written by read_cut */
    if (outcome->result != result || outcome->status != sample->status ||
        strcmp(outcome->said, sample->said) != 0 || outcome->used != used) {
        fail_msg("%s\nresult %d status %d said %s used %zu, wanted %d %s %zu", sample->bytes,
                 (int)outcome->result, outcome->status, outcome->said, outcome->used,
                 sample->status, sample->said, used);
    }
}

static void test_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct outcome outcome = read_cut(&samples[i], samples[i].len, 1);
        assert_fits(&samples[i], &outcome, samples[i].status ? outcome.used : samples[i].len);
    }
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t used = read_cut(&samples[i], samples[i].len, 1).used;
        for (size_t cut = 1; cut < samples[i].len; cut++) {
            struct outcome outcome = read_cut(&samples[i], cut, samples[i].len);
            assert_fits(&samples[i], &outcome, samples[i].status == 413 ? outcome.used : used);
        }
        struct outcome outcome = read_cut(&samples[i], 1, 1);
        assert_fits(&samples[i], &outcome, samples[i].status == 413 ? outcome.used : used);
    }
}

static void test_wrong_is_known_at_once(void **state)
{
    static const char *const begun[] = {"G\n",
                                        "GET /\x01",
                                        "GET / HTTX",
                                        "GET / HTTP/1.1\n",
                                        "GET / HTTP/1.1\r\nA: b\rX",
                                        "GET / HTTP/1.1\r\n "};
    (void)state;
    for (size_t i = 0; i < sizeof begun / sizeof begun[0]; i++) {
        struct head head;
        size_t used;
        head_init(&head);
        assert_int_equal(head_feed(&head, str_of(begun[i]), &used), HEAD_BAD);
        assert_int_equal(used, strlen(begun[i]));
        assert_int_equal(head.status, 400);
    }
}

/* The check alone, without the parser behind it. */
static void test_judged_before_the_parser(void **state)
{
    static const char *const wrong[] = {
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: x\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Host: b\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char bytes[200];
        struct head head;
        struct head_facts facts;
        size_t used;
        snprintf(bytes, sizeof bytes, "POST / HTTP/1.1\r\n" HOST "%s\r\n", wrong[i]);
        head_init(&head);
        assert_int_equal(head_feed(&head, str_of(bytes), &used), HEAD_WHOLE);
        assert_int_equal(head_judge(&head, bytes, &facts), 400);
    }
}

static int status_of_filled(const char *before, size_t count, const char *unit, const char *after,
                            enum head_result *ret)
{
    struct buf bytes;
    struct head head;
    size_t used;
    buf_init(&bytes, 100000);
    buf_puts(&bytes, before);
    for (size_t i = 0; i < count; i++) {
        buf_puts(&bytes, unit);
    }
    buf_puts(&bytes, after);
    head_init(&head);
    *ret = head_feed(&head, buf_str(&bytes), &used);
    buf_release(&bytes);
    return head.status;
}

static void test_limits(void **state)
{
    static const char tail[] = " HTTP/1.1\r\n" HOST "\r\n";
    enum head_result result;
    (void)state;
    status_of_filled("GET /", HEAD_TARGET_BYTES_MAX - 1, "a", tail, &result);
    assert_int_equal(result, HEAD_WHOLE);
    assert_int_equal(status_of_filled("GET /", HEAD_TARGET_BYTES_MAX, "a", tail, &result), 414);
    status_of_filled("GET / HTTP/1.1\r\n", HEAD_FIELDS_MAX, "a: b\r\n", "\r\n", &result);
    assert_int_equal(result, HEAD_WHOLE);
    assert_int_equal(
        status_of_filled("GET / HTTP/1.1\r\n", HEAD_FIELDS_MAX + 1, "a: b\r\n", "\r\n", &result),
        431);
    size_t rest = HEAD_BYTES_MAX - strlen("GET / HTTP/1.1\r\na: \r\n\r\n");
    status_of_filled("GET / HTTP/1.1\r\na: ", rest, "x", "\r\n\r\n", &result);
    assert_int_equal(result, HEAD_WHOLE);
    assert_int_equal(status_of_filled("GET / HTTP/1.1\r\na: ", rest + 1, "x", "\r\n\r\n", &result),
                     431);
}

static void test_absolute_target_names_the_host(void **state)
{
    static const char bytes[] = "GET http://b.example:81/ HTTP/1.1\r\nHost: a\r\n\r\n";
    struct reader reader;
    size_t used;
    (void)state;
    reader_init(&reader);
    reader_reset(&reader, 0);
    assert_int_equal(reader_feed(&reader, STR(bytes), &used), READER_HEAD);
    assert_true(str_is(request_header(&reader.request, "host"), "b.example:81"));
    reader_release(&reader);
}

static void test_keep_alive(void **state)
{
    static const struct {
        const char *bytes;
        bool keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", true},
        {"GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" HOST "Connection: x, Close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reader reader;
        size_t used;
        reader_init(&reader);
        reader_reset(&reader, 0);
        assert_int_equal(reader_feed(&reader, str_of(cases[i].bytes), &used), READER_HEAD);
        assert_int_equal(reader.keep_alive, cases[i].keep_alive);
        reader_release(&reader);
    }
}

/* One byte per chunk is allowed a while; framing without end is not. */
static void test_chunk_framing_is_bounded(void **state)
{
    struct head trailers;
    struct chunked chunked;
    size_t used;
    size_t fed = 0;
    (void)state;
    chunked_init(&chunked, &trailers);
    assert_int_equal(chunked_feed(&chunked, STR("1;"), &used), CHUNKED_MORE);
    while (chunked_feed(&chunked, STR("xxxxxxxxxxxxxxxx"), &used) == CHUNKED_MORE) {
        fed += used;
        assert_true(fed < 20000);
    }
    assert_true(fed > 16000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_wrong_is_known_at_once),
        cmocka_unit_test(test_judged_before_the_parser),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_absolute_target_names_the_host),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_chunk_framing_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
