#include "flow/recalc.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/edit.h"
#include "store/queue.h"
#include "store/walk.h"

enum { RECALC_MAGIC = 0x4EC41C, AT_ONCE = 16, MET_ROOM_MIN = 1024 };

struct recalc {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    struct recalc_request request;
    struct recalc_result result;
    size_t bucket; /* an index of setup->buckets */
    int64_t next;
    size_t count, at, waiting;
    char receipts[WALK_SLICE_MAX][RECEIPT_BYTES];
    /* Those of the bucket that were met, by their numbers; 0: free. Open addressing, at most half full. */
    uint64_t *met;
    size_t met_count, met_room;
};

struct counting { /* one report */
    struct recalc *recalc;
    char receipt[RECEIPT_BYTES];
    char area[QUEUE_AREA_BYTES];
    bool over;   /* nothing of it runs any more */
    bool writes; /* something differs */
    size_t day_count;
    struct recalc_day days[RECALC_DAYS_MAX];
    char steps[RECALC_DAYS_MAX][PROCEDURE_ID_BYTES];
};

static walk_done_fn on_slice;
static edit_fn count_anew;
static edit_done_fn on_edited;
static void finish(struct recalc *recalc, enum op_status status);

static void ask_slice(struct recalc *recalc)
{
    walk_slice(recalc->store, recalc->setup->buckets[recalc->bucket], WALK_OPEN, recalc->next,
               on_slice, recalc);
}

void recalc_run(const struct setup *setup, struct store *store,
                const struct recalc_request *request)
{
    struct recalc *recalc = mem_alloc(sizeof *recalc);
    CHECK(setup->bucket_count > 0);
    recalc->magic = RECALC_MAGIC;
    recalc->setup = setup;
    recalc->store = store;
    recalc->request = *request;
    ask_slice(recalc);
}

