/*
 * POST /api/v1/reports/{receipt}/claim, /release, /steps and every other move.
 *
 *   body ─► the caller's own faults (time to come, leader, area) ─► flow/claim | flow/move | flow/correct ─► answer by kind
 *                                    merge: the leader is read first
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "domain/person.h"
#include "domain/phone.h"
#include "domain/resident_id.h"
#include "flow/claim.h"
#include "flow/correct.h"
#include "flow/item.h"
#include "flow/move.h"
#include "web/api.h"

enum { CLOCK_SLACK_MS = 60000 };

static claim_done_fn on_claimed;
static move_done_fn on_moved;
static correct_done_fn on_corrected;
static reports_read_done_fn on_leader;

static struct edit_actor actor_of(const struct api_call *call)
{
    return (struct edit_actor){call->token_id, call->token_name};
}

/* An ill-formed receipt is answered like one that is not there. */
static bool has_receipt(struct api_call *call)
{
    if (call->receipt[0] == '\0') {
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        api_end(&call);
        return false;
    }
    return true;
}

static void claim(struct api_call *call, int64_t minutes)
{
    api_guard(call, true);
    if (minutes > 0) {
        call->guard.holder = NULL; /* whether it is free is judged where it is taken */
    } else {
        call->guard.must_hold = false;
    }
    const struct claim_request request = {
        .receipt = call->receipt,
        .actor = actor_of(call),
        .rid = exchange_request(call->exchange)->rid,
        .guard = &call->guard,
        .minutes = minutes,
    };
    claim_report(call->web->setup, call->web->store, &request, on_claimed, call);
}

void api_claim(struct api_call *call)
{
    if (has_receipt(call)) {
        claim(call,
              json_member_whole(call->body, "minutes", call->web->setup->options.claims.minutes));
    }
}

void api_release(struct api_call *call)
{
    if (has_receipt(call)) {
        claim(call, 0);
    }
}

static void on_claimed(void *arg, const struct claim_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    switch (answer->kind) {
    case CLAIM_DONE:
        if (answer->fence == 0) {
            api_send_item(call, answer->record);
            break;
        }
        api_set_etag(call, answer->version);
        api_send_json(call, 200,
                      json_pack("{s:I, s:o, s:I}", "fence", (json_int_t)answer->fence, "until",
                                item_time(answer->until_ms), "version",
                                (json_int_t)answer->version));
        break;
    case CLAIM_GUARDED:
        api_send_guarded(call, answer->verdict, answer->record);
        break;
    case CLAIM_TAKEN:
        api_send_problem(call, 409, "Claimed by another", NULL,
                         json_pack("{s:o}", "claimed_by",
                                   item_claim(answer->by_id, answer->by_name, answer->until_ms)));
        break;
    case CLAIM_ENDED:
        api_send_problem(call, 409, "Ended", "the report is decided", NULL);
        break;
    case CLAIM_GONE:
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        break;
    case CLAIM_LATER:
        api_send_busy(call);
        break;
    }
    api_end(&call);
}

static void send_move(struct api_call *call, struct move_request *request)
{
    api_guard(call, true);
    request->receipt = call->receipt;
    request->actor = actor_of(call);
    request->rid = exchange_request(call->exchange)->rid;
    request->guard = &call->guard;
    request->note = json_member_text(call->body, "note");
    request->body = call->body;
    request->reread = true;
    move_report(call->web->setup, call->web->store, request, on_moved, call);
}

static struct progress_move staff_move(const struct api_call *call, enum progress_move_kind kind)
{
    return (struct progress_move){
        .kind = kind,
        .by = MOVER_STAFF,
        .note = json_member_text(call->body, "public_note"),
        .at_ms = clock_wall_ms(),
    };
}

/* What happened may be told later, never before. */
static int64_t told_time(struct api_call *call)
{
    int64_t now_ms = clock_wall_ms();
    int64_t at_ms = now_ms;
    if (json_member_time(call->body, "at", &at_ms) && at_ms > now_ms + CLOCK_SLACK_MS) {
        api_fault(call, "at", "time", "lies in the future");
    }
    return at_ms < now_ms ? at_ms : now_ms;
}

