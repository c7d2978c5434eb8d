/*
 * send.h - answers leave the web room from here: security headers, gzip, caching, messages, redirects, problems.
 */
#ifndef WEB_SEND_H
#define WEB_SEND_H

#include "web/app.h"

enum send_caching { SEND_NO_STORE, SEND_NO_CACHE };

void send_headers_make(struct web *web); /* once, at the start of the worker */
/* What every farmer's page carries (contract §6). */
void send_headers(const struct web *web, struct exchange *exchange, enum send_caching caching);
/* A whole page; compressed when the client takes it. The buffer stays the caller's. */
void send_page(const struct web *web, struct exchange *exchange, int status,
               const struct buf *html);
/* A whole page that gzip_put compressed before; for a client that takes it. The blob stays the caller's. */
void send_packed(const struct web *web, struct exchange *exchange, struct blob *packed);
/* Renders message `name` (view/pages.h). hint and href may be NULL. */
void send_message(const struct web *web, struct exchange *exchange, int status, const char *name,
                  const char *hint, const char *href);
/* The fields of a form that was sent; false: it could not be read, and the answer is given. */
bool send_form_body(const struct web *web, struct exchange *exchange, struct fields *ret_fields);
void send_redirect(const struct web *web, struct exchange *exchange,
                   const char *location); /* 303 */
/* RFC 9457, for /api and /hooks */
void send_problem(const struct web *web, struct exchange *exchange, int status, const char *title,
                  const char *pointer, const char *detail);
void send_empty(const struct web *web, struct exchange *exchange, int status);
bool send_is_machine(const struct exchange *exchange); /* a path under /api or /hooks */
bool send_is_office(const struct exchange *exchange);  /* a path under /api or /console */

#endif
