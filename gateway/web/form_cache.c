#include "web/form_cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "crypto/mac.h"
#include "view/pages.h"

struct form_cache {
    uint64_t clock;
    struct form_entry entries[FORM_CACHE_ENTRIES];
};

struct form_cache *form_cache_new(void)
{
    return mem_alloc(sizeof(struct form_cache));
}

static void entry_release(struct form_entry *entry)
{
    blob_drop(&entry->before);
    blob_drop(&entry->after);
    gzip_around_release(&entry->gzip);
    *entry = (struct form_entry){0};
}

void form_cache_free(struct form_cache **cache)
{
    if (*cache != NULL) {
        for (size_t i = 0; i < FORM_CACHE_ENTRIES; i++) {
            entry_release(&(*cache)->entries[i]);
        }
        free(*cache);
        *cache = NULL;
    }
}

struct form_entry *form_cache_find(struct form_cache *cache, struct str key, int64_t day)
{
    for (size_t i = 0; i < FORM_CACHE_ENTRIES; i++) {
        struct form_entry *entry = &cache->entries[i];
        if (entry->used > 0 && entry->day == day && str_is(key, entry->key)) {
            entry->used = ++cache->clock;
            return entry;
        }
    }
    return NULL;
}

static struct form_entry *longest_unused(struct form_cache *cache)
{
    struct form_entry *oldest = &cache->entries[0];
    for (size_t i = 1; i < FORM_CACHE_ENTRIES; i++) {
        if (cache->entries[i].used < oldest->used) {
            oldest = &cache->entries[i];
        }
    }
    return oldest;
}

/* The tag is of the page without its token: a kept page with an older token stays good for its day. */
static void etags_make(struct form_entry *entry)
{
    struct mac digest;
    char hex[17];
    const struct str parts[] = {blob_str(entry->before), blob_str(entry->after),
                                str_make(&entry->day, sizeof entry->day)};
    mac_parts(STR("etag"), parts, 3, &digest);
    mac_hex(&digest, 8, hex);
    snprintf(entry->etag_plain, sizeof entry->etag_plain, "\"%s-p\"", hex);
    snprintf(entry->etag_gzip, sizeof entry->etag_gzip, "\"%s-z\"", hex);
}

const struct form_entry *form_cache_put(struct form_cache *cache, struct str key, int64_t day,
                                        const struct code *code, area_index area, struct str html)
{
    struct form_entry *entry = longest_unused(cache);
    ptrdiff_t hole = str_find(html, STR(PAGES_TOKEN_HOLE));
    CHECK(hole >= 0 && key.len < sizeof entry->key);
    struct str before = str_sub(html, 0, (size_t)hole);
    struct str after = str_from(html, (size_t)hole + STR(PAGES_TOKEN_HOLE).len);
    entry_release(entry);
    memcpy(entry->key, key.at, key.len);
    entry->day = day;
    entry->used = ++cache->clock;
    entry->code = *code;
    entry->area = area;
    entry->before = blob_new(before);
    entry->after = blob_new(after);
    gzip_around_make(&entry->gzip, before, after);
    etags_make(entry);
    return entry;
}
