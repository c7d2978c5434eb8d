/*
 * receipt_cache.h - receipt pages as they went out, compressed. A farmer looks again and again, and drawing the symbol and deflating the page cost
 * more than all the rest; the record is still read from Redis for each answer.
 *
 * A page is found under its link (which says how much is shown) and a stamp of all that it shows (the record's version and what else changes it),
 * for a minute: it says what is fresh.
 */
#ifndef WEB_RECEIPT_CACHE_H
#define WEB_RECEIPT_CACHE_H

#include <stdint.h>

#include "base/blob.h"

enum { RECEIPT_CACHE_ENTRIES = 256, RECEIPT_CACHE_LIFE_MS = 60000 };

struct receipt_cache;

struct receipt_cache *receipt_cache_new(void);
void receipt_cache_free(struct receipt_cache **cache);
/* Borrowed; NULL when it is not there. */
struct blob *receipt_cache_find(const struct receipt_cache *cache, struct str link, int64_t stamp,
                                int64_t now_ms);
/* Holds the page, in the place of whatever shares its slot. A link that is too long is not kept. */
void receipt_cache_put(struct receipt_cache *cache, struct str link, int64_t stamp, int64_t now_ms,
                       struct blob *packed);

#endif
