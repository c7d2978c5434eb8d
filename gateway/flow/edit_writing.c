#include "flow/edit_writing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "flow/chain.h"
#include "flow/words.h"

enum { NOTES_MAX = 50 };

static bool read_progress(const struct procedure *procedure, struct str text, struct progress *ret)
{
    json_t *json = json_loadb(text.at ? text.at : "", text.len, 0, NULL);
    bool read = json != NULL && progress_from_json(procedure, json, ret);
    json_decref(json);
    return read;
}

bool writing_read(struct writing *writing, const struct report_record *record)
{
    const struct setup *setup = writing->setup;
    struct edit_view *view = &writing->view;
    struct str old_name;
    struct str clearing = record_get(record, REPORT_CLEARING_PROCEDURE);
    *view = (struct edit_view){
        .setup = setup,
        .receipt = writing->receipt,
        .record = record,
        .version = record_number(record, REPORT_VERSION),
        .now_ms = clock_wall_ms(),
        .drill = str_is(record_get(record, REPORT_DRILL), "1"),
        .lead = str_is(record_get(record, REPORT_LEAD), "1"),
        .area = areas_resolve(setup->areas, record_get(record, REPORT_AREA), &old_name),
        .procedure = procedures_find(setup->procedures, record_get(record, REPORT_PROCEDURE)),
        .progress = &writing->progress,
        .clearing_procedure = clearing.len > 0 ? procedures_find(setup->procedures, clearing)
                                               : procedures_clearing(setup->procedures),
        .clearing = &writing->clearing,
        .clearing_runs = record_get(record, REPORT_CLEARING).len > 0,
        .shared_id = writing->shared_id,
        .lead_ended = &writing->lead_ended,
    };
    bool read = read_progress(view->procedure, record_get(record, REPORT_PROGRESS), view->progress);
    if (read && view->clearing_runs) {
        read = read_progress(view->clearing_procedure, record_get(record, REPORT_CLEARING),
                             view->clearing);
    }
    writing->progress_before = writing->progress;
    writing->clearing_before = writing->clearing;
    writing->clearing_ran = view->clearing_runs;
    return read;
}

static void make_flags(struct writing *writing)
{
    const struct edit_draft *draft = &writing->draft;
    buf_init(&writing->flags, FACTS_FLAGS_BYTES);
    words_without(record_get(writing->view.record, REPORT_FLAGS), draft->flag_gone,
                  &writing->flags);
    words_add(&writing->flags, draft->flag);
}

static void make_facts(struct writing *writing, bool urgent)
{
    const struct edit_view *view = &writing->view;
    const struct setup *setup = view->setup;
    const struct facts_of of = {
        .procedure = view->procedure,
        .progress = view->progress,
        .clearing_procedure = view->clearing_procedure,
        .clearing = view->clearing_runs ? view->clearing : NULL,
        .calendar = setup->calendar,
        .clocked = setup_clocked(setup),
        .urgent = urgent,
        .flags = buf_str(&writing->flags),
        .now_ms = view->now_ms,
    };
    struct facts *facts = mem_alloc(sizeof *facts);
    facts_make(&of, facts);
    record_put_facts(&writing->draft.record, facts);
    struct str made = record_find(&writing->draft.record, REPORT_FLAGS);
    buf_clear(&writing->flags);
    buf_put(&writing->flags, made); /* as they are now, for the event */
    free(facts);
}

static char *progress_text(const struct procedure *procedure, const struct progress *progress)
{
    json_t *json = progress_to_json(procedure, progress);
    char *text = json_dumps(json, JSON_COMPACT);
    CHECK(text != NULL);
    json_decref(json);
    return text;
}

