/*
 * area.h - the tree of places (行政区划) and whom to call there. Contract §4.
 *
 * One flat block, made before the workers are forked and shared by all of them; no pointers into the heap inside, so that the nation
 * (662,000 areas) costs its memory once. Lookup by id is O(log n) or better. Immutable after load.
 */
#ifndef DOMAIN_AREA_H
#define DOMAIN_AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { AREA_ID_MAX = 20, AREA_NONE = UINT32_MAX, AREA_DEPTH_MAX = 8 };

enum area_level {
    AREA_PROVINCE,
    AREA_CITY,
    AREA_COUNTY,
    AREA_TOWN,
    AREA_DISTRICT,
    AREA_VILLAGE,
    AREA_GRID,
    AREA_LEVELS
};

struct areas; /* the block */

/*
 * An area is its index: 0 … areas_count-1, in the order parents before children, siblings as in the file. Several areas may stand at the
 * top (the provinces of the nation): they are the children of AREA_NONE.
 */
typedef uint32_t area_index; /* the one typedef: an index must not be mixed up with a count */

/*
 * The text is needed during the call only. Errors: `file:line: …`. `alias,OLD,NEW[,NAME]`: an OLD that has a row of its own is retired by it
 * (the name stays known, what lay below it now lies below NEW); chains are followed to their end.
 */
struct areas *areas_load(struct str csv, const char *file, struct err *err) MUST_CHECK;
void areas_free(struct areas **areas);
size_t areas_count(const struct areas *areas);
size_t areas_bytes(const struct areas *areas);
/* Another number when an area has come or gone, has another parent or level, or an alias leads elsewhere; names and the order of rows do not count. */
uint64_t areas_shape(const struct areas *areas);

area_index areas_find(const struct areas *areas,
                      struct str id); /* AREA_NONE: unknown. Aliases are not followed. */
/* Follows aliases (a merged village); *ret_old_name is the old shown name, or empty. */
area_index areas_resolve(const struct areas *areas, struct str id, struct str *ret_old_name);
/* The highest area with more than one child: where `/` starts. AREA_NONE when several stand at the top. */
area_index areas_root(const struct areas *areas);
struct str area_id(const struct areas *areas, area_index area);
struct str area_name(const struct areas *areas, area_index area);  /* official */
struct str area_shown(const struct areas *areas, area_index area); /* 葛家村 */
enum area_level area_level(const struct areas *areas, area_index area);
const char *area_level_name(enum area_level level);
area_index area_parent(const struct areas *areas, area_index area); /* AREA_NONE at the top */
/* Of AREA_NONE: the areas at the top. */
size_t area_child_count(const struct areas *areas, area_index area);
area_index area_child(const struct areas *areas, area_index area, size_t nth);
/* The ancestor (or itself) of that level; AREA_NONE when there is none. */
area_index area_up(const struct areas *areas, area_index area, enum area_level level);
/* From the top down to the area itself; returns how many (≤ AREA_DEPTH_MAX). */
size_t area_path(const struct areas *areas, area_index area, area_index ret_path[AREA_DEPTH_MAX]);
/*
 * Of a place that is no more: the lowest above it that is still there, aliases followed; AREA_NONE: none is. path: blank-separated ids from the top down to
 * it as it was kept; earlier places may stand behind.
 */
area_index area_above_gone(const struct areas *areas, struct str path, struct str id);
/* The nearest upward; empty when nobody has one. The contact is never from above the area whose phone it would stand beside. */
struct str area_phone(const struct areas *areas, area_index area);
struct str area_contact(const struct areas *areas, area_index area);
/* A form can be filed here: village or grid, or any area without children. */
bool area_takes_reports(const struct areas *areas, area_index area);
/*
 * The `depth`-th generation below an area (0: itself; of AREA_NONE: the areas at the top): ret_first … ret_end - 1 in one stretch, since areas
 * stand breadth first. False: there is none.
 */
bool area_generation(const struct areas *areas, area_index area, size_t depth,
                     area_index *ret_first, area_index *ret_end);

/* An id that is no area's any more: `alias,OLD,NEW`. Reports filed under it keep it (index, path, bucket). */
struct area_old {
    struct str id;
    area_index now; /* what it leads to */
    /* Below which it lay, aliases followed: by its own row, in a short file by its code; AREA_NONE: not known. */
    area_index home;
    enum area_level level; /* by its own row, in a short file by its code, else as of `now` */
    unsigned bucket;       /* of the reports filed under it */
};

/* All that lead to the area or below it, generation by generation: begin with {areas, area}; false at the end. */
struct area_old_walk {
    const struct areas *areas;
    area_index area;
    size_t depth; /* from here on the walk's own */
    uint32_t at, end;
};
bool area_old_next(struct area_old_walk *walk, struct area_old *ret);

/* 0–99: of its county, else of the nearest area above that, else of the topmost (mechanics.md "Buckets"). */
unsigned area_bucket(const struct areas *areas, area_index area);
/* The area whose id made that bucket: other counties may have the same. */
area_index area_bucket_owner(const struct areas *areas, area_index area);

#endif
