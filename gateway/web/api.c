#include "web/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "domain/json_body.h"
#include "flow/item.h"
#include "web/api_bodies.h"
#include "web/send.h"

/* openapi.json, compiled in (Makefile). */
extern const char _binary_gateway_web_openapi_json_start[];
extern const char _binary_gateway_web_openapi_json_end[];

#define PREFIX "/api/v1"

enum { READERS = RIGHT_READ | RIGHT_OWN, LINES_BYTES = 512 };

static api_handler_fn send_document;
static tokens_find_done_fn on_token;

static const struct api_route routes[] = {
    {HTTP_GET, "/openapi.json", 0, true, false, NULL, false, send_document},
    {HTTP_POST, "/reports", RIGHT_INTAKE, false, true, NULL, true, api_intake},
    {HTTP_GET, "/pushes", RIGHT_STATS | RIGHT_INTAKE, false, false, NULL, false, api_pushes},
    {HTTP_POST, "/pushes", RIGHT_INTAKE, false, true, api_push_members, false, api_push_say},
    {HTTP_GET, "/reports", READERS, false, false, NULL, false, api_feed},
    {HTTP_GET, "/reports/{}", READERS, false, false, NULL, false, api_detail},
    {HTTP_GET, "/reports/{}/history", RIGHT_READ, false, false, NULL, false, api_history},
    {HTTP_GET, "/search", RIGHT_LOOKUP, false, false, NULL, false, api_search},
    {HTTP_POST, "/search", RIGHT_LOOKUP, false, true, api_search_members, false, api_search_body},
    {HTTP_GET, "/stats", RIGHT_STATS, false, false, NULL, false, api_stats},
    {HTTP_POST, "/reports/{}/claim", RIGHT_CLAIM, false, false, api_claim_members, false,
     api_claim},
    {HTTP_POST, "/reports/{}/release", RIGHT_CLAIM, false, false, api_release_members, false,
     api_release},
    {HTTP_POST, "/reports/{}/steps", RIGHT_STEP, false, true, api_step_members, false, api_steps},
    {HTTP_POST, "/reports/{}/transfer", RIGHT_STEP, false, true, api_transfer_members, false,
     api_move},
    {HTTP_POST, "/reports/{}/ask", RIGHT_STEP, false, true, api_ask_members, false, api_move},
    {HTTP_POST, "/reports/{}/answer", RIGHT_STEP, false, false, api_note_members, false, api_move},
    {HTTP_POST, "/reports/{}/pause", RIGHT_STEP, false, true, api_pause_members, false, api_move},
    {HTTP_POST, "/reports/{}/resume", RIGHT_STEP, false, false, api_note_members, false, api_move},
    {HTTP_POST, "/reports/{}/merge", RIGHT_STEP, false, true, api_merge_members, false, api_move},
    {HTTP_POST, "/reports/{}/withdraw", RIGHT_STEP, false, false, api_note_members, false,
     api_move},
    {HTTP_POST, "/reports/{}/object", RIGHT_STEP, false, false, api_object_members, false,
     api_move},
    {HTTP_POST, "/reports/{}/green", RIGHT_STEP, false, false, api_note_members, false, api_move},
    {HTTP_POST, "/reports/{}/clear", RIGHT_STEP, false, false, api_note_members, false, api_move},
    {HTTP_POST, "/reports/{}/correct", RIGHT_STEP, false, true, api_correct_members, false,
     api_correct},
};

/* Where {} stands, one segment is taken. */
static bool path_fits(const char *pattern, struct str path, struct str *ret_segment)
{
    struct str fixed = str_of(pattern);
    ptrdiff_t hole = str_find(fixed, STR("{}"));
    if (hole < 0) {
        return str_eq(fixed, path);
    }
    struct str before = str_sub(fixed, 0, (size_t)hole);
    struct str after = str_from(fixed, (size_t)hole + 2);
    if (!str_starts(path, before) || !str_ends(path, after) || path.len <= before.len + after.len) {
        return false;
    }
    *ret_segment = str_sub(str_from(path, before.len), 0, path.len - before.len - after.len);
    return str_find_char(*ret_segment, '/') < 0;
}

