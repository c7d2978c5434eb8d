/*
 * POST /api/v1/reports: a finding of staff or a department, by the rules of its source.
 *
 *   right ─► Idempotency-Key ─► body ─► intake_read ─► flow/intake ─► 201, 200 the same again │ 422 another body under this key │ 503
 */
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "flow/intake.h"
#include "web/api.h"

enum { KEY_BYTES_MAX = 128 };

static intake_done_fn on_filed;

static void send_key_fault(struct api_call *call, int status, const char *detail)
{
    api_send_problem(call, status, status == 400 ? "Not readable" : "Not valid", NULL,
                     json_pack("{s:[{s:s, s:s, s:s}]}", "errors", "pointer", "", "code",
                               "idempotency-key", "detail", detail));
}

static bool is_key(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        if (key.at[i] <= ' ' || key.at[i] > '~') {
            return false;
        }
    }
    return key.len > 0 && key.len <= KEY_BYTES_MAX;
}

static void send_wrong(struct api_call *call, json_t *candidates)
{
    json_t *more = json_pack("{s:o}", "errors", json_faults_json(call->faults));
    if (candidates != NULL) {
        json_object_set(more, "candidates", candidates);
    }
    api_send_problem(call, 422, "Not valid", NULL, more);
}

/* False: answered. */
static bool may_file(struct api_call *call, struct str key)
{
    if (!api_has(call, call->route->right)) {
        api_send_guarded(call, GUARD_FORBIDDEN, NULL);
    } else if (!is_key(key)) {
        send_key_fault(call, 400,
                       key.len == 0 ? "the header Idempotency-Key is missing"
                                    : "Idempotency-Key: 1 to 128 visible ASCII characters");
    } else if (!api_body_fits(call)) {
        api_send_faults(call);
    } else {
        return true;
    }
    return false;
}

static void file(struct api_call *call, const struct intake *intake, struct str key)
{
    const struct intake_request request = {
        .intake = intake,
        .body = call->body,
        .key = key,
        .by = call->token_id,
        .name = call->token_name,
        .rid = exchange_request(call->exchange)->rid,
    };
    intake_file(call->web->setup, call->web->store, &request, on_filed, call);
}

void api_intake(struct api_call *call)
{
    const struct setup *setup = call->web->setup;
    struct str key = request_header(exchange_request(call->exchange), "idempotency-key");
    struct intake intake;
    if (!may_file(call, key)) {
        api_end(&call);
        return;
    }
    const struct intake_context context = {
        .rules = setup->intake,
        .form = setup->form,
        .areas = setup->areas,
        .scope = &call->scope,
        .pushes = setup->pushes,
        .org = str_of(call->org),
        .now_ms = clock_wall_ms(),
    };
    if (intake_read(&context, call->body, &intake, call->faults)) {
        file(call, &intake, key);
    } else {
        send_wrong(call, intake.candidates);
        api_end(&call);
    }
    intake_release(&intake);
}

static void send_filed(struct api_call *call, int status, const struct intake_answer *answer)
{
    char location[64];
    snprintf(location, sizeof location, "/api/v1/reports/%s", answer->receipt);
    exchange_header(call->exchange, "Location", location);
    api_send_json(call, status,
                  json_pack("{s:s, s:s}", "receipt", answer->receipt, "kind",
                            answer->lead ? "lead" : "report"));
}

static void on_filed(void *arg, const struct intake_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    switch (answer->kind) {
    case INTAKE_FILED:
        send_filed(call, 201, answer);
        break;
    case INTAKE_REPEATED:
        send_filed(call, 200, answer);
        break;
    case INTAKE_CONFLICT:
        send_key_fault(call, 422, "this key was used with another body");
        break;
    case INTAKE_UNSTORED:
        api_send_busy(call);
        break;
    }
    api_end(&call);
}
