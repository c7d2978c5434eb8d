/*
 * link.h - one connection to Redis (hiredis), kept up: connects, authenticates, selects the database, reconnects with backoff for ever.
 *
 * hiredis 0.14 knows no time limits for asynchronous calls, so each call is an op (net/op.h) and a link whose peer has fallen silent is cut. Nothing
 * is freed inside its callbacks, and nothing is sent on a connection that is ending.
 */
#ifndef STORE_LINK_H
#define STORE_LINK_H

#include <hiredis/hiredis.h>

#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"
#include "net/op.h"

struct link;

struct link_options {
    const char *address; /* unix:PATH or HOST:PORT, numeric; [::1]:6379 */
    const char *user;
    const char *password;
    int64_t database;
    int64_t silence_ms; /* calls under way and nothing heard for so long: cut */
};

enum { LINK_SOCKET_PATH_MAX = 107, LINK_ARGS_MAX = 160, LINK_NUMBER_BYTES = 24 };

/* Strings are copied. changed: up, down, or another reason why not. */
struct link *link_new(struct loop *loop, const struct link_options *options, loop_fn *changed,
                      void *arg);
/* Calls under way report OP_LOST before this returns. */
void link_free(struct link **link);
bool link_up(const struct link *link);
bool link_denied(const struct link *link);     /* wrong password, or no right to PING or SELECT */
const char *link_why(const struct link *link); /* one sentence; "" when up */

struct link_call {
    int argc;
    const char *argv[LINK_ARGS_MAX];
    size_t lens[LINK_ARGS_MAX];
};

void link_arg(struct link_call *call, struct str arg);
void link_arg_text(struct link_call *call, const char *arg); /* NULL is the empty text */
/* room holds the digits until link_send. */
void link_arg_number(struct link_call *call, int64_t number, char room[LINK_NUMBER_BYTES]);

/* done gets a redisReply: with OP_OK anything but an error, with OP_REFUSED the error, else NULL. The arguments are copied. */
void link_send(struct link *link, int64_t deadline_ms, const struct link_call *call,
               op_done_fn *done, void *arg);

/* call: SUBSCRIBE and its channels (a pattern would need an ACL rule of its own), sent again after each reconnect. subscribed: the first channel
 * was confirmed, messages before it are lost. */
typedef void link_message_fn(void *arg, struct str channel, struct str message);
void link_subscribe(struct link *link, const struct link_call *call, link_message_fn *heard,
                    loop_fn *subscribed, void *arg);

/* Where an address points to; the blocking connection of the command line uses it as well. */
struct link_address {
    bool is_unix;
    char path_or_host[LINK_SOCKET_PATH_MAX + 1];
    int port;
};
bool link_parse_address(const char *address, struct link_address *ret, struct err *err) MUST_CHECK;

#endif
