#include "flow/claim.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

enum { CLAIM_MAGIC = 0xC1A13, MINUTE_MS = 60000 };

struct claiming {
    unsigned magic;
    const struct guard *guard;
    char by[32], name[244];
    int64_t minutes;
    struct claim_answer answer;
    claim_done_fn *done;
    void *arg;
};

static edit_fn take_or_release;
static edit_done_fn on_edited;

void claim_report(const struct setup *setup, struct store *store,
                  const struct claim_request *request, claim_done_fn *done, void *arg)
{
    struct claiming *claiming = mem_alloc(sizeof *claiming);
    claiming->magic = CLAIM_MAGIC;
    claiming->guard = request->guard;
    claiming->minutes = request->minutes;
    claiming->done = done;
    claiming->arg = arg;
    snprintf(claiming->by, sizeof claiming->by, "%s", request->actor.by);
    snprintf(claiming->name, sizeof claiming->name, "%s", request->actor.name);
    const struct edit_request edit = {
        .receipt = request->receipt,
        .actor = {claiming->by, claiming->name},
        .rid = request->rid,
        .reread = true,
        .edit = take_or_release,
        .done = on_edited,
        .arg = claiming,
    };
    edit_report(setup, store, &edit);
}

static enum edit_verdict release(struct claiming *claiming, const struct edit_view *view,
                                 struct edit_draft *draft)
{
    struct str holder = record_get(view->record, REPORT_CLAIM);
    claiming->answer.kind = CLAIM_DONE;
    if (holder.len == 0) {
        return EDIT_STOP;
    }
    draft->audit = json_pack("{s:s}", "ev", "release");
    edit_end_claim(draft, view->record);
    return EDIT_WRITE;
}

static enum edit_verdict take_or_release(void *arg, struct edit_view *view,
                                         struct edit_draft *draft)
{
    struct claiming *claiming = arg;
    CHECK_OBJ(claiming, CLAIM_MAGIC);
    claiming->answer.verdict = guard_judge(claiming->guard, view->record);
    if (claiming->answer.verdict != GUARD_OK) {
        claiming->answer.kind = CLAIM_GUARDED;
        return EDIT_STOP;
    }
    if (claiming->minutes == 0) {
        return release(claiming, view, draft);
    }
    if (progress_decided(view->progress) && !view->clearing_runs &&
        view->progress->state != PROGRESS_ADMITTED && view->progress->state != PROGRESS_DECLINED) {
        claiming->answer.kind = CLAIM_ENDED;
        return EDIT_STOP;
    }
    claiming->answer.kind = CLAIM_DONE;
    draft->audit = json_pack("{s:s, s:I}", "ev", "claim", "minutes", (json_int_t)claiming->minutes);
    draft->claim_holder = claiming->by;
    draft->claim_ms = claiming->minutes * MINUTE_MS;
    edit_put_text(draft, REPORT_CLAIM_NAME, claiming->name);
    return EDIT_WRITE;
}

static void on_edited(void *arg, const struct edit_answer *answer)
{
    struct claiming *claiming = arg;
    struct claim_answer *claimed = &claiming->answer;
    CHECK_OBJ(claiming, CLAIM_MAGIC);
    if (answer->kind == EDIT_CLAIMED) {
        claimed->kind = CLAIM_TAKEN;
        claimed->by_id = answer->claim_id;
        claimed->by_name = answer->claim_name;
    } else if (answer->kind == EDIT_GONE) {
        claimed->kind = CLAIM_GONE;
    } else if (answer->kind == EDIT_LATER) {
        claimed->kind = CLAIM_LATER;
    }
    claimed->version = answer->version;
    claimed->fence = answer->fence;
    claimed->until_ms = answer->claim_until_ms;
    claimed->record = answer->record;
    claiming->done(claiming->arg, claimed);
    claiming->magic = 0;
    free(claiming);
}
