#include "flow/intake.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "crypto/mac.h"
#include "flow/filing.h"
#include "store/deliveries.h"

enum { INTAKE_MAGIC = 0x1274AE, INTAKE_TRIES = 5, ADULT_YEARS = 18, BY_BYTES = 24 };

struct filing_in {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    struct intake intake; /* its values are ours too */
    struct identities identities;
    char contents[STORE_PERSONS_MAX][IDENTITY_BYTES]; /* of the whole body */
    char token[MAC_HEX_BYTES];
    char push[DELIVERIES_FINDING_BYTES];
    char by[BY_BYTES];
    char *name;
    char rid[24];
    int64_t now_ms;
    bool duplicate;
    int tries;
    char receipt[RECEIPT_BYTES];
    intake_done_fn *done;
    void *arg;
};

static void send_to_store(struct filing_in *in);
static reports_accept_done_fn on_stored;
static void finish(struct filing_in *in, enum intake_kind kind, const char *receipt);

area_index intake_county(const struct areas *areas, area_index area)
{
    area_index county = area_up(areas, area, AREA_COUNTY);
    if (county != AREA_NONE) {
        return county;
    }
    if (area_level(areas, area) > AREA_COUNTY) {
        area_index town = area_up(areas, area, AREA_TOWN);
        return town != AREA_NONE ? town : area;
    }
    while (area_level(areas, area) < AREA_COUNTY && area_child_count(areas, area) == 1) {
        area = area_child(areas, area, 0);
    }
    return area_level(areas, area) == AREA_COUNTY ? area : AREA_NONE;
}

/* ---- what is computed once ---- */

/*
 * Who sends it is part of the key, so that nobody meets another's. A sender may make it of what it says about a person, so the name under which it
 * lies must tell nothing to whoever has the data without the keyring. Receipt keys stay: the name is the same before and after any rotation.
 */
static void make_token(struct filing_in *in, struct str key)
{
    const struct key *name_key = keyring_first(&in->setup->keyring, KEY_RECEIPT);
    const struct str parts[] = {STR("intake"), str_of(in->by), key};
    struct mac mac;
    mac_parts(str_make(name_key->bytes, KEY_BYTES), parts, sizeof parts / sizeof parts[0], &mac);
    mac_hex(&mac, MAC_BYTES, in->token);
}

static void make_identities(struct filing_in *in, const json_t *body)
{
    const struct keyring *keyring = &in->setup->keyring;
    const struct key *keys[STORE_PERSONS_MAX] = {keyring_current(keyring, KEY_LOOKUP),
                                                 keyring_previous(keyring, KEY_LOOKUP)};
    char *values = json_dumps(in->intake.values, JSON_SORT_KEYS | JSON_COMPACT);
    char *whole = json_dumps(body, JSON_SORT_KEYS | JSON_COMPACT);
    CHECK(values != NULL && whole != NULL);
    identities_of(keyring, in->intake.values, str_of(values), &in->identities);
    for (size_t i = 0; i < STORE_PERSONS_MAX && keys[i] != NULL; i++) {
        identity_hash(keys[i], IDENTITY_CONTENT, str_of(whole), STR("intake"), in->contents[i]);
    }
    explicit_bzero(values, strlen(values));
    explicit_bzero(whole, strlen(whole));
    free(values);
    free(whole);
}

/* Of a push that is owed for an event, the finding says which. */
static void make_push(struct filing_in *in)
{
    const struct push *push = in->intake.push;
    const struct areas *areas = in->setup->areas;
    if (push == NULL) {
        return;
    }
    int64_t found_ms = in->intake.found_ms;
    struct date event = {0};
    if (push->every == PUSH_EVENT && found_ms > 0) {
        event = date_of_ms(found_ms);
    }
    deliveries_finding(area_id(areas, intake_county(areas, in->intake.area)), push->id,
                       date_of_ms(in->now_ms), event, in->push);
}

void intake_file(const struct setup *setup, struct store *store,
                 const struct intake_request *request, intake_done_fn *done, void *arg)
{
    struct filing_in *in = mem_alloc(sizeof *in);
    in->magic = INTAKE_MAGIC;
    in->setup = setup;
    in->store = store;
    in->intake = *request->intake;
    json_incref(in->intake.values);
    in->intake.candidates = NULL;
    in->now_ms = clock_wall_ms();
    in->name = mem_strdup(request->name);
    in->done = done;
    in->arg = arg;
    snprintf(in->by, sizeof in->by, "%s", request->by);
    snprintf(in->rid, sizeof in->rid, "%s", request->rid);
    make_token(in, request->key);
    make_identities(in, request->body);
    make_push(in);
    send_to_store(in);
}

