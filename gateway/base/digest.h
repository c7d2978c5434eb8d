/*
 * digest.h - SHA-256 (FIPS 180-4) of public bytes: versions of contents, hashes of stylesheets. Nothing secret: keyed sums are crypto/mac.h.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/str.h"

enum { DIGEST_BYTES = 32, DIGEST_VERSION_BYTES = 17 };

void digest_sha256(struct str bytes, unsigned char ret_digest[DIGEST_BYTES]);
/* The first 16 hex digits: how versions of forms, procedures, pages and notices are written. */
void digest_version(struct str bytes, char ret_text[DIGEST_VERSION_BYTES]);

#endif
