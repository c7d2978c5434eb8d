#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "http/conn.h"
#include "http/router.h"

static const char *called;
static char rest[32];

static void get_form(struct exchange *exchange, void *arg)
{
    struct str found = route_rest(exchange, "/V/");
    (void)arg;
    called = "get_form";
    memcpy(rest, found.at, found.len);
    rest[found.len] = '\0';
}

static void post_form(struct exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
    called = "post_form";
}

static void home(struct exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
    called = "home";
}

static void hook(struct exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
    called = "hook";
}

static void not_found(struct exchange *exchange, void *arg)
{
    (void)exchange;
    called = arg;
}

static void bad_method(struct exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
    called = "bad_method";
}

static const struct route routes[] = {
    {HTTP_GET, "/", home},
    {HTTP_GET, "/V/*", get_form},
    {HTTP_POST, "/V/*", post_form},
    {HTTP_POST, "/hooks/upstream", hook},
};

static void test_table(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        const char *called;
        const char *allow;
    } cases[] = {
        {HTTP_GET, "/", "home", NULL},
        {HTTP_HEAD, "/", "home", NULL},
        {HTTP_POST, "/", "bad_method", "Allow: GET, HEAD\r\n"},
        {HTTP_OTHER, "/", "bad_method", "Allow: GET, HEAD\r\n"},
        {HTTP_GET, "/V/ABC/d", "get_form", NULL},
        {HTTP_POST, "/V/ABC", "post_form", NULL},
        {HTTP_DELETE, "/V/ABC", "bad_method", "Allow: GET, HEAD, POST\r\n"},
        {HTTP_GET, "/V", "not_found", NULL},
        {HTTP_GET, "/v/ABC", "not_found", NULL},
        {HTTP_POST, "/hooks/upstream", "hook", NULL},
        {HTTP_GET, "/hooks/upstream", "bad_method", "Allow: POST\r\n"},
        {HTTP_GET, "/hooks/upstream/", "not_found", NULL},
        {HTTP_POST, "/hooks", "not_found", NULL},
    };
    const struct router router = {routes, sizeof routes / sizeof routes[0], not_found, bad_method,
                                  (void *)(uintptr_t) "not_found"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange *exchange = mem_alloc(sizeof *exchange);
        exchange->magic = EXCHANGE_MAGIC;
        response_init(&exchange->response);
        exchange->reader.request.method = cases[i].method;
        exchange->reader.request.path = str_of(cases[i].path);
        called = "nobody";
        router_dispatch(&router, exchange);
        assert_string_equal(called, cases[i].called);
        assert_string_equal(buf_text(&exchange->response.headers),
                            cases[i].allow ? cases[i].allow : "");
        response_release(&exchange->response);
        free(exchange);
    }
}

static void test_rest(void **state)
{
    const struct router router = {routes, sizeof routes / sizeof routes[0], not_found, bad_method,
                                  NULL};
    struct exchange *exchange = mem_alloc(sizeof *exchange);
    (void)state;
    exchange->magic = EXCHANGE_MAGIC;
    exchange->reader.request.path = STR("/V/AB%20C/");
    router_dispatch(&router, exchange);
    assert_string_equal(rest, "AB%20C/");
    free(exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_rest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