static void put_progress(struct writing *writing)
{
    const struct edit_view *view = &writing->view;
    struct record *record = &writing->draft.record;
    char name[PROCEDURES_NAME_BYTES];
    writing->progress_text = progress_text(view->procedure, view->progress);
    record_put(record, REPORT_PROGRESS, str_of(writing->progress_text));
    if (writing->draft.procedure != NULL) {
        procedures_name(view->procedure, name);
        record_put_text(record, REPORT_PROCEDURE, name);
    }
    if (view->clearing_runs || writing->clearing_ran) {
        procedures_name(view->clearing_procedure, name);
        writing->clearing_text = view->clearing_runs
                                     ? progress_text(view->clearing_procedure, view->clearing)
                                     : mem_strdup("");
        record_put(record, REPORT_CLEARING, str_of(writing->clearing_text));
        record_put_text(record, REPORT_CLEARING_PROCEDURE, view->clearing_runs ? name : "");
    }
}

/* What is sealed anew: the answers, or the notes beside them. */
static void add_note(json_t *sealed, json_t *note)
{
    json_t *notes = json_object_get(sealed, "notes");
    if (notes == NULL) {
        notes = json_array();
        json_object_set_new(sealed, "notes", notes);
    }
    if (json_array_size(notes) >= NOTES_MAX) {
        json_array_remove(notes, 0);
    }
    json_array_append(notes, note);
}

static bool is_sent(const struct writing *writing)
{
    const struct edit_draft *draft = &writing->draft;
    return draft->event != NULL && !writing->view.drill &&
           (!writing->view.lead || draft->promote) &&
           snapshot_is_sent(&writing->view.setup->options, draft->event);
}

/* Risks, mask and last four follow from the answers. */
static void put_answers(struct writing *writing, const json_t *values)
{
    const struct edit_view *view = &writing->view;
    struct record *record = &writing->draft.record;
    const char *name = json_string_value(json_object_get(values, "name"));
    words_of_array(json_object_get(values, "risk"), &writing->risks);
    person_name_mask(str_of(name ? name : ""), writing->mask);
    identities_last4_hash(keyring_current(&view->setup->keyring, KEY_LOOKUP), view->receipt,
                          identities_last4(values), writing->last4);
    record_put(record, REPORT_RISKS, buf_str(&writing->risks));
    record_put(record, REPORT_MASK, str_of(writing->mask));
    record_put(record, REPORT_LAST4, str_of(writing->last4));
    if (json_is_true(json_object_get(values, "urgent"))) {
        record_put(record, REPORT_URGENT, STR("1"));
    }
}

/* Whoever may see only what he put in goes on seeing that, whatever is added or corrected later. */
static void keep_filed(json_t *sealed)
{
    if (json_object_get(sealed, "filed") == NULL) {
        json_object_set(sealed, "filed", json_object_get(sealed, "values"));
    }
}

static bool is_new_tick(const json_t *before, const json_t *values, const char *name)
{
    return json_is_true(json_object_get(values, name)) &&
           !json_is_true(json_object_get(before, name));
}

/* What was agreed to once is kept as it was then; here it is agreed to for the first time. */
static void put_consent(struct writing *writing, const json_t *before, const json_t *values)
{
    const struct edit_view *view = &writing->view;
    struct record *record = &writing->draft.record;
    if (is_new_tick(before, values, "consent")) {
        record_put_text(record, REPORT_NOTICE, pages_notice_version(view->setup->pages));
        record_put_number(record, REPORT_CONSENT_AT, view->now_ms);
    }
    if (is_new_tick(before, values, "consent_sensitive")) {
        record_put_number(record, REPORT_SENSITIVE_AT, view->now_ms);
    }
}

/* False: what is sealed is needed and cannot be opened. */
static bool open_sealed(struct writing *writing)
{
    struct edit_draft *draft = &writing->draft;
    if (draft->values == NULL && draft->note == NULL && !is_sent(writing)) {
        return true;
    }
    writing->sealed = edit_open(&writing->view);
    if (writing->sealed == NULL) {
        return false;
    }
    if (draft->values != NULL) {
        keep_filed(writing->sealed);
        put_consent(writing, json_object_get(writing->sealed, "values"), draft->values);
        json_object_set(writing->sealed, "values", draft->values);
        put_answers(writing, draft->values);
    }
    if (draft->note != NULL) {
        add_note(writing->sealed, draft->note);
    }
    return true;
}

