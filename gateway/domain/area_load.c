/*
 * From rows to the block: index by id → aliases → parents → order (which finds circles) → levels → copy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/mem.h"
#include "domain/area_block.h"
#include "domain/area_rows.h"
#include "domain/receipt.h"

enum { COUNTY_DIGITS = 6, TOWN_DIGITS = 9 };

struct loading {
    struct area_rows rows;
    struct err *err;
    uint32_t *slots; /* rows from 0, then rows.count + alias; plus 1, 0 is free */
    uint32_t slot_mask;
    uint32_t *order;    /* the row of each area */
    uint32_t *index_of; /* the area of each row, AREA_NONE when retired */
    uint32_t *children_at;
    uint32_t count, tops;
    uint32_t lengths; /* bit set of the id lengths that there are */
};

static struct str csv_text(const struct loading *loading, uint32_t at, size_t len)
{
    return str_make(loading->rows.csv.at + at, len);
}

static struct str entry_id(const struct loading *loading, uint32_t entry)
{
    if (entry < loading->rows.count) {
        return area_row_id(&loading->rows, entry);
    }
    const struct area_alias_row *alias = &loading->rows.aliases[entry - loading->rows.count];
    return csv_text(loading, alias->old_at, alias->old_len);
}

static bool wrong(struct loading *loading, uint32_t line, struct str id, const char *what)
{
    return err_set(loading->err, "%s:%u: %.*s: %s", loading->rows.file, line, STR_ARG(id), what);
}

/* The slot that holds this id, or the free one where it would go. */
static uint32_t *find_slot(const struct loading *loading, struct str id)
{
    uint32_t at = area_hash(id) & loading->slot_mask;
    while (loading->slots[at] != 0 && !str_eq(entry_id(loading, loading->slots[at] - 1), id)) {
        at = (at + 1) & loading->slot_mask;
    }
    return &loading->slots[at];
}

static bool index_rows(struct loading *loading)
{
    size_t entries = loading->rows.count + loading->rows.alias_count;
    size_t slots = 16;
    while (slots * 3 < entries * 4) {
        slots *= 2;
    }
    loading->slots = mem_array(slots, sizeof *loading->slots);
    loading->slot_mask = (uint32_t)slots - 1;
    for (uint32_t i = 0; i < loading->rows.count; i++) {
        struct str id = area_row_id(&loading->rows, i);
        uint32_t *slot = find_slot(loading, id);
        if (*slot != 0) {
            char what[64];
            snprintf(what, sizeof what, "stands in line %u already",
                     loading->rows.at[*slot - 1].line);
            return wrong(loading, loading->rows.at[i].line, id, what);
        }
        *slot = i + 1;
        loading->lengths |= UINT32_C(1) << id.len;
    }
    return true;
}

/* An alias of an area that is in the file retires it: its name stays known, it takes no reports and has no place in lists. */
static bool index_aliases(struct loading *loading)
{
    for (uint32_t i = 0; i < loading->rows.alias_count; i++) {
        struct area_alias_row *alias = &loading->rows.aliases[i];
        struct str old = csv_text(loading, alias->old_at, alias->old_len);
        uint32_t *slot = find_slot(loading, old);
        uint32_t entry = *slot - 1;
        if (*slot == 0) {
            *slot = (uint32_t)loading->rows.count + i + 1;
            loading->lengths |= UINT32_C(1) << old.len;
            continue;
        }
        if (entry >= loading->rows.count || loading->rows.at[entry].alias != AREA_NONE) {
            return wrong(loading, alias->line, old, "has an alias already");
        }
        loading->rows.at[entry].alias = i;
    }
    return true;
}

