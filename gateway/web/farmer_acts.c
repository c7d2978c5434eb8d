/*
 * POST /r/{receipt}-{sig}: what the household does on its page (contract §6).
 *
 *   link ─► body ─► act ─┬─ add, withdraw, object ─► kind f only ─► answers ─► last4 (flow/progress, counted) ─┐
 *                        └─ nudge, visited, not_visited ─────────────────────────────────────────────────────┴─► flow/addition, flow/move
 *        ─┬─ done, or done before ─► 303 back to the page
 *         └─ not taken ─► the page with everything typed: 422 mistakes, 403 short link, 409 not now, 429 locked, 503 not stored
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/person.h"
#include "flow/addition.h"
#include "flow/move.h"
#include "web/receipt_page.h"
#include "web/send.h"

enum { ACTING_MAGIC = 0xAC7, LAST4_TYPED_BYTES = 64, SENTENCE_BYTES_MAX = 1024 };

struct acting {
    unsigned magic;
    struct web *web;
    struct exchange *exchange; /* held */
    enum link_kind kind;
    struct str text; /* of the path, in the exchange */
    char receipt[RECEIPT_BYTES];
    const char *act;              /* one of act_names, "" for none */
    enum progress_move_kind move; /* MOVES: add */
    struct fields fields;         /* borrowed from the exchange */
    struct answers answers;
    char last4[LAST4_TYPED_BYTES];
    /* the page again */
    int status;
    const char *problem_key; /* or NULL: problem says it, or the faults do */
    enum progress_refusal refusal;
    bool add_empty, show_faults;
    const char *last4_fault; /* a catalog's key, or NULL */
};

static progress_query_done_fn on_last4;
static addition_done_fn on_added;
static move_done_fn on_moved;
static progress_read_done_fn on_report;
static void again(struct acting *acting, int status, const char *problem_key);

static const char *act_of(struct str typed)
{
    static const char *const names[] = {"add",         "nudge",    "visited",
                                        "not_visited", "withdraw", "object"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_is(typed, names[i])) {
            return names[i];
        }
    }
    return "";
}

static bool is_add(const struct acting *acting)
{
    return strcmp(acting->act, "add") == 0;
}

static bool needs_last4(const struct acting *acting)
{
    return is_add(acting) || acting->move == MOVE_WITHDRAW || acting->move == MOVE_OBJECT;
}

static void finish(struct acting *acting)
{
    answers_release(&acting->answers);
    exchange_drop(&acting->exchange);
    explicit_bzero(acting->last4, sizeof acting->last4);
    acting->magic = 0;
    free(acting);
}

static void go_back(struct acting *acting)
{
    char location[RECEIPT_LINK_BYTES];
    snprintf(location, sizeof location, "/r/%.*s", STR_ARG(acting->text));
    send_redirect(acting->web, acting->exchange, location);
    finish(acting);
}

/* What was typed is shown again, so it must be printable text. */
static void keep_last4(struct acting *acting)
{
    struct str typed = str_sub(fields_get(&acting->fields, "last4"), 0, LAST4_TYPED_BYTES - 1);
    struct buf clean;
    buf_init(&clean, 4 * LAST4_TYPED_BYTES);
    if (person_text_clean(typed, &clean)) {
        snprintf(acting->last4, sizeof acting->last4, "%s", buf_text(&clean));
    }
    buf_release(&clean);
}

/* Mistakes are told before the last four are asked: they cost no guess. */
static bool has_mistakes(struct acting *acting)
{
    const struct json_t *values = acting->answers.values;
    acting->show_faults = acting->move != MOVE_WITHDRAW && acting->answers.fault_count > 0;
    acting->add_empty = is_add(acting) && !acting->show_faults &&
                        json_object_get(values, "risk") == NULL &&
                        json_object_get(values, "detail") == NULL &&
                        json_object_get(values, "urgent") == NULL;
    acting->last4_fault = acting->last4[0] == '\0' ? "acts.empty_last4" : NULL;
    return acting->show_faults || acting->add_empty || acting->last4_fault != NULL;
}

