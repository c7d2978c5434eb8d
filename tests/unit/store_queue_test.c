#include "store_jobs.h"

static void test_straight_line(void **state)
{
    (void)state;
    put("070000000001", NULL);
    assert_places(0, 1, 0, 0, 0, 0);
    struct got got = reserve(10, 32, 20000);
    assert_int_equal(got.count, 1);
    assert_string_equal(got.jobs[0].id, "070000000001");
    assert_string_equal(got.jobs[0].receipt, "070000000001");
    assert_int_equal(got.jobs[0].fence, 1);
    assert_int_equal(got.jobs[0].attempts, 0);
    assert_int_equal(got.jobs[0].tried_ms, 0);
    assert_string_equal(got.sealed, "sealed");
    assert_in_range(got.next_due_ms, 19000, 20000);
    assert_places(0, 0, 0, 1, 0, 0);
    assert_int_equal(reserve(10, 32, 20000).count, 0); /* nothing twice */
    struct redis *redis = &bench.redis;
    redis_ask(redis, "HSET ms:{07}:e:070000000001 sealed %0200d", 0);
    assert_string_equal(redis_ask(redis, "OBJECT ENCODING ms:{07}:e:070000000001"), "hashtable");
    settle("070000000001", 1, QUEUE_DELIVERED, 0, false);
    assert_places(0, 0, 0, 0, 1, 0);
    assert_string_equal(redis_ask(redis, "OBJECT ENCODING ms:{07}:e:070000000001"), "listpack");
    assert_string_equal(redis_ask(redis, "HEXISTS ms:{07}:e:070000000001 sealed"), "0");
    assert_string_equal(redis_ask(redis, "HMGET ms:{07}:e:070000000001 r area n up"),
                        "070000000001 " AREA " 1 U-1");
    assert_string_equal(redis_ask(redis, "HGET ms:{07}:r:070000000001 upstream"), "U-1");
    assert_int_equal(reserve(10, 32, 20000).next_due_ms, -1);
    settle("070000000001", 1, QUEUE_DELIVERED, 0, false); /* said twice, counted once */
    assert_places(0, 0, 0, 0, 1, 0);
}

static void test_window_is_the_stores(void **state)
{
    (void)state;
    char receipt[16];
    for (int i = 0; i < 10; i++) {
        snprintf(receipt, sizeof receipt, "07%010d", i);
        put(receipt, NULL);
    }
    assert_int_equal(reserve(3, 5, 20000).count, 3);
    assert_int_equal(reserve(64, 5, 20000).count, 2); /* another gateway */
    assert_int_equal(reserve(64, 5, 20000).count, 0);
    settle("070000000000", 1, QUEUE_LATER, 60000, false);
    assert_int_equal(reserve(64, 5, 20000).count, 1);
    assert_places(0, 4, 1, 5, 0, 0);
}

static void test_order_of_a_report(void **state)
{
    (void)state;
    put("070000000001", NULL);
    put_next("070000000001", 2, NULL);
    put_next("070000000001", 3, NULL);
    put("070000000002", NULL);
    assert_places(2, 2, 0, 0, 0, 0);
    assert_int_equal(reserve(64, 32, 20000).count, 2); /* the first of each */
    settle("070000000001", 1, QUEUE_BURY, 0, false);
    assert_int_equal(reserve(64, 32, 20000).count, 0); /* held behind a buried one */
    assert_places(2, 0, 0, 1, 0, 1);
    assert_kick("070000000001-2", "held");
    assert_bury("070000000001-2", "held");
    assert_kick("070000000001", "kicked");
    struct got got = reserve(64, 32, 20000);
    assert_string_equal(got.jobs[0].id, "070000000001");
    assert_int_equal(got.jobs[0].fence, 2);
    assert_int_equal(got.jobs[0].attempts, 0); /* begins anew */
    settle("070000000001", 2, QUEUE_DELIVERED, 0, false);
    got = reserve(64, 32, 20000);
    assert_int_equal(got.count, 1);
    assert_string_equal(got.jobs[0].id, "070000000001-2");
    settle("070000000001-2", 1, QUEUE_DELIVERED, 0, false);
    got = reserve(64, 32, 20000);
    assert_string_equal(got.jobs[0].id, "070000000001-3");
    assert_places(0, 0, 0, 2, 2, 0);
}

