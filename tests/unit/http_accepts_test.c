#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/exchange.h"
#include "http/guard.h"

/* Good for as long as no three others were made. */
static struct request with(const char *name, const char *first, const char *second)
{
    static struct request_header ring[4][2];
    static size_t turn;
    struct request_header *headers = ring[turn++ % 4];
    struct request request = {.headers = headers};
    const char *const values[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        if (values[i] != NULL) {
            headers[request.header_count++] = (struct request_header){str_of(name),
                                                                      str_of(values[i])};
        }
    }
    return request;
}

static void test_gzip(void **state)
{
    static const struct {
        const char *first, *second;
        bool takes;
    } cases[] = {
        {NULL, NULL, false},
        {"", NULL, false},
        {"gzip", NULL, true},
        {"GZip, deflate, br", NULL, true},
        {"x-gzip", NULL, true},
        {"deflate, br", NULL, false},
        {"br", "gzip", true},
        {"gzip;q=0", NULL, false},
        {"gzip;q=0.000", NULL, false},
        {"gzip; q=0.001", NULL, true},
        {"gzip;q=1.000", NULL, true},
        {"gzip;q=1.001", NULL, false},
        {"gzip;q=x", NULL, false},
        {"gzip;q=", NULL, false},
        {"*", NULL, true},
        {"*;q=0", NULL, false},
        {"gzip;q=0, *", NULL, false},
        {"gzip;q=1, *;q=0", NULL, true},
        {"identity;q=1, gzip;q=0.5", NULL, false},
        {"identity;q=0.5, gzip;q=0.5", NULL, true},
        {"identity;q=0, *", NULL, true},
        {"gzipx", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request = with("Accept-Encoding", cases[i].first, cases[i].second);
        if (request_takes_gzip(&request) != cases[i].takes) {
            fail_msg("%s", cases[i].first);
        }
    }
}

static void test_etag(void **state)
{
    static const struct {
        const char *first, *second;
        const char *etag;
        bool matches;
    } cases[] = {
        {NULL, NULL, "\"a\"", false},
        {"\"a\"", NULL, "\"a\"", true},
        {"W/\"a\"", NULL, "\"a\"", true},
        {"\"a\"", NULL, "W/\"a\"", true},
        {"\"b\", W/\"a\"", NULL, "\"a\"", true},
        {"\"b\"", "\"a\"", "\"a\"", true},
        {"\"x,y\", \"a\"", NULL, "\"a\"", true},
        {"\"x,\"a\"", NULL, "\"y\"", false},
        {"*", NULL, "\"a\"", true},
        {"a", NULL, "\"a\"", false},
        {"\"a", NULL, "\"a\"", false},
        {"\"A\"", NULL, "\"a\"", false},
        {"\"ab\"", NULL, "\"a\"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request = with("if-none-match", cases[i].first, cases[i].second);
        if (request_etag_matches(&request, cases[i].etag) != cases[i].matches) {
            fail_msg("%s in %s", cases[i].etag, cases[i].first);
        }
    }
}

static void test_cross_site(void **state)
{
    struct request same = with("Sec-Fetch-Site", "same-origin", NULL);
    struct request cross = with("Sec-Fetch-Site", "cross-site", NULL);
    struct request none = with("Sec-Fetch-Site", NULL, NULL);
    (void)state;
    assert_false(request_is_cross_site(&same));
    assert_true(request_is_cross_site(&cross));
    assert_false(request_is_cross_site(&none));
}

static struct address address(const char *text)
{
    struct address parsed = {.local = true};
    if (strcmp(text, "unix") != 0) {
        assert_true(address_parse(str_of(text), &parsed));
    }
    return parsed;
}

static void test_client_behind_proxies(void **state)
{
    static const struct {
        const char *peer, *name, *first, *second, *client;
    } cases[] = {
        {"192.0.2.1", "X-Forwarded-For", "203.0.113.5", NULL, "192.0.2.1"},
        {"10.0.0.1", "X-Forwarded-For", "203.0.113.5", NULL, "203.0.113.5"},
        {"10.0.0.1", "X-Forwarded-For", "1.1.1.1, 203.0.113.5,10.0.0.2 ", NULL, "203.0.113.5"},
        {"10.0.0.1", "X-Forwarded-For", "1.1.1.1, 203.0.113.5", "10.0.0.2", "203.0.113.5"},
        {"10.0.0.1", "X-Forwarded-For", "10.0.0.3, 10.0.0.2", NULL, "10.0.0.3"},
        {"10.0.0.1", "X-Forwarded-For", "1.1.1.1, nobody", NULL, "10.0.0.1"},
        {"10.0.0.1", "X-Forwarded-For", "1.1.1.1, nobody, 10.0.0.2", NULL, "10.0.0.2"},
        {"10.0.0.1", "X-Forwarded-For", "", NULL, "10.0.0.1"},
        {"10.0.0.1", "X-Forwarded-For", NULL, NULL, "10.0.0.1"},
        {"::ffff:10.0.0.1", "X-Forwarded-For", "203.0.113.5:4711", NULL, "203.0.113.5"},
        {"2001:db8::1", "Forwarded", "for=\"[2001:db8:5::9]\"", NULL, "2001:db8:5::9"},
        {"10.0.0.1", "Forwarded", "for=1.1.1.1, proto=https;For=203.0.113.5;by=x", NULL,
         "203.0.113.5"},
        {"10.0.0.1", "Forwarded", "for=unknown", NULL, "10.0.0.1"},
        {"unix", "X-Forwarded-For", "203.0.113.5", NULL, "203.0.113.5"},
        {"unix", "X-Forwarded-For", NULL, NULL, "unix"},
    };
    struct err err;
    struct guard *guard = guard_new("10.0.0.0/8, 2001:db8::1", "", 0, &err);
    (void)state;
    assert_non_null(guard);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request = with(cases[i].name, cases[i].first, cases[i].second);
        struct address peer = address(cases[i].peer);
        struct address client = guard_client(guard, &peer, &request);
        char text[ADDRESS_TEXT_BYTES];
        address_text(&client, text);
        if (strcmp(text, cases[i].client) != 0) {
            fail_msg("%s with %s is %s, wanted %s", cases[i].peer, cases[i].first, text,
                     cases[i].client);
        }
    }
    guard_free(&guard);
}

static void test_ceiling(void **state)
{
    struct err err;
    struct guard *guard = guard_new("", "127.0.0.0/8 ::1", 10, &err);
    struct address one = address("203.0.113.5");
    struct address other = address("203.0.113.6");
    struct address same_net = address("2001:db8:0:1::1");
    struct address local = address("127.9.9.9");
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_true(guard_allow(guard, &one, 5000));
    }
    assert_false(guard_allow(guard, &one, 5000));
    assert_true(guard_allow(guard, &other, 5000));
    assert_true(guard_allow(guard, &one, 5100)); /* a tenth of a second is one more */
    assert_false(guard_allow(guard, &one, 5100));
    for (int i = 0; i < 10; i++) {
        same_net.at[15] = (unsigned char)i;
        assert_true(guard_allow(guard, &same_net, 5000));
    }
    assert_false(guard_allow(guard, &same_net, 5000));
    for (int i = 0; i < 50; i++) {
        assert_true(guard_allow(guard, &local, 5000));
    }
    guard_free(&guard);
}

