#include "web/web.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "web/api.h"
#include "web/app.h"
#include "web/send.h"

static http_handler_fn on_not_found;
static http_handler_fn on_bad_method;
static http_handler_fn on_robots;

static const struct route farmer_routes[] = {
    {HTTP_GET, "/V/*", farmer_code},
    {HTTP_POST, "/V/*", farmer_submit},
    {HTTP_GET, "/r/*", farmer_receipt},
    {HTTP_POST, "/r/*", farmer_act},
    {HTTP_GET, "/progress", farmer_progress},
    {HTTP_POST, "/progress", farmer_progress_ask},
    {HTTP_GET, "/", farmer_root},
    {HTTP_POST, "/hooks/upstream", hooks_upstream},
    {HTTP_GET, "/robots.txt", on_robots},
};

static const struct route office_routes[] = {
    {HTTP_GET, "/robots.txt", on_robots},
    /* which methods a path has, its own table knows */
    {HTTP_GET, "/api/*", api_handle},
    {HTTP_POST, "/api/*", api_handle},
    {HTTP_PUT, "/api/*", api_handle},
    {HTTP_PATCH, "/api/*", api_handle},
    {HTTP_DELETE, "/api/*", api_handle},
    {HTTP_OPTIONS, "/api/*", api_handle},
    {HTTP_OTHER, "/api/*", api_handle},
};

static void fill_router(struct web *web, struct router *router, const struct route *routes,
                        size_t count)
{
    *router = (struct router){
        .routes = routes,
        .count = count,
        .not_found = on_not_found,
        .bad_method = on_bad_method,
        .arg = web,
    };
}

struct web *web_new(struct loop *loop, const struct setup *setup, struct store *store,
                    struct err *err)
{
    struct web *web = mem_alloc(sizeof *web);
    web->magic = WEB_MAGIC;
    web->loop = loop;
    web->setup = setup;
    web->store = store;
    web->forms = form_cache_new();
    web->receipts = receipt_cache_new();
    web->opens = open_counts_new(loop, setup, store);
    web->codes = codes_file_open(setup->options.areas.codes, err);
    if (web->codes != NULL) {
        web->token_limits = token_limits_new(setup->options.limits.token_per_min,
                                             setup->options.limits.address_exempt, err);
    }
    if (web->token_limits == NULL) {
        web_free(&web);
        return NULL;
    }
    web->feed = feed_hub_new(loop, setup, store);
    fill_router(web, &web->farmers, farmer_routes, sizeof farmer_routes / sizeof farmer_routes[0]);
    fill_router(web, &web->office, office_routes, sizeof office_routes / sizeof office_routes[0]);
    send_headers_make(web);
    return web;
}

void web_free(struct web **web)
{
    if (*web != NULL) {
        form_cache_free(&(*web)->forms);
        receipt_cache_free(&(*web)->receipts);
        open_counts_free(&(*web)->opens);
        codes_file_close(&(*web)->codes);
        token_limits_free(&(*web)->token_limits);
        feed_hub_free(&(*web)->feed);
        (*web)->magic = 0;
        free(*web);
        *web = NULL;
    }
}

void web_handle(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    CHECK_OBJ(web, WEB_MAGIC);
    bool office = web->setup->options.listen.office[0] == '\0' && send_is_office(exchange);
    router_dispatch(office ? &web->office : &web->farmers, exchange);
}

void web_handle_office(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    CHECK_OBJ(web, WEB_MAGIC);
    router_dispatch(&web->office, exchange);
}

/* A request that never became one: the words that fit its status. */
void web_refused(struct exchange *exchange, int status, void *arg)
{
    static const struct {
        int status;
        const char *name;
    } names[] = {
        {408, "timeout"},  {413, "too_large"}, {414, "too_large"},
        {429, "too_many"}, {431, "too_large"}, {503, "busy"},
    };
    struct web *web = arg;
    const char *name = "bad_request";
    CHECK_OBJ(web, WEB_MAGIC);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].status == status) {
            name = names[i].name;
        }
    }
    if (send_is_machine(exchange)) {
        send_problem(web, exchange, status, "Not accepted", "", "");
    } else {
        send_message(web, exchange, status, name, NULL, NULL);
    }
}

static void on_not_found(struct exchange *exchange, void *arg)
{
    const struct web *web = arg;
    if (send_is_machine(exchange)) {
        send_problem(web, exchange, 404, "Not found", "", "");
    } else {
        send_message(web, exchange, 404, "not_found", NULL, NULL);
    }
}

static void on_bad_method(struct exchange *exchange, void *arg)
{
    const struct web *web = arg;
    if (send_is_machine(exchange)) {
        send_problem(web, exchange, 405, "Method not allowed", "", "");
    } else {
        send_message(web, exchange, 405, "bad_method", NULL, NULL);
    }
}

static void on_robots(struct exchange *exchange, void *arg)
{
    const struct web *web = arg;
    send_headers(web, exchange, SEND_NO_CACHE);
    exchange_header(exchange, "Content-Type", "text/plain; charset=utf-8");
    exchange_body_copy(exchange, STR("User-agent: *\nDisallow: /\n"));
    exchange_send(exchange, 200);
}
