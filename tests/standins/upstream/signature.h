/*
 * signature.h - the receiving side of Standard Webhooks: whsec_ secrets and v1 signatures (HMAC-SHA-256 of "id.timestamp.body").
 */
#ifndef STANDINS_UPSTREAM_SIGNATURE_H
#define STANDINS_UPSTREAM_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/exchange.h"

enum { SIGNATURE_AGE_S_MAX = 300 };

/* One line, whsec_ and base64; the key's bytes are appended. */
bool signature_read_secret(const char *path, struct buf *to, struct err *err) MUST_CHECK;
/* Are webhook-id, webhook-timestamp and webhook-signature there, of now, and made with this key? */
bool signature_good(struct str key, const struct request *request, int64_t now_wall_ms);

#endif
