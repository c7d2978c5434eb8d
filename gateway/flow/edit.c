#include "flow/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/edit_writing.h"

enum { EDIT_MAGIC = 0xED17, EDIT_TRIES = 5, NAME_BYTES = 244 };

struct edit {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    char receipt[RECEIPT_BYTES];
    char by[32], name[NAME_BYTES], rid[24];
    char version[24];
    bool reread, shared_id;
    int tries, fetches;
    edit_fn *edit;
    edit_done_fn *done;
    void *arg;
    struct edit_answer answer; /* while the record is read once more */
    struct record_kept kept;   /* what was written, for when it cannot be read again */
};

static reports_read_done_fn on_read;
static procedures_fetch_done_fn on_procedure;
static reports_change_done_fn on_changed;
static reports_read_done_fn on_read_again;
static void finish(struct edit *edit, enum edit_kind kind, const struct report_record *record);

void edit_report(const struct setup *setup, struct store *store, const struct edit_request *request)
{
    struct edit *edit = mem_alloc(sizeof *edit);
    *edit = (struct edit){.magic = EDIT_MAGIC,
                          .setup = setup,
                          .store = store,
                          .reread = request->reread,
                          .edit = request->edit,
                          .done = request->done,
                          .arg = request->arg};
    snprintf(edit->receipt, sizeof edit->receipt, "%s", request->receipt);
    snprintf(edit->by, sizeof edit->by, "%s", request->actor.by);
    snprintf(edit->name, sizeof edit->name, "%s", request->actor.name);
    snprintf(edit->rid, sizeof edit->rid, "%s", request->rid);
    reports_read(store, edit->receipt, on_read, edit);
}

json_t *edit_open(const struct edit_view *view)
{
    return snapshot_open_all(&view->setup->keyring, view->receipt,
                             record_get(view->record, REPORT_SEALED));
}

void edit_put_text(struct edit_draft *draft, const char *name, const char *copied)
{
    record_put_text(&draft->record, name, copied);
}

void edit_end_claim(struct edit_draft *draft, const struct report_record *record)
{
    static const char *const fields[] = {REPORT_CLAIM, REPORT_CLAIM_NAME, REPORT_CLAIM_UNTIL};
    for (size_t i = 0; i < 3; i++) {
        if (record_get(record, fields[i]).len > 0) {
            edit_put_text(draft, fields[i], "");
        }
    }
}

json_t *edit_note(const struct edit_view *view, struct edit_actor actor, struct str note)
{
    json_t *json = NULL;
    if (note.len > 0) {
        json = json_pack("{s:I, s:s, s:s, s:I, s:s%}", "at", (json_int_t)view->now_ms, "by",
                         actor.by, "name", actor.name, "v", (json_int_t)view->version + 1, "note",
                         note.at, note.len);
        CHECK(json != NULL);
    }
    return json;
}

bool edit_note_is_new(const struct edit_view *view, struct edit_actor actor, struct str note)
{
    if (note.len == 0) {
        return false;
    }
    json_t *sealed = edit_open(view);
    const json_t *notes = json_object_get(sealed, "notes");
    bool known = false;
    for (size_t i = json_array_size(notes); i > 0; i--) {
        const json_t *last = json_array_get(notes, i - 1);
        const char *by = json_string_value(json_object_get(last, "by"));
        if (by != NULL && strcmp(by, actor.by) == 0) {
            const char *text = json_string_value(json_object_get(last, "note"));
            known = text != NULL && str_is(note, text);
            break;
        }
    }
    json_decref(sealed);
    return !known;
}

/* The name of a procedure that this process has not at hand yet, or the empty slice. */
static struct str missing_procedure(const struct setup *setup, const struct report_record *record)
{
    const char *const fields[] = {REPORT_PROCEDURE, REPORT_CLEARING_PROCEDURE};
    for (size_t i = 0; i < 2; i++) {
        struct str name = record_get(record, fields[i]);
        if (name.len > 0 && procedures_find(setup->procedures, name) == NULL) {
            return name;
        }
    }
    return STR("");
}

/* The clock tells by itself: it meets the same reports each round. */
static void finish_unreadable(struct edit *edit, const char *why)
{
    if (strcmp(edit->by, EDIT_BY_CLOCK) != 0) {
        log_event(LOG_LEVEL_ERROR, "unreadable", "rid=%s receipt=%s why=%s", edit->rid,
                  log_receipt(edit->receipt).text, why);
    }
    edit->answer.unreadable = true;
    finish(edit, EDIT_LATER, NULL);
}

