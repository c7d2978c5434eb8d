#include "store_redis.h"

#include "base/clock.h"
#include "crypto/mac.h"
#include "store/tokens.h"

struct got {
    bool done;
    enum op_status status;
    bool found;
    struct tokens_row row;
    enum tokens_answer answer;
    char id[TOKENS_ID_BYTES];
    char secret[TOKENS_SECRET_BYTES];
    size_t count;
    struct tokens_row rows[TOKENS_PAGE_MAX];
};

static int empty(void **state)
{
    (void)state;
    redis_ask(&bench.redis, "EVAL %s 0",
              "for _,k in ipairs(redis.call('KEYS','ms:token*')) do redis.call('DEL',k) end");
    return 0;
}

static void on_find(void *arg, enum op_status status, const struct tokens_row *row)
{
    struct got *got = arg;
    assert_false(got->done);
    got->done = true;
    got->status = status;
    got->found = row != NULL;
    if (row != NULL) {
        got->row = *row;
    }
}

static void on_add(void *arg, enum op_status status, const char *id, const char *secret)
{
    struct got *got = arg;
    assert_false(got->done);
    got->done = true;
    got->status = status;
    snprintf(got->id, sizeof got->id, "%s", id);
    snprintf(got->secret, sizeof got->secret, "%s", secret);
}

static void on_act(void *arg, enum op_status status, enum tokens_answer answer, const char *secret)
{
    struct got *got = arg;
    assert_false(got->done);
    got->done = true;
    got->status = status;
    got->answer = answer;
    snprintf(got->secret, sizeof got->secret, "%s", secret);
}

static void on_list(void *arg, enum op_status status, const struct tokens_row *rows, size_t count)
{
    struct got *got = arg;
    assert_false(got->done);
    got->done = true;
    got->status = status;
    got->count = count;
    memcpy(got->rows, rows, count * sizeof *rows);
}

static struct got wait_for(struct got *got)
{
    assert_false(got->done); /* never before the call returns */
    run_until(bench.loop, &got->done);
    assert_int_equal(got->status, OP_OK);
    return *got;
}

static struct got find(const char *secret)
{
    struct got got = {0};
    tokens_find(bench.store, str_of(secret), on_find, &got);
    return wait_for(&got);
}

static struct got add(const char *name, int64_t until_ms)
{
    struct got got = {0};
    struct tokens_row row = {
        .areas = "370115008,370115009", .rights = RIGHT_READ | RIGHT_STEP, .until_ms = until_ms};
    snprintf(row.name, sizeof row.name, "%s", name);
    snprintf(row.org, sizeof row.org, "minzheng");
    tokens_add(bench.store, &row, on_add, &got);
    return wait_for(&got);
}

static struct got disable(const char *id)
{
    struct got got = {0};
    tokens_disable(bench.store, id, on_act, &got);
    return wait_for(&got);
}

static struct got rotate(const char *id)
{
    struct got got = {0};
    tokens_rotate(bench.store, id, on_act, &got);
    return wait_for(&got);
}

static struct got list(size_t offset, size_t most)
{
    struct got got = {0};
    tokens_list(bench.store, offset, most, on_list, &got);
    return wait_for(&got);
}

static void test_add_and_find(void **state)
{
    (void)state;
    int64_t before = clock_wall_ms();
    struct got added = add("曲堤街道 “值班”", 0);
    assert_int_equal(strlen(added.secret), 46);
    assert_int_equal(strncmp(added.secret, "ms_", 3), 0);
    assert_int_equal(strlen(added.id), 8);
    struct got got = find(added.secret);
    assert_true(got.found);
    assert_string_equal(got.row.id, added.id);
    assert_string_equal(got.row.name, "曲堤街道 “值班”");
    assert_string_equal(got.row.areas, "370115008,370115009");
    assert_int_equal(got.row.rights, RIGHT_READ | RIGHT_STEP);
    assert_string_equal(got.row.org, "minzheng");
    assert_true(got.row.made_ms >= before && got.row.made_ms <= clock_wall_ms());
    assert_true(got.row.until_ms == 0 && !got.row.disabled);
    struct got other = add("另一个", 0);
    assert_string_not_equal(other.secret, added.secret);
    assert_string_not_equal(other.id, added.id);
    assert_string_equal(find(other.secret).row.name, "另一个");
}

/* Who reads the store finds nothing to use. */
static void test_only_the_hash_is_kept(void **state)
{
    struct got added = add("一", 0);
    struct mac mac;
    char hex[MAC_HEX_BYTES];
    (void)state;
    sha256(str_of(added.secret), &mac);
    mac_hex(&mac, MAC_BYTES, hex);
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:token:%s", hex), "1");
    assert_string_equal(redis_ask(&bench.redis, "GET ms:tokenid:%s", added.id), hex);
    assert_null(strstr(redis_ask(&bench.redis, "HGETALL ms:token:%s", hex), added.secret + 3));
    assert_null(strstr(redis_ask(&bench.redis, "KEYS *"), added.secret + 3));
}

static long lookups(void)
{
    redisContext *context = redis_connect(&bench.redis);
    redisReply *reply = redisCommand(context, "INFO commandstats");
    const char *at = strstr(reply->str, "cmdstat_hgetall:calls=");
    long calls = at != NULL ? atol(at + strlen("cmdstat_hgetall:calls=")) : 0;
    freeReplyObject(reply);
    redisFree(context);
    return calls;
}

