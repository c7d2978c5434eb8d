/*
 * store_filing.h - submissions in few words, for the tests of store/reports.
 */
#ifndef TESTS_STORE_FILING_H
#define TESTS_STORE_FILING_H

#include "store_redis.h"

#include "store/reports.h"

#define AREA "370115008218"

struct accepted {
    bool done;
    enum op_status status;
    struct reports_answer answer;
};

static inline void on_accepted(void *arg, enum op_status status,
                               const struct reports_answer *answer)
{
    struct accepted *accepted = arg;
    assert_false(accepted->done);
    accepted->done = true;
    accepted->status = status;
    if (answer != NULL) {
        accepted->answer = *answer;
    }
}

static char hash_of[2][65];

/* A submission in few words. */
struct filing {
    const char *receipt, *token, *person, *id, *phone, *content;
    bool stale, duplicate_known, drill;
    const char *old_person, *old_id, *old_phone, *old_content; /* under the previous key */
    const char *hold;
    bool no_event;
    bool intake;
    const char *push; /* REPORT_PUSH of an intake */
    bool lead;
};

static inline struct accepted file(const struct filing *filing)
{
    struct accepted accepted = {0};
    struct reports_accept request = {
        .receipt = filing->receipt,
        .token = filing->token,
        .token_stale = filing->stale,
        .persons = {filing->person, filing->old_person},
        .id_hashes = {filing->id, filing->old_id},
        .phone_hashes = {filing->phone, filing->old_phone},
        .contents = {filing->content, filing->old_content},
        .duplicate_known = filing->duplicate_known,
        .kind = filing->drill  ? REPORTS_KIND_DRILL
                : filing->lead ? REPORTS_KIND_LEAD
                               : REPORTS_KIND_REPORT,
        .intake = filing->intake,
    };
    const struct store_pair pairs[] = {
        {REPORT_AREA, STR(AREA)},
        {REPORT_STATE, STR("new")},
        {REPORT_PERSON, str_of(filing->person)},
        {REPORT_PHONE_HASH, str_of(filing->phone)},
        {REPORT_CONTENT, str_of(filing->content)},
        {REPORT_LAST4, STR("last4hash")},
        {REPORT_SUBMITTED, STR("1795441948088")},
        {filing->id ? REPORT_ID_HASH : "noid", str_of(filing->id ? filing->id : "1")},
        {filing->drill  ? REPORT_DRILL
         : filing->lead ? REPORT_LEAD
                        : "plain",
         STR("1")},
        {REPORT_SEALED, str_make("\0\xff\r\n", 4)},
        {REPORT_INDEXES, STR("a:" AREA)},
    };
    request.record_count = sizeof pairs / sizeof pairs[0];
    memcpy(request.record, pairs, sizeof pairs);
    request.intake = filing->intake;
    if (filing->push != NULL) {
        request.record[request.record_count++] = (struct store_pair){REPORT_PUSH,
                                                                     str_of(filing->push)};
    }
    if (!filing->drill && !filing->lead && !filing->no_event) {
        request.event = (struct store_event){
            .id = filing->receipt, .area = STR(AREA), .sealed = STR("event"), .hold = filing->hold};
    }
    request.audit.text = STR("{\"ev\":\"accepted\"}");
    memset(request.audit.hash, 'a', 64);
    reports_accept(bench.store, &request, on_accepted, &accepted);
    assert_false(accepted.done); /* never before it returns */
    run_until(bench.loop, &accepted.done);
    assert_int_equal(accepted.status, OP_OK);
    return accepted;
}

struct changed {
    bool done;
    enum op_status status;
    enum reports_change_kind kind;
};

static inline void on_changed(void *arg, enum op_status status,
                              const struct reports_change_answer *answer)
{
    struct changed *changed = arg;
    assert_false(changed->done);
    *changed = (struct changed){true, status, answer != NULL ? answer->kind : REPORTS_GONE};
}

static inline enum reports_change_kind change(const struct reports_change *request)
{
    struct changed changed = {0};
    reports_change(bench.store, request, on_changed, &changed);
    run_until(bench.loop, &changed.done);
    assert_int_equal(changed.status, OP_OK);
    return changed.kind;
}

/* version 1 → 2 sets name to value, hash b…b */
static inline enum reports_change_kind set_field(const char *receipt, int64_t version, char head,
                                                 const char *name, const char *value)
{
    struct reports_change request = {
        .receipt = receipt, .version = version, .record_count = 1, .head = hash_of[0]};
    request.record[0] = (struct store_pair){name, str_of(value)};
    memset(hash_of[0], head, 64);
    memset(request.audit.hash, 'b', 64);
    request.audit.text = STR("{\"ev\":\"step\"}");
    return change(&request);
}

static const struct filing first = {.receipt = "070000000001",
                                    .token = "tok1",
                                    .person = "pA",
                                    .id = "iA",
                                    .phone = "hA",
                                    .content = "cA"};

static inline void assert_answer(struct accepted got, enum reports_kind kind, const char *receipt,
                                 char link, bool by_token)
{
    assert_int_equal(got.answer.kind, kind);
    if (receipt != NULL) {
        assert_string_equal(got.answer.receipt, receipt);
        assert_int_equal(got.answer.link, link);
        assert_int_equal(got.answer.by_token, by_token);
    }
}

#endif
