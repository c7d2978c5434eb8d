#include "flow/retention.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "domain/stats.h"
#include "flow/chain.h"
#include "flow/record.h"
#include "flow/words.h"
#include "store/queue.h"
#include "store/retention.h"

enum { RUN_MAGIC = 0x4E7A1, TRIES = 5 };
#define DAY_MS         INT64_C(86400000)
#define RETENTION_NAME "retention"

struct run {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    struct retention_request request;
    struct retention_result result;
    int64_t now_ms;
    size_t bucket; /* an index of setup->buckets */
    int64_t next;  /* where the bucket's order goes on, -1: not */
    size_t count, at;
    char receipts[RETENTION_SLICE_MAX][RECEIPT_BYTES];
    /* the one being looked at */
    int tries;
    bool fetched;
    struct retention_row row;
    char area[QUEUE_AREA_BYTES];
};

/* What is written of one report, released together. */
struct purge {
    struct record record;
    char *progress, *audit_text;
    struct buf stat, flags;
    char head[65];
    struct retention_purge request;
};

static retention_aged_done_fn on_aged;
static reports_read_done_fn on_read;
static procedures_fetch_done_fn on_procedure;
static retention_purge_done_fn on_purged;
static void next_receipt(struct run *run);
static void finish(struct run *run, enum op_status status);

static bool is_asked_for(const struct run *run)
{
    return run->request.receipt != NULL;
}

static const char *why(const struct run *run)
{
    return is_asked_for(run) ? "request" : run->row.decided ? "decided" : "undecided";
}

static void ask_slice(struct run *run)
{
    const struct options *options = &run->setup->options;
    int64_t ahead_ms = run->request.dry ? run->request.soon_days * DAY_MS : 0;
    const struct retention_before before = {
        .decided_ms = run->now_ms - options->retention.decided_days * DAY_MS,
        .undecided_ms = run->now_ms + ahead_ms - options->retention.undecided_days * DAY_MS,
    };
    retention_aged(run->store, run->setup->buckets[run->bucket], run->next, &before, on_aged, run);
}

void retention_run(const struct setup *setup, struct store *store,
                   const struct retention_request *request)
{
    struct run *run = mem_alloc(sizeof *run);
    CHECK(setup->bucket_count > 0);
    run->magic = RUN_MAGIC;
    run->setup = setup;
    run->store = store;
    run->request = *request;
    run->now_ms = clock_wall_ms();
    if (request->receipt != NULL) {
        run->next = -1;
        run->bucket = setup->bucket_count - 1;
        run->count = 1;
        snprintf(run->receipts[0], RECEIPT_BYTES, "%s", request->receipt);
        next_receipt(run);
    } else {
        ask_slice(run);
    }
}

static bool stopped(const struct run *run)
{
    return run->request.stop != NULL && *run->request.stop;
}

/* To where the next slice begins. False: there is none. */
static bool next_slice(struct run *run)
{
    if (run->next < 0 && ++run->bucket < run->setup->bucket_count) {
        run->next = 0;
    }
    return run->next >= 0;
}

static void next_receipt(struct run *run)
{
    if (!stopped(run) && run->at < run->count) {
        run->tries = 0;
        run->fetched = false;
        reports_read(run->store, run->receipts[run->at++], on_read, run);
    } else if (!stopped(run) && next_slice(run)) {
        ask_slice(run);
    } else {
        finish(run, OP_OK);
    }
}

static void on_aged(void *arg, enum op_status status, const struct str *receipts, size_t count,
                    int64_t next)
{
    struct run *run = arg;
    CHECK_OBJ(run, RUN_MAGIC);
    if (status != OP_OK) {
        finish(run, status);
        return;
    }
    run->count = 0;
    run->at = 0;
    run->next = next;
    for (size_t i = 0; i < count; i++) {
        if (receipts[i].len == RECEIPT_DIGITS) {
            snprintf(run->receipts[run->count++], RECEIPT_BYTES, "%.*s", STR_ARG(receipts[i]));
        }
    }
    next_receipt(run);
}

/* What of it was written by an earlier release is in fewer fields. */
static int64_t last_event_ms(const struct report_record *record)
{
    const char *const fields[] = {REPORT_ACTED, REPORT_CHANGED, REPORT_SUBMITTED};
    int64_t at_ms = 0;
    for (size_t i = 0; i < 3 && at_ms == 0; i++) {
        at_ms = record_number(record, fields[i]);
    }
    return at_ms;
}

