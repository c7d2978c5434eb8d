#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/inside.h"
#include "store/queue.h"

/* What operators ask: `mashang queue dead`, `show`, `kick`, `bury`. */
enum { ASKING_MAGIC = 0x41736b71, ROW_FIELDS = 9, WORD_BYTES = 16 };

struct asking {
    unsigned magic;
    struct store *store;
    unsigned bucket;
    int64_t since_ms, kicked;
    char why[QUEUE_WORDS_BYTES];
    queue_rows_done_fn *rows_done;
    queue_show_done_fn *show_done;
    queue_word_done_fn *word_done;
    queue_number_done_fn *number_done;
    void *arg;
};

static op_done_fn on_rows;
static op_done_fn on_shown;
static op_done_fn on_word;
static op_done_fn on_kicked_some;

static struct asking *asking_new(struct store *store, void *arg)
{
    struct asking *asking = mem_alloc(sizeof *asking);
    asking->magic = ASKING_MAGIC;
    asking->store = store;
    asking->arg = arg;
    return asking;
}

static void asking_free(struct asking *asking)
{
    asking->magic = 0;
    free(asking);
}

static void row_read(const redisReply *reply, size_t at, struct queue_row *ret)
{
    *ret = (struct queue_row){
        .id = reply_str(reply, at),
        .receipt = reply_str(reply, at + 1),
        .area = reply_str(reply, at + 2),
        .state = reply_str(reply, at + 3),
        .made_ms = reply_number(reply, at + 4),
        .since_ms = reply_number(reply, at + 5),
        .attempts = reply_number(reply, at + 6),
        .why = reply_str(reply, at + 7),
        .upstream_id = reply_str(reply, at + 8),
    };
}

void queue_dead(struct store *store, unsigned bucket, size_t offset, size_t most,
                queue_rows_done_fn *done, void *arg)
{
    struct asking *asking = asking_new(store, arg);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char from[24];
    char count[24];
    CHECK(most > 0 && most <= QUEUE_ROWS_MAX);
    asking->rows_done = done;
    snprintf(from, sizeof from, "%zu", offset);
    snprintf(count, sizeof count, "%zu", most);
    store_call_begin(&call, KEYS_DEAD, bucket, key);
    link_arg_text(&call, from);
    link_arg_text(&call, count);
    store_send(store, STORE_NEED_LOADED, &call, on_rows, asking);
}

static void on_rows(void *arg, enum op_status status, const void *answer)
{
    struct asking *asking = arg;
    CHECK_OBJ(asking, ASKING_MAGIC);
    const redisReply *reply = answer;
    struct queue_row rows[QUEUE_ROWS_MAX];
    size_t count = 0;
    size_t elements = status == OP_OK && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    for (size_t at = 0; at + ROW_FIELDS <= elements && count < QUEUE_ROWS_MAX; at += ROW_FIELDS) {
        row_read(reply, at, &rows[count++]);
    }
    asking->rows_done(asking->arg, status, rows, count);
    asking_free(asking);
}

/* FCALL function 1 ms:{NN} event; false when it is no event's name. */
static bool event_call(struct link_call *call, const char *function, const char *event_id,
                       char key[STORE_BUCKET_KEY_BYTES])
{
    uint64_t bucket = 0;
    struct str head = str_sub(str_of(event_id), 0, 2);
    bool named = head.len == 2 && str_to_u64(head, BUCKETS - 1, &bucket);
    store_call_begin(call, function, (unsigned)bucket, key);
    link_arg_text(call, named ? event_id : "");
    return named;
}

void queue_show(struct store *store, const char *event_id, queue_show_done_fn *done, void *arg)
{
    struct asking *asking = asking_new(store, arg);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    asking->show_done = done;
    event_call(&call, KEYS_SHOW, event_id, key);
    store_send(store, STORE_NEED_LOADED, &call, on_shown, asking);
}

