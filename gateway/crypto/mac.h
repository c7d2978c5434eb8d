/*
 * mac.h - HMAC-SHA-256 (RFC 2104, FIPS 180-4), SHA-256, and comparison in constant time.
 */
#ifndef CRYPTO_MAC_H
#define CRYPTO_MAC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { MAC_BYTES = 32, MAC_HEX_BYTES = 65 };

struct mac {
    unsigned char bytes[MAC_BYTES];
};

void sha256(struct str data, struct mac *ret);
void mac_make(struct str key, struct str data, struct mac *ret);
/* Several parts, each preceded by its length as 8 bytes big-endian, so that no two part lists read alike. */
void mac_parts(struct str key, const struct str *parts, size_t count, struct mac *ret);
bool mac_equal(const void *a, const void *b, size_t bytes);
/* The first `bytes` bytes as lower-case hex; ret_hex has 2·bytes + 1. */
void mac_hex(const struct mac *mac, size_t bytes, char *ret_hex);

#endif
