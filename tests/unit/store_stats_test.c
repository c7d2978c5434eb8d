/*
 * Sums against a plain model: random lines, folded in random batches, read as the pages read them, recounted from the chains while others write.
 */
#include "store_redis.h"

#include "base/buf.h"
#include "store/stats.h"

enum { VILLAGES = 3, DAYS = 40, MEASURES = 3, RISKS = 2, REPORTS = 12 };

static const char *const measure_names[] = {"reports", "days.visit.3", "now.open"};
static const char *const risk_names[] = {"illness", "job"};
static const unsigned char seven[] = {7};

/* What was written: per village and day, plain and by risk. */
static int64_t model[VILLAGES][DAYS][MEASURES];
static int64_t model_by_risk[VILLAGES][DAYS][MEASURES][RISKS];

static unsigned seed;

static int random_below(int n)
{
    seed = seed * 1103515245u + 12345u;
    return (int)(seed >> 16) % n;
}

/* Villages 0 and 1 lie in town 0, 2 in town 1. */
static int town_of(int village)
{
    return village / 2;
}

/* Days run over the end of a year. */
static void day_text(int day, char ret[STATS_PERIOD_BYTES])
{
    snprintf(ret, STATS_PERIOD_BYTES, "%s%02d", day < 20 ? "202612" : "202701",
             day < 20 ? day + 12 : day - 19);
}

static void random_lines(struct buf *to)
{
    for (int lines = 1 + random_below(2); lines > 0; lines--) {
        int village = random_below(VILLAGES), day = random_below(DAYS), measure = random_below(3);
        int by = random_below(7) - 3, risks = random_below(4);
        char text[STATS_PERIOD_BYTES];
        day_text(day, text);
        buf_printf(to, "%s\tc t%d v%d\tsource:self", text, town_of(village), village);
        for (int i = 0; i < RISKS; i++) {
            if (risks >> i & 1) {
                buf_printf(to, " risk:%s", risk_names[i]);
                model_by_risk[village][day][measure][i] += by;
            }
        }
        buf_printf(to, "\t%s=%+d\n", measure_names[measure], by);
        model[village][day][measure] += by;
    }
}

/* As a change does it: a link of the chain, its place in the order, the journal. */
static void change(int report)
{
    struct buf lines, json;
    buf_init(&lines, 4096);
    buf_init(&json, 8192);
    random_lines(&lines);
    for (size_t i = 0; i < lines.len; i++) {
        char c = lines.at[i];
        buf_putc(&json, c == '\t' || c == '\n' ? '\\' : c);
        if (c == '\t' || c == '\n') {
            buf_putc(&json, c == '\t' ? 't' : 'n');
        }
    }
    redis_ask(&bench.redis, "EVAL %s 0 07000000%04d %s %s %d",
              "local function link(v, more) "
              "  local seq = redis.call('HINCRBY', 'ms:{07}:n', 'seq', 1) "
              "  redis.call('RPUSH', 'ms:{07}:x:' .. ARGV[1], string.rep('a', 64) .. ' ' .. seq .. "
              "  ' {\"v\":' .. v .. more .. '}') "
              "  return seq "
              "end "
              "local r = 'ms:{07}:r:' .. ARGV[1] "
              "local v = redis.call('HINCRBY', r, 'v', 1) "
              "local sat = redis.call('HGET', 'ms:{07}:n', 'sat') "
              "local old = redis.call('HGET', r, 'seq') "
              "if sat and old and tonumber(old) <= tonumber(sat) then " /* a recount counted it */
              "  redis.call('ZADD', 'ms:{07}:ss', old, ARGV[1]) "
              "end "
              "if ARGV[4] == '0' then link(v - 1, '') end " /* somebody has read it */
              "local seq = link(v, ',\"stat\":\"' .. ARGV[2] .. '\"') "
              "redis.call('ZADD', 'ms:{07}:changes', seq, ARGV[1]) "
              "redis.call('HSET', r, 'seq', seq) "
              "if ARGV[4] == '1' then link(v, '') end "
              "return redis.call('RPUSH', 'ms:{07}:sj', ARGV[3])",
              report, buf_text(&json), buf_text(&lines), random_below(4));
    buf_release(&lines);
    buf_release(&json);
}

