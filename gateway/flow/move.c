#include "flow/move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/move_inside.h"
#include "flow/snapshot.h"

enum { MOVE_MAGIC = 0x30FE };

struct moving {
    unsigned magic;
    struct move_request request; /* receipt, actor and rid are copied by edit */
    char from[PROGRESS_AREA_BYTES];
    char leader[RECEIPT_BYTES];
    char receipt[RECEIPT_BYTES];
    char by[32], name[244];
    struct identities identities; /* of a lead that becomes a report */
    struct move_answer answer;
    move_done_fn *done;
    void *arg;
};

static edit_fn apply;
static edit_done_fn on_edited;

static struct edit_actor actor_of(const struct moving *moving)
{
    return (struct edit_actor){moving->by, moving->name};
}

bool move_source_allows(const struct options *options, bool lead, enum progress_mover by,
                        enum progress_move_kind kind)
{
    struct str source = str_of(options->progress.source);
    bool steps = kind == MOVE_STEP || kind == MOVE_DECIDE || kind == MOVE_CLEAR ||
                 kind == MOVE_MERGE || kind == MOVE_GREEN;
    if (by == MOVER_UPSTREAM) {
        return str_is(source, "upstream") || str_is(source, "both");
    }
    if (by == MOVER_FARMER && str_is(source, "none")) {
        /* where nobody tells of steps, nothing can be late, and nobody said that anybody came */
        return kind != MOVE_NUDGE && kind != MOVE_VISITED && kind != MOVE_NOT_VISITED;
    }
    return by != MOVER_STAFF || !steps || lead || str_is(source, "console") ||
           str_is(source, "both");
}

void move_report(const struct setup *setup, struct store *store, const struct move_request *request,
                 move_done_fn *done, void *arg)
{
    struct moving *moving = mem_alloc(sizeof *moving);
    moving->magic = MOVE_MAGIC;
    moving->request = *request;
    moving->request.body = json_incref(request->body);
    moving->done = done;
    moving->arg = arg;
    snprintf(moving->receipt, sizeof moving->receipt, "%s", request->receipt);
    snprintf(moving->by, sizeof moving->by, "%s", request->actor.by);
    snprintf(moving->name, sizeof moving->name, "%s", request->actor.name);
    const struct edit_request edit = {
        .receipt = moving->receipt,
        .actor = {moving->by, moving->name},
        .rid = request->rid,
        .reread = request->reread,
        .edit = apply,
        .done = on_edited,
        .arg = moving,
    };
    edit_report(setup, store, &edit);
}

bool move_goes_to_clearing(const struct edit_view *view, const struct progress_move *move)
{
    return view->clearing_runs && move->by == MOVER_STAFF &&
           (move->kind == MOVE_STEP || move->kind == MOVE_DECIDE || move->kind == MOVE_TRANSFER ||
            move->kind == MOVE_ASK || move->kind == MOVE_ANSWER || move->kind == MOVE_PAUSE ||
            move->kind == MOVE_RESUME);
}

struct str move_place(const struct edit_view *view, struct str id)
{
    struct str old_name;
    area_index area = areas_resolve(view->setup->areas, id, &old_name);
    return area == AREA_NONE ? id : area_id(view->setup->areas, area);
}

/* The green channel is for the risks that the procedure names. */
static bool green_fits(const struct procedure *procedure, const struct report_record *record)
{
    struct str rest = record_get(record, REPORT_RISKS);
    struct str risk;
    while (str_next(&rest, ' ', &risk)) {
        if (procedure_green_fits(procedure, risk)) {
            return true;
        }
    }
    return false;
}

