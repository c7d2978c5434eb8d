#include "store_filing.h"

#include "store/feed.h"
#include "store/history.h"

static struct feed_filter any;

struct slice {
    bool done;
    enum op_status status;
    int64_t last, head;
    bool ended;
    size_t count;
    char receipts[256][RECEIPT_BYTES];
    int64_t versions[256];
    char first_mask[32];
};

static void on_slice(void *arg, enum op_status status, const struct feed_slice *slice)
{
    struct slice *got = arg;
    assert_false(got->done);
    got->done = true;
    got->status = status;
    if (slice == NULL) {
        return;
    }
    got->last = slice->last;
    got->head = slice->head;
    got->ended = slice->ended;
    got->count = slice->count;
    for (size_t i = 0; i < slice->count; i++) {
        struct report_record record;
        feed_hit(slice, i, got->receipts[i], &record);
        got->versions[i] = record_number(&record, REPORT_VERSION);
        assert_int_equal(record_get(&record, REPORT_SEALED).len, 0);
        if (i == 0) {
            snprintf(got->first_mask, sizeof got->first_mask, "%.*s",
                     STR_ARG(record_get(&record, REPORT_MASK)));
        }
    }
}

static struct slice read_of(const char *orders, const char *paths, const struct feed_filter *filter,
                            int64_t after, size_t limit, size_t scan)
{
    struct slice got = {0};
    const struct feed_place place = {7, str_of(orders), str_of(paths)};
    feed_read(bench.store, &place, filter, after, limit, scan, on_slice, &got);
    assert_false(got.done);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_OK);
    return got;
}

/* Reads all pages of at most limit; each receipt is written once behind the others: "3 1 2 ". */
static const char *follow(const char *orders, size_t limit)
{
    static char text[16384];
    size_t len = 0;
    int64_t after = 0;
    text[0] = '\0';
    for (int pages = 0; pages < 1000; pages++) {
        struct slice got = read_of(orders, "", &any, after, limit, 10000);
        assert_true(got.count <= limit);
        assert_true(got.count > 0 || got.ended);
        for (size_t i = 0; i < got.count; i++) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%d ",
                                    atoi(got.receipts[i] + 2));
        }
        after = got.last;
        if (got.ended) {
            return text;
        }
    }
    fail_msg("no end");
    return NULL;
}

/* n reports with numbers 1…n; the nth stands in the orders that say so. */
static void seed(int n)
{
    redis_ask(
        &bench.redis, "EVAL %s 0 %d",
        "for i=1,tonumber(ARGV[1]) do local r=string.format('07%010d',i) "
        "redis.call('HSET','ms:{07}:r:'..r,'v',1,'path','37 3701 370115 t'..(i%2)..' v'..(i%3),"
        "'state',i%2==0 and 'open' or 'new','risks',i%5==0 and 'illness accident' or 'jobs',"
        "'late',i%4==0 and '1' or '','source',i%7==0 and 'hotline' or 'self',"
        "'lead',i%10==0 and '1' or '0','mask','M'..i,'sealed','secret') "
        "redis.call('ZADD','ms:{07}:changes',i,r) "
        "redis.call('ZADD','ms:{07}:a:t'..(i%2),i,r) redis.call('ZADD','ms:{07}:a:v'..(i%3),i,r) "
        "end "
        "redis.call('HSET','ms:{07}:n','seq',ARGV[1])",
        n);
}

static void test_pages(void **state)
{
    (void)state;
    seed(5);
    struct slice got = read_of("changes", "", &any, 0, 2, 100);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.last, 2);
    assert_int_equal(got.head, 5);
    assert_false(got.ended);
    assert_string_equal(got.first_mask, "M1");
    got = read_of("changes", "", &any, 4, 2, 100);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.last, 5);
    assert_true(got.ended);
    got = read_of("changes", "", &any, 5, 2, 100);
    assert_int_equal(got.count, 0);
    assert_int_equal(got.last, 5); /* where it stood */
    assert_true(got.ended);
    got = read_of("a:none", "", &any, 0, 2, 100);
    assert_int_equal(got.count, 0);
    assert_int_equal(got.last, 0);
}

