#include "domain/deadline.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/csv.h"
#include "base/mem.h"

enum { YEAR_DAYS = 366, DEADLINE_DAYS_MAX = 3660, CALENDAR_YEARS_MAX = 64 };

enum day_kind { DAY_PLAIN, DAY_HOLIDAY, DAY_WORKDAY };

struct calendar_year {
    int year;
    unsigned char kind[YEAR_DAYS]; /* enum day_kind, by day of the year from 0 */
};

struct calendar {
    struct calendar_year *years;
    size_t year_count;
};

/*
 * Statutory days that move: the first day of the lunar year, 清明, 端午 (5th of the 5th), 中秋 (15th of the 8th), as month·100 + day.
 * Beijing dates; new moons near midnight were checked against two almanacs (2027-02-06 23:56, 2028-01-26 23:13, 2030-02-03 00:08).
 */
static const struct {
    short year, spring, qingming, dragon, moon;
} moving[] = {
    {2025, 129, 404, 531, 1006}, {2026, 217, 405, 619, 925}, {2027, 206, 405, 609, 915},
    {2028, 126, 404, 528, 1003}, {2029, 213, 404, 616, 922}, {2030, 203, 405, 605, 912},
    {2031, 123, 405, 624, 1001}, {2032, 211, 404, 612, 919}, {2033, 131, 404, 601, 908},
    {2034, 219, 405, 620, 927},  {2035, 208, 405, 610, 916}, {2036, 128, 404, 530, 1004},
    {2037, 215, 404, 618, 924},  {2038, 204, 405, 607, 913}, {2039, 124, 405, 527, 1002},
    {2040, 212, 404, 614, 920},
};

struct calendar *calendar_new(void)
{
    return mem_alloc(sizeof(struct calendar));
}

void calendar_free(struct calendar **calendar)
{
    if (*calendar != NULL) {
        free((*calendar)->years);
        free(*calendar);
        *calendar = NULL;
    }
}

static const struct calendar_year *find_year(const struct calendar *calendar, int year)
{
    for (size_t i = 0; i < calendar->year_count; i++) {
        if (calendar->years[i].year == year) {
            return &calendar->years[i];
        }
    }
    return NULL;
}

static size_t day_of_year(struct date date)
{
    return (size_t)(date_to_days(date) - date_to_days((struct date){date.year, 1, 1}));
}

/* The first row of a file tells its year. */
static bool take_day(struct calendar_year *year, const struct csv_record *row, struct err *err)
{
    struct str day = str_trim(csv_field(row, 0));
    struct str kind = str_trim(csv_field(row, 1));
    struct date date;
    if (row->count < 2 || row->count > 3) {
        return err_set(err, "%zu fields, allowed are date,kind[,note]", row->count);
    }
    if (!date_parse(day, &date)) {
        return err_set(err, "date: \"%.*s\" is no day, written like 2026-10-01",
                       STR_ARG(str_sub(day, 0, 40)));
    }
    if (year->year == 0) {
        year->year = date.year;
    }
    if (date.year != year->year) {
        return err_set(err, "date: %.*s is not of %d, a file holds one year", STR_ARG(day),
                       year->year);
    }
    if (!str_is(kind, "holiday") && !str_is(kind, "workday")) {
        return err_set(err, "kind: \"%.*s\" is unknown, allowed are holiday and workday",
                       STR_ARG(str_sub(kind, 0, 40)));
    }
    unsigned char *known = &year->kind[day_of_year(date)];
    if (*known != DAY_PLAIN) {
        return err_set(err, "date: %.*s stands twice", STR_ARG(day));
    }
    *known = str_is(kind, "holiday") ? DAY_HOLIDAY : DAY_WORKDAY;
    return true;
}

static bool is_header(const struct csv_record *row)
{
    return row->count >= 2 && row->count <= 3 && str_is(csv_field(row, 0), "date") &&
           str_is(csv_field(row, 1), "kind") &&
           (row->count == 2 || str_is(csv_field(row, 2), "note"));
}