static json_t *choices_of(const struct setup *setup, const struct procedure *procedure,
                          const struct progress *progress, const struct report_record *record,
                          enum progress_mover by, int64_t now_ms)
{
    struct progress_choice choices[PROGRESS_CHOICES_MAX];
    size_t count = progress_choices(procedure, setup->calendar, progress, by, now_ms, choices);
    bool lead = str_is(record_get(record, REPORT_LEAD), "1");
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        enum progress_move_kind kind = choices[i].kind;
        if (move_source_allows(&setup->options, lead, by, kind) &&
            (kind != MOVE_GREEN || green_fits(procedure, record))) {
            choices[kept++] = choices[i];
        }
    }
    return progress_choices_json(choices, kept);
}

json_t *move_choices(const struct setup *setup, const struct report_record *record, int64_t now_ms)
{
    bool clears = record_get(record, REPORT_CLEARING).len > 0;
    if (record_get(record, REPORT_PURGED).len > 0) {
        return json_array(); /* nobody can work on it */
    }
    const struct procedure *procedure = procedures_find(
        setup->procedures,
        record_get(record, clears ? REPORT_CLEARING_PROCEDURE : REPORT_PROCEDURE));
    struct str text = record_get(record, clears ? REPORT_CLEARING : REPORT_PROGRESS);
    struct progress *progress = mem_alloc(sizeof *progress);
    json_t *json = json_loadb(text.at ? text.at : "", text.len, 0, NULL);
    json_t *choices = NULL;
    if (procedure != NULL && json != NULL && progress_from_json(procedure, json, progress)) {
        choices = choices_of(setup, procedure, progress, record, MOVER_STAFF, now_ms);
    }
    json_decref(json);
    free(progress);
    return choices ? choices : json_array();
}

/* What is allowed is told of what staff works on now, whichever the move spoke of. */
static enum edit_verdict refuse(struct moving *moving, const struct edit_view *view,
                                const struct progress_move *move, enum progress_refusal refusal)
{
    bool clears = view->clearing_runs && move->by == MOVER_STAFF;
    const struct procedure *procedure = clears ? view->clearing_procedure : view->procedure;
    struct progress *progress = clears ? view->clearing : view->progress;
    json_decref(moving->answer.moves);
    moving->answer.kind = MOVED_REFUSED;
    moving->answer.refusal = refusal;
    moving->answer.then = move == &moving->request.then;
    moving->answer.fault = progress_fault(procedure, progress, move);
    moving->answer.moves = choices_of(view->setup, procedure, progress, view->record, move->by,
                                      view->now_ms);
    return EDIT_STOP;
}

/* What stands in the audit chain: what was asked and by which words of the procedure, no notes. */
static void put_text(json_t *event, const char *member, struct str value)
{
    if (value.len > 0) {
        json_object_set_new(event, member, json_stringn(value.at, value.len));
    }
}

/* A word as procedures have them; what else somebody may have sent in its place is nobody's to keep. */
static void put_word(json_t *event, const char *member, struct str value)
{
    put_text(event, member, value.len == 0 || procedure_is_id(value) ? value : STR("?"));
}

void move_audit(json_t *event, const struct progress_move *move)
{
    put_word(event, "step", move->step);
    put_word(event, "outcome", move->outcome);
    put_word(event, "decision", move->decision);
    put_word(event, "reason", move->reason);
    put_word(event, "category", move->category);
    put_text(event, "leader", move->leader);
    put_text(event, "from", move->area_from);
    put_text(event, "to", move->area_to);
    if (move->days > 0) {
        json_object_set_new(event, "days", json_integer(move->days));
    }
    if (move->members > 0) {
        json_object_set_new(event, "members", json_integer(move->members));
    }
}

static json_t *audit_of(const struct moving *moving, bool applied)
{
    const struct progress_move *move = &moving->request.move;
    const char *name = moving->request.clearing ? "clearing" : progress_move_name(move->kind);
    json_t *event = json_pack("{s:s, s:b, s:I}", "ev", name, "applied", applied, "happened",
                              (json_int_t)move->at_ms);
    move_audit(event, move);
    if (moving->request.decides) {
        move_audit(event, &moving->request.then);
    }
    return event;
}

