/* What is personal goes, the skeleton stays; and what a newer key makes of a record. */
#include "store_filing.h"

#include "store/audit.h"
#include "store/queue.h"
#include "store/retention.h"

#define R1 "070000000001"

struct purged {
    bool done;
    enum retention_purged purged;
};

static void on_purged(void *arg, enum op_status status, enum retention_purged purged)
{
    assert_int_equal(status, OP_OK);
    *(struct purged *)arg = (struct purged){true, purged};
}

static enum retention_purged purge(const char *receipt, int64_t version, char head)
{
    struct purged got = {0};
    char expected[65] = {0};
    const struct store_pair record[] = {{REPORT_STATE, STR("closed")},
                                        {REPORT_FLAGS, STR("purged")}};
    struct retention_purge request = {.receipt = receipt,
                                      .version = version,
                                      .head = expected,
                                      .record = record,
                                      .record_count = 2};
    memset(expected, head, 64);
    memset(request.audit.hash, 'd', 64);
    request.audit.text = STR("{\"ev\":\"purged\"}");
    request.stat = STR("20261127\tc\t\tnow.open=-1\n");
    retention_purge(bench.store, &request, on_purged, &got);
    assert_false(got.done);
    run_until(bench.loop, &got.done);
    return got.purged;
}

struct audited {
    bool done, holds;
    struct audit_row sum;
};

static void on_audited(void *arg, enum op_status status, const struct audit_table *table)
{
    assert_int_equal(status, OP_OK);
    *(struct audited *)arg = (struct audited){true, table->holds, table->sum};
}

static struct audit_row law(void)
{
    static const unsigned char buckets[] = {7};
    struct audited audited = {0};
    queue_audit(bench.store, buckets, 1, on_audited, &audited);
    run_until(bench.loop, &audited.done);
    assert_true(audited.holds);
    return audited.sum;
}

/* A report with everything that a report may carry, two events waiting. */
static void file_full(void)
{
    static const char *const fields[][2] = {
        {"mask", "王**"}, {"ext", "no-1"},      {"nm", "nA"},     {"upstream", "up-1"},
        {"claim", "tok"}, {"claim_name", "李"}, {"next", "9999"}, {"risks", "jobs"}};
    file(&first);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        assert_int_equal(
            set_field(R1, (int64_t)i + 1, i == 0 ? 'a' : 'b', fields[i][0], fields[i][1]),
            REPORTS_CHANGED);
    }
    struct reports_change more = {.receipt = R1, .version = 9, .head = hash_of[0]};
    memset(hash_of[0], 'b', 64);
    memset(more.audit.hash, 'c', 64);
    more.audit.text = STR("{}");
    more.event = (struct store_event){.id = R1 "-10", .area = STR(AREA), .sealed = STR("personal")};
    assert_int_equal(change(&more), REPORTS_CHANGED);
    redis_ask(&bench.redis, "RPUSH ms:{07}:l:" R1 " words");
}

static void test_purge_leaves_the_skeleton(void **state)
{
    (void)state;
    struct redis *redis = &bench.redis;
    file_full();
    assert_string_equal(redis_ask(redis, "ZCARD ms:{07}:look"), "2");
    assert_int_equal(purge(R1, 10, 'c'), RETENTION_PURGED);
    assert_string_equal(redis_ask(redis, "HMGET ms:{07}:r:" R1 " v state area risks flags head"),
                        "11 closed " AREA " jobs purged "
                        "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd");
    assert_string_equal(redis_ask(redis, "HMGET ms:{07}:r:" R1
                                         " sealed mask person id ph nm last4 content ext upstream "
                                         "claim claim_name claim_until"),
                        "            ");
    assert_int_not_equal(atoll(redis_ask(redis, "HGET ms:{07}:r:" R1 " purged")), 0);
    assert_string_equal(redis_ask(redis, "EXISTS ms:{07}:p:iA ms:{07}:look ms:{07}:clock "
                                         "ms:{07}:l:" R1 " ms:{07}:c:" R1),
                        "0");
    assert_string_equal(redis_ask(redis, "HMGET ms:{07}:e:" R1 " st sealed"), "dropped ");
    assert_string_equal(redis_ask(redis, "HMGET ms:{07}:e:" R1 "-10 st sealed"), "dropped ");
    assert_string_equal(redis_ask(redis, "LLEN ms:{07}:x:" R1), "11");
    assert_string_equal(redis_ask(redis, "LINDEX ms:{07}:sj -1"), "20261127\tc\t\tnow.open=-1\n");
    assert_string_equal(redis_ask(redis, "ZRANGE ms:{07}:a:" AREA " 0 -1"), R1);
    assert_string_equal(redis_ask(redis, "ZSCORE ms:{07}:changes " R1), "11");
    struct audit_row sum = law();
    assert_int_equal(sum.dropped, 2);
    assert_int_equal(sum.made, 2);
    assert_int_equal(purge(R1, 11, 'd'), RETENTION_GONE); /* once */
}