static bool read_year(struct str csv, struct calendar_year *year, size_t *ret_line, struct err *err)
{
    struct csv reader;
    struct csv_record row;
    const char *wrong;
    bool header = false;
    csv_init(&reader, csv);
    while (csv_next(&reader, &row, &wrong)) {
        *ret_line = row.line;
        if (str_starts(row.at[0], STR("#"))) {
            continue;
        }
        if (!header && !is_header(&row)) {
            return err_set(err, "the header must be date,kind or date,kind,note");
        }
        if (header && !take_day(year, &row, err)) {
            return false;
        }
        header = true;
    }
    *ret_line = row.line;
    if (wrong != NULL) {
        return err_set(err, "%s", wrong);
    }
    return year->year != 0 || err_set(err, "no day is given");
}

bool calendar_add(struct calendar *calendar, struct str csv, const char *file, struct err *err)
{
    struct calendar_year year = {0};
    size_t line = 1;
    bool read = read_year(csv, &year, &line, err);
    if (read && calendar_has_year(calendar, year.year)) {
        read = err_set(err, "another file gives %d already", year.year);
    }
    if (read && calendar->year_count == CALENDAR_YEARS_MAX) {
        read = err_set(err, "more than %d years", CALENDAR_YEARS_MAX);
    }
    if (!read) {
        return err_prefix(err, "%s:%zu: ", file, line);
    }
    calendar->years = mem_resize(calendar->years, calendar->year_count + 1,
                                 sizeof *calendar->years);
    calendar->years[calendar->year_count++] = year;
    return true;
}

bool calendar_has_year(const struct calendar *calendar, int year)
{
    return find_year(calendar, year) != NULL;
}

int calendar_year_missing(const struct calendar *calendar, struct date today)
{
    if (!calendar_has_year(calendar, today.year)) {
        return today.year;
    }
    return today.month < 12 || calendar_has_year(calendar, today.year + 1) ? 0 : today.year + 1;
}

int calendar_year(const struct calendar *calendar, size_t i)
{
    return i < calendar->year_count ? calendar->years[i].year : 0;
}

static bool is_statutory(struct date date)
{
    static const short fixed[] = {101, 501, 502, 1001, 1002, 1003};
    int day = date.month * 100 + date.day;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (day == fixed[i]) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof moving / sizeof moving[0]; i++) {
        if (moving[i].year != date.year) {
            continue;
        }
        struct date spring = {date.year, moving[i].spring / 100, moving[i].spring % 100};
        int64_t into = date_to_days(date) - date_to_days(spring); /* 除夕 is -1, 初三 is 2 */
        return (into >= -1 && into <= 2) || day == moving[i].qingming || day == moving[i].dragon ||
               day == moving[i].moon;
    }
    return false;
}

bool calendar_is_workday(const struct calendar *calendar, struct date date)
{
    const struct calendar_year *year = find_year(calendar, date.year);
    enum day_kind kind = year ? year->kind[day_of_year(date)] : DAY_PLAIN;
    if (kind != DAY_PLAIN) {
        return kind == DAY_WORKDAY;
    }
    int weekday = date_weekday(date);
    return weekday != 0 && weekday != 6 && (year != NULL || !is_statutory(date));
}

struct date deadline_date(const struct calendar *calendar, struct date from, int days,
                          enum deadline_unit unit)
{
    int64_t day = date_to_days(from);
    int left = days > DEADLINE_DAYS_MAX ? DEADLINE_DAYS_MAX : days;
    if (left <= 0) {
        return from;
    }
    if (unit == DEADLINE_CALENDAR) {
        day += left - 1;
        left = 1;
    }
    /* Counts working days; of calendar days only the last one is left to be found. */
    while (left > 0) {
        day++;
        left -= calendar_is_workday(calendar, date_from_days(day));
    }
    return date_from_days(day);
}

int64_t deadline_ms(struct date last_day)
{
    return date_start_ms(date_from_days(date_to_days(last_day) + 1));
}

void deadline_show(struct date date, char ret_text[DEADLINE_SHOWN_BYTES])
{
    static const char *const weekdays[] = {"日", "一", "二", "三", "四", "五", "六"};
    snprintf(ret_text, DEADLINE_SHOWN_BYTES, "%d月%d日（周%s）", date.month, date.day,
             weekdays[date_weekday(date)]);
}
