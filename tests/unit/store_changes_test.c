/* What a change can do beside setting fields: claims with fences, events dropped or let go, leads that become reports, notes in the chain, the clock. */
#include "store_filing.h"

#define R "070000000001"

struct answered {
    bool done;
    struct reports_change_answer answer;
    char name[32];
};

static void on_answer(void *arg, enum op_status status, const struct reports_change_answer *answer)
{
    struct answered *got = arg;
    assert_int_equal(status, OP_OK);
    got->done = true;
    got->answer = *answer;
    snprintf(got->name, sizeof got->name, "%.*s", STR_ARG(answer->claim_name));
}

static char head_of[65];

/* On the report as it is now; request says what is special. */
static struct answered apply(struct reports_change request)
{
    struct answered got = {0};
    snprintf(head_of, sizeof head_of, "%s", redis_ask(&bench.redis, "HGET ms:{07}:r:" R " head"));
    request.receipt = R;
    request.version = request.version != 0
                          ? request.version
                          : atol(redis_ask(&bench.redis, "HGET ms:{07}:r:" R " v"));
    request.head = head_of;
    request.audit.text = STR("{}");
    memset(request.audit.hash, 'b', 64);
    reports_change(bench.store, &request, on_answer, &got);
    run_until(bench.loop, &got.done);
    return got;
}

static struct answered claim(const char *holder, const char *name, int64_t ms)
{
    struct reports_change request = {.claim_holder = holder, .claim_ms = ms, .record_count = 1};
    request.record[0] = (struct store_pair){REPORT_CLAIM_NAME, str_of(name)};
    return apply(request);
}

static void test_claims(void **state)
{
    (void)state;
    file(&first);
    struct answered got = claim("one", "One", 60000);
    assert_int_equal(got.answer.kind, REPORTS_CHANGED);
    assert_int_equal(got.answer.fence, 1);
    int64_t until_ms = got.answer.claim_until_ms;
    got = claim("one", "One", 120000); /* again: extended, the same fence */
    assert_int_equal(got.answer.fence, 1);
    assert_true(got.answer.claim_until_ms > until_ms);
    int64_t later_ms = got.answer.claim_until_ms;
    got = claim("one", "One", 1000); /* a shorter one takes nothing away */
    assert_int_equal(got.answer.fence, 1);
    assert_int_equal(got.answer.claim_until_ms, later_ms);
    got = claim("two", "Two", 60000);
    assert_int_equal(got.answer.kind, REPORTS_CLAIMED);
    assert_string_equal(got.name, "One");
    assert_int_equal(got.answer.claim_until_ms, later_ms);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:r:" R " claim fence v"), "one 1 4");
    redis_ask(&bench.redis, "HSET ms:{07}:r:" R " claim_until 1"); /* over */
    got = claim("two", "Two", 60000);
    assert_int_equal(got.answer.kind, REPORTS_CHANGED);
    assert_int_equal(got.answer.fence, 2);
    redis_ask(&bench.redis, "HSET ms:{07}:r:" R " claim_until 1");
    assert_int_equal(claim("two", "Two", 60000).answer.fence, 3); /* it was nobody's for a while */
}

static void test_two_claim_the_same_version(void **state)
{
    (void)state;
    file(&first);
    struct reports_change request = {.version = 1, .claim_holder = "one", .claim_ms = 60000};
    assert_int_equal(apply(request).answer.kind, REPORTS_CHANGED);
    request.claim_holder = "two";
    assert_int_equal(apply(request).answer.kind, REPORTS_MOVED);
}

static struct reports_change withdrawal(void)
{
    struct reports_change request = {.drop = true,
                                     .event = {.id = R "-2", .area = STR(AREA), .sealed = STR("s")},
                                     .record_count = 1};
    request.record[0] = (struct store_pair){REPORT_WITHDRAW_EVENT, STR(R "-2")};
    return request;
}