static int64_t number_now(const struct writing *writing, const char *name)
{
    uint64_t number = 0;
    struct str text = record_now(&writing->draft.record, writing->view.record, name);
    return str_to_u64(text, INT64_MAX, &number) ? (int64_t)number : 0;
}

static void make_snapshot(struct writing *writing)
{
    const struct edit_view *view = &writing->view;
    struct edit_draft *draft = &writing->draft;
    bool sent = is_sent(writing);
    json_t *flags = words_to_array(buf_str(&writing->flags));
    char source[24];
    snprintf(source, sizeof source, "%.*s", STR_ARG(record_get(view->record, REPORT_SOURCE)));
    snprintf(writing->placement, sizeof writing->placement, "%.*s",
             STR_ARG(record_get(view->record, REPORT_PLACEMENT)));
    snprintf(writing->notice, sizeof writing->notice, "%.*s",
             STR_ARG(record_now(&draft->record, view->record, REPORT_NOTICE)));
    const struct snapshot_request request = {
        .setup = view->setup,
        .receipt = view->receipt,
        .version = view->version + 1,
        .first = draft->promote,
        .type = sent ? draft->event : NULL,
        .at_ms = view->now_ms,
        .submitted_ms = record_number(view->record, REPORT_SUBMITTED),
        .area = draft->area != AREA_NONE ? draft->area : view->area,
        .place_id = record_get(view->record, REPORT_AREA),
        .place_path = record_get(view->record, REPORT_PATH),
        .form = record_get(view->record, REPORT_FORM),
        .consent = {.notice_version = writing->notice,
                    .at_ms = number_now(writing, REPORT_CONSENT_AT),
                    .sensitive_ms = number_now(writing, REPORT_SENSITIVE_AT)},
        .placement = writing->placement,
        .source = source,
        .values = json_object_get(writing->sealed, "values"),
        .filed = json_object_get(writing->sealed, "filed"),
        .notes = json_object_get(writing->sealed, "notes"),
        .flags = flags,
        .more = draft->event_more,
    };
    snapshot_make(&request, &writing->snapshot);
    json_decref(flags);
    if (draft->values != NULL || draft->note != NULL) {
        record_put(&draft->record, REPORT_SEALED, buf_str(&writing->snapshot.report));
    }
    if (sent) {
        bool has_id = record_now(&draft->record, view->record, REPORT_ID_HASH).len > 0;
        writing->change.event = (struct store_event){
            .id = writing->snapshot.event_id,
            .area = draft->area != AREA_NONE ? area_id(view->setup->areas, draft->area)
                                             : record_get(view->record, REPORT_AREA),
            .sealed = buf_str(&writing->snapshot.event),
            .hold = snapshot_hold_reason(&view->setup->options, has_id),
        };
        if (draft->withdraw) {
            record_put(&draft->record, REPORT_WITHDRAW_EVENT, str_of(writing->snapshot.event_id));
        }
    }
}

/* A transfer moves it; so does an areas file in which its place, which keeps its id, has come under another one. */
static void put_place(struct writing *writing)
{
    const struct edit_view *view = &writing->view;
    struct record *record = &writing->draft.record;
    struct str indexes = record_get(view->record, REPORT_INDEXES);
    struct str path = record_get(view->record, REPORT_PATH);
    bool moves = writing->draft.area != AREA_NONE;
    area_index area = moves ? writing->draft.area : view->area;
    if (area == AREA_NONE ||
        (!moves && record_is_placed(view->setup->areas, area, indexes, path))) {
        return;
    }
    record_put_place(record, view->setup->areas, area, record_get(view->record, REPORT_ORG),
                     indexes, path);
    if (!moves) {
        record_put(record, REPORT_AREA, record_get(view->record, REPORT_AREA));
    }
}

