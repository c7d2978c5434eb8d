#include "domain/intake.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum {
    NAME_CHARS_MAX = 64,
    DETAIL_CHARS_MAX = 500,
    RISKS_MAX = 5,
    PUSH_CHARS_MAX = 23,
    ORGS_MAX = 200,
    ORG_NAMES_MAX = 20,
    FOUND_DAYS_MAX = 3660
};

/* ---- the file ---- */

static const struct json_member source_members[] = {
    {.name = "name", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 20},
    {.name = "basis",
     .kinds = JSON_KIND_LIST,
     .required = true,
     .words = "spoken paper duty",
     .items_min = 1,
     .items_max = 3},
    {.name = "required",
     .kinds = JSON_KIND_LIST,
     .words = "basis id_number phone detail found_at source_org external_ref",
     .items_max = 7},
    {.name = "id_or_phone", .kinds = JSON_KIND_BOOL},
    {.name = "lead", .kinds = JSON_KIND_BOOL},
    {.name = "filed_by", .kinds = JSON_KIND_TEXT, .words = "self relative cadre neighbour"},
    {.name = "total_from", .kinds = JSON_KIND_TEXT, .words = "found_at submitted_at"},
    {.name = NULL},
};

#define SOURCE(slug)                                                                               \
    {                                                                                              \
        .name = (slug), .kinds = JSON_KIND_OBJECT, .members = source_members                       \
    }
static const struct json_member sources_members[] = {
    SOURCE("cadre"),  SOURCE("department"), SOURCE("petition"), SOURCE("hotline"),
    SOURCE("public"), SOURCE("system"),     {.name = NULL},
};

static const struct json_member org_members[] = {
    {.name = "id", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = INTAKE_ORG_BYTES - 1},
    {.name = "name", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 20},
    {.name = "names",
     .kinds = JSON_KIND_LIST,
     .chars_min = 1,
     .chars_max = 40,
     .items_max = ORG_NAMES_MAX},
    {.name = NULL},
};

static const struct json_member file_members[] = {
    {.name = "about", .kinds = JSON_KIND_TEXT, .chars_max = 1000},
    {.name = "found_days_max",
     .kinds = JSON_KIND_WHOLE,
     .required = true,
     .min = 1,
     .max = FOUND_DAYS_MAX},
    {.name = "detail_with", .kinds = JSON_KIND_LIST, .chars_max = 32, .items_max = 32},
    {.name = "sources", .kinds = JSON_KIND_OBJECT, .required = true, .members = sources_members},
    {.name = "orgs", .kinds = JSON_KIND_LIST, .items_max = ORGS_MAX, .members = org_members},
    {.name = NULL},
};

/* ---- the body ---- */

/* What a body may hold; the words of source are those of the file. How long is a first bound only, the readers know better. */
static const struct json_member body_members[] = {
    {.name = "source", .kinds = JSON_KIND_TEXT, .required = true},
    {.name = "basis", .kinds = JSON_KIND_TEXT, .words = "spoken paper duty"},
    {.name = "area", .kinds = JSON_KIND_TEXT, .chars_min = 1, .chars_max = AREA_ID_MAX},
    {.name = "town", .kinds = JSON_KIND_TEXT, .chars_min = 1, .chars_max = NAME_CHARS_MAX},
    {.name = "village", .kinds = JSON_KIND_TEXT, .chars_min = 1, .chars_max = NAME_CHARS_MAX},
    {.name = "name", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = NAME_CHARS_MAX},
    {.name = "id_number", .kinds = JSON_KIND_TEXT, .chars_max = NAME_CHARS_MAX},
    {.name = "phone", .kinds = JSON_KIND_TEXT, .chars_max = NAME_CHARS_MAX},
    {.name = "risks",
     .kinds = JSON_KIND_LIST,
     .required = true,
     .chars_max = 32,
     .items_min = 1,
     .items_max = RISKS_MAX},
    {.name = "detail", .kinds = JSON_KIND_TEXT, .chars_max = DETAIL_CHARS_MAX},
    {.name = "urgent", .kinds = JSON_KIND_BOOL},
    {.name = "found_at", .kinds = JSON_KIND_TIME | JSON_KIND_DAY},
    {.name = "source_org", .kinds = JSON_KIND_TEXT, .chars_max = NAME_CHARS_MAX},
    {.name = "external_ref", .kinds = JSON_KIND_TEXT, .chars_max = INTAKE_REF_CHARS_MAX},
    {.name = "push", .kinds = JSON_KIND_TEXT, .chars_max = PUSH_CHARS_MAX},
    {.name = NULL},
};
_Static_assert(sizeof body_members / sizeof body_members[0] == INTAKE_MEMBERS_MAX,
               "no more, no less");

/* ---- beyond the tables ---- */