static void test_purge_expects_what_it_read(void **state)
{
    (void)state;
    file(&first);
    assert_int_equal(purge("070000000009", 1, 'a'), RETENTION_GONE);
    assert_int_equal(purge(R1, 2, 'a'), RETENTION_MOVED);
    assert_int_equal(purge(R1, 1, 'b'), RETENTION_MOVED);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:r:" R1 " v last4 purged"),
                        "1 last4hash ");
    struct filing drill = first;
    drill.receipt = "070000000002";
    drill.token = "tok2";
    drill.drill = true;
    file(&drill);
    assert_int_equal(purge("070000000002", 1, 'a'), RETENTION_GONE); /* goes by itself */
}

static void on_jobs(void *arg, enum op_status status, const struct queue_job *jobs, size_t count,
                    int64_t next_due_ms)
{
    (void)jobs;
    (void)next_due_ms;
    assert_int_equal(status, OP_OK);
    assert_int_equal(count, 1);
    *(bool *)arg = true;
}

/* What comes of an event under way is settled on its record: the purge waits. Delivered ones keep their place. */
static void test_purge_waits_for_sending(void **state)
{
    (void)state;
    bool done = false;
    file(&first);
    queue_reserve(bench.store, 7, 8, 8, 60000, 1000, on_jobs, &done);
    run_until(bench.loop, &done);
    assert_int_equal(purge(R1, 1, 'a'), RETENTION_SENDING);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:" R1 " v"), "1");
    redis_ask(&bench.redis, "FCALL settle_1 1 ms:{07} %s 1 delivered 0 0 200 ok up-7 1", R1);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:e:" R1 " st up"), "delivered up-7");
    assert_int_equal(purge(R1, 1, 'a'), RETENTION_PURGED);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:e:" R1 " st up"), "delivered ");
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:" R1 " upstream"), "(nil)");
    assert_int_equal(law().delivered, 1);
}

/* Contract §6: a token record is kept 31 days, also across purge. Another token finds nothing: the report is a new one. */
static void test_token_outlives_the_purge(void **state)
{
    (void)state;
    file(&first);
    assert_int_equal(purge(R1, 1, 'a'), RETENTION_PURGED);
    struct filing again = first;
    again.receipt = "070000000003";
    assert_answer(file(&again), REPORTS_REPEAT, R1, 'f', false);
    again.content = "cB"; /* same token, new answers: nothing open to add to */
    assert_int_equal(file(&again).answer.kind, REPORTS_ACCEPTED);
    struct filing other = first;
    other.token = "tok9";
    other.receipt = "070000000004";
    assert_answer(file(&other), REPORTS_ADD, "070000000003", 's', false);
}

struct aged {
    bool done;
    size_t count;
    int64_t next;
    char first[RECEIPT_BYTES];
};

static void on_aged(void *arg, enum op_status status, const struct str *receipts, size_t count,
                    int64_t next)
{
    struct aged *aged = arg;
    assert_int_equal(status, OP_OK);
    *aged = (struct aged){.done = true, .count = count, .next = next};
    if (count > 0) {
        snprintf(aged->first, sizeof aged->first, "%.*s", STR_ARG(receipts[0]));
    }
}

