#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "domain/json_check.h"
#include "domain/pushes.h"

enum { ID_CHARS_MAX = 23, ORG_CHARS_MAX = 32, DUE_DAYS_MAX = 90, LEAP_YEAR = 2024 };

static const char *const everies[] = {
    [PUSH_EVENT] = "event", [PUSH_TEN_DAYS] = "ten_days", [PUSH_HALF_MONTH] = "half_month",
    [PUSH_MONTH] = "month", [PUSH_QUARTER] = "quarter",   [PUSH_SEASON] = "season",
};

static const struct json_member season_members[] = {
    {.name = "from", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 5},
    {.name = "to", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 5},
    {.name = NULL},
};

static const struct json_member push_members[] = {
    {.name = "id", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = ID_CHARS_MAX},
    {.name = "org", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = ORG_CHARS_MAX},
    {.name = "name", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 60},
    {.name = "every",
     .kinds = JSON_KIND_TEXT,
     .required = true,
     .words = "event ten_days half_month month quarter season"},
    {.name = "seasons",
     .kinds = JSON_KIND_LIST,
     .items_min = 1,
     .items_max = PUSH_SEASONS_MAX,
     .members = season_members},
    {.name = "due_days", .kinds = JSON_KIND_WHOLE, .required = true, .max = DUE_DAYS_MAX},
    {.name = "unit", .kinds = JSON_KIND_TEXT, .words = "calendar working"},
    {.name = "basis", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 200},
    {.name = NULL},
};

static const struct json_member file_members[] = {
    {.name = "about", .kinds = JSON_KIND_TEXT, .chars_max = 1000},
    {.name = "name", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 40},
    {.name = "pushes",
     .kinds = JSON_KIND_LIST,
     .required = true,
     .items_max = PUSHES_MAX,
     .members = push_members},
    {.name = NULL},
};

/* Where in which file, for the sentence when something is wrong. */
struct place {
    const char *file;
    size_t push;
    struct err *err;
};

static bool wrong(const struct place *at, const char *member, const char *what)
{
    return err_set(at->err, "%s: /pushes/%zu/%s: %s", at->file, at->push, member, what);
}

/* 08-15; 02-29 passes and means the 28th in other years. */
static bool read_month_day(struct str text, int *ret_month, int *ret_day)
{
    char full[16];
    struct date date;
    snprintf(full, sizeof full, "%d-%.*s", LEAP_YEAR, STR_ARG(text));
    if (!date_parse(str_of(full), &date)) {
        return false;
    }
    *ret_month = date.month;
    *ret_day = date.day;
    return true;
}

static bool read_seasons(const struct place *at, const json_t *list, struct push *push)
{
    int before = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *json = json_array_get(list, i);
        struct push_season *season = &push->seasons[i];
        char member[40];
        snprintf(member, sizeof member, "seasons/%zu/from", i);
        if (!read_month_day(json_member_text(json, "from"), &season->from_month,
                            &season->from_day)) {
            return wrong(at, member, "must be a day of the year: 08-15");
        }
        if (season->from_month * 100 + season->from_day <= before) {
            return wrong(at, member, "must come after the season before");
        }
        snprintf(member, sizeof member, "seasons/%zu/to", i);
        if (!read_month_day(json_member_text(json, "to"), &season->to_month, &season->to_day)) {
            return wrong(at, member, "must be a day of the year: 09-30");
        }
        before = season->to_month * 100 + season->to_day;
        if (before < season->from_month * 100 + season->from_day) {
            return wrong(at, member, "must not come before from");
        }
        push->season_count = i + 1;
    }
    return true;
}

static enum push_every every_of(struct str name)
{
    enum push_every every = PUSH_EVENT;
    while (!str_is(name, everies[every])) {
        every++; /* the table of members let no other word pass */
    }
    return every;
}

static bool read_push(const struct place *at, const json_t *json, struct push *push)
{
    *push = (struct push){
        .id = json_member_text(json, "id").at,
        .org = json_member_text(json, "org").at,
        .name = json_member_text(json, "name").at,
        .every = every_of(json_member_text(json, "every")),
        .due_days = (int)json_member_whole(json, "due_days", 0),
        .unit = str_is(json_member_text(json, "unit"), "working") ? DEADLINE_WORKING
                                                                  : DEADLINE_CALENDAR,
        .confirmed = !str_is(json_member_text(json, "basis"), "unconfirmed"),
    };
    const json_t *seasons = json_member_value(json, "seasons");
    if (!str_only(str_of(push->id), STR_LOWER STR_DIGITS "_")) {
        return wrong(at, "id", "must be a-z, 0-9 and _");
    }
    if (!str_only(str_of(push->org), STR_LOWER STR_DIGITS "-")) {
        return wrong(at, "org", "must be a-z, 0-9 and -");
    }
    if ((seasons != NULL) != (push->every == PUSH_SEASON)) {
        return wrong(at, "seasons", "belongs to every: season, which needs it");
    }
    return read_seasons(at, seasons, push);
}

struct pushes *pushes_load(struct str json, const char *file, struct err *err)
{
    json_t *source = json_check_file(json, file, file_members, err);
    if (source == NULL) {
        return NULL;
    }
    struct pushes *pushes = mem_alloc(sizeof *pushes);
    const json_t *list = json_object_get(source, "pushes");
    pushes->source = source;
    pushes->name = json_member_text(source, "name").at;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct place at = {.file = file, .push = i, .err = err};
        if (!read_push(&at, json_array_get(list, i), &pushes->at[i])) {
            pushes_free(&pushes);
            return NULL;
        }
        if (pushes_find(pushes, str_of(pushes->at[i].id)) != NULL) {
            wrong(&at, "id", "stands here twice");
            pushes_free(&pushes);
            return NULL;
        }
        pushes->count = i + 1;
    }
    return pushes;
}

void pushes_free(struct pushes **pushes)
{
    if (*pushes != NULL) {
        json_decref((*pushes)->source);
        free(*pushes);
        *pushes = NULL;
    }
}

const struct push *pushes_find(const struct pushes *pushes, struct str id)
{
    for (size_t i = 0; i < pushes->count; i++) {
        if (str_is(id, pushes->at[i].id)) {
            return &pushes->at[i];
        }
    }
    return NULL;
}

const char *push_every_name(enum push_every every)
{
    return everies[every];
}