/* An entry in several orders comes once, in the one order, whatever the limit; more entries than are fetched at a time. */
static void test_merge(void **state)
{
    char wanted[16384];
    size_t len = 0;
    (void)state;
    seed(300);
    for (int i = 1; i <= 300; i++) {
        if (i % 2 == 0 || i % 3 == 1) {
            len += (size_t)snprintf(wanted + len, sizeof wanted - len, "%d ", i);
        }
    }
    static const size_t limits[] = {1, 3, 50, 200};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(follow("a:t0 a:v1", limits[i]), wanted);
        assert_string_equal(follow("a:v1 a:none a:t0 a:v1", limits[i]), wanted);
    }
}

static size_t count_with(struct feed_filter filter)
{
    return read_of("changes", "", &filter, 0, 200, 1000).count;
}

static void test_filters(void **state)
{
    (void)state;
    seed(140);
    assert_int_equal(count_with((struct feed_filter){.state = "open"}), 70);
    assert_int_equal(count_with((struct feed_filter){.state = "cleared"}), 0);
    assert_int_equal(count_with((struct feed_filter){.risk = "accident"}), 28);
    assert_int_equal(count_with((struct feed_filter){.risk = "acc"}), 0);
    assert_int_equal(count_with((struct feed_filter){.late = "1"}), 35);
    assert_int_equal(count_with((struct feed_filter){.late = "0"}), 105);
    assert_int_equal(count_with((struct feed_filter){.source = "hotline"}), 20);
    assert_int_equal(count_with((struct feed_filter){.kind = "lead"}), 14);
    assert_int_equal(count_with((struct feed_filter){.kind = "report"}), 126);
    assert_int_equal(count_with((struct feed_filter){.kind = "lead", .late = "1"}), 7);
    struct slice got = read_of("changes", "t1 nowhere", &any, 0, 200, 1000);
    assert_int_equal(got.count, 70);
    got = read_of("changes", "370115", &any, 0, 200, 1000);
    assert_int_equal(got.count, 140);
    got = read_of("changes", "3701150", &any, 0, 200, 1000);
    assert_int_equal(got.count, 0);
}

/* What was looked at and does not fit is behind the reader; a call ends when it has looked at enough. */
static void test_scan(void **state)
{
    const struct feed_filter leads = {.kind = "lead"};
    (void)state;
    seed(140);
    struct slice got = read_of("changes", "", &leads, 0, 50, 25);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.last, 25);
    assert_false(got.ended);
    got = read_of("changes", "", &leads, 25, 1, 1000);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.last, 30);
    got = read_of("changes", "", &leads, 130, 50, 1000);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.last, 140);
    assert_true(got.ended);
}

/* A report that changes between two pages comes again, newer; the version before is not seen twice. */
static void test_changes_between(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        struct filing filing = first;
        char receipt[16];
        char token[16];
        snprintf(receipt, sizeof receipt, "07%010d", i);
        snprintf(token, sizeof token, "tok%d", i);
        filing.receipt = receipt;
        filing.token = token;
        filing.person = filing.id = filing.phone = token;
        assert_int_equal(file(&filing).answer.kind, REPORTS_ACCEPTED);
    }
    struct slice got = read_of("a:" AREA, "", &any, 0, 2, 100);
    assert_int_equal(got.count, 2);
    assert_string_equal(got.receipts[1], "070000000002");
    int64_t after = got.last;
    assert_int_equal(set_field("070000000001", 1, 'a', "state", "open"), REPORTS_CHANGED);
    assert_int_equal(set_field("070000000003", 1, 'a', "state", "open"), REPORTS_CHANGED);
    got = read_of("a:" AREA, "", &any, after, 2, 100);
    assert_int_equal(got.count, 2);
    assert_true(got.ended);
    assert_string_equal(got.receipts[0], "070000000001");
    assert_int_equal(got.versions[0], 2);
    assert_string_equal(got.receipts[1], "070000000003");
    assert_int_equal(got.versions[1], 2);
    assert_int_equal(read_of("a:" AREA, "", &any, got.last, 2, 100).count, 0);
}

