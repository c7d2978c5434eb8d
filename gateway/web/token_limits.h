/*
 * token_limits.h - how often a token may ask, and how often an address may be wrong, in this worker's memory: windows of 60 s that begin with
 * the first request. N workers may allow N times as much.
 *
 *   secret ─► may_try ─ no ─► 429 ─┐
 *               │ yes              ├─ nobody is told whether the token was right
 *             look-up ─ unknown ─► wrong ─► 401
 *               │ known
 *             take ─ over ─► 429     every answer to a known token carries its lines
 *
 * An address is no person: a whole office shares one, and one program there that goes on with a token whose days are over must not lock out the
 * others. So whoever was right lately is let through to the look-up; the ceiling is for those who try. The tables are of fixed size; under a
 * flood the window that began first is forgotten.
 */
#ifndef WEB_TOKEN_LIMITS_H
#define WEB_TOKEN_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { TOKEN_WRONG_PER_MIN = 60, TOKEN_QUOTA_LINES_BYTES = 160 };

struct token_limits;

struct token_quota {
    bool allowed;
    int64_t limit, remaining; /* of this window */
    int64_t reset_s;          /* until it ends, 1 to 60 */
};

/* exempt: networks whose addresses may be wrong as often as they like ([limits] address_exempt). */
struct token_limits *token_limits_new(int64_t per_min, const char *exempt,
                                      struct err *err) MUST_CHECK;
void token_limits_free(struct token_limits **limits);

/* Before the look-up. client: struct request's. False: 429 with Retry-After *ret_retry_s. */
bool token_limits_may_try(const struct token_limits *limits, struct str client, struct str secret,
                          int64_t now_ms, int64_t *ret_retry_s);
/* The look-up found no token: counts against the address. */
void token_limits_wrong(struct token_limits *limits, struct str client, struct str secret,
                        int64_t now_ms);
/* The look-up found it: counts one request of the token. */
void token_limits_take(struct token_limits *limits, struct str secret, int64_t now_ms,
                       struct token_quota *ret);
/* Whole lines for exchange_header_lines: RateLimit-Policy, RateLimit (draft-ietf-httpapi-ratelimit-headers) and, when not allowed, Retry-After. */
void token_quota_lines(const struct token_quota *quota, char ret_lines[TOKEN_QUOTA_LINES_BYTES]);

#endif
