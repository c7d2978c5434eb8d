/*
 * area_search.h - an area by the names that people write: a town and a village, official (葛家村民委员会), shown (葛家村), or the name of a village
 * before a merger.
 */
#ifndef DOMAIN_AREA_SEARCH_H
#define DOMAIN_AREA_SEARCH_H

#include "domain/area.h"
#include "domain/scope.h"

enum { AREA_SEARCH_MAX = 16 };

/*
 * Areas of the scope that take reports (grids are found by id only), named `village`, below an area named `town` of any level; an empty town
 * is any. The first AREA_SEARCH_MAX; returns how many those are. Two villages of one name lie in different towns as a rule.
 */
size_t area_search(const struct areas *areas, const struct scope *scope, struct str town,
                   struct str village, area_index ret_found[AREA_SEARCH_MAX]);

#endif
