#include "web/send.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "view/gzip.h"

enum { GZIP_WORTH_BYTES = 512 };

void send_headers_make(struct web *web)
{
    bool https = str_starts(str_of(web->setup->options.site.base_url), STR("https://"));
    int len = snprintf(web->headers, sizeof web->headers,
                       "Content-Security-Policy: default-src 'none'; style-src %s; img-src data:; "
                       "form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"
                       "Referrer-Policy: no-referrer\r\n"
                       "X-Content-Type-Options: nosniff\r\n"
                       "X-Frame-Options: DENY\r\n"
                       "%s",
                       pages_style_hash(web->setup->pages),
                       https ? "Strict-Transport-Security: max-age=31536000\r\n" : "");
    CHECK(len > 0 && (size_t)len < sizeof web->headers);
}

void send_headers(const struct web *web, struct exchange *exchange, enum send_caching caching)
{
    exchange_header_lines(exchange, caching == SEND_NO_STORE
                                        ? STR("Cache-Control: no-store\r\n")
                                        : STR("Cache-Control: private, no-cache\r\n"));
    exchange_header_lines(exchange, str_of(web->headers));
}

static void send_body(struct exchange *exchange, struct str body)
{
    exchange_header(exchange, "Vary", "Accept-Encoding");
    if (body.len < GZIP_WORTH_BYTES || !request_takes_gzip(exchange_request(exchange))) {
        exchange_body_copy(exchange, body);
        return;
    }
    struct buf packed;
    buf_init(&packed, PAGE_BYTES_MAX);
    gzip_put(body, &packed);
    exchange_header(exchange, "Content-Encoding", "gzip");
    exchange_body_copy(exchange, buf_str(&packed));
    buf_release(&packed);
}

void send_page(const struct web *web, struct exchange *exchange, int status, const struct buf *html)
{
    CHECK(buf_ok(html));
    send_headers(web, exchange, SEND_NO_STORE);
    exchange_header(exchange, "Content-Type", "text/html; charset=utf-8");
    send_body(exchange, buf_str(html));
    exchange_send(exchange, status);
}

void send_packed(const struct web *web, struct exchange *exchange, struct blob *packed)
{
    send_headers(web, exchange, SEND_NO_STORE);
    exchange_header_lines(exchange, STR("Content-Type: text/html; charset=utf-8\r\n"
                                        "Vary: Accept-Encoding\r\n"
                                        "Content-Encoding: gzip\r\n"));
    exchange_body_blob(exchange, packed);
    exchange_send(exchange, 200);
}

void send_message(const struct web *web, struct exchange *exchange, int status, const char *name,
                  const char *hint, const char *href)
{
    const struct page_message page = {
        .name = name,
        .hint = hint ? hint : "",
        .href = href ? href : "/",
    };
    struct buf html;
    buf_init(&html, PAGE_BYTES_MAX);
    bool rendered = pages_message(web->setup->pages, &page, &html);
    CHECK(rendered);
    send_page(web, exchange, status, &html);
    buf_release(&html);
}

void send_redirect(const struct web *web, struct exchange *exchange, const char *location)
{
    send_headers(web, exchange, SEND_NO_STORE);
    exchange_header(exchange, "Location", location);
    exchange_send(exchange, 303);
}

void send_problem(const struct web *web, struct exchange *exchange, int status, const char *title,
                  const char *pointer, const char *detail)
{
    json_t *problem = json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title", title, "status",
                                status);
    if (detail[0] != '\0') {
        json_object_set_new(problem, "detail", json_string(detail));
        json_object_set_new(problem, "errors",
                            json_pack("[{s:s, s:s, s:s}]", "pointer", pointer, "code", "invalid",
                                      "detail", detail));
    }
    char *text = json_dumps(problem, JSON_COMPACT);
    CHECK(text != NULL);
    json_decref(problem);
    send_headers(web, exchange, SEND_NO_STORE);
    exchange_header(exchange, "Content-Type", "application/problem+json");
    exchange_body_copy(exchange, str_of(text));
    exchange_send(exchange, status);
    free(text);
}

void send_empty(const struct web *web, struct exchange *exchange, int status)
{
    send_headers(web, exchange, SEND_NO_STORE);
    exchange_send(exchange, status);
}

static bool is_under(struct str path, struct str folder)
{
    return str_starts(path, folder) && (path.len == folder.len || path.at[folder.len] == '/');
}

bool send_is_machine(const struct exchange *exchange)
{
    struct str path = exchange_request(exchange)->path;
    return is_under(path, STR("/api")) || is_under(path, STR("/hooks"));
}

bool send_is_office(const struct exchange *exchange)
{
    struct str path = exchange_request(exchange)->path;
    return is_under(path, STR("/api")) || is_under(path, STR("/console"));
}

bool send_form_body(const struct web *web, struct exchange *exchange, struct fields *fields)
{
    switch (exchange_read_form(exchange, fields)) {
    case FORM_BODY_OK:
        return true;
    case FORM_BODY_TYPE:
        send_message(web, exchange, 415, "bad_request", NULL, NULL);
        return false;
    case FORM_BODY_BROKEN:
        send_message(web, exchange, 400, "bad_request", NULL, NULL);
        return false;
    case FORM_BODY_MANY:
        send_message(web, exchange, 413, "too_large", NULL, NULL);
        return false;
    }
    return false;
}
