#include "store/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/private.h"

enum {
    CHECK_EACH_MS = 60000,
    CHECK_AGAIN_MS = 1000,
    CHECK_TIMEOUT_MS = 5000,
    SILENCE_MIN_MS = 3000
};

static loop_fn on_link;
static loop_fn on_check_due;
static op_done_fn on_version;
static op_done_fn on_config;
static op_done_fn on_info;
static op_done_fn on_probe;
static op_done_fn on_text;
static loop_fn on_wait_over;

static void set_health(struct store *store, enum store_health health, const char *why)
{
    if (store->health == health && strcmp(store->why, why) == 0) {
        return;
    }
    bool became_ready = health == STORE_READY && store->health != STORE_READY;
    store->health = health;
    snprintf(store->why, sizeof store->why, "%s", why);
    if (became_ready) {
        store_write_texts(store);
    }
    if ((store->waited && health == STORE_READY) ||
        (store->waited_loaded && health == STORE_NOT_DURABLE)) {
        loop_stop(store->loop);
    }
    if (store->changed != NULL) {
        store->changed(store->changed_arg);
    }
}

/* An address of private: that cannot be resolved stays as it is, which no link can use; err says why. */
static void link_options_copy(struct link_options *to, const struct store_options *from,
                              struct err *err)
{
    int64_t silence_ms = from->timeout_ms * 2;
    struct private_login login = {0};
    const char *address = from->address ? from->address : "";
    const char *user = from->user ? from->user : "";
    const char *password = from->password ? from->password : "";
    if (str_starts(str_of(address), STR(PRIVATE_ADDRESS)) &&
        private_login(address, PRIVATE_USER_GATEWAY, &login, err)) {
        address = login.address;
        user = PRIVATE_USER_GATEWAY;
        password = login.password;
    }
    *to = (struct link_options){
        .address = mem_strdup(address),
        .user = mem_strdup(user),
        .password = mem_strdup(password),
        .database = from->database,
        .silence_ms = silence_ms > SILENCE_MIN_MS ? silence_ms : SILENCE_MIN_MS,
    };
    explicit_bzero(&login, sizeof login);
}

struct store *store_new(struct loop *loop, const struct store_options *options)
{
    struct store *store = mem_alloc(sizeof *store);
    struct err err = {""};
    struct err mode_err;
    store->magic = STORE_MAGIC;
    store->loop = loop;
    store->timeout_ms = options->timeout_ms;
    store->health = STORE_CONNECTING;
    store->check_timer = timer_new(loop, on_check_due, store);
    link_options_copy(&store->link_options, options, &err);
    if (!durability_parse(options->durability, &store->durability, &mode_err)) {
        /* options are checked at start; whoever passes something else gets the strictest */
        store->durability = (struct durability){DURABILITY_FSYNC, 0};
    }
    store->main = link_new(loop, &store->link_options, on_link, store);
    if (store_confirms(store)) {
        store->writer = link_new(loop, &store->link_options, on_link, store);
    }
    snprintf(store->why, sizeof store->why, "%.255s",
             err.text[0] ? err.text : link_why(store->main));
    return store;
}

void store_free(struct store **store)
{
    struct store *gone = *store;
    if (gone == NULL) {
        return;
    }
    CHECK_OBJ(gone, STORE_MAGIC);
    *store = NULL;
    gone->closing = true;
    gone->changed = NULL;
    link_free(&gone->listener);
    link_free(&gone->writer);
    link_free(&gone->main);
    timer_free(&gone->check_timer);
    gone->closed = true;
    store_release(gone);
}

void store_release(struct store *store)
{
    if (!store->closed || store->check.waiting > 0 || store->guesses != NULL) {
        return;
    }
    for (size_t i = 0; i < store->text_count; i++) {
        free(store->texts[i].key);
        free(store->texts[i].text);
    }
    explicit_bzero((char *)store->link_options.password, strlen(store->link_options.password));
    free((char *)store->link_options.address);
    free((char *)store->link_options.user);
    free((char *)store->link_options.password);
    store->magic = 0;
    free(store);
}