static bool put_met(uint64_t *met, size_t room, uint64_t number)
{
    size_t at = (size_t)((number * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
    for (; met[at & (room - 1)] != 0; at++) {
        if (met[at & (room - 1)] == number) {
            return false;
        }
    }
    met[at & (room - 1)] = number;
    return true;
}

static void make_room(struct recalc *recalc)
{
    size_t room = recalc->met_room > 0 ? 2 * recalc->met_room : MET_ROOM_MIN;
    uint64_t *met = mem_array(room, sizeof *met);
    for (size_t i = 0; i < recalc->met_room; i++) {
        if (recalc->met[i] != 0) {
            put_met(met, room, recalc->met[i]);
        }
    }
    free(recalc->met);
    recalc->met = met;
    recalc->met_room = room;
}

/* What is written, by this run or by others, stands behind all the others and is met again: it counts once. */
static bool is_new(struct recalc *recalc, struct str receipt)
{
    uint64_t number;
    if (receipt.len != RECEIPT_DIGITS || !str_to_u64(receipt, UINT64_MAX, &number)) {
        return false;
    }
    if (2 * (recalc->met_count + 1) > recalc->met_room) {
        make_room(recalc);
    }
    bool new = put_met(recalc->met, recalc->met_room, number + 1);
    recalc->met_count += new ? 1 : 0;
    return new;
}

static void next_bucket(struct recalc *recalc)
{
    recalc->next = 0;
    recalc->bucket++;
    recalc->met_count = recalc->met_room = 0;
    free(recalc->met);
    recalc->met = NULL;
}

static void go_on(struct recalc *recalc)
{
    while (recalc->waiting < AT_ONCE && recalc->at < recalc->count) {
        struct counting *counting = mem_alloc(sizeof *counting);
        counting->recalc = recalc;
        snprintf(counting->receipt, sizeof counting->receipt, "%s", recalc->receipts[recalc->at++]);
        recalc->waiting++;
        const struct edit_request edit = {
            .receipt = counting->receipt,
            .actor = {EDIT_BY_CALENDAR, ""},
            .rid = EDIT_BY_CALENDAR,
            .edit = count_anew,
            .done = on_edited,
            .arg = counting,
        };
        edit_report(recalc->setup, recalc->store, &edit);
    }
    if (recalc->waiting > 0) {
        return;
    }
    if (recalc->next < 0) {
        next_bucket(recalc);
    }
    if (recalc->bucket < recalc->setup->bucket_count) {
        ask_slice(recalc);
    } else {
        finish(recalc, OP_OK);
    }
}

static void on_slice(void *arg, enum op_status status, const struct str *receipts, size_t count,
                     int64_t next, int64_t total)
{
    struct recalc *recalc = arg;
    CHECK_OBJ(recalc, RECALC_MAGIC);
    (void)total;
    if (status != OP_OK) {
        finish(recalc, status);
        return;
    }
    recalc->count = 0;
    recalc->at = 0;
    recalc->next = next;
    for (size_t i = 0; i < count; i++) {
        if (is_new(recalc, receipts[i])) {
            snprintf(recalc->receipts[recalc->count++], RECEIPT_BYTES, "%.*s",
                     STR_ARG(receipts[i]));
        }
    }
    go_on(recalc);
}

/* Days end at 24:00. */
static struct date day_of(int64_t due_ms)
{
    return date_of_ms(due_ms - 1);
}

static bool add_days(struct counting *counting, const struct edit_view *view,
                     const struct procedure *procedure, struct progress *progress)
{
    struct signal_recalc found[SIGNAL_RECALC_MAX];
    const struct procedure *route = progress_route(procedure, progress);
    size_t count = signal_recalc(procedure, view->setup->calendar, progress, found);
    bool moved = false;
    for (size_t i = 0; i < count; i++) {
        size_t n = counting->day_count++;
        CHECK(n < RECALC_DAYS_MAX);
        snprintf(counting->steps[n], PROCEDURE_ID_BYTES, "%s",
                 found[i].step == SIGNAL_TOTAL       ? "total"
                 : found[i].step == SIGNAL_OBJECTION ? "objection"
                 : found[i].step == SIGNAL_OBJECT    ? "object"
                                                     : route->steps[found[i].step].id);
        counting->days[n] = (struct recalc_day){counting->steps[n], day_of(found[i].old_ms),
                                                day_of(found[i].want_ms), found[i].kept};
        moved |= !found[i].kept;
    }
    return moved;
}

/* The same due day may be near or late by another number of working days. */
static bool clock_differs(const struct edit_view *view)
{
    struct signal_now now;
    if (!setup_clocked(view->setup)) {
        return false;
    }
    signal_of(view->clearing_runs ? view->clearing_procedure : view->procedure,
              view->setup->calendar, view->clearing_runs ? view->clearing : view->progress,
              str_is(record_get(view->record, REPORT_URGENT), "1"), view->now_ms, &now);
    return now.next_ms != record_number(view->record, REPORT_NEXT) ||
           !str_is(record_get(view->record, REPORT_SIGNAL), signal_name(now.signal));
}

static json_t *audit_of(const struct counting *counting)
{
    json_t *days = json_array();
    for (size_t i = 0; i < counting->day_count; i++) {
        const struct recalc_day *day = &counting->days[i];
        char text[16];
        if (!day->kept) {
            snprintf(text, sizeof text, "%04d-%02d-%02d", day->is.year, day->is.month, day->is.day);
            json_array_append_new(days, json_pack("{s:s, s:s}", "step", day->step, "due", text));
        }
    }
    return json_pack("{s:s, s:o}", "ev", "calendar", "days", days);
}

/* A household that did not object in its days: they are over, whatever the new calendar says. */
static bool is_over(const struct edit_view *view)
{
    return view->progress->state == PROGRESS_DECLINED &&
           view->progress->objection == OBJECTION_NONE &&
           progress_object_end(view->procedure, view->setup->calendar, view->progress) <=
               view->now_ms;
}

static enum edit_verdict count_anew(void *arg, struct edit_view *view, struct edit_draft *draft)
{
    struct counting *counting = arg;
    counting->day_count = 0;
    snprintf(counting->area, sizeof counting->area, "%.*s",
             STR_ARG(record_get(view->record, REPORT_AREA)));
    counting->over = is_over(view);
    counting->writes = !counting->over && add_days(counting, view, view->procedure, view->progress);
    if (view->clearing_runs) {
        counting->writes |= add_days(counting, view, view->clearing_procedure, view->clearing);
    }
    counting->writes = counting->writes || (!counting->over && clock_differs(view));
    if (!counting->writes || counting->recalc->request.dry) {
        return EDIT_STOP;
    }
    draft->audit = audit_of(counting);
    return EDIT_WRITE;
}

static void on_edited(void *arg, const struct edit_answer *answer)
{
    struct counting *counting = arg;
    struct recalc *recalc = counting->recalc;
    CHECK_OBJ(recalc, RECALC_MAGIC);
    bool counted = answer->kind == EDIT_DONE || answer->kind == EDIT_STOPPED;
    recalc->result.reports += counted && !counting->over ? 1 : 0;
    recalc->result.changed += counted && counting->writes ? 1 : 0;
    recalc->result.failed += counted || answer->kind == EDIT_GONE ? 0 : 1;
    if (counted && counting->day_count > 0) {
        const struct recalc_row row = {
            .receipt = counting->receipt,
            .area = str_of(counting->area),
            .days = counting->days,
            .day_count = counting->day_count,
        };
        recalc->request.row(recalc->request.arg, &row);
    }
    free(counting);
    recalc->waiting--;
    go_on(recalc);
}

static void finish(struct recalc *recalc, enum op_status status)
{
    recalc->result.status = status;
    recalc->request.done(recalc->request.arg, &recalc->result);
    recalc->magic = 0;
    free(recalc->met);
    free(recalc);
}
