#include "flow/outgoing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rand.h"
#include "crypto/mac.h"
#include "flow/outgoing_body.h"
#include "view/mustache.h"

enum {
    OUTGOING_MAGIC = 0x007901,
    TEXT_BYTES_MAX = 1 << 20,
    HEADER_BYTES_MAX = 8192,
    LINES_MAX = 16,
    TRACE_HEX = 32,
    SPAN_BYTES = 8,
    NONCE_BYTES = 16
};

struct outgoing {
    unsigned magic;
    const struct setup *setup;
    enum outgoing_auth auth;
    struct outgoing_body *body;
    char *key; /* webhook: the decoded secret; bearer: the token */
    size_t key_len;
    struct buf token_body;
    struct mustache *lines[LINES_MAX]; /* of headers_file */
    size_t line_count;
};

static const char *const line_names[] = {"timestamp", "nonce", "body_sha256", "hmac_sha256", NULL};

static bool read_bearer(struct outgoing *outgoing, const char *path, struct err *err)
{
    struct buf text;
    buf_init(&text, HEADER_BYTES_MAX / 2);
    bool read = file_read(path, &text, err);
    struct str token = buf_str(&text);
    while (token.len > 0 && (unsigned char)token.at[token.len - 1] <= ' ') {
        token.len--;
    }
    for (size_t i = 0; read && i < token.len; i++) {
        if ((unsigned char)token.at[i] <= ' ' || (unsigned char)token.at[i] >= 0x7F) {
            read = err_set(err, "%s: not a token: visible ASCII on one line", path);
        }
    }
    if (read && token.len == 0) {
        read = err_set(err, "%s: empty", path);
    }
    if (read) {
        outgoing->key = mem_dup_str(token);
        outgoing->key_len = token.len;
    }
    if (text.at != NULL) {
        explicit_bzero(text.at, text.room);
    }
    buf_release(&text);
    return read;
}

static bool needs(struct err *err, const char *value, const char *key, const char *auth)
{
    return value[0] != '\0' || err_set(err, "%s: needed with upstream.auth = %s", key, auth);
}

static bool load_secrets(struct outgoing *outgoing, struct err *err)
{
    const struct options *options = &outgoing->setup->options;
    const char *auth = options->upstream.auth;
    const char *file = options->upstream.secret_file;
    if (str_is(str_of(auth), "bearer")) {
        outgoing->auth = OUTGOING_BEARER;
        return needs(err, file, "upstream.secret_file", auth) && read_bearer(outgoing, file, err);
    }
    if (str_is(str_of(auth), "token-request")) {
        outgoing->auth = OUTGOING_TOKEN_REQUEST;
        return needs(err, options->upstream.token_url, "upstream.token_url", auth) &&
               needs(err, options->upstream.token_body_file, "upstream.token_body_file", auth) &&
               file_read(options->upstream.token_body_file, &outgoing->token_body, err) &&
               (file[0] == '\0' ||
                setup_read_secret(file, &outgoing->key, &outgoing->key_len, err));
    }
    outgoing->auth = OUTGOING_WEBHOOK;
    return needs(err, file, "upstream.secret_file", auth) &&
           setup_read_secret(file, &outgoing->key, &outgoing->key_len, err);
}

/* A line per header, each a small template: `X-Time: {{timestamp}}`. */
static bool load_lines(struct outgoing *outgoing, struct err *err)
{
    const char *path = outgoing->setup->options.upstream.headers_file;
    const struct mustache_options options = {
        .escape = MUSTACHE_NONE, .strict = true, .names = line_names};
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    bool read = path[0] == '\0' || file_read(path, &text, err);
    struct str rest = buf_str(&text);
    struct str line;
    for (int number = 1; read && rest.at != NULL && str_next(&rest, '\n', &line); number++) {
        line = str_trim(str_ends(line, STR("\r")) ? str_sub(line, 0, line.len - 1) : line);
        if (line.len == 0 || line.at[0] == '#') {
            continue;
        }
        if (str_find_char(line, ':') < 1) {
            read = err_set(err, "%s:%d: no colon: a line is `name: value`", path, number);
            break;
        }
        if (outgoing->line_count == LINES_MAX) {
            read = err_set(err, "%s:%d: more than %d lines", path, number, LINES_MAX);
            break;
        }
        struct mustache *template = mustache_compile(line, path, &options, err);
        read = template != NULL;
        if (read) {
            outgoing->lines[outgoing->line_count++] = template;
        }
    }
    buf_release(&text);
    return read;
}

