/*
 * GET and POST /api/v1/search. The same members in the query or in a JSON body; the body keeps numbers out of URLs.
 *
 *   exactly one of receipt, id_number, phone, name with area ─► area in the scope? (404) ─► right (403) ─► readable? (422) ─► flow/search
 */
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "domain/person.h"
#include "domain/phone.h"
#include "domain/resident_id.h"
#include "flow/search.h"
#include "web/api.h"
#include "web/api_bodies.h"

enum { KINDS = 4 };

struct wanted {
    bool pointers; /* of a body: faults have places */
    struct str typed[KINDS], area;
    bool has[KINDS], has_area;
};

static const char *const names[KINDS] = {[SEARCH_RECEIPT] = "receipt",
                                         [SEARCH_ID] = "id_number",
                                         [SEARCH_PHONE] = "phone",
                                         [SEARCH_NAME] = "name"};

static search_done_fn on_found;

static void add_fault(struct api_call *call, const struct wanted *wanted, const char *name,
                      const char *code, const char *detail)
{
    json_fault_add(call->faults, "", wanted->pointers ? name : "", code, "%s", detail);
}

static void from_body(const struct api_call *call, struct wanted *ret)
{
    ret->pointers = true;
    for (size_t i = 0; i < KINDS; i++) {
        ret->typed[i] = json_member_text(call->body, names[i]);
        ret->has[i] = json_member_value(call->body, names[i]) != NULL;
    }
    ret->area = json_member_text(call->body, "area");
    ret->has_area = json_member_value(call->body, "area") != NULL;
}

/* False: answered. */
static bool from_query(struct api_call *call, struct fields *fields, struct wanted *ret)
{
    if (!api_query(call, fields)) {
        return false;
    }
    for (size_t i = 0; i < fields->count; i++) {
        struct str name = fields->at[i].name;
        bool *has = str_is(name, "area") ? &ret->has_area : NULL;
        for (size_t k = 0; k < KINDS; k++) {
            has = str_is(name, names[k]) ? &ret->has[k] : has;
        }
        if (has == NULL) {
            add_fault(call, ret, "", "unknown_parameter",
                      "allowed: receipt, id_number, phone, or name with area");
        } else if (*has) {
            add_fault(call, ret, "", "repeated", "each parameter may stand there once");
        } else {
            *has = true;
        }
    }
    for (size_t k = 0; k < KINDS; k++) {
        ret->typed[k] = fields_get(fields, names[k]);
    }
    ret->area = fields_get(fields, "area");
    return true;
}

static bool parse(enum search_by by, struct str typed, char ret[PERSON_NAME_BYTES])
{
    struct date today = date_of_ms(clock_wall_ms());
    enum resident_id_fault id;
    switch (by) {
    case SEARCH_RECEIPT:
        return receipt_parse(typed, ret);
    case SEARCH_ID: /* of a disability certificate the ID in it */
        id = resident_id_parse(typed, today, ret);
        return id == RESIDENT_ID_OK || id == RESIDENT_ID_CERTIFICATE;
    case SEARCH_PHONE:
        return phone_parse(typed, ret) == PHONE_OK;
    case SEARCH_NAME:
        break;
    }
    return person_name_parse(typed, ret) == PERSON_OK;
}

/* What is wanted, as it is kept; faults otherwise. */
static enum search_by judge(struct api_call *call, const struct wanted *wanted,
                            char ret_value[PERSON_NAME_BYTES])
{
    static const char *const allowed[KINDS] = {
        [SEARCH_RECEIPT] = "twelve digits with their check digit",
        [SEARCH_ID] = "a resident ID number, GB 11643-1999",
        [SEARCH_PHONE] = "a mobile number, or a landline with its area code",
        [SEARCH_NAME] = "2 to 50 letters"};
    enum search_by by = SEARCH_RECEIPT;
    size_t count = 0;
    for (size_t i = 0; i < KINDS; i++) {
        count += wanted->has[i];
        by = wanted->has[i] ? (enum search_by)i : by;
    }
    if (count != 1) {
        add_fault(call, wanted, "", "one_of",
                  "exactly one of receipt, id_number, phone, or name with area");
    } else if (!parse(by, wanted->typed[by], ret_value)) {
        add_fault(call, wanted, names[by], "format", allowed[by]);
    } else if (by == SEARCH_NAME && !wanted->has_area) {
        add_fault(call, wanted, "area", "required", "a name is searched within an area");
    } else if (by != SEARCH_NAME && wanted->has_area) {
        add_fault(call, wanted, "area", "not_allowed", "an area goes with a name only");
    }
    return by;
}

/* False: answered 404. */
static bool take_area(struct api_call *call, const struct wanted *wanted, area_index *ret)
{
    struct str old_name;
    const struct areas *areas = call->web->setup->areas;
    *ret = AREA_NONE;
    if (wanted->has_area) {
        *ret = areas_resolve(areas, wanted->area, &old_name);
    }
    if (wanted->has_area &&
        (*ret == AREA_NONE || (!call->own && !scope_has(areas, &call->scope, *ret)))) {
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        return false;
    }
    return true;
}

static void search(struct api_call *call, const struct wanted *wanted)
{
    char value[PERSON_NAME_BYTES];
    area_index area = AREA_NONE;
    if (api_body_fits(call) && !take_area(call, wanted, &area)) {
        api_end(&call);
        return;
    }
    if (!api_has(call, call->route->right)) {
        api_send_guarded(call, GUARD_FORBIDDEN, NULL);
        api_end(&call);
        return;
    }
    enum search_by by = api_body_fits(call) ? judge(call, wanted, value) : SEARCH_RECEIPT;
    if (!api_body_fits(call)) {
        api_send_faults(call);
        api_end(&call);
        return;
    }
    api_guard(call, false);
    const struct search_request request = {
        .by = by,
        .value = str_of(value),
        .guard = &call->guard,
        .narrow = area,
        .token_id = call->token_id,
        .rid = exchange_request(call->exchange)->rid,
    };
    search_reports(call->web->setup, call->web->store, &request, on_found, call);
}

void api_search(struct api_call *call)
{
    struct fields fields;
    struct wanted wanted = {0};
    call->faults = mem_alloc(sizeof *call->faults);
    if (from_query(call, &fields, &wanted)) {
        search(call, &wanted);
    } else {
        api_end(&call);
    }
}

void api_search_body(struct api_call *call)
{
    struct wanted wanted = {.pointers = true};
    if (call->body != NULL) {
        from_body(call, &wanted);
    }
    search(call, &wanted);
}

static void on_found(void *arg, json_t *rows)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    if (rows != NULL) {
        api_send_json(call, 200, json_pack("{s:O}", "reports", rows));
    } else {
        api_send_busy(call);
    }
    api_end(&call);
}
