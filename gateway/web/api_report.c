/*
 * GET /api/v1/reports/{receipt} and …/history.
 *
 *   receipt ─► flow/disclose ─► item, circumstances, [person] ─► 200 with ETag
 *   receipt, page ─► flow/chronicle ─► events, verified, next, more
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/chronicle.h"
#include "flow/disclose.h"
#include "flow/item.h"
#include "flow/move.h"
#include "web/api.h"

enum { AFTER_MAX = 1000000000 };

static disclose_done_fn on_disclosed;
static chronicle_done_fn on_chronicle;

static void query_fault(struct api_call *call, const char *code, const char *detail)
{
    json_fault_add(call->faults, "", "", code, "%s", detail);
}

/* What is wrong waits until scope and right are known. An ill-formed receipt is answered like one that is not there. */
static bool is_asked_well(struct api_call *call)
{
    api_guard(call, false);
    if (call->receipt[0] == '\0') {
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        api_end(&call);
        return false;
    }
    return true;
}

/* Where a report was, it may be followed; whom it is about, only those read who work on it now. */
static struct guard *person_guard(const struct api_call *call)
{
    struct guard *person = mem_alloc(sizeof *person);
    *person = call->guard;
    person->reads = false;
    person->must_hold = str_is(str_of(call->web->setup->options.claims.required), "yes");
    person->holder = person->must_hold ? call->token_id : NULL;
    return person;
}

void api_detail(struct api_call *call)
{
    call->faults = mem_alloc(sizeof *call->faults);
    if (exchange_request(call->exchange)->query.len > 0) {
        query_fault(call, "unknown_parameter", "no parameters are allowed");
    }
    if (!is_asked_well(call)) {
        return;
    }
    call->state = api_has(call, RIGHT_PII) ? person_guard(call) : NULL;
    const struct disclose_request request = {
        .receipt = call->receipt,
        .actor = {call->token_id, call->token_name},
        .rid = exchange_request(call->exchange)->rid,
        .guard = &call->guard,
        .person = call->state,
    };
    disclose_report(call->web->setup, call->web->store, &request, on_disclosed, call);
}

static void send_detail(struct api_call *call, const struct disclose_answer *answer)
{
    api_set_etag(call, record_number(answer->record, REPORT_VERSION));
    json_t *detail = item_detail(call->web->setup, call->receipt, answer->record, clock_wall_ms());
    if (answer->sealed != NULL) {
        json_object_set_new(detail, "person",
                            call->own ? item_person_filed(answer->sealed)
                                      : item_person(answer->sealed));
    }
    api_send_json(call, 200, detail);
}

static void on_disclosed(void *arg, const struct disclose_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    switch (answer->kind) {
    case DISCLOSE_DONE:
        send_detail(call, answer);
        break;
    case DISCLOSE_GUARDED:
        api_send_guarded(call, answer->verdict, answer->record);
        break;
    case DISCLOSE_GONE:
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        break;
    case DISCLOSE_LATER:
        api_send_busy(call);
        break;
    }
    free(call->state);
    api_end(&call);
}

/* A whole number from min to max, once, or not there. */
static void take_number(struct api_call *call, const struct fields *query, const char *name,
                        uint64_t min, uint64_t max, size_t *ret)
{
    char detail[96];
    uint64_t value;
    size_t count = 0;
    for (size_t i = 0; i < query->count; i++) {
        count += str_is(query->at[i].name, name) ? 1 : 0;
    }
    if (count == 0) {
        return;
    }
    if (count == 1 && str_to_u64(fields_get(query, name), max, &value) && value >= min) {
        *ret = (size_t)value;
        return;
    }
    snprintf(detail, sizeof detail, "%s: a whole number from %llu to %llu, once", name,
             (unsigned long long)min, (unsigned long long)max);
    query_fault(call, "range", detail);
}

static void take_page(struct api_call *call, struct chronicle_page *ret)
{
    struct fields query;
    *ret = (struct chronicle_page){.after = 0, .limit = CHRONICLE_LIMIT_MAX};
    if (exchange_read_query(call->exchange, &query) != FORM_BODY_OK) {
        query_fault(call, "syntax", "the query cannot be read");
        return;
    }
    for (size_t i = 0; i < query.count; i++) {
        if (!str_is(query.at[i].name, "after") && !str_is(query.at[i].name, "limit")) {
            query_fault(call, "unknown_parameter", "allowed: after limit");
            return;
        }
    }
    take_number(call, &query, "after", 0, AFTER_MAX, &ret->after);
    take_number(call, &query, "limit", 1, CHRONICLE_LIMIT_MAX, &ret->limit);
}

void api_history(struct api_call *call)
{
    struct chronicle_page page;
    call->faults = mem_alloc(sizeof *call->faults);
    take_page(call, &page);
    if (is_asked_well(call)) {
        chronicle_read(call->web->setup, call->web->store, call->receipt, &page, &call->guard,
                       on_chronicle, call);
    }
}

static void on_chronicle(void *arg, const struct chronicle_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    switch (answer->kind) {
    case CHRONICLE_DONE:
        api_send_json(call, 200,
                      json_pack("{s:O, s:b, s:I, s:b}", "events", answer->events, "verified",
                                answer->verified, "next", (json_int_t)answer->next, "more",
                                answer->more));
        break;
    case CHRONICLE_GUARDED:
        api_send_guarded(call, answer->verdict, answer->record);
        break;
    case CHRONICLE_GONE:
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        break;
    case CHRONICLE_LATER:
        api_send_busy(call);
        break;
    }
    api_end(&call);
}