struct outgoing *outgoing_load(const struct setup *setup, struct err *err)
{
    struct outgoing *outgoing = mem_alloc(sizeof *outgoing);
    outgoing->magic = OUTGOING_MAGIC;
    outgoing->setup = setup;
    buf_init(&outgoing->token_body, TEXT_BYTES_MAX);
    outgoing->body = outgoing_body_load(setup, err);
    if (outgoing->body == NULL || !load_secrets(outgoing, err) || !load_lines(outgoing, err)) {
        outgoing_free(&outgoing);
    }
    return outgoing;
}

void outgoing_free(struct outgoing **outgoing_at)
{
    struct outgoing *outgoing = *outgoing_at;
    if (outgoing == NULL) {
        return;
    }
    outgoing_body_free(&outgoing->body);
    for (size_t i = 0; i < outgoing->line_count; i++) {
        mustache_free(&outgoing->lines[i]);
    }
    if (outgoing->key != NULL) {
        explicit_bzero(outgoing->key, outgoing->key_len);
    }
    free(outgoing->key);
    if (outgoing->token_body.at != NULL) {
        explicit_bzero(outgoing->token_body.at, outgoing->token_body.room);
    }
    buf_release(&outgoing->token_body);
    outgoing->magic = 0;
    free(outgoing);
    *outgoing_at = NULL;
}

enum outgoing_auth outgoing_auth(const struct outgoing *outgoing)
{
    return outgoing->auth;
}

struct str outgoing_token_body(const struct outgoing *outgoing)
{
    return buf_str(&outgoing->token_body);
}

const char *outgoing_token_body_type(const struct outgoing *outgoing)
{
    struct str body = str_trim(buf_str(&outgoing->token_body));
    return str_starts(body, STR("{")) ? "application/json" : "application/x-www-form-urlencoded";
}

static struct buf *new_header(struct outgoing_request *request)
{
    CHECK(request->header_count < FETCH_HEADERS_MAX);
    struct buf *header = &request->headers[request->header_count++];
    buf_init(header, HEADER_BYTES_MAX);
    return header;
}

static void add_header(struct outgoing_request *request, const char *name, struct str value)
{
    struct buf *header = new_header(request);
    buf_printf(header, "%s: %.*s", name, STR_ARG(value));
}

/* Repeats of an event share the trace; each attempt has its own span (W3C Trace Context). */
static void add_trace(struct outgoing_request *request, const char *event_id)
{
    struct mac trace;
    char hex[TRACE_HEX + 1];
    unsigned char span[SPAN_BYTES];
    sha256(str_of(event_id), &trace);
    mac_hex(&trace, TRACE_HEX / 2, hex);
    rand_bytes(span, sizeof span);
    span[0] |= 1; /* never all zero */
    struct buf *header = new_header(request);
    buf_printf(header, "traceparent: 00-%s-", hex);
    hex_put(header, str_make(span, sizeof span));
    buf_puts(header, "-01");
}

/* Standard Webhooks: v1,base64(HMAC-SHA-256(key, id.timestamp.body)) */
static void add_signature(const struct outgoing *outgoing, struct outgoing_request *request,
                          const char *event_id, const char *timestamp)
{
    struct buf text;
    struct mac mac;
    buf_init(&text, TEXT_BYTES_MAX * 2);
    buf_printf(&text, "%s.%s.", event_id, timestamp);
    buf_put(&text, buf_str(&request->body));
    CHECK(buf_ok(&text));
    mac_make(str_make(outgoing->key, outgoing->key_len), buf_str(&text), &mac);
    struct buf *header = new_header(request);
    buf_puts(header, "webhook-signature: v1,");
    base64_put(header, str_make(mac.bytes, MAC_BYTES));
    explicit_bzero(text.at, text.room);
    buf_release(&text);
}