static int64_t later_of(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

/* When it was decided, or that was told, or what came after it: the end of a clearing, or of an objection. */
static int64_t decided_ms_of(const struct report_record *record, const struct progress *progress)
{
    int64_t at_ms = later_of(progress->decided_ms, progress->told_ms);
    bool worked_on = progress->objection == OBJECTION_UPHELD ||
                     (record_get(record, REPORT_CLEARED).len > 0 && progress->cleared_ms == 0);
    return later_of(at_ms, worked_on ? last_event_ms(record) : progress->cleared_ms);
}

/* progress NULL: it cannot be read any more, and the fields must do. */
static void judge(const struct run *run, const struct report_record *record,
                  const struct procedure *procedure, const struct progress *progress,
                  struct retention_row *row)
{
    const struct options *options = &run->setup->options;
    struct str state = record_get(record, REPORT_STATE);
    bool objecting = progress != NULL && progress->state == PROGRESS_DECLINED &&
                     (progress->objection == OBJECTION_ASKED ||
                      progress->objection == OBJECTION_OPEN);
    row->decided = !str_is(state, "new") && !str_is(state, "open") && !objecting &&
                   record_get(record, REPORT_CLEARING).len == 0;
    int64_t decided_ms = record_number(record, REPORT_ENDED);
    if (progress != NULL) {
        decided_ms = decided_ms_of(record, progress);
    }
    row->since_ms = row->decided && decided_ms > 0 ? decided_ms : last_event_ms(record);
    row->due_ms = row->since_ms + DAY_MS * (row->decided ? options->retention.decided_days
                                                         : options->retention.undecided_days);
    if (progress != NULL && progress->state == PROGRESS_DECLINED) { /* it may still object */
        row->due_ms = later_of(row->due_ms,
                               progress_object_end(procedure, run->setup->calendar, progress));
    }
}

/* Public notes were written for one household. */
static void forget_notes(struct progress *progress)
{
    progress->note[0] = '\0';
    progress->ask_note[0] = '\0';
    progress->move_note[0] = '\0';
    for (size_t i = 0; i < PROCEDURE_STEPS_MAX; i++) {
        progress->steps[i].note[0] = '\0';
    }
}

static void put_progress(struct purge *purge, const struct procedure *procedure,
                         struct progress *progress)
{
    if (progress == NULL) {
        record_put(&purge->record, REPORT_PROGRESS, STR(""));
        return;
    }
    forget_notes(progress);
    json_t *json = progress_to_json(procedure, progress);
    purge->progress = json_dumps(json, JSON_COMPACT);
    CHECK(purge->progress != NULL);
    json_decref(json);
    record_put(&purge->record, REPORT_PROGRESS, str_of(purge->progress));
}

/* Nobody can work on it any more: it is neither open nor late, and the clock leaves it alone. */
static void put_rest(struct run *run, const struct report_record *record, struct purge *purge)
{
    static const char *const empty[] = {REPORT_STEP, REPORT_STEPS, REPORT_LATE};
    static const char *const none[] = {REPORT_STEP_DUE, REPORT_TOTAL_DUE, REPORT_NEXT};
    struct str state = record_get(record, REPORT_STATE);
    buf_init(&purge->flags, FACTS_FLAGS_BYTES);
    buf_put(&purge->flags, record_get(record, REPORT_FLAGS));
    words_add(&purge->flags, "purged");
    for (size_t i = 0; i < 3; i++) {
        record_put(&purge->record, empty[i], STR(""));
        record_put(&purge->record, none[i], STR("0"));
    }
    if (str_is(state, "new") || str_is(state, "open")) {
        record_put(&purge->record, REPORT_STATE, STR("closed"));
    }
    record_put(&purge->record, REPORT_SIGNAL, STR("green"));
    record_put(&purge->record, REPORT_FLAGS, buf_str(&purge->flags));
    record_put(&purge->record, REPORT_GAUGES, STR(STATS_NO_GAUGES));
    record_put_number(&purge->record, REPORT_CHANGED, run->now_ms);
    record_put(&purge->record, REPORT_CHANGED_BY, STR(RETENTION_NAME));
}

static void put_audit(const struct run *run, const struct report_record *record,
                      struct purge *purge)
{
    json_t *event = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "ev", "purged", "why", why(run),
                              "receipt", run->row.receipt, "v",
                              (json_int_t)purge->request.version + 1, "at", (json_int_t)run->now_ms,
                              "by", RETENTION_NAME);
    CHECK(event != NULL);
    if (purge->stat.len > 0) {
        json_object_set_new(event, "stat", json_string(buf_text(&purge->stat)));
    }
    snprintf(purge->head, sizeof purge->head, "%.*s", STR_ARG(record_get(record, REPORT_HEAD)));
    purge->audit_text = chain_link(&run->setup->keyring, str_of(purge->head), event,
                                   &purge->request.audit);
}

