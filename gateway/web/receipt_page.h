/*
 * receipt_page.h - the receipt's page as bytes: for GET, and for a POST that was not taken.
 */
#ifndef WEB_RECEIPT_PAGE_H
#define WEB_RECEIPT_PAGE_H

#include "web/app.h"
#include "web/receipt_view.h"

enum { RECEIPT_LINK_BYTES = 512 };

/* What was sent and not taken; all borrowed. */
struct receipt_sent {
    const char *act;               /* add, withdraw, object: its form stands open; or "" */
    const char *problem;           /* a sentence, or "" */
    const struct answers *answers; /* or NULL */
    bool show_faults, add_empty;
    bool early;              /* a nudge: the problem is from when it may be */
    const char *last4_fault; /* a catalog's key, or NULL */
    const char *last4;
};

/* text: what follows /r/ in the address. sent NULL: nothing. */
void receipt_page_put(const struct web *web, struct str text, enum link_kind kind,
                      const struct progress_report *report, const struct receipt_sent *sent,
                      struct buf *html);
/* When progress_read has no report to show: 503, 404, or 410 when it was kept long enough. True when it has answered. */
bool receipt_page_missing(const struct web *web, struct exchange *exchange, enum op_status status,
                          const struct progress_report *report);

#endif
