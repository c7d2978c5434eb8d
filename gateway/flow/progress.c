#include "flow/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "crypto/identity.h"
#include "domain/phone.h"
#include "domain/resident_id.h"
#include "flow/identities.h"
#include "flow/record.h"
#include "store/limits.h"

enum {
    READ_MAGIC = 0x4EAD,
    QUERY_MAGIC = 0x40E47,
    LAST4_CHARS = 4,
    TYPED_BYTES_MAX = 256,
    LEADERS_MAX = 8
};

/* What tells whether two reports are of one household. */
/* Whose report it is, as far as a page may rely on it: an ID number may have been typed by anybody. */
struct household {
    char phone[IDENTITY_BYTES]; /* its hash, or empty */
};

struct reading {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    bool fetched;
    char receipt[RECEIPT_BYTES];    /* what is read now */
    struct progress_report *merged; /* owned; while its leader is read */
    struct household household;     /* of merged */
    int leaders;                    /* how many were asked for: circles end */
    progress_read_done_fn *done;
    void *arg;
};

struct query {
    unsigned magic;
    enum link_kind link;
    char receipt[RECEIPT_BYTES];
    progress_query_done_fn *done;
    void *arg;
};

static reports_read_done_fn on_record;
static procedures_fetch_done_fn on_procedure;
static guess_done_fn on_guess;
static loop_fn on_ill_formed;

void progress_read(const struct setup *setup, struct store *store, const char *receipt,
                   progress_read_done_fn *done, void *arg)
{
    struct reading *reading = mem_alloc(sizeof *reading);
    *reading = (struct reading){
        .magic = READ_MAGIC, .setup = setup, .store = store, .done = done, .arg = arg};
    snprintf(reading->receipt, sizeof reading->receipt, "%s", receipt);
    reports_read(store, receipt, on_record, reading);
}

bool progress_of_record(const struct setup *setup, const char *receipt,
                        const struct report_record *record, struct progress_report *ret)
{
    if (record_get(record, REPORT_PURGED).len > 0) {
        *ret = (struct progress_report){.purged = true,
                                        .version = record_number(record, REPORT_VERSION)};
        snprintf(ret->receipt, sizeof ret->receipt, "%s", receipt);
        return true;
    }
    struct str text = record_get(record, REPORT_PROGRESS);
    struct str old_name;
    json_t *json = json_loadb(text.at ? text.at : "", text.len, 0, NULL);
    ret->procedure = procedures_find(setup->procedures, record_get(record, REPORT_PROCEDURE));
    bool read = json != NULL && ret->procedure != NULL &&
                progress_from_json(ret->procedure, json, &ret->progress);
    json_decref(json);
    snprintf(ret->receipt, sizeof ret->receipt, "%s", receipt);
    ret->version = record_number(record, REPORT_VERSION);
    snprintf(ret->mask, sizeof ret->mask, "%.*s", STR_ARG(record_get(record, REPORT_MASK)));
    ret->area = areas_resolve(setup->areas, record_get(record, REPORT_AREA), &old_name);
    ret->place = record_place(setup->areas, record);
    ret->submitted_ms = record_number(record, REPORT_SUBMITTED);
    ret->added_ms = record_number(record, REPORT_ADDED);
    ret->added_on_page = str_is(record_get(record, REPORT_ADDED_BY), "farmer");
    ret->drill = record_get(record, REPORT_DRILL).len > 0;
    ret->urgent = str_is(record_get(record, REPORT_URGENT), "1");
    ret->lead = str_is(record_get(record, REPORT_LEAD), "1");
    ret->withdrawal_on_its_way = record_get(record, REPORT_WITHDRAW_EVENT).len > 0;
    ret->clearing_runs = record_get(record, REPORT_CLEARING).len > 0;
    ret->leader = NULL;
    return read;
}

static void reading_end(struct reading *reading, enum op_status status,
                        const struct progress_report *report)
{
    reading->done(reading->arg, status, report);
    free(reading->merged);
    reading->magic = 0;
    free(reading);
}

static void household_of(const struct report_record *record, struct household *ret)
{
    snprintf(ret->phone, sizeof ret->phone, "%.*s", STR_ARG(record_get(record, REPORT_PHONE_HASH)));
}

static bool same_household(const struct household *a, const struct report_record *record)
{
    return a->phone[0] != '\0' && str_is(record_get(record, REPORT_PHONE_HASH), a->phone);
}

static bool is_merged(const struct progress_report *report)
{
    return str_is(str_of(report->progress.decision), "merged") &&
           report->progress.leader[0] != '\0';
}