/* With what was found on the way to it. */
static struct progress_move found_move(const struct api_call *call, enum progress_move_kind kind,
                                       int64_t at_ms)
{
    struct progress_move move = staff_move(call, kind);
    move.plain = json_member_bool(call->body, "plain");
    move.authorised = json_member_bool(call->body, "authorised");
    move.at_ms = at_ms;
    return move;
}

static struct progress_move step_of(const struct api_call *call, int64_t at_ms)
{
    struct progress_move move = found_move(call, MOVE_STEP, at_ms);
    move.step = json_member_text(call->body, "step");
    move.outcome = json_member_text(call->body, "outcome");
    return move;
}

static struct progress_move decision_of(const struct api_call *call, int64_t at_ms)
{
    struct progress_move move = found_move(call, MOVE_DECIDE, at_ms);
    move.decision = json_member_text(call->body, "decision");
    move.reason = json_member_text(call->body, "reason");
    move.category = json_member_text(call->body, "category");
    move.members = (int)json_member_whole(call->body, "members", 0);
    return move;
}

void api_steps(struct api_call *call)
{
    if (!has_receipt(call)) {
        return;
    }
    int64_t at_ms = call->body ? told_time(call) : 0;
    bool step = json_member_text(call->body, "step").len > 0;
    bool outcome = json_member_text(call->body, "outcome").len > 0;
    bool decision = json_member_text(call->body, "decision").len > 0;
    if (call->body != NULL && api_body_fits(call)) {
        if (step != outcome) {
            api_fault(call, step ? "outcome" : "step", "required",
                      "step and outcome belong together");
        } else if (!step && !decision) {
            api_fault(call, "step", "required", "step and outcome, or decision, or both");
        } else if (str_is(json_member_text(call->body, "decision"), "merged")) {
            api_fault(call, "decision", "not_allowed", "POST …/merge names the leading report");
        }
    }
    struct move_request request = {
        .move = step ? step_of(call, at_ms) : decision_of(call, at_ms),
        .decides = step && decision,
        .then = decision_of(call, at_ms),
    };
    send_move(call, &request);
}

static void merge(struct api_call *call)
{
    char leader[RECEIPT_BYTES] = "";
    struct str typed = json_member_text(call->body, "leader");
    if (api_body_fits(call) &&
        (!receipt_parse(typed, leader) || strcmp(leader, call->receipt) == 0 ||
         receipt_bucket(leader) != receipt_bucket(call->receipt))) {
        api_fault(call, "leader", "not_allowed",
                  "the receipt of another report, with the same first two digits");
    }
    reports_read(call->web->store, api_body_fits(call) ? leader : call->receipt, on_leader, call);
}

/* The leading report must be there, in the token's scope, and go on itself (or the household is on the list already): what is merged into it is
 * looked at nowhere else. The store asks again when it is written. */
static bool can_lead(const struct api_call *call, const struct report_record *record)
{
    const struct guard guard = {.areas = call->web->setup->areas,
                                .scope = &call->scope,
                                .org = call->own ? call->org : "",
                                .has_right = true,
                                .body_fits = true};
    if (record == NULL || guard_judge(&guard, record) != GUARD_OK) {
        return false;
    }
    struct str state = record_get(record, REPORT_STATE);
    return (str_is(state, "new") || str_is(state, "open") || str_is(state, "admitted")) &&
           !str_is(record_get(record, REPORT_LEAD), "1") &&
           record_get(record, REPORT_PURGED).len == 0;
}

static void on_leader(void *arg, enum op_status status, const struct report_record *record)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    if (status != OP_OK) {
        api_send_busy(call);
        api_end(&call);
        return;
    }
    if (api_body_fits(call) && !can_lead(call, record)) {
        api_fault(call, "leader", "unknown", "no report of this scope that could lead");
    }
    struct move_request request = {.move = staff_move(call, MOVE_MERGE), .leader_area = AREA_NONE};
    if (record != NULL) {
        request.leader_drill = str_is(record_get(record, REPORT_DRILL), "1");
        request.leader_area = record_place(call->web->setup->areas, record);
    }
    request.move.leader = json_member_text(call->body, "leader");
    send_move(call, &request);
}

