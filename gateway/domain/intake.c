#include "domain/intake.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "domain/answer_value.h"
#include "domain/area_search.h"

enum { DETAIL_CHARS_MAX = 500, FUTURE_MS = 600000, DAY_MS = 86400000 };

/* One body while it is read. */
struct reading {
    const struct intake_context *in;
    const json_t *body;
    struct intake *to;
    struct json_faults *faults;
    struct date today;
};

/* ---- whether there is something to read ---- */

static bool is_faulty(const struct reading *at, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < at->faults->count; i++) {
        const char *pointer = at->faults->at[i].pointer;
        if (pointer[0] == '/' && strncmp(pointer + 1, name, len) == 0 &&
            (pointer[1 + len] == '\0' || pointer[1 + len] == '/')) {
            return true;
        }
    }
    return false;
}

/* Empty also when a fault was told already. */
static struct str given(const struct reading *at, const char *name)
{
    return is_faulty(at, name) ? STR("") : json_member_text(at->body, name);
}

/* The word as the list has it, or NULL. */
static const char *find_word(const json_t *words, struct str word)
{
    size_t nth;
    json_t *value;
    json_array_foreach((json_t *)words, nth, value)
    {
        if (str_is(word, json_string_value(value))) {
            return json_string_value(value);
        }
    }
    return NULL;
}

static bool has(const json_t *words, struct str word)
{
    return find_word(words, word) != NULL;
}

/* ---- what the source asks for ---- */

static void read_basis(struct reading *at)
{
    const struct intake_rule *rule = at->to->rule;
    struct str basis = given(at, "basis");
    at->to->basis = basis.len > 0 ? find_word(rule->basis, basis)
                                  : json_string_value(json_array_get(rule->basis, 0));
    if (at->to->basis == NULL) {
        json_fault_add(at->faults, "", "basis", "not_allowed", "not allowed for %s", rule->source);
    }
}

static void judge_required(struct reading *at)
{
    const struct intake_rule *rule = at->to->rule;
    size_t nth;
    json_t *value;
    json_array_foreach((json_t *)rule->required, nth, value)
    {
        const char *name = json_string_value(value);
        bool by_token = strcmp(name, "source_org") == 0 && at->in->org.len > 0;
        if (!by_token && !is_faulty(at, name) &&
            str_trim(json_member_text(at->body, name)).len == 0) {
            json_fault_add(at->faults, "", name, "required", "is required for %s", rule->source);
        }
    }
}

/* What is required must hold something, once blanks are gone. */
static void judge_empty(struct reading *at)
{
    static const char *const told[] = {"id_number", "phone", "detail"};
    const struct intake_rule *rule = at->to->rule;
    bool there = json_object_get(at->to->values, "id_number") != NULL ||
                 json_object_get(at->to->values, "phone") != NULL;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        if (has(rule->required, str_of(told[i])) && !is_faulty(at, told[i]) &&
            json_object_get(at->to->values, told[i]) == NULL) {
            json_fault_add(at->faults, "", told[i], "required", "is required for %s", rule->source);
        }
    }
    if (rule->id_or_phone && !there && !is_faulty(at, "id_number") && !is_faulty(at, "phone")) {
        json_fault_add(at->faults, "", "id_number", "required", "id_number or phone is required");
    }
}

/* ---- the place ---- */

static json_t *candidate(const struct areas *areas, area_index area)
{
    area_index path[AREA_DEPTH_MAX];
    size_t depth = area_path(areas, area, path);
    json_t *names = json_array();
    for (size_t i = 0; i < depth; i++) {
        struct str shown = area_shown(areas, path[i]);
        json_array_append_new(names, json_stringn(shown.at, shown.len));
    }
    struct str id = area_id(areas, area);
    json_t *json = json_pack("{s:s%, s:o}", "id", id.at, id.len, "path", names);
    CHECK(json != NULL);
    return json;
}

static void read_area_id(struct reading *at, struct str id)
{
    const struct intake_context *in = at->in;
    struct str old_name;
    area_index area = areas_resolve(in->areas, id, &old_name);
    if (area == AREA_NONE || !scope_has(in->areas, in->scope, area)) {
        json_fault_add(at->faults, "", "area", "unknown", "no such area here");
    } else if (!area_takes_reports(in->areas, area)) {
        json_fault_add(at->faults, "", "area", "level", "must be a village or a grid");
    } else {
        at->to->area = area;
    }
}

