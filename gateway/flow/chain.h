/*
 * chain.h - the audit chain of one report: h = HMAC-SHA-256(audit key, previous h, length, event) (mechanics.md "Keys and seals").
 * The text is canonical JSON without personal data; the first link's previous hash is empty.
 */
#ifndef FLOW_CHAIN_H
#define FLOW_CHAIN_H

#include <jansson.h>

#include "crypto/keyring.h"
#include "store/reports.h"

/* Fills audit->hash and returns the text it points into; the caller frees it after the store has copied. event is taken. */
char *chain_link(const struct keyring *keyring, struct str previous, json_t *take_event,
                 struct store_audit *audit);
/* Whether hash (64 hex) is that of this text behind previous, under the key that the text names ("key" of event, its parsed form). */
bool chain_holds(const struct keyring *keyring, struct str previous, struct str text,
                 const json_t *event, struct str hash);

#endif
