/* Any bytes as an areas file: refused with a sentence, or a tree in which every promise of area.h holds. */
#include <stdlib.h>

#include "base/check.h"
#include "domain/area.h"
#include "domain/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_area(const struct areas *areas, area_index area)
{
    area_index path[AREA_DEPTH_MAX];
    struct str old_name;
    size_t depth = area_path(areas, area, path);
    CHECK(depth >= 1 && path[depth - 1] == area);
    CHECK(areas_find(areas, area_id(areas, area)) == area);
    CHECK(areas_resolve(areas, area_id(areas, area), &old_name) == area && old_name.len == 0);
    CHECK(area_name(areas, area).len > 0 && area_shown(areas, area).len > 0);
    CHECK(area_bucket(areas, area) < BUCKETS);
    CHECK(area_phone(areas, area).len < 256 && area_contact(areas, area).len < 256);
    for (size_t i = 0; i < area_child_count(areas, area); i++) {
        area_index child = area_child(areas, area, i);
        CHECK(child > area && area_parent(areas, child) == area);
        CHECK(area_level(areas, child) > area_level(areas, area));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct err err = {{0}};
    struct areas *areas = areas_load(str_make(bytes, len), "fuzz.csv", &err);
    if (areas == NULL) {
        CHECK(str_starts(str_of(err.text), STR("fuzz.csv:")));
        return 0;
    }
    for (area_index i = 0; i < areas_count(areas); i++) {
        check_area(areas, i);
    }
    area_index root = areas_root(areas);
    CHECK(root == AREA_NONE || root < areas_count(areas));
    areas_free(&areas);
    return 0;
}
