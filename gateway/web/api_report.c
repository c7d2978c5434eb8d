/*
 * GET /api/v1/reports/{receipt} and …/history.
 *
 *   receipt ─► flow/disclose ─► item, circumstances, [person] ─► 200 with ETag, 304 without person
 *   receipt ─► flow/chronicle ─► events
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

static disclose_done_fn on_disclosed;
static chronicle_done_fn on_chronicle;

/* Neither takes parameters; what is wrong waits until scope and right are known. An ill-formed receipt is answered like one that is not there. */
static bool is_asked_well(struct api_call *call)
{
    call->faults = mem_alloc(sizeof *call->faults);
    if (exchange_request(call->exchange)->query.len > 0) {
        json_fault_add(call->faults, "", "", "unknown_parameter", "no parameters are allowed");
    }
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
    char etag[32];
    int64_t version = record_number(answer->record, REPORT_VERSION);
    snprintf(etag, sizeof etag, "\"%lld\"", (long long)version);
    api_set_etag(call, version);
    if (answer->sealed == NULL && request_etag_matches(exchange_request(call->exchange), etag)) {
        api_send_unchanged(call);
        return;
    }
    json_t *detail = item_detail(call->web->setup, call->receipt, answer->record, clock_wall_ms());
    if (answer->sealed != NULL) {
        json_object_set_new(detail, "person", item_person(answer->sealed));
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

void api_history(struct api_call *call)
{
    if (is_asked_well(call)) {
        chronicle_read(call->web->setup, call->web->store, call->receipt, &call->guard,
                       on_chronicle, call);
    }
}

static void on_chronicle(void *arg, const struct chronicle_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    switch (answer->kind) {
    case CHRONICLE_DONE:
        api_send_json(
            call, 200,
            json_pack("{s:O, s:b}", "events", answer->events, "verified", answer->verified));
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
