/*
 * seed: a store as full as half a year leaves it, written by the gateway's own flows.
 *
 *   seed CONF REPORTS LINKS
 *
 * This program has a clock of its own (clock_wall_ms is replaced when it is linked), which runs through the half-year that ends now. In it each
 * household files through flow/accept, staff moves the report on through flow/move, and the monitoring system takes its events. What happens
 * within half a day is in flight together, but never too much of it; the next turn begins when all of it is done.
 *
 *   turn ─► file, withdraw, visit (and decline), review, check, notice, compare and admit ─► all answered ─► next turn ─► … ─► forget old tokens
 *             └─ beside them: reserve and settle
 *
 * The journal of statistics would take Redis three times as long as all the rest: its lines are summed up here (seed/sums.h) and written at the end.
 *
 * Of 100 reports 2 are forgotten by everybody, 3 withdrawn, 90 declined after the visit, 5 admitted; those of the last days are still under way.
 * Prints {"reports", "changes", "seconds"} as JSON; the addresses of some receipts go to the file LINKS. Redis is not asked to be durable meanwhile.
 */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/accept.h"
#include "flow/move.h"
#include "store/queue.h"
#include "tests/bench/seed/sums.h"

enum {
    SEED_MAGIC = 0x5EED,
    DAYS = 183,
    DAY_MS = 24 * 3600 * 1000,
    TURN_MS = DAY_MS / 2,
    TURN_MOST = 1024
};
enum { WAIT_MS = 5000, LEASE_MS = 60000, LINKS_MAX = 2000 };
enum { WITHDRAWN = 1, DECLINED = 2, ADMITTED = 4 };

/* What happens to those of one fate, so long after they were filed. */
struct stage {
    int after_days;
    int fates; /* 0: filed; all */
    const char *step, *outcome, *decision;
};

static const struct stage stages[] = {
    {.after_days = 0},
    {.after_days = 1, .fates = WITHDRAWN},
    {.after_days = 2, .fates = DECLINED, .step = "visit", .decision = "declined"},
    {.after_days = 2, .fates = ADMITTED, .step = "visit"},
    {.after_days = 4, .fates = ADMITTED, .step = "review"},
    {.after_days = 5, .fates = ADMITTED, .step = "check"},
    {.after_days = 10, .fates = ADMITTED, .step = "notice"},
    {.after_days = 12, .fates = ADMITTED, .step = "compare", .decision = "admitted"},
};
enum { STAGES = sizeof stages / sizeof stages[0] };

struct seed {
    unsigned magic;
    struct loop *loop;
    const struct setup *setup;
    struct store *store;
    area_index *villages;
    size_t village_count;
    int64_t count, begun_ms, ends_ms;
    int64_t next[STAGES]; /* the report that comes to this stage next */
    char (*receipts)[RECEIPT_BYTES];
    size_t waiting;
    int64_t changes;
};

struct work {
    struct seed *seed;
    int64_t nth;
    const struct stage *stage;
};

/* ---- the clock ---- */

int64_t __wrap_clock_wall_ms(void);
int64_t __real_clock_wall_ms(void);

static int64_t seed_now_ms;

int64_t __wrap_clock_wall_ms(void)
{
    return seed_now_ms > 0 ? seed_now_ms : __real_clock_wall_ms();
}

static int64_t filed_ms(const struct seed *seed, int64_t nth)
{
    return seed->begun_ms + (seed->ends_ms - seed->begun_ms) * nth / seed->count;
}

static int fate_of(int64_t nth)
{
    int64_t in_100 = nth * 37 % 100;
    return in_100 < 2 ? 0 : in_100 < 5 ? WITHDRAWN : in_100 < 95 ? DECLINED : ADMITTED;
}

/* ---- statistics ---- */

void __real_reports_accept(struct store *store, const struct reports_accept *request,
                           reports_accept_done_fn *done, void *arg);
void __wrap_reports_accept(struct store *store, const struct reports_accept *request,
                           reports_accept_done_fn *done, void *arg);
void __real_reports_change(struct store *store, const struct reports_change *request,
                           reports_change_done_fn *done, void *arg);
void __wrap_reports_change(struct store *store, const struct reports_change *request,
                           reports_change_done_fn *done, void *arg);

static struct sums *seed_sums;

/* Here nobody else writes and no two have one household: what is asked for is done at the first try, or the program ends. */
void __wrap_reports_accept(struct store *store, const struct reports_accept *request,
                           reports_accept_done_fn *done, void *arg)
{
    struct reports_accept here = *request;
    sums_add(seed_sums, here.stat);
    here.stat = STR("");
    __real_reports_accept(store, &here, done, arg);
}

