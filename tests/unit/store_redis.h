/*
 * store_redis.h - a redis-server of the test's own: unix socket in a new folder, durable, gone with the test. And a loop that runs until an answer
 * has come.
 */
#ifndef TESTS_STORE_REDIS_H
#define TESTS_STORE_REDIS_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "base/check.h"
#include "net/loop.h"
#include "store/private.h"
#include "store/store.h"

struct redis {
    char folder[64], socket[96], address[104];
    pid_t pid;
    const char *more[16]; /* further arguments, NULL at the end */
};

static inline redisContext *redis_connect(const struct redis *redis)
{
    return redisConnectUnix(redis->socket);
}

/* One command, its answer printed: text, number, or "(error) …"; elements joined by a blank. */
__attribute__((format(printf, 2, 3))) static inline const char *redis_ask(const struct redis *redis,
                                                                          const char *format, ...)
{
    static char text[65536];
    va_list args;
    redisContext *context = redis_connect(redis);
    assert_non_null(context);
    assert_int_equal(context->err, 0);
    va_start(args, format);
    redisReply *reply = redisvCommand(context, format, args);
    va_end(args);
    size_t len = 0;
    text[0] = '\0';
    if (reply == NULL) {
        snprintf(text, sizeof text, "(gone)");
    } else if (reply->type == REDIS_REPLY_INTEGER) {
        snprintf(text, sizeof text, "%lld", reply->integer);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        snprintf(text, sizeof text, "(error) %s", reply->str);
    } else if (reply->type == REDIS_REPLY_ARRAY) {
        for (size_t i = 0; i < reply->elements && len < sizeof text; i++) {
            const redisReply *at = reply->element[i];
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "",
                                    at->str ? at->str : "");
        }
    } else {
        snprintf(text, sizeof text, "%s", reply->str ? reply->str : "(nil)");
    }
    freeReplyObject(reply);
    redisFree(context);
    return text;
}

