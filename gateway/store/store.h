/*
 * store.h - the one door to Redis for flow: a connection, its health, and whether it is durable enough to accept.
 *
 * Everything asynchronous has the promises of net/op.h. Keys are named in store/keys.h, functions in store/store.lua (versioned names). Redis TIME
 * rules due times and leases. Several gateways may share one Redis.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"
#include "net/op.h"

struct store;

struct store_options {
    const char *
        address; /* unix:PATH, HOST:PORT (numeric), or private:FOLDER, which brings user and password (store/private.h) */
    const char *user;     /* "" : default */
    const char *password; /* "" : none */
    int64_t database;
    const char *durability; /* fsync | replicated:N | declared | none */
    int64_t timeout_ms;     /* for one call */
};

enum store_health {
    STORE_READY,
    STORE_CONNECTING,  /* or away */
    STORE_NOT_DURABLE, /* answers, but what it writes may be lost: nothing is accepted */
    STORE_NOT_LOADED,  /* store.lua is not there, or an older or newer schema */
    STORE_DENIED       /* wrong password or missing rights */
};

/* Connects by itself and reconnects with backoff for ever. */
struct store *store_new(struct loop *loop, const struct store_options *options);
void store_free(struct store **store);
enum store_health store_health(const struct store *store);
const char *store_health_why(
    const struct store *store); /* one sentence for /readyz and the log, never a secret */
/* Called after each change of health; may be NULL. */
void store_on_health(struct store *store, loop_fn *changed, void *arg);
const char *store_epoch(const struct store *store); /* "" until ready */

/* For the command line and tests: runs the loop until ready or until deadline_ms (on loop_now_ms's clock). */
bool store_wait(struct store *store, int64_t deadline_ms, struct err *err) MUST_CHECK;
/* The same, content with a store that is full or not durable: it can be looked at, and more is done than is refused (STORE_NOT_DURABLE). */
bool store_wait_loaded(struct store *store, int64_t deadline_ms, struct err *err) MUST_CHECK;
/* `mashang store load`: puts store.lua there (FUNCTION LOAD REPLACE) and the schema number and epoch where missing. */
bool store_load_functions(const struct store_options *deploy_user, struct err *err) MUST_CHECK;
/* `mashang store restored`: the same, with a new epoch. A gateway that runs knows it within a minute, or when it connects anew. */
bool store_restored(const struct store_options *deploy_user, struct err *err) MUST_CHECK;

#endif
