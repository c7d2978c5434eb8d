#include "flow/accept.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "domain/person.h"
#include "flow/addition.h"
#include "flow/chain.h"
#include "flow/identities.h"
#include "flow/snapshot.h"

enum { ACCEPT_MAGIC = 0xACCE97, ACCEPT_TRIES = 5 };

struct accept {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    json_t *values;
    char *canonical;
    struct identities identities;
    area_index area;
    char placement[16];
    uint32_t serial;
    bool drill;
    bool minor;
    bool duplicate;
    struct token token;
    char rid[24];
    int64_t now_ms;
    int tries;
    char receipt[RECEIPT_BYTES];
    accept_done_fn *done;
    void *arg;
};

static void send_to_store(struct accept *accept);
static reports_accept_done_fn on_stored;
static addition_done_fn on_added;
static void finish(struct accept *accept, enum accept_kind kind, const char *receipt, char link);

bool accept_token_from_future(const struct token *token, int64_t now_wall_ms)
{
    return token->issued_ms > now_wall_ms + TOKEN_FUTURE_MS;
}

bool accept_token_fresh(const struct token *token, int64_t now_wall_ms)
{
    int64_t life_ms = (int64_t)TOKEN_LIFE_DAYS * 24 * 3600 * 1000;
    return !accept_token_from_future(token, now_wall_ms) &&
           now_wall_ms - token->issued_ms <= life_ms;
}

void accept_report(const struct setup *setup, struct store *store,
                   const struct accept_request *request, accept_done_fn *done, void *arg)
{
    struct accept *accept = mem_alloc(sizeof *accept);
    accept->magic = ACCEPT_MAGIC;
    accept->setup = setup;
    accept->store = store;
    accept->values = json_incref(request->answers->values);
    accept->canonical = answers_canonical(request->answers);
    accept->area = request->area;
    accept->serial = request->serial;
    accept->drill = request->drill;
    accept->minor = request->answers->age >= 0 && request->answers->age < 18;
    accept->token = request->token;
    accept->now_ms = clock_wall_ms();
    accept->done = done;
    accept->arg = arg;
    snprintf(accept->placement, sizeof accept->placement, "%s", request->placement);
    snprintf(accept->rid, sizeof accept->rid, "%s", request->rid);
    identities_of(&setup->keyring, accept->values, str_of(accept->canonical), &accept->identities);
    send_to_store(accept);
}

static json_t *flags_of(const struct accept *accept)
{
    json_t *flags = json_array();
    const struct {
        bool set;
        const char *name;
    } table[] = {
        {accept->duplicate, "possible_duplicate"},
        {!accept->identities.has_id, "id_missing"},
        {accept->minor, "minor"},
        {accept->drill, "drill"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].set) {
            json_array_append_new(flags, json_string(table[i].name));
        }
    }
    return flags;
}

/* A field of the record; what it points to lives until the store has copied it. */
static void put(struct reports_accept *request, const char *name, struct str value)
{
    CHECK(request->record_count < STORE_PAIRS_MAX);
    request->record[request->record_count++] = (struct store_pair){name, value};
}

static void put_text(struct reports_accept *request, const char *name, const char *value)
{
    put(request, name, str_of(value));
}

/* Everything that is computed for one attempt, so that it can be released together. */
struct draft {
    json_t *flags;
    struct buf flag_words, risk_words;
    struct snapshot snapshot;
    char *progress, *audit_text;
    char last4[IDENTITY_BYTES], mask[PERSON_MASK_BYTES], at[24], serial[12];
    char form[64], procedure[64];
};

static char *progress_text(const struct accept *accept)
{
    const struct setup *setup = accept->setup;
    struct progress *progress = mem_alloc(sizeof *progress);
    progress_begin(setup->procedure, setup->calendar, accept->now_ms, progress);
    json_t *json = progress_to_json(setup->procedure, progress);
    char *text = json_dumps(json, JSON_COMPACT);
    CHECK(text != NULL);
    json_decref(json);
    free(progress);
    return text;
}

