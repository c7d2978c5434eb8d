#include "http/router.h"

#include <stdio.h>

#include "base/check.h"

/* "/V/" followed by a star takes every path that begins with "/V/". */
static bool path_fits(const char *pattern, struct str path)
{
    struct str fixed = str_of(pattern);
    if (fixed.len >= 2 && str_ends(fixed, STR("/*"))) {
        return str_starts(path, str_sub(fixed, 0, fixed.len - 1));
    }
    return str_eq(fixed, path);
}

static const char *name_of(enum http_method method)
{
    static const char *const names[] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST",
        [HTTP_OPTIONS] = "OPTIONS", [HTTP_PUT] = "PUT",   [HTTP_PATCH] = "PATCH",
        [HTTP_DELETE] = "DELETE",
    };
    CHECK(method < HTTP_OTHER);
    return names[method];
}

static void refuse_method(const struct router *router, struct exchange *exchange, unsigned allowed)
{
    char list[64] = "";
    size_t len = 0;
    for (enum http_method method = HTTP_GET; method < HTTP_OTHER; method++) {
        if (allowed & (1U << method)) {
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "",
                                    name_of(method));
        }
    }
    exchange_header(exchange, "Allow", list);
    router->bad_method(exchange, router->arg);
}

void router_dispatch(const struct router *router, struct exchange *exchange)
{
    const struct request *request = exchange_request(exchange);
    enum http_method wanted = request->method == HTTP_HEAD ? HTTP_GET : request->method;
    unsigned allowed = 0;
    for (size_t i = 0; i < router->count; i++) {
        const struct route *route = &router->routes[i];
        if (!path_fits(route->path, request->path)) {
            continue;
        }
        if (route->method == wanted) {
            route->handler(exchange, router->arg);
            return;
        }
        allowed |= 1U << route->method;
        allowed |= route->method == HTTP_GET ? 1U << HTTP_HEAD : 0;
    }
    if (allowed == 0) {
        router->not_found(exchange, router->arg);
    } else {
        refuse_method(router, exchange, allowed);
    }
}

struct str route_rest(const struct exchange *exchange, const char *prefix)
{
    struct str path = exchange_request(exchange)->path;
    CHECK(str_starts(path, str_of(prefix)));
    return str_from(path, strlen(prefix));
}