/* NULL: no such path, or *ret_allowed says which methods it has. */
static const struct api_route *find_route(const struct request *request, struct str *ret_segment,
                                          const char **ret_allowed)
{
    enum http_method wanted = request->method == HTTP_HEAD ? HTTP_GET : request->method;
    bool gets = false;
    bool posts = false;
    struct str path = request->path;
    *ret_segment = STR("");
    *ret_allowed = NULL;
    if (!str_starts(path, STR(PREFIX "/"))) {
        return NULL;
    }
    path = str_from(path, strlen(PREFIX));
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        struct str segment = STR("");
        if (!path_fits(routes[i].path, path, &segment)) {
            continue;
        }
        if (routes[i].method == wanted) {
            *ret_segment = segment;
            return &routes[i];
        }
        gets |= routes[i].method == HTTP_GET;
        posts |= routes[i].method == HTTP_POST;
    }
    *ret_allowed = gets && posts ? "GET, HEAD, POST" : gets ? "GET, HEAD" : posts ? "POST" : NULL;
    return NULL;
}

/* `Bearer ` and the token, in any case of the scheme (RFC 6750 §2.1, RFC 9110 §11.1); empty when there is none. */
static struct str bearer(const struct request *request)
{
    struct str value = request_header(request, "authorization");
    bool fits = value.len > 7 && str_eq_nocase(str_sub(value, 0, 7), STR("bearer "));
    return fits ? str_trim(str_from(value, 7)) : STR("");
}

static void refuse_token(struct api_call *call)
{
    exchange_header(call->exchange, "WWW-Authenticate", "Bearer");
    api_send_problem(call, 401, "Unauthorized", NULL, NULL);
    api_end(&call);
}

void api_handle(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    const struct request *request = exchange_request(exchange);
    struct str segment;
    const char *allowed;
    CHECK_OBJ(web, WEB_MAGIC);
    const struct api_route *route = find_route(request, &segment, &allowed);
    if (route == NULL) {
        if (allowed != NULL) {
            exchange_header(exchange, "Allow", allowed);
        }
        send_problem(web, exchange, allowed ? 405 : 404,
                     allowed ? "Method not allowed" : "Not found", "", "");
        return;
    }
    struct api_call *call = mem_alloc(sizeof *call);
    call->magic = API_MAGIC;
    call->web = web;
    call->exchange = exchange_hold(exchange);
    call->route = route;
    if (segment.len != RECEIPT_DIGITS || !receipt_parse(segment, call->receipt)) {
        call->receipt[0] = '\0';
    }
    if (route->open) {
        route->handler(call);
        return;
    }
    int64_t retry_s;
    struct str secret = bearer(request);
    if (!token_limits_may_try(web->token_limits, str_of(request->client), secret,
                              loop_now_ms(web->loop), &retry_s)) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)retry_s);
        exchange_header(exchange, "Retry-After", text);
        api_send_problem(call, 429, "Too many requests", NULL, NULL);
        api_end(&call);
        return;
    }
    tokens_find(web->store, secret, on_token, call);
}

/* The body read against the route's table; what is wrong waits until scope and right are known. */
static void read_body(struct api_call *call)
{
    const struct request *request = exchange_request(call->exchange);
    struct json_fault fault;
    if (call->route->members == NULL && !call->route->any_members) {
        return;
    }
    call->faults = mem_alloc(sizeof *call->faults);
    if (request->body.len == 0 && !call->route->body_needed) {
        call->body = json_object();
        return;
    }
    call->body = json_body_parse(request->body, &fault);
    if (call->body == NULL) {
        call->broken = true;
        json_fault_add(call->faults, fault.pointer, "", fault.code, "%s", fault.detail);
        return;
    }
    if (!call->route->any_members) {
        json_check_object(call->body, "", call->route->members, call->faults);
    }
}

static bool is_json(const struct request *request)
{
    struct str type = request_header(request, "content-type");
    ptrdiff_t semicolon = str_find_char(type, ';');
    struct str media = str_trim(str_sub(type, 0, semicolon < 0 ? type.len : (size_t)semicolon));
    return str_eq_nocase(media, STR("application/json")) ||
           (media.len == 0 && request->body.len == 0);
}

