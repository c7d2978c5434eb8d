/*
 * exchange.h - one request and its answer: all that a handler sees of HTTP.
 *
 *   conn reads ─► exchange ─► router ─► handler ─ … waits … ─► exchange_send ─► conn writes
 *
 * The exchange belongs to the connection. A handler that waits holds it (exchange_hold) and drops it after answering; when the visitor goes away
 * meanwhile, exchange_gone() is true and sending is a no-op, but the work goes on (what was accepted stays accepted). A visitor that closed only its
 * sending half counts as gone too, and an answer still reaches it. Exactly one exchange_send per exchange; once gone, dropping it is enough.
 * Everything in struct request is borrowed and lives as long as the exchange.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/check.h"
#include "base/fields.h"
#include "base/str.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_OPTIONS,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OTHER
};

enum { RESPONSE_PARTS_MAX = 4, RESPONSE_HEADERS_BYTES_MAX = 4096, REQUEST_RID_BYTES = 17 };

struct request_header {
    struct str name; /* as sent; compare with str_eq_nocase */
    struct str value;
};

struct request {
    enum http_method method;
    struct str path;  /* raw, percent-encoded, begins with / */
    struct str query; /* without ?, raw */
    struct str body;
    const struct request_header *headers; /* header_count of them */
    size_t header_count;
    char client
        [64]; /* numeric address after trusted proxies; "unix" for a unix socket without one */
    char rid[REQUEST_RID_BYTES]; /* request id for the log */
    int64_t arrived_ms;          /* monotonic */
};

struct exchange;
typedef void http_handler_fn(struct exchange *exchange, void *arg);

const struct request *exchange_request(const struct exchange *exchange);
struct loop *exchange_loop(const struct exchange *exchange);
struct exchange *exchange_hold(struct exchange *exchange);
void exchange_drop(struct exchange **exchange);
bool exchange_gone(const struct exchange *exchange);
/* Called once when the visitor goes away before the answer (long polls); may be NULL. */
void exchange_on_gone(struct exchange *exchange, void (*gone)(void *arg), void *arg);
/* For a handler that waits for something that may never come: called once when the gateway drains, so that it answers now, with what it has.
 * False: it drains already, and there must be no waiting. */
bool exchange_on_stop(struct exchange *exchange, void (*stop)(void *arg), void *arg) MUST_CHECK;

struct str request_header(const struct request *request,
                          const char *name);            /* first one; empty when absent */
bool request_takes_gzip(const struct request *request); /* RFC 9110 §12.5.3, q-values */
/* Whether its Accept has the one media type rather than the other (RFC 9110 §12.5.1: q-values, the closest range counts). Of two that weigh the
 * same the one that is named more closely, then wanted when it is named; without Accept: no. */
bool request_prefers(const struct request *request, const char *wanted, const char *otherwise);
/* An If-None-Match that holds this ETag (weak comparison) */
bool request_etag_matches(const struct request *request, const char *etag);
bool request_is_cross_site(const struct request *request); /* Sec-Fetch-Site: cross-site */

/* application/x-www-form-urlencoded or multipart/form-data (files refused) into fields; slices live as long as the exchange. */
enum form_body { FORM_BODY_OK, FORM_BODY_TYPE, FORM_BODY_BROKEN, FORM_BODY_MANY };
enum form_body exchange_read_form(struct exchange *exchange, struct fields *ret);

/* The same of the query. One of the two per exchange. */
enum form_body exchange_read_query(struct exchange *exchange, struct fields *ret);

/* Before exchange_send. Values are checked for CR and LF. */
void exchange_header(struct exchange *exchange, const char *name, const char *value);
/* Several whole lines at once, each with its CRLF: made once, unchecked. */
void exchange_header_lines(struct exchange *exchange, struct str lines);
/* The body in parts; blobs are held until written, copies are made at once. HEAD sends the length only. */
void exchange_body_blob(struct exchange *exchange, struct blob *blob);
void exchange_body_copy(struct exchange *exchange, struct str bytes);
void exchange_close_after(struct exchange *exchange);
/* Adds Date, Content-Length, Connection as needed. 204 and 304 send no body. */
void exchange_send(struct exchange *exchange, int status);
/* Instead of exchange_send: no answer from here; the caller gets the connection's socket, to write what he likes and to close it. -1: it is gone. */
int exchange_detach(struct exchange *exchange);

#endif
