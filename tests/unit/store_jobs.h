/*
 * store_jobs.h - events put, reserved and settled in few words, for the tests of store/queue and store/audit.
 */
#ifndef TESTS_STORE_JOBS_H
#define TESTS_STORE_JOBS_H

#include "store_redis.h"

#include "store/audit.h"
#include "store/queue.h"
#include "store/reports.h"

#define AREA "370115008218"

/* One answer of any kind. */
struct got {
    bool done;
    enum op_status status;
    size_t count;
    struct queue_job jobs[QUEUE_BATCH_MAX];
    char sealed[16];
    int64_t next_due_ms;
    struct queue_counts counts;
    struct audit_row sum;
    bool holds;
    size_t lost, rows;
    char word[16], why[64], state[16], upstream[32];
    int64_t number, attempts;
    char last_words[64];
};

static inline void on_accepted(void *arg, enum op_status status,
                               const struct reports_answer *answer)
{
    struct got *got = arg;
    assert_int_equal(status, OP_OK);
    assert_int_equal(answer->kind, REPORTS_ACCEPTED);
    got->done = true;
}

static inline void put(const char *receipt, const char *hold)
{
    struct got got = {0};
    struct reports_accept request = {
        .receipt = receipt,
        .token = receipt,
        .persons = {receipt},
        .phone_hashes = {receipt},
        .contents = {"c"},
        .record = {{REPORT_AREA, STR(AREA)},
                   {REPORT_STATE, STR("new")},
                   {REPORT_PHONE_HASH, STR("h")}},
        .record_count = 3,
        .event = {.id = receipt, .area = STR(AREA), .sealed = STR("sealed"), .hold = hold},
        .audit = {.text = STR("{}")},
    };
    memset(request.audit.hash, 'a', 64);
    reports_accept(bench.store, &request, on_accepted, &got);
    run_until(bench.loop, &got.done);
}

static inline void on_changed(void *arg, enum op_status status,
                              const struct reports_change_answer *answer)
{
    struct got *got = arg;
    assert_int_equal(status, OP_OK);
    assert_int_equal(answer->kind, REPORTS_CHANGED);
    got->done = true;
}

/* A later event of the report: {receipt}-{version} */
static inline void put_next(const char *receipt, int64_t version, const char *hold)
{
    struct got got = {0};
    char id[32];
    char head[65] = {0};
    snprintf(id, sizeof id, "%s-%lld", receipt, (long long)version);
    memset(head, 'a', 64);
    struct reports_change request = {
        .receipt = receipt,
        .version = version - 1,
        .head = head,
        .event = {.id = id, .area = STR(AREA), .sealed = STR("sealed"), .hold = hold},
        .audit = {.text = STR("{}")},
    };
    memset(request.audit.hash, 'a', 64);
    reports_change(bench.store, &request, on_changed, &got);
    run_until(bench.loop, &got.done);
}

static inline void on_reserved(void *arg, enum op_status status, const struct queue_job *jobs,
                               size_t count, int64_t next_due_ms)
{
    struct got *got = arg;
    assert_false(got->done);
    *got = (struct got){.done = true, .status = status, .count = count, .next_due_ms = next_due_ms};
    memcpy(got->jobs, jobs, count * sizeof jobs[0]);
    if (count > 0) {
        snprintf(got->sealed, sizeof got->sealed, "%.*s", STR_ARG(jobs[0].sealed));
    }
}

static inline struct got reserve(int64_t most, int64_t window, int64_t lease_ms)
{
    struct got got = {0};
    queue_reserve(bench.store, 7, most, window, lease_ms, 600000, on_reserved, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_OK);
    return got;
}

static inline void on_settled(void *arg, enum op_status status)
{
    struct got *got = arg;
    assert_false(got->done);
    assert_int_equal(status, OP_OK);
    got->done = true;
}

static inline void settle(const char *id, int64_t fence, enum queue_outcome outcome,
                          int64_t delay_ms, bool said)
{
    struct got got = {0};
    struct queue_result result = {.fence = fence,
                                  .outcome = outcome,
                                  .delay_ms = delay_ms,
                                  .delay_said = said,
                                  .status = outcome == QUEUE_DELIVERED ? 200 : 503,
                                  .words = "some words",
                                  .at_ms = 1795441948088};
    snprintf(result.id, sizeof result.id, "%s", id);
    if (outcome == QUEUE_DELIVERED) {
        snprintf(result.upstream_id, sizeof result.upstream_id, "U-1");
    }
    queue_settle(bench.store, 7, &result, 1, on_settled, &got);
    run_until(bench.loop, &got.done);
}

static inline void on_counts(void *arg, enum op_status status, const struct queue_counts *counts)
{
    struct got *got = arg;
    got->done = true;
    got->status = status;
    got->counts = *counts;
}

static inline void on_audit(void *arg, enum op_status status, const struct audit_table *table)
{
    struct got *got = arg;
    got->done = true;
    assert_int_equal(status, OP_OK);
    got->sum = table->sum;
    got->holds = table->holds;
    got->lost = table->lost_count;
    got->rows = table->count;
}

static inline struct got audit(void)
{
    struct got got = {0};
    const unsigned char buckets[] = {7, 8};
    queue_audit(bench.store, buckets, 2, on_audit, &got);
    run_until(bench.loop, &got.done);
    return got;
}

/* held ready delayed sending delivered buried, and that the recount agrees */
static inline void assert_places(int64_t held, int64_t ready, int64_t delayed, int64_t sending,
                                 int64_t delivered, int64_t buried)
{
    struct got got = {0};
    const unsigned char buckets[] = {7, 8};
    queue_counts(bench.store, buckets, 2, on_counts, &got);
    run_until(bench.loop, &got.done);
    const struct queue_counts *n = &got.counts;
    assert_int_equal(n->held, held);
    assert_int_equal(n->ready, ready);
    assert_int_equal(n->delayed, delayed);
    assert_int_equal(n->sending, sending);
    assert_int_equal(n->delivered, delivered);
    assert_int_equal(n->buried, buried);
    assert_int_equal(n->made, held + ready + delayed + sending + delivered + buried);
    struct got law = audit();
    assert_true(law.holds);
    assert_int_equal(law.sum.made, n->made);
    assert_int_equal(law.sum.accepted, n->accepted);
    assert_int_equal(law.sum.held, held);
    assert_int_equal(law.sum.ready, ready);
    assert_int_equal(law.sum.delayed, delayed);
    assert_int_equal(law.sum.sending, sending);
    assert_int_equal(law.sum.delivered, delivered);
    assert_int_equal(law.sum.buried, buried);
}

static inline void on_word(void *arg, enum op_status status, const char *answer)
{
    struct got *got = arg;
    assert_int_equal(status, OP_OK);
    got->done = true;
    snprintf(got->word, sizeof got->word, "%s", answer);
}

static inline void assert_kick(const char *id, const char *word)
{
    struct got got = {0};
    queue_kick(bench.store, id, on_word, &got);
    run_until(bench.loop, &got.done);
    assert_string_equal(got.word, word);
}

static inline void assert_bury(const char *id, const char *word)
{
    struct got got = {0};
    queue_bury(bench.store, id, "by hand", on_word, &got);
    run_until(bench.loop, &got.done);
    assert_string_equal(got.word, word);
}

#endif