struct folded {
    bool done;
    enum op_status status;
    int64_t left;
};

static void on_folded(void *arg, enum op_status status, int64_t left)
{
    *(struct folded *)arg = (struct folded){true, status, left};
}

static int64_t fold(int64_t calls_max)
{
    struct folded folded = {0};
    stats_fold(bench.store, seven, 1, calls_max, on_folded, &folded);
    run_until(bench.loop, &folded.done);
    assert_int_equal(folded.status, OP_OK);
    return folded.left;
}

/* One area, sets 0 … 7; only the fields of one name are added up. */
enum { SETS = 8 };
struct sums {
    bool done;
    enum op_status status;
    int64_t behind;
    const char *field;
    int64_t at[4][SETS];
    size_t fields;
};

static void on_sum(void *arg, size_t area, size_t set, struct str field, int64_t n)
{
    struct sums *sums = arg;
    assert_true(area < 4 && set < SETS);
    sums->fields++;
    if (str_is(field, sums->field)) {
        sums->at[area][set] += n;
    }
}

static void on_read(void *arg, enum op_status status, int64_t behind)
{
    struct sums *sums = arg;
    sums->status = status;
    sums->behind = behind;
    sums->done = true;
}

static struct sums read_sums(const char *areas, const char *periods, const char *dim,
                             const char *field)
{
    struct sums sums = {.field = field};
    struct stats_read request = {seven, 1, dim, str_of(areas), str_of(periods)};
    stats_read(bench.store, &request, on_sum, on_read, &sums);
    run_until(bench.loop, &sums.done);
    assert_int_equal(sums.status, OP_OK);
    return sums;
}

static int64_t expected(int village, int from, int to, int measure, int risk)
{
    int64_t sum = 0;
    for (int day = from; day <= to; day++) {
        sum += risk < 0 ? model[village][day][measure] : model_by_risk[village][day][measure][risk];
    }
    return sum;
}

/* Every village's day, month, year and gauge, plain and by risk; towns and county are their sums. */
static void assert_like_model(void)
{
    for (int measure = 0; measure < MEASURES; measure++) {
        bool gauge = strncmp(measure_names[measure], "now.", 4) == 0;
        for (int risk = -1; risk < RISKS; risk++) {
            char field[80];
            snprintf(field, sizeof field, "%s%s%s%s",
                     risk < 0 ? "" : "risk:", risk < 0 ? "" : risk_names[risk], risk < 0 ? "" : "|",
                     measure_names[measure]);
            struct sums sums = read_sums("v0 v1 v2 c",
                                         "2026=6 2027=7 20261215=0,3 202612=1,2 202701=2 now=4 "
                                         "202801=5",
                                         risk < 0 ? NULL : "risk", field);
            int64_t county[SETS] = {0};
            for (int v = 0; v < VILLAGES; v++) {
                int64_t want[SETS] = {
                    gauge ? 0 : expected(v, 3, 3, measure, risk),
                    gauge ? 0 : expected(v, 0, 19, measure, risk),
                    gauge ? 0 : expected(v, 0, 39, measure, risk),
                    gauge ? 0 : expected(v, 3, 3, measure, risk),
                    gauge ? expected(v, 0, 39, measure, risk) : 0,
                    0,
                    gauge ? 0 : expected(v, 0, 19, measure, risk),
                    gauge ? 0 : expected(v, 20, 39, measure, risk),
                };
                for (int set = 0; set < SETS; set++) {
                    assert_int_equal(sums.at[v][set], want[set]);
                    county[set] += want[set];
                }
            }
            for (int set = 0; set < SETS; set++) {
                assert_int_equal(sums.at[3][set], county[set]);
            }
        }
    }
}

static int begin_test(void **state)
{
    memset(model, 0, sizeof model);
    memset(model_by_risk, 0, sizeof model_by_risk);
    seed = 20261127;
    return wipe(state);
}

static void test_random_batches(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        change(random_below(REPORTS));
        if (random_below(30) == 0) {
            fold(1);
        }
    }
    assert_like_model();
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:sj"), "0");
}

