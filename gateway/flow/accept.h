/*
 * accept.h - one submission into the store: new report, repeat, addition or correction (contract §6 "Idempotency", "Same household").
 *
 *   answers ─► identities ─► draw number ─► seal, event, audit ─► reports_accept ─┬─ accepted, repeat, same ─────────► receipt
 *                                ▲                                                ├─ taken: draw again
 *                                └────────────────────────────────────────────────┤
 *                              flag possible_duplicate ◄─── duplicate ────────────┤
 *                                                                                 ├─ stale ──────────────────────────► stale
 *              read ─► open ─► merge ─► reports_change ◄──────── add ─────────────┘
 *               ▲                          │ moved (≤ 5)      nothing new ───────────────────────────────────────────► receipt
 *               └──────────────────────────┘                  anything else: not stored ─────────────────────────────► unstored
 */
#ifndef FLOW_ACCEPT_H
#define FLOW_ACCEPT_H

#include "crypto/token.h"
#include "domain/answers.h"
#include "flow/setup.h"
#include "store/reports.h"

struct accept_request {
    const struct answers
        *answers; /* without faults, ANSWERS_SUBMIT; may be released after the call */
    area_index area;
    const char *placement;
    uint32_t serial;
    bool drill;
    struct token token; /* ours; its age is judged here */
    const char *rid;    /* for the log */
};

enum accept_kind {
    ACCEPT_RECEIPT,  /* stored durably, now or before */
    ACCEPT_STALE,    /* the token is too old to start with: ask for another tap */
    ACCEPT_UNSTORED, /* not stored, or not known: the same token may be sent again */
};

struct accept_answer {
    enum accept_kind kind;
    char receipt[RECEIPT_BYTES];
    enum link_kind link;
};

typedef void accept_done_fn(void *arg, const struct accept_answer *answer);

/* done is called exactly once, never before accept_report returns. */
void accept_report(const struct setup *setup, struct store *store,
                   const struct accept_request *request, accept_done_fn *done, void *arg);

enum { TOKEN_LIFE_DAYS = 31, TOKEN_FUTURE_MS = 600000 };
/* Neither from the future nor older than 31 days. */
bool accept_token_fresh(const struct token *token, int64_t now_wall_ms);
bool accept_token_from_future(const struct token *token, int64_t now_wall_ms);

#endif
