/*
 * receipt_view.h - from a report's progress to the words and dates of its page. No waits, no network.
 *
 *   receipt_view_make ─► place ─► steps (receipt_view.c) ─► what was just done ─► state, notices, ending, who comes (receipt_words.c) ─► acts (receipt_acts.c)
 *
 * Of a report that was merged the household that filed both reads how far the leader is; another filer, and whoever filed for somebody who did not
 * want it, reads only that it is closed.
 */
#ifndef WEB_RECEIPT_VIEW_H
#define WEB_RECEIPT_VIEW_H

#include "flow/progress.h"
#include "view/pages.h"
#include "web/place.h"

enum {
    RECEIPT_DATE_BYTES = 96,
    RECEIPT_NOTICES_MAX = 12,
    RECEIPT_SENTENCES_BYTES_MAX = 4096,
    RECEIPT_FRESH_MS = 3600000
};

/* Owns every text that page points to, but for qr_svg, link, next_href, acts.action, and what was sent. */
struct receipt_view {
    struct page_receipt page;
    struct page_acts acts;
    struct page_step steps[PROCEDURE_STEPS_MAX];
    char dates[PROCEDURE_STEPS_MAX][RECEIPT_DATE_BYTES];
    char shown[RECEIPT_SHOWN_BYTES];
    char place[2 * PLACE_NAME_BYTES];
    char submitted[RECEIPT_DATE_BYTES];
    char town[PLACE_NAME_BYTES];
    char phone[64], contact[64];
    struct buf ending, who_comes, urgent, done, nudge_when, withdraw_hint, by_receipt;
    struct buf notices[RECEIPT_NOTICES_MAX];
    const char *notice_texts[RECEIPT_NOTICES_MAX];
    struct page_help help[HELP_MAX];
    /* while it is made */
    const struct setup *setup;
    const struct progress_report *report; /* whose progress is shown */
    bool follows;                         /* it is the leader's */
    bool nudge_said;                      /* at the top: just done */
    const char *merged_note;              /* what was said when it was merged; "" when it is not */
    bool steps_shown;                     /* [progress] source is not none */
    int64_t now_ms;
};

void receipt_view_make(const struct setup *setup, const struct progress_report *report, bool full,
                       int64_t now_wall_ms, struct receipt_view *ret);
void receipt_view_release(struct receipt_view *view);

/* The farmer's move that an act is; MOVES for add and for what is none. */
enum progress_move_kind receipt_act_move(struct str act);
/* Why the household may not make this move now; REFUSAL_NONE: it may. */
enum progress_refusal receipt_act_refused(const struct setup *setup,
                                          const struct progress_report *report,
                                          enum progress_move_kind kind, int64_t now_ms);

/* For the files of this view only. */
void receipt_view_words(struct receipt_view *view);
void receipt_view_done(struct receipt_view *view, const struct progress_report *report, bool full);
void receipt_view_acts(struct receipt_view *view, bool full);
struct date receipt_view_last_day(int64_t due_ms); /* a deadline ends at 24:00 of this day */
void receipt_view_day(int64_t wall_ms, char ret_text[RECEIPT_DATE_BYTES]); /* 11月23日 */
/* Fills a text of the catalog with these values and those of the place: town, town_phone, hotline, upstream_name. */
void receipt_view_fill(const struct receipt_view *view, const char *key,
                       const struct catalog_value *more, struct buf *to);

#endif
