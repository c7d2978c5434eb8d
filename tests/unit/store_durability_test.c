#include "store_redis.h"

#include <signal.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/durability.h"
#include "store/queue.h"
#include "store/reports.h"

struct got {
    bool done;
    enum op_status status;
    struct reports_answer answer;
    enum reports_change_kind kind;
    size_t fields;
};

static void on_accepted(void *arg, enum op_status status, const struct reports_answer *answer)
{
    struct got *got = arg;
    assert_false(got->done); /* exactly once */
    got->done = true;
    got->status = status;
    if (answer != NULL) {
        got->answer = *answer;
    }
}

static void accept_begin(struct store *store, const char *receipt, size_t bytes, struct got *got)
{
    struct reports_accept request = {
        .receipt = receipt,
        .token = receipt,
        .persons = {receipt},
        .phone_hashes = {receipt},
        .contents = {"c"},
        .record = {{REPORT_AREA, STR("370115008218")}, {REPORT_STATE, STR("new")}},
        .record_count = 3,
        .event = {.id = receipt, .area = STR("370115008218"), .sealed = STR("sealed")},
        .audit = {.text = STR("{}")},
    };
    char *sealed = calloc(1, bytes + 1);
    memset(request.audit.hash, 'a', 64);
    request.record[2] = (struct store_pair){REPORT_SEALED, str_make(sealed, bytes)};
    reports_accept(store, &request, on_accepted, got);
    assert_false(got->done);
    free(sealed);
}

static struct got accept(struct store *store, const char *receipt)
{
    struct got got = {0};
    accept_begin(store, receipt, 10, &got);
    run_until(bench.loop, &got.done);
    return got;
}

static void on_changed(void *arg, enum op_status status, const struct reports_change_answer *answer)
{
    struct got *got = arg;
    got->done = true;
    got->status = status;
    got->kind = answer != NULL ? answer->kind : REPORTS_GONE;
}

static struct got change(struct store *store, const char *receipt)
{
    struct got got = {0};
    char head[65] = {0};
    memset(head, 'a', 64);
    struct reports_change request = {
        .receipt = receipt, .version = 1, .head = head, .audit = {.text = STR("{}")}};
    memset(request.audit.hash, 'b', 64);
    reports_change(store, &request, on_changed, &got);
    run_until(bench.loop, &got.done);
    return got;
}

static void on_read(void *arg, enum op_status status, const struct report_record *record)
{
    struct got *got = arg;
    got->done = true;
    got->status = status;
    got->fields = record != NULL ? record->count : 0;
}

static struct got read_back(struct store *store, const char *receipt)
{
    struct got got = {0};
    reports_read(store, receipt, on_read, &got);
    run_until(bench.loop, &got.done);
    return got;
}

static void assert_health(struct store *store, enum store_health health, const char *words)
{
    if (!wait_health(bench.loop, store, health) || strstr(store_health_why(store), words) == NULL) {
        fail_msg("health %d: %s", store_health(store), store_health_why(store));
    }
}

/* A second store with other options, for one test. */
static struct store *other_store(const char *user, const char *password, const char *durability)
{
    struct store_options options = redis_options(&bench.redis);
    options.user = user;
    options.password = password;
    options.durability = durability;
    return store_new(bench.loop, &options);
}