static void add(struct acting *acting)
{
    const struct addition_request request = {
        .receipt = acting->receipt,
        .values = acting->answers.values,
        .link = acting->kind,
        .rid = exchange_request(acting->exchange)->rid,
    };
    addition_report(acting->web->setup, acting->web->store, &request, on_added, acting);
}

static void move(struct acting *acting)
{
    const struct setup *setup = acting->web->setup;
    struct move_request request = {
        .receipt = acting->receipt,
        .actor = {"farmer", ""},
        .rid = exchange_request(acting->exchange)->rid,
        .move = {.kind = acting->move, .by = MOVER_FARMER, .at_ms = clock_wall_ms()},
    };
    if (acting->move == MOVE_OBJECT) {
        /* sealed with the report; answers live until the move is done */
        request.note = str_of(answers_text(&acting->answers, "detail"));
    }
    move_report(setup, acting->web->store, &request, on_moved, acting);
}

static void act_now(struct acting *acting)
{
    if (is_add(acting)) {
        add(acting);
    } else {
        move(acting);
    }
}

/* The body is read. */
static void begin(struct acting *acting)
{
    const struct setup *setup = acting->web->setup;
    acting->act = act_of(fields_get(&acting->fields, "act"));
    acting->move = receipt_act_move(str_of(acting->act));
    keep_last4(acting);
    answers_read_added(&acting->answers, setup->form, &acting->fields, date_of_ms(clock_wall_ms()));
    if (acting->act[0] == '\0') {
        again(acting, 422, "acts.unknown");
    } else if (!needs_last4(acting)) {
        act_now(acting);
    } else if (acting->kind != LINK_FULL) {
        again(acting, 403,
              acting->move == MOVE_OBJECT ? "acts.object_by_receipt" : "acts.by_receipt");
    } else if (has_mistakes(acting)) {
        again(acting, 422, NULL);
    } else {
        const struct progress_query query = {
            .receipt = str_of(acting->receipt), .last4 = str_of(acting->last4), .on_page = true};
        progress_ask(setup, acting->web->store, acting->web->loop, &query, on_last4, acting);
    }
}

static void on_last4(void *arg, const struct progress_query_answer *answer)
{
    struct acting *acting = arg;
    char seconds[24];
    CHECK_OBJ(acting, ACTING_MAGIC);
    switch (answer->kind) {
    case PROGRESS_QUERY_RIGHT:
        act_now(acting);
        break;
    case PROGRESS_QUERY_WRONG:
        acting->last4_fault = "acts.wrong_last4";
        again(acting, 422, NULL);
        break;
    case PROGRESS_QUERY_LOCKED:
        if (answer->retry_after_s > 0) { /* else waiting is no help, and the hotline is */
            snprintf(seconds, sizeof seconds, "%lld", (long long)answer->retry_after_s);
            exchange_header(acting->exchange, "Retry-After", seconds);
        }
        again(acting, 429, answer->retry_after_s > 0 ? "acts.locked" : "acts.not_here");
        break;
    case PROGRESS_QUERY_BUSY:
        again(acting, 503, "fill.not_stored");
        break;
    }
}

static void on_added(void *arg, enum addition_kind kind, const char *receipt, enum link_kind link)
{
    struct acting *acting = arg;
    CHECK_OBJ(acting, ACTING_MAGIC);
    (void)receipt;
    (void)link;
    switch (kind) {
    case ADDITION_DONE:
        go_back(acting);
        break;
    case ADDITION_GONE:
        send_message(acting->web, acting->exchange, 404, "receipt_unknown", NULL, "/progress");
        finish(acting);
        break;
    case ADDITION_UNSTORED:
        again(acting, 503, "fill.not_stored");
        break;
    case ADDITION_ENDED:
        again(acting, 409, "acts.ended");
        break;
    }
}

static const char *refusal_key(enum progress_refusal refusal)
{
    switch (refusal) {
    case REFUSAL_ENDED:
        return "acts.ended";
    case REFUSAL_TOO_EARLY:
        return "acts.too_early";
    case REFUSAL_TOO_LATE:
        return "acts.too_late";
    case REFUSAL_USED_UP:
        return "acts.used_up";
    default:
        return "acts.not_here";
    }
}

