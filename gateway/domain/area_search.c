#include "domain/area_search.h"

#include "domain/area_block.h"

struct search {
    const struct areas *areas;
    struct str town, village;
    area_index *found;
    size_t count;
};

static bool is_named(const struct areas *areas, area_index area, struct str name)
{
    return str_eq(area_name(areas, area), name) || str_eq(area_shown(areas, area), name);
}

static bool lies_in_town(const struct search *search, area_index area)
{
    area_index up = area_parent(search->areas, area);
    while (up != AREA_NONE && !is_named(search->areas, up, search->town)) {
        up = area_parent(search->areas, up);
    }
    return up != AREA_NONE || search->town.len == 0;
}

static void add(struct search *search, area_index area)
{
    for (size_t i = 0; i < search->count; i++) {
        if (search->found[i] == area) {
            return;
        }
    }
    if (search->count < AREA_SEARCH_MAX && lies_in_town(search, area)) {
        search->found[search->count++] = area;
    }
}

/* Depth first; the tree is AREA_DEPTH_MAX deep at most. */
static void look_below(struct search *search, area_index area)
{
    const struct areas *areas = search->areas;
    if (area_level(areas, area) == AREA_GRID) {
        return;
    }
    if (area_takes_reports(areas, area) && is_named(areas, area, search->village)) {
        add(search, area);
    }
    for (size_t i = 0; i < area_child_count(areas, area); i++) {
        look_below(search, area_child(areas, area, i));
    }
}

static void look_at_old_names(struct search *search, const struct scope *scope)
{
    const struct areas *areas = search->areas;
    for (uint32_t i = 0; i < areas->alias_count; i++) {
        const struct area_alias *alias = &area_aliases(areas)[i];
        struct str name = str_make(area_texts(areas) + alias->text_at + alias->id_len,
                                   alias->name_len);
        if (str_eq(name, search->village) && area_takes_reports(areas, alias->target) &&
            scope_has(areas, scope, alias->target)) {
            add(search, alias->target);
        }
    }
}

size_t area_search(const struct areas *areas, const struct scope *scope, struct str town,
                   struct str village, area_index ret_found[AREA_SEARCH_MAX])
{
    struct search search = {.areas = areas, .town = town, .village = village, .found = ret_found};
    if (village.len == 0) {
        return 0;
    }
    for (size_t i = 0; i < scope->count; i++) {
        look_below(&search, scope->at[i]);
    }
    look_at_old_names(&search, scope);
    return search.count;
}
