/*
 * router.h - method and path to handler. A table; `*` as last segment takes the rest.
 * Unknown path: not_found handler. Wrong method: 405 with Allow. HEAD goes where GET goes.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/exchange.h"

struct route {
    enum http_method method;
    const char *path; /* "/progress"; a last segment of one star takes the rest */
    http_handler_fn *handler;
};

struct router {
    const struct route *routes;
    size_t count;
    http_handler_fn *not_found;  /* answers 404 */
    http_handler_fn *bad_method; /* answers 405; Allow is already set */
    void *arg;
};

void router_dispatch(const struct router *router, struct exchange *exchange);
struct str route_rest(const struct exchange *exchange, const char *prefix); /* what follows "/V/" */

#endif