static json_t *line_values(const struct outgoing *outgoing, const struct outgoing_request *request,
                           const char *timestamp)
{
    unsigned char nonce[NONCE_BYTES];
    struct mac digest;
    char digest_hex[MAC_HEX_BYTES];
    char mac_text[MAC_HEX_BYTES];
    struct buf hex;
    struct buf text;
    rand_bytes(nonce, sizeof nonce);
    buf_init(&hex, NONCE_BYTES * 2);
    hex_put(&hex, str_make(nonce, sizeof nonce));
    sha256(buf_str(&request->body), &digest);
    mac_hex(&digest, MAC_BYTES, digest_hex);
    buf_init(&text, TEXT_BYTES_MAX * 2);
    buf_printf(&text, "%s%s", timestamp, buf_text(&hex));
    buf_put(&text, buf_str(&request->body));
    mac_make(str_make(outgoing->key, outgoing->key_len), buf_str(&text), &digest);
    mac_hex(&digest, MAC_BYTES, mac_text);
    json_t *values = json_pack("{s:s, s:s, s:s, s:s}", "timestamp", timestamp, "nonce",
                               buf_text(&hex), "body_sha256", digest_hex, "hmac_sha256", mac_text);
    explicit_bzero(text.at, text.room);
    buf_release(&hex);
    buf_release(&text);
    return values;
}

static void add_lines(const struct outgoing *outgoing, struct outgoing_request *request,
                      const char *timestamp)
{
    if (outgoing->line_count == 0) {
        return;
    }
    json_t *values = line_values(outgoing, request, timestamp);
    for (size_t i = 0; i < outgoing->line_count; i++) {
        bool rendered = mustache_render(outgoing->lines[i], values, new_header(request));
        CHECK(rendered);
    }
    json_decref(values);
}

bool outgoing_make(const struct outgoing *outgoing, const struct outgoing_event *event,
                   struct outgoing_request *ret, struct err *err)
{
    char timestamp[24];
    CHECK_OBJ(outgoing, OUTGOING_MAGIC);
    *ret = (struct outgoing_request){0};
    buf_init(&ret->body, TEXT_BYTES_MAX);
    if (!outgoing_body_make(outgoing->body, event->cloud_event, &ret->body, err)) {
        return false;
    }
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(event->now_wall_ms / 1000));
    add_header(ret, "Content-Type", str_of(outgoing_body_type(outgoing->body)));
    add_header(ret, "Idempotency-Key", str_of(event->id));
    add_trace(ret, event->id);
    add_header(ret, "webhook-id", str_of(event->id));
    add_header(ret, "webhook-timestamp", str_of(timestamp));
    if (outgoing->auth == OUTGOING_WEBHOOK) {
        add_signature(outgoing, ret, event->id, timestamp);
    } else {
        const char *token = event->bearer ? event->bearer : outgoing->key;
        struct buf *header = new_header(ret);
        buf_printf(header, "Authorization: Bearer %s", token ? token : "");
    }
    add_lines(outgoing, ret, timestamp);
    return true;
}

void outgoing_request_release(struct outgoing_request *request)
{
    if (request->body.at != NULL) {
        explicit_bzero(request->body.at, request->body.room);
    }
    buf_release(&request->body);
    for (size_t i = 0; i < request->header_count; i++) {
        buf_release(&request->headers[i]);
    }
    request->header_count = 0;
}

struct verdict_rules outgoing_verdict_rules(const struct options *options)
{
    return (struct verdict_rules){
        .ok_pointer = str_of(options->upstream.ok_pointer),
        .ok_values = str_of(options->upstream.ok_values),
        .duplicate_values = str_of(options->upstream.duplicate_values),
        .refused_values = str_of(options->upstream.refused_values),
        .auth_values = str_of(options->upstream.auth_values),
        .msg_pointer = str_of(options->upstream.msg_pointer),
    };
}