static void test_none(void **state)
{
    struct got added = add("一", 0);
    char text[64];
    (void)state;
    const char *const malformed[] = {"", "ms_", "ms_x", "Bearer", "ms_*", added.secret + 3};
    long before = lookups();
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        assert_false(find(malformed[i]).found);
    }
    snprintf(text, sizeof text, "%sA", added.secret);
    assert_false(find(text).found);
    assert_int_equal(lookups(), before);                /* these are known without asking */
    for (size_t i = 0; i < strlen(added.secret); i++) { /* one letter is another */
        snprintf(text, sizeof text, "%s", added.secret);
        text[i] = text[i] == 'x' ? 'y' : 'x';
        assert_false(find(text).found);
        text[i] = '\n';
        assert_false(find(text).found);
    }
    assert_true(find(added.secret).found);
}

static void test_until(void **state)
{
    (void)state;
    struct got over = add("过期", clock_wall_ms() - 1);
    struct got soon = add("快了", clock_wall_ms() + 60000);
    assert_false(find(over.secret).found);
    assert_true(find(soon.secret).found);
    assert_int_equal(rotate(over.id).answer, TOKENS_OVER);
    struct got turned = rotate(soon.id);
    assert_int_equal(turned.answer, TOKENS_DONE);
    assert_true(find(turned.secret).row.until_ms > clock_wall_ms());
}

static void test_disable(void **state)
{
    struct got added = add("一", 0);
    struct got other = add("二", 0);
    (void)state;
    assert_int_equal(disable(added.id).answer, TOKENS_DONE);
    assert_false(find(added.secret).found);
    assert_true(find(other.secret).found);
    assert_int_equal(disable(added.id).answer, TOKENS_DISABLED);
    assert_int_equal(disable("00000000").answer, TOKENS_GONE);
    assert_int_equal(disable("").answer, TOKENS_GONE);
    struct got turned = rotate(added.id);
    assert_int_equal(turned.answer, TOKENS_DISABLED);
    assert_string_equal(turned.secret, "");
}

static void test_rotate(void **state)
{
    struct got added = add("一", 0);
    (void)state;
    struct got turned = rotate(added.id);
    assert_int_equal(turned.answer, TOKENS_DONE);
    assert_string_not_equal(turned.secret, added.secret);
    assert_false(find(added.secret).found);
    struct got got = find(turned.secret);
    assert_true(got.found);
    assert_string_equal(got.row.id, added.id);
    assert_string_equal(got.row.name, "一");
    assert_int_equal(got.row.rights, RIGHT_READ | RIGHT_STEP);
    assert_int_equal(list(0, 2).count, 1);
    assert_string_equal(
        redis_ask(&bench.redis, "EVAL %s 0", "return #redis.call('KEYS','ms:token:*')"), "1");
    assert_int_equal(rotate("00000000").answer, TOKENS_GONE);
    assert_int_equal(disable(added.id).answer, TOKENS_DONE);
    assert_false(find(turned.secret).found);
}

static void test_list(void **state)
{
    char name[16];
    (void)state;
    assert_int_equal(list(0, 10).count, 0);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "第%02d个", i);
        struct got added = add(name, 0);
        usleep(1100); /* one a millisecond */
        if (i == 3) {
            disable(added.id);
        }
    }
    struct got first = list(0, TOKENS_PAGE_MAX);
    struct got rest = list(TOKENS_PAGE_MAX, TOKENS_PAGE_MAX);
    assert_int_equal(first.count, TOKENS_PAGE_MAX);
    assert_int_equal(rest.count, 20 - TOKENS_PAGE_MAX);
    for (int i = 0; i < 20; i++) {
        struct tokens_row *row = i < TOKENS_PAGE_MAX ? &first.rows[i]
                                                     : &rest.rows[i - TOKENS_PAGE_MAX];
        snprintf(name, sizeof name, "第%02d个", i);
        assert_string_equal(row->name, name);
        assert_int_equal(row->disabled, i == 3);
    }
}

/* The store's troubles are told apart from a token that is not there. */
static void test_store_away(void **state)
{
    struct got added = add("一", 0);
    struct got got = {0};
    (void)state;
    redis_kill(&bench.redis, SIGKILL);
    assert_true(wait_health(bench.loop, bench.store, STORE_CONNECTING));
    tokens_find(bench.store, str_of(added.secret), on_find, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_DOWN);
    assert_false(got.found);
    redis_run(&bench.redis);
    redis_users(&bench.redis);
    assert_true(wait_health(bench.loop, bench.store, STORE_READY));
    assert_true(find(added.secret).found); /* durable */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_add_and_find, empty),
        cmocka_unit_test_setup(test_only_the_hash_is_kept, empty),
        cmocka_unit_test_setup(test_none, empty),
        cmocka_unit_test_setup(test_until, empty),
        cmocka_unit_test_setup(test_disable, empty),
        cmocka_unit_test_setup(test_rotate, empty),
        cmocka_unit_test_setup(test_list, empty),
        cmocka_unit_test_setup(test_store_away, empty),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
