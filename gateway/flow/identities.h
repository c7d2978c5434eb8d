/*
 * identities.h - the keyed hashes of one submission, under the current lookup key and, during a rotation, the previous one too.
 */
#ifndef FLOW_IDENTITIES_H
#define FLOW_IDENTITIES_H

#include <jansson.h>

#include "crypto/identity.h"
#include "store/reports.h"

struct identities {
    size_t count;           /* 1, or 2 during a rotation */
    bool has_id, has_phone; /* what staff puts in may have no phone */
    char person[STORE_PERSONS_MAX][IDENTITY_BYTES];
    char id[STORE_PERSONS_MAX][IDENTITY_BYTES];
    char phone[STORE_PERSONS_MAX][IDENTITY_BYTES];
    char content[STORE_PERSONS_MAX][IDENTITY_BYTES];
    char name[STORE_PERSONS_MAX][IDENTITY_BYTES];
};

/* values: normalised answers; canonical: answers_canonical of them. */
void identities_of(const struct keyring *keyring, const json_t *values, struct str canonical,
                   struct identities *ret);
/* Pointers into from, NULL at the end; all NULL when `there` is false. */
void identities_list(const char (*from)[IDENTITY_BYTES], size_t count, bool there,
                     const char *ret_list[STORE_PERSONS_MAX]);
/* What a farmer types beside the number: the last four characters of the ID, else of the phone. */
struct str identities_last4(const json_t *values);
/* phone, or helper_phone where the household has none */
const char *identities_phone(const json_t *values);
void identities_last4_hash(const struct key *lookup, const char *receipt, struct str last4,
                           char ret_hex[IDENTITY_BYTES]);

#endif