/* A batch is limited, what is left says so, and nothing is folded twice. */
static void test_fold_is_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < 150; i++) {
        change(0);
    }
    assert_int_equal(fold(1), 150 - STATS_FOLD_ENTRIES);
    assert_int_equal(fold(1), 150 - 2 * STATS_FOLD_ENTRIES);
    assert_int_equal(fold(5), 0);
    assert_int_equal(fold(5), 0);
    assert_like_model();
}

static void test_zeros_leave_nothing(void **state)
{
    (void)state;
    redis_ask(&bench.redis, "RPUSH ms:{07}:sj %s",
              "20261101\tc\trisk:job\treports=+2 now.open=+1\n20261101\tc\trisk:job\treports=-1");
    fold(1);
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:s1:c:20261101 reports"), "1");
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:sd1:c:202611 risk:job|reports"), "1");
    redis_ask(&bench.redis, "RPUSH ms:{07}:sj %s",
              "20261101\tc\trisk:job\treports=-1 now.open=-1\n");
    fold(1);
    assert_string_equal(redis_ask(&bench.redis, "KEYS ms:{07}:s*"), "ms:{07}:sa1");
}

/* Neither stops the journal nor half of it counts. */
static void test_broken_lines_are_passed_over(void **state)
{
    (void)state;
    static const char *const entries[] = {"",
                                          "nonsense",
                                          "2026\tc\t\treports=+1",
                                          "20261101\tc\t\treports=+99999999999999999999",
                                          "20261101\tc\t\treports",
                                          "20261101\tc\t\treports=+1\n"};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        redis_ask(&bench.redis, "RPUSH ms:{07}:sj %s", entries[i]);
    }
    assert_int_equal(fold(1), 0);
    assert_string_equal(redis_ask(&bench.redis, "HGETALL ms:{07}:s1:c:20261101"), "reports 1");
}

struct added {
    bool done;
    enum op_status status;
};

static void on_added(void *arg, enum op_status status)
{
    *(struct added *)arg = (struct added){true, status};
}

static void add(const char *lines)
{
    struct added added = {0};
    stats_add(bench.store, 7, str_of(lines), on_added, &added);
    run_until(bench.loop, &added.done);
    assert_int_equal(added.status, OP_OK);
}

static void on_area(void *arg, size_t area, size_t set, struct str field, int64_t n)
{
    int64_t *sum = arg;
    (void)set;
    assert_true(str_is(field, "opens") && (area == 3 || area == 300 || area == 699));
    *sum += n * (int64_t)area;
}

static bool read_done;

static void on_read_many(void *arg, enum op_status status, int64_t behind)
{
    (void)arg;
    assert_int_equal(status, OP_OK);
    assert_int_equal(behind, 0);
    read_done = true;
}

/* More areas than one call takes, of which few have sums: each answer carries the right number. */
static void test_many_areas(void **state)
{
    (void)state;
    struct buf areas;
    int64_t sum = 0;
    buf_init(&areas, 1 << 20);
    for (int i = 0; i < 700; i++) {
        buf_printf(&areas, "%sa%d", i ? " " : "", i);
    }
    add("20261101\ta3 a300 a699\t\topens=+5\n");
    struct stats_read request = {seven, 1, NULL, buf_str(&areas), STR("20261101=0 202611=0")};
    read_done = false;
    stats_read(bench.store, &request, on_area, on_read_many, &sum);
    buf_release(&areas); /* was copied */
    run_until(bench.loop, &read_done);
    assert_int_equal(sum, 2 * 5 * (3 + 300 + 699));
}

struct recounted {
    bool done;
    enum op_status status;
    struct stats_recounted result;
    int64_t told;
    char last[120];
};

static void on_difference(void *arg, unsigned bucket, const struct stats_difference *difference)
{
    struct recounted *recounted = arg;
    assert_int_equal(bucket, 7);
    recounted->told++;
    snprintf(recounted->last, sizeof recounted->last, "%.*s %.*s %.*s %lld %lld",
             STR_ARG(difference->area), STR_ARG(difference->period), STR_ARG(difference->field),
             (long long)difference->is, (long long)difference->should);
}

static void on_recounted(void *arg, enum op_status status, const struct stats_recounted *result)
{
    struct recounted *recounted = arg;
    recounted->status = status;
    recounted->result = *result;
    recounted->done = true;
}

