#include "flow/feed_hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    HUB_MAGIC = 0x487562,
    GROUP_MAGIC = 0x47727570,
    WAIT_MAGIC = 0x57616974,
    LOOK_MAGIC = 0x4c6f6f6b,
    GATHER_MS = 20, /* a burst of changes is one read */
    AGAIN_MS = 500, /* after a read for which the store was away */
    HEADS_EACH_MS = 5000,
    SETTLE_MS =
        200, /* what was written before the numbers were asked has been heard by then, or never */
    KEY_BYTES_MAX = 8192,
    TABLE = 4096
};

/* Of a group, one order of one bucket. */
struct watch {
    LIST_ENTRY(watch) next;
    struct group *group;
    unsigned bucket;
    struct str order; /* in the group's plan */
};
LIST_HEAD(watches, watch);

struct feed_wait {
    unsigned magic;
    bool hurry; /* answer with the next read, whatever it brings */
    struct group *group;
    LIST_ENTRY(feed_wait) next;
    struct timer *timer;
    feed_done_fn *done;
    void *arg;
};
LIST_HEAD(waits, feed_wait);

struct group {
    unsigned magic;
    bool shared;  /* others may join: in the table */
    bool reading; /* a feed_page is under way */
    bool proven;  /* read to its end at least once */
    bool dirty;   /* in the hub's list */
    bool again;   /* something changed while it was read */
    struct feed_hub *hub;
    LIST_ENTRY(group) same_hash, next, next_dirty;
    struct waits waits;
    uint32_t hash;
    char *key;
    char *cursor; /* text: a whole one is large, and most have one bucket */
    struct feed_plan plan;
    struct watch *watches;
    size_t watch_count;
};
LIST_HEAD(groups, group);
LIST_HEAD(dirty_groups, group);

struct feed_hub {
    unsigned magic;
    struct loop *loop;
    const struct setup *setup;
    struct store *store;
    struct groups all, table[TABLE];
    struct dirty_groups dirty;
    struct watches orders[TABLE];
    struct timer *gather, *again, *heads, *settle;
    int64_t heard[BUCKETS];  /* the newest change that was told */
    int64_t tops[BUCKETS];   /* the newest change there was, when it was last asked */
    size_t watched[BUCKETS]; /* by how many places of groups */
    struct feed_hub_counts counts;
};

struct look {
    unsigned magic;
    struct feed_hub *hub;
    unsigned bucket;
};

static feed_heard_fn on_heard;
static loop_fn on_subscribed;
static loop_fn on_gathered;
static feed_done_fn on_page;
static loop_fn on_time_up;
static loop_fn on_again;
static loop_fn on_heads_due;
static feed_head_done_fn on_head;
static loop_fn on_settled;

struct feed_hub *feed_hub_new(struct loop *loop, const struct setup *setup, struct store *store)
{
    struct feed_hub *hub = mem_alloc(sizeof *hub);
    hub->magic = HUB_MAGIC;
    hub->loop = loop;
    hub->setup = setup;
    hub->store = store;
    hub->gather = timer_new(loop, on_gathered, hub);
    hub->again = timer_new(loop, on_again, hub);
    hub->heads = timer_new(loop, on_heads_due, hub);
    hub->settle = timer_new(loop, on_settled, hub);
    feed_on_change(store, on_heard, on_subscribed, hub);
    timer_set(hub->heads, HEADS_EACH_MS);
    return hub;
}

struct feed_hub_counts feed_hub_counts(const struct feed_hub *hub)
{
    return hub->counts;
}

/* FNV-1a: the table is no wall against anybody, its keys are ours. */
static uint32_t hash_of(struct str text, uint32_t from)
{
    uint32_t hash = from ^ 2166136261U;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * 16777619U;
    }
    return hash;
}

