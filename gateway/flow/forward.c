#include "flow/forward.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "flow/breaker.h"
#include "flow/flight.h"
#include "flow/settling.h"
#include "flow/suspects.h"

enum {
    FORWARD_MAGIC = 0xF03A3D,
    LOOK_MS = 1000, /* wakes may be missed: every bucket is looked at */
    LEASE_SLACK_MS = 15000
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
    struct flight_line line;
    struct settling *settling;
    struct breaker breaker;
    struct suspects suspects;
    struct timer *look;
    struct lane lanes[BUCKETS];
    size_t first;      /* whose turn it is: no county may wait for another's backlog */
    int64_t in_flight; /* reserved, no verdict yet */
    int64_t promised;  /* asked for in reserves under way */
};

static queue_reserve_done_fn on_reserved;
static flight_landed_fn on_landed;
static loop_fn on_look;
static queue_counts_done_fn on_counts;
static void on_woken(void *arg, unsigned bucket);
static void on_settled(void *arg, unsigned bucket);

static bool start_upstream(struct forward *forward, struct err *err)
{
    const struct options *options = &forward->setup->options;
    const struct fetch_options fetching = {
        .ca_file = options->upstream.ca_file,
        .client_cert = options->upstream.client_cert,
        .client_key = options->upstream.client_key,
        .connections_max = options->forward.window + 1,
    };
    forward->line.outgoing = outgoing_load(forward->setup, err);
    if (forward->line.outgoing == NULL) {
        return false;
    }
    forward->line.fetcher = fetcher_new(forward->loop, &fetching, err);
    if (forward->line.fetcher == NULL) {
        return false;
    }
    forward->line.access = access_token_new(forward->setup, forward->line.outgoing,
                                            forward->line.fetcher, forward->loop);
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
    forward->line.setup = setup;
    forward->line.rules = outgoing_verdict_rules(&setup->options);
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
    forward->line.stopping = true;
}

bool forward_idle(const struct forward *forward)
{
    return forward->in_flight == 0 && forward->promised == 0 && settling_idle(forward->settling);
}

void forward_abandon(struct forward *forward)
{
    if (forward != NULL) {
        forward->line.stopping = true;
        settling_close(forward->settling);
        fetcher_free(
            &forward->line
                 .fetcher); /* each flight ends here, unsettled: its lease brings it back */
        access_token_free(&forward->line.access);
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
    outgoing_free(&forward->line.outgoing);
    forward->magic = 0;
    free(forward);
    *forward_at = NULL;
}

/* Reserving -------------------------------------------------------------------------------------------------------- */

static int64_t lease_ms(const struct forward *forward)
{
    /* a token may have to be asked for first, and once more */
    bool asks = outgoing_auth(forward->line.outgoing) == OUTGOING_TOKEN_REQUEST;
    return forward->setup->options.upstream.timeout_ms * (asks ? 4 : 1) + LEASE_SLACK_MS;
}

static void pump(struct lane *lane)
{
    struct forward *forward = lane->forward;
    if (forward == NULL || forward->line.stopping || lane->asking) {
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
    if (status == OP_OK && counts->delivered_ago_ms >= 0 && forward->line.delivered_wall_ms == 0) {
        forward->line.delivered_wall_ms = clock_wall_ms() - counts->delivered_ago_ms;
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

/* Flights ------------------------------------------------------------------------------------------------------------ */

static void on_reserved(void *arg, enum op_status status, const struct queue_job *jobs,
                        size_t count, int64_t next_due_ms)
{
    struct lane *lane = arg;
    struct forward *forward = lane->forward;
    CHECK_OBJ(forward, FORWARD_MAGIC);
    size_t taken = status == OP_OK ? count : 0;
    lane->asking = false;
    forward->promised -= lane->promised;
    forward->in_flight += (int64_t)taken; /* all of them before one lands */
    for (size_t i = 0; i < taken; i++) {
        flight_begin(&forward->line, lane->bucket, &jobs[i], on_landed, forward);
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

static void pass(struct forward *forward)
{
    if (breaker_pass(&forward->breaker)) {
        log_event(LOG_LEVEL_INFO, "breaker", "state=closed");
        say_upstream("");
        metrics_slot()->breaker_open = 0;
        all_hungry(forward);
    }
}

static void count_landing(struct forward *forward, const struct flight_end *end)
{
    const struct queue_result *result = &end->result;
    if (result->outcome == QUEUE_BURY) {
        metrics_add(METRIC_EVENTS_BURIED, 1);
    } else if (result->outcome == QUEUE_LATER || result->outcome == QUEUE_PUT_OFF) {
        metrics_add(METRIC_EVENTS_LATER, 1);
        say_upstream(result->words);
    } else if (result->outcome == QUEUE_DELIVERED) {
        metrics_add(METRIC_EVENTS_DELIVERED, 1);
        forward->line.delivered_wall_ms = clock_wall_ms();
        if (forward->breaker.state == BREAKER_CLOSED) {
            say_upstream("");
        }
    }
}

/* Others are delivered and this one is refused again as if we were misconfigured: it waits longer each time, and the breaker hears nothing of it. */
static bool is_its_own_trouble(struct forward *forward, const struct flight_end *end,
                               struct flight_end *ret_put_off)
{
    const struct options *options = &forward->setup->options;
    uint64_t random;
    int64_t times = suspects_judge(&forward->suspects, end->result.id, end->result.at_ms,
                                   forward->line.delivered_wall_ms);
    if (times == 0) {
        return false;
    }
    rand_bytes(&random, sizeof random);
    *ret_put_off = *end;
    ret_put_off->kind = FLIGHT_LATER;
    ret_put_off->result.outcome = QUEUE_PUT_OFF;
    ret_put_off->result.delay_ms = retry_delay_ms(times, options->forward.breaker_open_ms,
                                                  options->forward.backoff_max_ms, random);
    log_event(LOG_LEVEL_WARNING, "suspect", "event=%.4s… times=%lld why=%s", end->result.id,
              (long long)times, end->result.words);
    return true;
}

static void on_landed(void *arg, const struct flight_end *end)
{
    struct forward *forward = arg;
    struct flight_end put_off;
    CHECK_OBJ(forward, FORWARD_MAGIC);
    bool own_trouble = end->kind == FLIGHT_MISTAKEN && is_its_own_trouble(forward, end, &put_off);
    if (own_trouble) {
        end = &put_off;
    }
    forward->in_flight--;
    count_landing(forward, end);
    if (end->kind == FLIGHT_MISTAKEN) {
        trip(forward, end->result.words);
    } else if (own_trouble) {
        /* as a probe it told nothing: the next one is another */
    } else if (end->kind != FLIGHT_UNSENT) { /* there the other side said nothing */
        pass(forward);
    }
    settling_add(forward->settling, end->bucket, &end->result);
    pump_hungry(forward);
}
