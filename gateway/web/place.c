#include "web/place.h"

#include <stdio.h>

void place_name(const struct areas *areas, area_index area, char ret_name[PLACE_NAME_BYTES])
{
    ret_name[0] = '\0';
    if (area != AREA_NONE) {
        snprintf(ret_name, PLACE_NAME_BYTES, "%.*s", STR_ARG(area_shown(areas, area)));
    }
}

area_index place_town(const struct areas *areas, area_index area)
{
    area_index town = area_up(areas, area, AREA_TOWN);
    if (town != AREA_NONE && town != area) {
        return town;
    }
    return area_parent(areas, area);
}

enum place_fault place_read(struct web *web, struct str code_text, struct place *ret)
{
    struct str old_name;
    struct str hint;
    *ret = (struct place){.area = AREA_NONE};
    if (code_text.len >= sizeof ret->code_text ||
        code_read(&web->setup->keyring, code_text, &ret->code) != CODE_OK) {
        return PLACE_UNKNOWN;
    }
    memcpy(ret->code_text, code_text.at, code_text.len);
    ret->area = areas_resolve(web->setup->areas, str_of(ret->code.area), &old_name);
    if (ret->area == AREA_NONE) {
        return PLACE_GONE;
    }
    snprintf(ret->merged_from, sizeof ret->merged_from, "%.*s", STR_ARG(old_name));
    if (codes_file_revoked(web->codes, &ret->code, &hint)) {
        snprintf(ret->hint, sizeof ret->hint, "%.*s", STR_ARG(hint));
        return PLACE_REVOKED;
    }
    return PLACE_OK;
}

void place_texts(const struct web *web, struct place *place)
{
    const struct areas *areas = web->setup->areas;
    area_index town = place_town(areas, place->area);
    place_name(areas, town, place->town);
    place_name(areas, place->area, place->village);
    snprintf(place->phone, sizeof place->phone, "%.*s", STR_ARG(area_phone(areas, place->area)));
    snprintf(place->contact, sizeof place->contact, "%.*s",
             STR_ARG(area_contact(areas, place->area)));
    snprintf(place->other_href, sizeof place->other_href, "/");
    if (town != AREA_NONE) {
        char text[CODE_TEXT_BYTES];
        struct code code = place->code;
        snprintf(code.area, sizeof code.area, "%.*s", STR_ARG(area_id(areas, town)));
        code_make(&web->setup->keyring, &code, text);
        snprintf(place->other_href, sizeof place->other_href, "/V/%s", text);
    }
}

struct page_place place_page(const struct place *place)
{
    return (struct page_place){
        .code = place->code_text,
        .town = place->town,
        .village = place->village,
        .phone = place->phone,
        .contact = place->contact,
        .merged_from = place->merged_from,
        .other_href = place->other_href,
        .drill = place->code.drill,
    };
}
