#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "domain/verdict.h"

static const struct verdict_rules no_rules;
static const struct verdict_rules rules = {
    .ok_pointer = {"/code", 5},
    .ok_values = {"0 200 ok", 8},
    .duplicate_values = {"1001", 4},
    .refused_values = {"4001  4002", 10},
    .auth_values = {"401 token-expired", 17},
    .msg_pointer = {"/msg", 4},
};

static struct verdict judge(const struct verdict_rules *by, int status, const char *body,
                            bool recently)
{
    struct verdict verdict;
    struct verdict_answer answer = {
        .status = status, .body = str_of(body), .body_whole = true, .retry_after = {NULL, 0}};
    verdict_of(by, &answer, recently, 0, &verdict);
    return verdict;
}

static void test_heads(void **state)
{
    static const struct {
        enum verdict_kind kind;
        int status[24];
    } table[] = {
        {VERDICT_DELIVERED, {200, 201, 202, 204, 226, 299, 409}},
        {VERDICT_REFUSED, {400, 413, 415, 422}},
        {VERDICT_MISCONFIGURED, {401, 403, 301, 302, 303, 304, 307, 308, 402, 405, 406,
                                 407, 411, 412, 414, 418, 421, 423, 426, 431, 451, 499}},
        {VERDICT_LATER,
         {408, 425, 429, 500, 501, 502, 503, 504, 507, 511, 599, 600, 999, 100, 199, -1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (size_t j = 0; j < 24 && table[i].status[j] != 0; j++) {
            for (int recently = 0; recently < 2; recently++) {
                struct verdict got = judge(&no_rules, table[i].status[j], "", recently);
                if (got.kind != table[i].kind) {
                    fail_msg("%d is %s", table[i].status[j], verdict_name(got.kind));
                }
            }
        }
    }
    assert_int_equal(judge(&no_rules, 0, "", true).kind, VERDICT_LATER);
    assert_string_equal(judge(&no_rules, 0, "", true).words, "no answer");
    for (int status = 404; status <= 410; status += 6) {
        assert_int_equal(judge(&no_rules, status, "", true).kind, VERDICT_REFUSED);
        assert_int_equal(judge(&no_rules, status, "", false).kind, VERDICT_MISCONFIGURED);
    }
}

static void test_bodies(void **state)
{
    static const struct {
        const char *body;
        enum verdict_kind kind;
    } cases[] = {
        {"{\"code\":0}", VERDICT_DELIVERED},
        {"{\"code\":\"0\"}", VERDICT_DELIVERED},
        {"{\"code\":200.0}", VERDICT_DELIVERED},
        {"{\"code\":\"ok\"}", VERDICT_DELIVERED},
        {" {\"code\" : 1001 } \n", VERDICT_DELIVERED},
        {"{\"code\":0,\"id\":123456789012345678901234567890}", VERDICT_DELIVERED},
        {"{\"code\":4001}", VERDICT_REFUSED},
        {"{\"code\":\"4002\"}", VERDICT_REFUSED},
        {"{\"code\":401}", VERDICT_MISCONFIGURED},
        {"{\"code\":\"token-expired\"}", VERDICT_MISCONFIGURED},
        {"{\"code\":500}", VERDICT_LATER},
        {"{\"code\":\"\"}", VERDICT_LATER},
        {"{\"code\":null}", VERDICT_LATER},
        {"{\"code\":true}", VERDICT_LATER},
        {"{\"code\":[0]}", VERDICT_LATER},
        {"{\"code\":{}}", VERDICT_LATER},
        {"{\"Code\":0}", VERDICT_LATER},
        {"[0]", VERDICT_LATER},
        {"0", VERDICT_LATER},
        {"", VERDICT_LATER},
        {"{\"code\":0", VERDICT_LATER},
        {"{\"code\":0} x", VERDICT_LATER},
        {"<html>ok</html>", VERDICT_LATER},
        {"{\"code\":\"0 200\"}", VERDICT_LATER}, /* no value holds a blank */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict got = judge(&rules, 200, cases[i].body, true);
        if (got.kind != cases[i].kind) {
            fail_msg("%s is %s", cases[i].body, verdict_name(got.kind));
        }
    }
    /* Only a 2xx head asks the body. */
    assert_int_equal(judge(&rules, 503, "{\"code\":0}", true).kind, VERDICT_LATER);
    assert_int_equal(judge(&rules, 422, "{\"code\":0}", true).kind, VERDICT_REFUSED);
    assert_int_equal(judge(&rules, 409, "{\"code\":500}", true).kind, VERDICT_DELIVERED);
}

static void test_cut_bodies(void **state)
{
    struct verdict verdict;
    struct verdict_answer answer = {
        .status = 200, .body = STR("{\"code\":0,\"id\":7}"), .body_whole = false};
    (void)state;
    verdict_of(&rules, &answer, true, 0, &verdict);
    assert_int_equal(verdict.kind, VERDICT_LATER);
    assert_string_equal(verdict.words, "200 body cut");
    verdict_of(&no_rules, &answer, true, 0, &verdict);
    assert_int_equal(verdict.kind, VERDICT_DELIVERED);
    assert_string_equal(verdict.upstream_id, "");
}

/* The examples of RFC 6901 §5, each member having its own value; then pointers that point at nothing. */
static void test_pointers(void **state)
{
    static const char document[] =
        "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
        "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"deep\":[{\"x\":[9,true]}]}";
    static const struct {
        const char *pointer, *value; /* NULL: nothing there */
    } cases[] = {
        {"/foo/0", "bar"},
        {"/foo/1", "baz"},
        {"/", "0"},
        {"/a~1b", "1"},
        {"/c%d", "2"},
        {"/e^f", "3"},
        {"/g|h", "4"},
        {"/i\\j", "5"},
        {"/k\"l", "6"},
        {"/ ", "7"},
        {"/m~0n", "8"},
        {"/deep/0/x/0", "9"},
        {"/deep/0/x/1", "true"},
        {"/foo/2", NULL},
        {"/foo/-", NULL},
        {"/foo/00", NULL},
        {"/foo/01", NULL},
        {"/foo/+1", NULL},
        {"/foo", NULL},
        {"foo/0", NULL},
        {"/m~n", NULL},
        {"/m~", NULL},
        {"/m~2n", NULL},
        {"/foo/0/x", NULL},
        {"/foo/", NULL},
        {"/deep/0", NULL},
        {"/foo/18446744073709551616", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict_rules by = {.ok_pointer = str_of(cases[i].pointer),
                                   .ok_values = str_of(cases[i].value ? cases[i].value : "no")};
        struct verdict got = judge(&by, 200, document, true);
        if (got.kind != (cases[i].value ? VERDICT_DELIVERED : VERDICT_LATER)) {
            fail_msg("%s: %s", cases[i].pointer, got.words);
        }
        assert_true(cases[i].value || strstr(got.words, "no value at ") != NULL);
    }
}

static void test_upstream_ids(void **state)
{
    char long_id[400] = "{\"id\":\"";
    (void)state;
    assert_string_equal(judge(&no_rules, 201, "{\"id\":\"R-77\"}", true).upstream_id, "R-77");
    assert_string_equal(judge(&no_rules, 201, "{\"id\":9007199254740993}", true).upstream_id,
                        "9007199254740993");
    assert_string_equal(judge(&no_rules, 409, "{\"id\":5}", true).upstream_id, "5");
    assert_string_equal(judge(&rules, 200, "{\"code\":0,\"id\":\"x\"}", true).upstream_id, "x");
    assert_string_equal(judge(&rules, 200, "{\"code\":9,\"id\":\"x\"}", true).upstream_id, "");
    assert_string_equal(judge(&no_rules, 200, "{\"id\":true}", true).upstream_id, "");
    assert_string_equal(judge(&no_rules, 200, "[\"id\"]", true).upstream_id, "");
    assert_string_equal(judge(&no_rules, 200, "ok", true).upstream_id, "");
    memset(long_id + 7, 'a', 200);
    strcpy(long_id + 207, "\"}");
    assert_string_equal(judge(&no_rules, 200, long_id, true).upstream_id, "");
}

static void test_what_we_sent_is_not_repeated(void **state)
{
    static const struct str hidden[] = {{"试验甲", 9}, {"隔壁", 6}, {"隔壁老李", 12}, {"R77", 3}};
    static const struct {
        const char *body, *words;
    } cases[] = {
        {"{\"msg\":\"试验甲已在库\"}", "422: ***已在库"},
        {"试验甲试验甲x试验", "422: ******x试验"},
        {"{\"msg\":\"隔壁老李病了\"}", "422: ***病了"},
        {"{\"msg\":\"tel 138-0000-0000, 138 0000 0000.\"}", "422: tel ***, ***."},
        {"{\"msg\":\"110105 19491231 002X\"}", "422: ***"},
        {"{\"msg\":\"code 12 - 34, 500 001\"}", "422: code 12 - 34, 500 001"},
    };
    (void)state;
    struct verdict verdict;
    struct verdict_answer answer = {
        .status = 422, .body_whole = true, .hidden = hidden, .hidden_count = 4};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer.body = str_of(cases[i].body);
        verdict_of(&no_rules, &answer, true, 0, &verdict);
        assert_string_equal(verdict.words, cases[i].words);
    }
    answer.status = 200;
    answer.body = STR("{\"id\":\"R77\"}");
    verdict_of(&no_rules, &answer, true, 0, &verdict);
    assert_string_equal(verdict.upstream_id, "");
}

/* An answer repeats a text cut, in the middle, or with its line breaks written otherwise: no four characters of it in a row are told. */
static void test_no_piece_of_it_either(void **state)
{
    static const char detail[] = "心脏病住院，长期吃药\n没有钱 aabaabaac";
    static const struct {
        const char *body, *words;
    } cases[] = {
        {"{\"message\":\"detail too long: 心脏病住院，长期…\"}", "422: detail too long: ***…"},
        {"{\"message\":\"住院，长期吃药\"}", "422: ***"},
        {"{\"message\":\"心脏病住院，长期吃药\\\\n没有钱 aab\"}", "422: ***\\n***"},
        {"长期吃饭", "422: 长期吃饭"}, /* three characters say little */
        {"xaabaabaacx", "422: x***x"},
        {"心脏病住\xe9\x99", "422: ***"},
    };
    const struct str hidden[] = {str_of(detail)};
    struct verdict_answer answer = {
        .status = 422, .body_whole = true, .hidden = hidden, .hidden_count = 1};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict;
        answer.body = str_of(cases[i].body);
        verdict_of(&no_rules, &answer, true, 0, &verdict);
        assert_string_equal(verdict.words, cases[i].words);
    }
}

static void test_words(void **state)
{
    char body[2000];
    (void)state;
    assert_string_equal(judge(&no_rules, 422, "{\"detail\":\"身份证号不对\"}", true).words,
                        "422: 身份证号不对");
    assert_string_equal(judge(&no_rules, 400, "no such\r\nvillage", true).words,
                        "400: no such  village");
    assert_string_equal(judge(&no_rules, 500, "<html><h1>Oops", true).words, "500");
    assert_string_equal(judge(&rules, 200, "{\"code\":500,\"msg\":\"系统繁忙\"}", true).words,
                        "200 /code=500: 系统繁忙");
    assert_string_equal(judge(&rules, 200, "hm", true).words, "200 body is no JSON: hm");
    /* An ID number or a phone that the answer repeats is starred; short codes stay. */
    assert_string_equal(
        judge(&no_rules, 422, "{\"msg\":\"11010519491231002X 13800000000 E4001\"}", true).words,
        "422: *** *** E4001");
    /* Whole characters only, however long it is. */
    for (size_t i = 0; i + 3 < sizeof body; i += 3) {
        memcpy(body + i, "难", 4);
    }
    struct verdict verdict = judge(&no_rules, 400, body, true);
    assert_true(strlen(verdict.words) > VERDICT_WORDS_BYTES - 4);
    assert_int_equal((strlen(verdict.words) - 5) % 3, 0);
    assert_string_equal(judge(&no_rules, 400, "a\xff\xfe", true).words, "400: a");
}

static void test_retry_after(void **state)
{
    int64_t now;
    assert_true(clock_parse_iso(STR("2026-11-23T09:15:02+08:00"), &now));
    static const struct {
        const char *value;
        int64_t ms;
    } cases[] = {
        {"", -1},
        {"0", 0},
        {"7", 7000},
        {" 120 ", 120000},
        {"3600", 3600000},
        {"3601", 3600000},
        {"18446744073709551616", 3600000},
        {"99999999999999999999999999", 3600000},
        {"-5", -1},
        {"5.5", -1},
        {"5s", -1},
        {"12x", -1},
        {"Mon, 23 Nov 2026 01:15:12 GMT", 10000},
        {"Mon, 23 Nov 2026 01:15:02 GMT", 0},
        {"Mon, 23 Nov 2026 01:00:00 GMT", 0},
        {"Mon, 23 Nov 2026 05:00:00 GMT", 3600000},
        {"Mon, 23 Nov 2026 01:15:12 UTC", -1},
        {"Mon, 23 nov 2026 01:15:12 GMT", -1},
        {"Mon, 23 ovD 2026 01:15:12 GMT", -1},
        {"Mon, 31 Nov 2026 01:15:12 GMT", -1},
        {"Mon, 23 Nov 2026 25:15:12 GMT", -1},
        {"Mon, 23 Nov 2026 01:61:12 GMT", -1},
        {"Mon, 23 Nov 2026 -1:15:12 GMT", -1},
        {"Monday, 23-Nov-26 01:15:12 GMT", -1},
        {"Mon Nov 23 01:15:12 2026", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict;
        struct verdict_answer answer = {.status = 503, .retry_after = str_of(cases[i].value)};
        verdict_of(&no_rules, &answer, true, now, &verdict);
        if (verdict.retry_after_ms != cases[i].ms) {
            fail_msg("%s: %lld", cases[i].value, (long long)verdict.retry_after_ms);
        }
    }
}

static void test_backoff(void **state)
{
    static const struct {
        int64_t attempt, min, max, ceiling;
    } cases[] = {
        {1, 1000, 600000, 1000},
        {2, 1000, 600000, 2000},
        {10, 1000, 600000, 512000},
        {11, 1000, 600000, 600000},
        {1000000, 1000, 600000, 600000},
        {INT64_MAX, 1000, INT64_MAX, INT64_MAX},
        {63, 1, INT64_MAX, INT64_C(1) << 62},
        {0, 1000, 600000, 1000},
        {5, 1000, 500, 500},
        {3, 0, 600000, 4},
        {1, 1, 1, 1},
        {1, -5, -5, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ceiling = (uint64_t)cases[i].ceiling;
        assert_true(retry_delay_ms(cases[i].attempt, cases[i].min, cases[i].max, ceiling) ==
                    cases[i].ceiling);
        assert_int_equal(retry_delay_ms(cases[i].attempt, cases[i].min, cases[i].max, 0), 1);
        assert_true(retry_delay_ms(cases[i].attempt, cases[i].min, cases[i].max, ceiling + 1) == 1);
        int64_t any = retry_delay_ms(cases[i].attempt, cases[i].min, cases[i].max, UINT64_MAX);
        assert_true(any >= 1 && any <= cases[i].ceiling);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_cut_bodies),   cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_upstream_ids), cmocka_unit_test(test_no_piece_of_it_either),
        cmocka_unit_test(test_words),        cmocka_unit_test(test_what_we_sent_is_not_repeated),
        cmocka_unit_test(test_retry_after),  cmocka_unit_test(test_backoff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