/* Of a report that is merged. */
static void ask_leader(struct reading *reading, const struct progress_report *report)
{
    reading->fetched = false;
    reading->leaders++;
    snprintf(reading->receipt, sizeof reading->receipt, "%s", report->progress.leader);
    reports_read(reading->store, reading->receipt, on_record, reading);
}

/*
 * What the leader is like is for the household that filed both, and a leader that was merged on leads further only within it: whose page this is, is
 * asked at each hop, since hops may have different telephones. Without a leader the merged report stands alone.
 */
static void on_leader(struct reading *reading, enum op_status status,
                      const struct report_record *record)
{
    struct progress_report *leader = mem_alloc(sizeof *leader);
    bool shown = status == OP_OK && record != NULL && same_household(&reading->household, record) &&
                 progress_of_record(reading->setup, reading->receipt, record, leader) &&
                 !leader->lead && !leader->purged;
    bool away = status != OP_OK && status != OP_REFUSED;
    if (shown && is_merged(leader) && reading->leaders < LEADERS_MAX) {
        ask_leader(reading, leader);
    } else {
        reading->merged->leader = shown && !is_merged(leader) ? leader : NULL;
        reading_end(reading, away ? status : OP_OK, away ? NULL : reading->merged);
    }
    free(leader);
}

/* Takes the report over. */
static void on_readable(struct reading *reading, const struct report_record *record,
                        struct progress_report *report)
{
    if (!is_merged(report)) {
        reading_end(reading, OP_OK, report);
        free(report);
        return;
    }
    reading->merged = report;
    household_of(record, &reading->household);
    ask_leader(reading, report);
}

static void on_record(void *arg, enum op_status status, const struct report_record *record)
{
    struct reading *reading = arg;
    CHECK_OBJ(reading, READ_MAGIC);
    const struct setup *setup = reading->setup;
    bool there = status == OP_OK && record != NULL;
    bool purged = there && record_get(record, REPORT_PURGED).len > 0;
    struct str name = there ? record_get(record, REPORT_PROCEDURE) : STR("");
    bool unknown = there && !purged && procedures_find(setup->procedures, name) == NULL;
    if (unknown && !reading->fetched) {
        reading->fetched = true;
        procedures_fetch(setup->procedures, reading->store, name, on_procedure, reading);
        return;
    }
    if (reading->merged != NULL) {
        on_leader(reading, status, record);
        return;
    }
    if (!there) {
        reading_end(reading, status, NULL);
        return;
    }
    struct progress_report *report = mem_alloc(sizeof *report);
    if (progress_of_record(setup, reading->receipt, record, report)) {
        on_readable(reading, record, report);
        return;
    }
    log_event(LOG_LEVEL_ERROR, "unreadable", "receipt=%s why=progress",
              log_receipt(reading->receipt).text);
    reading_end(reading, OP_REFUSED, NULL);
    free(report);
}

static void on_procedure(void *arg, enum op_status status, const struct procedure *procedure)
{
    struct reading *reading = arg;
    CHECK_OBJ(reading, READ_MAGIC);
    (void)procedure;
    if (status != OP_OK) {
        reading_end(reading, status, NULL);
        return;
    }
    reports_read(reading->store, reading->receipt, on_record, reading);
}

/* Four characters: digits, the last one may be X. Folds full-width digits, blanks and case. */
static bool last4_parse(struct str typed, char ret_last4[LAST4_CHARS + 1])
{
    struct buf folded;
    size_t count = 0;
    bool fits = true;
    buf_init(&folded, TYPED_BYTES_MAX);
    person_fold_digits(str_sub(typed, 0, TYPED_BYTES_MAX / 4), &folded);
    for (size_t i = 0; i < folded.len && fits; i++) {
        char c = folded.at[i] == 'x' ? 'X' : folded.at[i];
        if (c == ' ' || c == '-') {
            continue;
        }
        fits = count < LAST4_CHARS && ((c >= '0' && c <= '9') || (c == 'X' && count == 3));
        if (fits) {
            ret_last4[count++] = c;
        }
    }
    buf_release(&folded);
    ret_last4[count] = '\0';
    return fits && count == LAST4_CHARS;
}

static struct guess_limits limits_of(const struct setup *setup)
{
    return (struct guess_limits){
        .receipt_failures_hour = setup->options.limits.receipt_failures_hour,
        .receipt_failures_life = setup->options.limits.receipt_failures_life,
        .id_failures_day = setup->options.limits.id_failures_day,
    };
}

/* The hashes under the current and the previous lookup key. */
struct pair {
    char text[2][IDENTITY_BYTES];
    const char *list[2];
};