static void make_audit(struct writing *writing)
{
    json_t *event = writing->draft.audit;
    CHECK(event != NULL);
    json_object_set_new(event, "receipt", json_string(writing->receipt));
    json_object_set_new(event, "v", json_integer((json_int_t)writing->view.version + 1));
    json_object_set_new(event, "at", json_integer((json_int_t)writing->view.now_ms));
    json_object_set_new(event, "by", json_string(writing->actor.by));
    if (writing->actor.name[0] != '\0') {
        json_object_set_new(event, "name", json_string(writing->actor.name));
    }
    if (writing->stat.len > 0) {
        json_object_set_new(event, "stat", json_string(buf_text(&writing->stat)));
    }
    snprintf(writing->head, sizeof writing->head, "%.*s",
             STR_ARG(record_get(writing->view.record, REPORT_HEAD)));
    writing->audit_text = chain_link(&writing->setup->keyring, str_of(writing->head),
                                     json_incref(event), &writing->change.audit);
}

static void fill_change(struct writing *writing)
{
    struct reports_change *change = &writing->change;
    const struct edit_draft *draft = &writing->draft;
    change->receipt = writing->receipt;
    change->version = writing->view.version;
    change->head = writing->head;
    change->hook_id = draft->hook_id;
    change->hook_early = draft->hook_early;
    change->token = draft->token;
    change->person = draft->person;
    change->content = draft->content;
    change->link = draft->link;
    change->claim_holder = draft->claim_holder;
    change->claim_ms = draft->claim_ms;
    change->promote = draft->promote;
    change->drop = draft->drop;
    change->leader = draft->leader;
    change->id_known = draft->id_known;
    if (draft->id_known) { /* also for what was held until now */
        change->event.hold = snapshot_hold_reason(&writing->view.setup->options, true);
    }
    if (draft->alone != NULL) {
        identities_list(draft->alone->id, draft->alone->count, draft->alone->has_id,
                        change->id_hashes);
    }
    change->stat = buf_str(&writing->stat);
    memcpy(change->record, draft->record.at, draft->record.count * sizeof change->record[0]);
    change->record_count = draft->record.count;
}

/* Time, a new calendar and new areas are no events: nothing is kept any longer for them. */
static bool is_nobody(const char *by)
{
    return strcmp(by, EDIT_BY_CLOCK) == 0 || strcmp(by, EDIT_BY_CALENDAR) == 0 ||
           strcmp(by, EDIT_BY_AREAS) == 0;
}

bool writing_make(struct writing *writing)
{
    struct edit_view *view = &writing->view;
    struct edit_draft *draft = &writing->draft;
    if (draft->procedure != NULL) {
        view->procedure = draft->procedure;
    }
    if (!open_sealed(writing)) {
        return false;
    }
    make_flags(writing);
    make_facts(writing, str_is(record_now(&draft->record, view->record, REPORT_URGENT), "1"));
    put_progress(writing);
    put_place(writing);
    writing_count(writing);
    if (writing->sealed != NULL) {
        make_snapshot(writing);
    }
    record_put_number(&draft->record, REPORT_CHANGED, view->now_ms);
    if (!is_nobody(writing->actor.by)) {
        record_put_number(&draft->record, REPORT_ACTED, view->now_ms);
    }
    record_put_text(&draft->record, REPORT_CHANGED_BY,
                    writing->actor.name[0] ? writing->actor.name : writing->actor.by);
    make_audit(writing);
    fill_change(writing);
    return true;
}

void writing_free(struct writing *writing)
{
    struct edit_draft *draft = &writing->draft;
    json_decref(draft->audit);
    json_decref(draft->values);
    json_decref(draft->note);
    json_decref(draft->event_more);
    json_decref(writing->sealed);
    snapshot_release(&writing->snapshot);
    buf_release(&writing->path_before);
    buf_release(&writing->path_after);
    buf_release(&writing->stat);
    buf_release(&writing->gauges);
    buf_release(&writing->gauges_lead);
    buf_release(&writing->flags);
    buf_release(&writing->risks);
    free(writing->progress_text);
    free(writing->clearing_text);
    free(writing->audit_text);
    free(writing);
}