static void test_modes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fine;
        struct durability mode;
    } rows[] = {
        {"fsync", true, {DURABILITY_FSYNC, 0}},
        {"declared", true, {DURABILITY_DECLARED, 0}},
        {"none", true, {DURABILITY_NONE, 0}},
        {"replicated:1", true, {DURABILITY_REPLICATED, 1}},
        {"replicated:9", true, {DURABILITY_REPLICATED, 9}},
        {"replicated:0", false, {0}},
        {"replicated:10", false, {0}},
        {"replicated:", false, {0}},
        {"replicated", false, {0}},
        {"", false, {0}},
        {"FSYNC", false, {0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct durability mode = {0};
        struct err err;
        assert_int_equal(durability_parse(rows[i].text, &mode, &err), rows[i].fine);
        if (rows[i].fine) {
            assert_int_equal(mode.mode, rows[i].mode.mode);
            assert_int_equal(mode.replicas, rows[i].mode.replicas);
        }
    }
}

/* Each setting that loses receipts is found, named, and found mended. A reconnect is a look at once. */
static void test_settings(void **state)
{
    (void)state;
    static const struct {
        const char *name, *harm, *mend;
    } rows[] = {
        {"appendfsync", "everysec", "always"},
        {"appendfsync", "no", "always"},
        {"no-appendfsync-on-rewrite", "yes", "no"},
        {"maxmemory-policy", "allkeys-lru", "noeviction"},
        {"appendonly", "no", "yes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        redis_ask(&bench.redis, "CONFIG SET %s %s", rows[i].name, rows[i].harm);
        redis_ask(&bench.redis, "CLIENT KILL TYPE normal");
        assert_health(bench.store, STORE_NOT_DURABLE, rows[i].name);
        assert_int_equal(accept(bench.store, "070000000001").status, OP_REFUSED);
        assert_int_equal(change(bench.store, "070000000001").status, OP_REFUSED);
        assert_int_equal(read_back(bench.store, "070000000001").status, OP_OK);
        struct store *careless = other_store("gateway", "gw", "none");
        struct store *trusting = other_store("gateway", "gw", "declared");
        assert_health(careless, STORE_READY, "");
        assert_health(trusting, STORE_READY, "");
        store_free(&careless);
        store_free(&trusting);
        redis_ask(&bench.redis, "CONFIG SET %s %s", rows[i].name, rows[i].mend);
        assert_health(bench.store, STORE_READY, "");
    }
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:r:070000000001"), "0");
    assert_int_equal(accept(bench.store, "070000000001").status, OP_OK);
}

static void test_config_forbidden(void **state)
{
    (void)state;
    redis_ask(&bench.redis, "ACL SETUSER gateway -config|get");
    struct store *asking = other_store("gateway", "gw", "fsync");
    struct store *declared = other_store("gateway", "gw", "declared");
    assert_health(asking, STORE_NOT_DURABLE, "durability = declared");
    assert_health(declared, STORE_READY, "");
    assert_int_equal(accept(declared, "070000000001").status, OP_OK);
    store_free(&asking);
    store_free(&declared);
}

static void test_denied(void **state)
{
    (void)state;
    static const struct {
        const char *user, *password;
    } rows[] = {{"gateway", "wrong"}, {"nobody", "x"}, {"gateway", "no-right"}, {"", ""}};
    redis_ask(&bench.redis, "ACL SETUSER default nopass on");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (i == 2) {
            redis_ask(&bench.redis, "ACL SETUSER gateway >no-right -fcall");
        } else if (i == 3) {
            redis_ask(&bench.redis, "ACL SETUSER default off");
        }
        struct store *store = other_store(rows[i].user, rows[i].password, "fsync");
        assert_true(wait_health(bench.loop, store, STORE_DENIED));
        assert_null(strstr(store_health_why(store), "no-right")); /* never a secret */
        assert_int_not_equal(accept(store, "070000000001").status, OP_OK);
        store_free(&store);
    }
}

static void test_not_loaded(void **state)
{
    (void)state;
    struct err err;
    struct store_options deploy = redis_deploy(&bench.redis);
    redis_ask(&bench.redis, "FUNCTION DELETE mashang");
    redis_ask(&bench.redis, "CLIENT KILL TYPE normal");
    assert_health(bench.store, STORE_NOT_LOADED, "mashang store load");
    assert_int_equal(accept(bench.store, "070000000001").status, OP_REFUSED);
    assert_true(store_load_functions(&deploy, &err));
    assert_health(bench.store, STORE_READY, "");
    redis_ask(&bench.redis, "SET ms:schema 3");
    redis_ask(&bench.redis, "CLIENT KILL TYPE normal");
    assert_health(bench.store, STORE_NOT_LOADED, "schema 3");
    assert_false(store_load_functions(&deploy, &err));
    assert_non_null(strstr(err.text, "newer than this program"));
    redis_ask(&bench.redis, "SET ms:schema 1"); /* what an older gateway wrote is opened */
    assert_health(bench.store, STORE_READY, "");
    redis_ask(&bench.redis, "DEL ms:epoch");
    redis_ask(&bench.redis, "CLIENT KILL TYPE normal");
    assert_health(bench.store, STORE_NOT_LOADED, "epoch");
}

static void test_loading_again_keeps_epoch(void **state)
{
    (void)state;
    struct err err;
    struct store_options deploy = redis_deploy(&bench.redis);
    char epoch[40];
    snprintf(epoch, sizeof epoch, "%s", store_epoch(bench.store));
    assert_int_equal(strlen(epoch), 16);
    assert_true(store_load_functions(&deploy, &err));
    assert_string_equal(redis_ask(&bench.redis, "GET ms:epoch"), epoch);
    deploy.password = "wrong";
    assert_false(store_load_functions(&deploy, &err));
    assert_non_null(strstr(err.text, "WRONGPASS"));
    deploy.address = "unix:/nowhere/redis.sock";
    assert_false(store_load_functions(&deploy, &err));
    assert_non_null(strstr(err.text, "/nowhere/redis.sock"));
}

/* Full: accept is refused and writes nothing; settle, steps and reading go on. */
static void test_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(accept(bench.store, "070000000001").status, OP_OK);
    redis_ask(&bench.redis, "CONFIG SET maxmemory 1");
    struct got got = accept(bench.store, "070000000002");
    assert_int_equal(got.status, OP_REFUSED);
    assert_health(bench.store, STORE_NOT_DURABLE, "OOM");
    assert_int_equal(accept(bench.store, "070000000003").status, OP_REFUSED);
    assert_int_equal(read_back(bench.store, "070000000001").status, OP_OK);
    got = change(bench.store, "070000000001");
    assert_int_equal(got.status, OP_OK);
    assert_int_equal(got.kind, REPORTS_CHANGED);
    assert_string_equal(
        redis_ask(&bench.redis, "EXISTS ms:{07}:r:070000000002 ms:{07}:t:070000000002"), "0");
    redis_ask(&bench.redis, "CONFIG SET maxmemory 0");
    assert_health(bench.store, STORE_READY, "");
    assert_int_equal(accept(bench.store, "070000000002").status, OP_OK);
}

