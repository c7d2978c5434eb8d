#include "flow/chronicle.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/chain.h"
#include "flow/item.h"
#include "store/history.h"

enum { CHRONICLE_MAGIC = 0x4368726f, HASH_HEX = 64 };

struct chronicle {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    const struct guard *guard;
    char receipt[RECEIPT_BYTES];
    char previous[HASH_HEX + 1]; /* "" before the first */
    bool anchored;               /* previous is that of the link before the page */
    size_t next, left, asked;    /* links before the next one, still wanted, asked for just now */
    json_t *events;
    bool verified;
    chronicle_done_fn *done;
    void *arg;
};

static reports_read_done_fn on_record;
static history_done_fn on_links;

void chronicle_read(const struct setup *setup, struct store *store, const char *receipt,
                    const struct chronicle_page *page, const struct guard *guard,
                    chronicle_done_fn *done, void *arg)
{
    struct chronicle *chronicle = mem_alloc(sizeof *chronicle);
    *chronicle = (struct chronicle){
        .magic = CHRONICLE_MAGIC,
        .setup = setup,
        .store = store,
        .guard = guard,
        .next = page->after,
        .left = page->limit,
        .anchored = page->after == 0,
        .events = json_array(),
        .verified = true,
        .done = done,
        .arg = arg,
    };
    snprintf(chronicle->receipt, sizeof chronicle->receipt, "%s", receipt);
    reports_read(store, chronicle->receipt, on_record, chronicle);
}

static void finish(struct chronicle *chronicle, const struct chronicle_answer *answer)
{
    chronicle->done(chronicle->arg, answer);
    json_decref(chronicle->events);
    chronicle->magic = 0;
    free(chronicle);
}

static void finish_as(struct chronicle *chronicle, enum chronicle_kind kind)
{
    const struct chronicle_answer answer = {.kind = kind};
    finish(chronicle, &answer);
}

/* The rest of the page, and one more to see whether there are others; before the first slice the link it is chained on. */
static void ask_links(struct chronicle *chronicle)
{
    size_t before = chronicle->anchored ? 0 : 1;
    size_t wanted = before + chronicle->left + 1;
    chronicle->asked = wanted < HISTORY_PAGE ? wanted : HISTORY_PAGE;
    history_read(chronicle->store, chronicle->receipt, chronicle->next - before, chronicle->asked,
                 on_links, chronicle);
}

static void on_record(void *arg, enum op_status status, const struct report_record *record)
{
    struct chronicle *chronicle = arg;
    CHECK_OBJ(chronicle, CHRONICLE_MAGIC);
    if (status != OP_OK || record == NULL) {
        finish_as(chronicle, status == OP_OK ? CHRONICLE_GONE : CHRONICLE_LATER);
        return;
    }
    enum guard_verdict verdict = guard_judge(chronicle->guard, record);
    if (verdict != GUARD_OK) {
        const struct chronicle_answer answer = {
            .kind = CHRONICLE_GUARDED, .verdict = verdict, .record = record};
        finish(chronicle, &answer);
        return;
    }
    ask_links(chronicle);
}

/* The chain's own words are told by names of the API; its bookkeeping stays inside. What else the event says is told as it is. */
static json_t *event_json(const struct chronicle *chronicle, json_t *link, int64_t seq,
                          struct str hash)
{
    static const char *const inside[] = {"ev", "v", "at", "by", "name", "key", "receipt", "stat"};
    const char *by = json_string_value(json_object_get(link, "by"));
    const char *name = json_string_value(json_object_get(link, "name"));
    const char *ev = json_string_value(json_object_get(link, "ev"));
    int64_t version = json_integer_value(json_object_get(link, "v"));
    json_t *event = json_copy(link);
    bool is_staff = item_is_staff(str_of(by ? by : ""));
    by = by ? by : "";
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        json_object_del(event, inside[i]);
    }
    json_object_set_new(event, "seq", json_integer((json_int_t)seq));
    json_object_set_new(event, "hash", json_stringn(hash.at, hash.len));
    json_object_set_new(event, "previous", item_text(str_of(chronicle->previous)));
    json_object_set_new(event, "at", item_time(json_integer_value(json_object_get(link, "at"))));
    if (json_is_integer(json_object_get(link, "happened"))) {
        json_object_set_new(event, "happened",
                            item_time(json_integer_value(json_object_get(link, "happened"))));
    }
    json_object_set_new(event, "by", item_text(str_of(is_staff ? by : "")));
    json_object_set_new(event, "who", json_string(is_staff ? "staff" : by));
    json_object_set_new(event, "name", item_text(str_of(name ? name : "")));
    json_object_set_new(event, "event", json_string(ev ? ev : "unknown"));
    json_object_set_new(event, "version", json_integer((json_int_t)(version > 0 ? version : 1)));
    return event;
}

/* `<64 hex> <seq> <json>` */
static json_t *read_link(struct str *text, struct str *ret_hash, uint64_t *ret_number)
{
    struct str seq;
    json_error_t error;
    bool whole = str_next(text, ' ', ret_hash) && ret_hash->len == HASH_HEX &&
                 str_next(text, ' ', &seq) && str_to_u64(seq, INT64_MAX, ret_number);
    json_t *link = whole ? json_loadb(text->at, text->len, 0, &error) : NULL;
    if (!json_is_object(link)) {
        json_decref(link);
        return NULL;
    }
    return link;
}

/* One that cannot be read breaks the chain and is left out. */
static void take_link(struct chronicle *chronicle, struct str text)
{
    struct str hash;
    uint64_t number;
    json_t *link = read_link(&text, &hash, &number);
    chronicle->next++;
    chronicle->left--;
    if (link == NULL) {
        chronicle->verified = false;
        return;
    }
    chronicle->verified = chronicle->verified &&
                          chain_holds(&chronicle->setup->keyring, str_of(chronicle->previous), text,
                                      link, hash);
    json_array_append_new(chronicle->events, event_json(chronicle, link, (int64_t)number, hash));
    snprintf(chronicle->previous, sizeof chronicle->previous, "%.*s", STR_ARG(hash));
    json_decref(link);
}

/* The link before the page: what the page is chained on. */
static void take_anchor(struct chronicle *chronicle, struct str text)
{
    struct str hash;
    chronicle->anchored = true;
    if (str_next(&text, ' ', &hash) && hash.len == HASH_HEX) {
        snprintf(chronicle->previous, sizeof chronicle->previous, "%.*s", STR_ARG(hash));
    }
}

static void on_links(void *arg, enum op_status status, struct str head, const struct str *links,
                     size_t count)
{
    struct chronicle *chronicle = arg;
    bool more = false;
    CHECK_OBJ(chronicle, CHRONICLE_MAGIC);
    if (status != OP_OK) {
        finish_as(chronicle, CHRONICLE_LATER);
        return;
    }
    for (size_t i = 0; i < count && !more; i++) {
        if (!chronicle->anchored) {
            take_anchor(chronicle, links[i]);
        } else if (chronicle->left > 0) {
            take_link(chronicle, links[i]);
        } else {
            more = true;
        }
    }
    if (count == chronicle->asked && !more) {
        ask_links(chronicle);
        return;
    }
    const struct chronicle_answer answer = {
        .kind = CHRONICLE_DONE,
        .events = chronicle->events,
        .verified = chronicle->verified && (more || str_is(head, chronicle->previous)),
        .next = chronicle->next,
        .more = more,
    };
    finish(chronicle, &answer);
}
