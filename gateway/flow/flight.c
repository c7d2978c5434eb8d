#include "flow/flight.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "crypto/seal.h"
#include "flow/hidden.h"
#include "flow/snapshot.h"

enum { FLIGHT_MAGIC = 0xF11847, HOUR_MS = 3600000 };

struct flight {
    unsigned magic;
    const struct flight_line *line;
    struct queue_job job;
    struct buf event; /* plain; wiped */
    char *bearer;
    bool token_renewed;
    struct flight_end end;
    flight_landed_fn *landed;
    void *arg;
};

static access_token_done_fn on_token;
static fetch_done_fn on_answer;
static void take_off(struct flight *flight);
static void land(struct flight *flight, enum flight_kind kind, enum queue_outcome outcome);
static void land_unsent(struct flight *flight, const char *words);

void flight_begin(const struct flight_line *line, unsigned bucket, const struct queue_job *job,
                  flight_landed_fn *landed, void *arg)
{
    struct flight *flight = mem_alloc(sizeof *flight);
    flight->magic = FLIGHT_MAGIC;
    flight->line = line;
    flight->job = *job;
    flight->job.sealed = (struct str){NULL, 0};
    flight->end.bucket = bucket;
    flight->landed = landed;
    flight->arg = arg;
    buf_init(&flight->event, SNAPSHOT_BYTES_MAX);
    if (seal_open(&line->setup->keyring, str_of(job->receipt), str_of(SNAPSHOT_EVENT), job->sealed,
                  &flight->event)) {
        take_off(flight);
    } else {
        land_unsent(flight, "the sealed event cannot be opened: a key is missing");
    }
}

static void launch(struct flight *flight, const char *bearer)
{
    const struct flight_line *line = flight->line;
    struct outgoing_request outgoing;
    struct err err = {""};
    const struct outgoing_event event = {
        .id = flight->job.id,
        .receipt = flight->job.receipt,
        .cloud_event = buf_str(&flight->event),
        .bearer = bearer,
        .now_wall_ms = clock_wall_ms(),
    };
    if (!outgoing_make(line->outgoing, &event, &outgoing, &err)) {
        outgoing_request_release(&outgoing);
        land_unsent(flight, err.text);
        return;
    }
    struct fetch_request request = {
        .method = "POST",
        .url = line->setup->options.upstream.url,
        .header_count = outgoing.header_count,
        .body = buf_str(&outgoing.body),
        .timeout_ms = line->setup->options.upstream.timeout_ms,
    };
    for (size_t i = 0; i < outgoing.header_count; i++) {
        request.headers[i] = buf_text(&outgoing.headers[i]);
    }
    fetch(line->fetcher, &request, on_answer, flight);
    outgoing_request_release(&outgoing);
}

static void take_off(struct flight *flight)
{
    if (outgoing_auth(flight->line->outgoing) == OUTGOING_TOKEN_REQUEST) {
        access_token_get(flight->line->access, on_token, flight);
    } else {
        launch(flight, NULL);
    }
}

static void on_token(void *arg, const char *token, const char *why)
{
    struct flight *flight = arg;
    CHECK_OBJ(flight, FLIGHT_MAGIC);
    if (token != NULL) {
        free(flight->bearer);
        flight->bearer = mem_strdup(token);
        launch(flight, flight->bearer);
        return;
    }
    struct queue_result *result = &flight->end.result;
    snprintf(result->words, sizeof result->words, "%s", why);
    land(flight, FLIGHT_MISTAKEN, QUEUE_RELEASE);
}

/* A token that was good may have ended on the other side: ask once for a new one before calling it misconfigured. */
static bool renew_token(struct flight *flight, int status, const struct verdict *verdict)
{
    const struct flight_line *line = flight->line;
    bool by_value = status >= 200 && status < 300 && verdict->kind == VERDICT_MISCONFIGURED;
    if ((status != 401 && !by_value) || flight->token_renewed || flight->bearer == NULL ||
        line->stopping) {
        return false;
    }
    flight->token_renewed = true;
    access_token_drop(line->access, flight->bearer);
    access_token_get(line->access, on_token, flight);
    return true;
}

