/*
 * receipt_view.h - from a report's progress to the words and dates of its page. No waits, no network.
 */
#ifndef WEB_RECEIPT_VIEW_H
#define WEB_RECEIPT_VIEW_H

#include "flow/progress.h"
#include "view/pages.h"
#include "web/place.h"

enum { RECEIPT_DATE_BYTES = 96 };

/* Owns every text that page points to, but for qr_svg and link. */
struct receipt_view {
    struct page_receipt page;
    struct page_step steps[PROCEDURE_STEPS_MAX];
    char dates[PROCEDURE_STEPS_MAX][RECEIPT_DATE_BYTES];
    char shown[RECEIPT_SHOWN_BYTES];
    char place[2 * PLACE_NAME_BYTES];
    char submitted[RECEIPT_DATE_BYTES];
    char town[PLACE_NAME_BYTES];
    char phone[64], contact[64];
    struct buf ending, who_comes, urgent;
};

void receipt_view_make(const struct setup *setup, const struct progress_report *report, bool full,
                       int64_t now_wall_ms, struct receipt_view *ret);
void receipt_view_release(struct receipt_view *view);

#endif
