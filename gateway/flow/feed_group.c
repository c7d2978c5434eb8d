#include "flow/feed_group.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

enum { KEY_BYTES_MAX = 8192 };

/* FNV-1a: the table is no wall against anybody, its keys are ours. */
static uint32_t hash_of(struct str text, uint32_t from)
{
    uint32_t hash = from ^ 2166136261U;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * 16777619U;
    }
    return hash;
}

struct feed_watches *feed_group_watchers(struct feed_hub *hub, unsigned bucket, struct str order)
{
    return &hub->orders[hash_of(order, bucket * 0x9e3779b9U) % FEED_TABLE];
}

static void key_of(const struct setup *setup, const struct feed_query *query, const char *cursor,
                   struct buf *to)
{
    char scope[SCOPE_TEXT_BYTES];
    const struct feed_filter *filter = &query->filter;
    scope_print(setup->areas, &query->scope, scope);
    buf_printf(to, "%s|%s|%u|%d|%s|%s|%s|%s|%s|%zu|%s", query->org, scope, query->narrow,
               query->drills, filter->state, filter->risk, filter->source, filter->late,
               filter->kind, query->limit, cursor);
    CHECK(buf_ok(to));
}

static struct feed_group *find_group(struct feed_hub *hub, const char *key, uint32_t hash)
{
    struct feed_group *group;
    LIST_FOREACH (group, &hub->table[hash % FEED_TABLE], same_hash) {
        if (group->hash == hash && strcmp(group->key, key) == 0) {
            return group;
        }
    }
    return NULL;
}

static void watch_place(struct feed_group *group, const struct feed_place *place,
                        struct feed_watch *at, size_t *ret_count)
{
    struct str rest = place->orders;
    struct str order;
    while (str_next(&rest, ' ', &order)) {
        if (at != NULL) {
            at[*ret_count] = (struct feed_watch){
                .group = group, .bucket = place->bucket, .order = order};
            LIST_INSERT_HEAD(feed_group_watchers(group->hub, place->bucket, order), &at[*ret_count],
                             next);
        }
        ++*ret_count;
    }
}

static void watch_all(struct feed_group *group)
{
    size_t count = 0;
    for (size_t i = 0; i < group->plan.count; i++) {
        watch_place(group, &group->plan.at[i], NULL, &count);
        group->hub->watched[group->plan.at[i].bucket]++;
    }
    group->watches = mem_array(count + 1, sizeof *group->watches);
    for (size_t i = 0; i < group->plan.count; i++) {
        watch_place(group, &group->plan.at[i], group->watches, &group->watch_count);
    }
}

static struct feed_group *group_new(struct feed_hub *hub, const struct feed_query *query,
                                    const char *cursor, const struct buf *key, uint32_t hash,
                                    bool shared)
{
    struct feed_group *group = mem_alloc(sizeof *group);
    group->magic = FEED_GROUP_MAGIC;
    group->hub = hub;
    group->shared = shared;
    group->hash = hash;
    group->key = mem_strdup(buf_text(key));
    group->cursor = mem_strdup(cursor);
    LIST_INIT(&group->waits);
    feed_plan_make(hub->setup, query, &group->plan);
    LIST_INSERT_HEAD(&hub->all, group, next);
    hub->counts.groups++;
    if (shared) {
        LIST_INSERT_HEAD(&hub->table[hash % FEED_TABLE], group, same_hash);
        watch_all(group);
    }
    return group;
}

void feed_group_close(struct feed_group *group)
{
    if (!group->shared) {
        return;
    }
    LIST_REMOVE(group, same_hash);
    for (size_t i = 0; i < group->plan.count; i++) {
        group->hub->watched[group->plan.at[i].bucket]--;
    }
    group->shared = false;
}

void feed_group_free(struct feed_group *group)
{
    CHECK(!group->reading && LIST_EMPTY(&group->waits));
    for (size_t i = 0; i < group->watch_count; i++) {
        LIST_REMOVE(&group->watches[i], next);
    }
    feed_group_close(group);
    if (group->dirty) {
        LIST_REMOVE(group, next_dirty);
    }
    LIST_REMOVE(group, next);
    group->hub->counts.groups--;
    feed_plan_release(&group->plan);
    free(group->watches);
    free(group->key);
    free(group->cursor);
    group->magic = 0;
    free(group);
}

struct feed_group *feed_group_of(struct feed_hub *hub, const struct feed_query *query,
                                 const struct cursor *cursor, bool shared, bool *ret_new)
{
    char text[CURSOR_TEXT_BYTES];
    struct buf key;
    cursor_print(cursor, text);
    buf_init(&key, KEY_BYTES_MAX);
    key_of(hub->setup, query, text, &key);
    uint32_t hash = hash_of(buf_str(&key), 0);
    struct feed_group *group = shared ? find_group(hub, buf_text(&key), hash) : NULL;
    *ret_new = group == NULL;
    if (group == NULL) {
        group = group_new(hub, query, text, &key, hash, shared);
    }
    buf_release(&key);
    return group;
}
