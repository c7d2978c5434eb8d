#include "domain/json_check.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

/* A value while it is judged: where it lies, and whom to tell. */
struct judged {
    const struct json_member *member;
    const char *pointer; /* of the value itself */
    struct json_faults *faults;
};

static void judge_object(const struct judged *at, const json_t *value);

static bool word_of(const char *words, struct str text)
{
    struct str rest = str_of(words), word;
    while (str_next(&rest, ' ', &word)) {
        if (str_eq(word, text)) {
            return true;
        }
    }
    return false;
}

/* Line ends and tabs belong to texts that people wrote. */
static bool has_control(struct str text)
{
    uint32_t code;
    while (utf8_next(&text, &code)) {
        bool layout = code == '\n' || code == '\r' || code == '\t';
        if ((code < 0x20 && !layout) || (code >= 0x7F && code < 0xA0)) {
            return true;
        }
    }
    return false;
}

static void judge_text(const struct judged *at, const json_t *value)
{
    const struct json_member *member = at->member;
    struct str text = str_make(json_string_value(value), json_string_length(value));
    size_t chars = utf8_length(text);
    if (member->words != NULL) {
        if (!word_of(member->words, text)) {
            json_fault_add(at->faults, at->pointer, "", "not_allowed", "must be one of: %s",
                           member->words);
        }
    } else if (chars > member->chars_max) {
        json_fault_add(at->faults, at->pointer, "", "long", "at most %zu characters, here %zu",
                       member->chars_max, chars);
    } else if (chars < member->chars_min) {
        json_fault_add(at->faults, at->pointer, "", "short", "at least %zu characters",
                       member->chars_min);
    } else if (has_control(text)) {
        json_fault_add(at->faults, at->pointer, "", "characters", "control characters inside");
    }
}

static void judge_whole(const struct judged *at, const json_t *value)
{
    json_int_t number = json_integer_value(value);
    if (number < at->member->min || number > at->member->max) {
        json_fault_add(at->faults, at->pointer, "", "range",
                       "must be a whole number from %lld to %lld", (long long)at->member->min,
                       (long long)at->member->max);
    }
}

static bool read_day(struct str text, int64_t *ret_wall_ms)
{
    struct date date;
    if (!date_parse(text, &date)) {
        return false;
    }
    *ret_wall_ms = date_start_ms(date);
    return true;
}

static void judge_time(const struct judged *at, const json_t *value)
{
    struct str text = str_make(json_string_value(value), json_string_length(value));
    unsigned kinds = at->member->kinds;
    int64_t ms;
    if (!((kinds & JSON_KIND_TIME) && clock_parse_iso(text, &ms)) &&
        !((kinds & JSON_KIND_DAY) && read_day(text, &ms))) {
        json_fault_add(at->faults, at->pointer, "", "time", "must be %s%s%s",
                       kinds & JSON_KIND_TIME ? "a time by RFC 3339: 2026-11-23T09:15:02+08:00"
                                              : "",
                       (kinds & JSON_KIND_TIME) && (kinds & JSON_KIND_DAY) ? ", or " : "",
                       kinds & JSON_KIND_DAY ? "a day: 2026-11-23" : "");
    }
}

static bool stands_before(const json_t *list, size_t nth)
{
    for (size_t i = 0; i < nth; i++) {
        if (json_equal(json_array_get(list, i), json_array_get(list, nth))) {
            return true;
        }
    }
    return false;
}

static void judge_list(const struct judged *at, const json_t *list)
{
    size_t count = json_array_size(list);
    if (count > at->member->items_max) {
        json_fault_add(at->faults, at->pointer, "", "many", "at most %zu, here %zu",
                       at->member->items_max, count);
        return;
    }
    if (count < at->member->items_min) {
        json_fault_add(at->faults, at->pointer, "", "few", "at least %zu", at->member->items_min);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        char pointer[JSON_POINTER_BYTES];
        snprintf(pointer, sizeof pointer, "%s", at->pointer);
        json_pointer_push_nth(pointer, i);
        struct judged item = *at;
        item.pointer = pointer;
        bool objects = at->member->members != NULL;
        if (objects ? !json_is_object(value) : !json_is_string(value)) {
            json_fault_add(at->faults, pointer, "", "type", "must be %s",
                           objects ? "an object" : "a text");
        } else if (stands_before(list, i)) {
            json_fault_add(at->faults, pointer, "", "repeated", "stands in the list before");
        } else if (objects) {
            judge_object(&item, value);
        } else {
            judge_text(&item, value);
        }
    }
}