struct heard {
    bool done;
    size_t count;
    int64_t seq;
    char orders[64];
};

static bool subscribed;

static void on_heard(void *arg, unsigned bucket, int64_t seq, struct str orders)
{
    struct heard *heard = arg;
    assert_int_equal(bucket, 7);
    heard->done = true;
    heard->count++;
    heard->seq = seq;
    snprintf(heard->orders, sizeof heard->orders, "%.*s", STR_ARG(orders));
}

static void on_anew(void *arg)
{
    (void)arg;
    subscribed = true;
}

static void on_head(void *arg, enum op_status status, int64_t head)
{
    struct heard *heard = arg;
    assert_int_equal(status, OP_OK);
    heard->done = true;
    heard->seq = head;
}

static int64_t head_now(void)
{
    struct heard head = {0};
    feed_head(bench.store, 7, on_head, &head);
    run_until(bench.loop, &head.done);
    return head.seq;
}

static void test_news(void **state)
{
    static struct heard heard; /* the store tells it to the end */
    (void)state;
    assert_int_equal(head_now(), 0);
    feed_on_change(bench.store, on_heard, on_anew, &heard);
    run_until(bench.loop, &subscribed);
    file(&first);
    run_until(bench.loop, &heard.done);
    assert_int_equal(heard.seq, 1);
    assert_string_equal(heard.orders, "a:" AREA);
    assert_int_equal(head_now(), 1);
    heard.done = false;
    struct filing drill = first;
    drill.receipt = "070000000002";
    drill.token = "tok2";
    drill.drill = true;
    file(&drill);
    run_until(bench.loop, &heard.done);
    assert_int_equal(heard.seq, 2);
    assert_string_equal(heard.orders, "dchanges"); /* nobody else is woken by it */
    assert_int_equal(head_now(), 2);
    assert_int_equal(heard.count, 2);
}

static struct slice look(char by, const char *hash, const char *old, const char *paths,
                         const char *org)
{
    struct slice got = {0};
    const struct look_request request = {7, by, {hash, old}, str_of(paths), org};
    look_up(bench.store, &request, on_slice, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_OK);
    return got;
}

static void test_look(void **state)
{
    (void)state;
    redis_ask(
        &bench.redis, "EVAL %s 0",
        "for i=1,60 do local r=string.format('07%010d',i) "
        "redis.call('HSET','ms:{07}:r:'..r,'v',1,'path','370115 "
        "v'..(i%2),'at',i,'org','o'..(i%3),'mask','M'..i) "
        "redis.call('ZADD','ms:{07}:look',0,'nN:'..r,0,(i%2==0 and 'tT:' or 'tU:')..r) "
        "redis.call('ZADD',i>50 and 'ms:{07}:lp:I' or 'ms:{07}:p:I',0,'T:'..r) end "
        "redis.call('ZADD','ms:{07}:look',0,'nN:070000009999')"); /* of a report that is no more */
    struct slice got = look('n', "N", NULL, "", "");
    assert_int_equal(got.count, LOOK_MOST);
    assert_string_equal(got.receipts[0], "070000000060"); /* newest first */
    assert_string_equal(got.first_mask, "M60");
    assert_int_equal(look('n', "N", NULL, "v1", "").count, 30);
    assert_int_equal(look('n', "N", NULL, "v1", "o0").count, 10);
    assert_int_equal(look('n', "N", NULL, "v7", "").count, 0);
    assert_int_equal(look('n', "M", NULL, "", "").count, 0);
    assert_int_equal(look('n', "M", "N", "v1", "").count, 30); /* under the previous key */
    assert_int_equal(look('t', "T", "U", "", "").count, LOOK_MOST);
    assert_int_equal(look('t', "T", "T", "", "").count, 30); /* once each */
    got = look('i', "I", NULL, "v1", "");                    /* reports and leads */
    assert_int_equal(got.count, 30);
    assert_string_equal(got.receipts[0], "070000000059");
}

