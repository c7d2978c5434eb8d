/* A county's statistics read from a real Redis: rows by place, dim and time, each beside the period before and the year. */
#include "store_redis.h"

#include "base/file.h"
#include "flow/stats.h"
#include "store/stats.h"

static struct setup setup;

static const char areas_csv[] = "id,parent,level,name\n"
                                "c,,county,甲区\n"
                                "t1,c,town,乙街道\n"
                                "t2,c,town,丙镇\n"
                                "v1,t1,village,葛家村村民委员会\n"
                                "v2,t1,village,丁村村民委员会\n"
                                "v3,t2,village,葛家村村民委员会\n"
                                "v9,c,village,县直村村民委员会\n";

static void read_text(const char *path, struct buf *ret)
{
    struct err err;
    buf_init(ret, 1 << 20);
    assert_true(file_read(path, ret, &err));
}

static int open_all(void **state)
{
    struct err err = {""};
    struct buf text;
    const struct option_flag flags[] = {
        {"procedure.file", "templates/procedures/laiyuan.json"},
    };
    open_bench(state);
    if (!options_load(&setup.options, NULL, flags, 1, &err)) {
        fail_msg("%s", err.text);
    }
    setup.areas = areas_load(STR(areas_csv), "areas.csv", &err);
    setup.procedures = procedures_load(&setup.options, &err);
    if (setup.areas == NULL || setup.procedures == NULL) {
        fail_msg("%s", err.text);
    }
    read_text("templates/forms/report.json", &text);
    setup.form = form_load(buf_str(&text), "report.json", &err);
    buf_release(&text);
    read_text("templates/catalogs/zh-CN.json", &text);
    setup.catalog = catalog_load(buf_str(&text), "zh-CN.json", &err);
    buf_release(&text);
    assert_true(setup.form != NULL && setup.catalog != NULL);
    setup.buckets[0] = 7;
    setup.buckets[1] = 8;
    setup.bucket_count = 2;
    return 0;
}

static int close_all(void **state)
{
    form_free(&setup.form);
    catalog_free(&setup.catalog);
    procedures_free(&setup.procedures);
    areas_free(&setup.areas);
    options_release(&setup.options);
    return close_bench(state);
}

/* Two buckets: what was transferred from another county lies in that one's. */
static int fill(void **state)
{
    static const struct {
        int bucket;
        const char *line;
    } rows[] = {
        {7, "20261102\tc t1 v1\tsource:self placement:board risk:illness risk:job\treports=+3 "
            "now.open=+2 days.visit.2=+1"},
        {8, "20261120\tc t1 v1\tsource:self risk:illness\treports=+1 days.visit.5=+1"},
        {7, "20261130\tc t1 v2\tsource:petition risk:job\treports=+5"},
        {7, "20261031\tc t1 v2\tsource:self risk:job\treports=+7"},
        {7, "20260101\tc t2 v3\tsource:self\treports=+11"},
        {7, "20251231\tc t2 v3\tsource:self\treports=+13"},
        {7, "20261115\tc v9\tsource:self\treports=+17"},
        {8, "20261115\tx y\tsource:self\treports=+19"},
    };
    wipe(state);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        redis_ask(&bench.redis, "RPUSH ms:{%02d}:sj %s", rows[i].bucket, rows[i].line);
    }
    return 0;
}

struct answer {
    bool done;
    enum op_status status;
    char text[4096]; /* "key name town: reports previous year" per row, the total first */
};

static void on_table(void *arg, enum op_status status, const struct stats_table *table,
                     int64_t behind)
{
    struct answer *answer = arg;
    answer->status = status;
    answer->done = true;
    assert_int_equal(behind, 0);
    json_t *json = stats_table_json(table), *row;
    size_t i, len = 0;
    len += (size_t)snprintf(answer->text, sizeof answer->text, "%d %d %d",
                            (int)stats_table_sum(table, 0, STATS_NOW, "reports"),
                            (int)stats_table_sum(table, 0, STATS_PREVIOUS, "reports"),
                            (int)stats_table_sum(table, 0, STATS_YEAR, "reports"));
    json_array_foreach(json_object_get(json, "rows"), i, row)
    {
        const char *const sets[] = {"figures", "previous", "year_to_date"};
        const char *town = json_string_value(json_object_get(row, "town"));
        len += (size_t)snprintf(answer->text + len, sizeof answer->text - len,
                                " | %s%s%s %s:", town ? town : "", town && town[0] ? " " : "",
                                json_string_value(json_object_get(row, "name")),
                                json_string_value(json_object_get(row, "key")));
        for (int set = 0; set < 3; set++) {
            len += (size_t)snprintf(answer->text + len, sizeof answer->text - len, " %d",
                                    (int)json_integer_value(json_object_get(
                                        json_object_get(row, sets[set]), "reports")));
        }
    }
    json_decref(json);
}

