/*
 * fetch.h - HTTP requests by libcurl multi on the loop. Only the configured scheme, no redirects, no proxy from the environment, TLS verified,
 * answers capped. Handles are never touched inside curl's callbacks; finished ones are collected after socket_action.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"

enum { FETCH_ANSWER_BYTES_MAX = 65536, FETCH_HEADERS_MAX = 32 };

struct fetcher;

struct fetch_options {
    const char *ca_file, *client_cert, *client_key; /* "" or NULL: default, none */
    int64_t connections_max;
};

struct fetch_request {
    const char *method; /* POST, GET */
    const char *url;
    const char *headers[FETCH_HEADERS_MAX]; /* "name: value" */
    size_t header_count;
    struct str body;
    int64_t timeout_ms;
};

struct fetch_answer {
    int status;      /* 0: none; why says what happened */
    struct str body; /* ≤ FETCH_ANSWER_BYTES_MAX */
    bool body_whole;
    struct str retry_after, location, content_type;
    const char *why; /* libcurl's words, no URL credentials */
    int64_t took_ms;
};

typedef void fetch_done_fn(void *arg, const struct fetch_answer *answer);

/* What fetcher_new asks of the files, without a loop. */
bool fetch_check(const struct fetch_options *options, struct err *err) MUST_CHECK;
struct fetcher *fetcher_new(struct loop *loop, const struct fetch_options *options,
                            struct err *err) MUST_CHECK;
void fetcher_free(
    struct fetcher **fetcher); /* what is under way is aborted; done is still called, status 0 */
/* Copies everything; done exactly once, never before it returns, not later than timeout_ms plus a turn. */
void fetch(struct fetcher *fetcher, const struct fetch_request *request, fetch_done_fn *done,
           void *arg);

#endif