static void test_replica_is_read_only(void **state)
{
    (void)state;
    redis_ask(&bench.redis, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(accept(bench.store, "070000000001").status, OP_REFUSED);
    assert_health(bench.store, STORE_NOT_DURABLE, "replica");
    redis_ask(&bench.redis, "REPLICAOF NO ONE");
    assert_health(bench.store, STORE_READY, "");
}

static void test_misconf(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/dump.rdb", bench.redis.folder);
    assert_int_equal(mkdir(path, 0700), 0); /* the snapshot cannot be renamed there */
    redis_ask(&bench.redis, "CONFIG SET save %s", "3600 1");
    redis_ask(&bench.redis, "BGSAVE");
    for (int i = 0; i < 200; i++) {
        usleep(10000);
        if (strncmp(redis_ask(&bench.redis, "SET x 1"), "(error) MISCONF", 15) == 0) {
            break;
        }
    }
    assert_int_equal(accept(bench.store, "070000000001").status, OP_REFUSED);
    assert_health(bench.store, STORE_NOT_DURABLE, "MISCONF");
    redis_ask(&bench.redis, "CONFIG SET save %s", "");
    assert_health(bench.store, STORE_READY, "");
}

/* Many in flight when it dies: each hears exactly once, and what was said to be stored is there afterwards. */
static void test_killed_in_flight(void **state)
{
    enum { COUNT = 200 };
    static struct got got[COUNT];
    char receipt[16];
    int stored = 0;
    (void)state;
    for (int round = 0; round < 3; round++) {
        memset(got, 0, sizeof got);
        for (int i = 0; i < COUNT; i++) {
            snprintf(receipt, sizeof receipt, "07%02d%08d", round, i);
            accept_begin(bench.store, receipt, 1000, &got[i]);
        }
        run_until(bench.loop, &got[round * 40].done); /* some answers are there */
        redis_kill(&bench.redis, SIGKILL);
        for (int i = 0; i < COUNT; i++) {
            run_until(bench.loop, &got[i].done);
            assert_true(got[i].status == OP_OK || got[i].status == OP_LOST ||
                        got[i].status == OP_DOWN);
            stored += got[i].status == OP_OK;
        }
        assert_int_equal(store_health(bench.store), STORE_CONNECTING);
        assert_int_equal(accept(bench.store, "070000000001").status, OP_DOWN);
        redis_run(&bench.redis);
        redis_users(&bench.redis);
        assert_health(bench.store, STORE_READY, "");
        for (int i = 0; i < COUNT; i++) {
            snprintf(receipt, sizeof receipt, "07%02d%08d", round, i);
            size_t fields = read_back(bench.store, receipt).fields;
            assert_true(fields > 0 || got[i].status != OP_OK);
        }
    }
    assert_true(stored > 0);
}

/* It hangs: the call ends in time, the link is cut, and later everything is well again. */
static void test_stopped(void **state)
{
    (void)state;
    struct store_options options = redis_options(&bench.redis);
    struct err err;
    options.timeout_ms = 200;
    struct store *store = store_new(bench.loop, &options);
    assert_true(store_wait(store, loop_now_ms(bench.loop) + 5000, &err));
    kill(bench.redis.pid, SIGSTOP);
    int64_t began_ms = clock_mono_ms();
    struct got got = {0};
    accept_begin(store, "070000000001", 10, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_TIMEOUT);
    assert_in_range(clock_mono_ms() - began_ms, 200, 400);
    assert_health(store, STORE_CONNECTING, "does not answer");
    assert_int_equal(accept(store, "070000000002").status, OP_DOWN);
    kill(bench.redis.pid, SIGCONT);
    assert_health(store, STORE_READY, "");
    assert_int_equal(accept(store, "070000000001").status, OP_OK); /* the repeat, or the first */
    store_free(&store);
}

/* As the user default, since the users of this server do not outlive it. */
static void test_loading(void **state)
{
    (void)state;
    bool loading = false;
    redis_ask(&bench.redis, "EVAL %s 0", "for i=1,5000 do redis.call('SET','k'..i,i) end");
    struct store *store = other_store("", "", "fsync");
    assert_health(store, STORE_READY, "");
    redis_kill(&bench.redis, SIGKILL);
    assert_true(wait_health(bench.loop, store, STORE_CONNECTING));
    bench.redis.more[0] = "--key-load-delay";
    bench.redis.more[1] = "200"; /* µs a key: a second */
    bench.redis.more[2] = NULL;
    bench.redis.pid = fork();
    if (bench.redis.pid == 0) {
        redis_exec(&bench.redis);
    }
    for (int i = 0; i < 3000 && store_health(store) != STORE_READY; i++) {
        wait_health_once(bench.loop);
        loading = loading || strstr(store_health_why(store), "loading") != NULL;
        assert_true(store_health(store) == STORE_CONNECTING || store_health(store) == STORE_READY);
    }
    assert_true(loading);
    assert_health(store, STORE_READY, "");
    assert_int_equal(accept(store, "070000000001").status, OP_OK);
    store_free(&store);
}

static void test_freed_in_flight(void **state)
{
    (void)state;
    static struct got got[50];
    struct store *store = other_store("gateway", "gw", "fsync");
    struct err err;
    char receipt[16];
    memset(got, 0, sizeof got);
    assert_true(store_wait(store, loop_now_ms(bench.loop) + 5000, &err));
    for (int i = 0; i < 50; i++) {
        snprintf(receipt, sizeof receipt, "07%010d", i);
        accept_begin(store, receipt, 10, &got[i]);
    }
    store_free(&store);
    for (int i = 0; i < 50; i++) {
        assert_true(got[i].done);
        assert_int_equal(got[i].status, OP_LOST);
    }
    store = other_store("gateway", "gw", "fsync");
    store_free(&store); /* before it ever connected */
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address, *words;
    } rows[] = {
        {"redis.example.org:6379", "numeric"},
        {"127.0.0.1", "ADDRESS:PORT"},
        {"127.0.0.1:0", "ADDRESS:PORT"},
        {"127.0.0.1:70000", "ADDRESS:PORT"},
        {"unix:", "107"},
        {"unix:/tmp/0123456789012345678901234567890123456789012345678901234567890123456789012345678"
         "90123456789012345678901234567890",
         "107"},
        {"", "ADDRESS:PORT"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store_options options = redis_options(&bench.redis);
        options.address = rows[i].address;
        struct store *store = store_new(bench.loop, &options);
        assert_int_equal(store_health(store), STORE_CONNECTING);
        if (strstr(store_health_why(store), rows[i].words) == NULL) {
            fail_msg("%s: %s", rows[i].address, store_health_why(store));
        }
        assert_int_equal(accept(store, "070000000001").status, OP_DOWN);
        store_free(&store);
    }
}

/* Two replicas are asked for, one is there: stored, but not as promised; the repeat is judged in the same way. */
static void test_replicated(void **state)
{
    (void)state;
    struct redis replica;
    struct err err;
    char port[8] = "";
    redis_prepare(&replica);
    for (int i = 0; i < 20 && atoi(port) == 0; i++) {
        snprintf(port, sizeof port, "%d", 20000 + (int)(clock_mono_ms() * 7 + i * 131) % 20000);
        redis_ask(&bench.redis, "CONFIG SET bind 127.0.0.1");
        if (strcmp(redis_ask(&bench.redis, "CONFIG SET port %s", port), "OK") != 0) {
            port[0] = '\0';
        }
    }
    replica.more[0] = "--replicaof";
    replica.more[1] = "127.0.0.1";
    replica.more[2] = port;
    redis_run(&replica);
    for (int i = 0; i < 500; i++) {
        if (strcmp(redis_ask(&bench.redis, "WAIT 1 10"), "1") == 0) {
            break;
        }
    }
    struct store_options options = redis_options(&bench.redis);
    options.durability = "replicated:1";
    options.timeout_ms = 1000;
    struct store *one = store_new(bench.loop, &options);
    options.durability = "replicated:2";
    struct store *two = store_new(bench.loop, &options);
    assert_true(store_wait(one, loop_now_ms(bench.loop) + 5000, &err));
    assert_true(store_wait(two, loop_now_ms(bench.loop) + 5000, &err));
    assert_int_equal(accept(one, "070000000001").status, OP_OK);
    assert_string_not_equal(redis_ask(&replica, "HGET ms:{07}:r:070000000001 v"), "(nil)");
    struct got got = accept(two, "070000000002");
    assert_int_equal(got.status, OP_REFUSED);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:r:070000000002 v"), "1");
    assert_int_equal(accept(two, "070000000002").status, OP_REFUSED); /* the repeat */
    got = accept(one, "070000000002");
    assert_int_equal(got.status, OP_OK);
    assert_int_equal(got.answer.kind, REPORTS_REPEAT);
    redis_end(&replica);
    assert_int_equal(accept(one, "070000000002").status, OP_REFUSED);
    store_free(&one);
    store_free(&two);
}

static struct str file_of(const char *path, struct buf *text)
{
    struct err err;
    buf_init(text, 65536);
    if (!file_read(path, text, &err)) {
        fail_msg("%s", err.text);
    }
    return buf_str(text);
}

/* What ships in deploy/redis starts, is found durable, and its users are those of a private Redis. */
static void test_shipped_files(void **state)
{
    (void)state;
    struct redis redis;
    struct buf conf;
    struct buf acl;
    char path[160];
    char command[512];
    struct err err;
    redis_prepare(&redis);
    file_of("deploy/redis/redis.conf", &conf);
    file_of("deploy/redis/users.acl.example", &acl);
    assert_non_null(strstr(buf_text(&acl), PRIVATE_RULES_GATEWAY "\n"));
    assert_non_null(strstr(buf_text(&acl), PRIVATE_RULES_DEPLOY "\n"));
    snprintf(path, sizeof path, "%s/redis.conf", redis.folder);
    assert_true(file_write(path, buf_str(&conf), 0600, &err));
    snprintf(command, sizeof command,
             "cd %s && sed -i -e 's|/var/lib/mashang-redis|%s|' -e 's|/run/mashang-redis|%s|' "
             "-e 's|/etc/mashang/redis-users.acl|users.acl|' -e 's|^supervised .*||' redis.conf",
             redis.folder, redis.folder, redis.folder);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/users.acl", redis.folder);
    assert_true(file_write(path, buf_str(&acl), 0600, &err));
    snprintf(command, sizeof command,
             "sed -i -e 's/gateway on #0*/gateway on >gw/' -e 's/deploy on #0*/deploy on >dp/' %s",
             path);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/redis.conf", redis.folder);
    redis.pid = fork();
    if (redis.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        assert_non_null(freopen("/dev/null", "w", stdout));
        execlp("redis-server", "redis-server", path, (char *)NULL);
        _exit(127);
    }
    struct store_options deploy = redis_deploy(&redis);
    bool loaded = false;
    for (int i = 0; i < 300 && !loaded; i++) {
        usleep(10000);
        loaded = store_load_functions(&deploy, &err);
    }
    assert_true(loaded);
    struct store_options options = redis_options(&redis);
    struct store *store = store_new(bench.loop, &options);
    assert_health(store, STORE_READY, "");
    assert_int_equal(accept(store, "070000000001").status, OP_OK);
    store_free(&store);
    redis_end(&redis);
    buf_release(&conf);
    buf_release(&acl);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes), WITH(test_settings),
        WITH(test_config_forbidden),  WITH(test_denied),
        WITH(test_not_loaded),        WITH(test_loading_again_keeps_epoch),
        WITH(test_out_of_memory),     WITH(test_replica_is_read_only),
        WITH(test_misconf),           WITH(test_killed_in_flight),
        WITH(test_stopped),           WITH(test_loading),
        WITH(test_freed_in_flight),   WITH(test_addresses),
        WITH(test_replicated),        WITH(test_shipped_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
