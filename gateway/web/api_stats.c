/*
 * GET /api/v1/stats: figures of a period and a place, as JSON or, for Excel, as CSV.
 *
 *   query ─ readable? ─► area in the scope? (404) ─► right (403) ─► values (422) ─► flow/stats ─ … waits … ─► JSON │ CSV
 *
 * Without an area all of the scope; without from the year so far, without to until today.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/item.h"
#include "flow/stats.h"
#include "web/api.h"

enum { CSV_BYTES_MAX = 32 << 20 };

static stats_query_done_fn on_table;

static bool fault(struct api_call *call, const char *code, const char *name, const char *allowed)
{
    char detail[160];
    snprintf(detail, sizeof detail, "%.40s: %.100s", name, allowed);
    api_send_query_fault(call, code, detail);
    return false;
}

/* Each known, and once. */
static bool check_names(struct api_call *call, const struct fields *query)
{
    static const char *const names[] = {"area", "from", "to", "by"};
    unsigned seen = 0;
    for (size_t i = 0; i < query->count; i++) {
        size_t at = 0;
        while (at < 4 && !str_is(query->at[i].name, names[at])) {
            at++;
        }
        if (at == 4) {
            return fault(call, "unknown_parameter", "allowed", "area from to by");
        }
        if (seen >> at & 1) {
            return fault(call, "repeated", names[at], "may stand there once");
        }
        seen |= 1U << at;
    }
    return true;
}

static bool take_day(struct api_call *call, const struct fields *query, const char *name,
                     struct date otherwise, struct date *ret)
{
    *ret = otherwise;
    return !fields_has(query, name) || date_parse(fields_get(query, name), ret) ||
           fault(call, "date", name, "a day, 2026-11-23");
}

static bool take_values(struct api_call *call, const struct fields *query, struct stats_query *ret)
{
    struct date today = date_of_ms(clock_wall_ms());
    ret->today = today;
    if (!check_names(call, query) || !take_day(call, query, "to", today, &ret->span.to) ||
        !take_day(call, query, "from", (struct date){ret->span.to.year, 1, 1}, &ret->span.from)) {
        return false;
    }
    ret->by = stats_by_of(fields_get(query, "by"));
    if (ret->by == STATS_BYS || (ret->by == STATS_BY_NONE && fields_has(query, "by"))) {
        return fault(call, "value", "by",
                     "town district village source filed_by placement risk week month");
    }
    const char *wrong = stats_query_fault(call->web->setup, ret);
    return wrong == NULL ||
           fault(call, "range", wrong,
                 wrong[0] == 'b' ? "too many rows: name a smaller area"
                                 : "from may not lie after to, nor more than five years before");
}

/* False: answered 404. */
static bool take_area(struct api_call *call, const struct fields *query, struct scope *ret)
{
    struct str old_name;
    const struct areas *areas = call->web->setup->areas;
    *ret = call->scope;
    if (fields_has(query, "area")) {
        ret->at[0] = areas_resolve(areas, fields_get(query, "area"), &old_name);
        ret->count = ret->at[0] != AREA_NONE && scope_has(areas, &call->scope, ret->at[0]);
    }
    if (ret->count == 0) {
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
    }
    return ret->count > 0;
}

void api_stats(struct api_call *call)
{
    struct fields fields;
    struct stats_query query = {.by = STATS_BY_NONE};
    if (!api_query(call, &fields) || !take_area(call, &fields, &query.scope)) {
        api_end(&call);
        return;
    }
    if (!api_has(call, call->route->right)) {
        api_send_guarded(call, GUARD_FORBIDDEN, NULL);
        api_end(&call);
        return;
    }
    if (!take_values(call, &fields, &query)) {
        api_end(&call);
        return;
    }
    if (fields_has(&fields, "area") || query.scope.count == 1) {
        struct str id = area_id(call->web->setup->areas, query.scope.at[0]);
        call->state = mem_dup_str(id);
    }
    stats_query(call->web->setup, call->web->store, &query, on_table, call);
}

static void send_csv(struct api_call *call, const struct stats_table *table)
{
    struct stats_words words = {.setup = call->web->setup};
    struct buf text;
    buf_init(&text, CSV_BYTES_MAX);
    stats_table_csv(table, stats_word, &words, &text);
    if (buf_ok(&text)) {
        exchange_header(call->exchange, "Content-Disposition",
                        "attachment; filename=\"mashang-stats.csv\"");
        api_send_text(call, 200, "text/csv; charset=utf-8; header=present", buf_str(&text));
    } else {
        api_send_query_fault(call, "range", "by: too many rows: name a smaller area");
    }
    buf_release(&text);
}

static void send_table(struct api_call *call, const struct stats_table *table, int64_t behind)
{
    json_t *json = stats_table_json(table);
    const char *area = call->state;
    json_object_set_new(json, "area",
                        area ? item_area(call->web->setup, str_of(area)) : json_null());
    json_object_set_new(json, "behind", json_integer((json_int_t)behind));
    api_send_json(call, 200, json);
}

static void on_table(void *arg, enum op_status status, const struct stats_table *table,
                     int64_t behind)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    const struct request *request = exchange_request(call->exchange);
    if (status != OP_OK) {
        api_send_busy(call);
    } else if (request_prefers(request, "text/csv", "application/json")) {
        send_csv(call, table);
    } else {
        send_table(call, table, behind);
    }
    free(call->state);
    api_end(&call);
}
