#include "store/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/mem.h"
#include "base/rand.h"
#include "crypto/mac.h"
#include "store/inside.h"

enum { FINDING_MAGIC = 0x546f6b46, TOKEN_MAGIC = 0x546f6b6e, RANDOM_BYTES = 32 };
enum { KEY_BYTES = sizeof KEYS_TOKEN + MAC_HEX_BYTES, NUMBER_BYTES = 24, DRAWS_MAX = 8 };

static const char prefix[] = "ms_";

static bool well_formed(struct str secret)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    bool fine = secret.len == TOKENS_SECRET_BYTES - 1 && str_starts(secret, str_of(prefix));
    for (size_t i = strlen(prefix); fine && i < secret.len; i++) {
        fine = memchr(letters, secret.at[i], sizeof letters - 1) != NULL;
    }
    return fine;
}

static void hash_secret(struct str secret, char ret_hex[MAC_HEX_BYTES])
{
    struct mac mac;
    sha256(secret, &mac);
    mac_hex(&mac, MAC_BYTES, ret_hex);
}

static void copy(char *to, size_t room, struct str text)
{
    snprintf(to, room, "%.*s", STR_ARG(text));
}

/* A token's hash, as HGETALL gives it. False: there is none. */
static bool row_read(const redisReply *reply, struct tokens_row *ret)
{
    *ret = (struct tokens_row){0};
    size_t elements = reply != NULL && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    for (size_t i = 0; i + 1 < elements; i += 2) {
        struct str name = reply_str(reply, i);
        struct str value = reply_str(reply, i + 1);
        if (str_is(name, "id")) {
            copy(ret->id, sizeof ret->id, value);
        } else if (str_is(name, "name")) {
            copy(ret->name, sizeof ret->name, value);
        } else if (str_is(name, "areas")) {
            copy(ret->areas, sizeof ret->areas, value);
        } else if (str_is(name, "rights")) {
            ret->rights = rights_read(value);
        } else if (str_is(name, "org")) {
            copy(ret->org, sizeof ret->org, value);
        } else if (str_is(name, "made")) {
            ret->made_ms = reply_number(reply, i + 1);
        } else if (str_is(name, "until")) {
            ret->until_ms = reply_number(reply, i + 1);
        } else if (str_is(name, "disabled")) {
            ret->disabled = true;
        }
    }
    return ret->id[0] != '\0';
}

/* Looking one up: HGETALL, nothing else. ------------------------------------------------------------------------------------------ */

struct finding {
    unsigned magic;
    struct store *store;
    tokens_find_done_fn *done;
    void *arg;
};

static op_done_fn on_found;

void tokens_find(struct store *store, struct str secret, tokens_find_done_fn *done, void *arg)
{
    struct finding *finding = mem_alloc(sizeof *finding);
    *finding = (struct finding){FINDING_MAGIC, store, done, arg};
    if (!well_formed(secret)) {
        int64_t deadline_ms = loop_now_ms(store->loop) + store->timeout_ms;
        op_finish_later(op_new(store->loop, deadline_ms, on_found, finding), OP_OK);
        return;
    }
    char hex[MAC_HEX_BYTES];
    char key[KEY_BYTES];
    struct link_call call = {0};
    hash_secret(secret, hex);
    snprintf(key, sizeof key, KEYS_TOKEN "%s", hex);
    link_arg(&call, STR("HGETALL"));
    link_arg_text(&call, key);
    store_send(store, STORE_NEED_LOADED, &call, on_found, finding);
}

static void on_found(void *arg, enum op_status status, const void *answer)
{
    struct finding *finding = arg;
    CHECK_OBJ(finding, FINDING_MAGIC);
    struct tokens_row row;
    if (status == OP_REFUSED) {
        store_doubt(finding->store, answer);
    }
    bool holds = status == OP_OK && row_read(answer, &row) && !row.disabled &&
                 (row.until_ms == 0 || row.until_ms > clock_wall_ms());
    finding->done(finding->arg, status, holds ? &row : NULL);
    finding->magic = 0;
    free(finding);
}

/* For the command line: one function each, on replicas before it is told. ---------------------------------------------------------- */

