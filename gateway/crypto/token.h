/*
 * token.h - the two signed texts a farmer carries.
 *
 * Form token: random id, time of issue, key id and MAC. It is not bound to a village (a family may pick another) and holds
 * nothing personal. Text: base64url of 1 version · 1 key id · 6 ms big-endian · 12 random · 16 MAC = 48 characters.
 *
 * Receipt link "{receipt}-{sig}": sig is base32 (Crockford, lower case in links, folded when read) of 1 kind+key id … and ≥ 80 bits
 * of MAC over kind, key id and receipt. Kind f shows all of contract §6; kind s shows number, step words and dates only.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "crypto/keyring.h"

enum { TOKEN_TEXT_BYTES = 49, TOKEN_ID_BYTES = 25, LINK_SIG_BYTES = 32 };

struct token {
    char id[TOKEN_ID_BYTES]; /* 24 hex digits: what the store keys by */
    int64_t issued_ms;       /* wall time */
};

void token_issue(const struct keyring *keyring, int64_t now_wall_ms,
                 char ret_text[TOKEN_TEXT_BYTES]);
/* False: not ours or damaged. Age is the caller's business. */
bool token_read(const struct keyring *keyring, struct str text, struct token *ret) MUST_CHECK;

enum link_kind { LINK_FULL = 'f', LINK_SHORT = 's' };

void link_sig(const struct keyring *keyring, enum link_kind kind, struct str receipt,
              char ret_sig[LINK_SIG_BYTES]);
/* text: "412938471655-…". False: not ours. ret_receipt has 12 digits and NUL. */
bool link_read(const struct keyring *keyring, struct str text, char ret_receipt[13],
               enum link_kind *ret_kind) MUST_CHECK;

#endif
