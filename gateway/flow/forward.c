#include "flow/forward.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "crypto/seal.h"
#include "domain/verdict.h"
#include "flow/access_token.h"
#include "flow/breaker.h"
#include "flow/hidden.h"
#include "flow/outgoing.h"
#include "flow/settling.h"
#include "flow/snapshot.h"
#include "store/queue.h"

enum {
    FORWARD_MAGIC = 0xF03A3D,
    FLIGHT_MAGIC = 0xF11847,
    EVENT_BYTES_MAX = 65536,
    LOOK_MS = 1000, /* wakes may be missed: every bucket is looked at */
    LEASE_SLACK_MS = 15000,
    HOUR_MS = 3600000
};

struct lane { /* one bucket */
    struct forward *forward;
    unsigned bucket;
    bool asking;      /* a reserve is under way */
    bool hungry;      /* there may be more */
    int64_t promised; /* how many that reserve may bring */
};

struct forward {
    unsigned magic;
    struct loop *loop;
    const struct setup *setup;
    struct store *store;
    struct outgoing *outgoing;
    struct fetcher *fetcher;
    struct access_token *access;
    struct settling *settling;
    struct breaker breaker;
    struct verdict_rules rules;
    struct timer *look;
    struct lane lanes[BUCKETS];
    size_t first;      /* whose turn it is: no county may wait for another's backlog */
    int64_t in_flight; /* reserved, no verdict yet */
    int64_t promised;  /* asked for in reserves under way */
    int64_t delivered_wall_ms;
    bool stopping;
};

/* One event on its way. */
struct flight {
    unsigned magic;
    struct forward *forward;
    unsigned bucket;
    struct queue_job job;
    struct buf event; /* plain; wiped */
    char *bearer;
    bool token_renewed;
};

static queue_reserve_done_fn on_reserved;
static access_token_done_fn on_token;
static fetch_done_fn on_answer;
static loop_fn on_look;
static queue_counts_done_fn on_counts;
static void on_woken(void *arg, unsigned bucket);
static void on_settled(void *arg, unsigned bucket);

bool forward_check(const struct setup *setup, struct err *err)
{
    if (setup->options.upstream.url[0] == '\0') {
        return true;
    }
    struct outgoing *outgoing = outgoing_load(setup, err);
    bool good = outgoing != NULL;
    outgoing_free(&outgoing);
    return good;
}

static bool start_upstream(struct forward *forward, struct err *err)
{
    const struct options *options = &forward->setup->options;
    const struct fetch_options fetching = {
        .ca_file = options->upstream.ca_file,
        .client_cert = options->upstream.client_cert,
        .client_key = options->upstream.client_key,
        .connections_max = options->forward.window + 1,
    };
    forward->outgoing = outgoing_load(forward->setup, err);
    if (forward->outgoing == NULL) {
        return false;
    }
    forward->fetcher = fetcher_new(forward->loop, &fetching, err);
    if (forward->fetcher == NULL) {
        return false;
    }
    forward->access = access_token_new(forward->setup, forward->outgoing, forward->fetcher,
                                       forward->loop);
    forward->look = timer_new(forward->loop, on_look, forward);
    timer_set(forward->look, 0);
    queue_on_wake(forward->store, on_woken, forward);
    queue_counts(forward->store, forward->setup->buckets, forward->setup->bucket_count, on_counts,
                 forward);
    return true;
}

struct forward *forward_new(struct loop *loop, const struct setup *setup, struct store *store,
                            struct err *err)
{
    struct forward *forward = mem_alloc(sizeof *forward);
    forward->magic = FORWARD_MAGIC;
    forward->loop = loop;
    forward->setup = setup;
    forward->store = store;
    forward->rules = outgoing_verdict_rules(&setup->options);
    forward->breaker.open_ms = setup->options.forward.breaker_open_ms;
    forward->settling = settling_new(loop, store, on_settled, forward);
    for (size_t i = 0; i < setup->bucket_count; i++) {
        unsigned bucket = setup->buckets[i];
        forward->lanes[bucket] = (struct lane){.forward = forward, .bucket = bucket};
    }
    if (setup->options.upstream.url[0] != '\0' && !start_upstream(forward, err)) {
        forward_free(&forward);
    }
    return forward;
}

void forward_stop(struct forward *forward)
{
    CHECK_OBJ(forward, FORWARD_MAGIC);
    forward->stopping = true;
}

bool forward_idle(const struct forward *forward)
{
    return forward->in_flight == 0 && forward->promised == 0 && settling_idle(forward->settling);
}

