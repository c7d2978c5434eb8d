/* `mashang upstream try`: what would be sent for a sample report, and what the answer would mean. */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "domain/verdict.h"
#include "flow/access_token.h"
#include "flow/forward.h"
#include "flow/outgoing.h"
#include "flow/sample.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_CONFIG = 78, MASKED_SHOWN = 6, URL_BYTES_MAX = 4096 };

struct attempt {
    const struct setup *setup;
    struct loop *loop;
    struct outgoing *outgoing;
    struct fetcher *fetcher;
    struct access_token *access;
    struct outgoing_request request;
    struct sample sample;
    bool as_json;
    json_t *said; /* with --json: one text, printed at the end */
    int exit_code;
};

static access_token_done_fn on_token;
static fetch_done_fn on_answer;

/* What is not ours to know is shown by its first characters only: signatures, tokens, and every line of headers_file. */
static struct str shown(struct str header, bool *ret_masked)
{
    static const char *const plain[] = {
        "Content-Type:", "Idempotency-Key:", "traceparent:", "webhook-id:", "webhook-timestamp:"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (str_starts(header, str_of(plain[i]))) {
            *ret_masked = false;
            return header;
        }
    }
    *ret_masked = true;
    return str_sub(header, 0, (size_t)str_find_char(header, ':') + MASKED_SHOWN);
}

/* The address without a name and password before its host. */
static void url_shown(const char *url, struct buf *to)
{
    struct str rest = str_of(url);
    ptrdiff_t host = str_find(rest, STR("//"));
    ptrdiff_t at = str_find_char(rest, '@');
    buf_init(to, URL_BYTES_MAX);
    if (host >= 0 && at > host) {
        buf_put(to, str_sub(rest, 0, (size_t)host + 2));
        buf_puts(to, "…");
        rest = str_from(rest, (size_t)at);
    }
    buf_put(to, rest);
}

static void print_request(struct attempt *attempt)
{
    struct buf url;
    json_t *headers = json_array();
    url_shown(attempt->setup->options.upstream.url, &url);
    if (!attempt->as_json) {
        printf("POST %s\n", buf_text(&url));
    }
    for (size_t i = 0; i < attempt->request.header_count; i++) {
        bool masked;
        struct str line = shown(buf_str(&attempt->request.headers[i]), &masked);
        json_array_append_new(headers, json_stringn(line.at, line.len));
        if (!attempt->as_json) {
            printf("%.*s%s\n", STR_ARG(line), masked ? "…" : "");
        }
    }
    if (!attempt->as_json) {
        printf("\n%s\n", buf_text(&attempt->request.body));
    }
    attempt->said = json_pack("{s:s, s:s, s:o, s:s}", "method", "POST", "url", buf_text(&url),
                              "headers", headers, "body", buf_text(&attempt->request.body));
    CHECK(attempt->said != NULL);
    buf_release(&url);
}

static void print_verdict(const struct attempt *attempt, const struct fetch_answer *answer,
                          const struct verdict *verdict)
{
    const char *words = answer->status == 0 ? answer->why : verdict->words;
    json_object_set_new(attempt->said, "answer",
                        json_pack("{s:i, s:s, s:s, s:s, s:I}", "status", answer->status, "verdict",
                                  verdict_name(verdict->kind), "words", words, "upstream_id",
                                  verdict->upstream_id, "took_ms", (json_int_t)answer->took_ms));
    if (!attempt->as_json) {
        if (answer->status == 0) {
            printf("\nno answer in %lld ms: %s\n%s\n", (long long)answer->took_ms,
                   verdict_name(verdict->kind), words);
        } else {
            printf("\nanswer %d in %lld ms: %s\n%s\n", answer->status, (long long)answer->took_ms,
                   verdict_name(verdict->kind), words);
        }
    }
}

static void end(struct attempt *attempt, int exit_code)
{
    attempt->exit_code = exit_code;
    loop_stop(attempt->loop);
}

