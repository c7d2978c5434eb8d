/* Periods, rows, medians and the two forms in which a table leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/csv.h"
#include "domain/stats_table.h"

static struct date day(const char *text)
{
    struct date date;
    assert_true(date_parse(str_of(text), &date));
    return date;
}

static struct stats_span span(const char *from, const char *to)
{
    return (struct stats_span){day(from), day(to)};
}

static void show(struct stats_span given, char ret[24])
{
    snprintf(ret, 24, "%04d%02d%02d-%04d%02d%02d", given.from.year, given.from.month,
             given.from.day, given.to.year, given.to.month, given.to.day);
}

static void test_spans(void **state)
{
    static const struct {
        const char *from, *to, *previous, *year;
    } rows[] = {
        {"2026-11-01", "2026-11-30", "20261001-20261031", "20260101-20261130"},
        {"2026-02-01", "2026-02-28", "20260101-20260131", "20260101-20260228"},
        {"2024-02-01", "2024-02-28", "20240104-20240131", "20240101-20240228"}, /* leap year */
        {"2026-01-01", "2026-03-31", "20251001-20251231", "20260101-20260331"},
        {"2026-01-01", "2026-12-31", "20250101-20251231", "20260101-20261231"},
        {"2026-11-23", "2026-11-23", "20261122-20261122", "20260101-20261123"},
        {"2026-01-05", "2026-01-11", "20251229-20260104", "20260101-20260111"},
        {"2025-12-20", "2026-01-10", "20251128-20251219", "20260101-20260110"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[24];
        struct stats_span given = span(rows[i].from, rows[i].to);
        show(stats_span_previous(given), text);
        assert_string_equal(text, rows[i].previous);
        show(stats_span_year(given), text);
        assert_string_equal(text, rows[i].year);
    }
}