static void test_fences(void **state)
{
    (void)state;
    static const struct {
        enum queue_outcome outcome;
        int64_t fence;
        const char *place; /* after a settle with that fence, the current one being 2 */
    } rows[] = {
        {QUEUE_LATER, 1, "sending"},     {QUEUE_BURY, 1, "sending"},
        {QUEUE_RELEASE, 1, "sending"},   {QUEUE_DELIVERED, 1, "delivered"},
        {QUEUE_LATER, 2, "delayed"},     {QUEUE_BURY, 2, "buried"},
        {QUEUE_RELEASE, 2, "ready"},     {QUEUE_DELIVERED, 2, "delivered"},
        {QUEUE_DELIVERED, 3, "sending"}, {QUEUE_DELIVERED, 0, "sending"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wipe(NULL);
        put("070000000001", NULL);
        reserve(1, 1, 1);
        usleep(5000);
        struct got got = reserve(1, 1, 60000); /* the lease had ended */
        assert_int_equal(got.count, 1);
        assert_int_equal(got.jobs[0].fence, 2);
        settle("070000000001", rows[i].fence, rows[i].outcome, 1000, false);
        assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:e:070000000001 st"),
                            rows[i].place);
        assert_true(audit().holds);
    }
}

static void test_late_delivery_of_a_buried_one(void **state)
{
    (void)state;
    put("070000000001", NULL);
    put_next("070000000001", 2, NULL);
    reserve(1, 1, 60000);
    settle("070000000001", 1, QUEUE_BURY, 0, false);
    settle("070000000001", 1, QUEUE_DELIVERED, 0, false);
    assert_places(0, 1, 0, 0, 1, 0);
}

static void test_release_burns_no_attempt(void **state)
{
    (void)state;
    put("070000000001", NULL);
    reserve(1, 1, 60000);
    settle("070000000001", 1, QUEUE_RELEASE, 0, false);
    assert_int_equal(reserve(1, 1, 60000).jobs[0].attempts, 0);
    settle("070000000001", 2, QUEUE_LATER, 0, false);
    assert_int_equal(reserve(1, 1, 60000).jobs[0].attempts, 1);
}

static int64_t tried_ms(void)
{
    struct got got = reserve(1, 1, 20000);
    assert_int_equal(got.count, 1);
    return got.jobs[0].tried_ms;
}

/* What giving up is counted by: from the first LATER on, and only while tries are under way or ahead. */
static void test_how_long_it_was_tried(void **state)
{
    struct redis *redis = &bench.redis;
    (void)state;
    put("070000000001", NULL);
    redis_ask(redis, "HINCRBY ms:{07}:e:070000000001 at -691200000");
    assert_int_equal(tried_ms(), 0); /* it waited for eight days */
    settle("070000000001", 1, QUEUE_LATER, 0, false);
    assert_in_range(tried_ms(), 0, 5000);
    redis_ask(redis, "HINCRBY ms:{07}:n tried_at -7200000"); /* a lease or a delay of two hours */
    settle("070000000001", 2, QUEUE_LATER, 0, false);
    assert_in_range(tried_ms(), 7200000, 7210000);
    settle("070000000001", 3, QUEUE_RELEASE, 0, false);
    redis_ask(redis, "HINCRBY ms:{07}:n tried_at -691200000"); /* then the breaker was open */
    redis_ask(redis, "HINCRBY ms:{07}:n tried_until -691200000");
    assert_in_range(tried_ms(), 7200000, 7210000);
    redis_ask(redis, "HINCRBY ms:{07}:n tried_at -691200000"); /* a probe that says the same */
    settle("070000000001", 4, QUEUE_RELEASE, 0, false);
    assert_in_range(tried_ms(), 7200000, 7210000);
    settle("070000000001", 5, QUEUE_LATER, 600000, false);
    assert_kick("070000000001", "kicked");
    assert_int_equal(tried_ms(), 0);
    settle("070000000001", 6, QUEUE_LATER, 0, false);
    redis_ask(redis, "HINCRBY ms:{07}:e:070000000001 tried -7200000");
    assert_in_range(tried_ms(), 7200000, 7210000);
    settle("070000000001", 7, QUEUE_PUT_OFF, 0, false); /* refused as if we were misconfigured */
    assert_int_equal(tried_ms(), 0);
    redis_ask(redis, "HSET ms:{07}:n tried_until 99999999999999"); /* the clock was ahead */
    settle("070000000001", 8, QUEUE_LATER, 0, false);
    tried_ms();
    int64_t until_ms = atoll(redis_ask(redis, "HGET ms:{07}:n tried_until"));
    int64_t at_ms = atoll(redis_ask(redis, "HGET ms:{07}:n tried_at"));
    assert_in_range(until_ms - at_ms, 1, 3600000);
}