static const char *event_of(const struct progress_move *move)
{
    enum procedure_ending_id ending = ENDINGS;
    if (move->kind == MOVE_DECIDE) {
        ending = procedure_ending_of(move->decision);
    } else if (move->kind == MOVE_WITHDRAW && move->by == MOVER_STAFF) {
        ending = ENDING_WITHDRAWN;
    }
    if (move->kind == MOVE_MERGE || ending == ENDING_MERGED) {
        return "merged";
    }
    if (ending != ENDINGS) {
        return ending == ENDING_WITHDRAWN ? "withdrawn" : "decided";
    }
    return move->kind == MOVE_TRANSFER ? "transferred" : move->kind == MOVE_STEP ? "step" : NULL;
}

/*
 * What the monitoring system hears of it, beside the report as it is; what it told us itself is never sent back. A step and the decision that follows
 * from it are one event: the decision's, or the step's where only steps are told of.
 */
static void put_event(const struct moving *moving, const struct edit_view *view,
                      const struct progress_move *move, struct edit_draft *draft)
{
    const struct options *options = &view->setup->options;
    const char *event = event_of(move);
    if (move->by == MOVER_UPSTREAM || draft->promote || event == NULL) {
        return;
    }
    draft->withdraw = str_is(str_of(event), "withdrawn");
    draft->drop = draft->withdraw;
    if (draft->event != NULL && snapshot_is_sent(options, draft->event) &&
        !snapshot_is_sent(options, event)) {
        draft->withdraw = false;
        return;
    }
    draft->event = event;
    json_decref(draft->event_more);
    draft->event_more = json_object();
    json_t *said = json_object();
    move_audit(said, move);
    put_text(said, "public_note", move->note);
    if (moving->request.decides && move == &moving->request.then) {
        put_text(said, "step", moving->request.move.step);
        put_text(said, "outcome", moving->request.move.outcome);
    }
    json_object_set_new(draft->event_more, draft->event, said);
}

/* As for what is filed: staff sees that the household has another open report. What cannot be opened is told of by the write. */
static void judge_household(struct moving *moving, const struct edit_view *view,
                            struct edit_draft *draft)
{
    if (view->shared_id || record_get(view->record, REPORT_ID_HASH).len == 0) {
        return;
    }
    json_t *sealed = edit_open(view);
    const json_t *values = json_object_get(sealed, "values");
    if (values != NULL) {
        identities_of(&view->setup->keyring, values, STR(""), &moving->identities);
        draft->alone = &moving->identities;
    }
    json_decref(sealed);
}

/* The lead was right: the same number goes on as a report, under the report's procedure, its total from the day that its source's rule says. */
static void become_report(struct moving *moving, struct edit_view *view,
                          const struct progress_move *move, struct edit_draft *draft)
{
    const struct intake_rule *rule = intake_rule(view->setup->intake,
                                                 record_get(view->record, REPORT_SOURCE));
    bool from_found = rule != NULL && rule->total_from_found;
    draft->procedure = procedures_main(view->setup->procedures);
    draft->promote = true;
    draft->event = "accepted";
    *view->lead_ended = *view->progress;
    json_decref(draft->event_more); /* of the lead's last step */
    draft->event_more = NULL;
    progress_begin_found(draft->procedure, view->setup->calendar, view->now_ms,
                         from_found ? record_number(view->record, REPORT_FOUND) : 0,
                         view->progress);
    progress_say(view->progress, MOVE_DECIDE, move->note);
    view->progress->plain = view->lead_ended->plain;
    view->progress->authorised = view->lead_ended->authorised;
    edit_put_text(draft, REPORT_LEAD, "0");
    snprintf(draft->flag, sizeof draft->flag, "from_lead%s",
             view->shared_id ? " possible_duplicate" : "");
    judge_household(moving, view, draft);
}