static void test_untried_events_are_dropped(void **state)
{
    (void)state;
    file(&first);
    assert_int_equal(apply(withdrawal()).answer.kind, REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:n accepted made dropped"), "1 1 1");
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:e:" R " st sealed"), "dropped ");
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:e:" R "-2 ms:{07}:c:" R), "0");
    assert_string_equal(redis_ask(&bench.redis, "ZCARD ms:{07}:ready"), "0");
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:" R " withdraw_event"), "");
}

/* What was on its way once may have arrived: the other side must hear of the withdrawal. */
static void test_tried_events_are_not_dropped(void **state)
{
    (void)state;
    file(&first);
    redis_ask(&bench.redis, "HSET ms:{07}:e:" R " fence 1");
    assert_int_equal(apply(withdrawal()).answer.kind, REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:n made dropped"), "2 ");
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:e:" R " st"), "ready");
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:e:" R "-2 st"), "held");
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:" R " withdraw_event"), R "-2");
}

static void test_id_known(void **state)
{
    (void)state;
    struct filing held = first;
    held.hold = "id";
    file(&held);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:e:" R " st"), "held");
    const struct reports_change known = {
        .id_known = true, .event = {.id = R "-2", .area = STR(AREA), .sealed = STR("s")}};
    assert_int_equal(apply(known).answer.kind, REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:e:" R " st"), "ready");
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:e:" R "-2 st why"), "held order");
}

static void file_other(const char *id, bool drill)
{
    struct filing other = first;
    other.receipt = "070000000002";
    other.token = "tok2";
    other.person = "pB";
    other.id = id;
    other.phone = "hB";
    other.drill = drill;
    file(&other);
}

/* A new ID number, under both lookup keys: who else has an open report is told before anything is written. */
static void test_shared_id(void **state)
{
    (void)state;
    file(&first);
    struct reports_change request = {.id_hashes = {"iB", "oB"}, .record_count = 1};
    request.record[0] = (struct store_pair){REPORT_ID_HASH, STR("iB")};
    file_other("oB", true); /* of a drill nobody hears */
    assert_int_equal(apply(request).answer.kind, REPORTS_CHANGED);
    request.version = 1;
    assert_int_equal(apply(request).answer.kind, REPORTS_MOVED);
    request.version = 0;
    wipe(NULL);
    file(&first);
    file_other("oB", false);
    assert_int_equal(apply(request).answer.kind, REPORTS_SHARED_ID);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:r:" R " v id"), "1 iA");
    request.id_hashes[1] = NULL;
    assert_int_equal(apply(request).answer.kind, REPORTS_CHANGED);
    request.id_hashes[0] = "iB"; /* its own is no other */
    assert_int_equal(apply(request).answer.kind, REPORTS_CHANGED);
    request.id_hashes[0] = "oB";
    assert_int_equal(apply(request).answer.kind, REPORTS_SHARED_ID);
    redis_ask(&bench.redis, "HSET ms:{07}:r:070000000002 state declined");
    assert_int_equal(apply(request).answer.kind, REPORTS_CHANGED);
}

static void test_a_lead_becomes_a_report(void **state)
{
    (void)state;
    struct filing lead = first;
    lead.lead = true;
    file(&lead);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:n leads accepted made"), "1  ");
    assert_string_equal(redis_ask(&bench.redis, "ZRANGE ms:{07}:lp:iA 0 -1"), "hA:" R);
    struct reports_change request = {.promote = true,
                                     .event = {.id = R, .area = STR(AREA), .sealed = STR("s")},
                                     .stat = STR("line"),
                                     .record_count = 1};
    request.record[0] = (struct store_pair){REPORT_LEAD, STR("0")};
    assert_int_equal(apply(request).answer.kind, REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:n accepted made"), "1 1");
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:e:" R " first st"), "1 ready");
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:lp:iA"), "0");
    assert_string_equal(redis_ask(&bench.redis, "ZRANGE ms:{07}:p:iA 0 -1"), "hA:" R);
    assert_string_equal(redis_ask(&bench.redis, "LRANGE ms:{07}:sj 0 -1"), "line");
}

/* With another open report of its household it becomes one only when that is known; another lead is no report. */
static void test_a_lead_becomes_a_second_report(void **state)
{
    (void)state;
    struct filing lead = first, other = first;
    lead.lead = lead.intake = other.lead = other.intake = true;
    other.receipt = "070000000003";
    other.token = "tok3";
    other.duplicate_known = true;
    file(&lead);
    file(&other);
    struct reports_change request = {.promote = true,
                                     .id_hashes = {"nA", "iA"},
                                     .event = {.id = R, .area = STR(AREA), .sealed = STR("s")},
                                     .record_count = 1};
    request.record[0] = (struct store_pair){REPORT_LEAD, STR("0")};
    file_other("iA", false);
    assert_int_equal(apply(request).answer.kind, REPORTS_SHARED_ID);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:r:" R " v lead"), "1 1");
    redis_ask(&bench.redis, "HSET ms:{07}:r:070000000002 state declined");
    assert_int_equal(apply(request).answer.kind, REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:r:" R " v lead"), "2 0");
}

/* A lead whose ID number becomes known is a second one beside a lead, and beside a report. */
static void test_shared_id_of_a_lead(void **state)
{
    (void)state;
    struct filing lead = first;
    lead.lead = lead.intake = true;
    struct reports_change request = {.id_hashes = {"oB"}, .record_count = 1};
    request.record[0] = (struct store_pair){REPORT_ID_HASH, STR("oB")};
    file(&lead);
    file_other("oB", false);
    assert_int_equal(apply(request).answer.kind, REPORTS_SHARED_ID);
    redis_ask(&bench.redis, "HSET ms:{07}:r:070000000002 state declined");
    assert_int_equal(apply(request).answer.kind, REPORTS_CHANGED);
}

static void test_intake_conflicts(void **state)
{
    (void)state;
    struct filing put_in = first;
    put_in.intake = true;
    assert_int_equal(file(&put_in).answer.kind, REPORTS_ACCEPTED);
    assert_int_equal(file(&put_in).answer.kind, REPORTS_REPEAT);
    put_in.content = "cB";
    struct accepted got = file(&put_in);
    assert_int_equal(got.answer.kind, REPORTS_CONFLICT);
    assert_string_equal(got.answer.receipt, R);
    struct filing same = first; /* the same household by another hand: never joined by itself */
    same.intake = true;
    same.token = "tok2";
    same.receipt = "070000000002";
    assert_int_equal(file(&same).answer.kind, REPORTS_DUPLICATE);
    same.duplicate_known = true;
    assert_int_equal(file(&same).answer.kind, REPORTS_ACCEPTED);
}

static void test_note(void **state)
{
    (void)state;
    file(&first);
    char head[65];
    memset(head, 'a', 64);
    head[64] = '\0';
    struct answered got = {0};
    struct reports_note note = {.receipt = R, .head = head, .audit = {.text = STR("{}")}};
    memset(note.audit.hash, 'c', 64);
    reports_note(bench.store, &note, on_answer, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.answer.kind, REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:" R " v"), "1");
    assert_string_equal(redis_ask(&bench.redis, "LLEN ms:{07}:x:" R), "2");
    assert_string_equal(redis_ask(&bench.redis, "ZSCORE ms:{07}:changes " R), "1"); /* no news */
    got = (struct answered){0};
    reports_note(bench.store, &note, on_answer, &got); /* the head is another now */
    run_until(bench.loop, &got.done);
    assert_int_equal(got.answer.kind, REPORTS_MOVED);
}

static void on_due(void *arg, enum op_status status, const struct str *receipts, size_t count)
{
    struct answered *got = arg;
    assert_int_equal(status, OP_OK);
    got->done = true;
    snprintf(got->name, sizeof got->name, "%.*s", count > 0 ? (int)receipts[0].len : 0,
             count > 0 ? receipts[0].at : "");
}

static const char *due(void)
{
    static struct answered got;
    got = (struct answered){0};
    reports_due(bench.store, 7, 0, 10, on_due, &got);
    run_until(bench.loop, &got.done);
    return got.name;
}

static void test_clock(void **state)
{
    (void)state;
    file(&first);
    assert_string_equal(due(), "");
    assert_int_equal(set_field(R, 1, 'a', REPORT_NEXT, "1795441948088000"), REPORTS_CHANGED);
    assert_string_equal(due(), "");
    assert_int_equal(claim("one", "One", 1).answer.kind,
                     REPORTS_CHANGED); /* the earlier of the two */
    usleep(5000);
    assert_string_equal(due(), R);
    assert_int_equal(set_field(R, 3, 'b', REPORT_CLAIM_UNTIL, ""), REPORTS_CHANGED);
    assert_string_equal(due(), "");
    assert_int_equal(set_field(R, 4, 'b', REPORT_NEXT, "0"), REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:clock"), "0");
}

/* What a recount of statistics has passed is noted when it leaves its place, as long as the recount is alive. */
static void test_leaves_a_recount(void **state)
{
    (void)state;
    file(&first);
    assert_int_equal(set_field(R, 1, 'a', REPORT_FLAGS, "x"), REPORTS_CHANGED); /* seq 2 */
    redis_ask(&bench.redis, "HSET ms:{07}:n sat 2");
    assert_int_equal(set_field(R, 2, 'b', REPORT_FLAGS, "y"), REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:ss"), "0");
    redis_ask(&bench.redis, "SET ms:{07}:sb me");
    assert_int_equal(set_field(R, 3, 'b', REPORT_FLAGS, "z"), REPORTS_CHANGED); /* from 3: beyond */
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:ss"), "0");
    redis_ask(&bench.redis, "HSET ms:{07}:n sat 4");
    assert_int_equal(set_field(R, 4, 'b', REPORT_FLAGS, "x"), REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "ZRANGE ms:{07}:ss 0 -1"), R);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_claims, wipe),
        cmocka_unit_test_setup(test_two_claim_the_same_version, wipe),
        cmocka_unit_test_setup(test_untried_events_are_dropped, wipe),
        cmocka_unit_test_setup(test_tried_events_are_not_dropped, wipe),
        cmocka_unit_test_setup(test_id_known, wipe),
        cmocka_unit_test_setup(test_shared_id, wipe),
        cmocka_unit_test_setup(test_a_lead_becomes_a_report, wipe),
        cmocka_unit_test_setup(test_a_lead_becomes_a_second_report, wipe),
        cmocka_unit_test_setup(test_shared_id_of_a_lead, wipe),
        cmocka_unit_test_setup(test_intake_conflicts, wipe),
        cmocka_unit_test_setup(test_note, wipe),
        cmocka_unit_test_setup(test_clock, wipe),
        cmocka_unit_test_setup(test_leaves_a_recount, wipe),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
