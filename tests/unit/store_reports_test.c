#include "store_filing.h"

static void test_accept_writes_everything(void **state)
{
    (void)state;
    struct redis *redis = &bench.redis;
    assert_answer(file(&first), REPORTS_ACCEPTED, "070000000001", 'f', false);
    assert_string_equal(redis_ask(redis, "HMGET ms:{07}:r:070000000001 v seq state area person"),
                        "1 1 new " AREA " pA");
    assert_string_equal(redis_ask(redis, "HGET ms:{07}:t:tok1 pA:cA"), "070000000001f");
    assert_string_equal(redis_ask(redis, "ZRANGE ms:{07}:p:iA 0 -1"), "hA:070000000001");
    assert_string_equal(redis_ask(redis, "ZSCORE ms:{07}:a:" AREA " 070000000001"), "1");
    assert_string_equal(redis_ask(redis, "ZSCORE ms:{07}:changes 070000000001"), "1");
    assert_string_equal(redis_ask(redis, "HMGET ms:{07}:e:070000000001 st area sealed first"),
                        "ready " AREA " event 1");
    assert_string_equal(redis_ask(redis, "ZRANGE ms:{07}:ready 0 -1"), "070000000001");
    assert_string_equal(redis_ask(redis, "HMGET ms:{07}:n accepted made drills"), "1 1 ");
    assert_string_equal(
        redis_ask(redis, "LINDEX ms:{07}:x:070000000001 0"),
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 {\"ev\":\"accepted\"}");
    long ttl = atol(redis_ask(redis, "TTL ms:{07}:t:tok1"));
    assert_in_range(ttl, 31 * 86400 - 60, 31 * 86400);
    assert_string_equal(redis_ask(redis, "TTL ms:{07}:r:070000000001"), "-1");
}

static void test_repeat_after_addition(void **state)
{
    (void)state;
    file(&first);
    struct reports_change request = {.receipt = "070000000001",
                                     .version = 1,
                                     .token = "tok1",
                                     .person = "pA",
                                     .content = "cB",
                                     .link = 'f',
                                     .record_count = 1,
                                     .head = hash_of[0]};
    memset(hash_of[0], 'a', 64);
    memset(request.audit.hash, 'b', 64);
    request.audit.text = STR("{}");
    request.record[0] = (struct store_pair){REPORT_CONTENT, STR("cB")};
    request.event = (struct store_event){
        .id = "070000000001-2", .area = STR(AREA), .sealed = STR("two")};
    assert_int_equal(change(&request), REPORTS_CHANGED);
    assert_int_equal(change(&request), REPORTS_MOVED); /* the version has gone on */
    struct filing again = first;
    again.receipt = "070000000002";
    assert_answer(file(&again), REPORTS_REPEAT, "070000000001", 'f', false); /* whatever happened */
    again.content = "cB";
    assert_answer(file(&again), REPORTS_REPEAT, "070000000001", 'f', false);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:e:070000000001-2 st why"),
                        "held order");
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:r:070000000001 v seq content"),
                        "2 2 cB");
    assert_string_equal(redis_ask(&bench.redis, "LLEN ms:{07}:x:070000000001"), "2");
}

static void test_decided_report_starts_anew(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        enum reports_kind kind;
    } rows[] = {
        {"new", REPORTS_ADD},
        {"open", REPORTS_ADD},
        {"declined", REPORTS_ACCEPTED},
        {"closed", REPORTS_ACCEPTED},
        {"withdrawn", REPORTS_ACCEPTED},
        {"cleared", REPORTS_ACCEPTED},
        {"admitted", REPORTS_ACCEPTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wipe(NULL);
        file(&first);
        assert_int_equal(set_field("070000000001", 1, 'a', REPORT_STATE, rows[i].state),
                         REPORTS_CHANGED);
        struct filing more = first;
        more.receipt = "070000000002";
        more.content = "cB";
        assert_int_equal(file(&more).answer.kind, rows[i].kind);
        assert_answer(file(&first), REPORTS_REPEAT, "070000000001", 'f', false);
    }
}