static struct watches *watchers(struct feed_hub *hub, unsigned bucket, struct str order)
{
    return &hub->orders[hash_of(order, bucket * 0x9e3779b9U) % TABLE];
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

static struct group *find_group(struct feed_hub *hub, const char *key, uint32_t hash)
{
    struct group *group;
    LIST_FOREACH (group, &hub->table[hash % TABLE], same_hash) {
        if (group->hash == hash && strcmp(group->key, key) == 0) {
            return group;
        }
    }
    return NULL;
}

static void watch_place(struct group *group, const struct feed_place *place, struct watch *at,
                        size_t *ret_count)
{
    struct str rest = place->orders;
    struct str order;
    while (str_next(&rest, ' ', &order)) {
        if (at != NULL) {
            at[*ret_count] = (struct watch){
                .group = group, .bucket = place->bucket, .order = order};
            LIST_INSERT_HEAD(watchers(group->hub, place->bucket, order), &at[*ret_count], next);
        }
        ++*ret_count;
    }
}

static void watch_all(struct group *group)
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

static struct group *group_new(struct feed_hub *hub, const struct feed_query *query,
                               const char *cursor, const struct buf *key, uint32_t hash,
                               bool shared)
{
    struct group *group = mem_alloc(sizeof *group);
    group->magic = GROUP_MAGIC;
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
        LIST_INSERT_HEAD(&hub->table[hash % TABLE], group, same_hash);
        watch_all(group);
    }
    return group;
}

static void group_free(struct group *group)
{
    CHECK(!group->reading && LIST_EMPTY(&group->waits));
    for (size_t i = 0; i < group->watch_count; i++) {
        LIST_REMOVE(&group->watches[i], next);
    }
    if (group->shared) {
        LIST_REMOVE(group, same_hash);
        for (size_t i = 0; i < group->plan.count; i++) {
            group->hub->watched[group->plan.at[i].bucket]--;
        }
    }
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

/* It is to be read again soon. */
static void mark(struct group *group)
{
    struct feed_hub *hub = group->hub;
    if (group->reading) {
        group->again = true;
    } else if (!group->dirty) {
        if (LIST_EMPTY(&hub->dirty)) {
            timer_set(hub->gather, GATHER_MS);
        }
        group->dirty = true;
        LIST_INSERT_HEAD(&hub->dirty, group, next_dirty);
    }
}

static void read_group(struct group *group)
{
    struct cursor cursor;
    struct feed_hub *hub = group->hub;
    CHECK(cursor_parse(str_of(group->cursor), &cursor));
    group->reading = true;
    hub->counts.reads++;
    feed_page(hub->setup, hub->store, &group->plan, &cursor, on_page, group);
}

struct feed_wait *feed_ask(struct feed_hub *hub, const struct feed_query *query,
                           const struct cursor *cursor, int64_t wait_ms, feed_done_fn *done,
                           void *arg)
{
    char text[CURSOR_TEXT_BYTES];
    struct buf key;
    CHECK_OBJ(hub, HUB_MAGIC);
    bool waits = wait_ms > 0 && hub->counts.waits < (size_t)hub->setup->options.limits.waits_max;
    cursor_print(cursor, text);
    buf_init(&key, KEY_BYTES_MAX);
    key_of(hub->setup, query, text, &key);
    uint32_t hash = hash_of(buf_str(&key), 0);
    /* who does not wait gets a read of his own: one that is under way may have begun before what he has just written */
    struct group *group = waits ? find_group(hub, buf_text(&key), hash) : NULL;
    if (group == NULL) {
        group = group_new(hub, query, text, &key, hash, waits);
        read_group(group);
    }
    buf_release(&key);
    struct feed_wait *wait = mem_alloc(sizeof *wait);
    *wait = (struct feed_wait){
        .magic = WAIT_MAGIC, .hurry = !waits, .group = group, .done = done, .arg = arg};
    LIST_INSERT_HEAD(&group->waits, wait, next);
    hub->counts.waits++;
    if (waits) {
        wait->timer = timer_new(hub->loop, on_time_up, wait);
        timer_set(wait->timer, wait_ms);
    }
    return wait;
}

static void wait_free(struct feed_wait *wait)
{
    LIST_REMOVE(wait, next);
    wait->group->hub->counts.waits--;
    timer_free(&wait->timer);
    wait->magic = 0;
    free(wait);
}

static void answer_wait(struct feed_wait *wait, const struct feed_answer *answer)
{
    feed_done_fn *done = wait->done;
    void *arg = wait->arg;
    wait_free(wait);
    done(arg, answer);
}

/* No new reader joins it while it is answered: done may ask again at once. */
static void answer_all(struct group *group, const struct feed_answer *answer)
{
    if (group->shared) {
        LIST_REMOVE(group, same_hash);
        for (size_t i = 0; i < group->plan.count; i++) {
            group->hub->watched[group->plan.at[i].bucket]--;
        }
        group->shared = false;
    }
    while (!LIST_EMPTY(&group->waits)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): each leaves the list */
        answer_wait(LIST_FIRST(&group->waits), answer);
    }
    group_free(group);
}

