#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "http/conn.h"

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART  "multipart/form-data; boundary=B"
#define PART(name, value)                                                                          \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

static const struct {
    const char *type;
    const char *body;
    enum form_body result;
    const char *fields; /* name=value; each ended by ; */
} cases[] = {
    {URLENCODED, "", FORM_BODY_OK, ""},
    {NULL, "", FORM_BODY_OK, ""},
    {URLENCODED, "a=1&b=2", FORM_BODY_OK, "a=1;b=2;"},
    {"Application/X-WWW-Form-Urlencoded; charset=GBK", "a=1", FORM_BODY_OK, "a=1;"},
    {URLENCODED, "risk=x&risk=y&risk=", FORM_BODY_OK, "risk=x;risk=y;risk=;"},
    {URLENCODED, "&&a&=b&", FORM_BODY_OK, "a=;=b;"},
    {URLENCODED, "a=b=c&d+e=%e4%B8%ad+%2B", FORM_BODY_OK, "a=b=c;d e=中 +;"},
    {URLENCODED, "a=%", FORM_BODY_BROKEN, NULL},
    {URLENCODED, "a=%4", FORM_BODY_BROKEN, NULL},
    {URLENCODED, "%zz=1", FORM_BODY_BROKEN, NULL},
    {"text/plain", "a=1", FORM_BODY_TYPE, NULL},
    {"application/json", "{}", FORM_BODY_TYPE, NULL},
    {NULL, "a=1", FORM_BODY_TYPE, NULL},

    {MULTIPART, PART("a", "1") PART("b", "x&y=z%20") "--B--\r\n", FORM_BODY_OK, "a=1;b=x&y=z%20;"},
    {MULTIPART, PART("a", "") PART("a", "l1\r\nl2\r\n--C") "--B--", FORM_BODY_OK,
     "a=;a=l1\r\nl2\r\n--C;"},
    {MULTIPART, "--B--", FORM_BODY_OK, ""},
    {"multipart/form-data; charset=\"x;y\"; boundary=\"B\"", PART("a", "1") "--B--\r\n",
     FORM_BODY_OK, "a=1;"},
    {MULTIPART,
     "--B\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-disposition: form-data; name=n\r\n"
     "Content-Transfer-Encoding: 8bit\r\n\r\nv\r\n--B--",
     FORM_BODY_OK, "n=v;"},
    {MULTIPART,
     "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\r\nx\r\n--B--",
     FORM_BODY_TYPE, NULL},
    {MULTIPART,
     "--B\r\nContent-Disposition: form-data; filename*=utf-8''a; name=\"f\"\r\n\r\nx\r\n--B--",
     FORM_BODY_TYPE, NULL},
    {MULTIPART,
     "--B\r\nContent-Disposition: form-data; name=\"f\"\r\nContent-Transfer-Encoding: "
     "base64\r\n\r\n"
     "eA==\r\n--B--",
     FORM_BODY_TYPE, NULL},
    {"multipart/form-data", PART("a", "1") "--B--", FORM_BODY_BROKEN, NULL},
    {"multipart/form-data; boundary=", PART("a", "1") "--B--", FORM_BODY_BROKEN, NULL},
    {MULTIPART, "", FORM_BODY_BROKEN, NULL},
    {MULTIPART, PART("a", "1"), FORM_BODY_BROKEN, NULL},
    {MULTIPART, PART("a", "1") "--B", FORM_BODY_BROKEN, NULL},
    {MULTIPART, PART("a", "1") "--B--x", FORM_BODY_BROKEN, NULL},
    {MULTIPART, "--B\r\n\r\nx\r\n--B--", FORM_BODY_BROKEN, NULL},
    {MULTIPART, "--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--B--",
     FORM_BODY_BROKEN, NULL},
    {MULTIPART, "--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--B--",
     FORM_BODY_BROKEN, NULL},
    {MULTIPART, "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nx\r\n--B--", FORM_BODY_BROKEN,
     NULL},
    /* RFC 2046: a preamble and an epilogue are skipped, and a boundary in the middle of a line is none */
    {MULTIPART, "x\r\n" PART("a", "1") "--B--", FORM_BODY_OK, "a=1;"},
    {MULTIPART, PART("a", "1") "--B--\r\nx", FORM_BODY_OK, "a=1;"},
    {MULTIPART, "x" PART("a", "1") "--B--", FORM_BODY_OK, ""},
    {MULTIPART, "x" PART("a", "1"), FORM_BODY_BROKEN, NULL},
};

static struct exchange *exchange_with(const char *type, struct str body)
{
    struct exchange *exchange = mem_alloc(sizeof *exchange);
    struct request *request = &exchange->reader.request;
    exchange->magic = EXCHANGE_MAGIC;
    buf_init(&exchange->form, 0);
    request->body = body;
    if (type != NULL) {
        exchange->reader.headers = mem_alloc(sizeof *exchange->reader.headers);
        exchange->reader.headers[0] = (struct request_header){STR("content-type"), str_of(type)};
        request->headers = exchange->reader.headers;
        request->header_count = 1;
    }
    return exchange;
}

static void free_exchange(struct exchange *exchange)
{
    buf_release(&exchange->form);
    free(exchange->reader.headers);
    free(exchange);
}

static void test_table(void **state)
{
    static struct fields fields;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf said;
        char *body = mem_strdup(cases[i].body);
        struct exchange *exchange = exchange_with(cases[i].type, str_of(body));
        buf_init(&said, 1000);
        enum form_body result = exchange_read_form(exchange, &fields);
        result = exchange_read_form(exchange, &fields); /* reading again is no harm */
        for (size_t k = 0; k < fields.count; k++) {
            buf_printf(&said, "%.*s=%.*s;", STR_ARG(fields.at[k].name),
                       STR_ARG(fields.at[k].value));
        }
        if (result != cases[i].result ||
            (result == FORM_BODY_OK && strcmp(buf_text(&said), cases[i].fields) != 0)) {
            fail_msg("%s\nresult %d, fields %s", cases[i].body, (int)result, buf_text(&said));
        }
        buf_release(&said);
        free_exchange(exchange);
        free(body);
    }
}

static void test_too_many(void **state)
{
    static struct fields fields;
    struct buf body;
    (void)state;
    buf_init(&body, 10000);
    for (int i = 0; i < FIELDS_MAX; i++) {
        buf_puts(&body, "a=1&");
    }
    struct exchange *exchange = exchange_with(URLENCODED, buf_str(&body));
    assert_int_equal(exchange_read_form(exchange, &fields), FORM_BODY_OK);
    free_exchange(exchange);
    buf_puts(&body, "a=1");
    exchange = exchange_with(URLENCODED, buf_str(&body));
    assert_int_equal(exchange_read_form(exchange, &fields), FORM_BODY_MANY);
    free_exchange(exchange);
    buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table),
                                       cmocka_unit_test(test_too_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
