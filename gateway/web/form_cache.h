/*
 * form_cache.h - form pages kept around the hole where the token goes: plain and compressed, the most used ones of this worker.
 *
 * An entry is for one code as it was written in the path and one day (dates and tokens age); a new generation of workers begins with an empty cache.
 */
#ifndef WEB_FORM_CACHE_H
#define WEB_FORM_CACHE_H

#include "base/clock.h"
#include "domain/area.h"
#include "qr/code.h"
#include "view/gzip.h"

enum { FORM_CACHE_ENTRIES = 96, FORM_CACHE_ETAG_BYTES = 24 };

struct form_entry {
    char key[CODE_TEXT_BYTES];
    int64_t day;
    uint64_t used;
    int64_t looked_ms; /* when its code was last found good */
    struct code code;
    area_index area;
    char etag_plain[FORM_CACHE_ETAG_BYTES];
    char etag_gzip[FORM_CACHE_ETAG_BYTES];
    struct blob *before, *after;
    struct gzip_around gzip;
};

struct form_cache;

struct form_cache *form_cache_new(void);
void form_cache_free(struct form_cache **cache);
/* NULL: not there, or of another day. */
struct form_entry *form_cache_find(struct form_cache *cache, struct str key, int64_t day);
/* html holds PAGES_TOKEN_HOLE exactly once; takes the place of the entry longest unused. */
const struct form_entry *form_cache_put(struct form_cache *cache, struct str key, int64_t day,
                                        const struct code *code, area_index area, struct str html);

#endif