void forward_abandon(struct forward *forward)
{
    if (forward != NULL) {
        forward->stopping = true;
        settling_close(forward->settling);
        fetcher_free(
            &forward->fetcher); /* each flight ends here, unsettled: its lease brings it back */
        access_token_free(&forward->access);
    }
}

void forward_free(struct forward **forward_at)
{
    struct forward *forward = *forward_at;
    if (forward == NULL) {
        return;
    }
    forward_abandon(forward);
    settling_free(&forward->settling);
    timer_free(&forward->look);
    outgoing_free(&forward->outgoing);
    forward->magic = 0;
    free(forward);
    *forward_at = NULL;
}

/* Reserving -------------------------------------------------------------------------------------------------------- */

static int64_t lease_ms(const struct forward *forward)
{
    /* a token may have to be asked for first, and once more */
    bool asks = outgoing_auth(forward->outgoing) == OUTGOING_TOKEN_REQUEST;
    return forward->setup->options.upstream.timeout_ms * (asks ? 4 : 1) + LEASE_SLACK_MS;
}

static void pump(struct lane *lane)
{
    struct forward *forward = lane->forward;
    if (forward == NULL || forward->stopping || lane->asking) {
        return;
    }
    const struct options *options = &forward->setup->options;
    int64_t busy = forward->in_flight + forward->promised;
    int64_t room = breaker_allows(&forward->breaker, options->forward.window - busy, busy,
                                  loop_now_ms(forward->loop));
    if (room <= 0) {
        lane->hungry = true;
        return;
    }
    int64_t most = room < QUEUE_BATCH_MAX ? room : QUEUE_BATCH_MAX;
    lane->asking = true;
    lane->hungry = false;
    lane->promised = most;
    forward->promised += most;
    queue_reserve(forward->store, lane->bucket, most, options->forward.window, lease_ms(forward),
                  options->forward.backoff_max_ms, on_reserved, lane);
}

static void pump_hungry(struct forward *forward)
{
    size_t count = forward->setup->bucket_count;
    CHECK(count > 0);
    for (size_t i = 0; i < count; i++) {
        unsigned bucket = forward->setup->buckets[(forward->first + i) % count];
        if (forward->lanes[bucket].hungry) {
            pump(&forward->lanes[bucket]);
        }
    }
    forward->first = (forward->first + 1) % count;
}

static void all_hungry(struct forward *forward)
{
    for (size_t i = 0; i < forward->setup->bucket_count; i++) {
        forward->lanes[forward->setup->buckets[i]].hungry = true;
    }
}

static void on_woken(void *arg, unsigned bucket)
{
    struct forward *forward = arg;
    CHECK_OBJ(forward, FORWARD_MAGIC);
    struct lane *lane = &forward->lanes[bucket];
    lane->hungry = true;
    pump(lane);
}

static void on_settled(void *arg, unsigned bucket)
{
    on_woken(arg, bucket);
}

static void on_counts(void *arg, enum op_status status, const struct queue_counts *counts)
{
    struct forward *forward = arg;
    CHECK_OBJ(forward, FORWARD_MAGIC);
    if (status == OP_OK && counts->delivered_ago_ms >= 0 && forward->delivered_wall_ms == 0) {
        forward->delivered_wall_ms = clock_wall_ms() - counts->delivered_ago_ms;
    }
}

static void on_look(void *arg)
{
    struct forward *forward = arg;
    CHECK_OBJ(forward, FORWARD_MAGIC);
    all_hungry(forward);
    pump_hungry(forward);
    /* many buckets are looked at less often: their wakes still come at once */
    timer_set(forward->look, LOOK_MS + 40 * (int64_t)forward->setup->bucket_count);
}

/* One event ---------------------------------------------------------------------------------------------------------- */

static void land(struct flight *flight, struct queue_result *result)
{
    struct forward *forward = flight->forward;
    memcpy(result->id, flight->job.id, sizeof result->id);
    result->fence = flight->job.fence;
    result->at_ms = clock_wall_ms();
    forward->in_flight--;
    settling_add(forward->settling, flight->bucket, result);
    if (flight->event.at != NULL) {
        explicit_bzero(flight->event.at, flight->event.room);
    }
    buf_release(&flight->event);
    free(flight->bearer);
    flight->magic = 0;
    free(flight);
}

static void bury(struct flight *flight, const char *words)
{
    struct queue_result result = {.outcome = QUEUE_BURY};
    snprintf(result.words, sizeof result.words, "%s", words);
    metrics_add(METRIC_EVENTS_BURIED, 1);
    log_event(LOG_LEVEL_ERROR, "buried", "receipt=%s why=%s", log_receipt(flight->job.receipt).text,
              words);
    land(flight, &result);
}

