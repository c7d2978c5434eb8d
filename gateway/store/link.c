#include "store/link.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <hiredis/async.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/rand.h"

enum {
    LINK_MAGIC = 0x4c696e6b,
    BACKOFF_MIN_MS = 20,
    BACKOFF_MAX_MS = 1000,
    HANDSHAKE_MS = 5000,
    WATCH_MS = 500
};

struct link {
    unsigned magic;
    struct loop *loop;
    struct link_address address;
    char *user, *password;
    int64_t database;
    int64_t silence_ms;
    loop_fn *changed;
    void *arg;

    redisAsyncContext *redis; /* NULL while there is none */
    struct timer *retry;      /* the next attempt to connect */
    struct timer *watch;      /* runs while a connection is there */
    int64_t backoff_ms;
    int64_t heard_ms; /* the last answer, or the first call after none was under way */
    size_t pending;
    bool valid; /* the address */
    bool up, denied;
    char why[256];

    char *subscription; /* a formatted command */
    size_t subscription_len;
    link_message_fn *heard;
    loop_fn *subscribed;
    void *heard_arg;
};

/* What hiredis wants of an event loop. The read event stays armed, which saves two system calls per answer. */
struct pump {
    redisAsyncContext *redis;
    struct event *read, *write;
};

static loop_fn on_retry;
static loop_fn on_watch;
static redisConnectCallback on_connect;
static redisCallbackFn on_handshake;
static redisCallbackFn on_answer;
static redisCallbackFn on_message;
static redisDisconnectCallback on_disconnect;

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct pump *pump = arg;
    (void)fd;
    (void)what;
    redisAsyncHandleRead(pump->redis);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct pump *pump = arg;
    (void)fd;
    (void)what;
    redisAsyncHandleWrite(pump->redis);
}

static void pump_add_read(void *arg)
{
    event_add(((struct pump *)arg)->read, NULL);
}

static void pump_del_read(void *arg)
{
    event_del(((struct pump *)arg)->read);
}

static void pump_add_write(void *arg)
{
    event_add(((struct pump *)arg)->write, NULL);
}

static void pump_del_write(void *arg)
{
    event_del(((struct pump *)arg)->write);
}

static void pump_cleanup(void *arg)
{
    struct pump *pump = arg;
    event_free(pump->read);
    event_free(pump->write);
    free(pump);
}

static void pump_attach(struct link *link, redisAsyncContext *redis)
{
    struct pump *pump = mem_alloc(sizeof *pump);
    struct event_base *base = loop_base(link->loop);
    pump->redis = redis;
    pump->read = event_new(base, redis->c.fd, EV_READ | EV_PERSIST, on_readable, pump);
    pump->write = event_new(base, redis->c.fd, EV_WRITE, on_writable, pump);
    CHECK(pump->read != NULL && pump->write != NULL);
    redis->ev.addRead = pump_add_read;
    redis->ev.delRead = pump_del_read;
    redis->ev.addWrite = pump_add_write;
    redis->ev.delWrite = pump_del_write;
    redis->ev.cleanup = pump_cleanup;
    redis->ev.data = pump;
}

/* Where the state changes. An empty why is up. */
static void set_state(struct link *link, bool denied, const char *why)
{
    bool up = why[0] == '\0';
    if (link->up == up && link->denied == denied && strcmp(link->why, why) == 0) {
        return;
    }
    link->up = up;
    link->denied = denied;
    snprintf(link->why, sizeof link->why, "%s", why);
    link->changed(link->arg);
}

static void retry_later(struct link *link)
{
    int64_t jitter_ms = (int64_t)rand_below((uint64_t)link->backoff_ms / 2 + 1);
    timer_set(link->retry, link->backoff_ms + jitter_ms);
    link->backoff_ms = link->backoff_ms * 2 < BACKOFF_MAX_MS ? link->backoff_ms * 2
                                                             : BACKOFF_MAX_MS;
}