void __wrap_reports_change(struct store *store, const struct reports_change *request,
                           reports_change_done_fn *done, void *arg)
{
    struct reports_change here = *request;
    sums_add(seed_sums, here.stat);
    here.stat = STR("");
    __real_reports_change(store, &here, done, arg);
}

/* ---- people who do not exist ---- */

static json_t *nobody(int64_t nth)
{
    static const char *const stems[] = {"甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"};
    static const char *const risks[] = {"illness", "disability", "disaster", "accident",
                                        "jobs",    "schooling",  "housing",  "labour"};
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    char name[16];
    char id[48];
    char phone[32];
    int sum = 0;
    struct date born = date_from_days(date_to_days((struct date){1950, 1, 1}) + nth / 1000 % 8000);
    snprintf(name, sizeof name, "试%s%s", stems[nth % 10], stems[nth / 10 % 10]);
    snprintf(phone, sizeof phone, "166%08" PRId64, nth % 100000000);
    snprintf(id, sizeof id, "370125%04d%02d%02d%03d", born.year, born.month, born.day,
             (int)(nth % 1000));
    for (size_t i = 0; i < 17; i++) {
        sum += (id[i] - '0') * weights[i];
    }
    id[17] = "10X98765432"[sum % 11];
    id[18] = '\0';
    json_t *values = json_pack("{s:s, s:s, s:s, s:s, s:[s], s:b}", "name", name, "role", "head",
                               "id_number", id, "phone", phone, "risk", risks[nth % 8], "consent",
                               true);
    CHECK(values != NULL);
    bool helped = nth % 4 == 0;
    json_object_set_new(values, "filed_by", json_string(helped ? "cadre" : "self"));
    if (helped) {
        json_object_set_new(values, "helper_name", json_string("试代报"));
        json_object_set_new(values, "helper_phone", json_string("16600000000"));
    }
    if (nth % 8 < 2) {
        json_object_set_new(values, "consent_sensitive", json_true());
    }
    if (nth % 5 < 3) {
        json_object_set_new(
            values, "detail",
            json_string("上月摔伤住院，花费较多，家里老人也需要照顾，请村里来看一看。"));
    }
    if (nth % 50 == 0) {
        json_object_set_new(values, "urgent", json_true());
    }
    return values;
}

static void token_of(int64_t nth, int64_t at_ms, struct token *ret)
{
    snprintf(ret->id, sizeof ret->id, "5eed%020" PRId64, nth);
    ret->issued_ms = at_ms;
}

/* ---- what happens ---- */

static void begin_turn(struct seed *seed);
static accept_done_fn on_filed;
static move_done_fn on_moved;
static queue_reserve_done_fn on_reserved;
static queue_settle_done_fn on_settled;
static loop_fn on_turn_done;

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "seed: %s\n", what);
    exit(1);
}

static void answered(struct seed *seed)
{
    if (--seed->waiting == 0) {
        loop_later(seed->loop, on_turn_done, seed);
    }
}

static void file(struct seed *seed, int64_t nth, struct work *work)
{
    static const char *const placements[] = {"board", "home", "card"};
    struct answers answers = {.form = seed->setup->form, .values = nobody(nth), .age = 60};
    struct accept_request request = {
        .answers = &answers,
        .area = seed->villages[(size_t)(nth * 7919) % seed->village_count],
        .placement = placements[nth % 3],
        .serial = 1,
        .rid = "seed",
    };
    token_of(nth, seed_now_ms, &request.token);
    accept_report(seed->setup, seed->store, &request, on_filed, work);
    json_decref(answers.values);
}

static void on_filed(void *arg, const struct accept_answer *answer)
{
    struct work *work = arg;
    if (answer->kind != ACCEPT_RECEIPT) {
        give_up("a report is not accepted");
    }
    memcpy(work->seed->receipts[work->nth], answer->receipt, RECEIPT_BYTES);
    answered(work->seed);
    free(work);
}

static void move(struct seed *seed, int64_t nth, const struct stage *stage, struct work *work)
{
    struct progress_move decide = {
        .kind = MOVE_DECIDE,
        .by = MOVER_STAFF,
        .decision = str_of(stage->decision ? stage->decision : ""),
        .reason = STR("outside_scope"),
        .category = STR("prevention"),
        .members = 3,
        .at_ms = seed_now_ms,
    };
    const struct progress_move step = {
        .kind = stage->step ? MOVE_STEP : MOVE_WITHDRAW,
        .by = MOVER_STAFF,
        .step = str_of(stage->step ? stage->step : ""),
        .outcome = STR("passed"),
        .authorised = true,
        .at_ms = seed_now_ms,
    };
    const struct move_request request = {
        .receipt = seed->receipts[nth],
        .actor = {"seed0001", "镇里的程序"},
        .rid = "seed",
        .move = step,
        .decides = stage->decision != NULL,
        .then = decide,
    };
    move_report(seed->setup, seed->store, &request, on_moved, work);
}

