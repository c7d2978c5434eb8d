#include "domain/area.h"

#include <sys/mman.h>

#include "base/check.h"
#include "domain/area_block.h"

static const struct area_node *node_of(const struct areas *areas, area_index area)
{
    CHECK(area < areas->count);
    return &area_nodes(areas)[area];
}

void areas_free(struct areas **areas)
{
    if (*areas != NULL) {
        CHECK_OBJ(*areas, AREAS_MAGIC);
        CHECK(munmap(*areas, (*areas)->bytes) == 0);
        *areas = NULL;
    }
}

size_t areas_count(const struct areas *areas)
{
    return areas->count;
}

size_t areas_bytes(const struct areas *areas)
{
    return areas->bytes;
}

/* FNV-1a; the last step spreads neighbouring codes over the upper bits too. */
uint32_t area_hash(struct str id)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < id.len; i++) {
        hash = (hash ^ (unsigned char)id.at[i]) * 16777619u;
    }
    return (hash ^ hash >> 15) * 0x2C1B3C6Du >> 3;
}

static struct str alias_id(const struct areas *areas, uint32_t alias)
{
    const struct area_alias *at = &area_aliases(areas)[alias];
    return str_make(area_texts(areas) + at->text_at, at->id_len);
}

/* The entry of that id (area, or count + alias), AREA_NONE when there is none. */
static uint32_t find_entry(const struct areas *areas, struct str id)
{
    const uint32_t *slots = area_slots(areas);
    for (uint32_t at = area_hash(id);; at++) {
        uint32_t entry = slots[at & areas->slot_mask];
        if (entry-- == 0) {
            return AREA_NONE;
        }
        struct str known = entry < areas->count ? area_id(areas, entry)
                                                : alias_id(areas, entry - areas->count);
        if (str_eq(known, id)) {
            return entry;
        }
    }
}

/* FNV-1a of 64 bits, a byte that no id has behind each word. */
static uint64_t add_word(uint64_t hash, struct str word)
{
    for (size_t i = 0; i <= word.len; i++) {
        unsigned char byte = i < word.len ? (unsigned char)word.at[i] : 0xFF;
        hash = (hash ^ byte) * UINT64_C(1099511628211);
    }
    return hash;
}

/* What one row says; the sum of all of them does not depend on their order. */
static uint64_t row_shape(struct str id, unsigned kind, struct str leads_to)
{
    uint64_t hash = add_word(UINT64_C(14695981039346656037), id);
    hash = add_word((hash ^ kind) * UINT64_C(1099511628211), leads_to);
    return (hash ^ hash >> 32) * UINT64_C(0x9E3779B97F4A7C15);
}

uint64_t areas_shape(const struct areas *areas)
{
    uint64_t shape = 0;
    for (area_index i = 0; i < areas->count; i++) {
        area_index parent = area_parent(areas, i);
        shape += row_shape(area_id(areas, i), area_level(areas, i),
                           parent != AREA_NONE ? area_id(areas, parent) : STR(""));
    }
    for (uint32_t i = 0; i < areas->alias_count; i++) {
        shape += row_shape(alias_id(areas, i), AREA_LEVELS,
                           area_id(areas, area_aliases(areas)[i].target));
    }
    return shape;
}

area_index areas_find(const struct areas *areas, struct str id)
{
    uint32_t entry = find_entry(areas, id);
    return entry < areas->count ? entry : AREA_NONE;
}

area_index areas_resolve(const struct areas *areas, struct str id, struct str *ret_old_name)
{
    uint32_t entry = find_entry(areas, id);
    *ret_old_name = (struct str){NULL, 0};
    if (entry == AREA_NONE || entry < areas->count) {
        return entry;
    }
    const struct area_alias *alias = &area_aliases(areas)[entry - areas->count];
    *ret_old_name = str_make(area_texts(areas) + alias->text_at + alias->id_len, alias->name_len);
    return alias->target;
}

area_index areas_root(const struct areas *areas)
{
    return areas->root;
}

struct str area_id(const struct areas *areas, area_index area)
{
    const struct area_node *node = node_of(areas, area);
    return str_make(area_texts(areas) + node->text_at, node->id_len);
}

struct str area_name(const struct areas *areas, area_index area)
{
    const struct area_node *node = node_of(areas, area);
    return str_make(area_texts(areas) + node->text_at + node->id_len, node->name_len);
}

