#include "flow/sweep.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/clock.h"
#include "flow/places.h"
#include "flow/retention.h"
#include "store/audit.h"
#include "store/queue.h"
#include "store/reports.h"
#include "store/rewrap.h"
#include "store/stats.h"

enum {
    SWEEP_MAGIC = 0x53EE9,
    ROUND_MS = 30000,
    FIRST_MS = 1000,
    RETENTION_ROUNDS = 120, /* once an hour */
    RETENTION_FIRST = 4,
    FOLD_CALLS = 500
};

struct sweep {
    unsigned magic;
    const struct setup *setup;
    struct store *store;
    struct timer *timer;
    struct clock *clock;
    struct places *places;
    size_t round;
    bool folds;            /* the journals of statistics, now */
    bool stopped, deletes; /* deletes: what was kept long enough is going now */
};

static loop_fn on_round;
static queue_settle_done_fn on_swept;
static audit_anchor_done_fn on_anchored;
static stats_fold_done_fn on_folded;
static retention_done_fn on_deleted;

/* What reports refer to by id@version stays readable after the files have changed. */
static void keep_text(const struct sweep *sweep, const char *kind, const char *id,
                      const char *version, const json_t *source)
{
    char name[96];
    char *text = json_dumps(source, JSON_COMPACT | JSON_SORT_KEYS);
    CHECK(text != NULL);
    snprintf(name, sizeof name, "%.40s@%.32s", id, version);
    reports_keep_text(sweep->store, kind, name, str_of(text));
    free(text);
}

static void keep_texts(const struct sweep *sweep)
{
    const struct setup *setup = sweep->setup;
    keep_text(sweep, "form", setup->form->id, setup->form->version, setup->form->source);
    const struct procedure *procedure;
    for (size_t i = 0; (procedure = procedures_at(setup->procedures, i)) != NULL; i++) {
        keep_text(sweep, "procedure", procedure->id, procedure->version, procedure->source);
    }
}

struct sweep *sweep_new(struct loop *loop, const struct setup *setup, struct store *store)
{
    struct sweep *sweep = mem_alloc(sizeof *sweep);
    sweep->magic = SWEEP_MAGIC;
    sweep->setup = setup;
    sweep->store = store;
    sweep->timer = timer_new(loop, on_round, sweep);
    timer_set(sweep->timer, FIRST_MS);
    sweep->clock = clock_new(loop, setup, store);
    sweep->places = places_new(loop, setup, store);
    keep_texts(sweep);
    return sweep;
}

void sweep_stop(struct sweep *sweep)
{
    if (sweep != NULL) {
        sweep->stopped = true;
        timer_stop(sweep->timer);
        clock_stop(sweep->clock);
        places_stop(sweep->places);
    }
}

void sweep_free(struct sweep **sweep)
{
    if (*sweep != NULL) {
        clock_free(&(*sweep)->clock);
        places_free(&(*sweep)->places);
        timer_free(&(*sweep)->timer);
        (*sweep)->magic = 0;
        free(*sweep);
        *sweep = NULL;
    }
}

/* Who re-wraps must know that every gateway has read the new keys (mashang keys rewrap). */
static void say_keys(const struct sweep *sweep)
{
    const struct keyring *keyring = &sweep->setup->keyring;
    char host[HOST_NAME_MAX + 1] = "";
    struct rewrap_gateway gateway = {.at_ms = clock_wall_ms(),
                                     .seal = keyring_current(keyring, KEY_SEAL)->id,
                                     .lookup = keyring_current(keyring, KEY_LOOKUP)->id};
    (void)!gethostname(host, sizeof host - 1);
    snprintf(gateway.name, sizeof gateway.name, "%s:%.180s", host,
             sweep->setup->options.redis.data_dir);
    rewrap_say_keys(sweep->store, &gateway);
}

static void delete_old(struct sweep *sweep)
{
    const struct retention_request request = {
        .stop = &sweep->stopped, .done = on_deleted, .arg = sweep};
    if (!sweep->deletes) {
        sweep->deletes = true;
        retention_run(sweep->setup, sweep->store, &request);
    }
}

/* Every half minute each bucket is swept; every minute its chains are anchored; every hour what was kept long enough goes. */
static void on_round(void *arg)
{
    struct sweep *sweep = arg;
    CHECK_OBJ(sweep, SWEEP_MAGIC);
    const struct options *options = &sweep->setup->options;
    bool sends = options->upstream.url[0] != '\0';
    for (size_t i = 0; i < sweep->setup->bucket_count; i++) {
        unsigned bucket = sweep->setup->buckets[i];
        queue_sweep(sweep->store, bucket, on_swept, sweep);
        if (sends) {
            queue_release_held(sweep->store, bucket, "upstream", on_swept, sweep);
        }
        if (sends && str_is(str_of(options->forward.without_id), "send")) {
            queue_release_held(sweep->store, bucket, "id", on_swept, sweep);
        }
        if (sweep->round % 2 == 0) {
            audit_anchor(sweep->store, bucket, on_anchored, sweep);
        }
    }
    if (!sweep->folds) {
        sweep->folds = true;
        stats_fold(sweep->store, sweep->setup->buckets, sweep->setup->bucket_count, FOLD_CALLS,
                   on_folded, sweep);
    }
    say_keys(sweep);
    if (sweep->round % RETENTION_ROUNDS == RETENTION_FIRST) {
        delete_old(sweep);
    }
    sweep->round++;
    timer_set(sweep->timer, ROUND_MS);
}

/* What failed is done in the next round; the store says in its health why. */
static void on_swept(void *arg, enum op_status status)
{
    (void)arg;
    (void)status;
}

static void on_anchored(void *arg, enum op_status status, const struct audit_anchor *anchor)
{
    const struct sweep *sweep = arg;
    CHECK_OBJ(sweep, SWEEP_MAGIC);
    if (status == OP_OK && anchor != NULL && anchor->hash[0] != '\0') {
        log_event(LOG_LEVEL_INFO, "anchor", "seq=%lld hash=%s", (long long)anchor->seq,
                  anchor->hash);
    }
}

static void on_folded(void *arg, enum op_status status, int64_t left)
{
    struct sweep *sweep = arg;
    CHECK_OBJ(sweep, SWEEP_MAGIC);
    (void)status;
    (void)left;
    sweep->folds = false;
}

static void on_deleted(void *arg, const struct retention_result *result)
{
    struct sweep *sweep = arg;
    CHECK_OBJ(sweep, SWEEP_MAGIC);
    sweep->deletes = false;
    if (result->gone > 0 || result->later > 0 || result->status != OP_OK) {
        log_event(LOG_LEVEL_INFO, "retention", "purged=%lld later=%lld why=%s",
                  (long long)result->gone, (long long)result->later,
                  op_status_name(result->status));
    }
}
