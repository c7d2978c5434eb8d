#include "store_redis.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "store/private.h"
#include "store/reports.h"
#include "supervise/private_redis.h"

struct place {
    char folder[64];
    struct loop *loop;
};

static int open_place(void **state)
{
    static struct place place;
    snprintf(place.folder, sizeof place.folder, "/tmp/mashang-private-XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    place.loop = loop_new();
    *state = &place;
    return 0;
}

static int close_place(void **state)
{
    struct place *place = *state;
    char command[128];
    loop_free(&place->loop);
    snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
    return system(command);
}

static struct private_redis *start(struct place *place)
{
    struct err err;
    struct private_redis *redis = private_redis_start(place->loop, place->folder, "redis-server",
                                                      &err);
    if (redis == NULL) {
        fail_msg("%s", err.text);
    }
    return redis;
}

static struct store *connect_to(struct place *place, const struct private_redis *redis)
{
    const struct store_options options = {
        .address = private_redis_address(redis), .durability = "fsync", .timeout_ms = 2000};
    struct store *store = store_new(place->loop, &options);
    struct err err;
    if (!store_wait(store, loop_now_ms(place->loop) + 5000, &err)) {
        fail_msg("%s", err.text);
    }
    return store;
}

static pid_t pid_of(const struct place *place)
{
    char path[128];
    int pid = 0;
    snprintf(path, sizeof path, "%s/redis/redis.pid", place->folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return pid;
}

static mode_t mode_of(const struct place *place, const char *name)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s/redis/%s", place->folder, name);
    return stat(path, &info) == 0 ? info.st_mode & 0777 : 0;
}

static void test_ready_and_gone(void **state)
{
    struct place *place = *state;
    struct private_redis *redis = start(place);
    struct store *store = connect_to(place, redis);
    assert_string_not_equal(store_epoch(store), "");
    assert_int_equal(mode_of(place, ""), 0700);
    assert_int_equal(mode_of(place, "gateway.password"), 0600);
    assert_int_equal(mode_of(place, "deploy.password"), 0600);
    assert_int_equal(mode_of(place, "users.acl"), 0600);
    pid_t pid = pid_of(place);
    assert_int_equal(getpgid(pid), pid); /* Ctrl-C in the terminal does not reach it */
    store_free(&store);
    private_redis_stop(&redis);
    assert_null(redis);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(mode_of(place, "redis.sock"), 0);
}

static void test_strangers_are_denied(void **state)
{
    struct place *place = *state;
    struct private_redis *redis = start(place);
    struct private_login login;
    assert_true(private_login(private_redis_address(redis), PRIVATE_USER_GATEWAY, &login, NULL));
    redisContext *context = redisConnectUnix(login.address + 5);
    redisReply *reply = redisCommand(context, "GET ms:epoch");
    assert_int_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    freeReplyObject(redisCommand(context, "AUTH gateway %s", login.password));
    static const char *const forbidden[] = {"FLUSHALL",      "CONFIG SET appendfsync no",
                                            "EVAL x 0",      "KEYS *",
                                            "GET other",     "SHUTDOWN",
                                            "ACL LIST",      "FUNCTION FLUSH",
                                            "DEL ms:epoch",  "SAVE",
                                            "SCRIPT LOAD x", "PSUBSCRIBE ms:*",
                                            "CLIENT LIST",   "FUNCTION LIST"};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        reply = redisCommand(context, forbidden[i]);
        if (reply->type != REDIS_REPLY_ERROR || strncmp(reply->str, "NOPERM", 6) != 0) {
            fail_msg("%s is allowed", forbidden[i]);
        }
        freeReplyObject(reply);
    }
    redisFree(context);
    private_redis_stop(&redis);
}

static void test_killed_and_back_with_its_data(void **state)
{
    struct place *place = *state;
    struct private_redis *redis = start(place);
    struct store *store = connect_to(place, redis);
    char epoch[64];
    snprintf(epoch, sizeof epoch, "%s", store_epoch(store));
    pid_t pid = pid_of(place);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_true(wait_health(place->loop, store, STORE_CONNECTING));
    for (int i = 0; i < 100 && private_redis_restarts(redis) == 0; i++) {
        private_redis_reap(redis); /* as SIGCHLD would */
        wait_health(place->loop, store, STORE_READY);
    }
    assert_int_equal(private_redis_restarts(redis), 1);
    assert_true(wait_health(place->loop, store, STORE_READY));
    assert_int_not_equal(pid_of(place), pid);
    assert_string_equal(store_epoch(store), epoch);
    store_free(&store);
    private_redis_stop(&redis);
    redis = start(place); /* a second start with the same folder */
    store = connect_to(place, redis);
    assert_string_equal(store_epoch(store), epoch);
    store_free(&store);
    private_redis_stop(&redis);
}

static void test_stale_socket(void **state)
{
    struct place *place = *state;
    struct private_redis *redis = start(place);
    pid_t pid = pid_of(place);
    kill(pid, SIGKILL);
    usleep(50000);
    assert_int_not_equal(mode_of(place, "redis.sock"), 0); /* left behind, with its pidfile */
    private_redis_stop(&redis);
    redis = start(place);
    private_redis_stop(&redis);
}

static void test_clear_errors(void **state)
{
    struct place *place = *state;
    struct err err;
    char deep[512];
    assert_null(private_redis_start(place->loop, "/nowhere/at/all", "redis-server", &err));
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
    assert_null(private_redis_start(place->loop, place->folder, "/no/such/server", &err));
    assert_non_null(strstr(err.text, "/no/such/server: cannot be run"));
    snprintf(deep, sizeof deep, "%s/%0100d", place->folder, 0);
    assert_int_equal(mkdir(deep, 0700), 0);
    assert_null(private_redis_start(place->loop, deep, "redis-server", &err));
    assert_non_null(strstr(err.text, "at most 107 bytes"));
    const struct store_options options = {
        .address = "private:/nowhere/at/all", .durability = "fsync", .timeout_ms = 100};
    struct store *store = store_new(place->loop, &options);
    assert_non_null(strstr(store_health_why(store), "/nowhere/at/all"));
    store_free(&store);
}

/* A second one on the same folder must not touch the first one's data. */
static void test_predecessor(void **state)
{
    struct place *place = *state;
    struct private_redis *redis = start(place);
    struct err err;
    assert_null(private_redis_start(place->loop, place->folder, "redis-server", &err));
    assert_non_null(strstr(err.text, "another redis-server"));
    struct store *store = connect_to(place, redis);
    store_free(&store);
    private_redis_stop(&redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ready_and_gone, open_place, close_place),
        cmocka_unit_test_setup_teardown(test_strangers_are_denied, open_place, close_place),
        cmocka_unit_test_setup_teardown(test_killed_and_back_with_its_data, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(test_stale_socket, open_place, close_place),
        cmocka_unit_test_setup_teardown(test_clear_errors, open_place, close_place),
        cmocka_unit_test_setup_teardown(test_predecessor, open_place, close_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
