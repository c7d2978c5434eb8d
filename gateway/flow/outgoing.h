/*
 * outgoing.h - one event as the request that the monitoring system understands (contract §8).
 *
 *   CloudEvent ─┬─ as it is ─────────────────────────────────────────┐
 *               └─ maps ─► body_template (json | form | xml) ─► parsed ─┴─► headers: identity, Standard Webhooks signature or bearer, headers_file
 *
 * All of [upstream] that is a file is read and checked once. Holds secrets: they are wiped on free.
 */
#ifndef FLOW_OUTGOING_H
#define FLOW_OUTGOING_H

#include "base/buf.h"
#include "domain/verdict.h"
#include "flow/setup.h"
#include "net/fetch.h"

enum outgoing_auth { OUTGOING_WEBHOOK, OUTGOING_BEARER, OUTGOING_TOKEN_REQUEST };

struct outgoing;

/* Faults name the file or the key. */
struct outgoing *outgoing_load(const struct setup *setup, struct err *err) MUST_CHECK;
void outgoing_free(struct outgoing **outgoing);
enum outgoing_auth outgoing_auth(const struct outgoing *outgoing);
/* token-request: the body to post, and its type */
struct str outgoing_token_body(const struct outgoing *outgoing);
const char *outgoing_token_body_type(const struct outgoing *outgoing);

struct outgoing_event {
    const char *id; /* webhook-id: the same in every attempt */
    const char *receipt;
    struct str cloud_event; /* plain JSON */
    const char *bearer;     /* token-request: the token; else NULL */
    int64_t now_wall_ms;
};

struct outgoing_request {
    struct buf body;
    struct buf headers[FETCH_HEADERS_MAX]; /* "name: value" */
    size_t header_count;
};

/* False: the template's result cannot be read as its kind; err says where. Release in either case. */
bool outgoing_make(const struct outgoing *outgoing, const struct outgoing_event *event,
                   struct outgoing_request *ret, struct err *err) MUST_CHECK;
void outgoing_request_release(struct outgoing_request *request);

/* The pointers and values by which an answer is judged; they point into the options. */
struct verdict_rules outgoing_verdict_rules(const struct options *options);

#endif
