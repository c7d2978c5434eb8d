/* What the household may do now, as its page offers it and as POST /r/… takes it: one answer for both. */
#include <stdio.h>
#include <string.h>

#include "flow/move.h"
#include "web/receipt_view.h"

static const struct {
    const char *name;
    enum progress_move_kind kind;
} acts[] = {
    {"nudge", MOVE_NUDGE},       {"visited", MOVE_VISITED}, {"not_visited", MOVE_NOT_VISITED},
    {"withdraw", MOVE_WITHDRAW}, {"object", MOVE_OBJECT},
};

enum progress_move_kind receipt_act_move(struct str act)
{
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (str_is(act, acts[i].name)) {
            return acts[i].kind;
        }
    }
    return MOVES;
}

enum progress_refusal receipt_act_refused(const struct setup *setup,
                                          const struct progress_report *report,
                                          enum progress_move_kind kind, int64_t now_ms)
{
    const struct progress_move move = {.kind = kind, .by = MOVER_FARMER, .at_ms = now_ms};
    if (!move_source_allows(&setup->options, report->lead, MOVER_FARMER, kind)) {
        return REFUSAL_NOT_HERE;
    }
    return progress_check(report->procedure, setup->calendar, &report->progress, &move);
}

/* What was done last, while it is fresh: whoever has just pressed reads it at the top of the page. */
void receipt_view_done(struct receipt_view *view, const struct progress_report *report, bool full)
{
    const struct progress *progress = &report->progress;
    bool came = progress->visit_said == VISIT_SAID_DONE;
    int64_t visit_ms = progress->visit_said_ms, last_ms = report->added_ms;
    const char *key = report->added_on_page ? "acts.done_add" : NULL; /* filed again: added */
    char date[DEADLINE_SHOWN_BYTES];
    if (visit_ms > last_ms) {
        last_ms = visit_ms;
        key = came ? "acts.done_visited" : "acts.done_not_visited";
    }
    if (progress->nudged_ms > last_ms) {
        last_ms = progress->nudged_ms;
        key = full ? "state.nudged" : "acts.done_nudge";
    }
    bool fresh = last_ms > 0 && view->now_ms - last_ms < RECEIPT_FRESH_MS;
    view->page.done = "";
    if (!fresh || progress_decided(progress)) {
        return;
    }
    view->page.added = key == NULL;
    view->nudge_said = last_ms == progress->nudged_ms;
    deadline_show(date_of_ms(last_ms), date);
    const struct catalog_value values[] = {{"date", date}, {NULL, NULL}};
    if (key != NULL) {
        receipt_view_fill(view, key, values, &view->done);
        view->page.done = buf_text(&view->done);
    }
}

static bool may(const struct receipt_view *view, enum progress_move_kind kind)
{
    return receipt_act_refused(view->setup, view->report, kind, view->now_ms) == REFUSAL_NONE;
}

/* From when, while it is too early: after the day that is promised, or when the days between two are over. */
static void fill_nudge_when(struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    int64_t from_ms = progress_nudge_from(view->report->procedure, progress);
    char date[DEADLINE_SHOWN_BYTES];
    if (from_ms == 0 || receipt_act_refused(view->setup, view->report, MOVE_NUDGE, view->now_ms) !=
                            REFUSAL_TOO_EARLY) {
        return;
    }
    bool again = progress->nudged_ms > 0;
    deadline_show(again ? date_of_ms(from_ms) : receipt_view_last_day(from_ms), date);
    const struct catalog_value values[] = {{"date", date}, {NULL, NULL}};
    receipt_view_fill(view, again ? "acts.nudge_again" : "acts.nudge_when", values,
                      &view->nudge_when);
}

static const char *visit_said(const struct receipt_view *view)
{
    static const char *const keys[] = {
        [VISIT_SAID_DONE] = "acts.said_visited", [VISIT_SAID_NOT] = "acts.said_not_visited"};
    enum progress_visit_said said = view->report->progress.visit_said;
    return said == VISIT_NOT_SAID ? "" : catalog_text(view->setup->catalog, keys[said]);
}

/* By the short link: what can be done with the number and the last four. */
static const char *fill_by_receipt(struct receipt_view *view)
{
    const struct progress *progress = &view->report->progress;
    char date[DEADLINE_SHOWN_BYTES];
    if (!progress_decided(progress)) {
        receipt_view_fill(view, "acts.by_receipt", NULL, &view->by_receipt);
    } else if (may(view, MOVE_OBJECT)) {
        int64_t end_ms = progress_object_end(view->report->procedure, view->setup->calendar,
                                             progress);
        deadline_show(receipt_view_last_day(end_ms), date);
        const struct catalog_value values[] = {{"date", date}, {NULL, NULL}};
        receipt_view_fill(view, "acts.object_by_receipt", NULL, &view->by_receipt);
        receipt_view_fill(view, "acts.object_until", values, &view->by_receipt);
    }
    return buf_text(&view->by_receipt);
}

void receipt_view_acts(struct receipt_view *view, bool full)
{
    const struct progress *progress = &view->report->progress;
    bool open = !progress_decided(progress);
    struct page_acts *page = &view->acts;
    *page = (struct page_acts){.action = "",
                               .problem = "",
                               .open = "",
                               .last4 = "",
                               .visit_said = "",
                               .nudge_when = "",
                               .withdraw_hint = "",
                               .by_receipt = "",
                               .call_phone = ""};
    if (view->page.closed) {
        return;
    }
    page->call_phone = full ? view->phone : "";
    if (view->follows) {
        return; /* what it says of the leader is done on the leader's page */
    }
    page->nudge = may(view, MOVE_NUDGE);
    page->visited = may(view, MOVE_VISITED);
    page->not_visited = may(view, MOVE_NOT_VISITED);
    page->visit_said = visit_said(view);
    fill_nudge_when(view);
    page->nudge_when = buf_text(&view->nudge_when);
    if (full) {
        page->add = open;
        page->add_first = open && progress->asked_ms > 0;
        page->withdraw = may(view, MOVE_WITHDRAW);
        page->object = may(view, MOVE_OBJECT);
        receipt_view_fill(view, "acts.withdraw_hint", NULL, &view->withdraw_hint);
        page->withdraw_hint = buf_text(&view->withdraw_hint);
    } else {
        page->by_receipt = fill_by_receipt(view);
    }
}
