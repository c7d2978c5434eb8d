/*
 * GET /api/v1/reports: the change feed.
 *
 *   query ─ readable? ─► area in the scope? (404) ─► right (403) ─► values (422) ─► flow/feed_hub ─ … waits … ─► page, Link
 *                                                                                        └ the reader goes, the gateway drains
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/escape.h"
#include "base/mem.h"
#include "flow/feed_hub.h"
#include "web/api.h"

enum { LIMIT_OTHERWISE = 50, WAIT_S_MAX = 30, SLUG_CHARS_MAX = 24, LINK_BYTES_MAX = 3072 };

struct feed_call {
    struct feed_wait *wait;
    char *link; /* `</api/v1/reports?…since=`, to which the cursor is put */
};

static feed_done_fn on_page;

static const char *const parameters[] = {"area", "state", "risk",  "late",  "source",
                                         "kind", "drill", "since", "limit", "wait"};

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
    bool seen[sizeof parameters / sizeof parameters[0]] = {false};
    for (size_t i = 0; i < query->count; i++) {
        size_t at = 0;
        while (at < sizeof seen && !str_is(query->at[i].name, parameters[at])) {
            at++;
        }
        if (at == sizeof seen) {
            return fault(call, "unknown_parameter", "allowed",
                         "area state risk late source kind drill since limit wait");
        }
        if (seen[at]) {
            return fault(call, "repeated", parameters[at], "may stand there once");
        }
        seen[at] = true;
    }
    return true;
}

/* One of the blank-separated words, or not there. */
static bool take_word(struct api_call *call, const struct fields *query, const char *name,
                      const char *words, char *ret, size_t room)
{
    struct str value = fields_get(query, name);
    struct str rest = str_of(words);
    struct str word;
    ret[0] = '\0';
    if (!fields_has(query, name)) {
        return true;
    }
    while (str_next(&rest, ' ', &word)) {
        if (str_eq(word, value)) {
            snprintf(ret, room, "%.*s", STR_ARG(word));
            return true;
        }
    }
    char allowed[120];
    snprintf(allowed, sizeof allowed, "allowed: %s", words);
    return fault(call, "not_allowed", name, allowed);
}

/* A slug of the county's form: which ones there are is the form's, and older reports have older ones. */
static bool take_risk(struct api_call *call, const struct fields *query,
                      char ret[FEED_FILTER_BYTES])
{
    struct str value = fields_get(query, "risk");
    bool fits = value.len > 0 && value.len <= SLUG_CHARS_MAX &&
                str_only(str_sub(value, 0, 1), STR_LOWER) &&
                str_only(value, STR_LOWER STR_DIGITS "_");
    ret[0] = '\0';
    if (!fields_has(query, "risk")) {
        return true;
    }
    snprintf(ret, FEED_FILTER_BYTES, "%.*s", fits ? (int)value.len : 0, value.at ? value.at : "");
    return fits || fault(call, "characters", "risk", "a slug: a-z, 0-9 and _, at most 24");
}

static bool take_number(struct api_call *call, const struct fields *query, const char *name,
                        uint64_t min, uint64_t max, uint64_t *ret)
{
    char allowed[64];
    uint64_t value;
    if (!fields_has(query, name)) {
        return true;
    }
    struct str text = fields_get(query, name);
    bool plain = text.len == 1 || (text.len > 1 && text.at[0] != '0');
    if (plain && str_to_u64(text, max, &value) && value >= min) {
        *ret = value;
        return true;
    }
    snprintf(allowed, sizeof allowed, "a whole number from %d to %d", (int)min, (int)max);
    return fault(call, "range", name, allowed);
}

static bool take_cursor(struct api_call *call, const struct fields *query, struct cursor *ret)
{
    if (!fields_has(query, "since")) {
        cursor_begin(ret, store_epoch(call->web->store));
        return true;
    }
    return cursor_parse(fields_get(query, "since"), ret) ||
           fault(call, "cursor", "since", "the next of an earlier page, as it was");
}

