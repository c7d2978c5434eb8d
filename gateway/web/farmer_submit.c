/*
 * POST /V/{code}: check, edit, submit (contract §6).
 *
 *   code ─► body ─► answers ─┬─ step edit ───────────────► form, values kept (200)
 *                            ├─ faults ──────────────────► form, values kept, 错误 (422)
 *                            ├─ step check ──────────────► check page (200), an old token renewed silently
 *                            ├─ foreign token ───────────► check page, 放久了 (200)
 *                            ├─ ticks missing ───────────► check page, 错误 (422)
 *                            └─ flow/accept ─┬─ receipt ─► 303 /r/…
 *                                            ├─ stale ───► check page, 放久了 (200)
 *                                            └─ unstored ► check page, 还没有提交成功 (503)
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "domain/person.h"
#include "flow/accept.h"
#include "web/app.h"
#include "web/place.h"
#include "web/send.h"

enum { SUBMIT_MAGIC = 0x5B317 };

enum step { STEP_CHECK, STEP_EDIT, STEP_SUBMIT };

struct submit {
    unsigned magic;
    struct web *web;
    struct exchange *exchange; /* held */
    struct place place;
    struct fields fields; /* borrowed from the exchange */
    struct answers answers;
    bool token_known;
    struct token token;
    char token_text[TOKEN_TEXT_BYTES]; /* what the next page carries */
};

static accept_done_fn on_accepted;

static void submit_free(struct submit *submit)
{
    answers_release(&submit->answers);
    exchange_drop(&submit->exchange);
    submit->magic = 0;
    free(submit);
}

static enum step step_of(const struct fields *fields)
{
    struct str step = fields_get(fields, "step");
    if (str_is(step, "submit")) {
        return STEP_SUBMIT;
    }
    return str_is(step, "edit") ? STEP_EDIT : STEP_CHECK;
}

/* An authentic token, however old, goes on; any other is replaced. */
static void token_take(struct submit *submit, bool must_be_fresh)
{
    struct str text = fields_get(&submit->fields, "token");
    int64_t now_ms = clock_wall_ms();
    submit->token_known = token_read(&submit->web->setup->keyring, text, &submit->token) &&
                          !accept_token_from_future(&submit->token, now_ms);
    if (submit->token_known && (!must_be_fresh || accept_token_fresh(&submit->token, now_ms))) {
        snprintf(submit->token_text, sizeof submit->token_text, "%.*s", STR_ARG(text));
    } else {
        token_issue(&submit->web->setup->keyring, now_ms, submit->token_text);
    }
}

static void show_form(struct submit *submit, bool faults)
{
    const struct page_form page = {
        .place = place_page(&submit->place),
        .answers = &submit->answers,
        .show_faults = faults,
        .token = submit->token_text,
    };
    struct buf html;
    buf_init(&html, PAGE_BYTES_MAX);
    bool rendered = pages_form(submit->web->setup->pages, &page, &html);
    CHECK(rendered);
    if (faults) {
        metrics_add(METRIC_ANSWERS_FAULTY, 1);
    }
    send_page(submit->web, submit->exchange, faults ? 422 : 200, &html);
    buf_release(&html);
}

static void show_check(struct submit *submit, int status, bool stale)
{
    char mask[PERSON_MASK_BYTES];
    person_name_mask(str_of(answers_text(&submit->answers, "name")), mask);
    const struct page_check page = {
        .place = place_page(&submit->place),
        .answers = &submit->answers,
        .token = submit->token_text,
        .show_faults = status == 422,
        .stale = stale,
        .not_stored = status == 503,
        .mask = mask,
    };
    struct buf html;
    buf_init(&html, PAGE_BYTES_MAX);
    bool rendered = pages_check(submit->web->setup->pages, &page, &html);
    CHECK(rendered);
    if (status == 503) {
        exchange_header(submit->exchange, "Retry-After", "10");
    }
    send_page(submit->web, submit->exchange, status, &html);
    buf_release(&html);
}

static void accept_it(struct submit *submit)
{
    const struct accept_request request = {
        .answers = &submit->answers,
        .area = submit->place.area,
        .placement = code_placement_name(submit->place.code.placement),
        .serial = submit->place.code.serial,
        .drill = submit->place.code.drill,
        .token = submit->token,
        .rid = exchange_request(submit->exchange)->rid,
    };
    accept_report(submit->web->setup, submit->web->store, &request, on_accepted, submit);
}

/* Returns false when the answer is still to come. */
static bool proceed(struct submit *submit)
{
    enum step step = step_of(&submit->fields);
    bool submitting = step == STEP_SUBMIT;
    token_take(submit, !submitting);
    answers_read(&submit->answers, submit->web->setup->form, &submit->fields,
                 date_of_ms(clock_wall_ms()), submitting ? ANSWERS_SUBMIT : ANSWERS_CHECK);
    size_t faults = submit->answers.fault_count - submit->answers.tick_fault_count;
    if (step == STEP_EDIT || faults > 0) {
        show_form(submit, step != STEP_EDIT);
    } else if (!submitting) {
        open_counts_add(submit->web->opens, submit->place.area, &submit->place.code, OPEN_FILLED);
        show_check(submit, 200, false);
    } else if (!submit->token_known) {
        show_check(submit, 200, true);
    } else if (submit->answers.tick_fault_count > 0) {
        show_check(submit, 422, false);
    } else {
        accept_it(submit);
        return false;
    }
    return true;
}

static void on_accepted(void *arg, const struct accept_answer *answer)
{
    struct submit *submit = arg;
    CHECK_OBJ(submit, SUBMIT_MAGIC);
    const struct keyring *keyring = &submit->web->setup->keyring;
    if (answer->kind == ACCEPT_RECEIPT) {
        char sig[LINK_SIG_BYTES];
        char location[RECEIPT_BYTES + LINK_SIG_BYTES + 8];
        link_sig(keyring, answer->link, str_of(answer->receipt), sig);
        snprintf(location, sizeof location, "/r/%s-%s", answer->receipt, sig);
        send_redirect(submit->web, submit->exchange, location);
    } else if (answer->kind == ACCEPT_STALE) {
        token_issue(keyring, clock_wall_ms(), submit->token_text);
        show_check(submit, 200, true);
    } else {
        show_check(submit, 503, false);
    }
    submit_free(submit);
}

void farmer_submit(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    CHECK_OBJ(web, WEB_MAGIC);
    struct submit *submit = mem_alloc(sizeof *submit);
    submit->magic = SUBMIT_MAGIC;
    submit->web = web;
    submit->exchange = exchange_hold(exchange);
    /* A form opened before the revocation can still be filed: only codes without a place end here. */
    enum place_fault fault = place_read(web, route_rest(exchange, "/V/"), &submit->place);
    bool answered = true;
    if (request_is_cross_site(exchange_request(exchange))) {
        send_message(web, exchange, 403, "forbidden", NULL, NULL);
    } else if (fault == PLACE_GONE) {
        send_message(web, exchange, 404, "code_gone", NULL, NULL);
    } else if (fault == PLACE_UNKNOWN ||
               !area_takes_reports(web->setup->areas, submit->place.area)) {
        send_message(web, exchange, 404, "code_unknown", NULL, NULL);
    } else if (send_form_body(web, exchange, &submit->fields)) {
        place_texts(web, &submit->place);
        answered = proceed(submit);
    }
    if (answered) {
        submit_free(submit);
    }
}