static void answer_empty(struct feed_wait *wait)
{
    struct feed_answer answer = {.kind = FEED_PAGE, .ended = true};
    char *next = mem_strdup(wait->group->cursor);
    answer.next = next;
    answer.body = feed_empty_page(next);
    answer_wait(wait, &answer);
    blob_drop(&answer.body);
    free(next);
}

static void answer_hurried(struct group *group)
{
    struct feed_wait *wait;
    struct feed_wait *after;
    for (wait = LIST_FIRST(&group->waits); wait != NULL; wait = after) {
        after = LIST_NEXT(wait, next);
        if (wait->hurry) {
            answer_empty(wait);
        }
    }
}

static void go_on_waiting(struct group *group, const struct feed_answer *answer)
{
    free(group->cursor);
    group->cursor = mem_strdup(answer->next);
    group->proven = true;
    bool again = group->again;
    answer_hurried(group);
    if (LIST_EMPTY(&group->waits)) {
        group_free(group);
    } else if (again) {
        mark(group);
    }
}

static void on_page(void *arg, const struct feed_answer *answer)
{
    struct group *group = arg;
    CHECK_OBJ(group, GROUP_MAGIC);
    group->reading = false;
    if (LIST_EMPTY(&group->waits)) { /* all of them went */
        group_free(group);
    } else if (answer->kind == FEED_PAGE && answer->count == 0 && answer->ended) {
        go_on_waiting(group, answer);
    } else if (answer->kind == FEED_LATER && group->proven) {
        group->again = true;
        timer_set(group->hub->again, AGAIN_MS);
    } else {
        answer_all(group, answer);
    }
}

/* Groups whose read came to nothing because the store was away. */
static void on_again(void *arg)
{
    struct feed_hub *hub = arg;
    struct group *group;
    CHECK_OBJ(hub, HUB_MAGIC);
    LIST_FOREACH (group, &hub->all, next) {
        if (group->again && !group->reading) {
            mark(group);
        }
    }
}

/* The whole list first: a read may report at once that one of them is to be read again. */
static void on_gathered(void *arg)
{
    struct feed_hub *hub = arg;
    struct dirty_groups now;
    struct group *group;
    CHECK_OBJ(hub, HUB_MAGIC);
    now = hub->dirty;
    if (LIST_FIRST(&now) != NULL) {
        LIST_FIRST(&now)->next_dirty.le_prev = &LIST_FIRST(&now);
    }
    LIST_INIT(&hub->dirty);
    while ((group = LIST_FIRST(&now)) != NULL) {
        LIST_REMOVE(group, next_dirty);
        group->dirty = group->again = false;
        read_group(group);
    }
}

static void on_time_up(void *arg)
{
    struct feed_wait *wait = arg;
    CHECK_OBJ(wait, WAIT_MAGIC);
    struct group *group = wait->group;
    if (!group->proven) { /* its first read says whether there is anything, or no store */
        wait->hurry = true;
        return;
    }
    answer_empty(wait);
    if (LIST_EMPTY(&group->waits) && !group->reading) {
        group_free(group);
    }
}