/* ---- to the store ---- */

static void list_persons(const struct filing_in *in, struct reports_accept *request)
{
    const struct identities *identities = &in->identities;
    /* the key is noted for nobody in particular, so that another person's body under it is a conflict too */
    for (size_t i = 0; i < identities->count; i++) {
        request->persons[i] = "intake";
    }
    identities_list(identities->id, identities->count, identities->has_id, request->id_hashes);
    identities_list(identities->phone, identities->count, identities->has_phone,
                    request->phone_hashes);
    identities_list(in->contents, identities->count, true, request->contents);
}

static void send_to_store(struct filing_in *in)
{
    const struct intake *intake = &in->intake;
    struct reports_accept *request = mem_alloc(sizeof *request);
    struct filed *filed = mem_alloc(sizeof *filed);
    receipt_make(area_bucket(in->setup->areas, intake->area), rand_below(RECEIPT_RANDOM_MAX),
                 in->receipt);
    const struct filing filing = {
        .setup = in->setup,
        .receipt = in->receipt,
        .kind = intake->rule->lead ? REPORTS_KIND_LEAD : REPORTS_KIND_REPORT,
        .values = intake->values,
        .identities = &in->identities,
        .area = intake->area,
        .source = intake->rule->source,
        .placement = "",
        .basis = intake->basis,
        .org = intake->org,
        .external = intake->external_ref,
        .found_ms = intake->found_ms,
        .total_from_found = intake->rule->total_from_found,
        .push = in->push,
        .now_ms = in->now_ms,
        .possible_duplicate = in->duplicate,
        .minor = intake->age >= 0 && intake->age < ADULT_YEARS,
        .by = in->by,
        .name = in->name,
    };
    filing_make(&filing, filed, request);
    request->intake = true;
    request->token = in->token;
    request->duplicate_known = in->duplicate;
    list_persons(in, request);
    reports_accept(in->store, request, on_stored, in);
    filing_release(filed);
    free(filed);
    free(request);
}

static void on_stored(void *arg, enum op_status status, const struct reports_answer *answer)
{
    struct filing_in *in = arg;
    CHECK_OBJ(in, INTAKE_MAGIC);
    enum reports_kind kind = status == OP_OK ? answer->kind : REPORTS_STALE;
    switch (kind) {
    case REPORTS_ACCEPTED:
        metrics_add(METRIC_REPORTS_ACCEPTED, 1);
        log_event(LOG_LEVEL_INFO, "accepted", "rid=%s receipt=%s source=%s", in->rid,
                  log_receipt(in->receipt).text, in->intake.rule->source);
        finish(in, INTAKE_FILED, in->receipt);
        return;
    case REPORTS_REPEAT:
        metrics_add(METRIC_REPORTS_REPEATED, 1);
        finish(in, INTAKE_REPEATED, answer->receipt);
        return;
    case REPORTS_CONFLICT:
        finish(in, INTAKE_CONFLICT, "");
        return;
    case REPORTS_DUPLICATE:
        in->duplicate = true;
        break;
    case REPORTS_TAKEN:
        break;
    case REPORTS_SAME: /* an intake is answered with none of these */
    case REPORTS_ADD:
    case REPORTS_STALE:
        in->tries = INTAKE_TRIES;
        break;
    }
    if (++in->tries < INTAKE_TRIES) {
        send_to_store(in);
        return;
    }
    log_event(LOG_LEVEL_WARNING, "unstored", "rid=%s why=%s", in->rid,
              status == OP_OK ? "no number free" : op_status_name(status));
    finish(in, INTAKE_UNSTORED, "");
}

static void finish(struct filing_in *in, enum intake_kind kind, const char *receipt)
{
    struct intake_answer answer = {.kind = kind, .lead = in->intake.rule->lead};
    snprintf(answer.receipt, sizeof answer.receipt, "%s", receipt);
    if (kind == INTAKE_UNSTORED) {
        metrics_add(METRIC_REPORTS_UNSTORED, 1);
    }
    in->done(in->arg, &answer);
    json_decref(in->intake.values);
    free(in->name);
    in->magic = 0;
    free(in);
}
