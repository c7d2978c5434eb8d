#include "store_redis.h"

#include "store/limits.h"

static const struct guess_limits limits = {
    .receipt_failures_hour = 5, .receipt_failures_life = 20, .id_failures_day = 5};

#define RECEIPT "070000000001"

/* One report of iA and hA whose last4 is L; the clock hour must not end in mid-test. */
static int prepare(void **state)
{
    time_t now = time(NULL);
    if (now % 3600 > 3590) {
        sleep((unsigned)(3601 - now % 3600));
    }
    wipe(state);
    redis_ask(&bench.redis, "HSET ms:{07}:r:" RECEIPT " last4 L at 5 state new");
    redis_ask(&bench.redis, "ZADD ms:{07}:p:iA 0 hA:" RECEIPT);
    return 0;
}

struct got {
    bool done;
    enum op_status status;
    struct guess_answer answer;
};

static void on_guess(void *arg, enum op_status status, const struct guess_answer *answer)
{
    struct got *got = arg;
    assert_false(got->done);
    got->done = true;
    got->status = status;
    if (answer != NULL) {
        got->answer = *answer;
    }
}

static struct got ask(const char *receipt, const char *cell, const char *page_cell,
                      const char *last4)
{
    struct got got = {0};
    const char *const hashes[2] = {last4, NULL};
    guess_receipt(bench.store, &limits, receipt, cell, page_cell, hashes, on_guess, &got);
    assert_false(got.done);
    run_until(bench.loop, &got.done);
    return got;
}

static struct got ask_receipt(const char *receipt, const char *cell, const char *last4)
{
    struct got got = ask(receipt, cell, NULL, last4);
    assert_int_equal(got.status, OP_OK);
    return got;
}

static struct got ask_on_page(const char *cell, const char *page_cell, const char *last4)
{
    struct got got = ask(RECEIPT, cell, page_cell, last4);
    assert_int_equal(got.status, OP_OK);
    return got;
}

static struct got ask_id(const char *id, const char *phone, const char *cell)
{
    struct got got = {0};
    const unsigned char buckets[] = {7, 8};
    const char *const ids[2] = {id, NULL};
    const char *const phones[2] = {phone, NULL};
    guess_id(bench.store, &limits, cell, buckets, 2, ids, phones, on_guess, &got);
    assert_false(got.done);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_OK);
    return got;
}

static long writes(void)
{
    redisContext *context = redis_connect(&bench.redis);
    redisReply *reply = redisCommand(context, "INFO persistence");
    const char *at = strstr(reply->str, "rdb_changes_since_last_save:");
    assert_non_null(at);
    long changes = atol(at + strlen("rdb_changes_since_last_save:"));
    freeReplyObject(reply);
    redisFree(context);
    return changes;
}

static void test_right_writes_nothing(void **state)
{
    (void)state;
    long before = writes();
    for (int i = 0; i < 30; i++) {
        struct got got = ask_receipt(RECEIPT, "c0ffee", "L");
        assert_int_equal(got.answer.kind, GUESS_RIGHT);
        assert_string_equal(got.answer.receipt, RECEIPT);
        assert_int_equal(ask_id("iA", "hA", "facade").answer.kind, GUESS_RIGHT);
    }
    assert_int_equal(writes(), before);
}

/* Known and unknown receipts answer alike all the way. */
static void test_receipt_an_hour(void **state)
{
    (void)state;
    static const char *const receipts[] = {RECEIPT, "070000000002"};
    for (size_t r = 0; r < 2; r++) {
        for (int i = 0; i < 5; i++) {
            assert_int_equal(ask_receipt(receipts[r], receipts[r], "W").answer.kind, GUESS_WRONG);
        }
        struct got got = ask_receipt(receipts[r], receipts[r], r == 0 ? "L" : "W");
        assert_int_equal(got.answer.kind, GUESS_LOCKED); /* even when right */
        assert_string_equal(got.answer.receipt, "");
        int64_t left_s = 3600 - time(NULL) % 3600;
        assert_in_range(got.answer.retry_after_s, left_s > 2 ? left_s - 2 : 0, left_s + 2);
    }
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:" RECEIPT " fails"), "5");
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:r:070000000002"), "0");
}

