/*
 * keyring.h - the gateway's keys, one JSON file of mode 0600 made by `mashang init`.
 *
 *   {"mashang_keyring": 1, "keys": [{"purpose": "link", "id": 1, "key": "<64 hex>", "made": "2026-11-23", "state": "current"}, …]}
 *
 * Purposes live apart (mechanics.md): link as long as posters hang, receipt never retired, token 31 days, lookup, seal, audit.
 * Exactly one current key per purpose; "old" ones only verify or open. A missing, unreadable-by-mode, wrong or incomplete file is an
 * error that names it. Nobody but the owner may read the file; under $CREDENTIALS_DIRECTORY (systemd) the group may, for its access lists show as
 * the group's rights. Key material is wiped on release.
 */
#ifndef CRYPTO_KEYRING_H
#define CRYPTO_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { KEY_BYTES = 32, KEY_MADE_BYTES = 11, KEY_ID_MAX = 255, KEYRING_KEYS_MAX = 64 };

enum key_purpose {
    KEY_LINK,
    KEY_RECEIPT,
    KEY_TOKEN,
    KEY_LOOKUP,
    KEY_SEAL,
    KEY_AUDIT,
    KEY_PURPOSES
};

struct key {
    enum key_purpose purpose;
    unsigned id; /* 1–255, unique per purpose */
    bool current;
    char made[KEY_MADE_BYTES]; /* 2026-11-23, Asia/Shanghai */
    unsigned char bytes[KEY_BYTES];
};

struct keyring {
    struct key keys[KEYRING_KEYS_MAX];
    size_t count;
};

bool keyring_load(struct keyring *ret, const char *path, struct err *err) MUST_CHECK;
void keyring_make(struct keyring *ret); /* a fresh key for every purpose */
bool keyring_save(const struct keyring *keyring, const char *path,
                  struct err *err) MUST_CHECK; /* 0600, never over an existing file */
/* The same over the file that is there: a reader sees the old keys or the new ones. */
bool keyring_replace(const struct keyring *keyring, const char *path, struct err *err) MUST_CHECK;
/* A new current key of that purpose; the old one stays for reading. False when full. */
bool keyring_rotate(struct keyring *keyring, enum key_purpose purpose, struct err *err) MUST_CHECK;
/* An old key goes: whatever is under it can never be read again. False: there is no such key, or it is the current one. */
bool keyring_drop(struct keyring *keyring, enum key_purpose purpose, unsigned id,
                  struct err *err) MUST_CHECK;
void keyring_wipe(struct keyring *keyring);

const struct key *keyring_current(const struct keyring *keyring,
                                  enum key_purpose purpose); /* never NULL after load */
const struct key *keyring_find(const struct keyring *keyring, enum key_purpose purpose,
                               unsigned id); /* NULL: unknown */
/* The key used before the current one, NULL when there is none (lookups try both during a rotation). */
const struct key *keyring_previous(const struct keyring *keyring, enum key_purpose purpose);
/* The first one of that purpose, which a rotation leaves as it is: for what must be found under one name whatever is current. Never NULL after load. */
const struct key *keyring_first(const struct keyring *keyring, enum key_purpose purpose);
const char *key_purpose_name(enum key_purpose purpose);

#endif
