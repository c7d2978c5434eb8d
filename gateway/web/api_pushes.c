/*
 * GET /api/v1/pushes: who delivered, who is late. POST: 零报告 of a period, or an event that departments owe a push for.
 */
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "flow/deliver.h"
#include "flow/intake.h"
#include "flow/item.h"
#include "web/api.h"

static deliver_done_fn on_read;
static deliver_done_fn on_said;

/* ---- as JSON ---- */

static json_t *day_json(struct date day)
{
    char text[CLOCK_ISO_BYTES];
    if (day.year == 0) {
        return json_null();
    }
    clock_iso(date_start_ms(day), text);
    return json_stringn(text, 10);
}

static json_t *period_json(const struct push_period *period)
{
    static const char *const states[] = {
        [PUSH_OPEN] = "open", [PUSH_DELIVERED] = "delivered", [PUSH_LATE] = "late"};
    json_t *json = json_pack("{s:o, s:o, s:o, s:s, s:o, s:b, s:i, s:i}", "first",
                             day_json(period->first), "last", day_json(period->last), "due",
                             day_json(period->due), "state", states[period->state], "delivered",
                             day_json(period->delivered), "nothing", period->nothing, "found",
                             period->found, "late_days", period->late_days);
    CHECK(json != NULL);
    return json;
}

static json_t *push_json(const struct setup *setup, const struct deliver_push *at)
{
    struct str org_name = intake_org_name(setup->intake, str_of(at->push->org));
    json_t *periods = json_array();
    for (size_t i = 0; i < at->count; i++) {
        json_array_append_new(periods, period_json(&at->periods[i]));
    }
    json_t *json = json_pack("{s:s, s:s, s:s%, s:s, s:s, s:o}", "id", at->push->id, "org",
                             at->push->org, "org_name", org_name.at, org_name.len, "name",
                             at->push->name, "every", push_every_name(at->push->every), "periods",
                             periods);
    CHECK(json != NULL);
    return json;
}

/* ---- which county ---- */

/* An id, or the first of the scope when none is given. AREA_NONE: answered. */
static area_index find_county(struct api_call *call, struct str id)
{
    const struct areas *areas = call->web->setup->areas;
    struct str old_name;
    area_index area = id.len > 0              ? areas_resolve(areas, id, &old_name)
                      : call->scope.count > 0 ? call->scope.at[0]
                                              : AREA_NONE;
    if (area == AREA_NONE || !scope_has(areas, &call->scope, area)) {
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        return AREA_NONE;
    }
    area_index county = intake_county(areas, area);
    if (county == AREA_NONE) {
        api_send_query_fault(call, "area", "several counties lie there: name one of them");
    }
    return county;
}

/* ---- reading ---- */

static bool read_area(struct api_call *call, struct str *ret_area)
{
    struct fields query;
    if (!api_query(call, &query)) {
        return false;
    }
    for (size_t i = 0; i < query.count; i++) {
        if (!str_is(query.at[i].name, "area")) {
            api_send_query_fault(call, "unknown_parameter", "allowed is: area");
            return false;
        }
    }
    *ret_area = fields_get(&query, "area");
    return true;
}

void api_pushes(struct api_call *call)
{
    struct str id = {0};
    area_index county = AREA_NONE;
    if (!api_has(call, call->route->right)) {
        api_send_guarded(call, GUARD_FORBIDDEN, NULL);
    } else if (read_area(call, &id)) {
        county = find_county(call, id);
    }
    if (county == AREA_NONE) {
        api_end(&call);
        return;
    }
    deliver_read(call->web->setup, call->web->store, county, on_read, call);
}

/* A department that may put findings in, and no more, sees its own. */
static bool may_see(const struct api_call *call, const struct push *push)
{
    return api_has(call, RIGHT_STATS) || call->org[0] == '\0' || strcmp(call->org, push->org) == 0;
}

static void on_read(void *arg, const struct deliver_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    const struct setup *setup = call->web->setup;
    if (answer->kind != DELIVER_DONE) {
        api_send_busy(call);
        api_end(&call);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < answer->count; i++) {
        if (may_see(call, answer->pushes[i].push)) {
            json_array_append_new(list, push_json(setup, &answer->pushes[i]));
        }
    }
    api_send_json(call, 200,
                  json_pack("{s:o, s:s, s:o}", "area",
                            item_area(setup, area_id(setup->areas, answer->county)), "name",
                            setup->pushes->name, "pushes", list));
    api_end(&call);
}

/* ---- a word ---- */

/* NULL: the call's faults say why. */
static const struct push *find_push(struct api_call *call)
{
    const struct push *push = pushes_find(call->web->setup->pushes,
                                          json_member_text(call->body, "push"));
    bool nothing = json_member_bool(call->body, "nothing");
    bool happened = json_member_value(call->body, "happened") != NULL;
    if (!api_body_fits(call)) {
        return NULL;
    }
    if (push == NULL) {
        api_fault(call, "push", "unknown", "no such push, see GET /pushes");
    } else if (call->org[0] != '\0' && strcmp(call->org, push->org) != 0) {
        api_fault(call, "push", "org", "is owed by another organisation");
    }
    if (nothing == happened) {
        api_fault(call, "nothing", "required", "either nothing: true, or happened");
    } else if (happened && json_member_value(call->body, "period") != NULL) {
        api_fault(call, "period", "not_allowed", "belongs to nothing");
    } else if (happened && push != NULL && push->every != PUSH_EVENT) {
        api_fault(call, "happened", "not_allowed", "this push is owed by period, not for events");
    }
    return api_body_fits(call) ? push : NULL;
}

/* The county whole must lie in the scope: a town cannot speak for it. */
static area_index find_whole_county(struct api_call *call)
{
    area_index county = find_county(call, json_member_text(call->body, "area"));
    if (county != AREA_NONE && !scope_has(call->web->setup->areas, &call->scope, county)) {
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        return AREA_NONE;
    }
    return county;
}

void api_push_say(struct api_call *call)
{
    bool happened = json_member_value(call->body, "happened") != NULL;
    area_index county = AREA_NONE;
    const struct push *push = NULL;
    int64_t ms;
    if (!api_has(call, call->route->right)) {
        api_send_guarded(call, GUARD_FORBIDDEN, NULL);
    } else if ((push = find_push(call)) == NULL) {
        api_send_faults(call);
    } else {
        county = find_whole_county(call);
    }
    if (county == AREA_NONE) {
        api_end(&call);
        return;
    }
    struct date day = {0};
    if (json_member_time(call->body, happened ? "happened" : "period", &ms)) {
        day = date_of_ms(ms);
    }
    deliver_say(call->web->setup, call->web->store, county, push,
                happened ? DELIVERIES_HAPPENED : DELIVERIES_NOTHING, day, on_said, call);
}

static void on_said(void *arg, const struct deliver_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    bool happened = json_member_value(call->body, "happened") != NULL;
    switch (answer->kind) {
    case DELIVER_DONE:
        CHECK(answer->count == 1);
        api_send_json(call, 200, push_json(call->web->setup, answer->pushes));
        break;
    case DELIVER_NO_PERIOD:
        api_fault(call, happened ? "happened" : "period", "period",
                  happened ? "must be a day of the last 400"
                           : "no period begins that day, or nothing is owed now");
        api_send_faults(call);
        break;
    case DELIVER_LATER:
        api_send_busy(call);
        break;
    }
    api_end(&call);
}
