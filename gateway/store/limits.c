#include "store/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "crypto/identity.h"
#include "domain/receipt.h"
#include "store/inside.h"
#include "store/reports.h"

/*
 * A receipt is one call. An ID lives in many buckets, its counter in one, so it is three steps; guesses at the same ID wait for each other in this
 * process, so that many at once count as many:
 *
 *   wait for one at the same cell ─► guess_ask ─┬─ locked ─────────────────────────────► done
 *                                               └─ open ─► reports_find ─┬─ found ─────► done: right
 *                                                                        └─ guess_wrong ► done: wrong
 */
enum { GUESS_MAGIC = 0x47756573 };

struct guess {
    unsigned magic;
    struct store *store;
    struct guess *next; /* in store->guesses, oldest first */
    bool started;
    unsigned cell_bucket;
    int64_t failures_day;
    char cell[IDENTITY_BYTES];
    unsigned char buckets[BUCKETS];
    size_t bucket_count;
    char ids[STORE_PERSONS_MAX][IDENTITY_BYTES];
    char phones[STORE_PERSONS_MAX][IDENTITY_BYTES];
    struct guess_answer answer;
    guess_done_fn *done;
    void *arg;
};

static op_done_fn on_receipt_judged;
static void guess_start(struct guess *guess);
static op_done_fn on_asked;
static reports_find_done_fn on_found;
static op_done_fn on_counted;
static void guess_finish(struct guess *guess, enum op_status status);

static struct guess *guess_new(struct store *store, const char *cell, guess_done_fn *done,
                               void *arg)
{
    struct guess *guess = mem_alloc(sizeof *guess);
    guess->magic = GUESS_MAGIC;
    guess->store = store;
    guess->done = done;
    guess->arg = arg;
    snprintf(guess->cell, sizeof guess->cell, "%s", cell);
    return guess;
}

void guess_receipt(struct store *store, const struct guess_limits *limits, const char *receipt,
                   const char *cell, const char *page_cell, const char *const last4_hashes[2],
                   guess_done_fn *done, void *arg)
{
    struct guess *guess = guess_new(store, cell, done, arg);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char hour[24];
    char life[24];
    CHECK(strlen(receipt) == RECEIPT_DIGITS);
    guess->started = true;
    snprintf(guess->answer.receipt, sizeof guess->answer.receipt, "%s", receipt);
    snprintf(hour, sizeof hour, "%lld", (long long)limits->receipt_failures_hour);
    snprintf(life, sizeof life, "%lld", (long long)limits->receipt_failures_life);
    store_call_begin(&call, KEYS_GUESS, receipt_bucket(receipt), key);
    link_arg_text(&call, receipt);
    link_arg_text(&call, guess->cell);
    link_arg_text(&call, last4_hashes[0]);
    link_arg_text(&call, last4_hashes[1]);
    link_arg_text(&call, hour);
    link_arg_text(&call, life);
    link_arg_text(&call, page_cell != NULL ? page_cell : "");
    store_send(store, STORE_NEED_LOADED, &call, on_receipt_judged, guess);
}

static void on_receipt_judged(void *arg, enum op_status status, const void *answer)
{
    struct guess *guess = arg;
    CHECK_OBJ(guess, GUESS_MAGIC);
    if (status == OP_REFUSED) {
        store_doubt(guess->store, answer);
    } else if (status == OP_OK && reply_is(answer, "locked")) {
        guess->answer.kind = GUESS_LOCKED;
        guess->answer.retry_after_s = reply_number(answer, 1);
    } else if (status == OP_OK && reply_is(answer, "wrong")) {
        guess->answer.kind = GUESS_WRONG;
    } else if (status == OP_OK && !reply_is(answer, "right")) {
        status = OP_REFUSED;
    }
    if (guess->answer.kind != GUESS_RIGHT) {
        guess->answer.receipt[0] = '\0';
    }
    guess->done(guess->arg, status, status == OP_OK ? &guess->answer : NULL);
    guess->magic = 0;
    free(guess);
}

/* The cell's first byte says in which bucket it is counted. */
static unsigned bucket_of_cell(const char *cell)
{
    char byte[3] = {cell[0], cell[0] ? cell[1] : '\0', '\0'};
    return (unsigned)strtoul(byte, NULL, 16) % BUCKETS;
}

