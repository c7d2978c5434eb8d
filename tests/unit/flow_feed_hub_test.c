/* Readers who wait: one read for all who ask alike, woken by what concerns them, bounded, and free to go. */
#include "store_filing.h"

#include <jansson.h>

#include "flow/feed_hub.h"
#include "store/inside.h"

static const char csv[] = "code,name\n"
                          "37,山东省\n"
                          "370115,济阳区\n"
                          "370115008,曲堤街道\n"
                          "370115008218,葛家村民委员会\n"
                          "370115009,垛石街道\n"
                          "370115009201,某某村民委员会\n";

static struct setup setup;
static struct feed_hub *hub;

enum { READERS_MAX = 64 };
struct reader {
    bool done;
    enum feed_kind kind;
    size_t count;
    const void *body; /* the same one for all of a group */
    char next[CURSOR_TEXT_BYTES];
    struct feed_wait *wait;
};
static struct reader readers[READERS_MAX];

static void on_answer(void *arg, const struct feed_answer *answer)
{
    struct reader *reader = arg;
    assert_false(reader->done);
    reader->done = true;
    reader->wait = NULL;
    reader->kind = answer->kind;
    reader->count = answer->count;
    reader->body = answer->body;
    if (answer->kind == FEED_PAGE) {
        json_t *page = json_loadb(answer->body->at, answer->body->len, 0, NULL);
        assert_int_equal(json_array_size(json_object_get(page, "reports")), answer->count);
        assert_string_equal(json_string_value(json_object_get(page, "next")), answer->next);
        json_decref(page);
        snprintf(reader->next, sizeof reader->next, "%s", answer->next);
    }
}

/* 370115008218 or another area; since NULL: from the beginning. */
static struct feed_query query_of(const char *area, size_t limit)
{
    struct feed_query query = {.narrow = AREA_NONE, .limit = limit};
    query.scope = (struct scope){.count = 1, .at = {areas_find(setup.areas, str_of(area))}};
    return query;
}

static struct reader *ask(size_t i, const char *area, const char *since, int64_t wait_ms)
{
    struct feed_query query = query_of(area, 50);
    struct cursor cursor;
    if (since != NULL) {
        assert_true(cursor_parse(str_of(since), &cursor));
    } else {
        cursor_begin(&cursor, store_epoch(bench.store));
    }
    readers[i] = (struct reader){0};
    readers[i].wait = feed_ask(hub, &query, &cursor, wait_ms, on_answer, &readers[i]);
    assert_false(readers[i].done); /* never before it returns */
    return &readers[i];
}

static const char *village = "370115008218", *other = "370115009201";

static void hear(const struct reader *reader)
{
    run_until(bench.loop, &reader->done);
}

static void some_ms(int ms)
{
    bool never = false;
    struct until until = {bench.loop, &never, NULL, 5000 - ms};
    until.tick = timer_new(bench.loop, until_tick, &until);
    timer_set(until.tick, 0);
    loop_run(bench.loop);
    timer_free(&until.tick);
}

static void file_one(int number)
{
    struct filing filing = first;
    char receipt[16];
    char token[16];
    unsigned bucket = area_bucket(setup.areas, areas_find(setup.areas, str_of(village)));
    snprintf(receipt, sizeof receipt, "%02u%010d", bucket, number);
    snprintf(token, sizeof token, "tok%d", number);
    filing.receipt = receipt;
    filing.token = filing.person = filing.id = filing.phone = token;
    assert_int_equal(file(&filing).answer.kind, REPORTS_ACCEPTED);
}

static void test_without_waiting(void **state)
{
    (void)state;
    file_one(1);
    file_one(2);
    struct reader *reader = ask(0, village, NULL, 0);
    hear(reader);
    assert_int_equal(reader->kind, FEED_PAGE);
    assert_int_equal(reader->count, 2);
    reader = ask(1, village, readers[0].next, 0);
    hear(reader);
    assert_int_equal(reader->count, 0);
    assert_string_equal(reader->next, readers[0].next);
    assert_int_equal(feed_hub_counts(hub).groups, 0);
    assert_int_equal(feed_hub_counts(hub).waits, 0);
}

