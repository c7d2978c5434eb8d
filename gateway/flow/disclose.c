#include "flow/disclose.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/chain.h"
#include "flow/record.h"
#include "flow/snapshot.h"
#include "store/tokens.h"

enum { DISCLOSE_MAGIC = 0x44697363, TRIES = 5, HEAD_BYTES = 65 };

struct disclosing {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    const struct guard *guard, *person;
    char receipt[RECEIPT_BYTES];
    char by[TOKENS_ID_BYTES], name[TOKENS_NAME_BYTES], rid[24];
    int tries, fetches;
    struct record_kept kept; /* as it was read, while the reading is put on record */
    disclose_done_fn *done;
    void *arg;
};

static reports_read_done_fn on_read;
static procedures_fetch_done_fn on_procedure;
static reports_change_done_fn on_noted;

void disclose_report(const struct setup *setup, struct store *store,
                     const struct disclose_request *request, disclose_done_fn *done, void *arg)
{
    struct disclosing *disclosing = mem_alloc(sizeof *disclosing);
    *disclosing = (struct disclosing){
        .magic = DISCLOSE_MAGIC,
        .setup = setup,
        .store = store,
        .guard = request->guard,
        .person = request->person,
        .done = done,
        .arg = arg,
    };
    snprintf(disclosing->receipt, sizeof disclosing->receipt, "%s", request->receipt);
    snprintf(disclosing->by, sizeof disclosing->by, "%s", request->actor.by);
    snprintf(disclosing->name, sizeof disclosing->name, "%s", request->actor.name);
    snprintf(disclosing->rid, sizeof disclosing->rid, "%s", request->rid);
    reports_read(store, disclosing->receipt, on_read, disclosing);
}

static void finish(struct disclosing *disclosing, const struct disclose_answer *answer)
{
    disclosing->done(disclosing->arg, answer);
    record_kept_release(&disclosing->kept);
    disclosing->magic = 0;
    free(disclosing);
}

static void finish_as(struct disclosing *disclosing, enum disclose_kind kind)
{
    const struct disclose_answer answer = {.kind = kind};
    finish(disclosing, &answer);
}

/* An unknown procedure is no reason to hide a report: what follows from it is left out. */
static bool fetches_procedure(struct disclosing *disclosing, const struct report_record *record)
{
    const char *const fields[] = {REPORT_PROCEDURE, REPORT_CLEARING_PROCEDURE};
    struct procedures *procedures = disclosing->setup->procedures;
    for (size_t i = 0; i < 2 && disclosing->fetches < 2; i++) {
        struct str name = record_get(record, fields[i]);
        if (name.len > 0 && procedures_find(procedures, name) == NULL) {
            disclosing->fetches++;
            procedures_fetch(procedures, disclosing->store, name, on_procedure, disclosing);
            return true;
        }
    }
    return false;
}

static bool shows_person(const struct disclosing *disclosing, const struct report_record *record)
{
    return disclosing->person != NULL && record_get(record, REPORT_SEALED).len > 0 &&
           guard_judge(disclosing->person, record) == GUARD_OK;
}

static void note_reading(struct disclosing *disclosing, const struct report_record *record,
                         int64_t now_ms)
{
    char head[HEAD_BYTES];
    json_t *event = json_pack("{s:s, s:s, s:I, s:I, s:s, s:s}", "ev", "read", "receipt",
                              disclosing->receipt, "v",
                              (json_int_t)record_number(record, REPORT_VERSION), "at",
                              (json_int_t)now_ms, "by", disclosing->by, "name", disclosing->name);
    CHECK(event != NULL);
    snprintf(head, sizeof head, "%.*s", STR_ARG(record_get(record, REPORT_HEAD)));
    struct reports_note note = {.receipt = disclosing->receipt, .head = head};
    char *text = chain_link(&disclosing->setup->keyring, str_of(head), event, &note.audit);
    reports_note(disclosing->store, &note, on_noted, disclosing);
    free(text);
}

static void show(struct disclosing *disclosing, const struct report_record *record, bool person)
{
    struct disclose_answer answer = {.kind = DISCLOSE_DONE, .record = record};
    json_t *sealed = NULL;
    if (person) {
        sealed = snapshot_open_all(&disclosing->setup->keyring, disclosing->receipt,
                                   record_get(record, REPORT_SEALED));
        if (sealed == NULL) {
            log_event(LOG_LEVEL_ERROR, "unreadable", "rid=%s receipt=%s why=seal", disclosing->rid,
                      log_receipt(disclosing->receipt).text);
            answer.kind = DISCLOSE_LATER;
        }
    }
    answer.sealed = sealed;
    finish(disclosing, &answer);
    json_decref(sealed);
}

static void on_read(void *arg, enum op_status status, const struct report_record *record)
{
    struct disclosing *disclosing = arg;
    int64_t now_ms = clock_wall_ms();
    CHECK_OBJ(disclosing, DISCLOSE_MAGIC);
    if (status != OP_OK || record == NULL) {
        finish_as(disclosing, status == OP_OK ? DISCLOSE_GONE : DISCLOSE_LATER);
        return;
    }
    enum guard_verdict verdict = guard_judge(disclosing->guard, record);
    if (verdict != GUARD_OK) {
        const struct disclose_answer answer = {DISCLOSE_GUARDED, verdict, record, NULL};
        finish(disclosing, &answer);
    } else if (fetches_procedure(disclosing, record)) {
        return;
    } else if (!shows_person(disclosing, record)) {
        show(disclosing, record, false);
    } else if (disclosing->tries++ < TRIES) {
        record_keep(&disclosing->kept, record, NULL, 0);
        note_reading(disclosing, record, now_ms);
    } else {
        finish_as(disclosing, DISCLOSE_LATER);
    }
}

static void on_procedure(void *arg, enum op_status status, const struct procedure *procedure)
{
    struct disclosing *disclosing = arg;
    CHECK_OBJ(disclosing, DISCLOSE_MAGIC);
    (void)procedure;
    if (status != OP_OK) {
        finish_as(disclosing, DISCLOSE_LATER);
        return;
    }
    reports_read(disclosing->store, disclosing->receipt, on_read, disclosing);
}

static void on_noted(void *arg, enum op_status status, const struct reports_change_answer *answer)
{
    struct disclosing *disclosing = arg;
    CHECK_OBJ(disclosing, DISCLOSE_MAGIC);
    if (status != OP_OK) {
        log_event(LOG_LEVEL_WARNING, "unstored", "rid=%s why=%s", disclosing->rid,
                  op_status_name(status));
        finish_as(disclosing, DISCLOSE_LATER);
    } else if (answer->kind == REPORTS_GONE) {
        finish_as(disclosing, DISCLOSE_GONE);
    } else if (answer->kind == REPORTS_MOVED) {
        reports_read(disclosing->store, disclosing->receipt, on_read, disclosing);
    } else {
        show(disclosing, &disclosing->kept.record, true);
    }
}