static void test_due_times(void **state)
{
    (void)state;
    put("070000000001", NULL);
    reserve(1, 1, 60000);
    settle("070000000001", 1, QUEUE_LATER, 30, false);
    struct got got = reserve(1, 1, 60000);
    assert_int_equal(got.count, 0);
    assert_in_range(got.next_due_ms, 1, 30);
    usleep(40000);
    assert_int_equal(reserve(1, 1, 60000).count, 1);
    settle("070000000001", 2, QUEUE_LATER, 99999999, false); /* beyond backoff_max */
    reserve(1, 1, 60000);
    assert_in_range(reserve(1, 1, 60000).next_due_ms, 599000, 600000);
    assert_kick("070000000001", "kicked");
    reserve(1, 1, 60000);
    settle("070000000001", 3, QUEUE_LATER, 99999999, true); /* Retry-After: an hour at most */
    assert_in_range(reserve(1, 1, 60000).next_due_ms, 3599000, 3600000);
    assert_kick("070000000001", "kicked");
    reserve(1, 1, 60000);
    settle("070000000001", 4, QUEUE_LATER, 1800000, true);
    assert_in_range(reserve(1, 1, 60000).next_due_ms, 1799000, 1800000); /* obeyed */
}

/* The clock was a year ahead, or was set back by one: the lease must not last as long. */
static void test_lease_beyond_reason(void **state)
{
    (void)state;
    put("070000000002", NULL);
    reserve(1, 32, 900000); /* another gateway's, long but possible */
    put("070000000001", NULL);
    reserve(1, 32, 31536000000);
    reserve(1, 32, 20000);
    assert_in_range(reserve(1, 32, 20000).next_due_ms, 19000, 20000);
    struct redis *redis = &bench.redis;
    assert_string_equal(redis_ask(redis, "HGET ms:{07}:e:070000000001 st"), "sending");
    assert_string_equal(redis_ask(redis, "ZRANGE ms:{07}:sending -1 -1"), "070000000002");
    assert_true(audit().holds);
}

static void test_held_for_a_reason(void **state)
{
    (void)state;
    char receipt[16];
    for (int i = 0; i < 600; i++) {
        snprintf(receipt, sizeof receipt, "07%010d", i);
        put(receipt, i % 3 ? "upstream" : "id");
    }
    put_next("070000000001", 2, "upstream");
    put_next("070000000002", 2, "id");
    assert_places(602, 0, 0, 0, 0, 0);
    struct got got = {0};
    queue_release_held(bench.store, 7, "upstream", on_settled, &got);
    run_until(bench.loop, &got.done);
    assert_places(202, 400, 0, 0, 0, 0);
    reserve(2, 2, 60000);
    settle("070000000001", 1, QUEUE_DELIVERED, 0, false);
    settle("070000000002", 1, QUEUE_DELIVERED, 0, false);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:e:070000000001-2 st"), "ready");
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:e:070000000002-2 st why"),
                        "held id");
    assert_kick("070000000002-2", "kicked");
}

static void on_rows(void *arg, enum op_status status, const struct queue_row *rows, size_t count)
{
    struct got *got = arg;
    got->done = true;
    got->status = status;
    got->count = count;
    if (count > 0) {
        snprintf(got->why, sizeof got->why, "%.*s", STR_ARG(rows[0].why));
        got->attempts = rows[0].attempts;
        assert_true(rows[0].since_ms >= rows[0].made_ms);
    }
}

static void on_shown(void *arg, enum op_status status, const struct queue_row *row,
                     const struct queue_attempt *attempts, size_t attempt_count)
{
    struct got *got = arg;
    got->done = true;
    got->status = status;
    got->count = attempt_count;
    if (row != NULL) {
        snprintf(got->state, sizeof got->state, "%.*s", STR_ARG(row->state));
        snprintf(got->upstream, sizeof got->upstream, "%.*s", STR_ARG(row->upstream_id));
        got->attempts = row->attempts;
    }
    if (attempt_count > 0) {
        const struct queue_attempt *last = &attempts[attempt_count - 1];
        assert_int_equal(last->at_ms, 1795441948088);
        got->number = last->status;
        snprintf(got->last_words, sizeof got->last_words, "%.*s: %.*s", STR_ARG(last->outcome),
                 STR_ARG(last->words));
    }
}

static struct got show(const char *id)
{
    struct got got = {0};
    queue_show(bench.store, id, on_shown, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_OK);
    return got;
}

