#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "domain/deadline.h"

static struct date day(const char *text)
{
    struct date date;
    assert_true(date_parse(str_of(text), &date));
    return date;
}

static void assert_day(struct date date, const char *text)
{
    struct date expected = day(text);
    if (date_compare(date, expected) != 0) {
        fail_msg("%d-%02d-%02d, expected %s", date.year, date.month, date.day, text);
    }
}

static struct calendar *shipped(void)
{
    static const char *const files[] = {"deploy/calendar/CN-2025.csv",
                                        "deploy/calendar/CN-2026.csv"};
    struct calendar *calendar = calendar_new();
    for (size_t i = 0; i < 2; i++) {
        struct buf text;
        struct err err = {{0}};
        buf_init(&text, 65536);
        assert_true(file_read(files[i], &text, &err));
        if (!calendar_add(calendar, buf_str(&text), files[i], &err)) {
            fail_msg("%s", err.text);
        }
        buf_release(&text);
    }
    return calendar;
}

static void test_deadlines_by_the_notices(void **state)
{
    static const struct {
        const char *from;
        int days;
        enum deadline_unit unit;
        const char *until;
    } cases[] = {
        /* The year's end: 2027 has no file, 1 January is a day off all the same. */
        {"2026-12-28", 5, DEADLINE_WORKING, "2027-01-05"},
        {"2026-11-23", 5, DEADLINE_WORKING, "2026-11-30"},
        {"2026-11-20", 1, DEADLINE_WORKING, "2026-11-23"},
        {"2026-11-21", 1, DEADLINE_WORKING, "2026-11-23"}, /* filed on a Saturday */
        {"2026-11-22", 5, DEADLINE_WORKING, "2026-11-27"},
        {"2026-11-23", 0, DEADLINE_WORKING, "2026-11-23"},
        {"2026-11-23", -3, DEADLINE_CALENDAR, "2026-11-23"},
        /* Spring Festival 2026: off 15 to 23 February, Saturdays 14 and 28 worked */
        {"2026-02-13", 1, DEADLINE_WORKING, "2026-02-14"},
        {"2026-02-13", 2, DEADLINE_WORKING, "2026-02-24"},
        {"2026-02-24", 4, DEADLINE_WORKING, "2026-02-28"},
        {"2026-02-24", 5, DEADLINE_WORKING, "2026-03-02"},
        /* National Day 2026 with its make-up days 20 September and 10 October */
        {"2026-09-18", 1, DEADLINE_WORKING, "2026-09-20"},
        {"2026-09-30", 1, DEADLINE_WORKING, "2026-10-08"},
        {"2026-09-30", 3, DEADLINE_WORKING, "2026-10-10"},
        {"2025-09-26", 1, DEADLINE_WORKING, "2025-09-28"},
        {"2025-09-30", 1, DEADLINE_WORKING, "2025-10-09"},
        {"2025-01-27", 1, DEADLINE_WORKING, "2025-02-05"},
        {"2025-12-31", 1, DEADLINE_WORKING, "2026-01-04"}, /* a worked Sunday */
        /* Calendar days; the last one moves off a day off */
        {"2026-11-23", 1, DEADLINE_CALENDAR, "2026-11-24"},
        {"2026-11-23", 15, DEADLINE_CALENDAR, "2026-12-08"},
        {"2026-11-20", 15, DEADLINE_CALENDAR, "2026-12-07"}, /* 5 December is a Saturday */
        {"2026-09-30", 1, DEADLINE_CALENDAR, "2026-10-08"},
        {"2026-02-04", 10, DEADLINE_CALENDAR, "2026-02-14"}, /* a Saturday, but worked */
        {"2028-02-25", 4, DEADLINE_CALENDAR, "2028-02-29"},
    };
    struct calendar *calendar = shipped();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_day(deadline_date(calendar, day(cases[i].from), cases[i].days, cases[i].unit),
                   cases[i].until);
    }
    calendar_free(&calendar);
    assert_null(calendar);
}

static int days_off(const struct calendar *calendar, int year, bool weekend_too)
{
    int count = 0;
    for (int64_t d = date_to_days((struct date){year, 1, 1});
         d < date_to_days((struct date){year + 1, 1, 1}); d++) {
        struct date date = date_from_days(d);
        bool weekend = date_weekday(date) == 0 || date_weekday(date) == 6;
        count += (weekend_too || !weekend) && !calendar_is_workday(calendar, date);
    }
    return count;
}

/* A notice only moves weekends about: off days = weekend days + the statutory days. */
static void test_a_notice_gives_and_takes_alike(void **state)
{
    struct calendar *calendar = shipped();
    (void)state;
    assert_true(calendar_has_year(calendar, 2025) && calendar_has_year(calendar, 2026));
    assert_false(calendar_has_year(calendar, 2027));
    assert_int_equal(days_off(calendar, 2025, true), 104 + 13);
    assert_int_equal(days_off(calendar, 2026, true), 104 + 13);
    calendar_free(&calendar);
}

/*
 * Table of the statutory days against dates from outside: the notices (2025, 2026) and the almanac of Purple Mountain Observatory's rules
 * (new moon and zhongqi at 120° E), worked out by two programs that are not ours.
 */