static void on_answer(void *arg, const struct fetch_answer *answer)
{
    struct attempt *attempt = arg;
    const struct verdict_rules rules = outgoing_verdict_rules(&attempt->setup->options);
    const struct verdict_answer heard = {
        .status = answer->status,
        .body = answer->body,
        .body_whole = answer->body_whole,
        .retry_after = answer->retry_after,
    };
    struct verdict verdict;
    verdict_of(&rules, &heard, false, clock_wall_ms(), &verdict);
    print_verdict(attempt, answer, &verdict);
    end(attempt, verdict.kind == VERDICT_DELIVERED ? EXIT_DONE : EXIT_FAILED);
}

static void send(struct attempt *attempt)
{
    struct fetch_request request = {
        .method = "POST",
        .url = attempt->setup->options.upstream.url,
        .header_count = attempt->request.header_count,
        .body = buf_str(&attempt->request.body),
        .timeout_ms = attempt->setup->options.upstream.timeout_ms,
    };
    for (size_t i = 0; i < attempt->request.header_count; i++) {
        request.headers[i] = buf_text(&attempt->request.headers[i]);
    }
    fetch(attempt->fetcher, &request, on_answer, attempt);
}

static bool make(struct attempt *attempt, const char *bearer)
{
    const struct outgoing_event event = {
        .id = attempt->sample.id,
        .receipt = SAMPLE_RECEIPT,
        .cloud_event = str_of(attempt->sample.text),
        .bearer = bearer,
        .now_wall_ms = clock_wall_ms(),
    };
    struct err err;
    if (!outgoing_make(attempt->outgoing, &event, &attempt->request, &err)) {
        fprintf(stderr, "mashang: %s\n", err.text);
        return false;
    }
    print_request(attempt);
    return true;
}

static void on_token(void *arg, const char *token, const char *why)
{
    struct attempt *attempt = arg;
    if (token == NULL) {
        fprintf(stderr, "mashang: %s\n", why);
        end(attempt, EXIT_FAILED);
    } else if (make(attempt, token)) {
        send(attempt);
    } else {
        end(attempt, EXIT_FAILED);
    }
}

static bool start(struct attempt *attempt, struct err *err)
{
    const struct options *options = &attempt->setup->options;
    const struct fetch_options fetching = {
        .ca_file = options->upstream.ca_file,
        .client_cert = options->upstream.client_cert,
        .client_key = options->upstream.client_key,
        .connections_max = 1,
    };
    if (options->upstream.url[0] == '\0') {
        return err_set(err, "upstream.url: empty: every event is held");
    }
    attempt->outgoing = outgoing_load(attempt->setup, err);
    attempt->fetcher = attempt->outgoing ? fetcher_new(attempt->loop, &fetching, err) : NULL;
    if (attempt->fetcher != NULL) {
        attempt->access = access_token_new(attempt->setup, attempt->outgoing, attempt->fetcher,
                                           attempt->loop);
    }
    return attempt->fetcher != NULL;
}

int forward_try(const struct setup *setup, const char *kind, bool send_it, bool json)
{
    struct attempt attempt = {
        .setup = setup, .loop = loop_new(), .as_json = json, .exit_code = EXIT_DONE};
    struct err err;
    sample_event(setup, kind, &attempt.sample);
    if (!start(&attempt, &err)) {
        fprintf(stderr, "mashang: %s\n", err.text);
        attempt.exit_code = EXIT_CONFIG;
    } else if (send_it && outgoing_auth(attempt.outgoing) == OUTGOING_TOKEN_REQUEST) {
        access_token_get(attempt.access, on_token, &attempt);
        loop_run(attempt.loop);
    } else if (!make(&attempt, NULL)) {
        attempt.exit_code = EXIT_FAILED;
    } else if (send_it) {
        send(&attempt);
        loop_run(attempt.loop);
    }
    if (json && attempt.said != NULL) {
        json_dumpf(attempt.said, stdout, JSON_COMPACT);
        printf("\n");
    }
    json_decref(attempt.said);
    outgoing_request_release(&attempt.request);
    fetcher_free(&attempt.fetcher);
    access_token_free(&attempt.access);
    outgoing_free(&attempt.outgoing);
    loop_free(&attempt.loop);
    sample_release(&attempt.sample);
    return attempt.exit_code;
}