static void launch(struct flight *flight, const char *bearer)
{
    struct forward *forward = flight->forward;
    struct outgoing_request outgoing;
    struct err err = {""};
    const struct outgoing_event event = {
        .id = flight->job.id,
        .receipt = flight->job.receipt,
        .cloud_event = buf_str(&flight->event),
        .bearer = bearer,
        .now_wall_ms = clock_wall_ms(),
    };
    if (!outgoing_make(forward->outgoing, &event, &outgoing, &err)) {
        outgoing_request_release(&outgoing);
        bury(flight, err.text);
        return;
    }
    struct fetch_request request = {
        .method = "POST",
        .url = forward->setup->options.upstream.url,
        .header_count = outgoing.header_count,
        .body = buf_str(&outgoing.body),
        .timeout_ms = forward->setup->options.upstream.timeout_ms,
    };
    for (size_t i = 0; i < outgoing.header_count; i++) {
        request.headers[i] = buf_text(&outgoing.headers[i]);
    }
    fetch(forward->fetcher, &request, on_answer, flight);
    outgoing_request_release(&outgoing);
}

static void take_off(struct flight *flight)
{
    struct forward *forward = flight->forward;
    if (outgoing_auth(forward->outgoing) == OUTGOING_TOKEN_REQUEST) {
        access_token_get(forward->access, on_token, flight);
    } else {
        launch(flight, NULL);
    }
}

static void begin(struct lane *lane, const struct queue_job *job)
{
    struct forward *forward = lane->forward;
    struct flight *flight = mem_alloc(sizeof *flight);
    flight->magic = FLIGHT_MAGIC;
    flight->forward = forward;
    flight->bucket = lane->bucket;
    flight->job = *job;
    flight->job.sealed = (struct str){NULL, 0};
    buf_init(&flight->event, EVENT_BYTES_MAX);
    forward->in_flight++;
    if (seal_open(&forward->setup->keyring, str_of(job->receipt), str_of(SNAPSHOT_EVENT),
                  job->sealed, &flight->event)) {
        take_off(flight);
    } else {
        bury(flight, "the sealed event cannot be opened: a key is missing");
    }
}

static void on_reserved(void *arg, enum op_status status, const struct queue_job *jobs,
                        size_t count, int64_t next_due_ms)
{
    struct lane *lane = arg;
    struct forward *forward = lane->forward;
    CHECK_OBJ(forward, FORWARD_MAGIC);
    lane->asking = false;
    forward->promised -= lane->promised;
    for (size_t i = 0; status == OP_OK && i < count; i++) {
        begin(lane, &jobs[i]);
    }
    if (status == OP_OK && (int64_t)count == lane->promised) {
        lane->hungry = true;
    } else if (status == OP_OK && next_due_ms >= 0 && next_due_ms < LOOK_MS) {
        timer_set(forward->look, next_due_ms + 1);
    }
    /* what this bucket did not take is another's: the one probe of a half-open breaker too */
    pump_hungry(forward);
}

static void say_upstream(const char *why)
{
    struct metrics_slot *slot = metrics_slot();
    snprintf(slot->upstream_why, sizeof slot->upstream_why, "%.120s", why);
}

static void trip(struct forward *forward, const char *why)
{
    metrics_add(METRIC_EVENTS_MISCONFIGURED, 1);
    if (breaker_trip(&forward->breaker, loop_now_ms(forward->loop))) {
        metrics_add(METRIC_BREAKER_OPENED, 1);
        log_event(LOG_LEVEL_ERROR, "breaker", "state=open why=%s", why);
    }
    metrics_slot()->breaker_open = 1;
    say_upstream(why);
}

static void on_token(void *arg, const char *token, const char *why)
{
    struct flight *flight = arg;
    CHECK_OBJ(flight, FLIGHT_MAGIC);
    struct forward *forward = flight->forward;
    if (token != NULL) {
        free(flight->bearer);
        flight->bearer = mem_strdup(token);
        launch(flight, flight->bearer);
        return;
    }
    struct queue_result result = {.outcome = QUEUE_RELEASE};
    trip(forward, why);
    snprintf(result.words, sizeof result.words, "%s", why);
    land(flight, &result);
}

/* Verdicts ------------------------------------------------------------------------------------------------------------- */

