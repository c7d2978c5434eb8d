/*
 * web.h - one worker's handlers: farmers' pages and hooks on the public listener, /api on the office's. Without [listen] office both
 * are served on the public one; with it /api is not found there.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "flow/setup.h"
#include "http/exchange.h"

struct web;

struct web *web_new(struct loop *loop, const struct setup *setup, struct store *store,
                    struct err *err) MUST_CHECK;
void web_free(struct web **web);
/* For struct listener_options: arg is the struct web. */
void web_handle(struct exchange *exchange, void *arg);
void web_handle_office(struct exchange *exchange, void *arg);
void web_refused(struct exchange *exchange, int status, void *arg);

#endif