static void test_change_expectations(void **state)
{
    (void)state;
    file(&first);
    assert_int_equal(set_field("070000000009", 1, 'a', "x", "1"), REPORTS_GONE);
    assert_int_equal(set_field("070000000001", 2, 'a', "x", "1"), REPORTS_MOVED);
    assert_int_equal(set_field("070000000001", 1, 'c', "x", "1"), REPORTS_MOVED); /* the head */
    assert_int_equal(set_field("070000000001", 1, 'a', "x", "1"), REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:070000000001 v"), "2");
}

static void test_hook_known_once(void **state)
{
    (void)state;
    file(&first);
    struct reports_change request = {
        .receipt = "070000000001", .version = 1, .hook_id = "msg_1", .head = hash_of[0]};
    memset(hash_of[0], 'a', 64);
    memset(request.audit.hash, 'b', 64);
    request.audit.text = STR("{}");
    assert_int_equal(change(&request), REPORTS_CHANGED);
    request.version = 2;
    memset(hash_of[0], 'b', 64);
    assert_int_equal(change(&request), REPORTS_CHANGE_KNOWN);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:070000000001 v"), "2");
    request.hook_id = "msg_2";
    assert_int_equal(change(&request), REPORTS_CHANGED);
}

/* A webhook-id that came too early is written once, and taken when its time has come. */
static void test_hook_too_early(void **state)
{
    (void)state;
    file(&first);
    struct reports_change request = {.receipt = "070000000001",
                                     .version = 1,
                                     .hook_id = "msg_1",
                                     .hook_early = true,
                                     .head = hash_of[0]};
    memset(hash_of[0], 'a', 64);
    memset(request.audit.hash, 'b', 64);
    request.audit.text = STR("{}");
    assert_int_equal(change(&request), REPORTS_CHANGED);
    request.version = 2;
    memset(hash_of[0], 'b', 64);
    assert_int_equal(change(&request), REPORTS_CHANGE_EARLY);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:070000000001 v"), "2");
    request.hook_early = false;
    assert_int_equal(change(&request), REPORTS_CHANGED);
    request.version = 3;
    assert_int_equal(change(&request), REPORTS_CHANGE_KNOWN);
    request.hook_early = true;
    assert_int_equal(change(&request), REPORTS_CHANGE_KNOWN);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:070000000001 v"), "3");
}

static void test_correction_moves_index(void **state)
{
    (void)state;
    file(&first);
    assert_int_equal(set_field("070000000001", 1, 'a', REPORT_PHONE_HASH, "hB"), REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "ZRANGE ms:{07}:p:iA 0 -1"), "hB:070000000001");
    assert_int_equal(set_field("070000000001", 2, 'b', REPORT_INDEXES, "a:370115008219"),
                     REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "ZRANGE ms:{07}:a:" AREA " 0 -1"), "");
    assert_string_equal(redis_ask(&bench.redis, "ZRANGE ms:{07}:a:370115008219 0 -1"),
                        "070000000001");
    struct filing other = first;
    other.receipt = "070000000002";
    other.token = "tok2";
    assert_int_equal(file(&other).answer.kind, REPORTS_DUPLICATE); /* hA is a stranger's now */
    other.phone = "hB";
    assert_answer(file(&other), REPORTS_SAME, "070000000001", 's', false);
}

static void test_newest_of_the_same_phone(void **state)
{
    (void)state;
    file(&first);
    struct filing second = first;
    second.receipt = "070000000002";
    second.token = "tok2";
    second.phone = "hB";
    second.duplicate_known = true;
    file(&second);
    assert_int_equal(set_field("070000000002", 1, 'a', REPORT_PHONE_HASH, "hA"), REPORTS_CHANGED);
    struct filing third = first;
    third.receipt = "070000000003";
    third.token = "tok3";
    third.content = "cC";
    assert_answer(file(&third), REPORTS_ADD, "070000000002", 's', false);
}

static void test_many_strangers_hide_nobody(void **state)
{
    (void)state;
    char phone[16];
    file(&first);
    for (int i = 0; i < 600; i++) {
        snprintf(phone, sizeof phone, "%c%04d", i % 2 ? 'a' : 'z', i);
        redis_ask(&bench.redis, "ZADD ms:{07}:p:iA 0 %s:07%010d", phone, i + 100);
    }
    struct filing again = first;
    again.receipt = "070000000003";
    again.token = "tok3";
    assert_answer(file(&again), REPORTS_SAME, "070000000001", 's', false);
}