static void test_split(void **state)
{
    static const struct {
        const char *from, *to;
        enum stats_by by;
        const char *parts;
    } rows[] = {
        {"2026-11-20", "2026-12-01", STATS_BY_WEEK,
         "2026-W47 20261120-20261122 2026-W48 20261123-20261129 2026-W49 20261130-20261201 "},
        {"2026-12-31", "2027-01-04", STATS_BY_WEEK,
         "2026-W53 20261231-20270103 2027-W01 20270104-20270104 "},
        {"2025-12-29", "2025-12-29", STATS_BY_WEEK, "2026-W01 20251229-20251229 "},
        {"2026-01-31", "2026-03-01", STATS_BY_MONTH,
         "2026-01 20260131-20260131 2026-02 20260201-20260228 2026-03 20260301-20260301 "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stats_span parts[8];
        char text[400] = "";
        size_t count = stats_span_split(span(rows[i].from, rows[i].to), rows[i].by, parts, 8);
        for (size_t j = 0; j < count; j++) {
            char key[STATS_SPAN_KEY_BYTES], days[24];
            stats_span_key(parts[j], rows[i].by, key);
            show(parts[j], days);
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s %s ", key, days);
        }
        assert_string_equal(text, rows[i].parts);
    }
    assert_int_equal(stats_span_split(span("2026-01-01", "2026-12-31"), STATS_BY_MONTH, NULL, 0),
                     12);
}

static void test_periods(void **state)
{
    struct stats_span spans[] = {
        span("2026-02-27", "2026-03-31"),
        span("2026-01-01", "2026-03-31"),
        span("2026-03-30", "2026-03-30"),
    };
    struct buf text;
    (void)state;
    buf_init(&text, 4096);
    stats_span_periods(spans, 3, (struct date){2026, 11, 27}, &text);
    assert_string_equal(buf_text(&text),
                        "202601=1 202602=1 202603=0,1 20260227=0 20260228=0 20260330=2");
    buf_clear(&text);
    /* whole years, those that are over and the running one */
    const struct stats_span years[] = {
        span("2024-12-31", "2026-01-01"), span("2025-01-01", "2025-12-31"),
        span("2025-01-01", "2025-12-30"), span("2026-01-01", "2026-11-27"),
        span("2026-01-01", "2026-11-26"),
    };
    stats_span_periods(years, 2, (struct date){2026, 11, 27}, &text);
    assert_string_equal(buf_text(&text), "2025=0,1 20241231=0 20260101=0");
    buf_clear(&text);
    stats_span_periods(years + 3, 1, (struct date){2026, 11, 27}, &text);
    assert_string_equal(buf_text(&text), "2026=0");
    buf_clear(&text);
    stats_span_periods(years + 2, 1, (struct date){2026, 11, 27}, &text);
    assert_true(str_starts(buf_str(&text), STR("202501=0 202502=0 ")) &&
                str_find(buf_str(&text), STR("202511=0 20251201=0")) > 0);
    buf_clear(&text);
    stats_span_periods(years + 4, 1, (struct date){2026, 11, 27}, &text);
    assert_true(str_find(buf_str(&text), STR("202610=0 20261101=0")) > 0);
    buf_clear(&text);
    /* the running month, and the one before: of that day no later one is known yet */
    const struct stats_span running[] = {
        span("2026-03-01", "2026-03-02"),
        span("2026-03-01", "2026-03-03"),
        span("2026-03-02", "2026-03-03"),
        span("2026-02-28", "2026-04-02"),
    };
    stats_span_periods(running, 4, (struct date){2026, 3, 3}, &text);
    assert_string_equal(buf_text(&text),
                        "202603=1,3 202604=3 20260228=3 20260301=0 20260302=0,2 20260303=2");
    buf_release(&text);
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Against the sorted list itself. */
static void test_medians(void **state)
{
    unsigned seed = 7;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        int days[40], count = 1 + round % 40;
        int64_t counts[STATS_DAYS_MAX + 1] = {0};
        double median = -1;
        int p90 = -1;
        for (int i = 0; i < count; i++) {
            seed = seed * 1103515245u + 12345u;
            days[i] = (int)(seed >> 16) % (round % 3 == 0 ? 5 : STATS_DAYS_MAX + 1);
            counts[days[i]]++;
        }
        qsort(days, (size_t)count, sizeof days[0], by_number);
        double want = count % 2 ? days[count / 2] : (days[count / 2 - 1] + days[count / 2]) / 2.0;
        int at_least = 0; /* the smallest that 90 % did not exceed */
        while ((at_least + 1) * 10 < count * 9) {
            at_least++;
        }
        assert_true(stats_days_of(counts, &median, &p90));
        assert_true(median == want);
        assert_int_equal(p90, days[at_least]);
    }
    int64_t none[STATS_DAYS_MAX + 1] = {0};
    double median;
    int p90;
    assert_false(stats_days_of(none, &median, &p90));
}

static struct stats_table *sample(void)
{
    struct stats_table *table = stats_table_new(STATS_BY_VILLAGE, span("2026-11-01", "2026-11-30"));
    size_t a = stats_table_row(table, STR("370115008218"), STR("葛家村"));
    size_t b = stats_table_row(table, STR("370115009218"), STR("=葛\"家村"));
    assert_int_equal(stats_table_row(table, STR("370115008218"), STR("again")), a);
    stats_table_town(table, a, STR("曲堤街道"));
    stats_table_town(table, b, STR("回河街道"));
    stats_table_add(table, a, STATS_NOW, STR("reports"), 3);
    stats_table_add(table, a, STATS_NOW, STR("reports"), 4);
    stats_table_add(table, a, STATS_PREVIOUS, STR("reports"), 2);
    stats_table_add(table, a, STATS_NOW, STR("days.visit.1"), 1);
    stats_table_add(table, a, STATS_NOW, STR("days.visit.4"), 1);
    stats_table_add(table, a, STATS_NOW, STR("lead.days.total.60"), 2);
    stats_table_add(table, a, STATS_NOW, STR("clearing.days.look.6"), 2);
    stats_table_add(table, a, STATS_NOW, STR("now.open"), 5);
    stats_table_add(table, b, STATS_YEAR, STR("end.declined"), 1);
    stats_table_add(table, STATS_TOTAL_ROW, STATS_NOW, STR("reports"), 7);
    return table;
}

static void assert_member(const json_t *object, const char *path, const char *expected)
{
    char part[64];
    for (; *path != '\0'; path += *path == '/') {
        size_t len = strcspn(path, "/");
        snprintf(part, sizeof part, "%.*s", (int)len, path);
        object = json_is_array(object) ? json_array_get(object, (size_t)atoi(part))
                                       : json_object_get(object, part);
        path += len;
    }
    char *text = object ? json_dumps(object, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("(none)");
    assert_string_equal(text, expected);
    free(text);
}

static void test_json(void **state)
{
    static const struct {
        const char *path, *value;
    } rows[] = {
        {"from", "\"2026-11-01\""},
        {"by", "\"village\""},
        {"periods/previous/from", "\"2026-10-01\""},
        {"periods/year_to_date/to", "\"2026-11-30\""},
        {"best_effort", "[\"opens\",\"forms\"]"},
        {"rows/0/key", "\"370115008218\""},
        {"rows/0/name", "\"葛家村\""},
        {"rows/0/town", "\"曲堤街道\""},
        {"rows/0/figures/reports", "7"},
        {"rows/0/previous/reports", "2"},
        {"rows/0/figures/opens", "0"},
        {"rows/0/figures/days.visit.median", "2.5"},
        {"rows/0/figures/days.visit.p90", "4"},
        {"rows/0/figures/lead.days.total.median", "60"},
        {"rows/0/figures/clearing.days.look.p90", "6"},
        {"rows/0/figures/clearing.days.look.6", "(none)"},
        {"rows/0/figures/days.visit.4", "(none)"},
        {"rows/0/previous/days.visit.p90", "(none)"},
        {"rows/0/figures/now.open", "5"},
        {"rows/1/year_to_date/end.declined", "1"},
        {"rows/1/figures/end.declined", "(none)"},
        {"rows/2", "(none)"},
        {"total/reports", "7"},
        {"year_to_date/reports", "0"},
    };
    struct stats_table *table = sample();
    json_t *json = stats_table_json(table);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_member(json, rows[i].path, rows[i].value);
    }
    json_decref(json);
    stats_table_free(&table);
}

static const char *word(void *arg, const char *figure)
{
    (void)arg;
    return strcmp(figure, "reports") == 0    ? "申报"
           : strcmp(figure, "previous") == 0 ? "上期"
                                             : NULL;
}

static void test_csv(void **state)
{
    struct stats_table *table = sample();
    struct buf text;
    (void)state;
    buf_init(&text, 65536);
    stats_table_csv(table, word, NULL, &text);
    assert_true(buf_ok(&text));
    assert_memory_equal(buf_text(&text), "\xEF\xBB\xBF\"key\",\"name\",\"town\",\"opens\"", 28);
    assert_non_null(
        strstr(buf_text(&text), ",\"申报\",\"申报（上期）\",\"申报（year_to_date）\","));
    assert_non_null(strstr(buf_text(&text), ",\"now.open\"\r\n\"370115008218\",\"葛家村\","));
    assert_non_null(strstr(buf_text(&text), "\r\n\"370115009218\",\"'=葛\"\"家村\",\"回河街道\","));
    assert_non_null(strstr(buf_text(&text), ",2.5,,,4,,,"));
    assert_non_null(strstr(buf_text(&text), "\r\n\"\",\"total\",\"\",0,0,0,0,0,0,7,0,0,"));
    /* every record has as many fields */
    size_t fields = 0, first = 0, records = 0;
    bool quoted = false;
    for (const char *c = buf_text(&text); *c != '\0'; c++) {
        quoted ^= *c == '"';
        fields += !quoted && *c == ',';
        if (!quoted && *c == '\n') {
            first = records++ == 0 ? fields : first;
            assert_int_equal(fields, first);
            fields = 0;
        }
    }
    assert_int_equal(records, 4);
    buf_release(&text);
    stats_table_free(&table);
}

/* Of each record the first fields. The caller owns it. */
static char *cut_records(const char *text, size_t fields)
{
    char *cut = malloc(strlen(text) + 1), *to = cut;
    size_t field = 0;
    bool quoted = false;
    assert_non_null(cut);
    for (; *text != '\0'; text++) {
        quoted ^= *text == '"';
        field = !quoted && *text == '\n' ? 0 : field + (!quoted && *text == ',');
        if (field < fields) {
            *to++ = *text;
        }
    }
    *to = '\0';
    return cut;
}

static void test_formulas_are_guarded(void **state)
{
    static const char *const names[] = {"=1+1", "+1",    "-1",  "@SUM(A1)", "\t=1",     "\r=1",
                                        "\n=1", "＝1+1", "＋1", "－1",      "＠SUM(A1)"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct stats_table *table = stats_table_new(STATS_BY_RISK,
                                                    span("2026-11-01", "2026-11-02"));
        struct buf text;
        char cell[32];
        buf_init(&text, 65536);
        stats_table_row(table, STR("k"), str_of(names[i]));
        stats_table_csv(table, NULL, NULL, &text);
        snprintf(cell, sizeof cell, "\"k\",\"'%s\",0", names[i]);
        assert_non_null(strstr(buf_text(&text), cell));
        buf_release(&text);
        stats_table_free(&table);
    }
}

/* RFC 4180: read again, each cell is what it was. */
static void test_cells_are_quoted(void **state)
{
    static const char *const names[] = {
        "甲,乙", "say \"hi\"", "\"", "one\ntwo", "one\r\ntwo", "'=1", "1-1", "a=b", "，", "",
    };
    const size_t count = sizeof names / sizeof names[0];
    struct stats_table *table = stats_table_new(STATS_BY_VILLAGE, span("2026-11-01", "2026-11-02"));
    struct buf text;
    struct csv csv;
    struct csv_record record;
    const char *wrong;
    (void)state;
    buf_init(&text, 65536);
    for (size_t i = 0; i < count; i++) {
        char key[8];
        snprintf(key, sizeof key, "v%zu", i);
        size_t row = stats_table_row(table, str_of(key), str_of(names[i]));
        stats_table_town(table, row, str_of(names[count - 1 - i]));
    }
    stats_table_csv(table, NULL, NULL, &text);
    /* the reader takes so many fields only: key, name, town, and the first figures */
    char *cut = cut_records(buf_text(&text), 5);
    csv_init(&csv, str_of(cut));
    assert_true(csv_next(&csv, &record, &wrong));
    for (size_t i = 0; i < count; i++) {
        assert_true(csv_next(&csv, &record, &wrong));
        assert_int_equal(record.count, 5);
        assert_true(str_is(record.at[1], names[i]));
        assert_true(str_is(record.at[2], names[count - 1 - i]));
    }
    assert_true(csv_next(&csv, &record, &wrong) && str_is(record.at[1], "total"));
    assert_false(csv_next(&csv, &record, &wrong));
    assert_null(wrong);
    free(cut);
    buf_release(&text);
    stats_table_free(&table);
}

/* As many as a county has, with every figure. */
static void test_many_rows(void **state)
{
    struct stats_table *table = stats_table_new(STATS_BY_VILLAGE, span("2026-11-01", "2026-11-30"));
    (void)state;
    for (int row = 0; row < 900; row++) {
        char key[16];
        snprintf(key, sizeof key, "v%d", row);
        size_t at = stats_table_row(table, str_of(key), str_of(key));
        for (int name = 0; name < 300; name++) {
            char measure[32];
            snprintf(measure, sizeof measure, "days.s%d.%d", name / 60, name % 60);
            stats_table_add(table, at, STATS_YEAR, str_of(measure), row * name + 1);
        }
    }
    assert_int_equal(stats_table_rows(table), 901);
    for (int row = 0; row < 900; row += 7) {
        assert_int_equal(stats_table_sum(table, (size_t)row + 1, STATS_YEAR, "days.s4.59"),
                         row * 299 + 1);
        assert_int_equal(stats_table_sum(table, (size_t)row + 1, STATS_NOW, "days.s4.59"), 0);
    }
    assert_int_equal(stats_table_sum(table, 1, STATS_YEAR, "unheard"), 0);
    stats_table_free(&table);
}

static void test_by(void **state)
{
    (void)state;
    for (int i = STATS_BY_TOWN; i < STATS_BYS; i++) {
        enum stats_by by = (enum stats_by)i;
        assert_int_equal(stats_by_of(str_of(stats_by_name(by))), by);
        assert_int_equal(stats_by_is_area(by) + stats_by_is_time(by) + (stats_by_dim(by) != NULL),
                         1);
    }
    assert_int_equal(stats_by_of(STR("")), STATS_BY_NONE);
    assert_int_equal(stats_by_of(STR("hour")), STATS_BYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_periods),
        cmocka_unit_test(test_medians),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_formulas_are_guarded),
        cmocka_unit_test(test_cells_are_quoted),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
