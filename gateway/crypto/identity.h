/*
 * identity.h - keyed hashes under which the store can find a person without knowing them (HMAC-SHA-256 under a lookup key).
 * 32 hex digits each. The kinds never collide: the kind's name is part of what is hashed.
 */
#ifndef CRYPTO_IDENTITY_H
#define CRYPTO_IDENTITY_H

#include "base/str.h"
#include "crypto/keyring.h"

enum { IDENTITY_BYTES = 33 };

enum identity_kind {
    IDENTITY_ID,      /* a resident ID number, normalised */
    IDENTITY_PHONE,   /* a phone, normalised */
    IDENTITY_PERSON,  /* who a report is about: the ID, else name and phone */
    IDENTITY_LAST4,   /* the last four characters, together with the receipt */
    IDENTITY_CONTENT, /* normalised answers, canonical JSON */
    IDENTITY_NAME,    /* a name, normalised */
    IDENTITY_GUESS    /* an unknown receipt or ID in the cells that count guesses */
};

/* b may be empty. */
void identity_hash(const struct key *lookup_key, enum identity_kind kind, struct str a,
                   struct str b, char ret_hex[IDENTITY_BYTES]);

#endif