static void draft_make(const struct accept *accept, struct draft *draft)
{
    const struct setup *setup = accept->setup;
    draft->flags = flags_of(accept);
    addition_words(draft->flags, &draft->flag_words);
    addition_words(json_object_get(accept->values, "risk"), &draft->risk_words);
    const struct snapshot_request snapshot = {
        .setup = setup,
        .receipt = accept->receipt,
        .version = 1,
        .type = "accepted",
        .at_ms = accept->now_ms,
        .submitted_ms = accept->now_ms,
        .area = accept->area,
        .placement = accept->placement,
        .values = accept->values,
        .flags = draft->flags,
    };
    snapshot_make(&snapshot, &draft->snapshot);
    draft->progress = progress_text(accept);
    identities_last4_hash(keyring_current(&setup->keyring, KEY_LOOKUP), accept->receipt,
                          identities_last4(accept->values), draft->last4);
    person_name_mask(str_of(json_string_value(json_object_get(accept->values, "name"))),
                     draft->mask);
    snprintf(draft->at, sizeof draft->at, "%lld", (long long)accept->now_ms);
    snprintf(draft->serial, sizeof draft->serial, "%u", accept->serial);
    snprintf(draft->form, sizeof draft->form, "%.40s@%s", setup->form->id, setup->form->version);
    snprintf(draft->procedure, sizeof draft->procedure, "%s@%s", setup->procedure->id,
             setup->procedure->version);
}

static void draft_release(struct draft *draft)
{
    json_decref(draft->flags);
    buf_release(&draft->flag_words);
    buf_release(&draft->risk_words);
    snapshot_release(&draft->snapshot);
    free(draft->progress);
    free(draft->audit_text);
}

static void record_fill(const struct accept *accept, const struct draft *draft,
                        struct reports_accept *request)
{
    const json_t *values = accept->values;
    const struct identities *identities = &accept->identities;
    put(request, REPORT_AREA, area_id(accept->setup->areas, accept->area));
    put_text(request, REPORT_STATE, progress_state_name(PROGRESS_NEW));
    put_text(request, REPORT_PERSON, identities->person[0]);
    put_text(request, REPORT_PHONE_HASH, identities->phone[0]);
    put_text(request, REPORT_CONTENT, identities->content[0]);
    put_text(request, REPORT_LAST4, draft->last4);
    put_text(request, REPORT_MASK, draft->mask);
    put(request, REPORT_SEALED, buf_str(&draft->snapshot.report));
    put(request, REPORT_RISKS, buf_str(&draft->risk_words));
    put(request, REPORT_FLAGS, buf_str(&draft->flag_words));
    put_text(request, REPORT_SUBMITTED, draft->at);
    put_text(request, REPORT_PLACEMENT, accept->placement);
    put_text(request, REPORT_SERIAL, draft->serial);
    put_text(request, REPORT_SOURCE, "self");
    put_text(request, REPORT_FILED_BY, json_string_value(json_object_get(values, "filed_by")));
    put_text(request, REPORT_FORM, draft->form);
    put_text(request, REPORT_PROCEDURE, draft->procedure);
    put_text(request, REPORT_PROGRESS, draft->progress);
    if (identities->has_id) {
        put_text(request, REPORT_ID_HASH, identities->id[0]);
    }
    if (json_is_true(json_object_get(values, "urgent"))) {
        put_text(request, REPORT_URGENT, "1");
    }
    if (accept->drill) {
        put_text(request, REPORT_DRILL, "1");
    }
}

static void send_to_store(struct accept *accept)
{
    const struct setup *setup = accept->setup;
    struct draft draft = {0};
    struct reports_accept *request = mem_alloc(sizeof *request);
    receipt_make(area_bucket(setup->areas, accept->area), rand_below(RECEIPT_RANDOM_MAX),
                 accept->receipt);
    draft_make(accept, &draft);
    record_fill(accept, &draft, request);
    request->receipt = accept->receipt;
    request->token = accept->token.id;
    request->token_stale = !accept_token_fresh(&accept->token, accept->now_ms);
    request->duplicate_known = accept->duplicate;
    request->drill = accept->drill;
    identities_list(accept->identities.person, accept->identities.count, true, request->persons);
    identities_list(accept->identities.id, accept->identities.count, accept->identities.has_id,
                    request->id_hashes);
    identities_list(accept->identities.phone, accept->identities.count, true,
                    request->phone_hashes);
    identities_list(accept->identities.content, accept->identities.count, true, request->contents);
    if (!accept->drill && snapshot_is_sent(&setup->options, "accepted")) {
        request->event = (struct store_event){
            .id = draft.snapshot.event_id,
            .area = area_id(setup->areas, accept->area),
            .sealed = buf_str(&draft.snapshot.event),
            .hold = snapshot_hold_reason(&setup->options, accept->identities.has_id),
        };
    }
    draft.audit_text = chain_link(&setup->keyring, STR(""),
                                  json_pack("{s:s, s:s, s:I, s:s}", "ev", "accepted", "receipt",
                                            accept->receipt, "at", (json_int_t)accept->now_ms, "by",
                                            "form"),
                                  &request->audit);
    reports_accept(accept->store, request, on_stored, accept);
    draft_release(&draft);
    free(request);
}

