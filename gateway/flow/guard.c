#include "flow/guard.h"

#include "flow/record.h"

bool guard_claimed(const struct report_record *record, int64_t *ret_until_ms)
{
    *ret_until_ms = record_number(record, REPORT_CLAIM_UNTIL);
    return record_get(record, REPORT_CLAIM).len > 0 && *ret_until_ms > record->read_ms;
}

static bool is_in_scope(const struct guard *guard, const struct report_record *record)
{
    if (guard->org[0] != '\0') {
        return str_is(record_get(record, REPORT_ORG), guard->org);
    }
    area_index area = record_place(guard->areas, record);
    if (area != AREA_NONE && scope_has(guard->areas, guard->scope, area)) {
        return true;
    }
    return guard->reads &&
           scope_has_path(guard->areas, guard->scope, record_get(record, REPORT_PATH));
}

/* Earlier places may look on but not act: inside the scope for reading, without the right for anything else. */
static bool was_in_scope(const struct guard *guard, const struct report_record *record)
{
    return guard->org[0] == '\0' &&
           scope_has_path(guard->areas, guard->scope, record_get(record, REPORT_PATH));
}

static enum guard_verdict judge_claim(const struct guard *guard, const struct report_record *record)
{
    int64_t until_ms;
    if (guard->holder == NULL) {
        return GUARD_OK;
    }
    bool held = guard_claimed(record, &until_ms);
    bool mine = str_is(record_get(record, REPORT_CLAIM), guard->holder);
    if (guard->has_fence &&
        (guard->fence != record_number(record, REPORT_FENCE) || (held && !mine))) {
        return GUARD_STALE_FENCE;
    }
    if (held && !mine) {
        return GUARD_CLAIMED;
    }
    return guard->must_hold && !held ? GUARD_NOT_CLAIMED : GUARD_OK;
}

/* RFC 9110 §13.1.1. A variant may hold commas, so it is read from quote to quote; a weak tag fits nothing, nor does what is no list. */
static bool names_version(struct str list, int64_t version)
{
    ptrdiff_t open;
    while ((open = str_find_char(list, '"')) >= 0) {
        struct str gap = str_sub(list, 0, (size_t)open);
        struct str tag = str_from(list, (size_t)open + 1);
        ptrdiff_t close = str_find_char(tag, '"');
        bool weak = str_ends(gap, STR("W/"));
        uint64_t named;
        if (close < 0 || !str_only(str_sub(gap, 0, gap.len - (weak ? 2 : 0)), ", \t")) {
            return false;
        }
        list = str_from(tag, (size_t)close + 1);
        tag = str_sub(tag, 0, (size_t)close);
        ptrdiff_t dash = str_find_char(tag, '-');
        tag = dash < 0 ? tag : str_sub(tag, 0, (size_t)dash);
        if (!weak && str_to_u64(tag, INT64_MAX, &named) && (int64_t)named == version) {
            return true;
        }
    }
    return false;
}

static bool is_stale(const struct guard *guard, const struct report_record *record)
{
    return guard->if_match.len > 0 && !str_is(guard->if_match, "*") &&
           !names_version(guard->if_match, record_number(record, REPORT_VERSION));
}

enum guard_verdict guard_judge(const struct guard *guard, const struct report_record *record)
{
    if (!is_in_scope(guard, record)) {
        return was_in_scope(guard, record) ? GUARD_FORBIDDEN : GUARD_UNKNOWN;
    }
    if (!guard->has_right) {
        return GUARD_FORBIDDEN;
    }
    if (!guard->body_fits) {
        return GUARD_BODY;
    }
    enum guard_verdict claim = judge_claim(guard, record);
    if (claim != GUARD_OK) {
        return claim;
    }
    return is_stale(guard, record) ? GUARD_STALE_VERSION : GUARD_OK;
}
