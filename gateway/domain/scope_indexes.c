/*
 * From a scope to the places in the store: narrow the set, let each area and each old id name its buckets and its words, then choose per bucket
 * between the indexes and `changes`.
 */
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "domain/receipt.h"
#include "domain/scope.h"

struct word {
    unsigned bucket;
    bool index, path; /* fit for a:<id>; for a filter over paths */
    struct str id;
};

struct gathering {
    const struct areas *areas;
    struct scope set; /* narrowed */
    struct word *words;
    size_t count, room;
    bool changes[BUCKETS];
};

static void narrow_down(const struct areas *areas, const struct scope *scope, area_index narrow,
                        struct scope *ret)
{
    const struct scope within = {.count = 1, .at = {narrow}};
    if (narrow == AREA_NONE) {
        *ret = *scope;
        return;
    }
    ret->count = 0;
    if (scope_has(areas, scope, narrow)) {
        *ret = within;
        return;
    }
    for (size_t i = 0; i < scope->count; i++) {
        if (scope_has(areas, &within, scope->at[i])) {
            ret->at[ret->count++] = scope->at[i];
        }
    }
}

static void put(struct gathering *all, unsigned bucket, bool index, bool path, struct str id)
{
    if (all->count == all->room) {
        all->room = all->room > 0 ? all->room * 2 : 64;
        all->words = mem_resize(all->words, all->room, sizeof *all->words);
    }
    all->words[all->count++] = (struct word){bucket, index, path, id};
}

/* Into each bucket in which reports of the area may lie: its own, and those of counties that went into its county. */
static void put_below_county(struct gathering *all, area_index area, bool index, bool path,
                             struct str id)
{
    area_index owner = area_bucket_owner(all->areas, area);
    struct area_old_walk walk = {.areas = all->areas, .area = owner};
    struct area_old old;
    put(all, area_bucket(all->areas, area), index, path, id);
    while (area_old_next(&walk, &old) && old.now == owner) {
        if (old.level <= AREA_COUNTY && old.bucket != area_bucket(all->areas, area)) {
            put(all, old.bucket, index, path, id);
        }
    }
}

static bool holds_reports(const struct areas *areas, area_index area)
{
    size_t children = area_child_count(areas, area);
    /* Children of one area may be of several levels: a city has counties and, beside them, towns of its own. */
    for (size_t i = 0; i < children; i++) {
        if (area_level(areas, area_child(areas, area, i)) > AREA_COUNTY) {
            return true;
        }
    }
    return children == 0;
}

/* County or above: the buckets of all counties in it. */
static void gather_counties(struct gathering *all, area_index area)
{
    bool seen[BUCKETS] = {false};
    bool deeper = true;
    area_index first, end;
    for (size_t depth = 0; deeper && area_generation(all->areas, area, depth, &first, &end);
         depth++) {
        deeper = false;
        for (area_index at = first; at < end; at++) {
            bool county = area_level(all->areas, at) <= AREA_COUNTY;
            unsigned bucket = area_bucket(all->areas, at);
            deeper |= county;
            if (county && !seen[bucket] && holds_reports(all->areas, at)) {
                seen[bucket] = all->changes[bucket] = true;
                put(all, bucket, false, true, area_id(all->areas, area));
            }
        }
    }
}

static void gather_area(struct gathering *all, area_index area)
{
    enum area_level level = area_level(all->areas, area);
    struct str id = area_id(all->areas, area);
    if (level <= AREA_COUNTY) {
        gather_counties(all, area);
        return;
    }
    size_t villages = level == AREA_DISTRICT ? area_child_count(all->areas, area) : 0;
    put_below_county(all, area, villages == 0, true, id);
    for (size_t i = 0; i < villages; i++) {
        area_index village = area_child(all->areas, area, i);
        put_below_county(all, village, true, false, area_id(all->areas, village));
    }
}

/* What was filed under an old id below this area is found by the words of the area itself. (A district has no index.) */
static bool found_anyway(const struct gathering *all, area_index home)
{
    for (; home != AREA_NONE; home = area_parent(all->areas, home)) {
        for (size_t i = 0; i < all->set.count; i++) {
            if (all->set.at[i] == home && area_level(all->areas, home) != AREA_DISTRICT) {
                return true;
            }
        }
    }
    return false;
}

static void gather_olds(struct gathering *all, area_index area)
{
    struct area_old_walk walk = {.areas = all->areas, .area = area};
    struct area_old old;
    while (area_old_next(&walk, &old)) {
        if (old.level <= AREA_COUNTY) {
            all->changes[old.bucket] = true;
            put(all, old.bucket, false, true, old.id);
        } else if (!found_anyway(all, old.home)) {
            put_below_county(all, old.home == AREA_NONE ? old.now : old.home, true, true, old.id);
        }
    }
}

/* The words of one bucket, behind those of the buckets before. */
static void choose(struct gathering *all, unsigned bucket, struct scope_indexes *ret,
                   size_t *ids_count)
{
    size_t indexes = 0;
    size_t from = *ids_count;
    for (size_t i = 0; i < all->count; i++) {
        indexes += all->words[i].bucket == bucket && all->words[i].index;
    }
    bool changes = all->changes[bucket] || indexes > SCOPE_INDEXES_MAX;
    for (size_t i = 0; i < all->count; i++) {
        const struct word *word = &all->words[i];
        if (word->bucket == bucket && (changes ? word->path : word->index)) {
            ret->ids[(*ids_count)++] = word->id;
        }
    }
    if (*ids_count > from) {
        ret->at[ret->count++] = (struct scope_bucket){
            .bucket = bucket,
            .changes = changes,
            .ids = ret->ids + from,
            .id_count = *ids_count - from,
        };
    }
}

void scope_indexes(const struct areas *areas, const struct scope *scope, area_index narrow,
                   struct scope_indexes *ret)
{
    struct gathering all = {.areas = areas};
    bool used[BUCKETS] = {false};
    size_t ids_count = 0;
    narrow_down(areas, scope, narrow, &all.set);
    for (size_t i = 0; i < all.set.count; i++) {
        gather_area(&all, all.set.at[i]);
        gather_olds(&all, all.set.at[i]);
    }
    for (size_t i = 0; i < all.count; i++) {
        used[all.words[i].bucket] = true;
    }
    *ret = (struct scope_indexes){
        .at = mem_array(BUCKETS, sizeof *ret->at),
        .ids = mem_array(all.count + 1, sizeof *ret->ids),
    };
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        if (used[bucket]) {
            choose(&all, bucket, ret, &ids_count);
        }
    }
    CHECK(ids_count <= all.count);
    free(all.words);
}

void scope_indexes_release(struct scope_indexes *indexes)
{
    free(indexes->at);
    free(indexes->ids);
    *indexes = (struct scope_indexes){0};
}
