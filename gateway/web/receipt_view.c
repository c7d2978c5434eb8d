#include "web/receipt_view.h"

#include <stdio.h>

#include "base/check.h"

enum { FRESH_MS = 3600000, OBJECTION_DAYS = 30, WORDS_BYTES_MAX = 4096 };

static void day_text(int64_t wall_ms, char ret_text[RECEIPT_DATE_BYTES])
{
    struct date date = date_of_ms(wall_ms);
    snprintf(ret_text, RECEIPT_DATE_BYTES, "%d月%d日", date.month, date.day);
}

/* A deadline ends at 24:00, which belongs to the day before. */
static struct date last_day(int64_t due_ms)
{
    return date_of_ms(due_ms - 1);
}

/* 最晚11月30日（周一）, or 一般… where no document says it */
static void due_text(const struct catalog *catalog, struct date date, bool confirmed,
                     char ret_text[RECEIPT_DATE_BYTES])
{
    char shown[DEADLINE_SHOWN_BYTES];
    struct buf text;
    deadline_show(date, shown);
    const struct catalog_value values[] = {{"date", shown}, {NULL, NULL}};
    buf_init(&text, RECEIPT_DATE_BYTES - 1);
    catalog_fill(catalog, confirmed ? "coming.latest" : "coming.usual", values, &text);
    snprintf(ret_text, RECEIPT_DATE_BYTES, "%s", buf_text(&text));
    buf_release(&text);
}

static bool step_done(const struct progress_step *step)
{
    return step->state == STEP_PASSED || step->state == STEP_SKIPPED;
}

/* Steps run in parallel: those done as they were done, then the others as they are due, so that no date goes back. */
static bool comes_before(const struct progress *progress, const struct date *days, size_t a,
                         size_t b)
{
    const struct progress_step *first = &progress->steps[a];
    const struct progress_step *second = &progress->steps[b];
    if (step_done(first) != step_done(second)) {
        return step_done(first);
    }
    return step_done(first) ? first->done_ms < second->done_ms
                            : date_to_days(days[a]) < date_to_days(days[b]);
}

static void order_steps(const struct progress *progress, const struct date *days, size_t count,
                        size_t ret_order[PROCEDURE_STEPS_MAX])
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && comes_before(progress, days, i, ret_order[at - 1]); at--) {
            ret_order[at] = ret_order[at - 1];
        }
        ret_order[at] = i;
    }
}

static void fill_steps(const struct setup *setup, const struct progress_report *report, bool full,
                       struct receipt_view *view)
{
    const struct progress *progress = &report->progress;
    const struct procedure *procedure = progress_route(report->procedure, progress);
    struct date days[PROCEDURE_STEPS_MAX];
    bool decided = progress->decided_ms > 0;
    progress_expected(procedure, setup->calendar, progress, days);
    size_t count = 0;
    size_t order[PROCEDURE_STEPS_MAX];
    order_steps(progress, days, procedure->step_count, order);
    for (size_t at = 0; at < procedure->step_count; at++) {
        size_t i = order[at];
        const struct procedure_step *step = &procedure->steps[i];
        const struct progress_step *state = &progress->steps[i];
        bool done = step_done(state);
        if (decided && !done) {
            continue;
        }
        if (done) {
            day_text(state->done_ms, view->dates[count]);
        } else if (step->deadline.days > 0) {
            due_text(setup->catalog, days[i], step->deadline.confirmed, view->dates[count]);
        } else {
            view->dates[count][0] = '\0';
        }
        view->steps[count] = (struct page_step){
            .word = step->word,
            .name = step->name,
            .date = view->dates[count],
            .note = full ? state->note : "",
            .who = step->who ? step->who : "",
            .done = done,
            .current = progress_step_under_way(progress, i),
            .unconfirmed = !step->deadline.confirmed,
            .skipped = state->state == STEP_SKIPPED,
        };
        count++;
    }
    view->page.steps = view->steps;
    view->page.step_count = count;
}

static const char *or_unset(const struct setup *setup, const char *text)
{
    return text[0] ? text : catalog_text(setup->catalog, "site.unset");
}

/* One sentence per ending; the reason is the procedure's words, never more. */
static void fill_ending(const struct setup *setup, const struct progress_report *report,
                        struct receipt_view *view)
{
    const struct progress *progress = &report->progress;
    static const char *const keys[] = {
        [PROGRESS_ADMITTED] = "outcome.admitted",   [PROGRESS_DECLINED] = "outcome.declined",
        [PROGRESS_CLOSED] = "outcome.closed",       [PROGRESS_CLEARED] = "outcome.cleared",
        [PROGRESS_WITHDRAWN] = "outcome.withdrawn",
    };
    const struct procedure_reason *reason = procedure_reason(report->procedure,
                                                             str_of(progress->reason));
    char date[DEADLINE_SHOWN_BYTES];
    struct buf because;
    if (progress->state == PROGRESS_NEW || progress->state == PROGRESS_OPEN) {
        return;
    }
    buf_init(&because, WORDS_BYTES_MAX);
    if (reason != NULL) {
        const struct catalog_value values[] = {
            {"reason", reason->words}, {"town", view->town}, {NULL, NULL}};
        struct buf words;
        buf_init(&words, WORDS_BYTES_MAX);
        catalog_fill(setup->catalog, "outcome.because", values, &words);
        catalog_fill_text(buf_text(&words), values, &because);
        buf_release(&words);
    }
    deadline_show(deadline_date(setup->calendar, date_of_ms(progress->decided_ms), OBJECTION_DAYS,
                                DEADLINE_CALENDAR),
                  date);
    const struct catalog_value values[] = {
        {"because", buf_text(&because)},
        {"date", date},
        {"town_phone", or_unset(setup, view->phone)},
        {"hotline", or_unset(setup, setup->options.site.hotline)},
        {NULL, NULL},
    };
    const char *key = keys[progress->state];
    if (progress->state == PROGRESS_CLOSED && str_is(str_of(progress->decision), "already")) {
        key = "outcome.already";
    }
    catalog_fill(setup->catalog, key, values, &view->ending);
    buf_puts(&view->ending, progress->note);
    buf_release(&because);
}