static void on_number(void *arg, enum op_status status, int64_t number)
{
    struct got *got = arg;
    assert_int_equal(status, OP_OK);
    got->done = true;
    got->number = number;
}

static int64_t kick_all(const char *why, int64_t since_ms)
{
    struct got got = {0};
    queue_kick_all(bench.store, 7, why, since_ms, on_number, &got);
    run_until(bench.loop, &got.done);
    return got.number;
}

static void test_attempts_are_recorded(void **state)
{
    (void)state;
    put("070000000001", NULL);
    for (int i = 1; i <= 25; i++) {
        assert_int_equal(reserve(1, 1, 60000).count, 1);
        settle("070000000001", i, QUEUE_LATER, 0, false);
    }
    struct got got = show("070000000001");
    assert_int_equal(got.count, QUEUE_ATTEMPTS_MAX);
    assert_int_equal(got.attempts, 25);
    assert_string_equal(redis_ask(&bench.redis, "LLEN ms:{07}:l:070000000001"), "20");
    assert_int_equal(got.number, 503);
    assert_string_equal(got.last_words, "later: some words");
    reserve(1, 1, 60000);
    settle("070000000001", 26, QUEUE_DELIVERED, 0, false);
    got = show("070000000001");
    assert_string_equal(got.state, "delivered");
    assert_string_equal(got.upstream, "U-1");
    assert_string_equal(show("070000000009").state, "");
    assert_string_equal(show("nonsense").state, "");
}

static void test_dead_and_kicked(void **state)
{
    (void)state;
    char receipt[16];
    for (int i = 0; i < 300; i++) {
        snprintf(receipt, sizeof receipt, "07%010d", i);
        put(receipt, NULL);
        reserve(1, 300, 60000);
        settle(receipt, 1, i % 2 ? QUEUE_BURY : QUEUE_RELEASE, 0, false);
        if (i % 2 == 0) {
            assert_bury(receipt, "buried");
        }
    }
    assert_places(0, 0, 0, 0, 0, 300);
    struct got got = {0};
    queue_dead(bench.store, 7, 250, 100, on_rows, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.count, 50);
    assert_string_equal(got.why, "by hand");
    assert_int_equal(kick_all("no such words", 0), 0);
    assert_int_equal(kick_all("", 99999999999999), 0);
    assert_int_equal(kick_all("hand", 0), 150);
    assert_places(0, 150, 0, 0, 0, 150);
    assert_int_equal(kick_all("", 0), 150);
    assert_places(0, 300, 0, 0, 0, 0);
    assert_kick("070000000001", "ready");
    assert_kick("070000000999", "gone");
    assert_kick("", "gone");
    assert_bury("xx", "gone");
}

static void test_settle_of_many(void **state)
{
    (void)state;
    static struct queue_result results[QUEUE_BATCH_MAX];
    char receipt[16];
    for (int i = 0; i < QUEUE_BATCH_MAX; i++) {
        snprintf(receipt, sizeof receipt, "07%010d", i);
        put(receipt, NULL);
    }
    struct got got = reserve(1000, 1000, 60000);
    assert_int_equal(got.count, QUEUE_BATCH_MAX);
    for (size_t i = 0; i < got.count; i++) {
        results[i] = (struct queue_result){.fence = 1, .outcome = QUEUE_DELIVERED, .status = 202};
        memcpy(results[i].id, got.jobs[i].id, sizeof results[i].id);
    }
    got = (struct got){0};
    queue_settle(bench.store, 7, results, QUEUE_BATCH_MAX, on_settled, &got);
    run_until(bench.loop, &got.done);
    assert_places(0, 0, 0, 0, QUEUE_BATCH_MAX, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_straight_line, wipe),
        cmocka_unit_test_setup(test_window_is_the_stores, wipe),
        cmocka_unit_test_setup(test_order_of_a_report, wipe),
        cmocka_unit_test_setup(test_fences, wipe),
        cmocka_unit_test_setup(test_late_delivery_of_a_buried_one, wipe),
        cmocka_unit_test_setup(test_release_burns_no_attempt, wipe),
        cmocka_unit_test_setup(test_how_long_it_was_tried, wipe),
        cmocka_unit_test_setup(test_due_times, wipe),
        cmocka_unit_test_setup(test_lease_beyond_reason, wipe),
        cmocka_unit_test_setup(test_held_for_a_reason, wipe),
        cmocka_unit_test_setup(test_attempts_are_recorded, wipe),
        cmocka_unit_test_setup(test_dead_and_kicked, wipe),
        cmocka_unit_test_setup(test_settle_of_many, wipe),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
