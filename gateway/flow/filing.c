#include "flow/filing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "domain/person.h"
#include "domain/stats.h"
#include "flow/chain.h"
#include "flow/words.h"

enum { PATH_BYTES_MAX = 512 };

static json_t *flags_of(const struct filing *filing)
{
    const struct {
        bool set;
        const char *name;
    } table[] = {
        {filing->possible_duplicate, "possible_duplicate"},
        {!filing->identities->has_id, "id_missing"},
        {filing->minor, "minor"},
        {filing->kind == REPORTS_KIND_DRILL, "drill"},
    };
    json_t *flags = json_array();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].set) {
            json_array_append_new(flags, json_string(table[i].name));
        }
    }
    return flags;
}

static bool is_ticked(const struct filing *filing, const char *name)
{
    return json_is_true(json_object_get(filing->values, name));
}

static bool is_urgent(const struct filing *filing)
{
    return is_ticked(filing, "urgent");
}

static const char *answer(const struct filing *filing, const char *name)
{
    const char *text = json_string_value(json_object_get(filing->values, name));
    return text ? text : "";
}

static void put_begin(const struct filing *filing, const struct procedure *procedure,
                      const struct progress *progress, struct filed *filed)
{
    const struct setup *setup = filing->setup;
    char name[PROCEDURES_NAME_BYTES];
    const struct facts_of of = {
        .procedure = procedure,
        .progress = progress,
        .calendar = setup->calendar,
        .clocked = setup_clocked(setup),
        .urgent = is_urgent(filing),
        .flags = buf_str(&filed->flag_words),
        .now_ms = filing->now_ms,
    };
    struct facts facts;
    facts_make(&of, &facts);
    record_put_facts(&filed->record, &facts);
    json_t *json = progress_to_json(procedure, progress);
    filed->progress = json_dumps(json, JSON_COMPACT);
    CHECK(filed->progress != NULL);
    json_decref(json);
    record_put(&filed->record, REPORT_PROGRESS, str_of(filed->progress));
    procedures_name(procedure, name);
    record_put_text(&filed->record, REPORT_PROCEDURE, name);
}

static void put_person(const struct filing *filing, struct filed *filed)
{
    const struct identities *identities = filing->identities;
    struct record *record = &filed->record;
    char last4[IDENTITY_BYTES];
    char mask[PERSON_MASK_BYTES];
    identities_last4_hash(keyring_current(&filing->setup->keyring, KEY_LOOKUP), filing->receipt,
                          identities_last4(filing->values), last4);
    person_name_mask(str_of(answer(filing, "name")), mask);
    record_put(record, REPORT_PERSON, str_of(identities->person[0]));
    record_put(record, REPORT_NAME_HASH, str_of(identities->name[0]));
    record_put(record, REPORT_CONTENT, str_of(identities->content[0]));
    record_put_text(record, REPORT_LAST4, last4);
    record_put_text(record, REPORT_MASK, mask);
    if (identities->has_phone) {
        record_put(record, REPORT_PHONE_HASH, str_of(identities->phone[0]));
    }
    if (identities->has_id) {
        record_put(record, REPORT_ID_HASH, str_of(identities->id[0]));
    }
}

static void put_optional(struct record *record, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        record_put(record, name, str_of(value));
    }
}

/* Nobody ticks anything of what staff puts in. The time of the ticks is that of filing. */
static void put_consent(const struct filing *filing, struct record *record)
{
    if (is_ticked(filing, "consent")) {
        record_put_text(record, REPORT_NOTICE, pages_notice_version(filing->setup->pages));
    }
}

static void put_origin(const struct filing *filing, struct filed *filed)
{
    struct record *record = &filed->record;
    char form[64];
    snprintf(form, sizeof form, "%.40s@%s", filing->setup->form->id, filing->setup->form->version);
    record_put(record, REPORT_RISKS, buf_str(&filed->risk_words));
    record_put_number(record, REPORT_SUBMITTED, filing->now_ms);
    record_put_number(record, REPORT_CHANGED, filing->now_ms);
    record_put_number(record, REPORT_ACTED, filing->now_ms);
    record_put_text(record, REPORT_CHANGED_BY, filing->name[0] ? filing->name : filing->by);
    record_put_text(record, REPORT_FORM, form);
    record_put(record, REPORT_SOURCE, str_of(filing->source));
    put_consent(filing, record);
    put_optional(record, REPORT_PLACEMENT, filing->placement);
    put_optional(record, REPORT_FILED_BY, answer(filing, "filed_by"));
    put_optional(record, REPORT_BASIS, filing->basis);
    put_optional(record, REPORT_ORG, filing->org);
    put_optional(record, REPORT_EXTERNAL, filing->external);
    put_optional(record, REPORT_PUSH, filing->push);
    put_optional(record, REPORT_URGENT, is_urgent(filing) ? "1" : "");
    put_optional(record, REPORT_DRILL, filing->kind == REPORTS_KIND_DRILL ? "1" : "");
    put_optional(record, REPORT_LEAD, filing->kind == REPORTS_KIND_LEAD ? "1" : "");
    if (filing->serial > 0) {
        record_put_number(record, REPORT_SERIAL, filing->serial);
    }
    if (filing->found_ms > 0) {
        record_put_number(record, REPORT_FOUND, filing->found_ms);
    }
}