/* The row that this id means today: aliases are followed to their end. AREA_NONE when unknown or in a circle (*ret_circle). */
static uint32_t follow(const struct loading *loading, struct str id, bool *ret_circle)
{
    *ret_circle = false;
    for (size_t hops = 0; hops <= loading->rows.alias_count; hops++) {
        uint32_t entry = *find_slot(loading, id) - 1;
        if (entry == AREA_NONE) {
            return AREA_NONE;
        }
        uint32_t alias = entry < loading->rows.count ? loading->rows.at[entry].alias
                                                     : entry - (uint32_t)loading->rows.count;
        if (alias == AREA_NONE) {
            return entry;
        }
        const struct area_alias_row *at = &loading->rows.aliases[alias];
        id = csv_text(loading, at->new_at, at->new_len);
    }
    *ret_circle = true;
    return AREA_NONE;
}

static bool check_aliases(struct loading *loading)
{
    for (size_t i = 0; i < loading->rows.alias_count; i++) {
        const struct area_alias_row *alias = &loading->rows.aliases[i];
        bool circle;
        if (follow(loading, csv_text(loading, alias->old_at, alias->old_len), &circle) ==
            AREA_NONE) {
            return wrong(loading, alias->line, csv_text(loading, alias->new_at, alias->new_len),
                         circle ? "the aliases lead in a circle" : "the alias leads to no area");
        }
    }
    return true;
}

/* The longest shorter code that is present. */
static uint32_t prefix_parent(const struct loading *loading, struct str id)
{
    bool circle;
    for (size_t len = id.len - 1; len > 0; len--) {
        if (loading->lengths >> len & 1) {
            uint32_t parent = follow(loading, str_sub(id, 0, len), &circle);
            if (parent != AREA_NONE) {
                return parent;
            }
        }
    }
    return AREA_NONE;
}

static bool find_parents(struct loading *loading)
{
    bool circle;
    uint32_t top_lengths = 0;
    for (uint32_t i = 0; i < loading->rows.count; i++) {
        struct area_row *row = &loading->rows.at[i];
        struct str id = area_row_id(&loading->rows, i);
        if (row->alias != AREA_NONE) {
            continue;
        }
        if (!loading->rows.long_form) {
            row->up = prefix_parent(loading, id);
            top_lengths |= row->up == AREA_NONE ? UINT32_C(1) << id.len : 0;
        } else if (row->parent_len > 0) {
            struct str parent = csv_text(loading, row->parent_at, row->parent_len);
            row->up = follow(loading, parent, &circle);
            if (row->up == AREA_NONE) {
                return wrong(loading, row->line, parent, "the parent is not in the file");
            }
        }
    }
    /* In the short form only the shortest codes may stand at the top. */
    uint32_t shortest = top_lengths & -top_lengths;
    for (uint32_t i = 0; i < loading->rows.count && top_lengths != shortest; i++) {
        const struct area_row *row = &loading->rows.at[i];
        if (row->alias == AREA_NONE && row->up == AREA_NONE &&
            UINT32_C(1) << row->id_len != shortest) {
            return wrong(loading, row->line, area_row_id(&loading->rows, i),
                         "an orphan, none of its shorter codes is in the file");
        }
    }
    return true;
}

/* Fills children_at: where each row's children begin in a list of rows by parent, siblings as in the file. Returns that list. */
static uint32_t *children_lists(struct loading *loading)
{
    size_t count = loading->rows.count;
    uint32_t *list = mem_array(count, sizeof *list);
    uint32_t *at = loading->children_at = mem_array(count + 2, sizeof *at);
    for (size_t i = 0; i < count; i++) {
        if (loading->rows.at[i].up != AREA_NONE) {
            at[loading->rows.at[i].up + 2]++;
        }
    }
    for (size_t i = 2; i < count + 2; i++) {
        at[i] += at[i - 1];
    }
    for (uint32_t i = 0; i < count; i++) {
        if (loading->rows.at[i].up != AREA_NONE) {
            list[at[loading->rows.at[i].up + 1]++] = i;
        }
    }
    return list;
}

static bool say_circle(struct loading *loading)
{
    uint32_t i = 0;
    while (loading->rows.at[i].alias != AREA_NONE || loading->index_of[i] != AREA_NONE) {
        i++;
    }
    return wrong(loading, loading->rows.at[i].line, area_row_id(&loading->rows, i),
                 "its parents lead in a circle");
}

