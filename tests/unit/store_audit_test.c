#include "store_jobs.h"

static void test_audit_sees_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *harm;
        size_t lost;
    } rows[] = {
        {"ZREM ms:{07}:ready 070000000001", 1},
        {"DEL ms:{07}:e:070000000001", 2},               /* found both ways */
        {"HSET ms:{07}:e:070000000001 st delivered", 1}, /* the counts alone would not see it */
        {"HINCRBY ms:{07}:ledger " AREA ":made 1", 0},
        {"HINCRBY ms:{07}:ledger " AREA ":accepted -1", 0},
        {"ZREM ms:{07}:events 070000000001", 0},
        {"ZREM ms:{07}:changes 070000000001", 0}, /* a record that nobody would find */
        {"HINCRBY ms:{07}:n leads 1", 0},
        {"HINCRBY ms:{07}:n promoted 1", 0},
        {"HINCRBY ms:{07}:n drills 1", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wipe(NULL);
        put("070000000001", NULL);
        put("080000000001", NULL);
        assert_true(audit().holds);
        redisContext *context = redis_connect(&bench.redis);
        freeReplyObject(redisCommand(context, rows[i].harm));
        redisFree(context);
        struct got got = audit();
        assert_int_equal(got.lost, rows[i].lost);
        assert_false(got.holds);
    }
}

static void on_woken(void *arg, unsigned bucket)
{
    bool *woken = arg;
    if (bucket == 7) {
        *woken = true;
    }
}

/* Also after the connection broke: the listener subscribes again and everything is looked at once more. */
static void test_wake(void **state)
{
    (void)state;
    static bool woken; /* the subscription outlives the test */
    queue_on_wake(bench.store, on_woken, &woken);
    run_until(bench.loop, &woken);
    woken = false;
    put("070000000001", NULL);
    run_until(bench.loop, &woken);
    woken = false;
    redis_ask(&bench.redis, "CLIENT KILL TYPE pubsub");
    run_until(bench.loop, &woken);
    woken = false;
    put("070000000002", NULL);
    run_until(bench.loop, &woken);
}

static void on_anchored(void *arg, enum op_status status, const struct audit_anchor *anchor)
{
    struct got *got = arg;
    assert_int_equal(status, OP_OK);
    got->done = true;
    got->number = anchor->seq;
    snprintf(got->last_words, sizeof got->last_words, "%s", anchor->hash);
}

static struct got anchor(void)
{
    struct got got = {0};
    audit_anchor(bench.store, 7, on_anchored, &got);
    run_until(bench.loop, &got.done);
    return got;
}

static void test_anchors(void **state)
{
    (void)state;
    assert_int_equal(anchor().number, 0);
    put("070000000001", NULL);
    struct got one = anchor();
    assert_int_equal(one.number, 1);
    struct got same = anchor();
    assert_string_equal(one.last_words, same.last_words);
    put_next("070000000001", 2, NULL);
    struct got two = anchor();
    assert_int_equal(two.number, 2);
    assert_string_not_equal(one.last_words, two.last_words);
    assert_string_equal(redis_ask(&bench.redis, "LLEN ms:{07}:anchors"), "2");
}

static void test_sweep(void **state)
{
    (void)state;
    struct got got = {0};
    put("070000000001", NULL);
    reserve(1, 1, 1);
    usleep(5000);
    redis_ask(&bench.redis, "ZADD ms:{07}:drills 1 070000000009");
    redis_ask(&bench.redis, "ZADD ms:{07}:dchanges 1 070000000009");
    redis_ask(&bench.redis, "HINCRBY ms:{07}:n drills 1");
    queue_sweep(bench.store, 7, on_settled, &got);
    run_until(bench.loop, &got.done);
    assert_places(0, 1, 0, 0, 0, 0);
    assert_string_equal(redis_ask(&bench.redis, "ZSCORE ms:{07}:dchanges 070000000009"), "(nil)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_audit_sees_what_is_wrong, wipe),
        cmocka_unit_test_setup(test_wake, wipe),
        cmocka_unit_test_setup(test_anchors, wipe),
        cmocka_unit_test_setup(test_sweep, wipe),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
