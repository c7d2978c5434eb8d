#include "flow/clock.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/edit.h"
#include "store/reports.h"

enum { CLOCK_MAGIC = 0xC10C7, ROUND_MS = 5000, FIRST_MS = 500, AT_ONCE = 16, DUE_MAX = 200 };

struct clock {
    unsigned magic;
    struct loop *loop;
    const struct setup *setup;
    struct store *store;
    struct timer *timer;
    bool stopped;
    size_t bucket; /* the one being worked on, an index of setup->buckets */
    size_t skip; /* of the bucket, those that nothing could be done about: they hold up no others */
    size_t waiting;                       /* reports under way */
    size_t written;                       /* of those of this answer */
    size_t unreadable, unreadable_before; /* in this round, in the one before */
    char example[RECEIPT_BYTES];          /* one of them */
    size_t count, next;
    char receipts[DUE_MAX][RECEIPT_BYTES];
};

struct ticking {
    struct clock *clock;
    char receipt[RECEIPT_BYTES];
};

static loop_fn on_round;
static reports_due_done_fn on_due;
static edit_fn tick;
static edit_done_fn on_ticked;

struct clock *clock_new(struct loop *loop, const struct setup *setup, struct store *store)
{
    struct clock *clock = mem_alloc(sizeof *clock);
    clock->magic = CLOCK_MAGIC;
    clock->loop = loop;
    clock->setup = setup;
    clock->store = store;
    clock->timer = timer_new(loop, on_round, clock);
    timer_set(clock->timer, FIRST_MS);
    return clock;
}

void clock_stop(struct clock *clock)
{
    if (clock != NULL) {
        clock->stopped = true;
        timer_stop(clock->timer);
    }
}

void clock_free(struct clock **clock)
{
    if (*clock != NULL) {
        timer_free(&(*clock)->timer);
        (*clock)->magic = 0;
        free(*clock);
        *clock = NULL;
    }
}

static void ask_due(struct clock *clock)
{
    reports_due(clock->store, clock->setup->buckets[clock->bucket], clock->skip, DUE_MAX, on_due,
                clock);
}

static void on_round(void *arg)
{
    struct clock *clock = arg;
    CHECK_OBJ(clock, CLOCK_MAGIC);
    clock->bucket = clock->skip = clock->unreadable = 0;
    if (clock->setup->bucket_count > 0) {
        ask_due(clock);
    }
}

/* Said when it changes: the same reports are met in each round. */
static void tell_unreadable(struct clock *clock)
{
    if (clock->unreadable != clock->unreadable_before) {
        log_event(clock->unreadable > 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "unreadable",
                  "rid=clock reports=%zu example=%s", clock->unreadable,
                  clock->unreadable > 0 ? log_receipt(clock->example).text : "");
    }
    clock->unreadable_before = clock->unreadable;
}

/* A few at a time, then the next bucket, then a pause. */
static void go_on(struct clock *clock)
{
    while (!clock->stopped && clock->waiting < AT_ONCE && clock->next < clock->count) {
        struct ticking *ticking = mem_alloc(sizeof *ticking);
        ticking->clock = clock;
        snprintf(ticking->receipt, sizeof ticking->receipt, "%s", clock->receipts[clock->next++]);
        clock->waiting++;
        const struct edit_request edit = {
            .receipt = ticking->receipt,
            .actor = {EDIT_BY_CLOCK, ""},
            .rid = "clock",
            .edit = tick,
            .done = on_ticked,
            .arg = ticking,
        };
        edit_report(clock->setup, clock->store, &edit);
    }
    if (clock->stopped || clock->waiting > 0) {
        return;
    }
    bool more = clock->count == DUE_MAX; /* many are due at midnight */
    clock->skip = more ? clock->skip + clock->count - clock->written : 0;
    clock->bucket += more ? 0 : 1;
    if (clock->bucket < clock->setup->bucket_count) {
        ask_due(clock);
    } else {
        tell_unreadable(clock);
        timer_set(clock->timer, ROUND_MS);
    }
}

static void on_due(void *arg, enum op_status status, const struct str *receipts, size_t count)
{
    struct clock *clock = arg;
    CHECK_OBJ(clock, CLOCK_MAGIC);
    clock->count = status == OP_OK ? count : 0;
    clock->next = 0;
    clock->written = 0;
    for (size_t i = 0; i < clock->count; i++) {
        snprintf(clock->receipts[i], RECEIPT_BYTES, "%.*s", STR_ARG(receipts[i]));
    }
    go_on(clock);
}

/* Pauses end; signal, lateness and the rest follow from the time by themselves when the report is written (flow/edit). */
static enum edit_verdict tick(void *arg, struct edit_view *view, struct edit_draft *draft)
{
    (void)arg;
    int64_t claim_until = record_number(view->record, REPORT_CLAIM_UNTIL);
    int64_t next = record_number(view->record, REPORT_NEXT);
    if ((next == 0 || next > view->now_ms) &&
        (claim_until == 0 || claim_until > view->record->read_ms)) {
        return EDIT_STOP; /* another gateway was first, or our clock is behind that of Redis */
    }
    bool resumed = progress_tick(view->procedure, view->setup->calendar, view->progress,
                                 view->now_ms);
    if (view->clearing_runs) {
        resumed |= progress_tick(view->clearing_procedure, view->setup->calendar, view->clearing,
                                 view->now_ms);
    }
    draft->audit = json_pack("{s:s}", "ev", resumed ? "resume" : "clock");
    if (claim_until > 0 && claim_until <= view->record->read_ms) {
        json_object_set_new(draft->audit, "claim", json_string("ended"));
        edit_end_claim(draft, view->record);
    }
    return EDIT_WRITE;
}

static void on_ticked(void *arg, const struct edit_answer *answer)
{
    struct ticking *ticking = arg;
    struct clock *clock = ticking->clock;
    CHECK_OBJ(clock, CLOCK_MAGIC);
    clock->written += answer->kind == EDIT_DONE ? 1 : 0;
    if (answer->unreadable) {
        clock->unreadable++;
        snprintf(clock->example, sizeof clock->example, "%s", ticking->receipt);
    }
    if (answer->kind != EDIT_DONE) { /* the next round meets it again */
        log_event(LOG_LEVEL_DEBUG, "clock", "receipt=%s kind=%d",
                  log_receipt(ticking->receipt).text, (int)answer->kind);
    }
    free(ticking);
    clock->waiting--;
    go_on(clock);
}
