#include "flow/addition.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "domain/person.h"
#include "flow/chain.h"
#include "flow/snapshot.h"

enum {
    ADDITION_MAGIC = 0xADD17,
    ADDITION_TRIES = 5,
    WORDS_BYTES_MAX = 4096,
    DETAIL_CHARS_MAX = 2000
};

struct addition {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    char receipt[RECEIPT_BYTES];
    bool by_token;
    enum link_kind link;
    json_t *values;
    const struct identities *identities;
    const char *token;
    char rid[24];
    int tries;
    addition_done_fn *done;
    void *arg;
};

static reports_read_done_fn on_read;
static reports_change_done_fn on_changed;
static void finish(struct addition *addition, enum addition_kind kind);

void addition_words(const json_t *array, struct buf *to)
{
    size_t i;
    json_t *item;
    buf_init(to, WORDS_BYTES_MAX);
    json_array_foreach((json_t *)array, i, item)
    {
        if (i > 0) {
            buf_putc(to, ' ');
        }
        buf_puts(to, json_string_value(item));
    }
}

static bool array_has(const json_t *array, const json_t *text)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)array, i, item)
    {
        if (json_equal(item, text)) {
            return true;
        }
    }
    return false;
}

static bool merge_risks(json_t *merged, const json_t *values)
{
    json_t *risks = json_object_get(merged, "risk");
    bool added = false;
    size_t i;
    json_t *risk;
    json_array_foreach(json_object_get(values, "risk"), i, risk)
    {
        if (!array_has(risks, risk)) {
            json_array_append(risks, risk);
            added = true;
        }
    }
    return added;
}

/* The end of a text, at most that many characters. */
static struct str tail(struct str text, size_t chars)
{
    uint32_t code;
    for (size_t left = utf8_length(text); left > chars; left--) {
        if (!utf8_next(&text, &code)) {
            break;
        }
    }
    return text;
}

/*
 * What was written before stays; the new words follow on a line of their own. When there is no room for both the oldest words go: earlier events
 * carried them, the new ones nobody has seen.
 */
static bool merge_detail(json_t *merged, const json_t *values)
{
    const char *before = json_string_value(json_object_get(merged, "detail"));
    const char *now = json_string_value(json_object_get(values, "detail"));
    if (now == NULL || *now == '\0' || (before && strstr(before, now) != NULL)) {
        return false;
    }
    struct buf both;
    buf_init(&both, DETAIL_CHARS_MAX * 8);
    if (before != NULL && *before != '\0') {
        buf_puts(&both, before);
        buf_putc(&both, '\n');
    }
    buf_puts(&both, now);
    struct str kept = tail(buf_str(&both), DETAIL_CHARS_MAX);
    json_object_set_new(merged, "detail", json_stringn(kept.at, kept.len));
    buf_release(&both);
    return true;
}