static inline void redis_exec(const struct redis *redis)
{
    const char *argv[40] = {"redis-server",
                            "--port",
                            "0",
                            "--unixsocket",
                            redis->socket,
                            "--dir",
                            redis->folder,
                            "--appendonly",
                            "yes",
                            "--appendfsync",
                            "always",
                            "--save",
                            "",
                            "--logfile",
                            "log"};
    size_t argc = 15;
    for (size_t i = 0; redis->more[i] != NULL; i++) {
        argv[argc++] = redis->more[i];
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

/* Returns when it answers at all (perhaps only that a password is wanted). */
static inline void redis_run(struct redis *redis)
{
    redis->pid = fork();
    assert_true(redis->pid >= 0);
    if (redis->pid == 0) {
        redis_exec(redis);
    }
    for (int tries = 0; tries < 500; tries++) {
        redisContext *context = redis_connect(redis);
        redisReply *reply = context != NULL && context->err == 0 ? redisCommand(context, "PING")
                                                                 : NULL;
        bool loading = reply != NULL && reply->type == REDIS_REPLY_ERROR &&
                       strncmp(reply->str, "LOADING", 7) == 0;
        bool there = reply != NULL && !loading;
        freeReplyObject(reply);
        redisFree(context);
        if (there) {
            return;
        }
        usleep(10000);
    }
    fail_msg("redis-server does not start in %s", redis->folder);
}

static inline void redis_kill(struct redis *redis, int with)
{
    if (redis->pid > 0) {
        kill(redis->pid, with);
        kill(redis->pid, SIGCONT);
        waitpid(redis->pid, NULL, 0);
        redis->pid = 0;
    }
}

static inline void redis_prepare(struct redis *redis)
{
    *redis = (struct redis){0};
    snprintf(redis->folder, sizeof redis->folder, "/tmp/mashang-store-XXXXXX");
    assert_non_null(mkdtemp(redis->folder));
    snprintf(redis->socket, sizeof redis->socket, "%s/redis.sock", redis->folder);
    snprintf(redis->address, sizeof redis->address, "unix:%s", redis->socket);
}

static inline void redis_end(struct redis *redis)
{
    char command[128];
    redis_kill(redis, SIGKILL);
    snprintf(command, sizeof command, "rm -rf '%s'", redis->folder);
    assert_int_equal(system(command), 0);
}

static inline struct store_options redis_options(const struct redis *redis)
{
    return (struct store_options){
        .address = redis->address,
        .user = "gateway",
        .password = "gw",
        .durability = "fsync",
        .timeout_ms = 2000,
    };
}

/* Runs the loop until *done, at most five seconds. */
struct until {
    struct loop *loop;
    const bool *done;
    struct timer *tick;
    int ticks;
};

static inline void until_tick(void *arg)
{
    struct until *until = arg;
    if (*until->done || ++until->ticks > 5000) {
        loop_stop(until->loop);
    } else {
        timer_set(until->tick, 1);
    }
}

static inline void run_until(struct loop *loop, const bool *done)
{
    struct until until = {loop, done, NULL, 0};
    until.tick = timer_new(loop, until_tick, &until);
    timer_set(until.tick, 0);
    loop_run(loop);
    timer_free(&until.tick);
    assert_true(*done);
}

static inline void wait_health_once(struct loop *loop)
{
    bool never = false;
    struct until until = {loop, &never, NULL, 4996}; /* some milliseconds */
    until.tick = timer_new(loop, until_tick, &until);
    timer_set(until.tick, 0);
    loop_run(loop);
    timer_free(&until.tick);
}

static inline bool wait_health(struct loop *loop, struct store *store, enum store_health health)
{
    for (int i = 0; i < 1500 && store_health(store) != health; i++) {
        wait_health_once(loop);
    }
    return store_health(store) == health;
}

/* The users of a real place, so that each test also proves their rights. */
static inline void redis_users(const struct redis *redis)
{
    char command[2048];
    const char *const users[] = {"ACL SETUSER gateway on >gw " PRIVATE_RULES_GATEWAY,
                                 "ACL SETUSER deploy on >dp " PRIVATE_RULES_DEPLOY};
    for (size_t i = 0; i < 2; i++) {
        redisContext *context = redis_connect(redis);
        snprintf(command, sizeof command, "%s", users[i]);
        redisReply *reply = redisCommand(context, command);
        assert_non_null(reply);
        assert_string_equal(reply->str, "OK");
        freeReplyObject(reply);
        redisFree(context);
    }
}

static inline struct store_options redis_deploy(const struct redis *redis)
{
    struct store_options options = redis_options(redis);
    options.user = "deploy";
    options.password = "dp";
    return options;
}

/* A server with users and functions, a loop and a store that is ready. */
struct bench {
    struct redis redis;
    struct loop *loop;
    struct store *store;
};

static inline void bench_open(struct bench *bench, const char *const *more)
{
    struct err err;
    redis_prepare(&bench->redis);
    for (size_t i = 0; more != NULL && more[i] != NULL; i++) {
        bench->redis.more[i] = more[i];
    }
    redis_run(&bench->redis);
    redis_users(&bench->redis);
    struct store_options deploy = redis_deploy(&bench->redis);
    struct store_options options = redis_options(&bench->redis);
    if (!store_load_functions(&deploy, &err)) {
        fail_msg("%s", err.text);
    }
    bench->loop = loop_new();
    bench->store = store_new(bench->loop, &options);
    if (!store_wait(bench->store, loop_now_ms(bench->loop) + 5000, &err)) {
        fail_msg("%s", err.text);
    }
}

static inline void bench_close(struct bench *bench)
{
    store_free(&bench->store);
    loop_free(&bench->loop);
    redis_end(&bench->redis);
}

/* One for all tests of a program, emptied between them. */
static struct bench bench;

static inline int open_bench(void **state)
{
    (void)state;
    bench_open(&bench, NULL);
    return 0;
}

static inline int close_bench(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

static inline int wipe(void **state)
{
    (void)state;
    redis_ask(&bench.redis, "EVAL %s 0",
              "for _,k in ipairs(redis.call('KEYS','ms:{*')) do redis.call('DEL',k) end");
    return 0;
}

#endif