static bool take_values(struct api_call *call, const struct fields *query, struct feed_query *ret,
                        struct cursor *cursor, uint64_t *ret_wait_s)
{
    struct feed_filter *filter = &ret->filter;
    uint64_t limit = LIMIT_OTHERWISE;
    char drill[2];
    bool good = check_names(call, query) &&
                take_word(call, query, "state",
                          "new open admitted declined closed cleared withdrawn", filter->state,
                          sizeof filter->state) &&
                take_word(call, query, "source",
                          "self cadre department petition hotline public system", filter->source,
                          sizeof filter->source) &&
                take_word(call, query, "late", "0 1", filter->late, sizeof filter->late) &&
                take_word(call, query, "kind", "report lead", filter->kind, sizeof filter->kind) &&
                take_word(call, query, "drill", "0 1", drill, sizeof drill) &&
                take_risk(call, query, filter->risk) &&
                take_number(call, query, "limit", 1, FEED_LIMIT_MAX, &limit) &&
                take_number(call, query, "wait", 0, WAIT_S_MAX, ret_wait_s) &&
                take_cursor(call, query, cursor);
    if (good) {
        ret->drills = drill[0] == '1';
        ret->limit = (size_t)limit;
    }
    return good;
}

/* False: answered 404. An organisation's own lie in any area. */
static bool take_area(struct api_call *call, const struct fields *query, area_index *ret)
{
    struct str old_name;
    const struct areas *areas = call->web->setup->areas;
    *ret = AREA_NONE;
    if (!fields_has(query, "area")) {
        return true;
    }
    area_index area = areas_resolve(areas, fields_get(query, "area"), &old_name);
    if (area == AREA_NONE || (!call->own && !scope_has(areas, &call->scope, area))) {
        api_send_guarded(call, GUARD_UNKNOWN, NULL);
        return false;
    }
    *ret = area;
    return true;
}

/* The same page further on: what was asked, without since. */
static char *link_of(const struct fields *query)
{
    struct buf link;
    buf_init(&link, LINK_BYTES_MAX);
    buf_puts(&link, "</api/v1/reports?");
    for (size_t i = 0; i < query->count; i++) {
        if (!str_is(query->at[i].name, "since")) {
            escape_form(&link, query->at[i].name);
            buf_putc(&link, '=');
            escape_form(&link, query->at[i].value);
            buf_putc(&link, '&');
        }
    }
    buf_puts(&link, "since=");
    CHECK(buf_ok(&link)); /* the values were checked and are short */
    return buf_take(&link);
}

static void end(struct api_call *call)
{
    struct feed_call *feed = call->state;
    free(feed->link);
    free(feed);
    api_end(&call);
}

static void on_gone(void *arg)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    struct feed_call *feed = call->state;
    feed_wait_drop(&feed->wait);
    end(call);
}

static void on_stop(void *arg)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    feed_wait_stop(((struct feed_call *)call->state)->wait);
}

void api_feed(struct api_call *call)
{
    struct fields fields;
    struct feed_query query = {.scope = call->scope};
    struct cursor cursor;
    uint64_t wait_s = 0;
    if (!api_query(call, &fields) || !take_area(call, &fields, &query.narrow)) {
        api_end(&call);
        return;
    }
    if (!api_has(call, call->route->right)) {
        api_send_guarded(call, GUARD_FORBIDDEN, NULL);
        api_end(&call);
        return;
    }
    if (!take_values(call, &fields, &query, &cursor, &wait_s)) {
        api_end(&call);
        return;
    }
    snprintf(query.org, sizeof query.org, "%s", call->own ? call->org : "");
    struct feed_call *feed = mem_alloc(sizeof *feed);
    feed->link = link_of(&fields);
    call->state = feed;
    bool stays = exchange_on_stop(call->exchange, on_stop, call);
    exchange_on_gone(call->exchange, on_gone, call);
    feed->wait = feed_ask(call->web->feed, &query, &cursor, stays ? (int64_t)wait_s * 1000 : 0,
                          on_page, call);
}

static void send_page(struct api_call *call, const struct feed_answer *answer)
{
    const struct feed_call *feed = call->state;
    struct buf link;
    buf_init(&link, LINK_BYTES_MAX + CURSOR_TEXT_BYTES);
    buf_printf(&link, "%s%s>; rel=\"next\"", feed->link, answer->next);
    CHECK(buf_ok(&link));
    exchange_header(call->exchange, "Link", buf_text(&link));
    buf_release(&link);
    api_send_blob(call, 200, answer->body);
}

static void on_page(void *arg, const struct feed_answer *answer)
{
    struct api_call *call = arg;
    CHECK_OBJ(call, API_MAGIC);
    switch (answer->kind) {
    case FEED_PAGE:
        send_page(call, answer);
        break;
    case FEED_EXPIRED:
        api_send_problem(call, 410, "Gone", "the cursor is from before a restore or a failover",
                         json_pack("{s:[{s:s, s:s, s:s}]}", "errors", "pointer", "", "code",
                                   "cursor-expired", "detail", "read again without since"));
        break;
    case FEED_LATER:
        api_send_busy(call);
        break;
    }
    end(call);
}