static void connect_now(struct link *link)
{
    redisAsyncContext *redis = link->address.is_unix
                                   ? redisAsyncConnectUnix(link->address.path_or_host)
                                   : redisAsyncConnect(link->address.path_or_host,
                                                       link->address.port);
    CHECK(redis != NULL);
    if (redis->err != 0) {
        char why[192];
        snprintf(why, sizeof why, "Redis cannot be reached: %s", redis->errstr);
        redisAsyncFree(redis);
        set_state(link, false, why);
        retry_later(link);
        return;
    }
    if (!link->address.is_unix) {
        redisEnableKeepAlive(&redis->c); /* a subscription sends nothing by itself */
    }
    redis->data = link;
    link->redis = redis;
    link->pending = 0;
    link->heard_ms = loop_now_ms(link->loop);
    pump_attach(link, redis);
    redisAsyncSetDisconnectCallback(redis, on_disconnect);
    redisAsyncSetConnectCallback(redis, on_connect); /* also arms the write event */
    timer_set(link->watch, HANDSHAKE_MS);
}

static void on_retry(void *arg)
{
    struct link *link = arg;
    CHECK_OBJ(link, LINK_MAGIC);
    connect_now(link);
}

/* A connection that failed is freed by hiredis after this returns. */
static void on_connect(const redisAsyncContext *redis, int status)
{
    struct link *link = redis->data;
    if (link == NULL) {
        return;
    }
    CHECK_OBJ(link, LINK_MAGIC);
    if (status != REDIS_OK) {
        char why[192];
        snprintf(why, sizeof why, "Redis cannot be reached: %s", redis->errstr);
        link->redis = NULL;
        timer_stop(link->watch);
        set_state(link, false, why);
        retry_later(link);
        return;
    }
    struct link_call call = {0};
    if (link->password[0] != '\0') {
        link_arg(&call, STR("AUTH"));
        link_arg_text(&call, link->user[0] != '\0' ? link->user : "default");
        link_arg_text(&call, link->password);
        redisAsyncCommandArgv(link->redis, on_handshake, NULL, call.argc, call.argv, call.lens);
    }
    if (link->database != 0) {
        redisAsyncCommand(link->redis, on_handshake, NULL, "SELECT %lld",
                          (long long)link->database);
    }
    redisAsyncCommand(link->redis, on_handshake, link, "PING"); /* the last one */
}

static bool is_denial(const char *words)
{
    return strncmp(words, "NOAUTH", 6) == 0 || strncmp(words, "WRONGPASS", 9) == 0 ||
           strncmp(words, "NOPERM", 6) == 0;
}

static void handshake_failed(struct link *link, const char *words)
{
    char why[192];
    bool denied = is_denial(words);
    if (denied) {
        snprintf(why, sizeof why, "Redis denies access (%.60s): check [redis] user and password",
                 words);
    } else if (strncmp(words, "LOADING", 7) == 0) {
        snprintf(why, sizeof why, "Redis is loading its data");
    } else {
        snprintf(why, sizeof why, "Redis answers: %.120s", words);
    }
    set_state(link, denied, why);
    redisAsyncDisconnect(link->redis); /* on_disconnect follows */
}

static void subscribe(struct link *link)
{
    if (link->subscription != NULL) {
        redisAsyncFormattedCommand(link->redis, on_message, NULL, link->subscription,
                                   link->subscription_len);
    }
}

static void on_handshake(redisAsyncContext *redis, void *answer, void *last)
{
    struct link *link = redis->data;
    const redisReply *reply = answer;
    if (link == NULL || reply == NULL || (redis->c.flags & REDIS_DISCONNECTING)) {
        return;
    }
    CHECK_OBJ(link, LINK_MAGIC);
    if (reply->type == REDIS_REPLY_ERROR) {
        handshake_failed(link, reply->str);
    } else if (last != NULL) {
        timer_set(link->watch, WATCH_MS);
        subscribe(link);
        set_state(link, false, "");
    }
}