static void fill_who_comes(const struct setup *setup, const struct progress_report *report,
                           bool steps_shown, struct receipt_view *view)
{
    const struct progress *progress = &report->progress;
    int current = progress_current(report->procedure, progress);
    char date[DEADLINE_SHOWN_BYTES];
    bool waiting = progress->state == PROGRESS_NEW;
    if (!waiting || current < 0) {
        return;
    }
    int64_t due_ms = steps_shown ? progress->steps[current].due_ms : progress->total_due_ms;
    if (due_ms == 0) {
        due_ms = progress->total_due_ms;
    }
    deadline_show(last_day(due_ms), date);
    const struct catalog_value values[] = {
        {"name", view->contact}, {"town", view->town}, {"phone", or_unset(setup, view->phone)},
        {"date", date},          {NULL, NULL},
    };
    const char *key = view->contact[0] && view->phone[0] ? "coming.contact" : "coming.office";
    catalog_fill(setup->catalog, steps_shown ? key : "coming.transferred", values,
                 &view->who_comes);
}

/* Whoever cannot wait rings the place, else the hotline; a drill hurries nobody. */
static void fill_urgent(const struct setup *setup, const struct progress_report *report,
                        struct receipt_view *view)
{
    enum progress_state state = report->progress.state;
    const char *phone = view->phone[0] ? view->phone : setup->options.site.hotline;
    const struct catalog_value values[] = {{"phone", phone}, {NULL, NULL}};
    if (!report->urgent || report->drill || (state != PROGRESS_NEW && state != PROGRESS_OPEN)) {
        return;
    }
    catalog_fill(setup->catalog, phone[0] ? "receipt.urgent_phone" : "receipt.urgent", values,
                 &view->urgent);
}

/* The word of the state: the open step's own, or the ending's. */
static const char *state_word(const struct setup *setup, const struct progress_report *report)
{
    const struct progress *progress = &report->progress;
    int current = progress_current(report->procedure, progress);
    if (progress->state == PROGRESS_OPEN && current >= 0) {
        return progress_route(report->procedure, progress)->steps[current].word;
    }
    char key[64];
    snprintf(
        key, sizeof key, "outcome.word.%s",
        progress_state_name(progress->state == PROGRESS_OPEN ? PROGRESS_NEW : progress->state));
    return catalog_text(setup->catalog, key);
}

static void fill_place(const struct setup *setup, const struct progress_report *report,
                       struct receipt_view *view)
{
    char village[PLACE_NAME_BYTES];
    if (report->area == AREA_NONE) {
        return;
    }
    place_name(setup->areas, report->area, village);
    place_name(setup->areas, place_town(setup->areas, report->area), view->town);
    snprintf(view->place, sizeof view->place, "%s %s", view->town, village);
    snprintf(view->phone, sizeof view->phone, "%.*s",
             STR_ARG(area_phone(setup->areas, report->area)));
    snprintf(view->contact, sizeof view->contact, "%.*s",
             STR_ARG(area_contact(setup->areas, report->area)));
}

void receipt_view_make(const struct setup *setup, const struct progress_report *report, bool full,
                       int64_t now_wall_ms, struct receipt_view *ret)
{
    const struct progress *progress = &report->progress;
    bool steps_shown = !str_is(str_of(setup->options.progress.source), "none");
    *ret = (struct receipt_view){0};
    buf_init(&ret->ending, WORDS_BYTES_MAX);
    buf_init(&ret->who_comes, WORDS_BYTES_MAX);
    buf_init(&ret->urgent, WORDS_BYTES_MAX);
    fill_place(setup, report, ret);
    receipt_show(report->receipt, ret->shown);
    day_text(report->submitted_ms, ret->submitted);
    if (steps_shown) {
        fill_steps(setup, report, full, ret);
    }
    if (full) {
        fill_ending(setup, report, ret);
        if (!report->drill) {
            fill_who_comes(setup, report, steps_shown, ret);
        }
        fill_urgent(setup, report, ret);
    }
    struct page_receipt *page = &ret->page;
    page->shown = ret->shown;
    page->mask = full ? report->mask : "";
    page->place = full ? ret->place : "";
    page->state_word = state_word(setup, report);
    page->ending = buf_text(&ret->ending);
    page->reason = "";
    page->who_comes = buf_text(&ret->who_comes);
    page->urgent = buf_text(&ret->urgent);
    page->submitted = ret->submitted;
    page->fresh = progress->state == PROGRESS_NEW && now_wall_ms - report->submitted_ms < FRESH_MS;
    page->added = report->added_ms > 0 && now_wall_ms - report->added_ms < FRESH_MS;
    page->full = full;
    page->drill = report->drill;
    page->upstream_only_note = !steps_shown;
    page->qr_svg = "";
    page->link = "";
    page->next_href = "";
}

void receipt_view_release(struct receipt_view *view)
{
    buf_release(&view->ending);
    buf_release(&view->who_comes);
    buf_release(&view->urgent);
}
