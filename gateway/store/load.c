#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/rand.h"
#include "store/inside.h"
#include "store/private.h"

/* store.lua, compiled in (Makefile). */
extern const char _binary_gateway_store_store_lua_start[];
extern const char _binary_gateway_store_store_lua_end[];

enum { LOAD_TIMEOUT_MS = 10000, EPOCH_BYTES = 8 };

/* A command without an error for an answer; the error names it. The caller frees. */
static redisReply *ask(redisContext *redis, struct err *err, const char *what,
                       const struct link_call *call)
{
    redisReply *reply = redisCommandArgv(redis, call->argc, (const char **)call->argv, call->lens);
    if (reply == NULL) {
        err_set(err, "redis: %s: %s", what, redis->errstr);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        err_set(err, "redis: %s: %.200s", what, reply->str);
        freeReplyObject(reply);
        reply = NULL;
    }
    return reply;
}

static bool run(redisContext *redis, struct err *err, const char *what,
                const struct link_call *call)
{
    redisReply *reply = ask(redis, err, what, call);
    freeReplyObject(reply);
    return reply != NULL;
}

static bool log_in(redisContext *redis, const struct store_options *options, struct err *err)
{
    if (options->password != NULL && options->password[0] != '\0') {
        struct link_call call = {0};
        bool named = options->user != NULL && options->user[0] != '\0';
        link_arg(&call, STR("AUTH"));
        link_arg_text(&call, named ? options->user : "default");
        link_arg_text(&call, options->password);
        if (!run(redis, err, "AUTH", &call)) {
            return false;
        }
    }
    if (options->database != 0) {
        struct link_call call = {0};
        char database[24];
        snprintf(database, sizeof database, "%lld", (long long)options->database);
        link_arg(&call, STR("SELECT"));
        link_arg_text(&call, database);
        return run(redis, err, "SELECT", &call);
    }
    return true;
}

/* Data or functions of a newer gateway are not for us to replace. */
static bool is_not_newer(redisContext *redis, struct err *err)
{
    struct link_call get = {0};
    struct link_call call = {0};
    link_arg(&get, STR("GET"));
    link_arg(&get, STR(KEYS_SCHEMA_NUMBER));
    redisReply *reply = ask(redis, err, "GET " KEYS_SCHEMA_NUMBER, &get);
    if (reply == NULL) {
        return false;
    }
    int64_t schema = reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : 0;
    freeReplyObject(reply);
    link_arg(&call, STR("FCALL"));
    link_arg(&call, STR(KEYS_VERSION));
    link_arg(&call, STR("2"));
    link_arg(&call, STR(KEYS_SCHEMA_NUMBER));
    link_arg(&call, STR(KEYS_EPOCH));
    reply = redisCommandArgv(redis, call.argc, (const char **)call.argv, call.lens);
    if (reply == NULL) {
        return err_set(err, "redis: FCALL: %s", redis->errstr);
    }
    int64_t library = reply_number(reply, 0); /* 0 also when the function is not there yet */
    freeReplyObject(reply);
    if (library > KEYS_LIBRARY || schema > KEYS_SCHEMA) {
        return err_set(err, "redis: library %lld, schema %lld are newer than this program (%d, %d)",
                       (long long)library, (long long)schema, KEYS_LIBRARY, KEYS_SCHEMA);
    }
    return true;
}

static bool load(redisContext *redis, struct err *err)
{
    struct link_call call = {0};
    const char *text = _binary_gateway_store_store_lua_start;
    link_arg(&call, STR("FUNCTION"));
    link_arg(&call, STR("LOAD"));
    link_arg(&call, STR("REPLACE"));
    link_arg(&call, str_make(text, (size_t)(_binary_gateway_store_store_lua_end - text)));
    return run(redis, err, "FUNCTION LOAD", &call);
}

static bool set_missing(redisContext *redis, const char *key, const char *value, struct err *err)
{
    struct link_call call = {0};
    link_arg(&call, STR("SET"));
    link_arg_text(&call, key);
    link_arg_text(&call, value);
    link_arg(&call, STR("NX"));
    return run(redis, err, "SET", &call);
}

static bool set(redisContext *redis, const char *key, const char *value, struct err *err)
{
    struct link_call call = {0};
    link_arg(&call, STR("SET"));
    link_arg_text(&call, key);
    link_arg_text(&call, value);
    return run(redis, err, "SET", &call);
}

/* restored: what was read from the data before may not have been in the copy: its readers begin again. */
static bool set_numbers(redisContext *redis, bool restored, struct err *err)
{
    unsigned char bytes[EPOCH_BYTES];
    char epoch[EPOCH_BYTES * 2 + 1];
    char schema[12];
    rand_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(epoch + i * 2, 3, "%02x", bytes[i]);
    }
    snprintf(schema, sizeof schema, "%d", KEYS_SCHEMA);
    return set(redis, KEYS_SCHEMA_NUMBER, schema, err) &&
           (restored ? set : set_missing)(redis, KEYS_EPOCH, epoch, err);
}

static bool load_at(const struct store_options *options, bool restored, struct err *err)
{
    struct link_address address;
    int64_t timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : LOAD_TIMEOUT_MS;
    const struct timeval timeout = {.tv_sec = timeout_ms / 1000,
                                    .tv_usec = timeout_ms % 1000 * 1000};
    if (!link_parse_address(options->address, &address, err)) {
        return false;
    }
    redisContext *redis = address.is_unix
                              ? redisConnectUnixWithTimeout(address.path_or_host, timeout)
                              : redisConnectWithTimeout(address.path_or_host, address.port,
                                                        timeout);
    if (redis == NULL || redis->err != 0) {
        err_set(err, "redis: %s: %s", options->address, redis ? redis->errstr : "no memory");
        redisFree(redis);
        return false;
    }
    redisSetTimeout(redis, timeout);
    bool done = log_in(redis, options, err) && is_not_newer(redis, err) && load(redis, err) &&
                set_numbers(redis, restored, err);
    redisFree(redis);
    return done;
}

static bool load_as(const struct store_options *deploy_user, bool restored, struct err *err)
{
    struct store_options options = *deploy_user;
    struct private_login login;
    signal(SIGPIPE, SIG_IGN); /* hiredis writes without MSG_NOSIGNAL */
    if (!str_starts(str_of(options.address), STR(PRIVATE_ADDRESS))) {
        return load_at(&options, restored, err);
    }
    if (!private_login(options.address, PRIVATE_USER_DEPLOY, &login, err)) {
        return false;
    }
    options.address = login.address;
    options.user = PRIVATE_USER_DEPLOY;
    options.password = login.password;
    bool loaded = load_at(&options, restored, err);
    explicit_bzero(&login, sizeof login);
    return loaded;
}

bool store_load_functions(const struct store_options *deploy_user, struct err *err)
{
    return load_as(deploy_user, false, err);
}

bool store_restored(const struct store_options *deploy_user, struct err *err)
{
    return load_as(deploy_user, true, err);
}
