#include "flow/correct.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "domain/resident_id.h"
#include "flow/identities.h"
#include "flow/words.h"

enum { CORRECT_MAGIC = 0xC044EC, ADULT_YEARS = 18 };

struct correcting {
    unsigned magic;
    const struct guard *guard;
    json_t *values; /* what is to be set */
    char by[32], name[244];
    struct str note;
    struct correct_answer answer;
    struct identities identities;
    bool unsealable;
    correct_done_fn *done;
    void *arg;
};

static edit_fn complete;
static edit_done_fn on_edited;

static struct edit_actor actor_of(const struct correcting *correcting)
{
    return (struct edit_actor){correcting->by, correcting->name};
}

static void set(json_t *values, const char *name, const char *value)
{
    if (value != NULL) {
        json_object_set_new(values, name, json_string(value));
    }
}

void correct_report(const struct setup *setup, struct store *store,
                    const struct correct_request *request, correct_done_fn *done, void *arg)
{
    struct correcting *correcting = mem_alloc(sizeof *correcting);
    correcting->magic = CORRECT_MAGIC;
    correcting->guard = request->guard;
    correcting->values = json_object();
    correcting->done = done;
    correcting->arg = arg;
    correcting->note = request->note;
    snprintf(correcting->by, sizeof correcting->by, "%s", request->actor.by);
    snprintf(correcting->name, sizeof correcting->name, "%s", request->actor.name);
    set(correcting->values, "id_number", request->id_number);
    set(correcting->values, "name", request->name);
    set(correcting->values, "phone", request->phone);
    const struct edit_request edit = {
        .receipt = request->receipt,
        .actor = request->actor,
        .rid = request->rid,
        .reread = true,
        .edit = complete,
        .done = on_edited,
        .arg = correcting,
    };
    edit_report(setup, store, &edit);
}

static void put_identities(struct correcting *correcting, const struct edit_view *view,
                           const json_t *values, struct edit_draft *draft)
{
    struct identities *identities = &correcting->identities;
    identities_of(&view->setup->keyring, values, STR(""), identities);
    edit_put_text(draft, REPORT_PERSON, identities->person[0]);
    edit_put_text(draft, REPORT_NAME_HASH, identities->name[0]);
    if (identities->has_phone) {
        edit_put_text(draft, REPORT_PHONE_HASH, identities->phone[0]);
    }
    if (identities->has_id) {
        edit_put_text(draft, REPORT_ID_HASH, identities->id[0]);
        draft->id_known = true;
    }
}

/* What hangs on an ID number: as at the form, staff sees a minor, and somebody who has another open report. */
static void judge_id(const struct correcting *correcting, const struct edit_view *view,
                     const char *id, struct edit_draft *draft)
{
    int age = resident_id_age(id, date_of_ms(view->now_ms));
    snprintf(draft->flag_gone, sizeof draft->flag_gone, "id_missing minor");
    snprintf(draft->flag, sizeof draft->flag, "%s%s", age >= 0 && age < ADULT_YEARS ? "minor " : "",
             view->shared_id ? "possible_duplicate" : "");
    draft->alone = view->shared_id ? NULL : &correcting->identities;
}

/* Which of them differ, as words for the audit chain; the values themselves are personal. */
static json_t *changed_members(const json_t *before, const json_t *now)
{
    json_t *names = json_array();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)now, name, value)
    {
        if (!json_equal(value, json_object_get(before, name))) {
            json_array_append_new(names, json_string(name));
        }
    }
    return names;
}

/* Nothing differs: what is said besides is written by itself. */
static enum edit_verdict say_more(struct correcting *correcting, const struct edit_view *view,
                                  struct edit_draft *draft)
{
    if (!edit_note_is_new(view, actor_of(correcting), correcting->note)) {
        return EDIT_STOP;
    }
    correcting->answer.kind = CORRECT_DONE;
    draft->audit = json_pack("{s:s, s:s}", "ev", "amended", "move", "correct");
    draft->note = edit_note(view, actor_of(correcting), correcting->note);
    return EDIT_WRITE;
}

static enum edit_verdict complete(void *arg, struct edit_view *view, struct edit_draft *draft)
{
    struct correcting *correcting = arg;
    CHECK_OBJ(correcting, CORRECT_MAGIC);
    correcting->answer.verdict = guard_judge(correcting->guard, view->record);
    correcting->answer.kind = CORRECT_GUARDED;
    if (correcting->answer.verdict != GUARD_OK) {
        return EDIT_STOP;
    }
    correcting->answer.kind = CORRECT_ENDED;
    if (progress_decided(view->progress)) {
        return EDIT_STOP;
    }
    json_t *sealed = edit_open(view);
    const json_t *before = json_object_get(sealed, "values");
    json_t *changed = changed_members(before, correcting->values);
    correcting->unsealable = before == NULL;
    correcting->answer.kind = CORRECT_UNCHANGED;
    if (before == NULL || json_array_size(changed) == 0) {
        json_decref(changed);
        json_decref(sealed);
        return before == NULL ? EDIT_STOP : say_more(correcting, view, draft);
    }
    correcting->answer.kind = CORRECT_DONE;
    draft->values = json_deep_copy(before);
    json_object_update(draft->values, correcting->values);
    if (json_object_get(correcting->values, "id_number") != NULL) {
        json_object_del(draft->values, "no_id");
    }
    put_identities(correcting, view, draft->values, draft);
    const json_t *id = json_object_get(correcting->values, "id_number");
    if (id != NULL && !json_equal(id, json_object_get(before, "id_number"))) {
        judge_id(correcting, view, json_string_value(id), draft);
    }
    draft->audit = json_pack("{s:s, s:o}", "ev", "corrected", "members", changed);
    draft->event = "corrected";
    draft->correction = true;
    draft->note = edit_note(view, actor_of(correcting), correcting->note);
    json_decref(sealed);
    return EDIT_WRITE;
}

static void on_edited(void *arg, const struct edit_answer *answer)
{
    struct correcting *correcting = arg;
    CHECK_OBJ(correcting, CORRECT_MAGIC);
    if (answer->kind == EDIT_GONE) {
        correcting->answer.kind = CORRECT_GONE;
    } else if (answer->kind == EDIT_LATER || answer->kind == EDIT_CLAIMED ||
               correcting->unsealable) {
        correcting->answer.kind = CORRECT_LATER;
    }
    correcting->answer.record = answer->record;
    correcting->done(correcting->arg, &correcting->answer);
    json_decref(correcting->values);
    correcting->magic = 0;
    free(correcting);
}