/* The edit has the report as it is now. */
static void work(struct edit *edit, const struct report_record *record)
{
    struct writing *writing = mem_alloc(sizeof *writing);
    writing->setup = edit->setup;
    writing->receipt = edit->receipt;
    writing->actor = (struct edit_actor){edit->by, edit->name};
    writing->shared_id = edit->shared_id;
    writing->draft.area = AREA_NONE;
    record_init(&writing->draft.record);
    bool stopped = false;
    const char *unreadable = NULL;
    if (!writing_read(writing, record)) {
        unreadable = "progress";
    } else if (edit->edit(edit->arg, &writing->view, &writing->draft) == EDIT_STOP) {
        stopped = true;
    } else if (!writing_make(writing)) {
        unreadable = "seal";
    } else {
        if (edit->reread) {
            record_keep(&edit->kept, record, writing->change.record, writing->change.record_count);
        }
        reports_change(edit->store, &writing->change, on_changed, edit);
    }
    writing_free(writing);
    if (unreadable != NULL) {
        finish_unreadable(edit, unreadable);
    } else if (stopped) {
        finish(edit, EDIT_STOPPED, record);
    }
}

static void on_read(void *arg, enum op_status status, const struct report_record *record)
{
    struct edit *edit = arg;
    CHECK_OBJ(edit, EDIT_MAGIC);
    if (status != OP_OK || record == NULL) {
        finish(edit, status == OP_OK ? EDIT_GONE : EDIT_LATER, NULL);
        return;
    }
    struct str missing = missing_procedure(edit->setup, record);
    if (missing.len > 0 && edit->fetches++ < 2) {
        procedures_fetch(edit->setup->procedures, edit->store, missing, on_procedure, edit);
    } else if (missing.len > 0) {
        finish_unreadable(edit, "procedure");
    } else if (record_get(record, REPORT_PURGED).len > 0) {
        finish(edit, EDIT_GONE, NULL);
    } else {
        work(edit, record);
    }
}

static void on_procedure(void *arg, enum op_status status, const struct procedure *procedure)
{
    struct edit *edit = arg;
    CHECK_OBJ(edit, EDIT_MAGIC);
    (void)procedure;
    if (status != OP_OK) {
        finish(edit, EDIT_LATER, NULL);
        return;
    }
    reports_read(edit->store, edit->receipt, on_read, edit);
}

static void on_changed(void *arg, enum op_status status, const struct reports_change_answer *answer)
{
    struct edit *edit = arg;
    CHECK_OBJ(edit, EDIT_MAGIC);
    if (status != OP_OK) {
        log_event(LOG_LEVEL_WARNING, "unstored", "rid=%s why=%s", edit->rid,
                  op_status_name(status));
        finish(edit, EDIT_LATER, NULL);
        return;
    }
    edit->answer = (struct edit_answer){.version = answer->version,
                                        .claim_until_ms = answer->claim_until_ms,
                                        .fence = answer->fence,
                                        .claim_id = answer->claim_id,
                                        .claim_name = answer->claim_name};
    switch (answer->kind) {
    case REPORTS_CHANGED:
        if (edit->reread) {
            reports_read(edit->store, edit->receipt, on_read_again, edit);
        } else {
            finish(edit, EDIT_DONE, NULL);
        }
        break;
    case REPORTS_SHARED_ID:
    case REPORTS_MOVED:
        edit->shared_id |= answer->kind == REPORTS_SHARED_ID;
        if (++edit->tries < EDIT_TRIES) {
            reports_read(edit->store, edit->receipt, on_read, edit);
        } else {
            finish(edit, EDIT_LATER, NULL);
        }
        break;
    case REPORTS_GONE:
        finish(edit, EDIT_GONE, NULL);
        break;
    case REPORTS_CHANGE_KNOWN:
        finish(edit, EDIT_KNOWN, NULL);
        break;
    case REPORTS_CHANGE_EARLY:
        finish(edit, EDIT_EARLY, NULL);
        break;
    case REPORTS_CLAIMED:
        finish(edit, EDIT_CLAIMED, NULL);
        break;
    }
}

/* What the store itself sets of it: the version; the chain's head and claims are no part of an answer. */
static const struct report_record *written(struct edit *edit)
{
    struct report_record *record = &edit->kept.record;
    snprintf(edit->version, sizeof edit->version, "%lld", (long long)edit->answer.version);
    for (size_t i = 0; i < record->count; i++) {
        if (strcmp(record->at[i].name, REPORT_VERSION) == 0) {
            record->at[i].value = str_of(edit->version);
        }
    }
    return record;
}

/* It was written; when it cannot be read now, that is still so. */
static void on_read_again(void *arg, enum op_status status, const struct report_record *record)
{
    struct edit *edit = arg;
    CHECK_OBJ(edit, EDIT_MAGIC);
    finish(edit, EDIT_DONE, status == OP_OK && record != NULL ? record : written(edit));
}

static void finish(struct edit *edit, enum edit_kind kind, const struct report_record *record)
{
    edit->answer.kind = kind;
    edit->answer.record = record;
    edit->done(edit->arg, &edit->answer);
    record_kept_release(&edit->kept);
    edit->magic = 0;
    free(edit);
}
