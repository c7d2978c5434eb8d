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
#include "flow/progress.h"
#include "qr/svg.h"
#include "view/gzip.h"
#include "web/app.h"
#include "web/place.h"
#include "web/receipt_view.h"
#include "web/send.h"

enum { VISIT_MAGIC = 0x1515, LINK_TEXT_BYTES = 512, SVG_BYTES_MAX = 65536 };

struct visit {
    unsigned magic;
    struct web *web;
    struct exchange *exchange; /* held */
    enum link_kind kind;
    struct str text; /* of the path, in the exchange */
    char link[LINK_TEXT_BYTES];
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
    snprintf(visit->link, sizeof visit->link, "%s/r/%.*s", web->setup->options.site.base_url,
             STR_ARG(text));
    progress_read(web->setup, web->store, receipt, on_report, visit);
}

static void link_symbol(const char *link, struct buf *to)
{
    struct symbol symbol;
    buf_init(to, SVG_BYTES_MAX);
    if (symbol_make(&symbol, str_of(link), SYMBOL_M, NULL)) {
        svg_put(&symbol, "width=\"200\" height=\"200\" aria-hidden=\"true\"", to);
        symbol_release(&symbol);
    }
}

/* A helper goes from house to house: the way back to the same village's form, with a token of its own. */
static void next_form(const struct web *web, const struct progress_report *report,
                      char ret_href[CODE_TEXT_BYTES + 8])
{
    char text[CODE_TEXT_BYTES];
    struct code code = {.placement = CODE_LIST, .drill = report->drill};
    ret_href[0] = '\0';
    if (report->area != AREA_NONE) {
        snprintf(code.area, sizeof code.area, "%.*s",
                 STR_ARG(area_id(web->setup->areas, report->area)));
        code_make(&web->setup->keyring, &code, text);
        snprintf(ret_href, CODE_TEXT_BYTES + 8, "/V/%s", text);
    }
}

static void render(struct visit *visit, const struct progress_report *report, struct buf *html)
{
    char href[CODE_TEXT_BYTES + 8];
    struct receipt_view *view = mem_alloc(sizeof *view);
    struct buf svg;
    receipt_view_make(visit->web->setup, report, visit->kind == LINK_FULL, clock_wall_ms(), view);
    link_symbol(visit->link, &svg);
    view->page.qr_svg = buf_text(&svg);
    view->page.link = visit->link;
    next_form(visit->web, report, href);
    view->page.next_href = href;
    bool rendered = pages_receipt(visit->web->setup->pages, &view->page, html);
    CHECK(rendered);
    buf_release(&svg);
    receipt_view_release(view);
    free(view);
}

static void show_packed(struct visit *visit, const struct progress_report *report)
{
    struct web *web = visit->web;
    int64_t now_ms = loop_now_ms(web->loop);
    struct blob *packed = receipt_cache_find(web->receipts, visit->text, report->version, now_ms);
    if (packed != NULL) {
        send_packed(web, visit->exchange, packed);
        return;
    }
    struct buf html;
    struct buf work;
    buf_init(&html, PAGE_BYTES_MAX);
    buf_init(&work, PAGE_BYTES_MAX);
    render(visit, report, &html);
    gzip_put(buf_str(&html), &work);
    CHECK(buf_ok(&html) && buf_ok(&work));
    packed = blob_new(buf_str(&work));
    receipt_cache_put(web->receipts, visit->text, report->version, now_ms, packed);
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
    render(visit, report, &html);
    send_page(visit->web, visit->exchange, 200, &html);
    buf_release(&html);
}

static void on_report(void *arg, enum op_status status, const struct progress_report *report)
{
    struct visit *visit = arg;
    CHECK_OBJ(visit, VISIT_MAGIC);
    if (status != OP_OK) {
        exchange_header(visit->exchange, "Retry-After", "10");
        send_message(visit->web, visit->exchange, 503, "busy", NULL, "/progress");
    } else if (report == NULL) {
        send_message(visit->web, visit->exchange, 404, "receipt_unknown", NULL, "/progress");
    } else if (report->purged) {
        send_message(visit->web, visit->exchange, 410, "receipt_purged", NULL, "/");
    } else {
        show(visit, report);
    }
    exchange_drop(&visit->exchange);
    visit->magic = 0;
    free(visit);
}
