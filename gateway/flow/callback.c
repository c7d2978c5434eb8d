#include "flow/callback.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "crypto/mac.h"
#include "flow/chain.h"
#include "store/reports.h"

enum {
    CALLBACK_MAGIC = 0xCA11BAC,
    CALLBACK_TRIES = 5,
    TOLERANCE_S = 300,
    HOOK_ID_BYTES = 129,
    NOTE_CHARS_MAX = 200,
    SIGNED_BYTES_MAX = 1 << 20
};

struct callback {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    char hook_id[HOOK_ID_BYTES];
    char rid[24];
    char receipt[RECEIPT_BYTES];
    json_t *body; /* owned; the move's slices point into it */
    struct progress_move move;
    int tries;
    struct callback_answer answer;
    callback_done_fn *done;
    void *arg;
};

static reports_read_done_fn on_read;
static reports_change_done_fn on_changed;
static loop_fn on_known_at_once;
static void finish(struct callback *callback);

bool callback_signed(struct str secret, const struct callback_request *request, int64_t now_wall_ms)
{
    uint64_t sent_s;
    struct mac mac;
    struct buf text;
    struct buf expected;
    bool found = false;
    if (!str_to_u64(request->timestamp, INT64_MAX / 1000, &sent_s) ||
        llabs((long long)(now_wall_ms / 1000) - (long long)sent_s) > TOLERANCE_S) {
        return false;
    }
    buf_init(&text, SIGNED_BYTES_MAX);
    buf_init(&expected, 128);
    buf_printf(&text, "%.*s.%.*s.", STR_ARG(request->id), STR_ARG(request->timestamp));
    buf_put(&text, request->body);
    mac_make(secret, buf_str(&text), &mac);
    base64_put(&expected, str_make(mac.bytes, MAC_BYTES));
    struct str rest = request->signature;
    struct str one;
    while (buf_ok(&text) && str_next(&rest, ' ', &one)) {
        struct str sig = str_from(one, 3);
        if (str_starts(one, STR("v1,")) && sig.len == expected.len &&
            mac_equal(sig.at, expected.at, sig.len)) {
            found = true;
        }
    }
    buf_release(&text);
    buf_release(&expected);
    return found;
}

static struct str member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? str_make(json_string_value(value), json_string_length(value))
                                 : (struct str){NULL, 0};
}

/* False: answer->pointer and detail say what is wrong. */
static bool read_kind(struct callback *callback, struct str type, const json_t *data)
{
    struct progress_move *move = &callback->move;
    move->step = member(data, "step");
    move->outcome = member(data, "outcome");
    move->decision = member(data, "decision");
    move->reason = member(data, "reason");
    move->note = member(data, "public_note");
    if (str_is(type, "report.step")) {
        move->kind = MOVE_STEP;
    } else if (str_is(type, "report.decided")) {
        move->kind = MOVE_DECIDE;
    } else if (str_is(type, "report.cleared")) {
        move->kind = MOVE_CLEAR;
    } else {
        callback->answer.pointer = "/type";
        callback->answer.detail = "report.step, report.decided or report.cleared";
        return false;
    }
    return true;
}

static bool read_time(struct callback *callback, const json_t *data)
{
    struct str at = member(data, "at");
    const char *pointer = "/data/at";
    if (at.len == 0) {
        at = member(callback->body, "timestamp");
        pointer = "/timestamp";
    }
    if (!clock_parse_iso(at, &callback->move.at_ms)) {
        callback->answer.pointer = pointer;
        callback->answer.detail = "a time by RFC 3339";
        return false;
    }
    return true;
}

