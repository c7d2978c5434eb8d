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
#include "flow/move.h"

enum {
    CALLBACK_MAGIC = 0xCA11BAC,
    TOLERANCE_S = 300,
    AHEAD_MS = 24 * 3600 * 1000, /* a clock of another zone; it happened now then */
    HOOK_ID_BYTES = 129,
    NOTE_CHARS_MAX = 200,
    SIGNED_BYTES_MAX = 1 << 20
};

struct callback {
    unsigned magic;
    char hook_id[HOOK_ID_BYTES];
    char rid[24];
    char receipt[RECEIPT_BYTES];
    json_t *body; /* owned; the move's slices point into it */
    struct progress_move move;
    struct callback_answer answer;
    callback_done_fn *done;
    void *arg;
};

static loop_fn on_known_at_once;
static move_done_fn on_moved;
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
    move->by = MOVER_UPSTREAM;
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
    int64_t now_ms = clock_wall_ms();
    if (callback->move.at_ms >
        now_ms + AHEAD_MS) { /* everything that is counted from it would wait for that day */
        callback->answer.pointer = pointer;
        callback->answer.detail = "a time that has come";
        return false;
    }
    if (callback->move.at_ms > now_ms) {
        callback->move.at_ms = now_ms;
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
    *callback = (struct callback){
        .magic = CALLBACK_MAGIC, .done = done, .arg = arg, .answer = {.pointer = "", .detail = ""}};
    snprintf(callback->rid, sizeof callback->rid, "%s", request->rid);
    snprintf(callback->hook_id, sizeof callback->hook_id, "%.*s", STR_ARG(request->id));
    struct str secret = str_make(setup->hook_secret, setup->hook_secret_len);
    if (setup->hook_secret == NULL ||
        !move_source_allows(&setup->options, false, MOVER_UPSTREAM, MOVE_STEP)) {
        callback->answer.kind = CALLBACK_OFF;
    } else if (request->id.len == 0 || request->id.len >= HOOK_ID_BYTES ||
               !callback_signed(secret, request, clock_wall_ms())) {
        metrics_add(METRIC_HOOKS_REFUSED, 1);
        callback->answer.kind = CALLBACK_BAD_SIGNATURE;
    } else if (!read_body(callback, request->body)) {
        callback->answer.kind = CALLBACK_REFUSED;
        log_event(LOG_LEVEL_INFO, "hook", "rid=%s receipt=%s refused at=%s", callback->rid,
                  log_receipt(callback->receipt).text, callback->answer.pointer);
    } else {
        const struct move_request move = {
            .receipt = callback->receipt,
            .actor = {"upstream", ""},
            .rid = callback->rid,
            .move = callback->move,
            .body = callback->body,
            .hook_id = callback->hook_id,
        };
        move_report(setup, store, &move, on_moved, callback);
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

static struct callback_answer answer_of(const struct move_answer *answer)
{
    switch (answer->kind) {
    case MOVED_APPLIED:
    case MOVED_UNCHANGED:
    case MOVED_KNOWN:
        return (struct callback_answer){CALLBACK_DONE, "", ""};
    case MOVED_GONE:
        return (struct callback_answer){CALLBACK_UNKNOWN, "/data/receipt", "no such report"};
    case MOVED_REFUSED:
        return answer->refusal == REFUSAL_UNKNOWN || answer->refusal == REFUSAL_INCOMPLETE
                   ? (struct callback_answer){CALLBACK_REFUSED, "/data",
                                              "recorded; no such step, outcome, decision or reason"}
                   : (struct callback_answer){CALLBACK_REFUSED, "/data",
                                              "recorded; the procedure does not allow it now"};
    case MOVED_GUARDED:
    case MOVED_LATER:
        break;
    }
    return (struct callback_answer){CALLBACK_LATER, "", "try again later"};
}

static void on_moved(void *arg, const struct move_answer *answer)
{
    struct callback *callback = arg;
    CHECK_OBJ(callback, CALLBACK_MAGIC);
    callback->answer = answer_of(answer);
    if (answer->kind == MOVED_APPLIED || answer->kind == MOVED_REFUSED) {
        metrics_add(METRIC_HOOKS_APPLIED, 1);
        bool refused = answer->kind == MOVED_REFUSED;
        log_event(LOG_LEVEL_INFO, "hook", "rid=%s receipt=%s move=%s applied=%d%s%s", callback->rid,
                  log_receipt(callback->receipt).text, progress_move_name(callback->move.kind),
                  !refused, refused ? " why=" : "",
                  refused ? progress_refusal_name(answer->refusal) : "");
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