static struct stats_query query_of(const char *scope, const char *from, const char *to,
                                   enum stats_by by)
{
    struct stats_query query = {.today = {2026, 11, 30}, .by = by};
    struct err err;
    assert_true(scope_parse(setup.areas, str_of(scope), &query.scope, &err));
    assert_true(date_parse(str_of(from), &query.span.from));
    assert_true(date_parse(str_of(to), &query.span.to));
    return query;
}

static void assert_table(const char *scope, const char *from, const char *to, enum stats_by by,
                         const char *expected)
{
    static struct answer answer;
    struct stats_query query = query_of(scope, from, to, by);
    memset(&answer, 0, sizeof answer);
    assert_null(stats_query_fault(&setup, &query));
    stats_query(&setup, bench.store, &query, on_table, &answer);
    assert_false(answer.done);
    run_until(bench.loop, &answer.done);
    assert_int_equal(answer.status, OP_OK);
    assert_string_equal(answer.text, expected);
}

static void test_by_place(void **state)
{
    (void)state;
    assert_table("c", "2026-11-01", "2026-11-30", STATS_BY_NONE, "26 7 44");
    assert_table("c", "2026-11-01", "2026-11-30", STATS_BY_TOWN,
                 "26 7 44 | 乙街道 t1: 9 7 16 | 丙镇 t2: 0 0 11");
    assert_table("c", "2026-11-01", "2026-11-30", STATS_BY_VILLAGE,
                 "26 7 44 | 乙街道 葛家村 v1: 4 0 4 | 乙街道 丁村 v2: 5 7 12 | "
                 "丙镇 葛家村 v3: 0 0 11 | 县直村 v9: 17 0 17");
    assert_table("v1,t2", "2026-11-01", "2026-11-30", STATS_BY_TOWN,
                 "4 0 15 | 葛家村 v1: 4 0 4 | 丙镇 t2: 0 0 11");
    assert_table("t1", "2026-11-20", "2026-11-20", STATS_BY_VILLAGE,
                 "1 0 11 | 乙街道 葛家村 v1: 1 0 4 | 乙街道 丁村 v2: 0 0 7");
}

/* Areas that went into others: what was counted under their ids is read with what they lead to, once. */
static const char merged_csv[] = "id,parent,level,name\n"
                                 "c,,county,甲区\n"
                                 "t1,c,town,乙街道\n"
                                 "t2,c,town,丙镇\n"
                                 "v1,t1,village,葛家村\n"
                                 "v2,t1,village,丁村\n"
                                 "v3,t1,village,己村\n" /* of t2 until then */
                                 "v9,c,village,县直村\n"
                                 "alias,t2,t1\n" /* town into town */
                                 "alias,v2,v1\n" /* village into village */
                                 "alias,v9,t1\n" /* village into town */
                                 "alias,y,v1\n"  /* from elsewhere, by a row no more */
                                 "alias,v0,t1\n" /* never counted */
                                 "alias,x,c\n";  /* a county */

static void test_by_place_after_mergers(void **state)
{
    (void)state;
    struct err err = {""};
    struct areas *before = setup.areas;
    setup.areas = areas_load(STR(merged_csv), "areas.csv", &err);
    assert_non_null(setup.areas);
    assert_table("c", "2026-11-01", "2026-11-30", STATS_BY_NONE, "45 7 63");
    assert_table("t1", "2026-11-01", "2026-11-30", STATS_BY_NONE, "26 7 44");
    assert_table("c", "2026-11-01", "2026-11-30", STATS_BY_TOWN, "45 7 63 | 乙街道 t1: 26 7 44");
    assert_table("t1", "2026-11-01", "2026-11-30", STATS_BY_VILLAGE,
                 "26 7 44 | 乙街道 葛家村 v1: 28 7 35 | 乙街道 己村 v3: 0 0 11");
    assert_table("t1", "2026-11-01", "2026-11-30", STATS_BY_SOURCE,
                 "26 7 44 | 信访 petition: 5 0 5 | 农户自主申报 self: 21 7 39");
    assert_table("v3,v1", "2026-11-01", "2026-11-30", STATS_BY_VILLAGE,
                 "28 7 46 | 乙街道 己村 v3: 0 0 11 | 乙街道 葛家村 v1: 28 7 35");
    assert_table("t1", "2026-10-01", "2026-11-30", STATS_BY_MONTH,
                 "33 0 44 | 2026-10 2026-10: 7 0 18 | 2026-11 2026-11: 26 7 44");
    areas_free(&setup.areas);
    setup.areas = before;
}