/* A link came up or went down: everything is asked anew. */
static void on_link(void *arg)
{
    struct store *store = arg;
    CHECK_OBJ(store, STORE_MAGIC);
    struct link *const links[] = {store->main, store->writer};
    for (size_t i = 0; i < 2; i++) {
        if (links[i] != NULL && !link_up(links[i])) {
            timer_stop(store->check_timer);
            set_health(store, link_denied(links[i]) ? STORE_DENIED : STORE_CONNECTING,
                       link_why(links[i]));
            return;
        }
    }
    timer_set(store->check_timer, 0);
}

static void found_fault(struct store *store, enum store_health health, const char *why)
{
    if (!store->check.found_fault) {
        store->check.found_fault = true;
        store->check.health = health;
        snprintf(store->check.why, sizeof store->check.why, "%.255s", why);
    }
}

/* The answer to one question of the check has come: with the last one the health is known. */
static void check_answered(struct store *store)
{
    struct store_check *check = &store->check;
    if (--check->waiting > 0) {
        return;
    }
    if (store->closing) {
        store_release(store);
        return;
    }
    if (!link_up(store->main)) {
        return; /* its fall has been told */
    }
    store->full = check->full;
    if (check->found_fault) {
        set_health(store, check->health, check->why);
    } else {
        set_health(store, STORE_READY, "");
    }
    timer_set(store->check_timer, store->health == STORE_READY ? CHECK_EACH_MS : CHECK_AGAIN_MS);
}

static void ask(struct store *store, const struct link_call *call, op_done_fn *done)
{
    store->check.waiting++;
    link_send(store->main, loop_now_ms(store->loop) + CHECK_TIMEOUT_MS, call, done, store);
}

static void ask_durability(struct store *store)
{
    struct link_call config = {0};
    link_arg(&config, STR("CONFIG"));
    link_arg(&config, STR("GET"));
    for (size_t i = 0; durability_settings[i] != NULL; i++) {
        link_arg_text(&config, durability_settings[i]);
    }
    ask(store, &config, on_config);
    struct link_call info = {0};
    link_arg(&info, STR("INFO"));
    link_arg(&info, STR("persistence"));
    link_arg(&info, STR("replication"));
    ask(store, &info, on_info);
}

static void on_check_due(void *arg)
{
    struct store *store = arg;
    CHECK_OBJ(store, STORE_MAGIC);
    if (store->check.waiting > 0) { /* those of a broken connection still report */
        timer_set(store->check_timer, CHECK_AGAIN_MS / 10);
        return;
    }
    store->check = (struct store_check){0};
    struct link_call version = {0};
    link_arg(&version, STR("FCALL"));
    link_arg(&version, STR(KEYS_VERSION));
    link_arg(&version, STR("2"));
    link_arg(&version, STR(KEYS_SCHEMA_NUMBER));
    link_arg(&version, STR(KEYS_EPOCH));
    ask(store, &version, on_version);
    if (durability_asks(&store->durability)) {
        ask_durability(store);
    }
    struct link_call probe = {0};
    link_arg(&probe, STR("FCALL"));
    link_arg(&probe, STR(KEYS_MARK));
    link_arg(&probe, STR("1"));
    link_arg(&probe, STR(KEYS_PROBE));
    ask(store, &probe, on_probe);
}

/* Refused, lost or late: what that says about Redis. what: the question, for the sentence. */
static void question_failed(struct store *store, enum op_status status, const redisReply *reply,
                            const char *what, enum store_health when_refused)
{
    char why[256];
    const char *words = reply != NULL ? reply->str : op_status_name(status);
    if (status == OP_REFUSED && strncmp(words, "NOAUTH", 6) == 0) {
        found_fault(store, STORE_DENIED, "Redis wants a password: set [redis] password_file");
    } else if (status == OP_REFUSED && strncmp(words, "LOADING", 7) == 0) {
        found_fault(store, STORE_CONNECTING, "Redis is loading its data");
    } else if (status == OP_REFUSED) {
        snprintf(why, sizeof why, "%s: %.150s", what, words);
        found_fault(store, when_refused, why);
    } else {
        found_fault(store, STORE_CONNECTING, "Redis does not answer");
    }
}

