/* Progress as the store keeps it: {"state": …, "accepted": ms, …, "steps": {"visit": {"state": …, "opened": ms, …}}}; what is empty is left out. */
#include <string.h>

#include "base/utf8.h"
#include "domain/procedure.h"

static const char *const state_names[] = {"new",    "open",    "admitted", "declined",
                                          "closed", "cleared", "withdrawn"};
static const char *const step_names[] = {"waiting", "open", "passed", "failed", "skipped"};

const char *progress_state_name(enum progress_state state)
{
    return state_names[state];
}

static void put_text(json_t *to, const char *key, const char *text)
{
    if (text[0] != '\0') {
        CHECK(json_object_set_new(to, key, json_string(text)) == 0);
    }
}

static void put_ms(json_t *to, const char *key, int64_t ms)
{
    if (ms != 0) {
        CHECK(json_object_set_new(to, key, json_integer(ms)) == 0);
    }
}

static json_t *step_to_json(const struct progress_step *step)
{
    json_t *to = json_object();
    put_text(to, "state", step_names[step->state]);
    put_ms(to, "opened", step->opened_ms);
    put_ms(to, "due", step->due_ms);
    put_ms(to, "done", step->done_ms);
    put_text(to, "note", step->note);
    return to;
}

json_t *progress_to_json(const struct procedure *procedure, const struct progress *progress)
{
    json_t *to = json_object();
    json_t *steps = json_object();
    put_text(to, "state", state_names[progress->state]);
    put_text(to, "decision", progress->decision);
    put_text(to, "reason", progress->reason);
    put_text(to, "note", progress->note);
    put_ms(to, "accepted", progress->accepted_ms);
    put_ms(to, "total_due", progress->total_due_ms);
    put_ms(to, "decided", progress->decided_ms);
    put_ms(to, "cleared", progress->cleared_ms);
    for (size_t i = 0; i < procedure->step_count; i++) {
        CHECK(json_object_set_new(steps, procedure->steps[i].id,
                                  step_to_json(&progress->steps[i])) == 0);
    }
    CHECK(json_object_set_new(to, "steps", steps) == 0);
    return to;
}

static bool get_name(const json_t *from, const char *const *names, size_t count, unsigned *ret)
{
    const char *name = json_string_value(json_object_get(from, "state"));
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret = (unsigned)i;
            return true;
        }
    }
    return false;
}

static bool get_text(const json_t *from, const char *key, char *to, size_t room)
{
    const json_t *value = json_object_get(from, key);
    size_t len = json_string_length(value);
    if (value == NULL) {
        return true;
    }
    if (!json_is_string(value) || len >= room) {
        return false;
    }
    memcpy(to, json_string_value(value), len + 1);
    return true;
}

static bool get_ms(const json_t *from, const char *key, int64_t *to)
{
    const json_t *value = json_object_get(from, key);
    *to = json_integer_value(value);
    return value == NULL || json_is_integer(value);
}

static bool step_from_json(const json_t *from, struct progress_step *ret)
{
    unsigned state;
    if (!get_name(from, step_names, sizeof step_names / sizeof step_names[0], &state)) {
        return false;
    }
    ret->state = (enum progress_step_state)state;
    return get_ms(from, "opened", &ret->opened_ms) && get_ms(from, "due", &ret->due_ms) &&
           get_ms(from, "done", &ret->done_ms) &&
           get_text(from, "note", ret->note, sizeof ret->note);
}

bool progress_from_json(const struct procedure *procedure, const json_t *json, struct progress *ret)
{
    const json_t *steps = json_object_get(json, "steps");
    unsigned state;
    *ret = (struct progress){0};
    if (!get_name(json, state_names, sizeof state_names / sizeof state_names[0], &state) ||
        !json_is_object(steps)) {
        return false;
    }
    ret->state = (enum progress_state)state;
    for (size_t i = 0; i < procedure->step_count; i++) {
        const json_t *step = json_object_get(steps, procedure->steps[i].id);
        if (step != NULL && !step_from_json(step, &ret->steps[i])) {
            return false;
        }
    }
    return get_text(json, "decision", ret->decision, sizeof ret->decision) &&
           get_text(json, "reason", ret->reason, sizeof ret->reason) &&
           get_text(json, "note", ret->note, sizeof ret->note) &&
           get_ms(json, "accepted", &ret->accepted_ms) &&
           get_ms(json, "total_due", &ret->total_due_ms) &&
           get_ms(json, "decided", &ret->decided_ms) && get_ms(json, "cleared", &ret->cleared_ms);
}