/* `<wall ms> <status> <outcome> <words>` */
static void attempt_read(struct str text, struct queue_attempt *ret)
{
    struct str at = {0};
    struct str status = {0};
    uint64_t number;
    *ret = (struct queue_attempt){0};
    str_next(&text, ' ', &at);
    str_next(&text, ' ', &status);
    str_next(&text, ' ', &ret->outcome);
    ret->words = text;
    ret->at_ms = str_to_u64(at, INT64_MAX, &number) ? (int64_t)number : 0;
    ret->status = str_to_u64(status, 999, &number) ? (int64_t)number : 0;
}

static void on_shown(void *arg, enum op_status status, const void *answer)
{
    struct asking *asking = arg;
    CHECK_OBJ(asking, ASKING_MAGIC);
    const redisReply *reply = answer;
    struct queue_row row;
    struct queue_attempt attempts[QUEUE_ATTEMPTS_MAX];
    size_t count = 0;
    size_t elements = status == OP_OK && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    bool there = elements >= ROW_FIELDS;
    if (there) {
        row_read(reply, 0, &row);
    }
    for (size_t i = ROW_FIELDS; i < elements && count < QUEUE_ATTEMPTS_MAX; i++) {
        attempt_read(reply_str(reply, i), &attempts[count++]);
    }
    asking->show_done(asking->arg, status, there ? &row : NULL, attempts, count);
    asking_free(asking);
}

void queue_kick(struct store *store, const char *event_id, queue_word_done_fn *done, void *arg)
{
    struct asking *asking = asking_new(store, arg);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    asking->word_done = done;
    event_call(&call, KEYS_KICK, event_id, key);
    store_send(store, STORE_NEED_LOADED, &call, on_word, asking);
}

void queue_bury(struct store *store, const char *event_id, const char *words,
                queue_word_done_fn *done, void *arg)
{
    struct asking *asking = asking_new(store, arg);
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    asking->word_done = done;
    event_call(&call, KEYS_BURY, event_id, key);
    link_arg_text(&call, words);
    store_send(store, STORE_NEED_LOADED, &call, on_word, asking);
}

static void on_word(void *arg, enum op_status status, const void *answer)
{
    struct asking *asking = arg;
    CHECK_OBJ(asking, ASKING_MAGIC);
    char word[WORD_BYTES] = "";
    if (status == OP_OK) {
        snprintf(word, sizeof word, "%.*s", STR_ARG(reply_str(answer, 0)));
    }
    asking->word_done(asking->arg, status, word);
    asking_free(asking);
}

static void kick_from(struct asking *asking, int64_t offset)
{
    struct link_call call;
    char key[STORE_BUCKET_KEY_BYTES];
    char since[24];
    char from[24];
    snprintf(since, sizeof since, "%lld", (long long)asking->since_ms);
    snprintf(from, sizeof from, "%lld", (long long)offset);
    store_call_begin(&call, KEYS_KICK_ALL, asking->bucket, key);
    link_arg_text(&call, asking->why);
    link_arg_text(&call, since);
    link_arg_text(&call, from);
    store_send(asking->store, STORE_NEED_LOADED, &call, on_kicked_some, asking);
}

void queue_kick_all(struct store *store, unsigned bucket, const char *why, int64_t since_ms,
                    queue_number_done_fn *done, void *arg)
{
    struct asking *asking = asking_new(store, arg);
    asking->bucket = bucket;
    asking->since_ms = since_ms;
    asking->number_done = done;
    snprintf(asking->why, sizeof asking->why, "%s", why);
    kick_from(asking, 0);
}

/* A slice at a time, so that no call takes long. */
static void on_kicked_some(void *arg, enum op_status status, const void *answer)
{
    struct asking *asking = arg;
    CHECK_OBJ(asking, ASKING_MAGIC);
    int64_t next = status == OP_OK ? reply_number(answer, 1) : -1;
    asking->kicked += status == OP_OK ? reply_number(answer, 0) : 0;
    if (next >= 0 && !asking->store->closing) {
        kick_from(asking, next);
        return;
    }
    asking->number_done(asking->arg, status, asking->kicked);
    asking_free(asking);
}