/* Twenty who ask alike: one read to begin with, one when something is new, one body. */
static void test_one_read_for_all(void **state)
{
    (void)state;
    hear(ask(0, village, NULL, 0));
    char since[CURSOR_TEXT_BYTES];
    snprintf(since, sizeof since, "%s", readers[0].next);
    uint64_t reads = feed_hub_counts(hub).reads;
    for (size_t i = 0; i < 20; i++) {
        ask(i, village, since, 3000);
    }
    some_ms(50);
    assert_int_equal(feed_hub_counts(hub).groups, 1);
    assert_int_equal(feed_hub_counts(hub).waits, 20);
    assert_int_equal(feed_hub_counts(hub).reads, reads + 1);
    file_one(1);
    for (size_t i = 0; i < 20; i++) {
        hear(&readers[i]);
        assert_int_equal(readers[i].count, 1);
        assert_ptr_equal(readers[i].body, readers[0].body);
    }
    assert_int_equal(feed_hub_counts(hub).reads, reads + 2);
    assert_int_equal(feed_hub_counts(hub).groups, 0);
}

static void test_woken_by_its_own_only(void **state)
{
    (void)state;
    ask(0, other, NULL, 400);
    ask(1, village, NULL, 3000);
    some_ms(50);
    uint64_t reads = feed_hub_counts(hub).reads;
    file_one(1);
    hear(&readers[1]);
    assert_int_equal(feed_hub_counts(hub).reads, reads + 1);
    assert_false(readers[0].done);
    hear(&readers[0]); /* its time is up */
    assert_int_equal(readers[0].kind, FEED_PAGE);
    assert_int_equal(readers[0].count, 0);
    assert_int_equal(feed_hub_counts(hub).reads, reads + 1);
}

/* Told while the group is read: what the read brings may be older. */
static void test_change_during_the_read(void **state)
{
    unsigned bucket = area_bucket(setup.areas, areas_find(setup.areas, str_of(village)));
    (void)state;
    uint64_t reads = feed_hub_counts(hub).reads;
    ask(0, village, NULL, 300);
    bench.store->heard(bench.store->heard_arg, bucket, 1, STR("a:370115008218"));
    hear(&readers[0]);
    assert_int_equal(feed_hub_counts(hub).reads, reads + 2);
}

/* A filter that the change does not meet: it waits on, from further along. */
static void test_filtered_waits_on(void **state)
{
    struct feed_query query = query_of(village, 50);
    struct cursor cursor;
    (void)state;
    snprintf(query.filter.state, sizeof query.filter.state, "cleared");
    cursor_begin(&cursor, store_epoch(bench.store));
    readers[0] = (struct reader){0};
    readers[0].wait = feed_ask(hub, &query, &cursor, 300, on_answer, &readers[0]);
    some_ms(50);
    file_one(1);
    hear(&readers[0]);
    assert_int_equal(readers[0].count, 0);
    assert_true(cursor_parse(str_of(readers[0].next), &cursor));
    assert_int_equal(cursor.seq[area_bucket(setup.areas, query.scope.at[0])], 1);
}

static void test_gone_and_stopped(void **state)
{
    (void)state;
    ask(0, village, NULL, 3000);
    ask(1, village, NULL, 3000);
    feed_wait_drop(&readers[0].wait); /* while the first read is under way */
    assert_null(readers[0].wait);
    some_ms(50);
    ask(2, other, NULL, 3000);
    feed_wait_drop(&readers[2].wait);
    some_ms(50);
    assert_int_equal(feed_hub_counts(hub).groups, 1);
    feed_wait_stop(readers[1].wait);
    hear(&readers[1]);
    assert_int_equal(readers[1].count, 0);
    ask(3, village, NULL, 3000);
    feed_wait_stop(readers[3].wait); /* before its first read is back: that one answers */
    hear(&readers[3]);
    assert_int_equal(readers[3].kind, FEED_PAGE);
    assert_false(readers[0].done);
    assert_false(readers[2].done);
    assert_int_equal(feed_hub_counts(hub).groups, 0);
    assert_int_equal(feed_hub_counts(hub).waits, 0);
}