/* Whether it is of the report's county is judged where the report is at hand. */
static bool takes_reports(const struct api_call *call)
{
    struct str old_name;
    const struct areas *areas = call->web->setup->areas;
    area_index area = areas_resolve(areas, json_member_text(call->body, "area"), &old_name);
    return area != AREA_NONE && area_takes_reports(areas, area);
}

static enum progress_move_kind object_kind(const struct api_call *call)
{
    struct str outcome = json_member_text(call->body, "outcome");
    return str_is(outcome, "upheld")     ? MOVE_UPHOLD
           : str_is(outcome, "reopened") ? MOVE_REOPEN
                                         : MOVE_OBJECT;
}

void api_move(struct api_call *call)
{
    static const struct {
        const char *word;
        enum progress_move_kind kind;
    } kinds[] = {
        {"transfer", MOVE_TRANSFER}, {"ask", MOVE_ASK},       {"answer", MOVE_ANSWER},
        {"pause", MOVE_PAUSE},       {"resume", MOVE_RESUME}, {"merge", MOVE_MERGE},
        {"withdraw", MOVE_WITHDRAW}, {"object", MOVE_OBJECT}, {"green", MOVE_GREEN},
        {"clear", MOVE_CLEAR},
    };
    if (!has_receipt(call)) {
        return;
    }
    struct str path = str_of(call->route->path);
    enum progress_move_kind kind = MOVES;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        kind = str_ends(path, str_of(kinds[i].word)) ? kinds[i].kind : kind;
    }
    CHECK(kind != MOVES);
    if (kind == MOVE_MERGE) {
        merge(call);
        return;
    }
    kind = kind == MOVE_OBJECT ? object_kind(call) : kind;
    struct move_request request = {.move = staff_move(call, kind)};
    request.clearing = kind == MOVE_CLEAR;
    request.move.days = (int)json_member_whole(call->body, "days", 0);
    request.move.area_to = json_member_text(call->body, "area");
    if (kind == MOVE_TRANSFER && api_body_fits(call) && !takes_reports(call)) {
        api_fault(call, "area", "unknown", "no village or grid of this county");
    }
    send_move(call, &request);
}

/* `: a, b, c` of the reasons or categories there are; nothing of other members. */
static void put_ids(const struct api_call *call, const struct report_record *record,
                    const char *member, struct buf *to)
{
    bool clears = record_get(record, REPORT_CLEARING).len > 0;
    const struct procedure *procedure = procedures_find(
        call->web->setup->procedures,
        record_get(record, clears ? REPORT_CLEARING_PROCEDURE : REPORT_PROCEDURE));
    bool reasons = str_is(str_of(member), "reason");
    if (procedure == NULL || (!reasons && !str_is(str_of(member), "category"))) {
        return;
    }
    const struct procedure_reason *list = reasons ? procedure->reasons : procedure->categories;
    size_t count = reasons ? procedure->reason_count : procedure->category_count;
    for (size_t i = 0; i < count; i++) {
        buf_printf(to, "%s%s", i == 0 ? ": " : ", ", list[i].id);
    }
}

/* What the procedure does not know, or wants besides: the place, and what is allowed there. */
static void send_fault(struct api_call *call, const struct move_answer *answer)
{
    static const struct {
        const char *member, *allowed;
    } members[] = {
        {"step", "a step of this report's procedure"},
        {"outcome", "passed, failed or skipped"},
        {"decision", "an ending of this report's procedure"},
        {"reason", "a reason of this report's procedure"},
        {"category", "a category of this report's procedure"},
        {"members", "how many are in the household, 1 to 99"},
        {"leader", "the receipt of another report"},
        {"area", "a village or grid of this county"},
        {"days", "1 to as many as the procedure allows"},
        {"public_note", "what the household reads"},
    };
    const char *allowed = "the procedure does not know it";
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        allowed = str_is(str_of(answer->fault), members[i].member) ? members[i].allowed : allowed;
    }
    bool given = json_member_value(call->body, answer->fault) != NULL;
    struct buf detail;
    buf_init(&detail, JSON_DETAIL_BYTES);
    buf_puts(&detail, allowed);
    if (answer->record != NULL) {
        put_ids(call, answer->record, answer->fault, &detail);
    }
    api_fault(call, answer->fault, given ? "not_allowed" : "required", buf_text(&detail));
    buf_release(&detail);
    api_send_faults(call);
}

