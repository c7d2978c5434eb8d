/*
 * Progress as the store keeps it: {"state": …, "accepted": ms, …, "steps": {"visit": {"state": …, "opened": ms, …}}}; what is empty is left
 * out, so that what an earlier release wrote reads as a report to which less has happened.
 */
#include <string.h>

#include "domain/progress.h"

static const char *const state_names[] = {"new",    "open",    "admitted", "declined",
                                          "closed", "cleared", "withdrawn"};
static const char *const step_names[] = {"waiting", "open", "passed", "failed", "skipped"};

static const char *const objection_names[] = {"none", "asked", "open", "upheld", "reopened"};
static const char *const said_names[] = {"none", "visited", "not_visited"};

enum { COUNT_MAX = 1000000000 };

#define COUNT(names) (sizeof(names) / sizeof(names)[0])

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
    put_ms(to, "tries", step->tries);
    put_text(to, "note", step->note);
    return to;
}

static void put_flag(json_t *to, const char *key, bool flag)
{
    if (flag) {
        CHECK(json_object_set_new(to, key, json_true()) == 0);
    }
}

static void put_pauses(json_t *to, const struct progress *progress)
{
    json_t *list = json_array();
    for (int i = 0; i < progress->pause_count; i++) {
        json_t *pause = json_object();
        put_ms(pause, "from", progress->pauses[i].from_ms);
        put_ms(pause, "to", progress->pauses[i].to_ms);
        CHECK(json_array_append_new(list, pause) == 0);
    }
    put_flag(to, "paused", progress->paused);
    CHECK(json_object_set_new(to, "pauses", list) == 0);
}

static void put_transfers(json_t *to, const struct progress *progress)
{
    json_t *list = json_array();
    for (int i = 0; i < progress->transfer_count; i++) {
        const struct progress_transfer *transfer = &progress->transfers[i];
        json_t *one = json_object();
        put_ms(one, "at", transfer->at_ms);
        put_text(one, "from", transfer->from);
        put_text(one, "to", transfer->to);
        CHECK(json_array_append_new(list, one) == 0);
    }
    CHECK(json_object_set_new(to, "transfers", list) == 0);
}

static void put_moves(json_t *to, const struct progress *progress)
{
    put_flag(to, "green", progress->green);
    put_flag(to, "plain", progress->plain);
    put_flag(to, "authorised", progress->authorised);
    if (progress->pause_count > 0) {
        put_pauses(to, progress);
    }
    if (progress->transfer_count > 0) {
        put_transfers(to, progress);
    }
    put_ms(to, "asks", progress->ask_count);
    put_ms(to, "asked", progress->asked_ms);
    put_text(to, "ask_note", progress->ask_note);
    put_text(to, "move_note", progress->move_note);
    if (progress->move_note[0] != '\0') {
        put_text(to, "move_noted", progress_move_name(progress->move_noted));
    }
    put_ms(to, "nudges", progress->nudge_count);
    put_ms(to, "nudged", progress->nudged_ms);
    if (progress->visit_said != VISIT_NOT_SAID) {
        put_text(to, "visit_said", said_names[progress->visit_said]);
        put_ms(to, "visit_said_at", progress->visit_said_ms);
        put_ms(to, "visits_said", progress->visit_said_count);
    }
    put_ms(to, "withdraw_asked", progress->withdraw_asked_ms);
    if (progress->objection != OBJECTION_NONE) {
        put_text(to, "objection", objection_names[progress->objection]);
    }
    put_ms(to, "object_end", progress->object_end_ms);
    put_ms(to, "objected", progress->objected_ms);
    put_ms(to, "objection_due", progress->objection_due_ms);
    put_ms(to, "reopens", progress->reopen_count);
    put_ms(to, "reopened", progress->reopened_ms);
}