static void test_failures_do_not_mix(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        ask_receipt("070000000002", "cell2", "W");
    }
    assert_int_equal(ask_receipt(RECEIPT, "cell1", "L").answer.kind, GUESS_RIGHT);
}

static void test_previous_key_is_right_too(void **state)
{
    (void)state;
    struct got got = {0};
    const char *const hashes[2] = {"new", "L"};
    guess_receipt(bench.store, &limits, RECEIPT, "c", NULL, hashes, on_guess, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.answer.kind, GUESS_RIGHT);
}

static void test_receipt_in_its_life(void **state)
{
    (void)state;
    char cell[16];
    for (int i = 0; i < 20; i++) {
        snprintf(cell, sizeof cell, "hour%d", i / 4); /* four an hour, five hours */
        assert_int_equal(ask_receipt(RECEIPT, cell, "W").answer.kind, GUESS_WRONG);
    }
    static const char *const receipts[] = {RECEIPT, "070000000002"};
    for (size_t r = 0; r < 2; r++) { /* from then on it is as unknown as one that is not there */
        snprintf(cell, sizeof cell, "later%zu", r);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(ask_receipt(receipts[r], cell, "L").answer.kind, GUESS_WRONG);
        }
        struct got got = ask_receipt(receipts[r], cell, "L");
        assert_int_equal(got.answer.kind, GUESS_LOCKED);
        int64_t left_s = 3600 - time(NULL) % 3600;
        assert_in_range(got.answer.retry_after_s, left_s > 2 ? left_s - 2 : 0, left_s + 2);
    }
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:" RECEIPT " fails"), "20");
}

/* Who knows the number alone locks nobody out of the page. */
static void test_page_is_a_door_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        ask_receipt(RECEIPT, "number", "W");
    }
    redis_ask(&bench.redis, "HSET ms:{07}:r:" RECEIPT " fails 20");
    assert_int_equal(ask_on_page("number", "page", "L").answer.kind, GUESS_RIGHT);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ask_on_page("number", "page", "W").answer.kind, GUESS_WRONG);
    }
    struct got got = ask_on_page("number", "page", "L");
    assert_int_equal(got.answer.kind, GUESS_LOCKED);
    assert_in_range(got.answer.retry_after_s, 1, 3600);
}

/* Nobody has twice as many guesses because he has the link. */
static void test_page_counts_by_number_too(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ask_on_page("number", "page", "W").answer.kind, GUESS_WRONG);
    }
    assert_int_equal(ask_receipt(RECEIPT, "number", "L").answer.kind, GUESS_LOCKED);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:" RECEIPT " fails"), "5");
}

static void test_page_in_its_life(void **state)
{
    (void)state;
    redis_ask(&bench.redis, "HSET ms:{07}:r:" RECEIPT " lfails 19");
    assert_int_equal(ask_on_page("number", "page", "W").answer.kind, GUESS_WRONG);
    struct got got = ask_on_page("number", "later", "L");
    assert_int_equal(got.answer.kind, GUESS_LOCKED);
    assert_int_equal(got.answer.retry_after_s, 0); /* no hour opens it */
}

/* What cannot be counted is not answered, be it right: guessing would be free. And nothing grows. */
static void test_full(void **state)
{
    (void)state;
    struct got got = {0};
    const unsigned char buckets[] = {7, 8};
    const char *const ids[2] = {"iA", NULL};
    const char *const phones[2] = {"hA", NULL};
    redis_ask(&bench.redis, "CONFIG SET maxmemory 1");
    assert_int_equal(ask(RECEIPT, "cell", NULL, "L").status, OP_REFUSED);
    assert_int_equal(ask(RECEIPT, "cell", NULL, "W").status, OP_REFUSED);
    guess_id(bench.store, &limits, "ab12", buckets, 2, ids, phones, on_guess, &got);
    run_until(bench.loop, &got.done);
    redis_ask(&bench.redis, "CONFIG SET maxmemory 0");
    assert_int_equal(got.status, OP_REFUSED);
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:g:cell"), "0");
    assert_int_equal(ask_receipt(RECEIPT, "cell", "L").answer.kind, GUESS_RIGHT);
}

