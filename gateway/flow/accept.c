#include "flow/accept.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "flow/addition.h"
#include "flow/filing.h"

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

static void send_to_store(struct accept *accept)
{
    const struct setup *setup = accept->setup;
    struct reports_accept *request = mem_alloc(sizeof *request);
    struct filed *filed = mem_alloc(sizeof *filed);
    *request = (struct reports_accept){0};
    *filed = (struct filed){0};
    receipt_make(area_bucket(setup->areas, accept->area), rand_below(RECEIPT_RANDOM_MAX),
                 accept->receipt);
    const struct filing filing = {
        .setup = setup,
        .receipt = accept->receipt,
        .kind = accept->drill ? REPORTS_KIND_DRILL : REPORTS_KIND_REPORT,
        .values = accept->values,
        .identities = &accept->identities,
        .area = accept->area,
        .source = "self",
        .placement = accept->placement,
        .serial = accept->serial,
        .now_ms = accept->now_ms,
        .possible_duplicate = accept->duplicate,
        .minor = accept->minor,
        .by = "form",
        .name = "",
    };
    filing_make(&filing, filed, request);
    request->token = accept->token.id;
    request->token_stale = !accept_token_fresh(&accept->token, accept->now_ms);
    request->duplicate_known = accept->duplicate;
    identities_list(accept->identities.person, accept->identities.count, true, request->persons);
    identities_list(accept->identities.id, accept->identities.count, accept->identities.has_id,
                    request->id_hashes);
    identities_list(accept->identities.phone, accept->identities.count, true,
                    request->phone_hashes);
    identities_list(accept->identities.content, accept->identities.count, true, request->contents);
    reports_accept(accept->store, request, on_stored, accept);
    filing_release(filed);
    free(filed);
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
    case REPORTS_CONFLICT: /* of intakes only */
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
    } else if ((kind == ADDITION_GONE || kind == ADDITION_ENDED) &&
               ++accept->tries < ACCEPT_TRIES) { /* since it was asked where this belongs */
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