static void on_stored(void *arg, enum op_status status, const struct reports_answer *answer)
{
    struct accept *accept = arg;
    CHECK_OBJ(accept, ACCEPT_MAGIC);
    if (status != OP_OK) {
        log_event(LOG_LEVEL_WARNING, "unstored", "rid=%s why=%s", accept->rid,
                  op_status_name(status));
        finish(accept, ACCEPT_UNSTORED, "", LINK_FULL);
        return;
    }
    switch (answer->kind) {
    case REPORTS_ACCEPTED:
        metrics_add(METRIC_REPORTS_ACCEPTED, 1);
        log_event(LOG_LEVEL_INFO, "accepted", "rid=%s receipt=%s", accept->rid,
                  log_receipt(accept->receipt).text);
        finish(accept, ACCEPT_RECEIPT, accept->receipt, LINK_FULL);
        return;
    case REPORTS_REPEAT:
    case REPORTS_SAME:
        metrics_add(METRIC_REPORTS_REPEATED, 1);
        finish(accept, ACCEPT_RECEIPT, answer->receipt,
               answer->kind == REPORTS_SAME ? LINK_SHORT : answer->link);
        return;
    case REPORTS_STALE:
        finish(accept, ACCEPT_STALE, "", LINK_FULL);
        return;
    case REPORTS_DUPLICATE:
        accept->duplicate = true;
        break;
    case REPORTS_TAKEN:
        break;
    case REPORTS_ADD: {
        const struct addition_request addition = {
            .receipt = answer->receipt,
            .by_token = answer->by_token,
            .link = answer->by_token ? (enum link_kind)answer->link : LINK_SHORT,
            .values = accept->values,
            .identities = &accept->identities,
            .token = accept->token.id,
            .rid = accept->rid,
        };
        addition_report(accept->setup, accept->store, &addition, on_added, accept);
        return;
    }
    }
    if (++accept->tries >= ACCEPT_TRIES) {
        log_event(LOG_LEVEL_ERROR, "unstored", "rid=%s why=no number free", accept->rid);
        finish(accept, ACCEPT_UNSTORED, "", LINK_FULL);
        return;
    }
    send_to_store(accept);
}

static void on_added(void *arg, enum addition_kind kind, const char *receipt, enum link_kind link)
{
    struct accept *accept = arg;
    CHECK_OBJ(accept, ACCEPT_MAGIC);
    if (kind == ADDITION_DONE) {
        finish(accept, ACCEPT_RECEIPT, receipt, (char)link);
    } else if (kind == ADDITION_GONE && ++accept->tries < ACCEPT_TRIES) {
        send_to_store(accept);
    } else {
        finish(accept, ACCEPT_UNSTORED, "", LINK_FULL);
    }
}

static void finish(struct accept *accept, enum accept_kind kind, const char *receipt, char link)
{
    struct accept_answer answer = {.kind = kind, .link = (enum link_kind)link};
    snprintf(answer.receipt, sizeof answer.receipt, "%s", receipt);
    if (kind == ACCEPT_UNSTORED) {
        metrics_add(METRIC_REPORTS_UNSTORED, 1);
    }
    accept->done(accept->arg, &answer);
    json_decref(accept->values);
    explicit_bzero(accept->canonical, strlen(accept->canonical));
    free(accept->canonical);
    accept->magic = 0;
    free(accept);
}
