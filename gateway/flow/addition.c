#include "flow/addition.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "flow/edit.h"

enum { ADDITION_MAGIC = 0xADD17, DETAIL_CHARS_MAX = 2000 };

struct addition {
    unsigned magic;
    char receipt[RECEIPT_BYTES];
    bool by_token;
    enum link_kind link;
    json_t *values;
    const struct identities *identities;
    const char *token;
    bool unsealable, ended; /* why the edit stopped */
    addition_done_fn *done;
    void *arg;
};

static edit_fn merge;
static edit_done_fn on_edited;

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

/* Whether these words stand in the text as an entry of their own. */
static bool has_entry(const char *text, const char *entry)
{
    size_t len = strlen(entry);
    for (const char *at = strstr(text, entry); at != NULL; at = strstr(at + 1, entry)) {
        if ((at == text || at[-1] == '\n') && (at[len] == '\0' || at[len] == '\n')) {
            return true;
        }
    }
    return false;
}

/*
 * What was written before stays; the new words follow on a line of their own. When there is no room for both the oldest words go: earlier events
 * carried them, the new ones nobody has seen.
 */
static bool merge_detail(json_t *merged, const json_t *values)
{
    const char *before = json_string_value(json_object_get(merged, "detail"));
    const char *now = json_string_value(json_object_get(values, "detail"));
    if (now == NULL || *now == '\0' || (before && has_entry(before, now))) {
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
    take_over(merged, new_values, "consent"); /* what staff had put in has none until then */
    take_over(merged, new_values, "consent_sensitive");
    return merged;
}

/* By the form, or on the receipt's page. */
static const char *actor_of(const struct identities *identities)
{
    return identities != NULL ? "form" : "farmer";
}

void addition_report(const struct setup *setup, struct store *store,
                     const struct addition_request *request, addition_done_fn *done, void *arg)
{
    struct addition *addition = mem_alloc(sizeof *addition);
    *addition = (struct addition){.magic = ADDITION_MAGIC,
                                  .by_token = request->by_token,
                                  .link = request->link,
                                  .values = json_incref(request->values),
                                  .identities = request->identities,
                                  .token = request->token,
                                  .done = done,
                                  .arg = arg};
    snprintf(addition->receipt, sizeof addition->receipt, "%s", request->receipt);
    const struct edit_request edit = {
        .receipt = addition->receipt,
        .actor = {actor_of(request->identities), ""},
        .rid = request->rid,
        .edit = merge,
        .done = on_edited,
        .arg = addition,
    };
    edit_report(setup, store, &edit);
}

static void answer_what_was_asked(struct edit_view *view)
{
    const struct progress_move answer = {
        .kind = MOVE_ANSWER, .by = MOVER_FARMER, .at_ms = view->now_ms};
    enum progress_result result = progress_apply(view->procedure, view->setup->calendar,
                                                 view->progress, &answer);
    (void)result; /* nothing was asked, mostly */
}

static void write_merged(const struct addition *addition, struct edit_view *view, bool corrected,
                         struct edit_draft *draft)
{
    draft->event = corrected ? "corrected" : "added";
    draft->audit = json_pack("{s:s}", "ev", draft->event);
    draft->addition = !corrected;
    draft->correction = corrected;
    snprintf(draft->flag, sizeof draft->flag, "additions");
    record_put_number(&draft->record, REPORT_ADDED, view->now_ms);
    edit_put_text(draft, REPORT_ADDED_BY, actor_of(addition->identities));
    answer_what_was_asked(view);
    if (addition->identities == NULL) {
        return;
    }
    draft->token = addition->token;
    draft->person = addition->identities->person[0];
    draft->content = addition->identities->content[0];
    draft->link = (char)addition->link;
    edit_put_text(draft, REPORT_CONTENT, addition->identities->content[0]);
    if (corrected) { /* phone and name, and what is derived from them */
        edit_put_text(draft, REPORT_PHONE_HASH, addition->identities->phone[0]);
        edit_put_text(draft, REPORT_NAME_HASH, addition->identities->name[0]);
    }
}

/* From the form: the answers as they are now and what was written again. A report that is decided takes nothing: a new one begins. */
static enum edit_verdict merge(void *arg, struct edit_view *view, struct edit_draft *draft)
{
    struct addition *addition = arg;
    CHECK_OBJ(addition, ADDITION_MAGIC);
    bool of_page = addition->identities == NULL;
    bool added = false;
    bool corrected = false;
    addition->ended = progress_decided(view->progress) || (of_page && view->lead);
    if (addition->ended) {
        return EDIT_STOP;
    }
    json_t *sealed = edit_open(view);
    addition->unsealable = sealed == NULL;
    if (sealed != NULL) {
        draft->values = addition_merge(json_object_get(sealed, "values"), addition->values,
                                       addition->by_token, &added, &corrected);
        json_decref(sealed);
    }
    if (!added && !corrected) {
        return EDIT_STOP;
    }
    write_merged(addition, view, corrected, draft);
    return EDIT_WRITE;
}

static void on_edited(void *arg, const struct edit_answer *answer)
{
    struct addition *addition = arg;
    CHECK_OBJ(addition, ADDITION_MAGIC);
    enum addition_kind kind = ADDITION_UNSTORED;
    if (answer->kind == EDIT_DONE) {
        kind = ADDITION_DONE;
        metrics_add(METRIC_REPORTS_ADDED, 1);
        log_event(LOG_LEVEL_INFO, "added", "receipt=%s", log_receipt(addition->receipt).text);
    } else if (answer->kind == EDIT_STOPPED && !addition->unsealable) {
        kind = addition->ended ? ADDITION_ENDED : ADDITION_DONE;
    } else if (answer->kind == EDIT_GONE) {
        kind = ADDITION_GONE;
    }
    addition->done(addition->arg, kind, addition->receipt, addition->link);
    json_decref(addition->values);
    addition->magic = 0;
    free(addition);
}