/* A token that met an open report elsewhere belongs to it from then on, with the short link. */
static void test_same_is_noted(void **state)
{
    (void)state;
    file(&first);
    struct filing again = first;
    again.receipt = "070000000002";
    again.token = "tok2";
    assert_answer(file(&again), REPORTS_SAME, "070000000001", 's', false);
    assert_answer(file(&again), REPORTS_REPEAT, "070000000001", 's', false);
    again.content = "cB"; /* it may add, but correct nothing: it did not file this report */
    assert_answer(file(&again), REPORTS_ADD, "070000000001", 's', false);
    again.phone = "hB";
    assert_answer(file(&again), REPORTS_DUPLICATE, "", '\0', false);
}

static void test_drill_is_corrected_apart(void **state)
{
    (void)state;
    struct filing drill = first;
    drill.drill = true;
    file(&drill);
    assert_int_equal(set_field("070000000001", 1, 'a', REPORT_PHONE_HASH, "hB"), REPORTS_CHANGED);
    assert_string_equal(redis_ask(&bench.redis, "ZRANGE ms:{07}:dp:iA 0 -1"), "hB:070000000001");
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:p:iA ms:{07}:a:" AREA), "0");
}

static void test_drill_is_apart(void **state)
{
    (void)state;
    struct filing drill = first;
    drill.drill = true;
    assert_answer(file(&drill), REPORTS_ACCEPTED, "070000000001", 'f', false);
    struct redis *redis = &bench.redis;
    assert_string_equal(redis_ask(redis, "HMGET ms:{07}:n accepted drills made"), " 1 ");
    assert_string_equal(redis_ask(redis, "EXISTS ms:{07}:e:070000000001 ms:{07}:ready"), "0");
    const char *const keys[] = {"r:070000000001", "x:070000000001", "t:tok1", "dp:iA"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        long ttl = atol(redis_ask(redis, "TTL ms:{07}:%s", keys[i]));
        assert_in_range(ttl, 7 * 86400 - 60, 7 * 86400);
    }
    assert_answer(file(&drill), REPORTS_REPEAT, "070000000001", 'f', false);
    struct filing real = first; /* the same person in earnest */
    real.receipt = "070000000002";
    real.token = "tok2";
    assert_answer(file(&real), REPORTS_ACCEPTED, "070000000002", 'f', false);
}

static void test_unsent_is_counted(void **state)
{
    (void)state;
    struct filing quiet = first;
    quiet.no_event = true;
    assert_answer(file(&quiet), REPORTS_ACCEPTED, "070000000001", 'f', false);
    assert_string_equal(redis_ask(&bench.redis, "HMGET ms:{07}:n accepted unsent made"), "1 1 ");
}

struct seen {
    bool done;
    enum op_status status;
    size_t count;
    char version[8], sealed[8], receipt[RECEIPT_BYTES];
    size_t sealed_len;
};

static void on_read(void *arg, enum op_status status, const struct report_record *record)
{
    struct seen *seen = arg;
    seen->done = true;
    seen->status = status;
    if (record != NULL) {
        struct str sealed = record_get(record, REPORT_SEALED);
        seen->count = record->count;
        snprintf(seen->version, sizeof seen->version, "%.*s",
                 STR_ARG(record_get(record, REPORT_VERSION)));
        seen->sealed_len = sealed.len;
        memcpy(seen->sealed, sealed.at, sealed.len < 8 ? sealed.len : 8);
        assert_int_equal(record_get(record, "absent").len, 0);
    }
}

static void test_read(void **state)
{
    (void)state;
    struct seen seen = {0};
    reports_read(bench.store, "070000000001", on_read, &seen);
    assert_false(seen.done);
    run_until(bench.loop, &seen.done);
    assert_int_equal(seen.status, OP_OK);
    assert_int_equal(seen.count, 0);
    file(&first);
    seen = (struct seen){0};
    reports_read(bench.store, "070000000001", on_read, &seen);
    run_until(bench.loop, &seen.done);
    assert_string_equal(seen.version, "1");
    assert_int_equal(seen.sealed_len, 4);
    assert_memory_equal(seen.sealed, "\0\xff\r\n", 4); /* bytes, not text */
}

static void on_found(void *arg, enum op_status status, const char *receipt)
{
    struct seen *seen = arg;
    seen->done = true;
    seen->status = status;
    snprintf(seen->receipt, sizeof seen->receipt, "%s", receipt);
}

static void assert_finds(const char *id, const char *phone, const char *receipt)
{
    struct seen seen = {0};
    const unsigned char buckets[] = {7, 8, 99};
    const char *const ids[STORE_PERSONS_MAX] = {id, NULL};
    const char *const phones[STORE_PERSONS_MAX] = {phone, NULL};
    reports_find(bench.store, buckets, 3, ids, phones, on_found, &seen);
    run_until(bench.loop, &seen.done);
    assert_int_equal(seen.status, OP_OK);
    assert_string_equal(seen.receipt, receipt);
}