json_t *progress_to_json(const struct procedure *procedure, const struct progress *progress)
{
    const struct procedure *route = progress_route(procedure, progress);
    json_t *to = json_object();
    json_t *steps = json_object();
    put_text(to, "state", state_names[progress->state]);
    put_text(to, "decision", progress->decision);
    put_text(to, "reason", progress->reason);
    put_text(to, "category", progress->category);
    put_ms(to, "members", progress->members);
    put_text(to, "leader", progress->leader);
    put_text(to, "note", progress->note);
    put_ms(to, "accepted", progress->accepted_ms);
    put_ms(to, "found", progress->found_ms);
    put_ms(to, "total_due", progress->total_due_ms);
    put_ms(to, "decided", progress->decided_ms);
    if (progress->decided_ms > 0 && progress->worked_days >= 0) {
        CHECK(json_object_set_new(to, "worked", json_integer(progress->worked_days)) == 0);
    }
    put_ms(to, "told", progress->told_ms);
    put_ms(to, "cleared", progress->cleared_ms);
    put_ms(to, "restarted", progress->restarted_ms);
    put_moves(to, progress);
    for (size_t i = 0; i < route->step_count; i++) {
        CHECK(json_object_set_new(steps, route->steps[i].id, step_to_json(&progress->steps[i])) ==
              0);
    }
    CHECK(json_object_set_new(to, "steps", steps) == 0);
    return to;
}

/* Choices as the asker of a refused move reads them. */
json_t *progress_choices_json(const struct progress_choice *choices, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *choice = json_object();
        put_text(choice, "move", progress_move_name(choices[i].kind));
        put_text(choice, "step", choices[i].step ? choices[i].step : "");
        put_text(choice, "outcome", choices[i].outcome ? choices[i].outcome : "");
        put_text(choice, "decision", choices[i].decision ? choices[i].decision : "");
        CHECK(json_array_append_new(list, choice) == 0);
    }
    return list;
}