static void judge_version(struct store *store, const redisReply *reply)
{
    char why[256];
    int64_t library = reply_number(reply, 0);
    struct str epoch = reply_str(reply, 2);
    if (reply_number(reply, 1) > KEYS_SCHEMA) {
        snprintf(why, sizeof why,
                 "the data in Redis have schema %lld, this gateway knows %d: it is too old",
                 (long long)reply_number(reply, 1), KEYS_SCHEMA);
        found_fault(store, STORE_NOT_LOADED, why);
    } else if (library < KEYS_LIBRARY) {
        found_fault(store, STORE_NOT_LOADED,
                    "the functions in Redis are older than this gateway: run mashang store load");
    } else if (reply_number(reply, 1) < 1 || epoch.len == 0) {
        found_fault(store, STORE_NOT_LOADED,
                    "Redis has no schema number or epoch: run mashang store load");
    } else {
        snprintf(store->epoch, sizeof store->epoch, "%.*s", STR_ARG(epoch));
    }
}

static void on_version(void *arg, enum op_status status, const void *answer)
{
    struct store *store = arg;
    CHECK_OBJ(store, STORE_MAGIC);
    const redisReply *reply = answer;
    if (status == OP_OK) {
        judge_version(store, reply);
    } else if (status == OP_REFUSED && strstr(reply->str, "Function not found") != NULL) {
        found_fault(store, STORE_NOT_LOADED,
                    "the functions are not in Redis: run mashang store load");
    } else {
        question_failed(store, status, reply, "Redis denies FCALL", STORE_DENIED);
    }
    check_answered(store);
}

static void on_config(void *arg, enum op_status status, const void *answer)
{
    struct store *store = arg;
    CHECK_OBJ(store, STORE_MAGIC);
    struct err err;
    if (status != OP_OK) {
        question_failed(store, status, answer, "CONFIG GET (or set durability = declared)",
                        STORE_NOT_DURABLE);
    } else if (!durability_judge_config(answer, &err)) {
        found_fault(store, STORE_NOT_DURABLE, err.text);
    }
    check_answered(store);
}

static void on_info(void *arg, enum op_status status, const void *answer)
{
    struct store *store = arg;
    CHECK_OBJ(store, STORE_MAGIC);
    struct err err;
    if (status != OP_OK) {
        question_failed(store, status, answer, "INFO", STORE_NOT_DURABLE);
    } else if (!durability_judge_info(answer, &err)) {
        found_fault(store, STORE_NOT_DURABLE, err.text);
    }
    check_answered(store);
}

/* Whether it takes writes at all. The last question, so that its fault counts only when there is no other. */
static void on_probe(void *arg, enum op_status status, const void *answer)
{
    struct store *store = arg;
    CHECK_OBJ(store, STORE_MAGIC);
    const redisReply *reply = answer;
    if (status != OP_OK) {
        store->check.full = !store->check.found_fault && status == OP_REFUSED &&
                            strncmp(reply->str, "OOM", 3) == 0;
        question_failed(store, status, reply, "Redis takes no writes", STORE_NOT_DURABLE);
    }
    check_answered(store);
}

enum store_health store_health(const struct store *store)
{
    return store->health;
}

const char *store_health_why(const struct store *store)
{
    return store->why;
}

void store_on_health(struct store *store, loop_fn *changed, void *arg)
{
    store->changed = changed;
    store->changed_arg = arg;
}

const char *store_epoch(const struct store *store)
{
    return store->epoch;
}

static void on_wait_over(void *arg)
{
    struct store *store = arg;
    loop_stop(store->loop);
}

static bool wait_for(struct store *store, int64_t deadline_ms, bool loaded, struct err *err)
{
    bool enough = loaded && store->health == STORE_NOT_DURABLE;
    if (store->health != STORE_READY && !enough) {
        struct timer *over = timer_new(store->loop, on_wait_over, store);
        timer_set(over, deadline_ms - loop_now_ms(store->loop));
        store->waited = true;
        store->waited_loaded = loaded;
        loop_run(store->loop);
        store->waited = store->waited_loaded = false;
        timer_free(&over);
    }
    enough = loaded && store->health == STORE_NOT_DURABLE;
    return store->health == STORE_READY || enough || err_set(err, "%s", store->why);
}

