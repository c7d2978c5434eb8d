/*
 * Any bytes as the body of a request: one fault that says where, or an object; and the object against the table of every route and as a
 * finding: faults that point to places of the body, or members that are what the table promises.
 */
#include "domain/json_pointer.h"
#include "intake.h"
#include "web/api_bodies.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct json_member *const tables[] = {
    api_claim_members,  api_release_members, api_step_members,   api_transfer_members,
    api_ask_members,    api_note_members,    api_pause_members,  api_merge_members,
    api_object_members, api_correct_members, api_search_members, api_push_members};

static size_t depth_of(const json_t *value)
{
    size_t deepest = 0;
    size_t nth;
    const char *name;
    json_t *inner;
    json_array_foreach((json_t *)value, nth, inner)
    {
        size_t depth = depth_of(inner);
        deepest = depth > deepest ? depth : deepest;
    }
    json_object_foreach((json_t *)value, name, inner)
    {
        size_t depth = depth_of(inner);
        deepest = depth > deepest ? depth : deepest;
    }
    return json_is_object(value) || json_is_array(value) ? deepest + 1 : 0;
}

/* Where a name stands twice, the body can be read all the same, and then the pointer must find the place. */
static void check_refusal(struct str body, const struct json_fault *fault)
{
    static const char codes[] = " syntax type large duplicate depth nul number ";
    char wanted[JSON_CODE_BYTES + 2];
    snprintf(wanted, sizeof wanted, " %s ", fault->code);
    CHECK(strstr(codes, wanted) != NULL && fault->detail[0] != '\0');
    CHECK(utf8_valid(str_of(fault->detail)) && utf8_valid(str_of(fault->pointer)));
    json_t *read = strcmp(fault->code, "duplicate") == 0 ? json_loadb(body.at, body.len, 0, NULL)
                                                         : NULL;
    CHECK(read == NULL || json_pointer_get(read, str_of(fault->pointer)) != NULL);
    json_decref(read);
}

/* What is missing is told at a place that is not there; its holder is. */
static void check_place(const json_t *body, const struct json_fault *fault)
{
    struct str pointer = str_of(fault->pointer);
    if (strcmp(fault->code, "required") == 0 && json_pointer_get(body, pointer) == NULL) {
        while (pointer.len > 0 && pointer.at[pointer.len - 1] != '/') {
            pointer.len--;
        }
        pointer.len -= pointer.len > 0;
    }
    CHECK(json_pointer_get(body, pointer) != NULL);
}

static void check_member(const json_t *body, const struct json_member *member)
{
    const json_t *value = json_member_value(body, member->name);
    struct str text = json_member_text(body, member->name);
    int64_t ms;
    CHECK(!member->required || value != NULL);
    if (member->kinds == JSON_KIND_WHOLE && value != NULL) {
        int64_t number = json_member_whole(body, member->name, 0);
        CHECK(json_is_integer(value) && number >= member->min && number <= member->max);
    } else if (member->kinds == JSON_KIND_TEXT && value != NULL) {
        CHECK(json_is_string(value) &&
              (member->words != NULL || utf8_length(text) <= member->chars_max));
    } else if ((member->kinds & (JSON_KIND_TIME | JSON_KIND_DAY)) != 0 && value != NULL) {
        CHECK(json_member_time(body, member->name, &ms));
    }
}

static void check_table(const json_t *body, const struct json_member *table)
{
    struct json_faults faults = {.count = 0};
    bool fits = json_check_object(body, "", table, &faults);
    CHECK(fits == (faults.count == 0));
    check_faults(&faults);
    for (size_t i = 0; i < faults.count; i++) {
        check_place(body, &faults.at[i]);
    }
    for (const struct json_member *member = table; fits && member->name != NULL; member++) {
        check_member(body, member);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct json_fault fault;
    struct json_faults faults;
    json_t *body = json_body_parse(str_make(bytes, len), &fault);
    if (body == NULL) {
        check_refusal(str_make(bytes, len), &fault);
        return 0;
    }
    CHECK(json_is_object(body) && depth_of(body) <= JSON_BODY_DEPTH_MAX);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        check_table(body, tables[i]);
    }
    read_finding(body, &faults);
    json_decref(body);
    return 0;
}