/* While it runs, others write between its calls. */
static struct recounted recount(bool take, int writes)
{
    struct recounted recounted = {0};
    bool never = false;
    stats_recount(bench.store, seven, 1, take, on_difference, on_recounted, &recounted);
    while (writes-- > 0 && !recounted.done) {
        struct until until = {bench.loop, &never, NULL, 5000};
        until.tick = timer_new(bench.loop, until_tick, &until);
        timer_set(until.tick, 0); /* one turn of the loop */
        loop_run(bench.loop);
        timer_free(&until.tick);
        change(random_below(200));
    }
    run_until(bench.loop, &recounted.done);
    assert_int_equal(recounted.status, OP_OK);
    return recounted;
}

static void test_audit_and_rebuild(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        change(random_below(200));
    }
    add("20261224\tc t0 v0\trisk:job\topens=+9 forms=+4\n");
    fold(100);
    assert_int_equal(recount(false, 0).result.differ, 0);
    redis_ask(&bench.redis, "HINCRBY ms:{07}:s1:v1:20261215 reports 5");
    struct recounted wrong = recount(false, 0);
    assert_int_equal(wrong.result.differ, 1);
    assert_int_equal(wrong.told, 1);
    assert_true(strncmp(wrong.last, "v1 20261215 reports ", 20) == 0);
    redis_ask(&bench.redis, "UNLINK ms:{07}:sd1:c:202612 ms:{07}:s1:v0:now");
    assert_true(recount(true, 0).result.differ > 1);
    assert_int_equal(recount(false, 0).result.differ, 0);
    assert_like_model();
    assert_int_equal(read_sums("v0", "20261224=0", NULL, "opens").at[0][0], 9);
    assert_string_equal(redis_ask(&bench.redis, "KEYS ms:{07}:s1:*"), ""); /* the old ones */
    assert_string_equal(redis_ask(&bench.redis, "KEYS ms:{07}:sd1:*"), "");
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:sb ms:{07}:ss ms:{07}:sa1"), "0");
}

/* Reports that change meanwhile are met again, and counted once. */
static void test_rebuild_among_writers(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        change(random_below(200));
    }
    for (int round = 0; round < 5; round++) {
        struct recounted recounted = recount(true, 60);
        assert_int_equal(recounted.result.differ, 0);
        assert_like_model();
    }
}

/* Read by somebody, counted, then changed: what was read moved nothing. */
static void test_note_during_recount(void **state)
{
    (void)state;
    for (int report = 0; report < 12; report++) {
        change(report);
    }
    redis_ask(&bench.redis, "FCALL stats_recount_begin_1 1 ms:{07} me");
    redis_ask(&bench.redis, "EVAL %s 0",
              "local seq = redis.call('HINCRBY', 'ms:{07}:n', 'seq', 1) "
              "redis.call('RPUSH', 'ms:{07}:x:070000000000', string.rep('b', 64) .. ' ' .. seq .. "
              "' {\"v\":1}')");
    char next[24] = "0";
    for (int i = 0; i < 10 && strcmp(next, "-1") != 0; i++) {
        snprintf(
            next, sizeof next, "%s",
            redis_ask(&bench.redis, "FCALL stats_recount_2 1 ms:{07} me %s 5 %s %s", next, "", ""));
        next[strcspn(next, " ")] = '\0';
        if (i == 0) {
            change(0);
        }
    }
    assert_string_equal(
        redis_ask(&bench.redis, "FCALL stats_recount_compare_1 1 ms:{07} me 1 0 9999"), "-1  ");
    redis_ask(&bench.redis, "FCALL stats_recount_end_1 1 ms:{07} me take");
    assert_like_model();
}

static void read_often(int report, int times)
{
    redis_ask(&bench.redis, "EVAL %s 0 07000000%04d %d",
              "for i = 1, tonumber(ARGV[2]) do "
              "  local seq = redis.call('HINCRBY', 'ms:{07}:n', 'seq', 1) "
              "  redis.call('RPUSH', 'ms:{07}:x:' .. ARGV[1], string.rep('c', 64) .. ' ' .. seq .. "
              "  ' {\"ev\":\"read\"}') "
              "end",
              report, times);
}