struct tokens_act {
    unsigned magic;
    struct store *store;
    struct tokens_row row; /* add: what shall be there; else its id only */
    char secret[TOKENS_SECRET_BYTES];
    enum tokens_answer answer;
    int draws;
    tokens_add_done_fn *added; /* one of the three */
    tokens_act_done_fn *acted;
    tokens_list_done_fn *listed;
    void *arg;
};

static void add_send(struct tokens_act *act);
static op_done_fn on_added;
static op_done_fn on_acted;
static op_done_fn on_confirmed;
static void act_finish(struct tokens_act *act, enum op_status status);
static op_done_fn on_listed;

static struct tokens_act *act_new(struct store *store, void *arg)
{
    struct tokens_act *act = mem_alloc(sizeof *act);
    act->magic = TOKEN_MAGIC;
    act->store = store;
    act->arg = arg;
    return act;
}

static void draw_secret(struct tokens_act *act)
{
    unsigned char random[RANDOM_BYTES];
    struct buf text;
    buf_init(&text, sizeof act->secret);
    rand_bytes(random, sizeof random);
    buf_puts(&text, prefix);
    base64url_put(&text, str_make(random, sizeof random));
    CHECK(buf_ok(&text) && text.len == sizeof act->secret - 1);
    memcpy(act->secret, buf_text(&text), sizeof act->secret);
    explicit_bzero(random, sizeof random);
    explicit_bzero(text.at, text.len);
    buf_release(&text);
}

static void draw_id(char ret_id[TOKENS_ID_BYTES])
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < TOKENS_ID_BYTES - 1; i++) {
        ret_id[i] = letters[rand_below(sizeof letters - 1)];
    }
    ret_id[TOKENS_ID_BYTES - 1] = '\0';
}

/* The keys of one call; they live as long as it is put together. */
struct token_keys {
    char hex[MAC_HEX_BYTES];
    char token[KEY_BYTES];
    char id[sizeof KEYS_TOKEN_ID + TOKENS_ID_BYTES];
};

static void name_keys(const struct tokens_act *act, struct token_keys *ret)
{
    hash_secret(str_of(act->secret), ret->hex);
    snprintf(ret->token, sizeof ret->token, KEYS_TOKEN "%s", ret->hex);
    snprintf(ret->id, sizeof ret->id, KEYS_TOKEN_ID "%s", act->row.id);
}

static void call_begin(struct link_call *call, const char *function, const char *const *keys,
                       size_t count)
{
    static const char *const digits[] = {"0", "1", "2", "3"};
    CHECK(count < sizeof digits / sizeof digits[0]);
    *call = (struct link_call){0};
    link_arg(call, STR("FCALL"));
    link_arg_text(call, function);
    link_arg_text(call, digits[count]);
    for (size_t i = 0; i < count; i++) {
        link_arg_text(call, keys[i]);
    }
}

void tokens_add(struct store *store, const struct tokens_row *row, tokens_add_done_fn *done,
                void *arg)
{
    struct tokens_act *act = act_new(store, arg);
    CHECK(row->name[0] != '\0' && row->areas[0] != '\0' && row->rights != 0);
    act->added = done;
    act->row = *row;
    act->row.made_ms = clock_wall_ms();
    add_send(act);
}

static void add_send(struct tokens_act *act)
{
    struct token_keys keys;
    struct link_call call;
    char made[NUMBER_BYTES];
    char until[NUMBER_BYTES];
    char rights[RIGHTS_TEXT_BYTES];
    draw_secret(act);
    draw_id(act->row.id);
    name_keys(act, &keys);
    snprintf(made, sizeof made, "%lld", (long long)act->row.made_ms);
    snprintf(until, sizeof until, "%lld", (long long)act->row.until_ms);
    rights_print(act->row.rights, rights);
    call_begin(&call, KEYS_TOKEN_ADD, (const char *[]){keys.token, keys.id, KEYS_TOKENS}, 3);
    const char *const args[] = {keys.hex,     act->row.id,    made,     "name", act->row.name,
                                "areas",      act->row.areas, "rights", rights, "org",
                                act->row.org, "until",        until};
    for (size_t i = 0; i < sizeof args / sizeof args[0]; i++) {
        link_arg_text(&call, args[i]);
    }
    store_send(act->store, STORE_NEED_READY, &call, on_added, act);
}

static void on_added(void *arg, enum op_status status, const void *answer)
{
    struct tokens_act *act = arg;
    CHECK_OBJ(act, TOKEN_MAGIC);
    if (status == OP_OK && reply_is(answer, "taken") && ++act->draws < DRAWS_MAX) {
        add_send(act);
        return;
    }
    on_acted(act, status, answer);
}