static bool org_is(const json_t *org, struct str name)
{
    size_t nth;
    json_t *other;
    if (str_eq(json_member_text(org, "id"), name) || str_eq(json_member_text(org, "name"), name)) {
        return true;
    }
    json_array_foreach(json_object_get(org, "names"), nth, other)
    {
        if (str_is(name, json_string_value(other))) {
            return true;
        }
    }
    return false;
}

static const json_t *find_org(const struct intake_rules *rules, struct str name)
{
    size_t nth;
    json_t *org;
    json_array_foreach((json_t *)rules->orgs, nth, org)
    {
        if (org_is(org, name)) {
            return org;
        }
    }
    return NULL;
}

/* Each name belongs to one organisation. */
static bool check_orgs(const struct intake_rules *rules, const char *file, struct err *err)
{
    size_t nth, other;
    json_t *org, *name;
    json_array_foreach((json_t *)rules->orgs, nth, org)
    {
        if (!str_only(json_member_text(org, "id"), STR_LOWER STR_DIGITS "-")) {
            return err_set(err, "%s: /orgs/%zu/id: must be 0-9, a-z and -", file, nth);
        }
        if (find_org(rules, json_member_text(org, "id")) != org) {
            return err_set(err, "%s: /orgs/%zu/id: stands here twice", file, nth);
        }
        if (find_org(rules, json_member_text(org, "name")) != org) {
            return err_set(err, "%s: /orgs/%zu/name: stands here twice", file, nth);
        }
        json_array_foreach(json_object_get(org, "names"), other, name)
        {
            if (find_org(rules, str_of(json_string_value(name))) != org) {
                return err_set(err, "%s: /orgs/%zu/names/%zu: stands here twice", file, nth, other);
            }
        }
    }
    return true;
}

static bool check_risks(const struct intake_rules *rules, const struct form *form, const char *file,
                        struct err *err)
{
    const struct form_field *risk = form_field(form, STR("risk"));
    size_t nth;
    json_t *value;
    json_array_foreach((json_t *)rules->detail_with, nth, value)
    {
        if (risk == NULL || form_option(risk, str_of(json_string_value(value))) == NULL) {
            return err_set(err, "%s: /detail_with/%zu: the form has no such risk", file, nth);
        }
    }
    return true;
}

static void read_sources(struct intake_rules *rules)
{
    const json_t *sources = json_object_get(rules->source, "sources");
    for (const struct json_member *known = sources_members; known->name != NULL; known++) {
        const json_t *source = json_member_value(sources, known->name);
        if (source == NULL) {
            continue;
        }
        rules->sources[rules->source_count++] = (struct intake_rule){
            .source = known->name,
            .name = json_member_text(source, "name").at,
            .basis = json_member_value(source, "basis"),
            .required = json_member_value(source, "required"),
            .id_or_phone = json_member_bool(source, "id_or_phone"),
            .lead = json_member_bool(source, "lead"),
            .total_from_found = str_is(json_member_text(source, "total_from"), "found_at"),
            .filed_by = json_member_text(source, "filed_by").at,
        };
        size_t used = strlen(rules->source_words);
        snprintf(rules->source_words + used, sizeof rules->source_words - used, "%s%s",
                 used > 0 ? " " : "", known->name);
    }
    memcpy(rules->members, body_members, sizeof body_members);
    rules->members[0].words = rules->source_words;
}

struct intake_rules *intake_rules_load(struct str json, const char *file, const struct form *form,
                                       struct err *err)
{
    json_t *source = json_check_file(json, file, file_members, err);
    if (source == NULL) {
        return NULL;
    }
    struct intake_rules *rules = mem_alloc(sizeof *rules);
    rules->source = source;
    rules->found_days_max = (int)json_member_whole(source, "found_days_max", 0);
    rules->detail_with = json_member_value(source, "detail_with");
    rules->orgs = json_member_value(source, "orgs");
    read_sources(rules);
    if (!check_orgs(rules, file, err) || !check_risks(rules, form, file, err)) {
        intake_rules_free(&rules);
    }
    return rules;
}

void intake_rules_free(struct intake_rules **rules)
{
    if (*rules != NULL) {
        json_decref((*rules)->source);
        free(*rules);
        *rules = NULL;
    }
}

const struct intake_rule *intake_rule(const struct intake_rules *rules, struct str source)
{
    for (size_t i = 0; i < rules->source_count; i++) {
        if (str_is(source, rules->sources[i].source)) {
            return &rules->sources[i];
        }
    }
    return NULL;
}

const char *intake_org(const struct intake_rules *rules, struct str name)
{
    const json_t *org = name.len > 0 ? find_org(rules, name) : NULL;
    return org ? json_member_text(org, "id").at : NULL;
}

struct str intake_org_name(const struct intake_rules *rules, struct str slug)
{
    const json_t *org = find_org(rules, slug);
    return org ? json_member_text(org, "name") : slug;
}