static void pass(struct forward *forward)
{
    if (breaker_pass(&forward->breaker)) {
        log_event(LOG_LEVEL_INFO, "breaker", "state=closed");
        say_upstream("");
        metrics_slot()->breaker_open = 0;
        all_hungry(forward);
    }
}

static bool gives_up(const struct flight *flight)
{
    int64_t age_ms = clock_wall_ms() - flight->job.made_ms;
    return age_ms > flight->forward->setup->options.forward.give_up_hours * HOUR_MS;
}

static void judge_later(const struct flight *flight, const struct verdict *verdict,
                        struct queue_result *result)
{
    const struct options *options = &flight->forward->setup->options;
    uint64_t random;
    if (gives_up(flight)) {
        result->outcome = QUEUE_BURY;
        snprintf(result->words, sizeof result->words, "gave up: %.200s", verdict->words);
        metrics_add(METRIC_EVENTS_BURIED, 1);
        return;
    }
    rand_bytes(&random, sizeof random);
    result->outcome = QUEUE_LATER;
    result->delay_said = verdict->retry_after_ms >= 0;
    result->delay_ms = result->delay_said ? verdict->retry_after_ms
                                          : retry_delay_ms(flight->job.attempts + 1,
                                                           options->forward.backoff_min_ms,
                                                           options->forward.backoff_max_ms, random);
    metrics_add(METRIC_EVENTS_LATER, 1);
    say_upstream(verdict->words);
}

static void judge(struct flight *flight, const struct verdict *verdict, struct queue_result *result)
{
    struct forward *forward = flight->forward;
    snprintf(result->words, sizeof result->words, "%s", verdict->words);
    switch (verdict->kind) {
    case VERDICT_MISCONFIGURED:
        result->outcome = QUEUE_RELEASE;
        trip(forward, verdict->words);
        return;
    case VERDICT_DELIVERED:
        result->outcome = QUEUE_DELIVERED;
        memcpy(result->upstream_id, verdict->upstream_id, sizeof result->upstream_id);
        forward->delivered_wall_ms = clock_wall_ms();
        metrics_add(METRIC_EVENTS_DELIVERED, 1);
        if (forward->breaker.state == BREAKER_CLOSED) {
            say_upstream("");
        }
        break;
    case VERDICT_REFUSED:
        result->outcome = QUEUE_BURY;
        metrics_add(METRIC_EVENTS_BURIED, 1);
        break;
    case VERDICT_LATER:
        judge_later(flight, verdict, result);
        break;
    }
    pass(forward);
}

/* A token that was good may have ended on the other side: ask once for a new one before calling it misconfigured. */
static bool renew_token(struct flight *flight, int status)
{
    struct forward *forward = flight->forward;
    if (status != 401 || flight->token_renewed || flight->bearer == NULL) {
        return false;
    }
    flight->token_renewed = true;
    access_token_drop(forward->access, flight->bearer);
    access_token_get(forward->access, on_token, flight);
    return true;
}

static void on_answer(void *arg, const struct fetch_answer *answer)
{
    struct flight *flight = arg;
    CHECK_OBJ(flight, FLIGHT_MAGIC);
    struct forward *forward = flight->forward;
    int64_t now_ms = clock_wall_ms();
    if (forward->stopping == false && renew_token(flight, answer->status)) {
        return;
    }
    struct hidden hidden;
    hidden_of(buf_str(&flight->event), &hidden);
    const struct verdict_answer heard = {
        .status = answer->status,
        .body = answer->body,
        .body_whole = answer->body_whole,
        .retry_after = answer->retry_after,
        .hidden = hidden.at,
        .hidden_count = hidden.count,
    };
    struct verdict *verdict = mem_alloc(sizeof *verdict);
    bool recently = now_ms - forward->delivered_wall_ms < DELIVERED_RECENTLY_MS;
    verdict_of(&forward->rules, &heard, recently, now_ms, verdict);
    hidden_release(&hidden);
    if (answer->status == 0) {
        snprintf(verdict->words, sizeof verdict->words, "%s", answer->why);
    }
    struct queue_result *result = mem_alloc(sizeof *result);
    result->status = answer->status;
    judge(flight, verdict, result);
    enum log_level level = result->outcome == QUEUE_BURY ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG;
    log_event(level, "forward", "receipt=%s status=%d verdict=%s took_ms=%lld why=%s",
              log_receipt(flight->job.receipt).text, answer->status, verdict_name(verdict->kind),
              (long long)answer->took_ms, verdict->kind == VERDICT_DELIVERED ? "" : result->words);
    land(flight, result);
    free(result);
    free(verdict);
    pump_hungry(forward);
}