/* The kinds, how they are called in a sentence, what their values look like, and who judges further. */
static const struct kind {
    enum json_kind kind;
    json_type type;
    const char *called;
    void (*judge)(const struct judged *at, const json_t *value);
} kinds[] = {
    {JSON_KIND_TEXT, JSON_STRING, "a text", judge_text},
    {JSON_KIND_TIME, JSON_STRING, "a time by RFC 3339", judge_time},
    {JSON_KIND_DAY, JSON_STRING, "a day", judge_time},
    {JSON_KIND_WHOLE, JSON_INTEGER, "a whole number", judge_whole},
    {JSON_KIND_BOOL, JSON_TRUE, "true or false", NULL},
    {JSON_KIND_BOOL, JSON_FALSE, "true or false", NULL},
    {JSON_KIND_LIST, JSON_ARRAY, "a list", judge_list},
    {JSON_KIND_OBJECT, JSON_OBJECT, "an object", judge_object},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static void wrong_type(const struct judged *at)
{
    char allowed[JSON_DETAIL_BYTES] = "";
    size_t used = 0;
    unsigned said = 0;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if ((at->member->kinds & kinds[i].kind & ~said) != 0) {
            said |= kinds[i].kind;
            used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s",
                                     used > 0 ? " or " : "", kinds[i].called);
        }
    }
    if (at->member->kinds == JSON_KIND_WHOLE) {
        snprintf(allowed + used, sizeof allowed - used, " from %lld to %lld",
                 (long long)at->member->min, (long long)at->member->max);
    }
    json_fault_add(at->faults, at->pointer, "", "type", "must be %s", allowed);
}

static void judge_value(const struct judged *at, const json_t *value)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if ((at->member->kinds & kinds[i].kind) != 0 && json_typeof(value) == kinds[i].type) {
            if (kinds[i].judge != NULL) {
                kinds[i].judge(at, value);
            }
            return;
        }
    }
    wrong_type(at);
}

static const struct json_member *member_of(const struct json_member *members, const char *name)
{
    while (members->name != NULL && strcmp(members->name, name) != 0) {
        members++;
    }
    return members->name ? members : NULL;
}

static void unknown(const struct json_member *members, const char *pointer, const char *name,
                    struct json_faults *faults)
{
    char allowed[JSON_DETAIL_BYTES] = "";
    size_t used = 0;
    for (; members->name != NULL && used < sizeof allowed; members++) {
        used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s",
                                 used > 0 ? ", " : "", members->name);
    }
    json_fault_add(faults, pointer, name, "unknown_member", "allowed are: %s", allowed);
}

static bool is_missing(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

bool json_check_object(const json_t *object, const char *pointer, const struct json_member *members,
                       struct json_faults *faults)
{
    size_t before = faults->count;
    const char *name;
    json_t *value;
    for (const struct json_member *member = members; member->name != NULL; member++) {
        if (member->required && is_missing(json_object_get(object, member->name))) {
            json_fault_add(faults, pointer, member->name, "required", "is required");
        }
    }
    json_object_foreach((json_t *)object, name, value)
    {
        const struct json_member *member = member_of(members, name);
        if (member == NULL) {
            unknown(members, pointer, name, faults);
        } else if (!json_is_null(value) && !(member->required && is_missing(value))) {
            char place[JSON_POINTER_BYTES];
            snprintf(place, sizeof place, "%s", pointer);
            json_pointer_push(place, str_of(name));
            const struct judged at = {.member = member, .pointer = place, .faults = faults};
            judge_value(&at, value);
        }
    }
    return faults->count == before;
}

static void judge_object(const struct judged *at, const json_t *value)
{
    json_check_object(value, at->pointer, at->member->members, at->faults);
}

json_t *json_check_file(struct str json, const char *file, const struct json_member *members,
                        struct err *err)
{
    json_error_t error;
    struct json_faults faults = {0};
    json_t *read = json_loadb(json.at ? json.at : "", json.len, JSON_REJECT_DUPLICATES, &error);
    if (read == NULL) {
        err_set(err, "%s:%d: %s", file, error.line, error.text);
    } else if (!json_is_object(read)) {
        err_set(err, "%s: must be an object", file);
    } else if (!json_check_object(read, "", members, &faults)) {
        err_set(err, "%s: %s: %s", file, faults.at[0].pointer, faults.at[0].detail);
    } else {
        return read;
    }
    json_decref(read);
    return NULL;
}

/* ---- what a checked object holds ---- */

const json_t *json_member_value(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

struct str json_member_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return str_make(json_string_value(value), json_string_length(value));
}

int64_t json_member_whole(const json_t *object, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool json_member_bool(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

bool json_member_time(const json_t *object, const char *name, int64_t *ret_wall_ms)
{
    struct str text = json_member_text(object, name);
    return clock_parse_iso(text, ret_wall_ms) || read_day(text, ret_wall_ms);
}
