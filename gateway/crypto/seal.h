/*
 * seal.h - personal data at rest: AES-256-GCM (NIST SP 800-38D) with a data key of its own per report.
 *
 * Blob: 1 byte version (1) · 1 byte seal key id · 12 nonce + 32 wrapped data key + 16 tag (AAD: receipt, key id) · 12 nonce + data + 16
 * tag (AAD: receipt, schema, `what`). `what` names the place ("report", "event:…") so that one blob cannot stand in for another.
 * Deleting the blob deletes the person. seal_rewrap changes the wrap only.
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "crypto/keyring.h"

/* Appends the blob. */
void seal_close(const struct keyring *keyring, struct str receipt, struct str what,
                struct str plain, struct buf *to);
/* Appends the plain bytes; false when the blob is foreign, changed or its key is gone (nothing appended). */
bool seal_open(const struct keyring *keyring, struct str receipt, struct str what, struct str blob,
               struct buf *to) MUST_CHECK;
bool seal_rewrap(const struct keyring *keyring, struct str receipt, struct str blob,
                 struct buf *to) MUST_CHECK;

#endif