/* Calls under way have got their NULL by now. */
static void on_disconnect(const redisAsyncContext *redis, int status)
{
    struct link *link = redis->data;
    (void)status;
    if (link == NULL) {
        return;
    }
    CHECK_OBJ(link, LINK_MAGIC);
    link->redis = NULL;
    timer_stop(link->watch);
    if (link->up) {
        set_state(link, false, "the connection to Redis broke");
    }
    retry_later(link);
}

/* From the timer only: hiredis frees at once when it is not in a callback of its own. */
static void on_watch(void *arg)
{
    struct link *link = arg;
    CHECK_OBJ(link, LINK_MAGIC);
    int64_t silent_ms = loop_now_ms(link->loop) - link->heard_ms;
    if (link->up && (link->pending == 0 || silent_ms < link->silence_ms)) {
        timer_set(link->watch, WATCH_MS);
        return;
    }
    redisAsyncContext *redis = link->redis;
    link->redis = NULL;
    redis->data = NULL;
    set_state(link, false, "Redis does not answer");
    redisAsyncFree(redis);
    retry_later(link);
}

bool link_parse_address(const char *address, struct link_address *ret, struct err *err)
{
    unsigned char bytes[16];
    struct str rest = str_of(address);
    *ret = (struct link_address){0};
    if (str_starts(rest, STR("unix:"))) {
        rest = str_from(rest, 5);
        if (rest.len == 0 || rest.len > LINK_SOCKET_PATH_MAX) {
            return err_set(err, "%s: a socket path has 1 to %d bytes", address,
                           LINK_SOCKET_PATH_MAX);
        }
        ret->is_unix = true;
        snprintf(ret->path_or_host, sizeof ret->path_or_host, "%.*s", STR_ARG(rest));
        return true;
    }
    const char *colon = strrchr(address, ':');
    uint64_t port = 0;
    if (colon == NULL || !str_to_u64(str_of(colon + 1), 65535, &port) || port == 0) {
        return err_set(err, "%s: unix:PATH or ADDRESS:PORT is allowed", address);
    }
    struct str host = str_make(address, (size_t)(colon - address));
    if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']') {
        host = str_sub(host, 1, host.len - 2);
    }
    snprintf(ret->path_or_host, sizeof ret->path_or_host, "%.*s", STR_ARG(host));
    ret->port = (int)port;
    if (host.len >= sizeof ret->path_or_host ||
        (inet_pton(AF_INET, ret->path_or_host, bytes) != 1 &&
         inet_pton(AF_INET6, ret->path_or_host, bytes) != 1)) {
        return err_set(err, "%s: the host must be a numeric address", address);
    }
    return true;
}

struct link *link_new(struct loop *loop, const struct link_options *options, loop_fn *changed,
                      void *arg)
{
    struct link *link = mem_alloc(sizeof *link);
    struct err err;
    signal(SIGPIPE, SIG_IGN); /* hiredis writes without MSG_NOSIGNAL */
    link->magic = LINK_MAGIC;
    link->loop = loop;
    link->user = mem_strdup(options->user ? options->user : "");
    link->password = mem_strdup(options->password ? options->password : "");
    link->database = options->database;
    link->silence_ms = options->silence_ms;
    link->changed = changed;
    link->arg = arg;
    link->backoff_ms = BACKOFF_MIN_MS;
    link->retry = timer_new(loop, on_retry, link);
    link->watch = timer_new(loop, on_watch, link);
    link->valid = link_parse_address(options->address ? options->address : "", &link->address,
                                     &err);
    snprintf(link->why, sizeof link->why, "%.200s", link->valid ? "not connected yet" : err.text);
    if (link->valid) {
        timer_set(link->retry, 0);
    }
    return link;
}

void link_free(struct link **link)
{
    struct link *gone = *link;
    if (gone == NULL) {
        return;
    }
    CHECK_OBJ(gone, LINK_MAGIC);
    *link = NULL;
    gone->up = false;
    timer_free(&gone->retry);
    timer_free(&gone->watch);
    if (gone->redis != NULL) {
        gone->redis->data = NULL;
        redisAsyncFree(gone->redis);
    }
    explicit_bzero(gone->password, strlen(gone->password));
    free(gone->user);
    free(gone->password);
    if (gone->subscription != NULL) {
        redisFreeCommand(gone->subscription);
    }
    gone->magic = 0;
    free(gone);
}