/* Breadth first: parents before children, the children of one area side by side. What is not reached hangs in a circle. */
static bool put_in_order(struct loading *loading)
{
    size_t rows = loading->rows.count;
    uint32_t *lists = children_lists(loading);
    uint32_t live = 0, found = 0;
    loading->order = mem_array(rows, sizeof *loading->order);
    loading->index_of = mem_array(rows, sizeof *loading->index_of);
    for (uint32_t i = 0; i < rows; i++) {
        loading->index_of[i] = AREA_NONE;
        live += loading->rows.at[i].alias == AREA_NONE;
        if (loading->rows.at[i].alias == AREA_NONE && loading->rows.at[i].up == AREA_NONE) {
            loading->order[found++] = i;
        }
    }
    loading->tops = found;
    for (uint32_t i = 0; i < found; i++) {
        uint32_t row = loading->order[i];
        loading->index_of[row] = i;
        for (uint32_t c = loading->children_at[row]; c < loading->children_at[row + 1]; c++) {
            loading->order[found++] = lists[c];
        }
    }
    loading->count = found;
    free(lists);
    return found == live || say_circle(loading);
}

/* Official codes tell the level by their length; of others only the place below the parent is known. */
static enum area_level level_of_code(size_t len, const struct area_row *parent)
{
    static const enum area_level below[AREA_LEVELS] = {
        AREA_CITY, AREA_COUNTY, AREA_TOWN, AREA_VILLAGE, AREA_VILLAGE, AREA_GRID, AREA_LEVELS};
    static const struct {
        size_t len;
        enum area_level level;
    } official[] = {{15, AREA_GRID},  {12, AREA_VILLAGE}, {9, AREA_TOWN},
                    {6, AREA_COUNTY}, {4, AREA_CITY},     {0, AREA_PROVINCE}};
    size_t i = 0;
    while (len < official[i].len) {
        i++;
    }
    bool exact = len == official[i].len || len == 2;
    return exact || parent == NULL ? official[i].level : below[parent->level];
}

static bool settle_levels(struct loading *loading)
{
    uint8_t *depth = mem_alloc(loading->count);
    bool fine = true;
    for (uint32_t i = 0; i < loading->count && fine; i++) {
        struct area_row *row = &loading->rows.at[loading->order[i]];
        const struct area_row *parent = row->up == AREA_NONE ? NULL : &loading->rows.at[row->up];
        struct str id = area_row_id(&loading->rows, loading->order[i]);
        depth[i] = parent ? (uint8_t)(depth[loading->index_of[row->up]] + 1) : 1;
        if (row->level == AREA_LEVELS) {
            row->level = (uint8_t)level_of_code(id.len, parent);
        }
        if (depth[i] > AREA_DEPTH_MAX) {
            fine = wrong(loading, row->line, id, "lies deeper than 8 levels");
        } else if (row->level == AREA_LEVELS || (parent && row->level <= parent->level)) {
            fine = wrong(loading, row->line, id, "its level is not below its parent's");
        }
    }
    free(depth);
    return fine;
}