static void make_snapshot(const struct filing *filing, bool sent, struct filed *filed)
{
    const struct snapshot_request request = {
        .setup = filing->setup,
        .receipt = filing->receipt,
        .version = 1,
        .type = sent ? "accepted" : NULL,
        .at_ms = filing->now_ms,
        .submitted_ms = filing->now_ms,
        .area = filing->area,
        .form = record_find(&filed->record, REPORT_FORM),
        .consent = {.notice_version = pages_notice_version(filing->setup->pages)},
        .placement = filing->placement ? filing->placement : "",
        .source = filing->source,
        .values = filing->values,
        .flags = filed->flags,
    };
    snapshot_make(&request, &filed->snapshot);
    record_put(&filed->record, REPORT_SEALED, buf_str(&filed->snapshot.report));
}

static void make_stats(const struct filing *filing, const struct procedure *procedure,
                       const struct progress *progress, struct filed *filed)
{
    buf_init(&filed->path, PATH_BYTES_MAX);
    buf_init(&filed->stat, STATS_LINES_BYTES_MAX);
    buf_init(&filed->gauges, STATS_GAUGES_BYTES_MAX);
    record_path(filing->setup->areas, filing->area, &filed->path);
    struct stats_facts facts = {
        .path = buf_str(&filed->path),
        .source = str_of(filing->source),
        .filed_by = str_of(answer(filing, "filed_by")),
        .placement = str_of(filing->placement ? filing->placement : ""),
        .risks = buf_str(&filed->risk_words),
        .kind = filing->kind == REPORTS_KIND_LEAD ? STATS_LEAD : STATS_REPORT,
        .clocked = setup_clocked(filing->setup),
        .drill = filing->kind == REPORTS_KIND_DRILL,
        .urgent = is_urgent(filing),
    };
    stats_facts_of(procedure, filing->setup->calendar, progress, filing->now_ms, &facts);
    stats_lines(NULL, &facts, STR(""), filing->now_ms, &filed->stat, &filed->gauges);
    record_put(&filed->record, REPORT_GAUGES, buf_str(&filed->gauges));
}

static void make_audit(const struct filing *filing, struct filed *filed, struct store_audit *audit)
{
    json_t *event = json_pack("{s:s, s:s, s:i, s:I, s:s, s:s}", "ev", "accepted", "receipt",
                              filing->receipt, "v", 1, "at", (json_int_t)filing->now_ms, "by",
                              filing->by, "source", filing->source);
    CHECK(event != NULL);
    if (filing->name[0] != '\0') {
        json_object_set_new(event, "name", json_string(filing->name));
    }
    if (filed->stat.len > 0) {
        json_object_set_new(event, "stat", json_string(buf_text(&filed->stat)));
    }
    filed->audit_text = chain_link(&filing->setup->keyring, STR(""), event, audit);
}

void filing_make(const struct filing *filing, struct filed *ret, struct reports_accept *request)
{
    const struct setup *setup = filing->setup;
    const struct procedure *procedure = procedures_of_source(setup->procedures,
                                                             str_of(filing->source));
    struct progress progress;
    progress_begin_found(procedure, setup->calendar, filing->now_ms,
                         filing->total_from_found ? filing->found_ms : 0, &progress);
    record_init(&ret->record);
    ret->flags = flags_of(filing);
    words_of_array(ret->flags, &ret->flag_words);
    words_of_array(json_object_get(filing->values, "risk"), &ret->risk_words);
    put_begin(filing, procedure, &progress, ret);
    put_person(filing, ret);
    put_origin(filing, ret);
    record_put_place(&ret->record, setup->areas, filing->area,
                     str_of(filing->org ? filing->org : ""), STR(""), STR(""));
    bool sent = filing->kind == REPORTS_KIND_REPORT &&
                snapshot_is_sent(&setup->options, "accepted");
    make_snapshot(filing, sent, ret);
    make_stats(filing, procedure, &progress, ret);
    request->receipt = filing->receipt;
    request->kind = filing->kind;
    request->stat = buf_str(&ret->stat);
    if (sent) {
        request->event = (struct store_event){
            .id = ret->snapshot.event_id,
            .area = area_id(setup->areas, filing->area),
            .sealed = buf_str(&ret->snapshot.event),
            .hold = snapshot_hold_reason(&setup->options, filing->identities->has_id),
        };
    }
    make_audit(filing, ret, &request->audit);
    CHECK(ret->record.count <= STORE_PAIRS_MAX);
    for (size_t i = 0; i < ret->record.count; i++) {
        request->record[i] = ret->record.at[i];
    }
    request->record_count = ret->record.count;
}

void filing_release(struct filed *filed)
{
    json_decref(filed->flags);
    buf_release(&filed->flag_words);
    buf_release(&filed->risk_words);
    buf_release(&filed->gauges);
    buf_release(&filed->stat);
    buf_release(&filed->path);
    snapshot_release(&filed->snapshot);
    free(filed->progress);
    free(filed->audit_text);
}
