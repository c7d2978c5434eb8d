/*
 * intake.h - findings that come by other ways than a printed code: cadres, departments, petition desk, hotline, public, system (contract §7, POST
 * /reports). What each source must give is data (templates/intake.json):
 *
 * {"found_days_max", "detail_with": [risks], "sources": {"hotline": SOURCE, …}, "orgs": [{"id", "name", "names": [further names]}]}
 * SOURCE {"name", "basis", "required", "id_or_phone", "lead", "filed_by", "total_from"}
 * - A source that is not in the file is not taken. Source, area, name and risks are required of all; "required" names what else is (basis, id_number,
 *   phone, detail, found_at, source_org, external_ref), "id_or_phone": true: one of the two.
 * - "basis": those allowed of spoken, paper, duty; the first is meant when none is given.
 * - "lead": true makes a lead of it (线索). "filed_by": as in the form. "total_from": found_at or submitted_at (default): where the total's clock
 *   begins.
 * - "detail_with": risks that need a detail. "found_days_max": an older finding is refused.
 * - "orgs": organisations by slug, and the names by which files call them. A token of an organisation speaks for that one only.
 *
 * A body that passes becomes `values`, of the same shape as the answers of the form (domain/answers.h): name, id_number, phone, risk[], detail,
 * urgent, filed_by; what was not given is left out.
 */
#ifndef DOMAIN_INTAKE_H
#define DOMAIN_INTAKE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "domain/area.h"
#include "domain/form.h"
#include "domain/json_check.h"
#include "domain/pushes.h"
#include "domain/scope.h"

enum {
    INTAKE_SOURCES = 6,
    INTAKE_ORG_BYTES = 33, /* slug 0-9 a-z - */
    INTAKE_REF_CHARS_MAX = 64,
    INTAKE_REF_BYTES = INTAKE_REF_CHARS_MAX * 4 + 1,
    INTAKE_MEMBERS_MAX = 16
};

struct intake_rule {
    const char *source; /* cadre … */
    const char *name;   /* 部门筛查预警 */
    const json_t *basis, *required;
    bool id_or_phone;
    bool lead;
    bool total_from_found;
    const char *filed_by; /* or NULL */
};

struct intake_rules {
    struct intake_rule sources[INTAKE_SOURCES];
    size_t source_count;
    int found_days_max;
    const json_t *detail_with; /* or NULL */
    const json_t *orgs;        /* or NULL */
    char source_words[64];     /* blank-separated */
    struct json_member members[INTAKE_MEMBERS_MAX];
    json_t *source; /* owned; all texts above are borrowed from it */
};

/* Texts are borrowed from the JSON the result owns. Errors: `file: /sources/cadre/basis/0: …`. The form names the risks there are. */
struct intake_rules *intake_rules_load(struct str json, const char *file, const struct form *form,
                                       struct err *err) MUST_CHECK;
void intake_rules_free(struct intake_rules **rules);
const struct intake_rule *intake_rule(const struct intake_rules *rules,
                                      struct str source); /* NULL: none */
/* The slug of an organisation by slug or name; NULL when the file knows none. */
const char *intake_org(const struct intake_rules *rules, struct str name);
struct str intake_org_name(const struct intake_rules *rules,
                           struct str slug); /* 民政; the slug itself when unknown */

struct intake_context {
    const struct intake_rules *rules;
    const struct form *form;
    const struct areas *areas;
    const struct scope *scope; /* what lies outside is unknown here */
    const struct pushes *pushes;
    struct str org; /* the token's, or empty */
    int64_t now_ms;
};

struct intake {
    const struct intake_rule *rule;
    area_index area;
    const char *basis;
    json_t *values;   /* owned */
    int64_t found_ms; /* 0: not given */
    char org[INTAKE_ORG_BYTES];
    char external_ref[INTAKE_REF_BYTES];
    const struct push
        *push; /* the one it belongs to: named, or the only one of its organisation; NULL: none */
    int age;   /* full years by the ID, -1 unknown */
    json_t *
        candidates; /* owned; with the fault "ambiguous": [{"id", "path": shown names}], else NULL */
};

/*
 * True: ret is filled. False: the faults are, and ret holds nothing but candidates. Codes beside those of json_check.h: unknown, ambiguous,
 * level (an area that takes no reports), future, old, org, and the kinds of the form's types (short, check, birth …). Release ret in
 * either case.
 */
bool intake_read(const struct intake_context *context, const json_t *body, struct intake *ret,
                 struct json_faults *faults) MUST_CHECK;
void intake_release(struct intake *intake);

#endif