static void pair_make(const struct keyring *keyring, enum identity_kind kind, struct str a,
                      struct str b, struct pair *ret)
{
    const struct key *keys[2] = {keyring_current(keyring, KEY_LOOKUP),
                                 keyring_previous(keyring, KEY_LOOKUP)};
    for (size_t i = 0; i < 2; i++) {
        ret->list[i] = NULL;
        if (keys[i] != NULL) {
            identity_hash(keys[i], kind, a, b, ret->text[i]);
            ret->list[i] = ret->text[i];
        }
    }
}

static bool ask_by_receipt(const struct setup *setup, struct store *store,
                           const struct progress_query *typed, struct query *query)
{
    char last4[LAST4_CHARS + 1];
    struct pair hashes;
    struct pair cell;
    struct pair page_cell;
    struct guess_limits limits = limits_of(setup);
    if (!receipt_parse(typed->receipt, query->receipt) || !last4_parse(typed->last4, last4)) {
        return false;
    }
    pair_make(&setup->keyring, IDENTITY_LAST4, str_of(query->receipt), str_of(last4), &hashes);
    pair_make(&setup->keyring, IDENTITY_GUESS, str_of(query->receipt), STR(""), &cell);
    pair_make(&setup->keyring, IDENTITY_GUESS, str_of(query->receipt), STR("page"), &page_cell);
    query->link = LINK_FULL;
    guess_receipt(store, &limits, query->receipt, cell.text[0],
                  typed->on_page ? page_cell.text[0] : NULL, hashes.list, on_guess, query);
    return true;
}

static bool ask_by_id(const struct setup *setup, struct store *store, struct date today,
                      const struct progress_query *typed, struct query *query)
{
    char id[RESIDENT_ID_BYTES];
    char phone[PHONE_BYTES];
    struct pair ids;
    struct pair phones;
    struct pair cell;
    struct guess_limits limits = limits_of(setup);
    enum resident_id_fault fault = resident_id_parse(typed->id_number, today, id);
    if ((fault != RESIDENT_ID_OK && fault != RESIDENT_ID_CERTIFICATE) ||
        phone_parse(typed->phone, phone) != PHONE_OK) {
        return false;
    }
    pair_make(&setup->keyring, IDENTITY_ID, str_of(id), STR(""), &ids);
    pair_make(&setup->keyring, IDENTITY_PHONE, str_of(phone), STR(""), &phones);
    pair_make(&setup->keyring, IDENTITY_GUESS, str_of(id), STR(""), &cell);
    query->link = LINK_SHORT;
    guess_id(store, &limits, cell.text[0], setup->buckets, setup->bucket_count, ids.list,
             phones.list, on_guess, query);
    return true;
}

void progress_ask(const struct setup *setup, struct store *store, struct loop *loop,
                  const struct progress_query *typed, progress_query_done_fn *done, void *arg)
{
    struct query *query = mem_alloc(sizeof *query);
    *query = (struct query){.magic = QUERY_MAGIC, .done = done, .arg = arg};
    bool by_id = typed->receipt.len == 0 && typed->id_number.len > 0;
    struct date today = date_of_ms(clock_wall_ms());
    bool asked = by_id ? ask_by_id(setup, store, today, typed, query)
                       : ask_by_receipt(setup, store, typed, query);
    if (!asked) {
        loop_later(loop, on_ill_formed, query);
    }
}

static void finish(struct query *query, const struct progress_query_answer *answer)
{
    if (answer->kind == PROGRESS_QUERY_WRONG) {
        metrics_add(METRIC_GUESSES_WRONG, 1);
    } else if (answer->kind == PROGRESS_QUERY_LOCKED) {
        metrics_add(METRIC_GUESSES_LOCKED, 1);
    }
    query->done(query->arg, answer);
    query->magic = 0;
    free(query);
}

static void on_ill_formed(void *arg)
{
    struct query *query = arg;
    CHECK_OBJ(query, QUERY_MAGIC);
    finish(query, &(struct progress_query_answer){.kind = PROGRESS_QUERY_WRONG});
}

static void on_guess(void *arg, enum op_status status, const struct guess_answer *guess)
{
    struct query *query = arg;
    CHECK_OBJ(query, QUERY_MAGIC);
    struct progress_query_answer answer = {.kind = PROGRESS_QUERY_BUSY, .link = query->link};
    if (status == OP_OK) {
        static const enum progress_query_kind kinds[] = {
            [GUESS_RIGHT] = PROGRESS_QUERY_RIGHT,
            [GUESS_WRONG] = PROGRESS_QUERY_WRONG,
            [GUESS_LOCKED] = PROGRESS_QUERY_LOCKED,
        };
        answer.kind = kinds[guess->kind];
        answer.retry_after_s = guess->retry_after_s;
        bool by_id = query->link == LINK_SHORT;
        snprintf(answer.receipt, sizeof answer.receipt, "%s",
                 by_id ? guess->receipt : query->receipt);
    }
    finish(query, &answer);
}
