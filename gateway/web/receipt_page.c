#include "web/receipt_page.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "qr/svg.h"
#include "web/send.h"

enum { SVG_BYTES_MAX = 65536 };

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

static void put_sent(struct page_acts *acts, const struct receipt_sent *sent)
{
    acts->open = sent->act;
    acts->problem = sent->early && acts->nudge_when[0] ? acts->nudge_when : sent->problem;
    acts->nudge_when = sent->early ? "" : acts->nudge_when;
    acts->answers = sent->answers;
    acts->show_faults = sent->show_faults;
    acts->add_empty = sent->add_empty;
    acts->last4_fault = sent->last4_fault;
    acts->last4 = sent->last4;
}

void receipt_page_put(const struct web *web, struct str text, enum link_kind kind,
                      const struct progress_report *report, const struct receipt_sent *sent,
                      struct buf *html)
{
    char href[CODE_TEXT_BYTES + 8];
    char link[RECEIPT_LINK_BYTES];
    struct receipt_view *view = mem_alloc(sizeof *view);
    struct buf svg;
    receipt_view_make(web->setup, report, kind == LINK_FULL, clock_wall_ms(), view);
    snprintf(link, sizeof link, "%s/r/%.*s", web->setup->options.site.base_url, STR_ARG(text));
    link_symbol(link, &svg);
    next_form(web, report, href);
    view->page.qr_svg = buf_text(&svg);
    view->page.link = link;
    view->page.next_href = href;
    view->acts.action = link + strlen(web->setup->options.site.base_url);
    if (sent != NULL) {
        view->page.fresh = view->page.added = false; /* this is about what was sent */
        view->page.done = "";
        put_sent(&view->acts, sent);
    }
    bool rendered = pages_receipt(web->setup->pages, &view->page, html);
    CHECK(rendered);
    buf_release(&svg);
    receipt_view_release(view);
    free(view);
}

bool receipt_page_missing(const struct web *web, struct exchange *exchange, enum op_status status,
                          const struct progress_report *report)
{
    if (status != OP_OK) {
        exchange_header(exchange, "Retry-After", "10");
        send_message(web, exchange, 503, "busy", NULL, "/progress");
    } else if (report == NULL || report->lead) {
        send_message(web, exchange, 404, "receipt_unknown", NULL, "/progress");
    } else if (report->purged) {
        send_message(web, exchange, 410, "receipt_purged", NULL, "/");
    } else {
        return false;
    }
    return true;
}