/* However long the chains are, no call reads more than a bounded piece; what changes between the pieces is counted once. */
static void test_long_chains(void **state)
{
    (void)state;
    char next[64] = "0  ";
    int calls = 0;
    for (int report = 0; report < 12; report++) {
        change(report);
        read_often(report, report % 3 == 0 ? 5000 : 900);
        change(report);
    }
    redis_ask(&bench.redis, "FCALL stats_recount_begin_1 1 ms:{07} me");
    for (; strncmp(next, "-1", 2) != 0 && calls < 100; calls++) {
        char after[24] = "", receipt[16] = "", link[24] = "";
        sscanf(next, "%23s %15s %23s", after, receipt, link);
        snprintf(next, sizeof next, "%s",
                 redis_ask(&bench.redis, "FCALL stats_recount_2 1 ms:{07} me %s 5 %s %s", after,
                           receipt, link));
        assert_true(receipt[0] == '\0' || link[0] != '\0');
        if (calls < 24) {
            change(calls % 12);
        }
    }
    assert_true(calls >= (4 * 5000 + 8 * 900) / 2000 && calls < 40);
    assert_string_equal(
        redis_ask(&bench.redis, "FCALL stats_recount_compare_1 1 ms:{07} me 1 0 9999"), "-1  ");
    redis_ask(&bench.redis, "FCALL stats_recount_end_1 1 ms:{07} me take");
    assert_like_model();
    assert_int_equal(recount(false, 0).result.differ, 0);
    assert_string_equal(redis_ask(&bench.redis, "EXISTS ms:{07}:ss"), "0");
    assert_string_equal(redis_ask(&bench.redis, "HGET ms:{07}:n sat"), "(nil)");
}

/* A recount that died: another may begin when its time is over, what it left is dropped, folding goes on. */
static void test_recount_dies(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        change(random_below(REPORTS));
    }
    redis_ask(&bench.redis, "FCALL stats_recount_begin_1 1 ms:{07} dead");
    redis_ask(&bench.redis, "FCALL stats_recount_2 1 ms:{07} dead 0 5 %s %s", "", "");
    assert_true(recount(true, 0).result.busy);
    change(0);
    assert_int_equal(fold(10), 1); /* stands still, and says so */
    assert_int_equal(read_sums("c", "202612=0", NULL, "reports").behind, 1);
    redis_ask(&bench.redis, "UNLINK ms:{07}:sb"); /* expired */
    assert_string_equal(
        redis_ask(&bench.redis, "FCALL stats_recount_2 1 ms:{07} dead 0 5 %s %s", "", ""), "lost");
    assert_like_model();
    assert_int_equal(recount(true, 0).result.differ, 0);
    assert_like_model();
}

/* After kill -9 of Redis all that was written is counted once. */
static void test_redis_dies(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct folded folded = {0};
        for (int i = 0; i < 100; i++) {
            change(random_below(REPORTS));
        }
        stats_fold(bench.store, seven, 1, 1, on_folded, &folded);
        wait_health_once(bench.loop);
        redis_kill(&bench.redis, SIGKILL);
        run_until(bench.loop, &folded.done);
        redis_run(&bench.redis);
        redis_users(&bench.redis);
        assert_true(wait_health(bench.loop, bench.store, STORE_READY));
    }
    assert_like_model();
    assert_int_equal(recount(false, 0).result.differ, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_random_batches, begin_test),
        cmocka_unit_test_setup(test_fold_is_bounded, begin_test),
        cmocka_unit_test_setup(test_zeros_leave_nothing, begin_test),
        cmocka_unit_test_setup(test_broken_lines_are_passed_over, begin_test),
        cmocka_unit_test_setup(test_many_areas, begin_test),
        cmocka_unit_test_setup(test_audit_and_rebuild, begin_test),
        cmocka_unit_test_setup(test_rebuild_among_writers, begin_test),
        cmocka_unit_test_setup(test_note_during_recount, begin_test),
        cmocka_unit_test_setup(test_long_chains, begin_test),
        cmocka_unit_test_setup(test_recount_dies, begin_test),
        cmocka_unit_test_setup(test_redis_dies, begin_test),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