static void read_area_names(struct reading *at, struct str town, struct str village)
{
    const struct intake_context *in = at->in;
    area_index found[AREA_SEARCH_MAX];
    size_t count = area_search(in->areas, in->scope, str_trim(town), str_trim(village), found);
    if (count == 1) {
        at->to->area = found[0];
    } else if (count == 0) {
        json_fault_add(at->faults, "", "village", "unknown", "no such village here%s",
                       town.len > 0 ? ", or not in this town" : "");
    } else {
        json_fault_add(at->faults, "", "village", "ambiguous",
                       "several have this name: give %s, see candidates",
                       town.len > 0 ? "area" : "town or area");
        at->to->candidates = json_array();
        for (size_t i = 0; i < count; i++) {
            json_array_append_new(at->to->candidates, candidate(in->areas, found[i]));
        }
    }
}

static void read_area(struct reading *at)
{
    struct str id = given(at, "area");
    struct str town = given(at, "town");
    struct str village = given(at, "village");
    bool faulty = is_faulty(at, "area") || is_faulty(at, "town") || is_faulty(at, "village");
    if (faulty) {
        return;
    }
    if (id.len > 0 && (town.len > 0 || village.len > 0)) {
        json_fault_add(at->faults, "", "area", "not_allowed",
                       "give area, or town and village, not both");
    } else if (id.len > 0) {
        read_area_id(at, id);
    } else if (village.len > 0) {
        read_area_names(at, town, village);
    } else if (town.len > 0) {
        json_fault_add(at->faults, "", "village", "required", "is required with town");
    } else {
        json_fault_add(at->faults, "", "area", "required",
                       "area, or town and village, is required");
    }
}

/* ---- the person and the need ---- */

/* The kinds of fault of the form's types, in words for programmers. */
static const char *sentence(const char *kind)
{
    static const char *const kinds[][2] = {
        {"short", "at least two letters"},
        {"long", "too long"},
        {"characters", "holds characters that do not belong there"},
        {"hidden", "holds control or invisible characters"},
        {"dots", "the separating dot stands at an end or twice"},
        {"length", "too few or too many digits"},
        {"fifteen", "an old number of 15 digits; 18 are needed"},
        {"certificate", "a disability certificate; give its first 18 characters"},
        {"province", "does not begin with the code of a province"},
        {"birth", "the birth date does not exist"},
        {"future", "the birth date lies in the future"},
        {"check", "the check character does not fit: something is mistyped"},
        {"area", "a landline needs its area code"},
        {"unknown", "no mobile number and no landline"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i][0], kind) == 0) {
            return kinds[i][1];
        }
    }
    return kind;
}

static void take_value(struct reading *at, const char *name, struct answer_value *value)
{
    if (value->fault != NULL) {
        json_fault_add(at->faults, "", name, value->fault, "%s", sentence(value->fault));
    } else if (value->value != NULL) {
        json_object_set(at->to->values, name, value->value);
    }
    json_decref(value->value);
    *value = (struct answer_value){0};
}

static void read_person(struct reading *at)
{
    struct answer_value value = {0};
    answer_value_name(given(at, "name"), &value);
    if (value.value == NULL && value.fault == NULL && !is_faulty(at, "name")) {
        value.fault = "short"; /* blanks only */
    }
    take_value(at, "name", &value);
    answer_value_resident_id(given(at, "id_number"), at->today, &value);
    if (value.value != NULL) {
        at->to->age = resident_id_age(json_string_value(value.value), at->today);
    }
    take_value(at, "id_number", &value);
    answer_value_phone(given(at, "phone"), &value);
    take_value(at, "phone", &value);
}

/* In the form's order, as everywhere. */
static void read_risks(struct reading *at)
{
    const struct form_field *risk = form_field(at->in->form, STR("risk"));
    const json_t *listed = json_object_get(at->body, "risks");
    size_t nth;
    json_t *value;
    if (risk == NULL || is_faulty(at, "risks")) {
        return;
    }
    json_array_foreach((json_t *)listed, nth, value)
    {
        if (form_option(risk, str_of(json_string_value(value))) == NULL) {
            json_fault_add_nth(at->faults, "", "risks", nth, "not_allowed",
                               "the form has no such risk");
        }
    }
    json_t *risks = json_array();
    for (size_t i = 0; i < risk->option_count; i++) {
        if (has(listed, str_of(risk->options[i].value))) {
            json_array_append_new(risks, json_string(risk->options[i].value));
        }
    }
    json_object_set_new(at->to->values, "risk", risks);
}

static void read_need(struct reading *at)
{
    struct answer_value value = {0};
    read_risks(at);
    answer_value_text(given(at, "detail"), DETAIL_CHARS_MAX, &value);
    take_value(at, "detail", &value);
    size_t nth;
    json_t *demanding;
    json_array_foreach((json_t *)at->in->rules->detail_with, nth, demanding)
    {
        struct str risk = str_of(json_string_value(demanding));
        if (has(json_object_get(at->to->values, "risk"), risk) && !is_faulty(at, "detail") &&
            json_object_get(at->to->values, "detail") == NULL) {
            json_fault_add(at->faults, "", "detail", "required", "is required with risk %s",
                           risk.at);
        }
    }
    if (json_member_bool(at->body, "urgent")) {
        json_object_set_new(at->to->values, "urgent", json_true());
    }
}