static bool read_body(struct callback *callback, struct str body)
{
    callback->body = json_loadb(body.at ? body.at : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *data = json_object_get(callback->body, "data");
    callback->answer.pointer = "";
    callback->answer.detail = "a JSON object with type, timestamp and data";
    if (!json_is_object(callback->body) || !json_is_object(data)) {
        return false;
    }
    if (!read_kind(callback, member(callback->body, "type"), data) || !read_time(callback, data)) {
        return false;
    }
    callback->answer.pointer = "/data/receipt";
    callback->answer.detail = "a receipt of 12 digits";
    if (!receipt_parse(member(data, "receipt"), callback->receipt)) {
        return false;
    }
    callback->answer.pointer = "/data/public_note";
    callback->answer.detail = "at most 200 characters";
    return utf8_length(callback->move.note) <= NOTE_CHARS_MAX;
}

void callback_apply(const struct setup *setup, struct store *store, struct loop *loop,
                    const struct callback_request *request, callback_done_fn *done, void *arg)
{
    struct callback *callback = mem_alloc(sizeof *callback);
    *callback = (struct callback){.magic = CALLBACK_MAGIC,
                                  .setup = setup,
                                  .store = store,
                                  .done = done,
                                  .arg = arg,
                                  .answer = {.pointer = "", .detail = ""}};
    snprintf(callback->rid, sizeof callback->rid, "%s", request->rid);
    snprintf(callback->hook_id, sizeof callback->hook_id, "%.*s", STR_ARG(request->id));
    struct str secret = str_make(setup->hook_secret, setup->hook_secret_len);
    if (setup->hook_secret == NULL) {
        callback->answer.kind = CALLBACK_OFF;
    } else if (request->id.len == 0 || request->id.len >= HOOK_ID_BYTES ||
               !callback_signed(secret, request, clock_wall_ms())) {
        metrics_add(METRIC_HOOKS_REFUSED, 1);
        callback->answer.kind = CALLBACK_BAD_SIGNATURE;
    } else if (!read_body(callback, request->body)) {
        callback->answer.kind = CALLBACK_REFUSED;
    } else {
        reports_read(store, callback->receipt, on_read, callback);
        return;
    }
    loop_later(loop, on_known_at_once, callback);
}

static void on_known_at_once(void *arg)
{
    struct callback *callback = arg;
    CHECK_OBJ(callback, CALLBACK_MAGIC);
    finish(callback);
}

static void end(struct callback *callback, enum callback_kind kind, const char *pointer,
                const char *detail)
{
    callback->answer = (struct callback_answer){kind, pointer, detail};
    finish(callback);
}

static const char *move_name(const struct progress_move *move)
{
    static const char *const names[] = {
        [MOVE_STEP] = "step", [MOVE_DECIDE] = "decided", [MOVE_CLEAR] = "cleared"};
    return names[move->kind];
}

/* The chain keeps what was asked and whether it was applied; notes stay out of it. */
static char *audit_of(const struct callback *callback, struct str head, bool applied,
                      int64_t version, struct store_audit *audit)
{
    const struct progress_move *move = &callback->move;
    json_t *event = json_pack(
        "{s:s, s:s, s:I, s:I, s:s, s:s%, s:s%, s:s%, s:b}", "ev", move_name(move), "receipt",
        callback->receipt, "v", (json_int_t)version, "at", (json_int_t)move->at_ms, "by",
        "upstream", "step", move->step.at ? move->step.at : "", move->step.len, "outcome",
        move->outcome.at ? move->outcome.at : "", move->outcome.len, "decision",
        move->decision.at ? move->decision.at : "", move->decision.len, "applied", applied);
    CHECK(event != NULL);
    return chain_link(&callback->setup->keyring, head, event, audit);
}

static void change_report(struct callback *callback, const struct report_record *record,
                          const struct progress *progress, bool applied)
{
    struct reports_change *change = mem_alloc(sizeof *change);
    char head[65];
    char *text = NULL;
    snprintf(head, sizeof head, "%.*s", STR_ARG(record_get(record, REPORT_HEAD)));
    change->receipt = callback->receipt;
    change->version = record_number(record, REPORT_VERSION);
    change->hook_id = callback->hook_id;
    change->head = head;
    if (applied) {
        json_t *json = progress_to_json(callback->setup->procedure, progress);
        text = json_dumps(json, JSON_COMPACT);
        CHECK(text != NULL);
        json_decref(json);
        change->record[0] = (struct store_pair){REPORT_PROGRESS, str_of(text)};
        change->record[1] = (struct store_pair){REPORT_STATE,
                                                str_of(progress_state_name(progress->state))};
        change->record_count = 2;
    }
    char *audit = audit_of(callback, str_of(head), applied, change->version + 1, &change->audit);
    reports_change(callback->store, change, on_changed, callback);
    free(audit);
    free(text);
    free(change);
}

static void on_read(void *arg, enum op_status status, const struct report_record *record)
{
    struct callback *callback = arg;
    CHECK_OBJ(callback, CALLBACK_MAGIC);
    if (status != OP_OK || record == NULL) {
        end(callback, status == OP_OK ? CALLBACK_UNKNOWN : CALLBACK_LATER, "/data/receipt",
            status == OP_OK ? "no such report" : "try again later");
        return;
    }
    const struct setup *setup = callback->setup;
    struct progress *progress = mem_alloc(sizeof *progress);
    struct str text = record_get(record, REPORT_PROGRESS);
    json_t *json = json_loadb(text.at ? text.at : "", text.len, 0, NULL);
    if (json == NULL || !progress_from_json(setup->procedure, json, progress)) {
        log_event(LOG_LEVEL_ERROR, "unreadable", "rid=%s receipt=%s why=progress", callback->rid,
                  log_receipt(callback->receipt).text);
        end(callback, CALLBACK_LATER, "", "try again later");
    } else {
        switch (progress_apply(setup->procedure, setup->calendar, progress, &callback->move)) {
        case PROGRESS_APPLIED:
            callback->answer = (struct callback_answer){CALLBACK_DONE, "", ""};
            change_report(callback, record, progress, true);
            break;
        case PROGRESS_UNCHANGED:
            end(callback, CALLBACK_DONE, "", "");
            break;
        case PROGRESS_UNKNOWN:
            end(callback, CALLBACK_REFUSED, "/data", "no such step, outcome, decision or reason");
            break;
        case PROGRESS_NOT_ALLOWED:
            callback->answer = (struct callback_answer){
                CALLBACK_REFUSED, "/data", "recorded; the procedure does not allow it now"};
            change_report(callback, record, progress, false);
            break;
        }
    }
    json_decref(json);
    free(progress);
}

static void on_changed(void *arg, enum op_status status, enum reports_change_kind kind)
{
    struct callback *callback = arg;
    CHECK_OBJ(callback, CALLBACK_MAGIC);
    if (status == OP_OK && kind == REPORTS_MOVED && ++callback->tries < CALLBACK_TRIES) {
        reports_read(callback->store, callback->receipt, on_read, callback);
        return;
    }
    if (status != OP_OK || kind == REPORTS_MOVED) {
        callback->answer = (struct callback_answer){CALLBACK_LATER, "", "try again later"};
    } else if (kind == REPORTS_GONE) {
        callback->answer = (struct callback_answer){CALLBACK_UNKNOWN, "/data/receipt",
                                                    "no such report"};
    } else if (kind == REPORTS_CHANGE_KNOWN) {
        callback->answer = (struct callback_answer){CALLBACK_DONE, "", ""};
    } else {
        metrics_add(METRIC_HOOKS_APPLIED, 1);
        log_event(LOG_LEVEL_INFO, "hook", "rid=%s receipt=%s move=%s applied=%d", callback->rid,
                  log_receipt(callback->receipt).text, move_name(&callback->move),
                  callback->answer.kind == CALLBACK_DONE);
    }
    finish(callback);
}

static void finish(struct callback *callback)
{
    callback->done(callback->arg, &callback->answer);
    json_decref(callback->body);
    callback->magic = 0;
    free(callback);
}