struct links {
    bool done;
    enum op_status status;
    size_t count;
    char head[80], last[128];
};

static void on_links(void *arg, enum op_status status, struct str head, const struct str *links,
                     size_t count)
{
    struct links *got = arg;
    *got = (struct links){.done = true, .status = status, .count = count};
    snprintf(got->head, sizeof got->head, "%.*s", STR_ARG(head));
    if (count > 0) {
        snprintf(got->last, sizeof got->last, "%.*s", STR_ARG(links[count - 1]));
    }
}

static struct links history(const char *receipt, size_t from)
{
    struct links got = {0};
    history_read(bench.store, receipt, from, HISTORY_PAGE, on_links, &got);
    run_until(bench.loop, &got.done);
    assert_int_equal(got.status, OP_OK);
    return got;
}

static void test_history(void **state)
{
    (void)state;
    struct links got = history("070000000001", 0);
    assert_int_equal(got.count, 0);
    assert_string_equal(got.head, "");
    file(&first);
    assert_int_equal(set_field("070000000001", 1, 'a', "state", "open"), REPORTS_CHANGED);
    got = history("070000000001", 0);
    assert_int_equal(got.count, 2);
    assert_int_equal(strlen(got.head), 64);
    assert_memory_equal(got.last, got.head, 64);
    assert_string_equal(got.last + 64, " 2 {\"ev\":\"step\"}");
    assert_int_equal(history("070000000001", 1).count, 1);
    redis_ask(&bench.redis, "EVAL %s 0",
              "for i=1,600 do redis.call('RPUSH','ms:{07}:x:070000000001','l'..i) end");
    assert_int_equal(history("070000000001", 0).count, HISTORY_PAGE);
    got = history("070000000001", HISTORY_PAGE);
    assert_int_equal(got.count, 102);
    assert_string_equal(got.last, "l600");
}

static void on_noted(void *arg, enum op_status status)
{
    assert_int_equal(status, OP_OK);
    *(bool *)arg = true;
}

static void note_access(const char *words, int64_t keep_ms)
{
    bool done = false;
    access_note(bench.store, 7, words, keep_ms, on_noted, &done);
    run_until(bench.loop, &done);
}

static void test_access(void **state)
{
    (void)state;
    note_access("rid1 tok1 phone 0", 60000);
    note_access("rid2 tok1 phone 0", 60000);
    assert_string_equal(redis_ask(&bench.redis, "ZCARD ms:{07}:access"), "2");
    assert_non_null(
        strstr(redis_ask(&bench.redis, "ZRANGE ms:{07}:access 0 0"), " rid1 tok1 phone 0"));
    redis_ask(&bench.redis, "ZADD ms:{07}:access 1000 old");
    note_access("rid3 tok1 phone 0", 60000);
    assert_string_equal(redis_ask(&bench.redis, "ZCARD ms:{07}:access"),
                        "3"); /* the old one went */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pages, wipe),
        cmocka_unit_test_setup(test_merge, wipe),
        cmocka_unit_test_setup(test_filters, wipe),
        cmocka_unit_test_setup(test_scan, wipe),
        cmocka_unit_test_setup(test_changes_between, wipe),
        cmocka_unit_test_setup(test_look, wipe),
        cmocka_unit_test_setup(test_history, wipe),
        cmocka_unit_test_setup(test_access, wipe),
        cmocka_unit_test_setup(test_news, wipe), /* last: it goes on hearing */
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