static struct aged aged(int64_t decided_ms, int64_t undecided_ms)
{
    struct aged got = {0};
    const struct retention_before before = {decided_ms, undecided_ms};
    retention_aged(bench.store, 7, 0, &before, on_aged, &got);
    run_until(bench.loop, &got.done);
    return got;
}

static void test_who_is_old(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        bool decided_100, undecided_100; /* at 100 with that rule alone */
    } rows[] = {
        {"state new acted 100", false, true},
        {"state open acted 101 changed 1", false, false},
        {"state open changed 100 at 5", false, true}, /* of an earlier release */
        {"state admitted ended 100 acted 100", true, true},
        {"state declined ended 100 acted 300", true, false},
        {"state declined ended 101 acted 300", false, false},
        {"state closed acted 90", true, true},
        {"state closed acted 90 purged 95", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char command[256];
        wipe(NULL);
        redis_ask(&bench.redis, "ZADD ms:{07}:changes 1 " R1);
        snprintf(command, sizeof command, "HSET ms:{07}:r:" R1 " v 1 %s", rows[i].fields);
        redisContext *context = redis_connect(&bench.redis);
        freeReplyObject(redisCommand(context, command));
        redisFree(context);
        assert_int_equal(aged(100, 0).count, rows[i].decided_100);
        assert_int_equal(aged(0, 100).count, rows[i].undecided_100);
        assert_int_equal(aged(100, 0).next, -1);
    }
}

/* Everything of a drill goes after seven days, also when it was changed meanwhile. */
static void test_drill_life(void **state)
{
    (void)state;
    struct redis *redis = &bench.redis;
    struct filing drill = first;
    drill.drill = true;
    file(&drill);
    const char *const keys[] = {"r:" R1, "x:" R1, "t:tok1", "dp:iA"};
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 4; i++) {
            assert_in_range(atol(redis_ask(redis, "TTL ms:{07}:%s", keys[i])), 7 * 86400 - 60,
                            7 * 86400);
        }
        struct reports_change more = {.receipt = R1,
                                      .version = 1,
                                      .token = "tok1",
                                      .person = "pA",
                                      .content = "cB",
                                      .link = 'f',
                                      .record_count = 1,
                                      .head = hash_of[0]};
        more.record[0] = (struct store_pair){REPORT_CONTENT, STR("cB")};
        memset(hash_of[0], 'a', 64);
        memset(more.audit.hash, 'b', 64);
        more.audit.text = STR("{}");
        assert_int_equal(change(&more), round == 0 ? REPORTS_CHANGED : REPORTS_MOVED);
    }
    /* three days before its end a second phone finds it by the household rule: its token must not outlive it */
    long left = 3 * 86400;
    redis_ask(redis, "EVAL %s 0",
              "local t=redis.call('TIME') "
              "redis.call('ZADD','ms:{07}:drills',(t[1]+259200)*1000,'" R1 "')");
    struct filing second = drill;
    second.receipt = "070000000002";
    second.token = "tok2";
    second.content = "cB";
    assert_answer(file(&second), REPORTS_SAME, R1, 's', false);
    assert_in_range(atol(redis_ask(redis, "TTL ms:{07}:t:tok2")), left - 60, left + 1);
}

static void on_swept(void *arg, enum op_status status)
{
    assert_int_equal(status, OP_OK);
    *(bool *)arg = true;
}

