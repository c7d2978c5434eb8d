#include "flow/feed_group.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    HUB_MAGIC = 0x487562,
    WAIT_MAGIC = 0x57616974,
    LOOK_MAGIC = 0x4c6f6f6b,
    GATHER_MS = 20, /* a burst of changes is one read */
    AGAIN_MS = 500, /* after a read for which the store was away */
    HEADS_EACH_MS = 5000,
    SETTLE_MS =
        200 /* what was written before the numbers were asked has been heard by then, or never */
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

/* It is to be read again soon. */
static void mark(struct feed_group *group)
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

static void read_group(struct feed_group *group)
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
    bool begins;
    CHECK_OBJ(hub, HUB_MAGIC);
    bool waits = wait_ms > 0 && hub->counts.waits < (size_t)hub->setup->options.limits.waits_max;
    /* who does not wait gets a read of his own: one that is under way may have begun before what he has just written */
    struct feed_group *group = feed_group_of(hub, query, cursor, waits, &begins);
    if (begins) {
        read_group(group);
    }
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
static void answer_all(struct feed_group *group, const struct feed_answer *answer)
{
    feed_group_close(group);
    while (!LIST_EMPTY(&group->waits)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): each leaves the list */
        answer_wait(LIST_FIRST(&group->waits), answer);
    }
    feed_group_free(group);
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

static void answer_hurried(struct feed_group *group)
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

static void go_on_waiting(struct feed_group *group, const struct feed_answer *answer)
{
    free(group->cursor);
    group->cursor = mem_strdup(answer->next);
    group->proven = true;
    bool again = group->again;
    answer_hurried(group);
    if (LIST_EMPTY(&group->waits)) {
        feed_group_free(group);
    } else if (again) {
        mark(group);
    }
}

static void on_page(void *arg, const struct feed_answer *answer)
{
    struct feed_group *group = arg;
    CHECK_OBJ(group, FEED_GROUP_MAGIC);
    group->reading = false;
    if (LIST_EMPTY(&group->waits)) { /* all of them went */
        feed_group_free(group);
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
    struct feed_group *group;
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
    struct feed_dirty_groups now;
    struct feed_group *group;
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
    struct feed_group *group = wait->group;
    if (!group->proven) { /* its first read says whether there is anything, or no store */
        wait->hurry = true;
        return;
    }
    answer_empty(wait);
    if (LIST_EMPTY(&group->waits) && !group->reading) {
        feed_group_free(group);
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
    struct feed_group *group = gone->group;
    *wait = NULL;
    wait_free(gone);
    if (LIST_EMPTY(&group->waits) && !group->reading) {
        feed_group_free(group);
    }
}

static void mark_watchers(struct feed_hub *hub, unsigned bucket, struct str order)
{
    struct feed_watch *watch;
    LIST_FOREACH (watch, feed_group_watchers(hub, bucket, order), next) {
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

static bool reads_bucket(const struct feed_group *group, unsigned bucket)
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
    struct feed_group *group;
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
