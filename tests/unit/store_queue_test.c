#include "store_redis.h"

#include "store/audit.h"
#include "store/queue.h"
#include "store/reports.h"

#define AREA "370115008218"

static struct bench bench;

static int open_bench(void **state)
{
    (void)state;
    bench_open(&bench, NULL);
    return 0;
}

static int close_bench(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

static int wipe(void **state)
{
    (void)state;
    redis_ask(&bench.redis, "EVAL %s 0",
              "for _,k in ipairs(redis.call('KEYS','ms:{*')) do redis.call('DEL',k) end");
    return 0;
}

/* One answer of any kind. */
struct got {
    bool done;
    enum op_status status;
    size_t count;
    struct queue_job jobs[QUEUE_BATCH_MAX];
    char sealed[16];
    int64_t next_due_ms;
    struct queue_counts counts;
    struct audit_row sum;
    bool holds;
    size_t lost, rows;
    char word[16], why[64], state[16], upstream[32];
    int64_t number, attempts;
    char last_words[64];
};

static void on_accepted(void *arg, enum op_status status, const struct reports_answer *answer)
{
    struct got *got = arg;
    assert_int_equal(status, OP_OK);
    assert_int_equal(answer->kind, REPORTS_ACCEPTED);
    got->done = true;
}

static void put(const char *receipt, const char *hold)
{
    struct got got = {0};
    struct reports_accept request = {
        .receipt = receipt,
        .token = receipt,
        .persons = {receipt},
        .phone_hashes = {receipt},
        .contents = {"c"},
        .record = {{REPORT_AREA, STR(AREA)},
                   {REPORT_STATE, STR("new")},
                   {REPORT_PHONE_HASH, STR("h")}},
        .record_count = 3,
        .event = {.id = receipt, .area = STR(AREA), .sealed = STR("sealed"), .hold = hold},
        .audit = {.text = STR("{}")},
    };
    memset(request.audit.hash, 'a', 64);
    reports_accept(bench.store, &request, on_accepted, &got);
    run_until(bench.loop, &got.done);
}

static void on_changed(void *arg, enum op_status status, enum reports_change_kind kind)
{
    struct got *got = arg;
    assert_int_equal(status, OP_OK);
    assert_int_equal(kind, REPORTS_CHANGED);
    got->done = true;
}

/* A later event of the report: {receipt}-{version} */
static void put_next(const char *receipt, int64_t version, const char *hold)
{
    struct got got = {0};
    char id[32];
    char head[65] = {0};
    snprintf(id, sizeof id, "%s-%lld", receipt, (long long)version);
    memset(head, 'a', 64);
    struct reports_change request = {
        .receipt = receipt,
        .version = version - 1,
        .head = head,
        .event = {.id = id, .area = STR(AREA), .sealed = STR("sealed"), .hold = hold},
        .audit = {.text = STR("{}")},
    };
    memset(request.audit.hash, 'a', 64);
    reports_change(bench.store, &request, on_changed, &got);
    run_until(bench.loop, &got.done);
}

static void on_reserved(void *arg, enum op_status status, const struct queue_job *jobs,
                        size_t count, int64_t next_due_ms)
{
    struct got *got = arg;
    assert_false(got->done);
    *got = (struct got){.done = true, .status = status, .count = count, .next_due_ms = next_due_ms};
    memcpy(got->jobs, jobs, count * sizeof jobs[0]);
    if (count > 0) {
        snprintf(got->sealed, sizeof got->sealed, "%.*s", STR_ARG(jobs[0].sealed));
    }
}

static struct got reserve(int64_t most, int64_t window, int64_t lease_ms)
{
    struct got got = {0};
    queue_reserve(bench.store, 7, most, window, lease_ms, 600000, on_reserved, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_OK);
    return got;
}

static void on_settled(void *arg, enum op_status status)
{
    struct got *got = arg;
    assert_false(got->done);
    assert_int_equal(status, OP_OK);
    got->done = true;
}

static void settle(const char *id, int64_t fence, enum queue_outcome outcome, int64_t delay_ms,
                   bool said)
{
    struct got got = {0};
    struct queue_result result = {.fence = fence,
                                  .outcome = outcome,
                                  .delay_ms = delay_ms,
                                  .delay_said = said,
                                  .status = outcome == QUEUE_DELIVERED ? 200 : 503,
                                  .words = "some words",
                                  .at_ms = 1795441948088};
    snprintf(result.id, sizeof result.id, "%s", id);
    if (outcome == QUEUE_DELIVERED) {
        snprintf(result.upstream_id, sizeof result.upstream_id, "U-1");
    }
    queue_settle(bench.store, 7, &result, 1, on_settled, &got);
    run_until(bench.loop, &got.done);
}

static void on_counts(void *arg, enum op_status status, const struct queue_counts *counts)
{
    struct got *got = arg;
    got->done = true;
    got->status = status;
    got->counts = *counts;
}

static void on_audit(void *arg, enum op_status status, const struct audit_table *table)
{
    struct got *got = arg;
    got->done = true;
    assert_int_equal(status, OP_OK);
    got->sum = table->sum;
    got->holds = table->holds;
    got->lost = table->lost_count;
    got->rows = table->count;
}

static struct got audit(void)
{
    struct got got = {0};
    const unsigned char buckets[] = {7, 8};
    queue_audit(bench.store, buckets, 2, on_audit, &got);
    run_until(bench.loop, &got.done);
    return got;
}

/* held ready delayed sending delivered buried, and that the recount agrees */
static void assert_places(int64_t held, int64_t ready, int64_t delayed, int64_t sending,
                          int64_t delivered, int64_t buried)
{
    struct got got = {0};
    const unsigned char buckets[] = {7, 8};
    queue_counts(bench.store, buckets, 2, on_counts, &got);
    run_until(bench.loop, &got.done);
    const struct queue_counts *n = &got.counts;
    assert_int_equal(n->held, held);
    assert_int_equal(n->ready, ready);
    assert_int_equal(n->delayed, delayed);
    assert_int_equal(n->sending, sending);
    assert_int_equal(n->delivered, delivered);
    assert_int_equal(n->buried, buried);
    assert_int_equal(n->made, held + ready + delayed + sending + delivered + buried);
    struct got law = audit();
    assert_true(law.holds);
    assert_int_equal(law.sum.made, n->made);
    assert_int_equal(law.sum.accepted, n->accepted);
    assert_int_equal(law.sum.held, held);
    assert_int_equal(law.sum.ready, ready);
    assert_int_equal(law.sum.delayed, delayed);
    assert_int_equal(law.sum.sending, sending);
    assert_int_equal(law.sum.delivered, delivered);
    assert_int_equal(law.sum.buried, buried);
}

static void on_word(void *arg, enum op_status status, const char *answer)
{
    struct got *got = arg;
    assert_int_equal(status, OP_OK);
    got->done = true;
    snprintf(got->word, sizeof got->word, "%s", answer);
}

static void assert_kick(const char *id, const char *word)
{
    struct got got = {0};
    queue_kick(bench.store, id, on_word, &got);
    run_until(bench.loop, &got.done);
    assert_string_equal(got.word, word);
}

static void assert_bury(const char *id, const char *word)
{
    struct got got = {0};
    queue_bury(bench.store, id, "by hand", on_word, &got);
    run_until(bench.loop, &got.done);
    assert_string_equal(got.word, word);
}

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
    assert_true(got.jobs[0].made_ms > 1700000000000);
    assert_string_equal(got.sealed, "sealed");
    assert_in_range(got.next_due_ms, 19000, 20000);
    assert_places(0, 0, 0, 1, 0, 0);
    assert_int_equal(reserve(10, 32, 20000).count, 0); /* nothing twice */
    settle("070000000001", 1, QUEUE_DELIVERED, 0, false);
    assert_places(0, 0, 0, 0, 1, 0);
    struct redis *redis = &bench.redis;
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

static unsigned woken_seven;

static void on_woken(void *arg, unsigned bucket)
{
    bool *woken = arg;
    if (bucket == 7) {
        *woken = true;
        woken_seven++;
    }
}

/* Also after the connection broke: the listener subscribes again and everything is looked at once more. */
static void test_wake(void **state)
{
    (void)state;
    bool woken = false;
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
    redis_ask(&bench.redis, "ZADD ms:{07}:changes 1 070000000009");
    queue_sweep(bench.store, 7, on_settled, &got);
    run_until(bench.loop, &got.done);
    assert_places(0, 1, 0, 0, 0, 0);
    assert_string_equal(redis_ask(&bench.redis, "ZSCORE ms:{07}:changes 070000000009"), "(nil)");
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
        cmocka_unit_test_setup(test_due_times, wipe),
        cmocka_unit_test_setup(test_held_for_a_reason, wipe),
        cmocka_unit_test_setup(test_attempts_are_recorded, wipe),
        cmocka_unit_test_setup(test_dead_and_kicked, wipe),
        cmocka_unit_test_setup(test_settle_of_many, wipe),
        cmocka_unit_test_setup(test_audit_sees_what_is_wrong, wipe),
        cmocka_unit_test_setup(test_wake, wipe),
        cmocka_unit_test_setup(test_anchors, wipe),
        cmocka_unit_test_setup(test_sweep, wipe),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