/* What the household reads of 风险消除 stands on the report's own progress; so does where it was, since the clearing's is not kept. */
static void tell_clearing(const struct moving *moving, struct edit_view *view,
                          const struct progress_move *move)
{
    bool over = move->kind == MOVE_ANSWER || move->kind == MOVE_RESUME ||
                progress_decided(view->clearing);
    if (move->note.len > 0 || over) {
        progress_say(view->progress, MOVE_CLEAR, move->note);
    }
    if (move->kind == MOVE_TRANSFER) {
        progress_put_transfer(view->progress, view->now_ms, str_of(moving->from), move->area_to);
    }
    view->progress->authorised |= move->authorised;
}

/* The end of 风险消除: cleared ends the report's own progress too, kept leaves it as it was. */
static void end_clearing(struct edit_view *view, const struct progress_move *move,
                         struct edit_draft *draft)
{
    char ended[2 * PROCEDURE_ID_BYTES];
    if (!progress_decided(view->clearing)) {
        return;
    }
    snprintf(ended, sizeof ended, "%s %s", view->clearing->decision, view->clearing->reason);
    edit_put_text(draft, REPORT_CLEARED, ended);
    if (view->clearing->state == PROGRESS_CLEARED) {
        const struct progress_move clear = {
            .kind = MOVE_CLEAR, .by = MOVER_UPSTREAM, .note = move->note, .at_ms = move->at_ms};
        progress_apply(view->procedure, view->setup->calendar, view->progress, &clear);
    }
    view->clearing_runs = false;
}

static bool is_worked_on(const struct edit_view *view)
{
    return !progress_decided(view->progress) || view->clearing_runs;
}

/* worked_on: before the move. A claim lasts until its time, or until the work that it is for ends or goes elsewhere. */
static void effects(struct moving *moving, struct edit_view *view, const struct progress_move *move,
                    bool worked_on, struct edit_draft *draft)
{
    struct str old_name;
    if (move_goes_to_clearing(view, move)) {
        tell_clearing(moving, view, move);
        end_clearing(view, move, draft);
    }
    if (move->kind == MOVE_CLEAR) { /* said from outside: there is nothing left to look at */
        view->clearing_runs = false;
    }
    if (view->lead && move->kind == MOVE_DECIDE && str_is(move->decision, "report")) {
        become_report(moving, view, move, draft);
    }
    if (move->kind == MOVE_TRANSFER) {
        draft->area = areas_resolve(view->setup->areas, move->area_to, &old_name);
    }
    if (move->kind == MOVE_MERGE && receipt_parse(move->leader, moving->leader)) {
        draft->leader = moving->leader;
    }
    if (move->kind == MOVE_TRANSFER || move->kind == MOVE_CLEAR ||
        (worked_on && !is_worked_on(view))) {
        edit_end_claim(draft, view->record);
    }
    put_event(moving, view, move, draft);
}

/* A report stays in its county: others may share its bucket. Of a county that is no more, the bucket is all that is known. */
static bool is_same_county(const struct edit_view *view, area_index other)
{
    const struct areas *areas = view->setup->areas;
    area_index area = record_place(areas, view->record);
    bool gone = view->area == AREA_NONE &&
                (area == AREA_NONE || area_level(areas, area) < AREA_COUNTY);
    if (other == AREA_NONE || gone) {
        return other != AREA_NONE && area_bucket(areas, other) == receipt_bucket(view->receipt);
    }
    return area_bucket_owner(areas, other) == area_bucket_owner(areas, area);
}

static bool place_fits(const struct moving *moving, const struct edit_view *view,
                       const struct progress_move *move)
{
    struct str old_name;
    if (move->kind == MOVE_TRANSFER) {
        return is_same_county(view, areas_resolve(view->setup->areas, move->area_to, &old_name));
    }
    return move->kind != MOVE_MERGE || (view->drill == moving->request.leader_drill &&
                                        is_same_county(view, moving->request.leader_area));
}