/* The answer's words without what was sent about the person. */
static void judge(const struct flight *flight, const struct fetch_answer *answer,
                  struct verdict *verdict)
{
    struct hidden hidden;
    int64_t now_ms = clock_wall_ms();
    hidden_of(buf_str(&flight->event), &hidden);
    const struct verdict_answer heard = {
        .status = answer->status,
        .body = answer->body,
        .body_whole = answer->body_whole,
        .retry_after = answer->retry_after,
        .hidden = hidden.at,
        .hidden_count = hidden.count,
    };
    bool recently = now_ms - flight->line->delivered_wall_ms < DELIVERED_RECENTLY_MS;
    verdict_of(&flight->line->rules, &heard, recently, now_ms, verdict);
    hidden_release(&hidden);
    if (answer->status == 0) {
        snprintf(verdict->words, sizeof verdict->words, "%s", answer->why);
    }
}

static enum queue_outcome later(struct flight *flight, const struct verdict *verdict)
{
    const struct options *options = &flight->line->setup->options;
    struct queue_result *result = &flight->end.result;
    uint64_t random;
    if (flight->job.tried_ms > options->forward.give_up_hours * HOUR_MS) {
        snprintf(result->words, sizeof result->words, "gave up: %.200s", verdict->words);
        return QUEUE_BURY;
    }
    rand_bytes(&random, sizeof random);
    result->delay_said = verdict->retry_after_ms >= 0;
    result->delay_ms = result->delay_said ? verdict->retry_after_ms
                                          : retry_delay_ms(flight->job.attempts + 1,
                                                           options->forward.backoff_min_ms,
                                                           options->forward.backoff_max_ms, random);
    return QUEUE_LATER;
}

static void on_answer(void *arg, const struct fetch_answer *answer)
{
    struct flight *flight = arg;
    CHECK_OBJ(flight, FLIGHT_MAGIC);
    struct verdict *verdict = mem_alloc(sizeof *verdict);
    judge(flight, answer, verdict);
    if (renew_token(flight, answer->status, verdict)) {
        free(verdict);
        return;
    }
    struct queue_result *result = &flight->end.result;
    enum flight_kind kind = FLIGHT_LATER;
    enum queue_outcome outcome = QUEUE_LATER;
    result->status = answer->status;
    snprintf(result->words, sizeof result->words, "%s", verdict->words);
    switch (verdict->kind) {
    case VERDICT_DELIVERED:
        kind = FLIGHT_DELIVERED;
        outcome = QUEUE_DELIVERED;
        memcpy(result->upstream_id, verdict->upstream_id, sizeof result->upstream_id);
        break;
    case VERDICT_REFUSED:
        kind = FLIGHT_REFUSED;
        outcome = QUEUE_BURY;
        break;
    case VERDICT_MISCONFIGURED:
        kind = FLIGHT_MISTAKEN;
        outcome = QUEUE_RELEASE;
        break;
    case VERDICT_LATER:
        outcome = later(flight, verdict);
        break;
    }
    log_event(outcome == QUEUE_BURY ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "forward",
              "receipt=%s status=%d verdict=%s took_ms=%lld why=%s",
              log_receipt(flight->job.receipt).text, answer->status, verdict_name(verdict->kind),
              (long long)answer->took_ms, kind == FLIGHT_DELIVERED ? "" : result->words);
    free(verdict);
    land(flight, kind, outcome);
}

static void land_unsent(struct flight *flight, const char *words)
{
    struct queue_result *result = &flight->end.result;
    snprintf(result->words, sizeof result->words, "%s", words);
    log_event(LOG_LEVEL_ERROR, "buried", "receipt=%s why=%s", log_receipt(flight->job.receipt).text,
              words);
    land(flight, FLIGHT_UNSENT, QUEUE_BURY);
}

static void land(struct flight *flight, enum flight_kind kind, enum queue_outcome outcome)
{
    struct queue_result *result = &flight->end.result;
    flight->end.kind = kind;
    result->outcome = outcome;
    memcpy(result->id, flight->job.id, sizeof result->id);
    result->fence = flight->job.fence;
    result->at_ms = clock_wall_ms();
    flight->landed(flight->arg, &flight->end);
    if (flight->event.at != NULL) {
        explicit_bzero(flight->event.at, flight->event.room);
    }
    buf_release(&flight->event);
    free(flight->bearer);
    flight->magic = 0;
    free(flight);
}
