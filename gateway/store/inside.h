/*
 * inside.h - what the files of this room share; nobody else includes it.
 */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include "store/durability.h"
#include "store/keys.h"
#include "store/link.h"
#include "store/store.h"

enum { STORE_MAGIC = 0x53746f72, STORE_TEXTS_MAX = 32, STORE_BUCKET_KEY_BYTES = 8 };

struct store_text { /* written whenever the store becomes ready */
    char *key;
    char *text;
    size_t len;
};

/* One look at Redis: version_1, CONFIG GET, INFO, a write. The first fault is kept. */
struct store_check {
    unsigned waiting;
    bool full; /* the only fault: out of memory */
    bool found_fault;
    enum store_health health;
    char why[256];
};

struct guess;

struct store {
    unsigned magic;
    struct loop *loop;
    int64_t timeout_ms;
    struct durability durability;
    struct link_options link_options; /* strings are the store's */
    struct link *main;
    struct link *writer; /* replicated only: WAIT counts per connection */
    struct link *listener;
    struct timer *check_timer;
    struct store_check check;

    enum store_health health;
    bool full; /* NOT_DURABLE because it is out of memory */
    char why[256];
    char epoch[40];
    loop_fn *changed;
    void *changed_arg;

    struct store_text texts[STORE_TEXTS_MAX];
    size_t text_count;
    struct guess *guesses; /* under way, by ID: one at a time per cell */
    void (*woken)(void *arg, unsigned bucket);
    void *woken_arg;
    void (*heard)(void *arg, unsigned bucket, int64_t seq, struct str orders); /* feed_on_change */
    loop_fn *heard_anew;
    void *heard_arg;
    bool waited;        /* the loop runs until it is ready */
    bool waited_loaded; /* or not durable */
    bool closing;       /* nothing is sent any more */
    bool closed;        /* freed when the last of check and guesses has reported */
};

enum store_need {
    STORE_NEED_LOADED, /* the functions are there */
    STORE_NEED_ANYWAY, /* the same for what is written: it must happen, also where a power cut may take it back */
    STORE_NEED_CHANGE, /* durable, but may be out of memory: steps go on (allow-oom) */
    STORE_NEED_READY   /* accept: nothing less */
};

/* FCALL function 1 ms:{NN}; add arguments with link_arg. key lives as long as the call. */
void store_call_begin(struct link_call *call, const char *function, unsigned bucket,
                      char key[STORE_BUCKET_KEY_BYTES]);
/* Sends, or reports OP_DOWN or OP_REFUSED in a later turn. done gets a redisReply (link_send). */
void store_send(struct store *store, enum store_need need, const struct link_call *call,
                op_done_fn *done, void *arg);
/* Waits until the replicas have what was written (replicated:N). OP_REFUSED when too few do. again: nothing was written just now (a repeat). */
void store_confirm(struct store *store, unsigned bucket, bool again, op_done_fn *done, void *arg);
bool store_confirms(const struct store *store);
void store_write_texts(struct store *store);
/* After a check or a guess has reported: the last one frees a closed store. */
void store_release(struct store *store);
/* Redis refused: perhaps its state has changed. */
void store_doubt(struct store *store, const void *answer);

/* Reading answers: the shape is ours, so a wrong one is an error of the other side, never trusted. */
struct str reply_str(const redisReply *reply, size_t i); /* empty when absent or no text */
int64_t reply_number(const redisReply *reply,
                     size_t i); /* of an integer or decimal text; 0 otherwise */
bool reply_is(const redisReply *reply, const char *word); /* the first element */

#endif
