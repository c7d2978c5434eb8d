/*
 * access_token.h - [upstream] auth = token-request: a bearer token asked for when one is needed, kept for token_ttl_s, asked for once more after a 401.
 */
#ifndef FLOW_ACCESS_TOKEN_H
#define FLOW_ACCESS_TOKEN_H

#include "flow/outgoing.h"
#include "net/fetch.h"

struct access_token;

struct access_token *access_token_new(const struct setup *setup, const struct outgoing *outgoing,
                                      struct fetcher *fetcher, struct loop *loop);
void access_token_free(
    struct access_token **token); /* after the fetcher: nothing is under way any more */
/* token NULL: could not be had; why says so. done is called at once when a token is at hand. */
typedef void access_token_done_fn(void *arg, const char *token, const char *why);
void access_token_get(struct access_token *token, access_token_done_fn *done, void *arg);
/* This one was refused: the next get asks for a new one. */
void access_token_drop(struct access_token *token, const char *refused);

#endif