/* ---- where it comes from ---- */

static void read_found(struct reading *at)
{
    int64_t found_ms;
    if (is_faulty(at, "found_at") || !json_member_time(at->body, "found_at", &found_ms)) {
        return;
    }
    int64_t oldest_ms = at->in->now_ms - (int64_t)at->in->rules->found_days_max * DAY_MS;
    if (found_ms > at->in->now_ms + FUTURE_MS) {
        json_fault_add(at->faults, "", "found_at", "future", "lies in the future");
    } else if (found_ms < oldest_ms) {
        json_fault_add(at->faults, "", "found_at", "old", "is more than %d days ago",
                       at->in->rules->found_days_max);
    } else {
        at->to->found_ms = found_ms < at->in->now_ms ? found_ms : at->in->now_ms;
    }
}

static void read_org(struct reading *at)
{
    struct str named = given(at, "source_org");
    struct str own = at->in->org;
    const char *slug = intake_org(at->in->rules, named);
    struct str org = slug != NULL ? str_of(slug) : named;
    if (own.len > 0 && org.len > 0 && !str_eq(org, own)) {
        json_fault_add(at->faults, "", "source_org", "org", "this token speaks for %.*s only",
                       STR_ARG(own));
    } else if (own.len == 0 && org.len > 0 && slug == NULL) {
        json_fault_add(at->faults, "", "source_org", "unknown",
                       "no such organisation; those known stand in templates/intake.json");
    } else {
        org = own.len > 0 ? own : org;
        CHECK(org.len < sizeof at->to->org);
        memcpy(at->to->org, org.at ? org.at : "", org.len);
    }
}

/* The only push of an organisation need not be named. */
static const struct push *only_push(const struct pushes *pushes, const char *org)
{
    const struct push *only = NULL;
    for (size_t i = 0; i < pushes->count; i++) {
        if (strcmp(pushes->at[i].org, org) == 0) {
            if (only != NULL) {
                return NULL;
            }
            only = &pushes->at[i];
        }
    }
    return only;
}

static void read_push(struct reading *at)
{
    struct str id = given(at, "push");
    const struct push *push = id.len > 0 ? pushes_find(at->in->pushes, id)
                                         : only_push(at->in->pushes, at->to->org);
    if (id.len > 0 && push == NULL) {
        json_fault_add(at->faults, "", "push", "unknown", "no such push, see GET /pushes");
    } else if (id.len > 0 && !is_faulty(at, "source_org") && strcmp(push->org, at->to->org) != 0) {
        json_fault_add(at->faults, "", "push", "org", "is owed by %s", push->org);
    } else {
        at->to->push = push;
    }
}

static void read_origin(struct reading *at)
{
    read_found(at);
    read_org(at);
    read_push(at);
    struct str ref = given(at, "external_ref");
    if (str_find_char(ref, '\n') >= 0 || str_find_char(ref, '\r') >= 0) {
        json_fault_add(at->faults, "", "external_ref", "characters", "must be one line");
    }
    snprintf(at->to->external_ref, sizeof at->to->external_ref, "%.*s", STR_ARG(ref));
    const char *filed_by = at->to->rule ? at->to->rule->filed_by : NULL;
    if (filed_by != NULL) {
        json_object_set_new(at->to->values, "filed_by", json_string(filed_by));
    }
}

bool intake_read(const struct intake_context *context, const json_t *body, struct intake *ret,
                 struct json_faults *faults)
{
    struct reading at = {.in = context,
                         .body = body,
                         .to = ret,
                         .faults = faults,
                         .today = date_of_ms(context->now_ms)};
    size_t before = faults->count;
    *ret = (struct intake){.area = AREA_NONE, .values = json_object(), .age = -1};
    json_check_object(body, "", context->rules->members, faults);
    ret->rule = intake_rule(context->rules, json_member_text(body, "source"));
    if (ret->rule != NULL) {
        read_basis(&at);
        judge_required(&at);
    }
    read_area(&at);
    read_person(&at);
    read_need(&at);
    if (ret->rule != NULL) {
        judge_empty(&at);
    }
    read_origin(&at);
    if (faults->count == before) {
        return true;
    }
    json_decref(ret->values);
    *ret = (struct intake){.area = AREA_NONE, .age = -1, .candidates = ret->candidates};
    return false;
}

void intake_release(struct intake *intake)
{
    json_decref(intake->values);
    json_decref(intake->candidates);
    *intake = (struct intake){.area = AREA_NONE, .age = -1};
}