/* One move on the copy at hand. True: applied. Else *ret says what to answer. */
static bool apply_one(struct moving *moving, struct edit_view *view, struct progress_move *move,
                      struct edit_draft *draft, enum progress_refusal *ret)
{
    bool clears = move_goes_to_clearing(view, move);
    const struct procedure *procedure = clears ? view->clearing_procedure : view->procedure;
    struct progress *progress = clears ? view->clearing : view->progress;
    const struct calendar *calendar = view->setup->calendar;
    if (move->kind == MOVE_TRANSFER) {
        struct str from = move_place(view, record_get(view->record, REPORT_AREA));
        snprintf(moving->from, sizeof moving->from, "%.*s", STR_ARG(from));
        move->area_from = str_of(moving->from);
    }
    move->now_ms = view->now_ms;
    progress_tick(procedure, calendar, progress, view->now_ms);
    bool allowed = move_source_allows(&view->setup->options, view->lead, move->by, move->kind);
    *ret = !allowed                          ? REFUSAL_NOT_HERE
           : !place_fits(moving, view, move) ? REFUSAL_UNKNOWN
                                             : progress_check(procedure, calendar, progress, move);
    if (*ret == REFUSAL_NONE && move->kind == MOVE_GREEN && !green_fits(procedure, view->record)) {
        *ret = REFUSAL_CONDITION;
    }
    if (*ret != REFUSAL_NONE) {
        return false;
    }
    bool worked_on = is_worked_on(view);
    enum progress_result result = progress_apply(procedure, calendar, progress, move);
    CHECK(result == PROGRESS_APPLIED);
    effects(moving, view, move, worked_on, draft);
    return true;
}

/* 风险消除 begins for whoever was admitted and is still on the list. */
static bool begin_clearing(struct edit_view *view, const struct progress_move *move,
                           enum progress_refusal *ret)
{
    *ret = view->clearing_runs                          ? REFUSAL_ALREADY
           : view->progress->state != PROGRESS_ADMITTED ? REFUSAL_NOT_ENDED
           : !move_source_allows(&view->setup->options, false, MOVER_STAFF, MOVE_STEP)
               ? REFUSAL_NOT_HERE
               : REFUSAL_NONE;
    if (*ret != REFUSAL_NONE) {
        return false;
    }
    progress_begin(view->clearing_procedure, view->setup->calendar, view->now_ms, view->clearing);
    view->clearing_runs = true;
    progress_say(view->progress, MOVE_CLEAR, move->note);
    return true;
}

/* A move of the monitoring system that is not taken is never lost: it stands in the chain, and where it contradicts, staff sees the flag. */
static enum edit_verdict record_refused(struct moving *moving, struct edit_draft *draft,
                                        enum progress_refusal refusal)
{
    bool understood = refusal != REFUSAL_UNKNOWN && refusal != REFUSAL_INCOMPLETE;
    moving->answer.kind = MOVED_REFUSED;
    moving->answer.refusal = refusal;
    draft->audit = audit_of(moving, false);
    json_object_set_new(draft->audit, "refusal", json_string(progress_refusal_name(refusal)));
    draft->hook_id = moving->request.hook_id;
    draft->hook_early = refusal == REFUSAL_NOT_ENDED; /* the decision may come yet */
    snprintf(draft->flag, sizeof draft->flag, "%s", understood ? "upstream_conflict" : "");
    return EDIT_WRITE;
}

/* A move that ends the claim which it needs is known when it comes again: all that it asks for is so, and nothing is new. */
static bool ended_its_claim(const struct moving *moving, struct edit_view *view)
{
    return moving->answer.verdict == GUARD_NOT_CLAIMED && moving->request.guard->has_fence &&
           move_is_on_record(&moving->request, view) && !move_amend(&moving->request, view);
}