static void test_find(void **state)
{
    (void)state;
    assert_finds("iA", "hA", "");
    file(&first);
    struct filing elsewhere = first;
    elsewhere.receipt = "080000000002";
    file(&elsewhere);
    redis_ask(&bench.redis, "HSET ms:{08}:r:080000000002 at 1795441948089 state declined");
    assert_finds("iA", "hA", "080000000002"); /* the newest, open or not */
    redis_ask(&bench.redis, "ZADD ms:{08}:p:iA 0 hA:080000000001 0 hA:080000000003");
    redis_ask(&bench.redis, "HSET ms:{08}:r:080000000001 at 1795441948087");
    redis_ask(&bench.redis, "HSET ms:{08}:r:080000000003 at 1795441948086");
    assert_finds("iA", "hA", "080000000002");
    assert_finds("iA", "hB", "");
    assert_finds("iB", "hA", "");
    assert_finds("iA", "h", ""); /* a prefix is no phone */
}

static void test_arguments_are_checked_before_anything_is_written(void **state)
{
    (void)state;
    struct redis *redis = &bench.redis;
    const char *bad[] = {
        "FCALL accept_2 1 ms:{07}",
        "FCALL accept_2 1 ms:{07} 080000000001 t 0 0 report form p o i j h g c d {} aaaa e a s h "
        "stat",
        "FCALL change_2 1 ms:{07} 070000000001 1 a",
        "FCALL settle_1 1 ms:{07} a b",
        "FCALL settle_1 1 ms:{07} a 1 wrong 0 0 200 w u 1",
        "FCALL reserve_2 1 ms:{07} x y z w",
        "FCALL guess_1 1 ms:{07} 080000000001 cell l l 5 20",
        "FCALL release_held_1 1 ms:{07} order 0",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        redisContext *context = redis_connect(redis);
        redisReply *reply = redisCommand(context, bad[i]);
        assert_non_null(reply);
        assert_int_equal(reply->type, REDIS_REPLY_ERROR);
        assert_non_null(strstr(reply->str, "arguments") ? reply->str
                                                        : strstr(reply->str, "result"));
        freeReplyObject(reply);
        redisFree(context);
    }
    assert_string_equal(redis_ask(redis, "KEYS ms:{*"), "");
}

static void test_texts_are_kept(void **state)
{
    (void)state;
    bool done = false;
    reports_keep_text(bench.store, "form", "report@12ab", STR("{\"id\":\"report\"}"));
    for (int i = 0; i < 100 && !done; i++) {
        wait_health(bench.loop, bench.store, STORE_READY);
        struct seen seen = {0};
        reports_read(bench.store, "070000000001", on_read, &seen);
        run_until(bench.loop, &seen.done);
        done = redis_ask(&bench.redis, "GET ms:text:form:report@12ab")[0] == '{';
    }
    assert_string_equal(redis_ask(&bench.redis, "GET ms:text:form:report@12ab"),
                        "{\"id\":\"report\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_accept_writes_everything, wipe),
        cmocka_unit_test_setup(test_repeat_after_addition, wipe),
        cmocka_unit_test_setup(test_decided_report_starts_anew, wipe),
        cmocka_unit_test_setup(test_change_expectations, wipe),
        cmocka_unit_test_setup(test_hook_known_once, wipe),
        cmocka_unit_test_setup(test_hook_too_early, wipe),
        cmocka_unit_test_setup(test_correction_moves_index, wipe),
        cmocka_unit_test_setup(test_newest_of_the_same_phone, wipe),
        cmocka_unit_test_setup(test_many_strangers_hide_nobody, wipe),
        cmocka_unit_test_setup(test_same_is_noted, wipe),
        cmocka_unit_test_setup(test_drill_is_corrected_apart, wipe),
        cmocka_unit_test_setup(test_drill_is_apart, wipe),
        cmocka_unit_test_setup(test_unsent_is_counted, wipe),
        cmocka_unit_test_setup(test_read, wipe),
        cmocka_unit_test_setup(test_find, wipe),
        cmocka_unit_test_setup(test_arguments_are_checked_before_anything_is_written, wipe),
        cmocka_unit_test_setup(test_texts_are_kept, wipe),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