/* Why not, in a sentence; the moves that are allowed stand beside it. */
static void send_refused(struct api_call *call, const struct move_answer *answer)
{
    const char *name = progress_refusal_name(answer->refusal);
    if (answer->refusal == REFUSAL_INCOMPLETE || answer->refusal == REFUSAL_UNKNOWN) {
        send_fault(call, answer);
        return;
    }
    char detail[96];
    snprintf(detail, sizeof detail, "%s: the procedure does not allow it now", name);
    api_send_problem(call, 409, "Not allowed now", detail,
                     json_pack("{s:O}", "moves", answer->moves));
}

static void on_moved(void *arg, const struct move_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    switch (answer->kind) {
    case MOVED_APPLIED:
    case MOVED_UNCHANGED:
        api_send_item(call, answer->record);
        break;
    case MOVED_GUARDED:
        api_send_guarded(call, answer->verdict, answer->record);
        break;
    case MOVED_REFUSED:
        send_refused(call, answer);
        break;
    case MOVED_GONE:
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        break;
    case MOVED_KNOWN:
    case MOVED_LATER:
        api_send_busy(call);
        break;
    }
    api_end(&call);
}

/* What was typed at the visit, read as the form reads it. */
struct completed {
    char id[RESIDENT_ID_BYTES], name[PERSON_NAME_BYTES], phone[PHONE_BYTES];
    bool has_id, has_name, has_phone;
};

static void read_completed(struct api_call *call, struct completed *ret)
{
    struct str id = json_member_text(call->body, "id_number");
    struct str name = json_member_text(call->body, "name");
    struct str phone = json_member_text(call->body, "phone");
    *ret = (struct completed){
        .has_id = id.len > 0, .has_name = name.len > 0, .has_phone = phone.len > 0};
    if (ret->has_id &&
        resident_id_parse(id, date_of_ms(clock_wall_ms()), ret->id) != RESIDENT_ID_OK) {
        api_fault(call, "id_number", "not_allowed",
                  "an ID number of 18 characters (GB 11643-1999)");
    }
    if (ret->has_name && person_name_parse(name, ret->name) != PERSON_OK) {
        api_fault(call, "name", "characters", "a name of 2 to 50 characters");
    }
    if (ret->has_phone && phone_parse(phone, ret->phone) != PHONE_OK) {
        api_fault(call, "phone", "not_allowed", "a mobile or a landline with its area code");
    }
    if (!ret->has_id && !ret->has_name && !ret->has_phone) {
        api_fault(call, "id_number", "required", "id_number, name or phone");
    }
}

void api_correct(struct api_call *call)
{
    struct completed completed;
    if (!has_receipt(call)) {
        return;
    }
    if (call->body != NULL) {
        read_completed(call, &completed);
    } else {
        completed = (struct completed){.has_id = false};
    }
    api_guard(call, true);
    call->guard.has_right = api_has(call, RIGHT_STEP) && api_has(call, RIGHT_PII);
    call->guard.body_fits = api_body_fits(call);
    const struct correct_request request = {
        .receipt = call->receipt,
        .actor = actor_of(call),
        .rid = exchange_request(call->exchange)->rid,
        .guard = &call->guard,
        .id_number = completed.has_id ? completed.id : NULL,
        .name = completed.has_name ? completed.name : NULL,
        .phone = completed.has_phone ? completed.phone : NULL,
        .note = json_member_text(call->body, "note"),
    };
    correct_report(call->web->setup, call->web->store, &request, on_corrected, call);
    explicit_bzero(&completed, sizeof completed);
}

static void on_corrected(void *arg, const struct correct_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    switch (answer->kind) {
    case CORRECT_DONE:
    case CORRECT_UNCHANGED:
        api_send_item(call, answer->record);
        break;
    case CORRECT_GUARDED:
        api_send_guarded(call, answer->verdict, answer->record);
        break;
    case CORRECT_ENDED:
        api_send_problem(call, 409, "Ended", "the report is decided", NULL);
        break;
    case CORRECT_GONE:
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        break;
    case CORRECT_LATER:
        api_send_busy(call);
        break;
    }
    api_end(&call);
}