void feed_wait_stop(struct feed_wait *wait)
{
    CHECK_OBJ(wait, WAIT_MAGIC);
    if (wait->timer != NULL) {
        timer_set(wait->timer, 0);
    }
}

void feed_wait_drop(struct feed_wait **wait)
{
    struct feed_wait *gone = *wait;
    CHECK_OBJ(gone, WAIT_MAGIC);
    struct group *group = gone->group;
    *wait = NULL;
    wait_free(gone);
    if (LIST_EMPTY(&group->waits) && !group->reading) {
        group_free(group);
    }
}

static void mark_watchers(struct feed_hub *hub, unsigned bucket, struct str order)
{
    struct watch *watch;
    LIST_FOREACH (watch, watchers(hub, bucket, order), next) {
        if (watch->bucket == bucket && str_eq(watch->order, order)) {
            mark(watch->group);
        }
    }
}

/* Of a report: the orders it stands in, and `changes`; of a drill `dchanges` alone. */
static void on_heard(void *arg, unsigned bucket, int64_t seq, struct str orders)
{
    struct feed_hub *hub = arg;
    struct str order;
    CHECK_OBJ(hub, HUB_MAGIC);
    hub->heard[bucket] = seq > hub->heard[bucket] ? seq : hub->heard[bucket];
    if (hub->watched[bucket] == 0) {
        return;
    }
    if (!str_is(orders, "dchanges")) {
        mark_watchers(hub, bucket, STR("changes"));
    }
    while (str_next(&orders, ' ', &order)) {
        mark_watchers(hub, bucket, order);
    }
}

/* What was told before may have been of another life of the store. */
static void on_subscribed(void *arg)
{
    struct feed_hub *hub = arg;
    CHECK_OBJ(hub, HUB_MAGIC);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        hub->heard[bucket] = hub->tops[bucket] = 0;
    }
    timer_set(hub->heads, 0);
}

static void on_heads_due(void *arg)
{
    struct feed_hub *hub = arg;
    CHECK_OBJ(hub, HUB_MAGIC);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        if (hub->watched[bucket] > 0) {
            struct look *look = mem_alloc(sizeof *look);
            *look = (struct look){LOOK_MAGIC, hub, bucket};
            feed_head(hub->store, bucket, on_head, look);
        }
    }
    timer_set(hub->heads, HEADS_EACH_MS);
}

static void on_head(void *arg, enum op_status status, int64_t head)
{
    struct look *look = arg;
    CHECK_OBJ(look, LOOK_MAGIC);
    struct feed_hub *hub = look->hub;
    if (status == OP_OK) {
        hub->tops[look->bucket] = head;
        timer_set(hub->settle, SETTLE_MS);
    }
    look->magic = 0;
    free(look);
}

static bool reads_bucket(const struct group *group, unsigned bucket)
{
    for (size_t i = 0; i < group->plan.count; i++) {
        if (group->plan.at[i].bucket == bucket) {
            return true;
        }
    }
    return false;
}

static void on_settled(void *arg)
{
    struct feed_hub *hub = arg;
    struct group *group;
    CHECK_OBJ(hub, HUB_MAGIC);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        bool unheard = hub->tops[bucket] > hub->heard[bucket];
        LIST_FOREACH (group, &hub->all, next) {
            if (unheard && group->shared && reads_bucket(group, bucket)) {
                mark(group);
            }
        }
        hub->heard[bucket] = unheard ? hub->tops[bucket] : hub->heard[bucket];
    }
}

void feed_hub_free(struct feed_hub **hub)
{
    const struct feed_answer later = {.kind = FEED_LATER};
    struct feed_hub *gone = *hub;
    if (gone == NULL) {
        return;
    }
    CHECK_OBJ(gone, HUB_MAGIC);
    *hub = NULL;
    while (!LIST_EMPTY(&gone->all)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): each leaves the list */
        answer_all(LIST_FIRST(&gone->all), &later);
    }
    timer_free(&gone->gather);
    timer_free(&gone->again);
    timer_free(&gone->heads);
    timer_free(&gone->settle);
    gone->magic = 0;
    free(gone);
}