void tokens_disable(struct store *store, const char *id, tokens_act_done_fn *done, void *arg)
{
    struct tokens_act *act = act_new(store, arg);
    struct token_keys keys;
    struct link_call call;
    act->acted = done;
    copy(act->row.id, sizeof act->row.id, str_of(id));
    name_keys(act, &keys);
    call_begin(&call, KEYS_TOKEN_DISABLE, (const char *[]){keys.id}, 1);
    /* a leaked token: whoever asked is warned of a store that is not durable */
    store_send(store, STORE_NEED_ANYWAY, &call, on_acted, act);
}

void tokens_rotate(struct store *store, const char *id, tokens_act_done_fn *done, void *arg)
{
    struct tokens_act *act = act_new(store, arg);
    struct token_keys keys;
    struct link_call call;
    act->acted = done;
    copy(act->row.id, sizeof act->row.id, str_of(id));
    draw_secret(act);
    name_keys(act, &keys);
    call_begin(&call, KEYS_TOKEN_ROTATE, (const char *[]){keys.id, keys.token}, 2);
    link_arg_text(&call, keys.hex);
    store_send(store, STORE_NEED_CHANGE, &call, on_acted, act);
}

static void on_acted(void *arg, enum op_status status, const void *answer)
{
    struct tokens_act *act = arg;
    CHECK_OBJ(act, TOKEN_MAGIC);
    bool done = status == OP_OK && reply_is(answer, "done");
    if (status == OP_REFUSED) {
        store_doubt(act->store, answer);
    } else if (status == OP_OK && reply_is(answer, "gone")) {
        act->answer = TOKENS_GONE;
    } else if (status == OP_OK && reply_is(answer, "disabled")) {
        act->answer = TOKENS_DISABLED;
    } else if (status == OP_OK && reply_is(answer, "over")) {
        act->answer = TOKENS_OVER;
    } else if (status == OP_OK && !done) {
        status = OP_REFUSED;
    }
    if (done && store_confirms(act->store)) {
        store_confirm(act->store, 0, false, on_confirmed, act);
        return;
    }
    act_finish(act, status);
}

static void on_confirmed(void *arg, enum op_status status, const void *answer)
{
    (void)answer;
    act_finish(arg, status);
}

static void act_finish(struct tokens_act *act, enum op_status status)
{
    CHECK_OBJ(act, TOKEN_MAGIC);
    bool done = status == OP_OK && act->answer == TOKENS_DONE;
    const char *secret = done ? act->secret : "";
    if (act->added != NULL) {
        act->added(act->arg, status, act->row.id, secret);
    } else {
        act->acted(act->arg, status, act->answer, secret);
    }
    explicit_bzero(act, sizeof *act);
    free(act);
}

void tokens_list(struct store *store, size_t offset, size_t most, tokens_list_done_fn *done,
                 void *arg)
{
    struct tokens_act *act = act_new(store, arg);
    struct link_call call;
    char from[NUMBER_BYTES];
    char count[NUMBER_BYTES];
    CHECK(most > 0 && most <= TOKENS_PAGE_MAX);
    act->listed = done;
    snprintf(from, sizeof from, "%zu", offset);
    snprintf(count, sizeof count, "%zu", most);
    call_begin(&call, KEYS_TOKEN_LIST, (const char *[]){KEYS_TOKENS}, 1);
    link_arg_text(&call, from);
    link_arg_text(&call, count);
    store_send(store, STORE_NEED_LOADED, &call, on_listed, act);
}

static void on_listed(void *arg, enum op_status status, const void *answer)
{
    struct tokens_act *act = arg;
    CHECK_OBJ(act, TOKEN_MAGIC);
    const redisReply *reply = answer;
    struct tokens_row rows[TOKENS_PAGE_MAX];
    size_t elements = status == OP_OK && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    size_t count = 0;
    if (status == OP_REFUSED) {
        store_doubt(act->store, answer);
    }
    while (count < elements && count < TOKENS_PAGE_MAX) {
        (void)row_read(reply->element[count], &rows[count]);
        count++;
    }
    act->listed(act->arg, status, rows, count);
    act->magic = 0;
    free(act);
}
