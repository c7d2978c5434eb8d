#include "domain/scope.h"

#include <stdio.h>

#include "base/check.h"

static bool lies_in(const struct areas *areas, area_index area, area_index above)
{
    while (area != AREA_NONE && area != above) {
        area = area_parent(areas, area);
    }
    return area != AREA_NONE;
}

bool scope_has(const struct areas *areas, const struct scope *scope, area_index area)
{
    for (size_t i = 0; i < scope->count; i++) {
        if (lies_in(areas, area, scope->at[i])) {
            return true;
        }
    }
    return false;
}

bool scope_has_path(const struct areas *areas, const struct scope *scope, struct str path)
{
    struct str id;
    struct str old_name;
    while (str_next(&path, ' ', &id)) {
        if (scope_has(areas, scope, areas_resolve(areas, id, &old_name))) {
            return true;
        }
    }
    return false;
}

/* Keeps the set free of areas that lie below another. False: it is full. */
static bool add(const struct areas *areas, struct scope *scope, area_index area)
{
    size_t kept = 0;
    if (scope_has(areas, scope, area)) {
        return true;
    }
    for (size_t i = 0; i < scope->count; i++) {
        if (!lies_in(areas, scope->at[i], area)) {
            scope->at[kept++] = scope->at[i];
        }
    }
    scope->count = kept;
    if (kept == SCOPE_AREAS_MAX) {
        return false;
    }
    scope->at[scope->count++] = area;
    return true;
}

bool scope_parse(const struct areas *areas, struct str text, struct scope *ret, struct err *err)
{
    struct str id;
    struct str old_name;
    ret->count = 0;
    while (str_next(&text, ',', &id)) {
        id = str_trim(id);
        area_index area = areas_resolve(areas, id, &old_name);
        if (id.len == 0) {
            return err_set(err, "an area's id is missing, allowed: ID[,ID…]");
        }
        if (area == AREA_NONE) {
            return err_set(err, "%.*s: no such area, allowed: ids of the areas file",
                           id.len > 64 ? 64 : (int)id.len, id.at);
        }
        if (!add(areas, ret, area)) {
            return err_set(err, "%.*s: at most %d areas", STR_ARG(id), SCOPE_AREAS_MAX);
        }
    }
    return ret->count > 0 || err_set(err, "an area's id is missing, allowed: ID[,ID…]");
}

void scope_read(const struct areas *areas, struct str text, struct scope *ret)
{
    struct str id;
    struct str old_name;
    ret->count = 0;
    while (str_next(&text, ',', &id)) {
        area_index area = areas_resolve(areas, id, &old_name);
        if (area != AREA_NONE) {
            (void)add(areas, ret, area); /* what was kept was parsed: not too many */
        }
    }
}

bool scope_all(const struct areas *areas, struct scope *ret)
{
    ret->count = 0;
    for (size_t i = 0; i < area_child_count(areas, AREA_NONE); i++) {
        if (!add(areas, ret, area_child(areas, AREA_NONE, i))) {
            return false;
        }
    }
    return true;
}

void scope_print(const struct areas *areas, const struct scope *scope,
                 char ret_text[SCOPE_TEXT_BYTES])
{
    size_t len = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < scope->count; i++) {
        len += (size_t)snprintf(ret_text + len, SCOPE_TEXT_BYTES - len, "%s%.*s", i ? "," : "",
                                STR_ARG(area_id(areas, scope->at[i])));
    }
    CHECK(len < SCOPE_TEXT_BYTES);
}