static void test_bounded(void **state)
{
    (void)state;
    setup.options.limits.waits_max = 2;
    ask(0, village, NULL, 3000);
    ask(1, village, NULL, 3000);
    ask(2, village, NULL, 3000);
    hear(&readers[2]);
    assert_false(readers[0].done || readers[1].done);
    feed_wait_drop(&readers[0].wait);
    feed_wait_drop(&readers[1].wait);
    setup.options.limits.waits_max = 100;
}

static void test_expired(void **state)
{
    char foreign[CURSOR_TEXT_BYTES];
    struct cursor cursor;
    (void)state;
    cursor_begin(&cursor, "of another store");
    cursor_print(&cursor, foreign);
    hear(ask(0, village, foreign, 0));
    assert_int_equal(readers[0].kind, FEED_EXPIRED);
    hear(ask(0, village, foreign, 3000));
    assert_int_equal(readers[0].kind, FEED_EXPIRED);
    cursor_begin(&cursor, store_epoch(bench.store));
    cursor.seq[area_bucket(setup.areas, areas_find(setup.areas, str_of(village)))] = 99;
    cursor_print(&cursor, foreign);
    hear(ask(0, village, foreign, 3000));
    assert_int_equal(readers[0].kind, FEED_EXPIRED);
}

/* Redis goes and comes back, and what was written meanwhile was told to nobody. */
static void test_lost_news(void **state)
{
    (void)state;
    ask(0, village, NULL, 20000);
    some_ms(100);
    redis_kill(&bench.redis, SIGKILL);
    some_ms(100);
    ask(1, village, NULL, 20000); /* joins the first */
    ask(2, other, NULL, 20000);   /* cannot be read at all */
    hear(&readers[2]);
    assert_int_equal(readers[2].kind, FEED_LATER);
    redis_run(&bench.redis);
    unsigned bucket = area_bucket(setup.areas, areas_find(setup.areas, str_of(village)));
    redis_ask(&bench.redis, "EVAL %s 0 %02u",
              "local P='ms:{'..ARGV[1]..'}' local r=ARGV[1]..'0000000009' "
              "redis.call('HSET',P..':r:'..r,'v',1,'state','new','area','370115008218') "
              "redis.call('HSET',P..':n','seq',7) redis.call('ZADD',P..':changes',7,r) "
              "redis.call('ZADD',P..':a:370115008218',7,r)",
              bucket);
    redis_users(&bench.redis);
    hear(&readers[0]);
    assert_int_equal(readers[0].count, 1);
    assert_true(readers[1].done);
    assert_ptr_equal(readers[0].body, readers[1].body);
}

static int open_all(void **state)
{
    struct err err;
    bench_open(&bench, NULL);
    (void)state;
    setup = (struct setup){.areas = areas_load(str_of(csv), "x.csv", &err)};
    assert_non_null(setup.areas);
    setup.options.limits.waits_max = 100;
    hub = feed_hub_new(bench.loop, &setup, bench.store);
    some_ms(100);
    return 0;
}

/* Who still waits at the end is told. */
static int close_all(void **state)
{
    (void)state;
    readers[0] = (struct reader){0};
    if (store_health(bench.store) == STORE_READY) {
        ask(0, other, NULL, 20000);
        some_ms(50);
    }
    store_free(&bench.store);
    loop_flush(bench.loop);
    bool waited = readers[0].wait != NULL;
    feed_hub_free(&hub);
    assert_true(!waited || (readers[0].done && readers[0].kind == FEED_LATER));
    areas_free(&setup.areas);
    loop_free(&bench.loop);
    redis_end(&bench.redis);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_without_waiting, wipe),
        cmocka_unit_test_setup(test_one_read_for_all, wipe),
        cmocka_unit_test_setup(test_woken_by_its_own_only, wipe),
        cmocka_unit_test_setup(test_change_during_the_read, wipe),
        cmocka_unit_test_setup(test_filtered_waits_on, wipe),
        cmocka_unit_test_setup(test_gone_and_stopped, wipe),
        cmocka_unit_test_setup(test_bounded, wipe),
        cmocka_unit_test_setup(test_expired, wipe),
        cmocka_unit_test_setup(test_lost_news, wipe), /* last: the users are made anew */
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