static void on_token(void *arg, enum op_status status, const struct tokens_row *row)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    struct web *web = call->web;
    const struct request *request = exchange_request(call->exchange);
    int64_t now_ms = loop_now_ms(web->loop);
    struct str secret = bearer(request);
    if (status != OP_OK) {
        api_send_busy(call);
        api_end(&call);
        return;
    }
    if (row == NULL) {
        token_limits_wrong(web->token_limits, str_of(request->client), secret, now_ms);
        refuse_token(call);
        return;
    }
    token_limits_take(web->token_limits, secret, now_ms, &call->quota);
    snprintf(call->token_id, sizeof call->token_id, "%s", row->id);
    snprintf(call->token_name, sizeof call->token_name, "%s", row->name);
    snprintf(call->org, sizeof call->org, "%s", row->org);
    call->rights = row->rights;
    call->own = (row->rights & RIGHT_OWN) != 0 && (row->rights & RIGHT_READ) == 0;
    scope_read(web->setup->areas, str_of(row->areas), &call->scope);
    if (!call->quota.allowed) {
        api_send_problem(call, 429, "Too many requests", NULL, NULL);
        api_end(&call);
    } else if (call->route->method == HTTP_POST && !is_json(request)) {
        api_send_problem(call, 415, "Unsupported media type", "application/json is expected", NULL);
        api_end(&call);
    } else {
        read_body(call);
        call->route->handler(call);
    }
}

bool api_has(const struct api_call *call, unsigned rights)
{
    return (call->rights & rights) != 0;
}

void api_fault(struct api_call *call, const char *member, const char *code, const char *detail)
{
    json_fault_add(call->faults, "", member, code, "%s", detail);
}

bool api_body_fits(const struct api_call *call)
{
    return call->faults == NULL || call->faults->count == 0;
}

void api_guard(struct api_call *call, bool changes)
{
    const struct setup *setup = call->web->setup;
    const json_t *fence = call->body ? json_object_get(call->body, "fence") : NULL;
    call->guard = (struct guard){
        .areas = setup->areas,
        .scope = &call->scope,
        .org = call->own ? call->org : "",
        .reads = !changes,
        .has_right = api_has(call, call->route->right),
        .body_fits = api_body_fits(call),
    };
    if (changes) {
        call->guard.holder = call->token_id;
        call->guard.must_hold = str_is(str_of(setup->options.claims.required), "yes");
        call->guard.has_fence = json_is_integer(fence);
        call->guard.fence = json_integer_value(fence);
        call->guard.if_match = request_header(exchange_request(call->exchange), "if-match");
    }
}

static void set_quota(struct api_call *call)
{
    char lines[TOKEN_QUOTA_LINES_BYTES];
    if (call->quota.limit > 0) {
        token_quota_lines(&call->quota, lines);
        exchange_header_lines(call->exchange, str_of(lines));
    }
}

static void set_headers(struct api_call *call, const char *type)
{
    send_headers(call->web, call->exchange, SEND_NO_STORE);
    set_quota(call);
    exchange_header(call->exchange, "Content-Type", type);
}

void api_send_text(struct api_call *call, int status, const char *type, struct str text)
{
    set_headers(call, type);
    exchange_body_copy(call->exchange, text);
    exchange_send(call->exchange, status);
}

void api_send_blob(struct api_call *call, int status, struct blob *json)
{
    set_headers(call, "application/json");
    exchange_body_blob(call->exchange, json);
    exchange_send(call->exchange, status);
}

static void send_json(struct api_call *call, int status, const char *type, json_t *take_json)
{
    char *text = json_dumps(take_json, JSON_COMPACT);
    CHECK(text != NULL);
    json_decref(take_json);
    api_send_text(call, status, type, str_of(text));
    free(text);
}

void api_send_json(struct api_call *call, int status, json_t *take_json)
{
    send_json(call, status, "application/json", take_json);
}

void api_send_problem(struct api_call *call, int status, const char *title, const char *detail,
                      json_t *take_more)
{
    json_t *problem = json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title", title, "status",
                                status);
    if (detail != NULL) {
        json_object_set_new(problem, "detail", json_string(detail));
    }
    if (take_more != NULL) {
        json_object_update(problem, take_more);
        json_decref(take_more);
    }
    send_json(call, status, "application/problem+json", problem);
}

void api_send_faults(struct api_call *call)
{
    int status = call->broken ? 400 : 422;
    api_send_problem(call, status, call->broken ? "Not readable" : "Not valid", NULL,
                     json_pack("{s:o}", "errors", json_faults_json(call->faults)));
}