static void test_fallback_days(void **state)
{
    static const char *const off[] = {
        "2025-01-28", "2025-01-29", "2025-01-31", "2025-04-04", "2025-10-06", "2026-02-16",
        "2026-02-19", "2026-06-19", "2026-09-25", "2027-01-01", "2027-02-05", "2027-02-08",
        "2027-04-05", "2027-06-09", "2027-09-15", "2027-05-01", "2027-10-01", "2028-01-25",
        "2028-01-26", "2028-04-04", "2028-10-03", "2029-02-12", "2029-02-15", "2029-04-04",
        "2030-02-04", "2030-02-05", "2030-06-05", "2030-09-12", "2031-06-24", "2033-06-01",
        "2034-02-20", "2035-06-10", "2036-05-30", "2037-06-18", "2038-04-05", "2039-01-25",
        "2040-02-13", "2040-06-14", "2040-09-20", "2041-01-01", "2041-10-01"};
    static const char *const worked[] = {"2025-01-27", "2025-02-05", "2026-02-20", "2027-02-09",
                                         "2027-04-06", "2027-05-04", "2028-01-31", "2029-02-16",
                                         "2030-02-01", "2030-02-07", "2036-04-07", "2041-04-04"};
    struct calendar *calendar = calendar_new();
    (void)state;
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        if (calendar_is_workday(calendar, day(off[i]))) {
            fail_msg("%s is a day off", off[i]);
        }
    }
    for (size_t i = 0; i < sizeof worked / sizeof worked[0]; i++) {
        if (!calendar_is_workday(calendar, day(worked[i]))) {
            fail_msg("%s is a working day", worked[i]);
        }
    }
    calendar_free(&calendar);
}

static void test_files_that_are_refused(void **state)
{
    static const struct {
        const char *csv, *says;
    } cases[] = {
        {"", "x.csv:1: no day is given"},
        {"date,kind\n", "x.csv:2: no day is given"},
        {"day,kind\n2026-01-01,holiday\n", "x.csv:1: the header must be"},
        {"2026-01-01,holiday\n", "x.csv:1: the header must be"},
        {"date,kind\n2026-02-29,holiday\n", "x.csv:2: date: \"2026-02-29\" is no day"},
        {"# a note\ndate,kind\n\n2026-1-1,holiday\n", "x.csv:4: date:"},
        {"date,kind\n2026-01-01,off\n", "x.csv:2: kind: \"off\" is unknown"},
        {"date,kind\n2026-01-01\n", "x.csv:2: 1 fields"},
        {"date,kind\n2026-01-01,holiday,a,b\n", "x.csv:2: 4 fields"},
        {"date,kind\n2026-01-01,holiday\n2027-01-01,holiday\n", "x.csv:3: date: 2027-01-01"},
        {"date,kind\n2026-01-01,holiday\n2026-01-01,workday\n", "x.csv:3: date: 2026-01-01 stands"},
        {"date,kind\n2026-01-01,\"holiday\n", "x.csv:2: a quoted field has no end"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct calendar *calendar = calendar_new();
        struct err err = {{0}};
        assert_false(calendar_add(calendar, str_of(cases[i].csv), "x.csv", &err));
        if (strncmp(err.text, cases[i].says, strlen(cases[i].says)) != 0) {
            fail_msg("case %zu: %s", i, err.text);
        }
        assert_false(calendar_has_year(calendar, 2026));
        calendar_free(&calendar);
    }
}

static void test_files_as_spreadsheets_write_them(void **state)
{
    static const char csv[] = "\xEF\xBB\xBF"
                              "date,kind,note\r\n\"2026-03-02\",\"holiday\",\"a \"\"b\"\", c\"\r\n"
                              "2026-03-07,workday\r\n";
    struct calendar *calendar = calendar_new();
    struct err err = {{0}};
    (void)state;
    assert_true(calendar_add(calendar, STR(csv), "x.csv", &err));
    assert_false(calendar_is_workday(calendar, day("2026-03-02")));
    assert_true(calendar_is_workday(calendar, day("2026-03-07")));
    assert_true(calendar_is_workday(calendar, day("2026-10-01"))); /* the file is the whole truth */
    assert_false(calendar_add(calendar, STR(csv), "y.csv", &err));
    assert_non_null(strstr(err.text, "another file gives 2026"));
    calendar_free(&calendar);
}

/* In December due days lie in the next year already, whose holidays were announced in November. */
static void test_the_year_that_is_missing(void **state)
{
    static const struct {
        const char *today;
        int year;
    } cases[] = {{"2026-01-01", 0},    {"2026-11-30", 0},    {"2026-12-01", 2027},
                 {"2026-12-31", 2027}, {"2027-01-01", 2027}, {"2027-12-31", 2027},
                 {"2025-12-31", 0},    {"2024-12-31", 2024}};
    struct calendar *calendar = shipped();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(calendar_year_missing(calendar, day(cases[i].today)), cases[i].year);
    }
    calendar_free(&calendar);
}

static void test_the_end_of_a_day_and_its_words(void **state)
{
    char shown[DEADLINE_SHOWN_BYTES];
    int64_t ms;
    (void)state;
    assert_true(clock_parse_iso(STR("2026-12-01T00:00:00+08:00"), &ms));
    assert_true(deadline_ms(day("2026-11-30")) == ms);
    deadline_show(day("2026-11-30"), shown);
    assert_string_equal(shown, "11月30日（周一）");
    deadline_show(day("2027-01-03"), shown);
    assert_string_equal(shown, "1月3日（周日）");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines_by_the_notices),
        cmocka_unit_test(test_a_notice_gives_and_takes_alike),
        cmocka_unit_test(test_fallback_days),
        cmocka_unit_test(test_files_that_are_refused),
        cmocka_unit_test(test_files_as_spreadsheets_write_them),
        cmocka_unit_test(test_the_year_that_is_missing),
        cmocka_unit_test(test_the_end_of_a_day_and_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