static void on_moved(void *arg, const struct move_answer *answer)
{
    struct work *work = arg;
    if (answer->kind != MOVED_APPLIED) {
        fprintf(stderr, "seed: %s after %d days: %s %s\n",
                work->stage->step ? work->stage->step : "withdraw", work->stage->after_days,
                progress_refusal_name(answer->refusal), answer->fault ? answer->fault : "");
        exit(1);
    }
    work->seed->changes++;
    answered(work->seed);
    free(work);
}

/* The monitoring system takes what has been filed before. */
static void deliver(struct seed *seed)
{
    seed->waiting++;
    queue_reserve(seed->store, seed->setup->buckets[0], QUEUE_BATCH_MAX, QUEUE_BATCH_MAX, LEASE_MS,
                  LEASE_MS, on_reserved, seed);
}

static void on_reserved(void *arg, enum op_status status, const struct queue_job *jobs,
                        size_t count, int64_t next_due_ms)
{
    struct seed *seed = arg;
    static struct queue_result results[QUEUE_BATCH_MAX];
    (void)next_due_ms;
    CHECK_OBJ(seed, SEED_MAGIC);
    if (status != OP_OK) {
        give_up("events cannot be reserved");
    }
    for (size_t i = 0; i < count; i++) {
        results[i] = (struct queue_result){.fence = jobs[i].fence,
                                           .outcome = QUEUE_DELIVERED,
                                           .status = 200,
                                           .at_ms = seed_now_ms};
        snprintf(results[i].id, sizeof results[i].id, "%s", jobs[i].id);
        snprintf(results[i].upstream_id, sizeof results[i].upstream_id, "JC%s", jobs[i].receipt);
    }
    if (count > 0) {
        queue_settle(seed->store, seed->setup->buckets[0], results, count, on_settled, seed);
    } else {
        answered(seed);
    }
}

static void on_settled(void *arg, enum op_status status)
{
    struct seed *seed = arg;
    CHECK_OBJ(seed, SEED_MAGIC);
    if (status != OP_OK) {
        give_up("events cannot be settled");
    }
    deliver(seed);
    answered(seed);
}

/* ---- the order of time ---- */

/* The stage that is reached next, and when; STAGES when all is done that happened before now. */
static size_t next_stage(struct seed *seed, int64_t *ret_ms)
{
    size_t first = STAGES;
    for (size_t i = 0; i < STAGES; i++) {
        while (i > 0 && seed->next[i] < seed->count &&
               (fate_of(seed->next[i]) & stages[i].fates) == 0) {
            seed->next[i]++;
        }
        if (seed->next[i] >= seed->count) {
            continue;
        }
        int64_t at_ms = filed_ms(seed, seed->next[i]) + (int64_t)stages[i].after_days * DAY_MS;
        if (at_ms < seed->ends_ms && (first == STAGES || at_ms < *ret_ms)) {
            first = i;
            *ret_ms = at_ms;
        }
    }
    return first;
}

static void begin_turn(struct seed *seed)
{
    int64_t at_ms = 0;
    size_t stage = next_stage(seed, &at_ms);
    int64_t turn_ends_ms = at_ms + TURN_MS;
    if (stage == STAGES) {
        loop_stop(seed->loop);
        return;
    }
    deliver(seed);
    while (stage < STAGES && at_ms < turn_ends_ms && seed->waiting < TURN_MOST) {
        struct work *work = mem_alloc(sizeof *work);
        *work = (struct work){seed, seed->next[stage]++, &stages[stage]};
        seed_now_ms = at_ms;
        seed->waiting++;
        if (stage == 0) {
            file(seed, work->nth, work);
        } else {
            move(seed, work->nth, work->stage, work);
        }
        stage = next_stage(seed, &at_ms);
    }
}

static void on_turn_done(void *arg)
{
    struct seed *seed = arg;
    CHECK_OBJ(seed, SEED_MAGIC);
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\rseed: %3" PRId64 "%%", seed->next[0] * 100 / seed->count);
    }
    begin_turn(seed);
}

