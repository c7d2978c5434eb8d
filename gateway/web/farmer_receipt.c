/*
 * GET /r/{receipt}-{sig}: receipt and progress. The link's kind says how much is shown (contract §6, mechanics.md "Keys and seals").
 *
 *   link ─► kind ─► flow/progress ─┬─ seen in this version ─► receipt_cache ──────────────────┐
 *                                  └─ else ─► steps with dates, ending, who comes, symbol ─► page
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "view/gzip.h"
#include "web/receipt_page.h"
#include "web/send.h"

enum { VISIT_MAGIC = 0x1515 };

struct visit {
    unsigned magic;
    struct web *web;
    struct exchange *exchange; /* held */
    enum link_kind kind;
    struct str text; /* of the path, in the exchange */
};

static progress_read_done_fn on_report;

void farmer_receipt(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    char receipt[RECEIPT_BYTES];
    enum link_kind kind;
    CHECK_OBJ(web, WEB_MAGIC);
    struct str text = route_rest(exchange, "/r/");
    if (!link_read(&web->setup->keyring, text, receipt, &kind)) {
        send_message(web, exchange, 404, "receipt_unknown", NULL, "/progress");
        return;
    }
    struct visit *visit = mem_alloc(sizeof *visit);
    visit->magic = VISIT_MAGIC;
    visit->web = web;
    visit->exchange = exchange_hold(exchange);
    visit->kind = kind;
    visit->text = text;
    progress_read(web->setup, web->store, receipt, on_report, visit);
}

/* What is shown changes with the version; without one by the delivery of a withdrawal, and at midnight, when a nudge or an objection comes due. */
static int64_t stamp_of(const struct progress_report *report)
{
    enum { DAYS_MAX = 1000000 };
    int64_t today = date_to_days(date_of_ms(clock_wall_ms())) % DAYS_MAX;
    return (2 * report->version + (report->withdrawal_on_its_way ? 1 : 0)) * DAYS_MAX + today;
}

static void show_packed(struct visit *visit, const struct progress_report *report)
{
    struct web *web = visit->web;
    int64_t now_ms = loop_now_ms(web->loop);
    bool kept = report->leader == NULL; /* what is shown of a leader has versions of its own */
    struct blob *packed = kept ? receipt_cache_find(web->receipts, visit->text, stamp_of(report),
                                                    now_ms)
                               : NULL;
    if (packed != NULL) {
        send_packed(web, visit->exchange, packed);
        return;
    }
    struct buf html;
    struct buf work;
    buf_init(&html, PAGE_BYTES_MAX);
    buf_init(&work, PAGE_BYTES_MAX);
    receipt_page_put(web, visit->text, visit->kind, report, NULL, &html);
    gzip_put(buf_str(&html), &work);
    CHECK(buf_ok(&html) && buf_ok(&work));
    packed = blob_new(buf_str(&work));
    if (kept) {
        receipt_cache_put(web->receipts, visit->text, stamp_of(report), now_ms, packed);
    }
    send_packed(web, visit->exchange, packed);
    blob_drop(&packed);
    buf_release(&work);
    buf_release(&html);
}

static void show(struct visit *visit, const struct progress_report *report)
{
    struct buf html;
    if (request_takes_gzip(exchange_request(visit->exchange))) {
        show_packed(visit, report);
        return;
    }
    buf_init(&html, PAGE_BYTES_MAX);
    receipt_page_put(visit->web, visit->text, visit->kind, report, NULL, &html);
    send_page(visit->web, visit->exchange, 200, &html);
    buf_release(&html);
}

static void on_report(void *arg, enum op_status status, const struct progress_report *report)
{
    struct visit *visit = arg;
    CHECK_OBJ(visit, VISIT_MAGIC);
    if (!receipt_page_missing(visit->web, visit->exchange, status, report)) {
        show(visit, report);
    }
    exchange_drop(&visit->exchange);
    visit->magic = 0;
    free(visit);
}