struct str area_shown(const struct areas *areas, area_index area)
{
    const struct area_node *node = node_of(areas, area);
    size_t before = node->id_len + (node->own_shown ? node->name_len : 0u);
    return str_make(area_texts(areas) + node->text_at + before, node->shown_len);
}

enum area_level area_level(const struct areas *areas, area_index area)
{
    return (enum area_level)node_of(areas, area)->level;
}

const char *area_level_name(enum area_level level)
{
    static const char *const names[AREA_LEVELS] = {"province", "city",    "county", "town",
                                                   "district", "village", "grid"};
    CHECK(level < AREA_LEVELS);
    return names[level];
}

area_index area_parent(const struct areas *areas, area_index area)
{
    return node_of(areas, area)->parent;
}

static uint32_t children_from(const struct areas *areas, area_index area)
{
    return area == AREA_NONE ? 0 : node_of(areas, area)->first_child;
}

size_t area_child_count(const struct areas *areas, area_index area)
{
    if (area == AREA_NONE) {
        return areas->tops;
    }
    return area_nodes(areas)[area + 1].first_child - children_from(areas, area);
}

area_index area_child(const struct areas *areas, area_index area, size_t nth)
{
    CHECK(nth < area_child_count(areas, area));
    return children_from(areas, area) + (area_index)nth;
}

area_index area_up(const struct areas *areas, area_index area, enum area_level level)
{
    while (area != AREA_NONE && area_level(areas, area) != level) {
        area = area_parent(areas, area);
    }
    return area;
}

size_t area_path(const struct areas *areas, area_index area, area_index ret_path[AREA_DEPTH_MAX])
{
    area_index upward[AREA_DEPTH_MAX];
    size_t depth = 0;
    for (; area != AREA_NONE; area = area_parent(areas, area)) {
        CHECK(depth < AREA_DEPTH_MAX);
        upward[depth++] = area;
    }
    for (size_t i = 0; i < depth; i++) {
        ret_path[i] = upward[depth - 1 - i];
    }
    return depth;
}

/* Everything lies in AREA_NONE. */
static bool lies_in(const struct areas *areas, area_index area, area_index above)
{
    while (area != above && area != AREA_NONE) {
        area = area_parent(areas, area);
    }
    return area == above;
}

area_index area_above_gone(const struct areas *areas, struct str path, struct str id)
{
    area_index lowest = AREA_NONE;
    struct str old_name;
    struct str word;
    while (str_next(&path, ' ', &word) && !str_eq(word, id)) {
        area_index area = areas_resolve(areas, word, &old_name);
        if (area == AREA_NONE) {
            continue;
        }
        if (!lies_in(areas, area, lowest)) {
            break; /* from here on it was earlier */
        }
        lowest = area;
    }
    return lowest;
}

/* What the area itself gives: phone or contact, empty when it has none. */
static struct str own_contact(const struct areas *areas, area_index area, bool want_phone)
{
    const struct area_node *node = node_of(areas, area);
    if (node->contact_at == 0) {
        return (struct str){NULL, 0};
    }
    const char *at = area_texts(areas) + node->contact_at;
    struct str phone = str_make(at + 1, (unsigned char)at[0]);
    at += 1 + phone.len;
    return want_phone ? phone : str_make(at + 1, (unsigned char)at[0]);
}

struct str area_phone(const struct areas *areas, area_index area)
{
    struct str phone = {NULL, 0};
    for (; area != AREA_NONE && phone.len == 0; area = area_parent(areas, area)) {
        phone = own_contact(areas, area, true);
    }
    return phone;
}

struct str area_contact(const struct areas *areas, area_index area)
{
    struct str contact = {NULL, 0};
    bool phone_found = false;
    /* Beside a village's phone must not stand the name of somebody at the county. */
    for (; area != AREA_NONE && contact.len == 0 && !phone_found; area = area_parent(areas, area)) {
        contact = own_contact(areas, area, false);
        phone_found = own_contact(areas, area, true).len > 0;
    }
    return contact;
}

bool area_takes_reports(const struct areas *areas, area_index area)
{
    enum area_level level = area_level(areas, area);
    return level == AREA_VILLAGE || level == AREA_GRID || area_child_count(areas, area) == 0;
}

unsigned area_bucket(const struct areas *areas, area_index area)
{
    return node_of(areas, area)->bucket;
}

area_index area_bucket_owner(const struct areas *areas, area_index area)
{
    while (area_level(areas, area) > AREA_COUNTY && area_parent(areas, area) != AREA_NONE) {
        area = area_parent(areas, area);
    }
    return area;
}