void api_send_query_fault(struct api_call *call, const char *code, const char *detail)
{
    api_send_problem(call, 422, "Not valid", NULL,
                     json_pack("{s:[{s:s, s:s, s:s}]}", "errors", "pointer", "", "code", code,
                               "detail", detail));
}

void api_send_busy(struct api_call *call)
{
    exchange_header(call->exchange, "Retry-After", "5");
    api_send_problem(call, 503, "Try again later", NULL, NULL);
}

static json_t *holder_json(const struct report_record *record)
{
    int64_t until_ms;
    bool held = guard_claimed(record, &until_ms);
    return held ? item_claim(record_get(record, REPORT_CLAIM),
                             record_get(record, REPORT_CLAIM_NAME), until_ms)
                : json_null();
}

void api_send_guarded(struct api_call *call, enum guard_verdict verdict,
                      const struct report_record *record)
{
    switch (verdict) {
    case GUARD_OK:
    case GUARD_UNKNOWN:
        api_send_problem(call, 404, "Not found", NULL, NULL);
        break;
    case GUARD_FORBIDDEN:
        api_send_problem(call, 403, "Forbidden", "this token has not the right for it", NULL);
        break;
    case GUARD_BODY:
        api_send_faults(call);
        break;
    case GUARD_CLAIMED:
        api_send_problem(call, 409, "Claimed by another", NULL,
                         json_pack("{s:o}", "claimed_by", holder_json(record)));
        break;
    case GUARD_NOT_CLAIMED:
        api_send_problem(call, 409, "Not claimed", "claim it first",
                         json_pack("{s:o}", "claimed_by", json_null()));
        break;
    case GUARD_STALE_FENCE: {
        json_t *more = json_pack("{s:o}", "claimed_by", holder_json(record));
        int64_t fence = record_number(record, REPORT_FENCE);
        if (fence > 0) {
            json_object_set_new(more, "fence", json_integer((json_int_t)fence));
        }
        api_send_problem(call, 409, "Stale fence", "not the fence of the claim that holds now",
                         more);
        break;
    }
    case GUARD_STALE_VERSION: {
        int64_t changed_ms = record_number(record, REPORT_CHANGED);
        struct str by = record_get(record, REPORT_CHANGED_BY);
        changed_ms = changed_ms > 0 ? changed_ms : record_number(record, REPORT_SUBMITTED);
        json_t *more = json_pack("{s:I, s:o, s:o}", "version",
                                 (json_int_t)record_number(record, REPORT_VERSION), "changed_at",
                                 item_time(changed_ms), "changed_by",
                                 item_text(item_is_staff(by) ? by : STR("")));
        api_send_problem(call, 412, "Changed meanwhile", NULL, more);
        break;
    }
    }
}

void api_set_etag(struct api_call *call, int64_t version)
{
    char etag[32];
    snprintf(etag, sizeof etag, "\"%lld\"", (long long)version);
    exchange_header(call->exchange, "ETag", etag);
}

void api_send_item(struct api_call *call, const struct report_record *record)
{
    api_set_etag(call, record_number(record, REPORT_VERSION));
    api_send_json(call, 200, item_json(call->web->setup, call->receipt, record));
}

bool api_query(struct api_call *call, struct fields *ret)
{
    if (exchange_read_query(call->exchange, ret) == FORM_BODY_OK) {
        return true;
    }
    api_send_query_fault(call, "syntax", "the query cannot be read");
    return false;
}

void api_end(struct api_call **call_at)
{
    struct api_call *call = *call_at;
    CHECK_OBJ(call, API_MAGIC);
    json_decref(call->body);
    free(call->faults);
    exchange_drop(&call->exchange);
    call->magic = 0;
    free(call);
    *call_at = NULL;
}

static void send_document(struct api_call *call)
{
    const char *from = _binary_gateway_web_openapi_json_start;
    size_t len = (uintptr_t)_binary_gateway_web_openapi_json_end - (uintptr_t)from;
    send_headers(call->web, call->exchange, SEND_NO_CACHE);
    exchange_header(call->exchange, "Content-Type", "application/json");
    exchange_body_copy(call->exchange, str_make(from, len));
    exchange_send(call->exchange, 200);
    api_end(&call);
}