static void copy_two(char to[STORE_PERSONS_MAX][IDENTITY_BYTES],
                     const char *const from[STORE_PERSONS_MAX])
{
    for (size_t i = 0; i < STORE_PERSONS_MAX && from[i] != NULL; i++) {
        snprintf(to[i], IDENTITY_BYTES, "%s", from[i]);
    }
}

static bool same_cell_before(const struct guess *guess)
{
    for (const struct guess *at = guess->store->guesses; at != guess; at = at->next) {
        if (strcmp(at->cell, guess->cell) == 0) {
            return true;
        }
    }
    return false;
}

void guess_id(struct store *store, const struct guess_limits *limits, const char *cell,
              const unsigned char *buckets, size_t bucket_count, const char *const id_hashes[2],
              const char *const phone_hashes[2], guess_done_fn *done, void *arg)
{
    struct guess *guess = guess_new(store, cell, done, arg);
    struct guess **end = &store->guesses;
    CHECK(bucket_count > 0 && bucket_count <= BUCKETS);
    guess->cell_bucket = bucket_of_cell(guess->cell);
    guess->failures_day = limits->id_failures_day;
    memcpy(guess->buckets, buckets, bucket_count);
    guess->bucket_count = bucket_count;
    copy_two(guess->ids, id_hashes);
    copy_two(guess->phones, phone_hashes);
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = guess;
    if (!same_cell_before(guess)) {
        guess_start(guess);
    }
}

static void guess_start(struct guess *guess)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char day[24];
    guess->started = true;
    snprintf(day, sizeof day, "%lld", (long long)guess->failures_day);
    store_call_begin(&call, KEYS_GUESS_ASK, guess->cell_bucket, key);
    link_arg_text(&call, guess->cell);
    link_arg_text(&call, day);
    store_send(guess->store, STORE_NEED_LOADED, &call, on_asked, guess);
}

static void on_asked(void *arg, enum op_status status, const void *answer)
{
    struct guess *guess = arg;
    CHECK_OBJ(guess, GUESS_MAGIC);
    const char *ids[STORE_PERSONS_MAX];
    const char *phones[STORE_PERSONS_MAX];
    if (status == OP_OK && reply_is(answer, "locked")) {
        guess->answer.kind = GUESS_LOCKED;
        guess->answer.retry_after_s = reply_number(answer, 1);
        guess_finish(guess, OP_OK);
        return;
    }
    if (status != OP_OK || guess->store->closing) {
        guess_finish(guess, status == OP_OK ? OP_DOWN : status);
        return;
    }
    for (size_t i = 0; i < STORE_PERSONS_MAX; i++) {
        ids[i] = guess->ids[i][0] != '\0' ? guess->ids[i] : NULL;
        phones[i] = guess->phones[i][0] != '\0' ? guess->phones[i] : NULL;
    }
    reports_find(guess->store, guess->buckets, guess->bucket_count, ids, phones, on_found, guess);
}

static void on_found(void *arg, enum op_status status, const char *receipt)
{
    struct guess *guess = arg;
    CHECK_OBJ(guess, GUESS_MAGIC);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    if (status != OP_OK || receipt[0] != '\0' || guess->store->closing) {
        snprintf(guess->answer.receipt, sizeof guess->answer.receipt, "%s", receipt);
        guess_finish(guess, status);
        return;
    }
    guess->answer.kind = GUESS_WRONG;
    store_call_begin(&call, KEYS_GUESS_WRONG, guess->cell_bucket, key);
    link_arg_text(&call, guess->cell);
    store_send(guess->store, STORE_NEED_LOADED, &call, on_counted, guess);
}

/* A wrong guess that could not be counted is no answer. */
static void on_counted(void *arg, enum op_status status, const void *answer)
{
    struct guess *guess = arg;
    CHECK_OBJ(guess, GUESS_MAGIC);
    if (status == OP_REFUSED) {
        store_doubt(guess->store, answer);
    }
    guess_finish(guess, status);
}

static void guess_finish(struct guess *guess, enum op_status status)
{
    struct store *store = guess->store;
    struct guess **at = &store->guesses;
    while (*at != guess) {
        at = &(*at)->next;
    }
    *at = guess->next;
    for (struct guess *next = guess->next; next != NULL; next = next->next) {
        if (!next->started && strcmp(next->cell, guess->cell) == 0) {
            guess_start(next);
            break;
        }
    }
    guess->done(guess->arg, status, status == OP_OK ? &guess->answer : NULL);
    guess->magic = 0;
    free(guess);
    store_release(store);
}