static bool get_name(const json_t *from, const char *key, const char *const *names, size_t count,
                     unsigned *ret)
{
    const char *name = json_string_value(json_object_get(from, key));
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

static bool get_count(const json_t *from, const char *key, int *to)
{
    int64_t count = 0;
    bool read = get_ms(from, key, &count) && count >= 0 && count <= COUNT_MAX;
    *to = (int)count;
    return read;
}

static bool get_worked(const json_t *from, struct progress *ret)
{
    bool read = get_count(from, "worked", &ret->worked_days);
    if (ret->decided_ms > 0 && json_object_get(from, "worked") == NULL) {
        ret->worked_days = -1;
    }
    return read;
}

static bool get_flag(const json_t *from, const char *key, bool *to)
{
    const json_t *value = json_object_get(from, key);
    *to = json_is_true(value);
    return value == NULL || json_is_boolean(value);
}

static bool step_from_json(const json_t *from, struct progress_step *ret)
{
    unsigned state;
    if (!get_name(from, "state", step_names, COUNT(step_names), &state)) {
        return false;
    }
    ret->state = (enum progress_step_state)state;
    return get_ms(from, "opened", &ret->opened_ms) && get_ms(from, "due", &ret->due_ms) &&
           get_ms(from, "done", &ret->done_ms) && get_count(from, "tries", &ret->tries) &&
           get_text(from, "note", ret->note, sizeof ret->note);
}

static bool get_pauses(const json_t *json, struct progress *ret)
{
    const json_t *list = json_object_get(json, "pauses");
    size_t count = json_array_size(list);
    if (!get_flag(json, "paused", &ret->paused) || (list != NULL && !json_is_array(list)) ||
        count > PROCEDURE_PAUSES_MAX || (ret->paused && count == 0)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *pause = json_array_get(list, i);
        if (!json_is_object(pause) || !get_ms(pause, "from", &ret->pauses[i].from_ms) ||
            !get_ms(pause, "to", &ret->pauses[i].to_ms)) {
            return false;
        }
    }
    ret->pause_count = (int)count;
    return true;
}

static bool get_transfers(const json_t *json, struct progress *ret)
{
    const json_t *list = json_object_get(json, "transfers");
    size_t count = json_array_size(list);
    if ((list != NULL && !json_is_array(list)) || count > PROGRESS_TRANSFERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(list, i);
        struct progress_transfer *transfer = &ret->transfers[i];
        if (!json_is_object(one) || !get_ms(one, "at", &transfer->at_ms) ||
            !get_text(one, "from", transfer->from, sizeof transfer->from) ||
            !get_text(one, "to", transfer->to, sizeof transfer->to)) {
            return false;
        }
    }
    ret->transfer_count = (int)count;
    return true;
}

/* An earlier release kept those of a pause or a transfer, without saying which. */
static bool get_move_note(const json_t *json, struct progress *ret)
{
    const char *beside = json_string_value(json_object_get(json, "move_noted"));
    if (!get_text(json, "move_note", ret->move_note, sizeof ret->move_note)) {
        return false;
    }
    if (ret->move_note[0] == '\0') {
        return true;
    }
    ret->move_noted = beside != NULL ? MOVES : ret->paused ? MOVE_PAUSE : MOVE_TRANSFER;
    for (int kind = 0; beside != NULL && kind < MOVES; kind++) {
        if (strcmp(beside, progress_move_name((enum progress_move_kind)kind)) == 0) {
            ret->move_noted = (enum progress_move_kind)kind;
        }
    }
    return ret->move_noted != MOVES && ret->move_noted != MOVE_STEP;
}

static bool get_moves(const json_t *json, struct progress *ret)
{
    unsigned said = VISIT_NOT_SAID, objection = OBJECTION_NONE;
    if (json_object_get(json, "visit_said") != NULL &&
        !get_name(json, "visit_said", said_names, COUNT(said_names), &said)) {
        return false;
    }
    if (json_object_get(json, "objection") != NULL &&
        !get_name(json, "objection", objection_names, COUNT(objection_names), &objection)) {
        return false;
    }
    ret->visit_said = (enum progress_visit_said)said;
    ret->objection = (enum progress_objection)objection;
    return get_flag(json, "plain", &ret->plain) && get_flag(json, "authorised", &ret->authorised) &&
           get_pauses(json, ret) && get_transfers(json, ret) &&
           get_count(json, "asks", &ret->ask_count) && get_ms(json, "asked", &ret->asked_ms) &&
           get_text(json, "ask_note", ret->ask_note, sizeof ret->ask_note) &&
           get_move_note(json, ret) && get_count(json, "nudges", &ret->nudge_count) &&
           get_ms(json, "nudged", &ret->nudged_ms) &&
           get_ms(json, "visit_said_at", &ret->visit_said_ms) &&
           get_count(json, "visits_said", &ret->visit_said_count) &&
           get_ms(json, "withdraw_asked", &ret->withdraw_asked_ms) &&
           get_ms(json, "object_end", &ret->object_end_ms) &&
           get_ms(json, "objected", &ret->objected_ms) &&
           get_ms(json, "objection_due", &ret->objection_due_ms) &&
           get_count(json, "reopens", &ret->reopen_count) &&
           get_ms(json, "reopened", &ret->reopened_ms);
}

static bool get_steps(const struct procedure *route, const json_t *steps, struct progress *ret)
{
    for (size_t i = 0; i < route->step_count; i++) {
        const json_t *step = json_object_get(steps, route->steps[i].id);
        if (step != NULL && !step_from_json(step, &ret->steps[i])) {
            return false;
        }
    }
    return json_is_object(steps);
}

bool progress_from_json(const struct procedure *procedure, const json_t *json, struct progress *ret)
{
    unsigned state;
    *ret = (struct progress){0};
    if (!get_name(json, "state", state_names, COUNT(state_names), &state) ||
        !get_flag(json, "green", &ret->green) || (ret->green && procedure->green == NULL)) {
        return false;
    }
    ret->state = (enum progress_state)state;
    return get_steps(progress_route(procedure, ret), json_object_get(json, "steps"), ret) &&
           get_text(json, "decision", ret->decision, sizeof ret->decision) &&
           get_text(json, "reason", ret->reason, sizeof ret->reason) &&
           get_text(json, "category", ret->category, sizeof ret->category) &&
           get_count(json, "members", &ret->members) &&
           get_text(json, "leader", ret->leader, sizeof ret->leader) &&
           get_text(json, "note", ret->note, sizeof ret->note) &&
           get_ms(json, "accepted", &ret->accepted_ms) && get_ms(json, "found", &ret->found_ms) &&
           get_ms(json, "total_due", &ret->total_due_ms) &&
           get_ms(json, "decided", &ret->decided_ms) && get_worked(json, ret) &&
           get_ms(json, "told", &ret->told_ms) && get_ms(json, "cleared", &ret->cleared_ms) &&
           get_ms(json, "restarted", &ret->restarted_ms) && get_moves(json, ret);
}
