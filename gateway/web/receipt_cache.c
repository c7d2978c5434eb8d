#include "web/receipt_cache.h"

#include <stdlib.h>

#include "base/mem.h"

enum { LINK_BYTES = 48 };

struct entry {
    char link[LINK_BYTES];
    int64_t stamp;
    int64_t made_ms;
    struct blob *packed; /* NULL: empty */
};

struct receipt_cache {
    struct entry entries[RECEIPT_CACHE_ENTRIES];
};

struct receipt_cache *receipt_cache_new(void)
{
    return mem_alloc(sizeof(struct receipt_cache));
}

void receipt_cache_free(struct receipt_cache **cache)
{
    if (*cache != NULL) {
        for (size_t i = 0; i < RECEIPT_CACHE_ENTRIES; i++) {
            blob_drop(&(*cache)->entries[i].packed);
        }
        free(*cache);
        *cache = NULL;
    }
}

/* FNV-1a. Only links with a good signature come here, so nobody can choose the slot. */
static size_t slot_of(struct str link)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < link.len; i++) {
        hash = (hash ^ (unsigned char)link.at[i]) * 16777619u;
    }
    return (hash >> 16 ^ hash) % RECEIPT_CACHE_ENTRIES;
}

struct blob *receipt_cache_find(const struct receipt_cache *cache, struct str link, int64_t stamp,
                                int64_t now_ms)
{
    const struct entry *entry = &cache->entries[slot_of(link)];
    bool good = entry->packed != NULL && entry->stamp == stamp &&
                now_ms - entry->made_ms < RECEIPT_CACHE_LIFE_MS && str_is(link, entry->link);
    return good ? entry->packed : NULL;
}

void receipt_cache_put(struct receipt_cache *cache, struct str link, int64_t stamp, int64_t now_ms,
                       struct blob *packed)
{
    struct entry *entry = &cache->entries[slot_of(link)];
    if (link.len >= LINK_BYTES) {
        return;
    }
    blob_drop(&entry->packed);
    *entry = (struct entry){.stamp = stamp, .made_ms = now_ms, .packed = blob_hold(packed)};
    memcpy(entry->link, link.at, link.len);
}