static void test_drill_leaves_nothing(void **state)
{
    (void)state;
    struct redis *redis = &bench.redis;
    bool done = false;
    struct filing drill = first;
    drill.drill = true;
    file(&drill);
    assert_int_equal(set_field(R1, 1, 'a', "x", "1"), REPORTS_CHANGED);
    for (size_t i = 0; i < 4; i++) { /* seven days later */
        const char *const keys[] = {"r:" R1, "x:" R1, "dp:iA", ""};
        redis_ask(redis, "DEL ms:{07}:%s", keys[i]);
    }
    redis_ask(redis, "ZADD ms:{07}:drills 1 " R1);
    (void)law(); /* one is there */
    queue_sweep(bench.store, 7, on_swept, &done);
    run_until(bench.loop, &done);
    (void)law(); /* one is gone */
    assert_string_equal(redis_ask(redis, "EXISTS ms:{07}:drills ms:{07}:dchanges ms:{07}:noted "
                                         "ms:{07}:changes ms:{07}:look ms:{07}:clock"),
                        "0");
    /* a token that another drill kept alive does not lead to a receipt that is gone */
    assert_string_equal(redis_ask(redis, "EXISTS ms:{07}:t:tok1"), "1");
    drill.receipt = "070000000002";
    assert_answer(file(&drill), REPORTS_ACCEPTED, "070000000002", 'f', false);
}

/* Withdrawn before anything was sent; a lead that becomes a report, and is purged. */
static void test_law_apart(void **state)
{
    (void)state;
    file(&first);
    struct reports_change withdraw = {
        .receipt = R1, .version = 1, .head = hash_of[0], .drop = true, .record_count = 1};
    withdraw.record[0] = (struct store_pair){REPORT_STATE, STR("withdrawn")};
    memset(hash_of[0], 'a', 64);
    memset(withdraw.audit.hash, 'b', 64);
    withdraw.audit.text = STR("{}");
    assert_int_equal(change(&withdraw), REPORTS_CHANGED);
    struct audit_row sum = law();
    assert_int_equal(sum.dropped, 1);
    assert_int_equal(sum.accepted, 1);

    struct accepted accepted = {0};
    struct reports_accept lead = {.receipt = "070000000002",
                                  .token = "tok2",
                                  .kind = REPORTS_KIND_LEAD,
                                  .intake = true,
                                  .persons = {"pB"},
                                  .contents = {"cB"},
                                  .record_count = 3};
    lead.record[0] = (struct store_pair){REPORT_AREA, STR(AREA)};
    lead.record[1] = (struct store_pair){REPORT_STATE, STR("new")};
    lead.record[2] = (struct store_pair){REPORT_LEAD, STR("1")};
    memset(lead.audit.hash, 'a', 64);
    lead.audit.text = STR("{}");
    reports_accept(bench.store, &lead, on_accepted, &accepted);
    run_until(bench.loop, &accepted.done);
    assert_int_equal(accepted.answer.kind, REPORTS_ACCEPTED);
    assert_int_equal(law().accepted, 1);
    struct reports_change promote = {.receipt = "070000000002",
                                     .version = 1,
                                     .head = hash_of[0],
                                     .promote = true,
                                     .record_count = 1};
    promote.record[0] = (struct store_pair){REPORT_LEAD, STR("0")};
    promote.event = (struct store_event){
        .id = "070000000002", .area = STR(AREA), .sealed = STR("event")};
    memset(hash_of[0], 'a', 64);
    memset(promote.audit.hash, 'b', 64);
    promote.audit.text = STR("{}");
    assert_int_equal(change(&promote), REPORTS_CHANGED);
    sum = law();
    assert_int_equal(sum.accepted, 2);
    assert_int_equal(sum.firsts, 2);
    assert_int_equal(purge("070000000002", 2, 'b'), RETENTION_PURGED);
    sum = law();
    assert_int_equal(sum.dropped, 2);
    assert_int_equal(sum.accepted, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_purge_leaves_the_skeleton, wipe),
        cmocka_unit_test_setup(test_purge_expects_what_it_read, wipe),
        cmocka_unit_test_setup(test_purge_waits_for_sending, wipe),
        cmocka_unit_test_setup(test_token_outlives_the_purge, wipe),
        cmocka_unit_test_setup(test_who_is_old, wipe),
        cmocka_unit_test_setup(test_drill_life, wipe),
        cmocka_unit_test_setup(test_drill_leaves_nothing, wipe),
        cmocka_unit_test_setup(test_law_apart, wipe),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
