/*
 * tokens.h - API tokens: `ms_` and 43 characters base64url (256 random bits), shown once. The store keeps their SHA-256 only, so whoever reads it
 * cannot use them; hashes are compared, so no comparison needs constant time.
 */
#ifndef STORE_TOKENS_H
#define STORE_TOKENS_H

#include "domain/rights.h"
#include "domain/scope.h"
#include "store/store.h"

enum {
    TOKENS_SECRET_BYTES = 47,
    TOKENS_ID_BYTES = 9,     /* 8 characters of 0-9a-z */
    TOKENS_NAME_CODES = 60,  /* code points */
    TOKENS_NAME_BYTES = 241, /* UTF-8 and NUL */
    TOKENS_ORG_BYTES = 33,   /* slug [0-9a-z-] */
    TOKENS_PAGE_MAX = 16
};

struct tokens_row {
    char id[TOKENS_ID_BYTES];
    char name[TOKENS_NAME_BYTES];
    char areas[SCOPE_TEXT_BYTES]; /* scope_read it with the areas of the day */
    unsigned rights;
    char org[TOKENS_ORG_BYTES]; /* "" none */
    int64_t made_ms;            /* wall */
    int64_t until_ms;           /* wall; 0: for ever */
    bool disabled;
};

/* row NULL with OP_OK: no such token; malformed, unknown, expired and disabled are told apart by nobody. One HGETALL; malformed ones do not reach
 * Redis. row is valid during the call. */
typedef void tokens_find_done_fn(void *arg, enum op_status status, const struct tokens_row *row);
void tokens_find(struct store *store, struct str secret, tokens_find_done_fn *done, void *arg);

/* For the command line. secret: the new token, valid during the call, shown to the operator and nowhere else; "" unless status is OP_OK. */
typedef void tokens_add_done_fn(void *arg, enum op_status status, const char *id,
                                const char *secret);
/* row: name, areas, rights, org, until_ms; the rest is made here. */
void tokens_add(struct store *store, const struct tokens_row *row, tokens_add_done_fn *done,
                void *arg);

/* In the order they were made; count < most (≤ TOKENS_PAGE_MAX): that was the end. */
typedef void tokens_list_done_fn(void *arg, enum op_status status, const struct tokens_row *rows,
                                 size_t count);
void tokens_list(struct store *store, size_t offset, size_t most, tokens_list_done_fn *done,
                 void *arg);

enum tokens_answer {
    TOKENS_DONE,
    TOKENS_GONE,     /* there is no such id */
    TOKENS_DISABLED, /* it was disabled before: nothing was done; disabling is for ever */
    TOKENS_OVER      /* rotate: its days are over */
};

typedef void tokens_act_done_fn(void *arg, enum op_status status, enum tokens_answer answer,
                                const char *secret);
/* From the next request on. secret is "". */
void tokens_disable(struct store *store, const char *id, tokens_act_done_fn *done, void *arg);
/* The same id, scope and rights with a new secret; the old one ends at once. */
void tokens_rotate(struct store *store, const char *id, tokens_act_done_fn *done, void *arg);

#endif