/* However many addresses come, the table does not grow and none is refused for the sake of another. */
static void test_flood_of_addresses(void **state)
{
    struct err err;
    struct guard *guard = guard_new("", "", 1, &err);
    (void)state;
    for (uint32_t i = 0; i < 200000; i++) {
        struct address at = address("203.0.113.5");
        memcpy(at.at + 12, &i, sizeof i);
        assert_true(guard_allow(guard, &at, 5000));
    }
    guard_free(&guard);
}

static void test_networks(void **state)
{
    static const char *const wrong[] = {"a",       "1.2.3",    "1.2.3.4/33",
                                        "::1/129", "1.2.3.4/", "1.2.3.4/x"};
    struct networks networks;
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(networks_parse(wrong[i], &networks, &err));
        assert_null(guard_new("", wrong[i], 1, &err));
        assert_non_null(strstr(err.text, "address_exempt: "));
    }
    assert_true(networks_parse("192.0.2.128/25 ::/0", &networks, &err));
    networks.count = 1;
    struct address in = address("192.0.2.200");
    struct address out = address("192.0.2.100");
    assert_true(networks_hold(&networks, &in));
    assert_false(networks_hold(&networks, &out));
}

static void test_prefers(void **state)
{
    static const struct {
        const char *first, *second;
        bool prefers;
    } cases[] = {
        {NULL, NULL, false},
        {"", NULL, false},
        {"text/csv", NULL, true},
        {"Text/CSV", NULL, true},
        {"text/csv;q=0", NULL, false},
        {"text/csv;q=0", "*/*", false},
        {"text/csv;q=x", NULL, false},
        {"text/csv ; header=present ; Q=0.4", "application/json;q=0.3", true},
        {"text/csv;q=0.3", "application/json;q=0.4", false},
        {"text/csv, application/json", NULL, true},
        {"text/csv, */*", NULL, true},
        {"text/*", NULL, true},
        {"text/*;q=0.9, application/*", NULL, false},
        {"text/*, */*", NULL, true},
        {"text/*;q=0.1, text/csv;q=0.8, application/*;q=0.7", NULL, true},
        {"text/*, text/csv;q=0.1, application/json;q=0.2", NULL, false},
        {"*/*", NULL, false},
        {"application/json;q=0, */*", NULL, true},
        {"text/csvx", NULL, false},
        {"text/", NULL, false},
        {"application/x;a=\"text/csv\"", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request = with("Accept", cases[i].first, cases[i].second);
        if (request_prefers(&request, "text/csv", "application/json") != cases[i].prefers) {
            fail_msg("case %zu: %s", i, cases[i].first ? cases[i].first : "(none)");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_prefers),
        cmocka_unit_test(test_etag),
        cmocka_unit_test(test_cross_site),
        cmocka_unit_test(test_client_behind_proxies),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_flood_of_addresses),
        cmocka_unit_test(test_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