bool store_wait(struct store *store, int64_t deadline_ms, struct err *err)
{
    return wait_for(store, deadline_ms, false, err);
}

bool store_wait_loaded(struct store *store, int64_t deadline_ms, struct err *err)
{
    return wait_for(store, deadline_ms, true, err);
}

void store_doubt(struct store *store, const void *answer)
{
    static const char *const signs[] = {
        "MISCONF", "READONLY", "OOM",        "NOPERM",
        "NOAUTH",  "LOADING",  "MASTERDOWN", "ERR Function not found"};
    const redisReply *reply = answer;
    for (size_t i = 0; reply != NULL && !store->closing && i < sizeof signs / sizeof signs[0];
         i++) {
        if (strncmp(reply->str, signs[i], strlen(signs[i])) == 0 && link_up(store->main)) {
            timer_set(store->check_timer, 0);
            return;
        }
    }
}

void store_call_begin(struct link_call *call, const char *function, unsigned bucket,
                      char key[STORE_BUCKET_KEY_BYTES])
{
    CHECK(bucket < 100);
    snprintf(key, STORE_BUCKET_KEY_BYTES, KEYS_BUCKET_FORMAT, bucket % 100);
    call->argc = 0;
    link_arg(call, STR("FCALL"));
    link_arg_text(call, function);
    link_arg(call, STR("1"));
    link_arg_text(call, key);
}

void store_send(struct store *store, enum store_need need, const struct link_call *call,
                op_done_fn *done, void *arg)
{
    CHECK_OBJ(store, STORE_MAGIC);
    int64_t deadline_ms = loop_now_ms(store->loop) + store->timeout_ms;
    bool fit = store->health == STORE_READY ||
               (store->health == STORE_NOT_DURABLE &&
                (need == STORE_NEED_LOADED || need == STORE_NEED_ANYWAY ||
                 (need == STORE_NEED_CHANGE && store->full)));
    bool writes = need != STORE_NEED_LOADED && store->writer != NULL;
    struct link *link = writes ? store->writer : store->main;
    if (!fit || store->closing) {
        bool there = !store->closing && link_up(link);
        op_finish_later(op_new(store->loop, deadline_ms, done, arg), there ? OP_REFUSED : OP_DOWN);
        return;
    }
    link_send(link, deadline_ms, call, done, arg);
}

void store_write_texts(struct store *store)
{
    for (size_t i = 0; i < store->text_count; i++) {
        struct link_call call = {0};
        link_arg(&call, STR("SET"));
        link_arg_text(&call, store->texts[i].key);
        link_arg(&call, str_make(store->texts[i].text, store->texts[i].len));
        link_arg(&call, STR("NX"));
        store_send(store, STORE_NEED_LOADED, &call, on_text, store);
    }
}

/* A text that could not be written is written at the next time the store becomes ready. */
static void on_text(void *arg, enum op_status status, const void *answer)
{
    struct store *store = arg;
    if (status == OP_REFUSED) {
        store_doubt(store, answer);
    }
}

static const redisReply *element(const redisReply *reply, size_t i)
{
    bool there = reply != NULL && reply->type == REDIS_REPLY_ARRAY && i < reply->elements;
    return there ? reply->element[i] : NULL;
}

struct str reply_str(const redisReply *reply, size_t i)
{
    const redisReply *at = element(reply, i);
    bool text = at != NULL && (at->type == REDIS_REPLY_STRING || at->type == REDIS_REPLY_STATUS);
    return text ? str_make(at->str, at->len) : STR("");
}

int64_t reply_number(const redisReply *reply, size_t i)
{
    const redisReply *at = element(reply, i);
    if (at != NULL && at->type == REDIS_REPLY_INTEGER) {
        return at->integer;
    }
    return strtoll(at != NULL && at->type == REDIS_REPLY_STRING ? at->str : "0", NULL, 10);
}

bool reply_is(const redisReply *reply, const char *word)
{
    return str_is(reply_str(reply, 0), word);
}