/* Tokens live 31 days by Redis' clock, which has not moved: those of the half-year's first months would be gone by now. */
static void forget_tokens(const struct seed *seed, redisContext *redis)
{
    int64_t fresh_from_ms = seed->ends_ms - (int64_t)TOKEN_LIFE_DAYS * DAY_MS;
    for (int64_t nth = 0; nth < seed->count && filed_ms(seed, nth) < fresh_from_ms; nth++) {
        struct token token;
        token_of(nth, 0, &token);
        redisReply *reply = redisCommand(redis, "UNLINK ms:{%02u}:t:%s",
                                         (unsigned)seed->setup->buckets[0], token.id);
        CHECK(reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1);
        freeReplyObject(reply);
    }
}

/* What is not the flows' work: a connection of its own. */
static void finish_store(const struct seed *seed)
{
    redisContext *redis = redisConnectUnix(seed->setup->options.redis.url + strlen("unix:"));
    CHECK(redis != NULL && redis->err == 0);
    sums_write(seed_sums, redis, seed->setup->buckets[0]);
    forget_tokens(seed, redis);
    redisFree(redis);
}

/* Some of them, spread over the half-year. */
static void write_links(const struct seed *seed, const char *path)
{
    FILE *file = fopen(path, "we");
    int64_t most = seed->count < LINKS_MAX ? seed->count : LINKS_MAX;
    CHECK(file != NULL);
    for (int64_t i = 0; i < most; i++) {
        const char *receipt = seed->receipts[i * seed->count / most];
        char sig[LINK_SIG_BYTES];
        link_sig(&seed->setup->keyring, LINK_FULL, str_of(receipt), sig);
        fprintf(file, "/r/%s-%s\n", receipt, sig);
    }
    CHECK(fclose(file) == 0);
}

static struct setup *load_setup(const char *file)
{
    /* With a monitoring system nothing is held; it is never called. */
    static const struct option_flag flags[] = {{"redis.durability", "none"},
                                               {"limits.accept_timeout_ms", "30000"},
                                               {"upstream.url", "http://127.0.0.1:9/"},
                                               {"upstream.timeout_ms", "1000"}};
    struct err err;
    struct options options;
    struct setup *setup = NULL;
    if (options_load(&options, file, flags, sizeof flags / sizeof flags[0], &err)) {
        setup = setup_load(&options, &err);
    }
    if (setup == NULL) {
        give_up(err.text);
    }
    return setup;
}

static void open_store(struct seed *seed)
{
    struct err err;
    struct store_options options;
    setup_store_options(seed->setup, "", &options);
    seed->loop = loop_new();
    seed->store = store_new(seed->loop, &options);
    if (!store_wait(seed->store, clock_mono_ms() + WAIT_MS, &err)) {
        give_up(err.text);
    }
}

static void list_villages(struct seed *seed)
{
    const struct areas *areas = seed->setup->areas;
    seed->villages = mem_alloc(areas_count(areas) * sizeof *seed->villages);
    for (area_index i = 0; i < areas_count(areas); i++) {
        if (area_takes_reports(areas, i)) {
            seed->villages[seed->village_count++] = i;
        }
    }
    if (seed->village_count == 0 || seed->setup->bucket_count != 1) {
        give_up("one county is expected");
    }
}

int main(int argc, char **argv)
{
    struct seed seed = {.magic = SEED_MAGIC, .count = argc == 4 ? strtoll(argv[2], NULL, 10) : 0};
    if (seed.count <= 0) {
        fprintf(stderr, "usage: seed CONF REPORTS LINKS\n");
        return 2;
    }
    struct setup *setup = load_setup(argv[1]);
    int64_t began_ms = clock_mono_ms();
    log_level_set(LOG_LEVEL_WARNING);
    seed.setup = setup;
    seed.ends_ms = clock_wall_ms();
    seed.begun_ms = seed.ends_ms - (int64_t)DAYS * DAY_MS;
    seed.receipts = mem_alloc((size_t)seed.count * sizeof *seed.receipts);
    seed_sums = sums_new();
    list_villages(&seed);
    open_store(&seed);
    begin_turn(&seed);
    loop_run(seed.loop);
    finish_store(&seed);
    write_links(&seed, argv[3]);
    printf("{\"reports\": %" PRId64 ", \"changes\": %" PRId64 ", \"seconds\": %.1f}\n", seed.count,
           seed.changes, (double)(clock_mono_ms() - began_ms) / 1000);
    store_free(&seed.store);
    loop_free(&seed.loop);
    sums_free(&seed_sums);
    free(seed.villages);
    free(seed.receipts);
    setup_free(&setup);
    return 0;
}
