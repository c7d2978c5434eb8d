/* The forward flow against a real redis-server and a monitoring system that does what each event tells it to. */
#include "store_redis.h"

#include "flow_upstream.h"

#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "crypto/seal.h"
#include "flow/forward.h"
#include "flow/snapshot.h"
#include "store/queue.h"
#include "store/reports.h"

#define AREA   "370115008218"
#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

static struct setup setup;
static struct forward *forward;
static struct metrics_slot slot;
static char secret_path[128];

enum { FLAGS_MAX = 16 };

static void open_line(const struct option_flag *more)
{
    char url[64];
    struct err err;
    struct option_flag flags[FLAGS_MAX] = {
        {"upstream.url", url},
        {"upstream.secret_file", secret_path},
        {"upstream.timeout_ms", "300"},
        {"forward.backoff_min_ms", "3600000"},
        {"forward.backoff_max_ms", "86400000"},
        {"forward.window", "8"},
        {"forward.breaker_open_ms", "300"},
    };
    size_t count = 7;
    for (; more != NULL && more->name != NULL; more++) {
        flags[count++] = *more;
    }
    bench_open(&bench, NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/events", canned_port);
    snprintf(secret_path, sizeof secret_path, "%s/secret", bench.redis.folder);
    assert_true(file_write(secret_path, STR(SECRET), 0600, &err));
    setup = (struct setup){.buckets = {7}, .bucket_count = 1};
    if (!options_load(&setup.options, NULL, flags, count, &err)) {
        fail_msg("%s", err.text);
    }
    keyring_make(&setup.keyring);
    memset(inbox, 0, sizeof *inbox);
    slot = (struct metrics_slot){0};
    metrics_use(&slot);
}

static void begin(void)
{
    struct err err;
    forward = forward_new(bench.loop, &setup, bench.store, &err);
    if (forward == NULL) {
        fail_msg("%s", err.text);
    }
}

static void on_time(void *arg)
{
    loop_stop(arg);
}

static void run_ms(int64_t ms)
{
    struct timer *timer = timer_new(bench.loop, on_time, bench.loop);
    timer_set(timer, ms);
    loop_run(bench.loop);
    timer_free(&timer);
}

/* As the worker ends: what is under way comes home first. */
static void close_line(void)
{
    forward_stop(forward);
    for (int i = 0; i < 1000 && !forward_idle(forward); i++) {
        run_ms(3);
    }
    assert_true(forward_idle(forward));
    forward_free(&forward);
    bench_close(&bench);
    options_release(&setup.options);
    keyring_wipe(&setup.keyring);
    metrics_use(NULL);
}

/* As the worker ends when its time to drain is over: the order of supervise/worker.c. */
static void close_line_in_haste(void)
{
    forward_abandon(forward);
    store_free(&bench.store);
    loop_flush(bench.loop);
    forward_free(&forward);
    bench_close(&bench);
    options_release(&setup.options);
    keyring_wipe(&setup.keyring);
    metrics_use(NULL);
}

static void seal(const char *receipt, const char *id, const char *order, int times, struct buf *to)
{
    char text[256];
    snprintf(text, sizeof text, "{\"id\":\"%s\",\"do\":\"%s\",\"times\":%d}", id, order, times);
    buf_init(to, 4096);
    seal_close(&setup.keyring, str_of(receipt), STR(SNAPSHOT_EVENT), str_of(text), to);
}

static void on_accepted(void *arg, enum op_status status, const struct reports_answer *got)
{
    assert_int_equal(status, OP_OK);
    assert_int_equal(got->kind, REPORTS_ACCEPTED);
    *(bool *)arg = true;
}

static void put_sealed(const char *receipt, struct str sealed)
{
    bool done = false;
    struct reports_accept request = {
        .receipt = receipt,
        .token = receipt,
        .persons = {receipt},
        .phone_hashes = {receipt},
        .contents = {"c"},
        .record = {{REPORT_AREA, STR(AREA)}, {REPORT_STATE, STR("new")}},
        .record_count = 2,
        .event = {.id = receipt, .area = STR(AREA), .sealed = sealed},
        .audit = {.text = STR("{}")},
    };
    memset(request.audit.hash, 'a', 64);
    reports_accept(bench.store, &request, on_accepted, &done);
    run_until(bench.loop, &done);
}

static void put(const char *receipt, const char *order, int times)
{
    struct buf sealed;
    seal(receipt, receipt, order, times, &sealed);
    put_sealed(receipt, buf_str(&sealed));
    buf_release(&sealed);
}

static void on_changed(void *arg, enum op_status status, const struct reports_change_answer *answer)
{
    assert_int_equal(status, OP_OK);
    assert_int_equal(answer->kind, REPORTS_CHANGED);
    *(bool *)arg = true;
}

static void put_next(const char *receipt, int64_t version, const char *order, int times)
{
    bool done = false;
    char id[32], head[65] = {0};
    struct buf sealed;
    memset(head, 'a', 64);
    snprintf(id, sizeof id, "%s-%lld", receipt, (long long)version);
    seal(receipt, id, order, times, &sealed);
    struct reports_change request = {
        .receipt = receipt,
        .version = version - 1,
        .head = head,
        .event = {.id = id, .area = STR(AREA), .sealed = buf_str(&sealed)},
        .audit = {.text = STR("{}")},
    };
    memset(request.audit.hash, 'a', 64);
    reports_change(bench.store, &request, on_changed, &done);
    run_until(bench.loop, &done);
    buf_release(&sealed);
}

static bool is_at(const char *id, const char *place)
{
    return strcmp(redis_ask(&bench.redis, "HGET ms:{07}:e:%s st", id), place) == 0;
}

static int attempts(const char *id)
{
    return atoi(redis_ask(&bench.redis, "HGET ms:{07}:e:%s n", id));
}

static int deliveries(const char *id)
{
    return came_before(id, inbox->count);
}

/* At most some seconds. */
static void run_to(const char *id, const char *place)
{
    for (int i = 0; i < 400 && !is_at(id, place); i++) {
        run_ms(15);
    }
    if (!is_at(id, place)) {
        fail_msg("%s is not %s but %s", id, place,
                 redis_ask(&bench.redis, "HGET ms:{07}:e:%s st", id));
    }
}

/* The table of contract §8 --------------------------------------------------------------------------------------------------- */

struct row {
    const char *order;
    const char *place; /* where the event is afterwards; ready: the breaker is open */
};

static void check_rows(const struct row *rows, size_t count, const struct option_flag *flags,
                       bool delivered_before)
{
    for (size_t i = 0; i < count; i++) {
        bool breaks = strcmp(rows[i].place, "ready") == 0;
        print_message("  %s: %s\n", rows[i].order, rows[i].place);
        open_line(flags);
        begin();
        if (delivered_before) {
            put("070000000001", "200", 0);
            run_to("070000000001", "delivered");
        }
        put("070000000002", rows[i].order, 1000);
        for (int tries = 0; breaks && tries < 200 && !slot.breaker_open; tries++) {
            run_ms(10);
        }
        run_to("070000000002", rows[i].place);
        assert_int_equal(slot.breaker_open, breaks);
        assert_int_equal(attempts("070000000002"), breaks ? 0 : 1);
        assert_int_equal(slot.at[METRIC_EVENTS_BURIED], strcmp(rows[i].place, "buried") == 0);
        assert_int_equal(slot.upstream_why[0] != '\0',
                         breaks || strcmp(rows[i].place, "delayed") == 0);
        close_line();
    }
}

#define ROWS(rows) rows, sizeof(rows) / sizeof((rows)[0])

static void test_table(void **state)
{
    static const struct row rows[] = {
        {"200", "delivered"}, {"204", "delivered"},   {"409", "delivered"}, {"400", "buried"},
        {"413", "buried"},    {"415", "buried"},      {"422", "buried"},    {"404", "ready"},
        {"410", "ready"},     {"401", "ready"},       {"403", "ready"},     {"elsewhere", "ready"},
        {"418", "ready"},     {"408", "delayed"},     {"425", "delayed"},   {"later", "delayed"},
        {"500", "delayed"},   {"503", "delayed"},     {"stall", "delayed"}, {"reset", "delayed"},
        {"half", "delayed"},  {"garbage", "delayed"}, {"cut", "delivered"},
    };
    static const struct row known[] = {{"404", "buried"}, {"410", "buried"}, {"401", "ready"}};
    (void)state;
    check_rows(ROWS(rows), NULL, false);
    check_rows(ROWS(known), NULL, true);
}

static void test_code_inside(void **state)
{
    static const struct option_flag flags[] = {
        {"upstream.ok_pointer", "/code"},     {"upstream.ok_values", "0 200"},
        {"upstream.duplicate_values", "208"}, {"upstream.refused_values", "500"},
        {"upstream.auth_values", "401"},      {NULL, NULL}};
    static const struct row rows[] = {
        {"code0", "delivered"}, {"code208", "delivered"}, {"code500", "buried"},
        {"code401", "ready"},   {"code7", "delayed"},     {"200", "delayed"},
        {"cut", "delayed"},     {"500", "delayed"},
    };
    (void)state;
    check_rows(ROWS(rows), flags, false);
}

static void test_unopenable_is_buried(void **state)
{
    (void)state;
    open_line(NULL);
    begin();
    put_sealed("070000000001", STR("no seal of ours"));
    put("070000000002", "200", 0);
    run_to("070000000001", "buried");
    run_to("070000000002", "delivered");
    assert_int_equal(inbox->count, 1);
    close_line();
}

/* Life with failures ------------------------------------------------------------------------------------------------------------ */

static const struct option_flag quick[] = {
    {"forward.backoff_min_ms", "5"}, {"forward.backoff_max_ms", "20"}, {NULL, NULL}};

static void test_failures_pass_and_order_stays(void **state)
{
    static const char *const orders[] = {"500", "reset", "garbage", "half"};
    (void)state;
    open_line(quick);
    put("070000000001", "500", 3);
    for (int i = 0; i < 4; i++) {
        put_next("070000000001", i + 2, orders[i], 2);
    }
    begin();
    run_to("070000000001-5", "delivered");
    char last[32] = "";
    for (int i = 0; i < inbox->count; i++) { /* versions never step back */
        assert_true(strcmp(inbox->ids[i], last) >= 0);
        snprintf(last, sizeof last, "%s", inbox->ids[i]);
    }
    assert_int_equal(deliveries("070000000001"), 4);
    assert_int_equal(attempts("070000000001"), 4);
    assert_int_equal(deliveries("070000000001-3"), 3); /* a lost answer: the same id again */
    close_line();
}

static void test_retry_after_is_obeyed(void **state)
{
    (void)state;
    open_line(quick);
    begin();
    put("070000000001", "later", 1);
    run_to("070000000001", "delayed");
    run_ms(600); /* far more than backoff_max */
    assert_int_equal(deliveries("070000000001"), 1);
    run_to("070000000001", "delivered");
    assert_int_equal(deliveries("070000000001"), 2);
    close_line();
}

static void test_a_slow_one_delays_nobody(void **state)
{
    static const struct option_flag flags[] = {{"upstream.timeout_ms", "3000"}, {NULL, NULL}};
    char receipt[16];
    (void)state;
    open_line(flags);
    begin();
    put("070000000001", "stall", 1);
    for (int i = 2; i < 20; i++) {
        snprintf(receipt, sizeof receipt, "07%010d", i);
        put(receipt, "200", 0);
    }
    run_to("070000000019", "delivered");
    assert_true(is_at("070000000001", "sending"));
    run_to("070000000001", "delivered");
    assert_int_equal(deliveries("070000000001"), 1);
    close_line();
}

static void test_window(void **state)
{
    static const struct option_flag flags[] = {{"forward.window", "3"}, {NULL, NULL}};
    char receipt[16];
    (void)state;
    open_line(flags);
    for (int i = 0; i < 40; i++) {
        snprintf(receipt, sizeof receipt, "07%010d", i);
        put(receipt, "slow", 1);
    }
    begin();
    for (int i = 0; i < 300 && inbox->count < 40; i++) {
        run_ms(10);
    }
    assert_int_equal(inbox->count, 40);
    assert_int_equal(inbox->at_once_most, 3);
    close_line();
}

/* While we are misconfigured nothing is buried, no attempt is burnt, and one event at a time asks whether it is over. */
static void test_breaker(void **state)
{
    char receipt[16];
    (void)state;
    open_line(NULL);
    for (int i = 0; i < 30; i++) {
        snprintf(receipt, sizeof receipt, "07%010d", i);
        put(receipt, "200", 0);
    }
    inbox->locked = 1;
    begin();
    run_ms(1500);
    assert_int_equal(inbox->count, 0);
    assert_int_equal(slot.breaker_open, 1);
    assert_int_equal(slot.at[METRIC_BREAKER_OPENED], 1);
    assert_non_null(strstr(slot.upstream_why, "401"));
    /* the window, then a probe per breaker_open_ms */
    assert_in_range(slot.at[METRIC_EVENTS_MISCONFIGURED], 2, 8 + 6);
    inbox->locked = 0;
    for (int i = 0; i < 400 && inbox->count < 30; i++) {
        run_ms(10);
    }
    run_ms(50);
    assert_int_equal(inbox->count, 30);
    assert_int_equal(slot.breaker_open, 0);
    assert_string_equal(slot.upstream_why, "");
    for (int i = 0; i < 30; i++) {
        snprintf(receipt, sizeof receipt, "07%010d", i);
        assert_true(is_at(receipt, "delivered"));
        assert_int_equal(attempts(receipt), 1);
        assert_int_equal(deliveries(receipt), 1);
    }
    close_line();
}

/* Long ago made, held, kicked or waited for: only what was tried in vain so long is given up. */
static void test_gives_up(void **state)
{
    static const struct option_flag flags[] = {{"forward.give_up_hours", "1"},
                                               {"forward.backoff_min_ms", "5"},
                                               {"forward.backoff_max_ms", "20"},
                                               {NULL, NULL}};
    (void)state;
    open_line(flags);
    put("070000000001", "503", 1000);
    put("070000000002", "503", 3);
    put("070000000003", "later", 1);
    for (int i = 1; i <= 3; i++) {
        redis_ask(&bench.redis, "HINCRBY ms:{07}:e:07000000000%d at -691200000", i);
    }
    begin();
    run_to("070000000002", "delivered");
    assert_int_equal(deliveries("070000000002"), 4);
    assert_false(is_at("070000000001", "buried"));
    redis_ask(&bench.redis, "HINCRBY ms:{07}:e:070000000001 tried -3500000");
    run_ms(200);
    assert_false(is_at("070000000001", "buried"));
    redis_ask(&bench.redis, "HINCRBY ms:{07}:e:070000000001 tried -200000");
    run_to("070000000001", "buried");
    run_to("070000000003", "delivered");
    assert_int_equal(slot.at[METRIC_EVENTS_BURIED], 1);
    close_line();
}

/* Eight days in which nothing could be sent: breaker open, no url, no gateway. */
static void pass_eight_days(void)
{
    redis_ask(&bench.redis, "HINCRBY ms:{07}:n tried_at -691200000");
    redis_ask(&bench.redis, "HINCRBY ms:{07}:n tried_until -691200000");
    redis_ask(&bench.redis, "HINCRBY ms:{07}:e:070000000001 at -691200000");
}

static void test_an_outage_is_no_trying(void **state)
{
    static const struct option_flag flags[] = {{"forward.give_up_hours", "1"},
                                               {"forward.backoff_min_ms", "40"},
                                               {"forward.backoff_max_ms", "40"},
                                               {NULL, NULL}};
    (void)state;
    open_line(flags);
    begin();
    put("070000000001", "503", 4);
    for (int i = 0; i < 200 && attempts("070000000001") < 2; i++) {
        run_ms(5);
    }
    inbox->locked = 1;
    for (int i = 0; i < 200 && !slot.breaker_open; i++) {
        run_ms(10);
    }
    assert_int_equal(slot.breaker_open, 1);
    pass_eight_days();
    inbox->locked = 0;
    run_to("070000000001", "delivered");
    assert_int_equal(attempts("070000000001"), 5);
    assert_int_equal(slot.at[METRIC_EVENTS_BURIED], 0);
    close_line();
}

/* A token that is refused asks once for a new one; a second refusal says that we are configured wrongly. */
static void check_token_request(bool polite)
{
    char url[64], body[128];
    struct err err;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/token", canned_port);
    snprintf(body, sizeof body, "/tmp/mashang-token-%d", (int)getpid());
    assert_true(file_write(body, STR("{\"app\": \"mashang\"}"), 0600, &err));
    const struct option_flag flags[] = {{"upstream.auth", "token-request"},
                                        {"upstream.secret_file", ""},
                                        {"upstream.token_url", url},
                                        {"upstream.token_body_file", body},
                                        {"upstream.token_pointer", "/data/token"},
                                        {polite ? "upstream.ok_pointer" : NULL, "/code"},
                                        {"upstream.ok_values", "0"},
                                        {"upstream.auth_values", "401"},
                                        {NULL, NULL}};
    open_line(flags);
    inbox->polite = polite;
    inbox->good_token = 2;
    begin();
    put("070000000001", "code0", 1);
    run_to("070000000001", "delivered");
    assert_int_equal(inbox->tokens, 2);
    put("070000000002", "code0", 1);
    run_to("070000000002", "delivered");
    assert_int_equal(inbox->tokens, 2); /* it is kept */
    assert_int_equal(slot.breaker_open, 0);
    inbox->good_token = 1000;
    put("070000000003", "code0", 1);
    for (int i = 0; i < 200 && !slot.breaker_open; i++) {
        run_ms(10);
    }
    assert_int_equal(slot.breaker_open, 1);
    assert_int_equal(inbox->tokens, 3);
    assert_int_equal(attempts("070000000003"), 0);
    close_line();
    unlink(body);
}

static void test_token_request(void **state)
{
    (void)state;
    check_token_request(false);
}

static void test_token_request_code_inside(void **state)
{
    (void)state;
    check_token_request(true);
}

/* Redis goes while answers are under way: what was delivered is settled later, or sent again with the same id. */
static void test_redis_goes_away(void **state)
{
    (void)state;
    open_line(quick);
    begin();
    put("070000000001", "slow", 1);
    for (int i = 0; i < 300 && inbox->count == 0; i++) {
        run_ms(1);
    }
    redis_kill(&bench.redis, SIGKILL);
    run_ms(200);
    redis_run(&bench.redis);
    redis_users(&bench.redis);
    run_to("070000000001", "delivered");
    put("070000000002", "200", 0);
    run_to("070000000002", "delivered");
    close_line();
}

static void test_stops_cleanly(void **state)
{
    (void)state;
    open_line(NULL);
    begin();
    put("070000000001", "slow", 1);
    for (int i = 0; i < 300 && inbox->count == 0; i++) {
        run_ms(1);
    }
    forward_stop(forward);
    put("070000000002", "200", 0);
    for (int i = 0; i < 300 && !forward_idle(forward); i++) {
        run_ms(2);
    }
    assert_true(forward_idle(forward));
    assert_true(is_at("070000000001", "delivered"));
    assert_true(is_at("070000000002", "ready"));
    close_line();
}

static void test_freed_in_mid_flight(void **state)
{
    (void)state;
    open_line(NULL);
    begin();
    put("070000000001", "stall", 1);
    for (int i = 0; i < 300 && inbox->count == 0; i++) {
        run_ms(1);
    }
    assert_false(forward_idle(forward));
    forward_stop(forward);
    close_line_in_haste();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_code_inside),
        cmocka_unit_test(test_unopenable_is_buried),
        cmocka_unit_test(test_failures_pass_and_order_stays),
        cmocka_unit_test(test_retry_after_is_obeyed),
        cmocka_unit_test(test_a_slow_one_delays_nobody),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_breaker),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_an_outage_is_no_trying),
        cmocka_unit_test(test_token_request),
        cmocka_unit_test(test_token_request_code_inside),
        cmocka_unit_test(test_redis_goes_away),
        cmocka_unit_test(test_stops_cleanly),
        cmocka_unit_test(test_freed_in_mid_flight),
    };
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    log_level_set(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