/* False: the answer says why not, or that it was done before. */
static bool is_let_in(struct moving *moving, struct edit_view *view)
{
    const struct move_request *request = &moving->request;
    moving->answer.verdict = guard_judge(request->guard, view->record);
    if (moving->answer.verdict == GUARD_OK) {
        return true;
    }
    bool adds = edit_note_is_new(view, actor_of(moving), request->note);
    bool done = !adds && (ended_its_claim(moving, view) ||
                          (moving->answer.verdict == GUARD_FORBIDDEN &&
                           move_was_sent_on(request, view, &moving->answer.verdict)));
    moving->answer.kind = done ? MOVED_UNCHANGED : MOVED_GUARDED;
    return false;
}

/* Staff says what is on record already: only what it adds is written. */
static enum edit_verdict say_again(struct moving *moving, struct edit_view *view,
                                   struct edit_draft *draft)
{
    const struct move_request *request = &moving->request;
    bool amended = move_amend(request, view);
    if (!amended && !edit_note_is_new(view, actor_of(moving), request->note)) {
        moving->answer.kind = MOVED_UNCHANGED;
        return EDIT_STOP;
    }
    draft->audit = audit_of(moving, true);
    json_object_set_new(draft->audit, "move", json_incref(json_object_get(draft->audit, "ev")));
    json_object_set_new(draft->audit, "ev", json_string("amended"));
    if (edit_note_is_new(view, actor_of(moving), request->note)) {
        draft->note = edit_note(view, actor_of(moving), request->note);
    }
    return EDIT_WRITE;
}

static enum edit_verdict apply(void *arg, struct edit_view *view, struct edit_draft *draft)
{
    struct moving *moving = arg;
    CHECK_OBJ(moving, MOVE_MAGIC);
    struct move_request *request = &moving->request;
    struct progress_move *move = &request->move;
    enum progress_refusal refusal = REFUSAL_NONE;
    moving->answer.kind = MOVED_APPLIED;
    move->area_to = move_place(view, move->area_to);
    if (request->guard != NULL && !is_let_in(moving, view)) {
        return EDIT_STOP;
    }
    if (move_is_on_record(request, view)) {
        return say_again(moving, view, draft);
    }
    bool applied = request->clearing ? begin_clearing(view, move, &refusal)
                                     : apply_one(moving, view, move, draft, &refusal);
    if (applied && request->decides) {
        move = &request->then;
        applied = apply_one(moving, view, move, draft, &refusal);
    }
    if (!applied && refusal == REFUSAL_ALREADY && move == &request->move && !request->decides) {
        moving->answer.kind = MOVED_UNCHANGED;
        return EDIT_STOP;
    }
    if (!applied && move->by == MOVER_UPSTREAM) {
        return record_refused(moving, draft, refusal);
    }
    if (!applied) {
        return refuse(moving, view, move, refusal);
    }
    draft->audit = audit_of(moving, true);
    draft->hook_id = request->hook_id;
    draft->note = edit_note(view, actor_of(moving), request->note);
    return EDIT_WRITE;
}

static void on_edited(void *arg, const struct edit_answer *answer)
{
    struct moving *moving = arg;
    CHECK_OBJ(moving, MOVE_MAGIC);
    switch (answer->kind) {
    case EDIT_DONE:
    case EDIT_STOPPED:
    case EDIT_EARLY:
        break; /* apply has said what it was */
    case EDIT_GONE:
        moving->answer.kind = MOVED_GONE;
        break;
    case EDIT_KNOWN:
        moving->answer.kind = MOVED_KNOWN;
        break;
    case EDIT_CLAIMED:
    case EDIT_LATER:
        moving->answer.kind = MOVED_LATER;
        break;
    }
    moving->answer.record = answer->record;
    moving->done(moving->arg, &moving->answer);
    json_decref(moving->answer.moves);
    json_decref(moving->request.body);
    moving->magic = 0;
    free(moving);
}