static void purge_report(struct run *run, const struct report_record *record,
                         const struct procedure *procedure, struct progress *progress)
{
    struct purge *purge = mem_alloc(sizeof *purge);
    record_init(&purge->record);
    buf_init(&purge->stat, STATS_LINES_BYTES_MAX);
    purge->request.receipt = run->row.receipt;
    purge->request.version = record_number(record, REPORT_VERSION);
    purge->request.delivered = is_asked_for(run);
    put_progress(purge, procedure, progress);
    put_rest(run, record, purge);
    stats_forget(record_get(record, REPORT_GAUGES), run->now_ms, &purge->stat);
    put_audit(run, record, purge);
    purge->request.head = purge->head;
    purge->request.stat = buf_str(&purge->stat);
    purge->request.record = purge->record.at;
    purge->request.record_count = purge->record.count;
    retention_purge(run->store, &purge->request, on_purged, run);
    buf_release(&purge->stat);
    buf_release(&purge->flags);
    free(purge->progress);
    free(purge->audit_text);
    free(purge);
}

static void tell(struct run *run, enum retention_fate fate)
{
    int64_t *const counts[] = {&run->result.due, &run->result.soon, &run->result.gone,
                               &run->result.later, &run->result.open};
    (*counts[fate])++;
    run->row.fate = fate;
    if (run->request.row != NULL) {
        run->request.row(run->request.arg, &run->row);
    }
}

/* A procedure whose text nobody has kept must not keep a person's data for ever. */
static void look(struct run *run, const struct report_record *record,
                 const struct procedure *procedure)
{
    struct str text = record_get(record, REPORT_PROGRESS);
    struct progress *progress = mem_alloc(sizeof *progress);
    json_t *json = json_loadb(text.at ? text.at : "", text.len, 0, NULL);
    bool read = procedure != NULL && json != NULL && progress_from_json(procedure, json, progress);
    json_decref(json);
    judge(run, record, procedure, read ? progress : NULL, &run->row);
    bool due = is_asked_for(run) ? run->row.decided : run->row.due_ms <= run->now_ms;
    bool soon = !due && !run->row.decided && !is_asked_for(run) &&
                run->row.due_ms <= run->now_ms + run->request.soon_days * DAY_MS;
    if (due && !run->request.dry) {
        purge_report(run, record, procedure, read ? progress : NULL);
        free(progress);
        return;
    }
    if (due || (soon && run->request.dry)) {
        tell(run, due ? RETENTION_ROW_DUE : RETENTION_ROW_SOON);
    } else if (is_asked_for(run)) {
        tell(run, RETENTION_ROW_OPEN);
    }
    free(progress);
    next_receipt(run);
}

static void on_read(void *arg, enum op_status status, const struct report_record *record)
{
    struct run *run = arg;
    CHECK_OBJ(run, RUN_MAGIC);
    if (status != OP_OK) {
        finish(run, status);
        return;
    }
    if (record == NULL || record_get(record, REPORT_PURGED).len > 0) {
        next_receipt(run);
        return;
    }
    struct str name = record_get(record, REPORT_PROCEDURE);
    const struct procedure *procedure = procedures_find(run->setup->procedures, name);
    if (procedure == NULL && !run->fetched) {
        run->fetched = true;
        procedures_fetch(run->setup->procedures, run->store, name, on_procedure, run);
        return;
    }
    snprintf(run->area, sizeof run->area, "%.*s", STR_ARG(record_get(record, REPORT_AREA)));
    run->row = (struct retention_row){.receipt = run->receipts[run->at - 1],
                                      .area = str_of(run->area)};
    look(run, record, procedure);
}

static void on_procedure(void *arg, enum op_status status, const struct procedure *procedure)
{
    struct run *run = arg;
    CHECK_OBJ(run, RUN_MAGIC);
    (void)procedure;
    if (status != OP_OK) {
        finish(run, status);
        return;
    }
    reports_read(run->store, run->receipts[run->at - 1], on_read, run);
}

static void on_purged(void *arg, enum op_status status, enum retention_purged purged)
{
    struct run *run = arg;
    CHECK_OBJ(run, RUN_MAGIC);
    if (status != OP_OK) {
        finish(run, status);
    } else if (purged == RETENTION_MOVED && ++run->tries < TRIES) {
        reports_read(run->store, run->row.receipt, on_read, run);
    } else {
        if (purged == RETENTION_PURGED) {
            metrics_add(METRIC_REPORTS_PURGED, 1);
            log_event(LOG_LEVEL_INFO, "purged", "receipt=%s why=%s",
                      log_receipt(run->row.receipt).text, why(run));
            tell(run, RETENTION_ROW_GONE);
        } else if (purged != RETENTION_GONE) {
            tell(run, RETENTION_ROW_LATER);
        }
        next_receipt(run);
    }
}

static void finish(struct run *run, enum op_status status)
{
    run->result.status = status;
    run->request.done(run->request.arg, &run->result);
    run->magic = 0;
    free(run);
}
