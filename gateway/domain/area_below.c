/*
 * What lies below an area. Areas stand breadth first, so each generation below one is a stretch of its own.
 */
#include "base/check.h"
#include "domain/area_block.h"

bool area_generation(const struct areas *areas, area_index area, size_t depth,
                     area_index *ret_first, area_index *ret_end)
{
    CHECK(area == AREA_NONE || area < areas->count);
    *ret_first = area == AREA_NONE ? 0 : area;
    *ret_end = area == AREA_NONE ? areas->tops : area + 1;
    for (size_t i = 0; i < depth && *ret_first < *ret_end; i++) {
        *ret_first = area_nodes(areas)[*ret_first].first_child;
        *ret_end = area_nodes(areas)[*ret_end].first_child;
    }
    return *ret_first < *ret_end;
}

/* The first of the olds, which stand by target, that leads to this area or a later one. */
static uint32_t olds_from(const struct areas *areas, area_index area)
{
    uint32_t from = 0, end = areas->alias_count;
    while (from < end) {
        uint32_t middle = from + (end - from) / 2;
        if (area_aliases(areas)[area_olds(areas)[middle]].target < area) {
            from = middle + 1;
        } else {
            end = middle;
        }
    }
    return from;
}

bool area_old_next(struct area_old_walk *walk, struct area_old *ret)
{
    const struct areas *areas = walk->areas;
    while (walk->at == walk->end) {
        area_index first, end;
        if (!area_generation(areas, walk->area, walk->depth, &first, &end)) {
            return false;
        }
        walk->depth++;
        walk->at = olds_from(areas, first);
        walk->end = olds_from(areas, end);
    }
    const struct area_alias *alias = &area_aliases(areas)[area_olds(areas)[walk->at++]];
    *ret = (struct area_old){
        .id = str_make(area_texts(areas) + alias->text_at, alias->id_len),
        .now = alias->target,
        .home = alias->home,
        .level = (enum area_level)alias->level,
        .bucket = alias->bucket,
    };
    return true;
}
