/*
 * api.h - /api/v1: from a request to its handler with a token that is known, and the ways to answer (contract §7).
 *
 *   path, method ─► api_routes ─► [token: malformed, unknown ─► 401] ─► [quota ─► 429] ─► handler ─ … waits … ─► api_send… ─► api_end
 *
 * A handler owns its call: it answers once and ends it, in this turn or later. Nothing else tells outsiders apart: a receipt outside the scope is
 * answered like one that is not there.
 */
#ifndef WEB_API_H
#define WEB_API_H

#include <jansson.h>

#include "domain/json_check.h"
#include "domain/rights.h"
#include "domain/scope.h"
#include "flow/guard.h"
#include "store/tokens.h"
#include "web/app.h"
#include "web/token_limits.h"

enum { API_MAGIC = 0xA91, API_BODY_MAX = JSON_BODY_BYTES_MAX };

struct api_call {
    unsigned magic;
    struct web *web;
    struct exchange *exchange; /* held */
    const struct api_route *route;
    char receipt[RECEIPT_BYTES]; /* of the path; "" when there is none or it is ill-formed */
    char token_id[TOKENS_ID_BYTES];
    char token_name[TOKENS_NAME_BYTES];
    char org[TOKENS_ORG_BYTES];
    unsigned rights;
    struct scope scope;
    bool own; /* sees only what its organisation put in */
    struct token_quota quota;
    /* of a body */
    json_t *body;               /* an object; NULL: faults say why, or there is none */
    bool broken;                /* 400 instead of 422 */
    struct json_faults *faults; /* of routes with a body, else NULL */
    struct guard guard;
    void *state; /* the handler's, freed by it before api_end */
};

typedef void api_handler_fn(struct api_call *call);

struct api_route {
    enum http_method method;
    const char *path;                  /* behind /api/v1; {} stands for a receipt */
    unsigned right;                    /* any one of them */
    bool open;                         /* needs no token */
    bool body_needed;                  /* false: no body is an empty object */
    const struct json_member *members; /* of its JSON body; NULL: none is allowed */
    bool any_members;                  /* the handler reads them by tables of its own */
    api_handler_fn *handler;
};

http_handler_fn api_handle;

api_handler_fn api_feed, api_detail, api_history, api_search, api_search_body, api_intake,
    api_stats, api_pushes, api_push_say;                                 /* api_feed.c … */
api_handler_fn api_claim, api_release, api_steps, api_move, api_correct; /* api_moves.c */

bool api_has(const struct api_call *call, unsigned rights); /* any of them */
/* The guard of this call on its report: scope, right of the route, body; claims and If-Match where it changes something. */
void api_guard(struct api_call *call, bool changes);

/* Each answers; the JSON is taken. more: members for the problem, or NULL (taken). */
void api_send_json(struct api_call *call, int status, json_t *take_json);
/* A body that several may share; it stays the caller's. */
void api_send_blob(struct api_call *call, int status, struct blob *json);
void api_send_problem(struct api_call *call, int status, const char *title, const char *detail,
                      json_t *take_more);
/* One more fault of the body, at one of its members. */
void api_fault(struct api_call *call, const char *member, const char *code, const char *detail);
bool api_body_fits(const struct api_call *call); /* no faults so far */
/* 400 or 422 with the call's faults. */
void api_send_faults(struct api_call *call);
void api_send_text(struct api_call *call, int status, const char *type, struct str text);
/* One fault of a query parameter: 422, pointer "", code, detail. */
void api_send_query_fault(struct api_call *call, const char *code, const char *detail);
void api_send_busy(struct api_call *call); /* 503 with Retry-After */
/* What the guard said; record may be NULL with GUARD_UNKNOWN. */
void api_send_guarded(struct api_call *call, enum guard_verdict verdict,
                      const struct report_record *record);
/* The newest item of the call's report with its ETag, 200. */
void api_send_item(struct api_call *call, const struct report_record *record);
void api_set_etag(struct api_call *call, int64_t version);
void api_end(struct api_call **call);

/* The query as fields; false: answered 422. */
bool api_query(struct api_call *call, struct fields *ret);

#endif