static size_t aligned(size_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

static struct areas *new_block(const struct loading *loading, size_t texts_len)
{
    struct areas shape = {
        .magic = AREAS_MAGIC,
        .count = loading->count,
        .tops = loading->tops,
        .alias_count = (uint32_t)loading->rows.alias_count,
        .root = AREA_NONE,
        .slot_mask = loading->slot_mask,
    };
    shape.nodes_at = aligned(sizeof shape);
    shape.aliases_at = aligned(shape.nodes_at +
                               ((size_t)shape.count + 1) * sizeof(struct area_node));
    shape.olds_at = aligned(shape.aliases_at + shape.alias_count * sizeof(struct area_alias));
    shape.slots_at = aligned(shape.olds_at + shape.alias_count * sizeof(uint32_t));
    shape.texts_at = aligned(shape.slots_at + ((size_t)shape.slot_mask + 1) * sizeof(uint32_t));
    shape.bytes = shape.texts_at + texts_len;
    struct areas *areas = mmap(NULL, shape.bytes, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(areas != MAP_FAILED);
    *areas = shape;
    return areas;
}

/* An official code tells its county (GB/T 2260: the first six digits), those of towns and below have nine or more. */
static bool county_of_code(struct str id, struct str *ret_county)
{
    *ret_county = str_sub(id, 0, COUNTY_DIGITS);
    return id.len >= TOWN_DIGITS && str_only(id, STR_DIGITS);
}

/*
 * Of the county, also while its row is not in the file: a pilot of one town stays where it is when the county's row comes. Where no code tells it, of
 * what is nearest to the county, so that a household is found across its towns.
 */
static unsigned bucket_of(const struct areas *areas, const struct area_row *row, uint32_t parent,
                          struct str id)
{
    const struct area_node *above = parent == AREA_NONE ? NULL : &area_nodes(areas)[parent];
    struct str county;
    if (row->level > AREA_COUNTY && above != NULL && above->level >= AREA_COUNTY) {
        return above->bucket;
    }
    if (row->level > AREA_COUNTY && county_of_code(id, &county)) {
        return bucket_of_area(county);
    }
    bool own = row->level <= AREA_COUNTY || above == NULL;
    return own ? bucket_of_area(id) : above->bucket;
}

static void fill_nodes(const struct loading *loading, struct areas *areas)
{
    struct area_node *nodes = area_nodes(areas);
    uint32_t next_child = areas->tops;
    for (uint32_t i = 0; i < areas->count; i++) {
        uint32_t from = loading->order[i];
        const struct area_row *row = &loading->rows.at[from];
        uint32_t parent = row->up == AREA_NONE ? AREA_NONE : loading->index_of[row->up];
        nodes[i] = (struct area_node){
            .text_at = row->text_at,
            .parent = parent,
            .first_child = next_child,
            .contact_at = row->contact_at,
            .name_len = row->name_len,
            .shown_len = row->shown_len,
            .id_len = row->id_len & 0x1F,
            .level = row->level & 0x7,
            .own_shown = row->own_shown,
            .bucket = bucket_of(areas, row, parent, area_row_id(&loading->rows, from)) & 0x7F,
        };
        next_child += loading->children_at[from + 1] - loading->children_at[from];
    }
    nodes[areas->count] = (struct area_node){.first_child = next_child};
}

/* Where reports filed under an old id are: the row that is no more tells, else its code, else what it leads to. */
static void settle_old(const struct loading *loading, const struct areas *areas, struct str old,
                       const struct area_row *row, struct area_alias *ret)
{
    const struct area_node *target = &area_nodes(areas)[ret->target];
    uint32_t up = AREA_NONE;
    bool circle;
    if (!loading->rows.long_form) {
        up = prefix_parent(loading, old);
    } else if (row != NULL && row->parent_len > 0) {
        up = follow(loading, csv_text(loading, row->parent_at, row->parent_len), &circle);
    }
    enum area_level level = row != NULL ? (enum area_level)row->level : AREA_LEVELS;
    if (!loading->rows.long_form) {
        level = level_of_code(old.len, up == AREA_NONE ? NULL : &loading->rows.at[up]);
    }
    ret->home = up == AREA_NONE ? AREA_NONE : loading->index_of[up];
    ret->level = level == AREA_LEVELS ? target->level : (uint8_t)level;
    if (ret->level <= AREA_COUNTY) {
        ret->bucket = (uint8_t)bucket_of_area(old);
    } else {
        ret->bucket = ret->home == AREA_NONE ? target->bucket : area_nodes(areas)[ret->home].bucket;
    }
}

/* An alias's id and old name are put together behind the other texts. */
static void fill_aliases(struct loading *loading, struct areas *areas, size_t texts_at)
{
    char *texts = area_texts(areas);
    bool circle;
    for (uint32_t i = 0; i < areas->alias_count; i++) {
        const struct area_alias_row *alias = &loading->rows.aliases[i];
        struct str old = csv_text(loading, alias->old_at, alias->old_len);
        struct str name = str_make(loading->rows.texts + alias->name_at, alias->name_len);
        uint32_t entry = *find_slot(loading, old) - 1;
        const struct area_row *row = entry < loading->rows.count ? &loading->rows.at[entry] : NULL;
        if (name.len == 0 && row != NULL) {
            size_t before = row->id_len + (row->own_shown ? row->name_len : 0u);
            name = str_make(loading->rows.texts + row->text_at + before, row->shown_len);
        }
        area_aliases(areas)[i] = (struct area_alias){
            .text_at = (uint32_t)texts_at,
            .target = loading->index_of[follow(loading, old, &circle)],
            .id_len = (uint8_t)old.len,
            .name_len = (uint8_t)name.len,
        };
        settle_old(loading, areas, old, row, &area_aliases(areas)[i]);
        CHECK(old.at != NULL);
        memcpy(texts + texts_at, old.at, old.len);
        memcpy(texts + texts_at + old.len, name.at, name.len);
        texts_at += old.len + name.len;
    }
}

static int compare_olds(const void *a, const void *b, void *arg)
{
    const struct area_alias *aliases = arg;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint32_t to_x = aliases[x].target, to_y = aliases[y].target;
    return to_x != to_y ? (to_x > to_y) - (to_x < to_y) : (x > y) - (x < y);
}

static void fill_olds(struct areas *areas)
{
    uint32_t *olds = area_olds(areas);
    for (uint32_t i = 0; i < areas->alias_count; i++) {
        olds[i] = i;
    }
    qsort_r(olds, areas->alias_count, sizeof *olds, compare_olds, area_aliases(areas));
}

static void fill_slots(const struct loading *loading, struct areas *areas)
{
    uint32_t *slots = area_slots(areas);
    for (size_t i = 0; i <= areas->slot_mask; i++) {
        uint32_t entry = loading->slots[i] - 1;
        if (entry == AREA_NONE) {
            continue;
        }
        bool row = entry < loading->rows.count;
        uint32_t alias = row ? loading->rows.at[entry].alias
                             : entry - (uint32_t)loading->rows.count;
        slots[i] = (alias == AREA_NONE ? loading->index_of[entry] : areas->count + alias) + 1;
    }
}

/* The way down until there is a choice; where there is none at all, the last that has something below it. */
static area_index root_of(const struct areas *areas)
{
    area_index root = AREA_NONE;
    while (area_child_count(areas, root) == 1) {
        area_index child = area_child(areas, root, 0);
        if (root != AREA_NONE && area_child_count(areas, child) == 0) {
            break;
        }
        root = child;
    }
    return root;
}

static struct areas *build(struct loading *loading)
{
    size_t texts_len = loading->rows.texts_len;
    size_t alias_texts = 0;
    for (size_t i = 0; i < loading->rows.alias_count; i++) {
        alias_texts += loading->rows.aliases[i].old_len + (size_t)AREA_NAME_BYTES_MAX;
    }
    struct areas *areas = new_block(loading, texts_len + alias_texts);
    memcpy(area_texts(areas), loading->rows.texts, texts_len);
    fill_nodes(loading, areas);
    fill_aliases(loading, areas, texts_len);
    fill_olds(areas);
    fill_slots(loading, areas);
    areas->root = root_of(areas);
    CHECK(mprotect(areas, areas->bytes, PROT_READ) == 0);
    return areas;
}

struct areas *areas_load(struct str csv, const char *file, struct err *err)
{
    struct loading loading = {.err = err};
    struct areas *areas = NULL;
    if (area_rows_read(&loading.rows, csv, file, err) && index_rows(&loading) &&
        index_aliases(&loading) && check_aliases(&loading) && find_parents(&loading) &&
        put_in_order(&loading) && settle_levels(&loading)) {
        areas = build(&loading);
    }
    free(loading.slots);
    free(loading.order);
    free(loading.index_of);
    free(loading.children_at);
    area_rows_release(&loading.rows);
    return areas;
}