bool link_up(const struct link *link)
{
    return link->up;
}

bool link_denied(const struct link *link)
{
    return link->denied;
}

const char *link_why(const struct link *link)
{
    return link->why;
}

void link_arg(struct link_call *call, struct str arg)
{
    CHECK(call->argc < LINK_ARGS_MAX);
    call->argv[call->argc] = arg.at ? arg.at : "";
    call->lens[call->argc++] = arg.len;
}

void link_arg_text(struct link_call *call, const char *arg)
{
    link_arg(call, str_of(arg));
}

void link_arg_number(struct link_call *call, int64_t number, char room[LINK_NUMBER_BYTES])
{
    snprintf(room, LINK_NUMBER_BYTES, "%lld", (long long)number);
    link_arg_text(call, room);
}

void link_send(struct link *link, int64_t deadline_ms, const struct link_call *call,
               op_done_fn *done, void *arg)
{
    CHECK_OBJ(link, LINK_MAGIC);
    struct op *op = op_new(link->loop, deadline_ms, done, arg);
    if (!link->up || redisAsyncCommandArgv(link->redis, on_answer, op, call->argc,
                                           (const char **)call->argv, call->lens) != REDIS_OK) {
        op_finish_later(op, OP_DOWN);
        return;
    }
    if (link->pending++ == 0) {
        link->heard_ms = loop_now_ms(link->loop);
    }
    op_hold(op);
}

static void on_answer(redisAsyncContext *redis, void *answer, void *arg)
{
    struct link *link = redis->data;
    struct op *op = arg;
    const redisReply *reply = answer;
    enum op_status status = OP_OK;
    if (link != NULL && reply != NULL) {
        link->heard_ms = loop_now_ms(link->loop);
        link->pending--;
        link->backoff_ms =
            BACKOFF_MIN_MS; /* not earlier: a peer that hangs up after PING must not spin */
    }
    if (reply == NULL) {
        status = OP_LOST;
    } else if (reply->type == REDIS_REPLY_ERROR) {
        status = OP_REFUSED;
    }
    if (link != NULL && reply == NULL && link->up) {
        set_state(link, false, "the connection to Redis broke"); /* before anyone asks again */
    }
    if (!op_finished(op)) {
        op_finish(op, status, reply);
    }
    op_drop(&op);
}

void link_subscribe(struct link *link, const struct link_call *call, link_message_fn *heard,
                    loop_fn *subscribed, void *arg)
{
    CHECK_OBJ(link, LINK_MAGIC);
    CHECK(link->subscription == NULL);
    int len = redisFormatCommandArgv(&link->subscription, call->argc, (const char **)call->argv,
                                     call->lens);
    CHECK(len > 0);
    link->subscription_len = (size_t)len;
    link->heard = heard;
    link->subscribed = subscribed;
    link->heard_arg = arg;
    if (link->up) {
        subscribe(link);
    }
}

/* [subscribe, channel, 1 …] for each channel, then [message, channel, text] */
static void on_message(redisAsyncContext *redis, void *answer, void *arg)
{
    struct link *link = redis->data;
    const redisReply *reply = answer;
    (void)arg;
    if (link == NULL || reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        return;
    }
    link->backoff_ms = BACKOFF_MIN_MS;
    const redisReply *channel = reply->element[1];
    const redisReply *last = reply->element[2];
    if (last->type == REDIS_REPLY_INTEGER && last->integer == 1) {
        link->subscribed(link->heard_arg);
    } else if (last->type == REDIS_REPLY_STRING && channel->type == REDIS_REPLY_STRING) {
        link->heard(link->heard_arg, str_make(channel->str, channel->len),
                    str_make(last->str, last->len));
    }
}
