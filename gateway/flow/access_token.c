#include "flow/access_token.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "domain/json_pointer.h"

enum { ACCESS_MAGIC = 0xACCE55, TYPE_BYTES = 96, WHY_BYTES = 128, TOKEN_BYTES_MAX = 8000 };

struct waiter {
    struct waiter *next;
    access_token_done_fn *done;
    void *arg;
};

struct access_token {
    unsigned magic;
    const struct setup *setup;
    const struct outgoing *outgoing;
    struct fetcher *fetcher;
    struct loop *loop;
    char *text; /* NULL: none */
    int64_t until_ms;
    bool asking;
    struct waiter *waiters;
};

static fetch_done_fn on_answer;

struct access_token *access_token_new(const struct setup *setup, const struct outgoing *outgoing,
                                      struct fetcher *fetcher, struct loop *loop)
{
    struct access_token *token = mem_alloc(sizeof *token);
    token->magic = ACCESS_MAGIC;
    token->setup = setup;
    token->outgoing = outgoing;
    token->fetcher = fetcher;
    token->loop = loop;
    return token;
}

static void forget(struct access_token *token)
{
    if (token->text != NULL) {
        explicit_bzero(token->text, strlen(token->text));
        free(token->text);
        token->text = NULL;
    }
}

void access_token_free(struct access_token **token)
{
    if (*token != NULL) {
        CHECK((*token)->waiters == NULL);
        forget(*token);
        (*token)->magic = 0;
        free(*token);
        *token = NULL;
    }
}

static void ask(struct access_token *token)
{
    char type[TYPE_BYTES];
    const struct options *options = &token->setup->options;
    snprintf(type, sizeof type, "Content-Type: %s", outgoing_token_body_type(token->outgoing));
    const struct fetch_request request = {
        .method = "POST",
        .url = options->upstream.token_url,
        .headers = {type, "Accept: application/json"},
        .header_count = 2,
        .body = outgoing_token_body(token->outgoing),
        .timeout_ms = options->upstream.timeout_ms,
    };
    token->asking = true;
    fetch(token->fetcher, &request, on_answer, token);
}

void access_token_get(struct access_token *token, access_token_done_fn *done, void *arg)
{
    CHECK_OBJ(token, ACCESS_MAGIC);
    if (token->text != NULL && loop_now_ms(token->loop) < token->until_ms) {
        done(arg, token->text, "");
        return;
    }
    struct waiter *waiter = mem_alloc(sizeof *waiter);
    *waiter = (struct waiter){token->waiters, done, arg};
    token->waiters = waiter;
    if (!token->asking) {
        ask(token);
    }
}

void access_token_drop(struct access_token *token, const char *refused)
{
    if (token->text != NULL && refused != NULL && strcmp(token->text, refused) == 0) {
        forget(token);
    }
}

/* It becomes part of a header: a line break in it would begin another one. */
static bool fits_header(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7F) {
            return false;
        }
    }
    return len > 0 && len <= TOKEN_BYTES_MAX;
}

static void take(struct access_token *token, const struct fetch_answer *answer)
{
    json_t *json = json_loadb(answer->body.at ? answer->body.at : "", answer->body.len, 0, NULL);
    const json_t *value = json ? json_pointer_get(
                                     json, str_of(token->setup->options.upstream.token_pointer))
                               : NULL;
    const char *text = json_string_value(value);
    forget(token);
    if (text != NULL && fits_header(text)) {
        token->text = mem_strdup(text);
        token->until_ms = loop_now_ms(token->loop) +
                          token->setup->options.upstream.token_ttl_s * 1000;
    }
    json_decref(json);
}

static void on_answer(void *arg, const struct fetch_answer *answer)
{
    struct access_token *token = arg;
    char why[WHY_BYTES];
    CHECK_OBJ(token, ACCESS_MAGIC);
    token->asking = false;
    snprintf(why, sizeof why, "token request: %d %.64s", answer->status, answer->why);
    if (answer->status >= 200 && answer->status < 300) {
        take(token, answer);
    }
    struct waiter *waiter = token->waiters;
    token->waiters = NULL;
    while (waiter != NULL) {
        struct waiter *next = waiter->next;
        waiter->done(waiter->arg, token->text, why);
        free(waiter);
        waiter = next;
    }
}