static void test_by_dim(void **state)
{
    (void)state;
    assert_table("c", "2026-11-01", "2026-11-30", STATS_BY_SOURCE,
                 "26 7 44 | 信访 petition: 5 0 5 | 农户自主申报 self: 21 7 39");
    assert_table("t1", "2026-11-01", "2026-11-30", STATS_BY_PLACEMENT,
                 "9 7 16 | 公示栏 board: 3 0 3");
}

static void test_by_time(void **state)
{
    (void)state;
    assert_table("c", "2026-10-01", "2026-11-30", STATS_BY_MONTH,
                 "33 0 44 | 2026-10 2026-10: 7 0 18 | 2026-11 2026-11: 26 7 44");
    assert_table("t1", "2026-11-16", "2026-11-30", STATS_BY_WEEK,
                 "6 3 16 | 2026-W47 2026-W47: 1 0 11 | 2026-W48 2026-W48: 0 1 11 | 2026-W49 "
                 "2026-W49: 5 0 16");
}

static void test_faults(void **state)
{
    (void)state;
    struct stats_query query = query_of("c", "2026-11-30", "2026-11-29", STATS_BY_NONE);
    assert_string_equal(stats_query_fault(&setup, &query), "to");
    query = query_of("c", "2020-01-01", "2026-11-29", STATS_BY_NONE);
    assert_string_equal(stats_query_fault(&setup, &query), "to");
    query = query_of("c", "1999-01-01", "1999-11-29", STATS_BY_NONE);
    assert_string_equal(stats_query_fault(&setup, &query), "from");
    query = query_of("c", "2022-01-01", "2026-12-31", STATS_BY_WEEK);
    assert_null(stats_query_fault(&setup, &query));
    assert_table("t2", "2026-12-28", "2027-01-03", STATS_BY_WEEK,
                 "0 0 0 | 2026-W53 2026-W53: 0 0 0");
}

static void test_words(void **state)
{
    static const struct {
        const char *figure, *word;
    } rows[] = {
        {"reports", "申报"},
        {"end.declined", "不予纳入"},
        {"done.visit", "办完 入户核查"},
        {"days.visit.median", "用时 入户核查 中位数（工作日）"},
        {"days.total.p90", "用时 全程 九成不超过（工作日）"},
        {"now.step.committee", "在办环节 村两委研判"},
        {"reason.solved", "原因 这个困难已经解决"},
        {"category.sudden", "类别 突发严重困难户"},
        {"lead.reports", "线索 申报"},
        {"now.lead.late.visit", "线索 现在超期 入户核查"},
        {"done.check", "办完 乡镇核查初审"},
        {"lead.done.check", "线索 办完 线索核实"},
        {"lead.days.check.median", "线索 用时 线索核实 中位数（工作日）"},
        {"now.clearing", "风险消除中"},
        {"clearing.late.look", "风险消除 超期办结 一看：上门看"},
        {"clearing.done.review", "风险消除 办完 四评议：村级评议"},
        {"clearing.days.total.median", "风险消除 用时 全程 中位数（工作日）"},
        {"clearing.end.kept", "风险消除 继续帮扶"},
        {"clearing.reason.unstable", "风险消除 原因 困难还没有稳定解决，继续帮扶"},
        {"now.clearing.late", "风险消除 现在超期"},
        {"now.clearing.signal.red", "风险消除 红灯"},
        {"now.clearing.step.look", "风险消除 在办环节 一看：上门看"},
        {"clearing.unheard", NULL},
        {"done.unheard", NULL},
        {"unheard", NULL},
    };
    struct stats_words words = {.setup = &setup};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *word = stats_word(&words, rows[i].figure);
        assert_string_equal(word ? word : "-", rows[i].word ? rows[i].word : "-");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_by_place, fill),
        cmocka_unit_test_setup(test_by_place_after_mergers, fill),
        cmocka_unit_test_setup(test_by_dim, fill),
        cmocka_unit_test_setup(test_by_time, fill),
        cmocka_unit_test_setup(test_faults, fill),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
