/* GET and POST /progress: to the receipt's page by number and last four characters, or by ID and phone. */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/progress.h"
#include "web/app.h"
#include "web/send.h"

enum { ASK_MAGIC = 0xA5C, TYPED_BYTES = 128 };

struct ask {
    unsigned magic;
    struct web *web;
    struct exchange *exchange; /* held */
    char receipt[TYPED_BYTES], last4[TYPED_BYTES], id_number[TYPED_BYTES], phone[TYPED_BYTES];
};

static progress_query_done_fn on_answer;

static void show(const struct web *web, struct exchange *exchange, int status,
                 const struct page_progress *page)
{
    struct buf html;
    buf_init(&html, PAGE_BYTES_MAX);
    bool rendered = pages_progress(web->setup->pages, page, &html);
    CHECK(rendered);
    send_page(web, exchange, status, &html);
    buf_release(&html);
}

void farmer_progress(struct exchange *exchange, void *arg)
{
    const struct web *web = arg;
    CHECK_OBJ(web, WEB_MAGIC);
    const struct page_progress page = {.receipt = "", .last4 = "", .id_number = "", .phone = ""};
    show(web, exchange, 200, &page);
}

/* What was typed is shown again, so it must be printable text. */
static void keep(char *to, struct str typed)
{
    struct buf clean;
    buf_init(&clean, 4 * TYPED_BYTES);
    if (!person_text_clean(str_sub(typed, 0, TYPED_BYTES - 1), &clean)) {
        buf_clear(&clean);
    }
    snprintf(to, TYPED_BYTES, "%s", buf_text(&clean));
    buf_release(&clean);
}

void farmer_progress_ask(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    struct fields *fields = mem_alloc(sizeof *fields);
    CHECK_OBJ(web, WEB_MAGIC);
    if (request_is_cross_site(exchange_request(exchange))) {
        send_message(web, exchange, 403, "forbidden", NULL, "/progress");
    } else if (exchange_read_form(exchange, fields) != FORM_BODY_OK) {
        send_message(web, exchange, 400, "bad_request", NULL, "/progress");
    } else {
        struct ask *ask = mem_alloc(sizeof *ask);
        ask->magic = ASK_MAGIC;
        ask->web = web;
        ask->exchange = exchange_hold(exchange);
        keep(ask->receipt, fields_get(fields, "receipt"));
        keep(ask->last4, fields_get(fields, "last4"));
        keep(ask->id_number, fields_get(fields, "id_number"));
        keep(ask->phone, fields_get(fields, "phone"));
        const struct progress_query query = {
            .receipt = str_of(ask->receipt),
            .last4 = str_of(ask->last4),
            .id_number = str_of(ask->id_number),
            .phone = str_of(ask->phone),
        };
        progress_ask(web->setup, web->store, web->loop, &query, on_answer, ask);
    }
    free(fields);
}

static void on_answer(void *arg, const struct progress_query_answer *answer)
{
    struct ask *ask = arg;
    CHECK_OBJ(ask, ASK_MAGIC);
    struct page_progress page = {
        .receipt = ask->receipt,
        .last4 = ask->last4,
        .id_number = ask->id_number,
        .phone = ask->phone,
        .by_id = ask->receipt[0] == '\0' && ask->id_number[0] != '\0',
        .wrong = answer->kind == PROGRESS_QUERY_WRONG,
        .locked = answer->kind == PROGRESS_QUERY_LOCKED,
        .busy = answer->kind == PROGRESS_QUERY_BUSY,
    };
    if (answer->kind == PROGRESS_QUERY_RIGHT) {
        char sig[LINK_SIG_BYTES];
        char location[RECEIPT_BYTES + LINK_SIG_BYTES + 8];
        link_sig(&ask->web->setup->keyring, answer->link, str_of(answer->receipt), sig);
        snprintf(location, sizeof location, "/r/%s-%s", answer->receipt, sig);
        send_redirect(ask->web, ask->exchange, location);
    } else if (answer->kind == PROGRESS_QUERY_WRONG) {
        show(ask->web, ask->exchange, 422, &page);
    } else {
        char seconds[24];
        int64_t wait_s = page.locked ? answer->retry_after_s : 10;
        snprintf(seconds, sizeof seconds, "%lld", (long long)wait_s);
        exchange_header(ask->exchange, "Retry-After", seconds);
        show(ask->web, ask->exchange, page.locked ? 429 : 503, &page);
    }
    exchange_drop(&ask->exchange);
    explicit_bzero(ask, sizeof *ask);
    free(ask);
}