static void on_moved(void *arg, const struct move_answer *answer)
{
    struct acting *acting = arg;
    CHECK_OBJ(acting, ACTING_MAGIC);
    switch (answer->kind) {
    case MOVED_APPLIED:
    case MOVED_UNCHANGED:
    case MOVED_KNOWN:
        log_event(LOG_LEVEL_INFO, "farmer", "rid=%s receipt=%s act=%s",
                  exchange_request(acting->exchange)->rid, log_receipt(acting->receipt).text,
                  acting->act);
        go_back(acting);
        break;
    case MOVED_GONE:
        send_message(acting->web, acting->exchange, 404, "receipt_unknown", NULL, "/progress");
        finish(acting);
        break;
    case MOVED_REFUSED:
    case MOVED_GUARDED:
        acting->refusal = answer->refusal;
        again(acting, 409, refusal_key(answer->refusal));
        break;
    case MOVED_LATER:
        again(acting, 503, "fill.not_stored");
        break;
    }
}

/* The page once more, as the report is now. */
static void again(struct acting *acting, int status, const char *problem_key)
{
    acting->status = status;
    acting->problem_key = problem_key;
    if (status == 503) {
        exchange_header(acting->exchange, "Retry-After", "10");
    }
    progress_read(acting->web->setup, acting->web->store, acting->receipt, on_report, acting);
}

static void put_problem(const struct acting *acting, struct buf *to)
{
    const struct setup *setup = acting->web->setup;
    const char *hotline = setup->options.site.hotline;
    const struct catalog_value values[] = {
        {"hotline", hotline[0] ? hotline : catalog_text(setup->catalog, "site.unset")},
        {NULL, NULL},
    };
    if (acting->problem_key != NULL) {
        catalog_fill(setup->catalog, acting->problem_key, values, to);
    }
}

static void on_report(void *arg, enum op_status status, const struct progress_report *report)
{
    struct acting *acting = arg;
    CHECK_OBJ(acting, ACTING_MAGIC);
    if (!receipt_page_missing(acting->web, acting->exchange, status, report)) {
        struct buf html;
        struct buf problem;
        buf_init(&html, PAGE_BYTES_MAX);
        buf_init(&problem, SENTENCE_BYTES_MAX);
        put_problem(acting, &problem);
        const struct receipt_sent sent = {
            .act = acting->act,
            .problem = buf_text(&problem),
            .answers = &acting->answers,
            .show_faults = acting->show_faults,
            .add_empty = acting->add_empty,
            .last4_fault = acting->last4_fault,
            .early = acting->move == MOVE_NUDGE && acting->refusal == REFUSAL_TOO_EARLY,
            .last4 = acting->last4,
        };
        receipt_page_put(acting->web, acting->text, acting->kind, report, &sent, &html);
        send_page(acting->web, acting->exchange, acting->status, &html);
        buf_release(&problem);
        buf_release(&html);
    }
    finish(acting);
}

static struct acting *acting_new(struct web *web, struct exchange *exchange)
{
    struct acting *acting = mem_alloc(sizeof *acting);
    acting->magic = ACTING_MAGIC;
    acting->web = web;
    acting->exchange = exchange_hold(exchange);
    acting->act = "";
    return acting;
}

void farmer_act(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    CHECK_OBJ(web, WEB_MAGIC);
    struct acting *acting = acting_new(web, exchange);
    acting->text = route_rest(exchange, "/r/");
    if (request_is_cross_site(exchange_request(exchange))) {
        send_message(web, exchange, 403, "forbidden", NULL, "/progress");
    } else if (!link_read(&web->setup->keyring, acting->text, acting->receipt, &acting->kind)) {
        send_message(web, exchange, 404, "receipt_unknown", NULL, "/progress");
    } else if (send_form_body(web, exchange, &acting->fields)) {
        begin(acting);
        return;
    }
    finish(acting);
}
