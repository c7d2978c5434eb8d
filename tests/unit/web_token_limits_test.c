#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "web/token_limits.h"

enum { PER_MIN = 5, T0 = 1000000 };

#define CLIENT STR("192.0.2.7")
#define SECRET STR("ms_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
#define OTHER  STR("ms_BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")

static struct token_limits *fresh(void)
{
    struct err err = {""};
    struct token_limits *limits = token_limits_new(PER_MIN, "127.0.0.0/8 ::1", &err);
    assert_non_null(limits);
    return limits;
}

static void test_a_window_of_60_s(void **state)
{
    /* when, whose: allowed, remaining, seconds to the end */
    const struct {
        int64_t at_ms;
        bool other;
        struct token_quota quota;
    } steps[] = {
        {0, false, {true, 5, 4, 60}},      {1, false, {true, 5, 3, 60}},
        {999, false, {true, 5, 2, 60}},    {1000, false, {true, 5, 1, 59}},
        {30500, true, {true, 5, 4, 60}},   {30500, false, {true, 5, 0, 30}},
        {30500, false, {false, 5, 0, 30}}, {59500, false, {false, 5, 0, 1}},
        {59999, true, {true, 5, 3, 31}},   {60000, false, {true, 5, 4, 60}},
        {60001, false, {true, 5, 3, 60}},
    };
    struct token_limits *limits = fresh();
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct token_quota quota;
        token_limits_take(limits, steps[i].other ? OTHER : SECRET, T0 + steps[i].at_ms, &quota);
        assert_int_equal(quota.allowed, steps[i].quota.allowed);
        assert_int_equal(quota.limit, steps[i].quota.limit);
        assert_int_equal(quota.remaining, steps[i].quota.remaining);
        assert_int_equal(quota.reset_s, steps[i].quota.reset_s);
    }
    token_limits_free(&limits);
}

static void test_lines(void **state)
{
    char lines[TOKEN_QUOTA_LINES_BYTES];
    (void)state;
    token_quota_lines(&(struct token_quota){true, 600, 599, 60}, lines);
    assert_string_equal(lines, "RateLimit-Policy: \"token\";q=600;w=60\r\n"
                               "RateLimit: \"token\";r=599;t=60\r\n");
    token_quota_lines(&(struct token_quota){false, 1000000, 0, 7}, lines);
    assert_string_equal(lines, "RateLimit-Policy: \"token\";q=1000000;w=60\r\n"
                               "RateLimit: \"token\";r=0;t=7\r\n"
                               "Retry-After: 7\r\n");
}

static bool may_try(const struct token_limits *limits, struct str client, struct str secret,
                    int64_t at_ms)
{
    int64_t retry_s = 0;
    bool may = token_limits_may_try(limits, client, secret, T0 + at_ms, &retry_s);
    assert_true(may || (retry_s >= 1 && retry_s <= 60));
    return may;
}

static void be_wrong(struct token_limits *limits, struct str client, int times)
{
    for (int i = 0; i < times; i++) {
        char secret[32];
        int len = snprintf(secret, sizeof secret, "ms_guess%d", i);
        token_limits_wrong(limits, client, str_make(secret, (size_t)len), T0);
    }
}

static void test_guessing_is_slowed(void **state)
{
    const struct {
        const char *guesses, *asks;
        bool may;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7", false},
        {"192.0.2.7", "192.0.2.8", true},
        {"2001:db8::1", "2001:db8::ffff:2", false}, /* one /64 */
        {"2001:db8::1", "2001:db8:0:1::1", true},
        {"127.0.0.1", "127.0.0.1", true},
        {"::1", "::1", true},
        {"unix", "unix", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct token_limits *limits = fresh();
        struct str asks = str_of(cases[i].asks);
        be_wrong(limits, str_of(cases[i].guesses), TOKEN_WRONG_PER_MIN - 1);
        assert_true(may_try(limits, asks, SECRET, 0));
        be_wrong(limits, str_of(cases[i].guesses), 1);
        assert_int_equal(may_try(limits, asks, SECRET, 59999), cases[i].may);
        assert_true(may_try(limits, asks, SECRET, 60000));
        token_limits_free(&limits);
    }
}

/* One program with a token of last year must not lock out the office. */
static void test_who_was_right_is_let_through(void **state)
{
    struct token_limits *limits = fresh();
    struct token_quota quota;
    int64_t retry_s = 0;
    (void)state;
    token_limits_take(limits, SECRET, T0, &quota);
    be_wrong(limits, CLIENT, TOKEN_WRONG_PER_MIN);
    assert_true(may_try(limits, CLIENT, SECRET, 1000));
    assert_false(token_limits_may_try(limits, CLIENT, OTHER, T0 + 18001, &retry_s));
    assert_int_equal(retry_s, 42);
    /* disabled meanwhile: right no longer */
    token_limits_wrong(limits, CLIENT, SECRET, T0 + 2000);
    assert_false(may_try(limits, CLIENT, SECRET, 2000));
    token_limits_free(&limits);
}

/* The tables do not grow: a flood forgets windows, and never a cell that is not its own. */
static void test_a_flood_of_tokens_and_addresses(void **state)
{
    struct token_limits *limits = fresh();
    struct token_quota quota;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "10.%d.%d.%d", i >> 16, (i >> 8) & 255, i & 255);
        token_limits_take(limits, str_make(text, (size_t)len), T0 + i, &quota);
        assert_int_equal(quota.remaining, PER_MIN - 1);
        token_limits_wrong(limits, str_make(text, (size_t)len), OTHER, T0 + i);
    }
    assert_true(may_try(limits, CLIENT, OTHER, 0));
    token_limits_free(&limits);
}

static void test_networks_that_are_none(void **state)
{
    struct err err = {""};
    (void)state;
    assert_null(token_limits_new(PER_MIN, "everyone", &err));
    assert_non_null(strstr(err.text, "limits.address_exempt: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_window_of_60_s),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_guessing_is_slowed),
        cmocka_unit_test(test_who_was_right_is_let_through),
        cmocka_unit_test(test_a_flood_of_tokens_and_addresses),
        cmocka_unit_test(test_networks_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
