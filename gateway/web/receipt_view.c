#include "web/receipt_view.h"

#include <stdio.h>

#include "base/check.h"

enum { VALUES_MAX = 12 };

void receipt_view_day(int64_t wall_ms, char ret_text[RECEIPT_DATE_BYTES])
{
    struct date date = date_of_ms(wall_ms);
    snprintf(ret_text, RECEIPT_DATE_BYTES, "%d月%d日", date.month, date.day);
}

struct date receipt_view_last_day(int64_t due_ms)
{
    return date_of_ms(due_ms - 1);
}

static const char *first_of(const char *a, const char *b, const char *c)
{
    return a[0] ? a : b[0] ? b : c;
}

void receipt_view_fill(const struct receipt_view *view, const char *key,
                       const struct catalog_value *more, struct buf *to)
{
    const struct setup *setup = view->setup;
    const char *unset = catalog_text(setup->catalog, "site.unset");
    const char *hotline = setup->options.site.hotline;
    struct catalog_value all[VALUES_MAX] = {
        {"town", view->town},
        {"town_phone", first_of(view->phone, hotline, unset)},
        {"hotline", first_of(hotline, unset, unset)},
        {"upstream_name", first_of(setup->options.site.upstream_name,
                                   catalog_text(setup->catalog, "site.upstream_name"), unset)},
    };
    for (size_t count = 4; more != NULL && more->name != NULL; more++, count++) {
        CHECK(count + 1 < VALUES_MAX);
        all[count] = *more;
    }
    catalog_fill(setup->catalog, key, all, to);
}

/* 最晚11月30日（周一）, or 一般… where no document says it */
static void due_text(const struct receipt_view *view, struct date date, bool confirmed,
                     char ret_text[RECEIPT_DATE_BYTES])
{
    char shown[DEADLINE_SHOWN_BYTES];
    struct buf text;
    deadline_show(date, shown);
    const struct catalog_value values[] = {{"date", shown}, {NULL, NULL}};
    buf_init(&text, RECEIPT_DATE_BYTES - 1);
    receipt_view_fill(view, confirmed ? "coming.latest" : "coming.usual", values, &text);
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

/* What an ending has made superfluous is not in the list: neither was it done nor will it be. */
static bool is_listed(const struct progress *progress, size_t i)
{
    const struct progress_step *step = &progress->steps[i];
    return !progress_decided(progress) || progress_step_under_way(progress, i) ||
           (step_done(step) && !progress_step_cut_off(progress, i));
}

static void fill_step(struct receipt_view *view, size_t i, struct date day, bool full)
{
    const struct progress *progress = &view->report->progress;
    const struct procedure_step *step =
        &progress_route(view->report->procedure, progress)->steps[i];
    const struct progress_step *state = &progress->steps[i];
    size_t count = view->page.step_count++;
    bool done = step_done(state);
    if (done) {
        receipt_view_day(state->done_ms, view->dates[count]);
    } else if (step->deadline.days > 0) {
        due_text(view, day, step->deadline.confirmed, view->dates[count]);
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
}

static void fill_steps(struct receipt_view *view, bool full)
{
    const struct progress *progress = &view->report->progress;
    const struct procedure *route = progress_route(view->report->procedure, progress);
    struct date days[PROCEDURE_STEPS_MAX];
    size_t order[PROCEDURE_STEPS_MAX];
    progress_expected(route, view->setup->calendar, progress, days);
    order_steps(progress, days, route->step_count, order);
    for (size_t at = 0; at < route->step_count; at++) {
        if (is_listed(progress, order[at])) {
            fill_step(view, order[at], days[order[at]], full);
        }
    }
    view->page.steps = view->steps;
}

/* Of a village that is no more, the town is named alone. */
static void fill_place(struct receipt_view *view)
{
    const struct areas *areas = view->setup->areas;
    area_index area = view->report->place;
    char village[PLACE_NAME_BYTES];
    if (area == AREA_NONE) {
        return;
    }
    if (view->report->area == AREA_NONE && area_level(areas, area) <= AREA_TOWN) {
        place_name(areas, area, view->town);
        snprintf(view->place, sizeof view->place, "%s", view->town);
    } else {
        place_name(areas, area, village);
        place_name(areas, place_town(areas, area), view->town);
        snprintf(view->place, sizeof view->place, "%s %s", view->town, village);
    }
    snprintf(view->phone, sizeof view->phone, "%.*s", STR_ARG(area_phone(areas, area)));
    snprintf(view->contact, sizeof view->contact, "%.*s", STR_ARG(area_contact(areas, area)));
}

/* Nothing more is said of it: to another filer, or to whoever filed for somebody who did not want it. */
static bool is_closed(const struct progress_report *report)
{
    struct str decision = str_of(report->progress.decision);
    return str_is(decision, "not_by_person") ||
           (str_is(decision, "merged") && report->leader == NULL);
}

static void view_init(struct receipt_view *view)
{
    struct buf *const bufs[] = {&view->ending,    &view->who_comes,  &view->urgent,
                                &view->done,      &view->nudge_when, &view->withdraw_hint,
                                &view->by_receipt};
    for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++) {
        buf_init(bufs[i], RECEIPT_SENTENCES_BYTES_MAX);
    }
    for (size_t i = 0; i < RECEIPT_NOTICES_MAX; i++) {
        buf_init(&view->notices[i], RECEIPT_SENTENCES_BYTES_MAX);
    }
}

void receipt_view_make(const struct setup *setup, const struct progress_report *report, bool full,
                       int64_t now_wall_ms, struct receipt_view *ret)
{
    *ret = (struct receipt_view){
        .setup = setup,
        .report = report->leader != NULL ? report->leader : report,
        .follows = report->leader != NULL,
        .steps_shown = setup_clocked(setup),
        .merged_note = report->leader != NULL ? report->progress.note : "",
        .now_ms = now_wall_ms,
    };
    struct page_receipt *page = &ret->page;
    bool closed = is_closed(ret->report);
    view_init(ret);
    fill_place(ret);
    receipt_show(report->receipt, ret->shown);
    receipt_view_day(report->submitted_ms, ret->submitted);
    if (ret->steps_shown && !closed) {
        fill_steps(ret, full);
    }
    page->full = full;
    page->closed = closed;
    page->drill = report->drill;
    page->decided = progress_decided(&report->progress);
    page->shown = ret->shown;
    page->mask = full && !closed ? report->mask : "";
    page->place = full && !closed ? ret->place : "";
    page->submitted = ret->submitted;
    page->fresh = report->progress.state == PROGRESS_NEW &&
                  now_wall_ms - report->submitted_ms < RECEIPT_FRESH_MS;
    page->upstream_only_note = !ret->steps_shown;
    page->reason = page->qr_svg = page->link = page->next_href = "";
    receipt_view_done(ret, report, full);
    receipt_view_words(ret);
    receipt_view_acts(ret, full);
    page->acts = &ret->acts;
}

void receipt_view_release(struct receipt_view *view)
{
    buf_release(&view->ending);
    buf_release(&view->who_comes);
    buf_release(&view->urgent);
    buf_release(&view->done);
    buf_release(&view->nudge_when);
    buf_release(&view->withdraw_hint);
    buf_release(&view->by_receipt);
    for (size_t i = 0; i < RECEIPT_NOTICES_MAX; i++) {
        buf_release(&view->notices[i]);
    }
}