/* True when the member was taken over because it differs. */
static bool take_over(json_t *merged, const json_t *values, const char *name)
{
    json_t *now = json_object_get(values, name);
    if (now == NULL || json_equal(now, json_object_get(merged, name))) {
        return false;
    }
    json_object_set(merged, name, now);
    return true;
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

/* Whatever else the form asks. Only who filed the report may change what was said; others may say what was not. */
static bool merge_others(json_t *merged, json_t *values, bool by_token)
{
    static const char *const apart[] = {
        "risk",  "detail",  "name",         "phone",    "helper_name",       "id_number",
        "no_id", "consent", "helper_phone", "guardian", "consent_sensitive", NULL};
    static const char *const filers[] = {"role", "filed_by", NULL};
    bool added = false;
    const char *name;
    json_t *value;
    json_object_foreach(values, name, value)
    {
        bool there = json_object_get(merged, name) != NULL || is_one_of(name, filers);
        if (!is_one_of(name, apart) && (by_token || !there)) {
            added |= take_over(merged, values, name);
        }
    }
    return added;
}

json_t *addition_merge(const json_t *old_values, const json_t *new_values, bool by_token,
                       bool *ret_added, bool *ret_corrected)
{
    static const char *const corrections[] = {"name", "phone", "helper_name", "helper_phone"};
    json_t *merged = json_deep_copy(old_values);
    bool risks = merge_risks(merged, new_values);
    bool detail = merge_detail(merged, new_values);
    bool others = merge_others(merged, (json_t *)new_values, by_token);
    *ret_added = risks || detail || others;
    *ret_corrected = false;
    for (size_t i = 0; by_token && i < sizeof corrections / sizeof corrections[0]; i++) {
        if (take_over(merged, new_values, corrections[i])) {
            *ret_corrected = true;
        }
    }
    take_over(merged, new_values, "consent_sensitive");
    return merged;
}

void addition_report(const struct setup *setup, struct store *store,
                     const struct addition_request *request, addition_done_fn *done, void *arg)
{
    struct addition *addition = mem_alloc(sizeof *addition);
    addition->magic = ADDITION_MAGIC;
    addition->setup = setup;
    addition->store = store;
    addition->by_token = request->by_token;
    addition->link = request->link;
    addition->values = json_incref(request->values);
    addition->identities = request->identities;
    addition->token = request->token;
    addition->done = done;
    addition->arg = arg;
    snprintf(addition->receipt, sizeof addition->receipt, "%s", request->receipt);
    snprintf(addition->rid, sizeof addition->rid, "%s", request->rid);
    reports_read(store, addition->receipt, on_read, addition);
}

/* The flags of the record and `additions`, as a JSON array. */
static json_t *flags_with_addition(const struct report_record *record)
{
    json_t *flags = json_array();
    json_t *additions = json_string("additions");
    struct str rest = record_get(record, REPORT_FLAGS);
    struct str word;
    while (str_next(&rest, ' ', &word)) {
        if (word.len > 0) {
            json_array_append_new(flags, json_stringn(word.at, word.len));
        }
    }
    if (!array_has(flags, additions)) {
        json_array_append(flags, additions);
    }
    json_decref(additions);
    return flags;
}

/* Everything that is computed for one change, so that it can be released together. */
struct draft {
    const char *type;
    int64_t now_ms, version;
    json_t *flags;
    struct buf flag_words, risk_words;
    struct snapshot snapshot;
    char *audit_text;
    char head[65], now[24], placement[16], last4[IDENTITY_BYTES], mask[PERSON_MASK_BYTES];
};

static void draft_make(const struct addition *addition, const struct report_record *record,
                       const json_t *merged, struct draft *draft)
{
    const struct setup *setup = addition->setup;
    struct str old_name;
    draft->now_ms = clock_wall_ms();
    draft->version = record_number(record, REPORT_VERSION) + 1;
    draft->flags = flags_with_addition(record);
    snprintf(draft->now, sizeof draft->now, "%lld", (long long)draft->now_ms);
    snprintf(draft->placement, sizeof draft->placement, "%.*s",
             STR_ARG(record_get(record, REPORT_PLACEMENT)));
    snprintf(draft->head, sizeof draft->head, "%.*s", STR_ARG(record_get(record, REPORT_HEAD)));
    const struct snapshot_request snapshot = {
        .setup = setup,
        .receipt = addition->receipt,
        .version = draft->version,
        .type = draft->type,
        .at_ms = draft->now_ms,
        .submitted_ms = record_number(record, REPORT_SUBMITTED),
        .area = areas_resolve(setup->areas, record_get(record, REPORT_AREA), &old_name),
        .placement = draft->placement,
        .values = merged,
        .flags = draft->flags,
    };
    snapshot_make(&snapshot, &draft->snapshot);
    addition_words(json_object_get(merged, "risk"), &draft->risk_words);
    addition_words(draft->flags, &draft->flag_words);
    person_name_mask(str_of(json_string_value(json_object_get(merged, "name"))), draft->mask);
    identities_last4_hash(keyring_current(&setup->keyring, KEY_LOOKUP), addition->receipt,
                          identities_last4(merged), draft->last4);
}

static void draft_release(struct draft *draft)
{
    json_decref(draft->flags);
    buf_release(&draft->flag_words);
    buf_release(&draft->risk_words);
    snapshot_release(&draft->snapshot);
    free(draft->audit_text);
}

static void put(struct reports_change *change, const char *name, struct str value)
{
    CHECK(change->record_count < STORE_PAIRS_MAX);
    change->record[change->record_count++] = (struct store_pair){name, value};
}

static void record_fill(const struct addition *addition, const struct draft *draft, bool urgent,
                        bool corrected, struct reports_change *change)
{
    put(change, REPORT_SEALED, buf_str(&draft->snapshot.report));
    put(change, REPORT_RISKS, buf_str(&draft->risk_words));
    put(change, REPORT_FLAGS, buf_str(&draft->flag_words));
    put(change, REPORT_CONTENT, str_of(addition->identities->content[0]));
    put(change, REPORT_ADDED, str_of(draft->now));
    if (urgent) {
        put(change, REPORT_URGENT, STR("1"));
    }
    if (corrected) { /* name, phone and what is derived from them */
        put(change, REPORT_MASK, str_of(draft->mask));
        put(change, REPORT_LAST4, str_of(draft->last4));
        put(change, REPORT_PHONE_HASH, str_of(addition->identities->phone[0]));
    }
}

static void change_report(struct addition *addition, const struct report_record *record,
                          const json_t *merged, bool corrected)
{
    const struct setup *setup = addition->setup;
    struct draft draft = {.type = corrected ? "corrected" : "added"};
    struct reports_change *change = mem_alloc(sizeof *change);
    draft_make(addition, record, merged, &draft);
    record_fill(addition, &draft, json_is_true(json_object_get(merged, "urgent")), corrected,
                change);
    change->receipt = addition->receipt;
    change->version = draft.version - 1;
    change->token = addition->token;
    change->person = addition->identities->person[0];
    change->content = addition->identities->content[0];
    change->link = (char)addition->link;
    change->head = draft.head;
    bool drill = record_get(record, REPORT_DRILL).len > 0;
    if (!drill && snapshot_is_sent(&setup->options, draft.type)) {
        change->event = (struct store_event){
            .id = draft.snapshot.event_id,
            .area = record_get(record, REPORT_AREA),
            .sealed = buf_str(&draft.snapshot.event),
            .hold = snapshot_hold_reason(&setup->options, addition->identities->has_id),
        };
    }
    draft.audit_text = chain_link(
        &setup->keyring, str_of(draft.head),
        json_pack("{s:s, s:s, s:I, s:I, s:s}", "ev", draft.type, "receipt", addition->receipt, "v",
                  (json_int_t)draft.version, "at", (json_int_t)draft.now_ms, "by", "form"),
        &change->audit);
    reports_change(addition->store, change, on_changed, addition);
    draft_release(&draft);
    free(change);
}

static void on_read(void *arg, enum op_status status, const struct report_record *record)
{
    struct addition *addition = arg;
    CHECK_OBJ(addition, ADDITION_MAGIC);
    if (status != OP_OK || record == NULL) {
        finish(addition, status == OP_OK ? ADDITION_GONE : ADDITION_UNSTORED);
        return;
    }
    json_t *old = snapshot_open(&addition->setup->keyring, addition->receipt,
                                record_get(record, REPORT_SEALED));
    if (old == NULL) {
        log_event(LOG_LEVEL_ERROR, "unsealable", "rid=%s receipt=%s", addition->rid,
                  log_receipt(addition->receipt).text);
        finish(addition, ADDITION_UNSTORED);
        return;
    }
    bool added;
    bool corrected;
    json_t *merged = addition_merge(old, addition->values, addition->by_token, &added, &corrected);
    if (added || corrected) {
        change_report(addition, record, merged, corrected);
    } else {
        finish(addition, ADDITION_DONE);
    }
    json_decref(merged);
    json_decref(old);
}

static void on_changed(void *arg, enum op_status status, enum reports_change_kind kind)
{
    struct addition *addition = arg;
    CHECK_OBJ(addition, ADDITION_MAGIC);
    if (status != OP_OK) {
        log_event(LOG_LEVEL_WARNING, "unstored", "rid=%s why=%s", addition->rid,
                  op_status_name(status));
        finish(addition, ADDITION_UNSTORED);
    } else if (kind == REPORTS_MOVED && ++addition->tries < ADDITION_TRIES) {
        reports_read(addition->store, addition->receipt, on_read, addition);
    } else if (kind == REPORTS_CHANGED) {
        metrics_add(METRIC_REPORTS_ADDED, 1);
        log_event(LOG_LEVEL_INFO, "added", "rid=%s receipt=%s", addition->rid,
                  log_receipt(addition->receipt).text);
        finish(addition, ADDITION_DONE);
    } else {
        finish(addition, kind == REPORTS_GONE ? ADDITION_GONE : ADDITION_UNSTORED);
    }
}

static void finish(struct addition *addition, enum addition_kind kind)
{
    addition->done(addition->arg, kind, addition->receipt, addition->link);
    json_decref(addition->values);
    addition->magic = 0;
    free(addition);
}