static void test_id_a_day(void **state)
{
    (void)state;
    static const char *const ids[] = {"iA", "iX"}; /* known, unknown */
    for (size_t r = 0; r < 2; r++) {
        for (int i = 0; i < 5; i++) {
            assert_int_equal(ask_id(ids[r], "hW", ids[r]).answer.kind, GUESS_WRONG);
        }
        struct got got = ask_id(ids[r], "hA", ids[r]);
        assert_int_equal(got.answer.kind, GUESS_LOCKED);
        assert_in_range(got.answer.retry_after_s, 1, 86400);
        assert_string_equal(got.answer.receipt, "");
    }
}

static void test_id_finds_its_receipt(void **state)
{
    (void)state;
    struct got got = ask_id("iA", "hA", "ff00");
    assert_int_equal(got.answer.kind, GUESS_RIGHT);
    assert_string_equal(got.answer.receipt, RECEIPT);
}

/* The first byte of the cell says where it counts: 0xff = 255, mod 100 = 55. */
static void test_id_counts_in_one_bucket(void **state)
{
    (void)state;
    ask_id("iA", "hW", "ff00");
    assert_non_null(strstr(redis_ask(&bench.redis, "KEYS ms:{55}:gi:ff00:*"), "ms:{55}:gi:ff00:"));
    long ttl = 0;
    char key[64];
    snprintf(key, sizeof key, "%s", redis_ask(&bench.redis, "KEYS ms:{55}:gi:ff00:*"));
    ttl = atol(redis_ask(&bench.redis, "TTL %s", key));
    assert_in_range(ttl, 1, 86400);
}

/* Forty at once count as forty, not as the first. */
static void test_id_all_at_once(void **state)
{
    (void)state;
    static struct got got[40];
    const unsigned char buckets[] = {7, 8};
    const char *const ids[2] = {"iA", NULL};
    int wrong = 0;
    memset(got, 0, sizeof got);
    for (size_t i = 0; i < 40; i++) {
        const char *const phones[2] = {"hW", NULL};
        guess_id(bench.store, &limits, "ab12", buckets, 2, ids, phones, on_guess, &got[i]);
    }
    for (size_t i = 0; i < 40; i++) {
        run_until(bench.loop, &got[i].done);
        assert_int_equal(got[i].status, OP_OK);
        wrong += got[i].answer.kind == GUESS_WRONG;
    }
    assert_int_equal(wrong, 5);
}

/* Many wait for each other while the store goes away: each hears once, nothing is left. */
static void test_id_store_goes_away(void **state)
{
    (void)state;
    static struct got got[10];
    struct store_options options = redis_options(&bench.redis);
    struct store *store = store_new(bench.loop, &options);
    struct err err;
    const unsigned char buckets[] = {7, 8};
    const char *const ids[2] = {"iA", NULL};
    memset(got, 0, sizeof got);
    assert_true(store_wait(store, loop_now_ms(bench.loop) + 5000, &err));
    for (size_t i = 0; i < 10; i++) {
        guess_id(store, &limits, "ab12", buckets, 2, ids, ids, on_guess, &got[i]);
    }
    store_free(&store);
    for (size_t i = 0; i < 10; i++) {
        run_until(bench.loop, &got[i].done);
        assert_int_not_equal(got[i].status, OP_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_right_writes_nothing, prepare),
        cmocka_unit_test_setup(test_receipt_an_hour, prepare),
        cmocka_unit_test_setup(test_failures_do_not_mix, prepare),
        cmocka_unit_test_setup(test_previous_key_is_right_too, prepare),
        cmocka_unit_test_setup(test_receipt_in_its_life, prepare),
        cmocka_unit_test_setup(test_page_is_a_door_of_its_own, prepare),
        cmocka_unit_test_setup(test_page_counts_by_number_too, prepare),
        cmocka_unit_test_setup(test_page_in_its_life, prepare),
        cmocka_unit_test_setup(test_full, prepare),
        cmocka_unit_test_setup(test_id_a_day, prepare),
        cmocka_unit_test_setup(test_id_finds_its_receipt, prepare),
        cmocka_unit_test_setup(test_id_counts_in_one_bucket, prepare),
        cmocka_unit_test_setup(test_id_all_at_once, prepare),
        cmocka_unit_test_setup(test_id_store_goes_away, prepare),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
