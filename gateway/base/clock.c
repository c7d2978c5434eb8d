#include "base/clock.h"

#include <stdio.h>
#include <time.h>

enum { DAY_MS = 86400000, SHANGHAI_OFFSET_MS = 8 * 3600000 };

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Days from civil and back: years are counted from March in 400-year eras, so that the leap day comes last. */
int64_t date_to_days(struct date date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct date date_from_days(int64_t days)
{
    days += 719468;
    int64_t era = floor_div(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                           day_of_era / 146096) /
                          365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int month = (int)(month_from_march + (month_from_march < 10 ? 3 : -9));
    return (struct date){
        .year = (int)(year_of_era + era * 400) + (month <= 2),
        .month = month,
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

bool date_exists(struct date date)
{
    if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12 || date.day < 1) {
        return false;
    }
    return date_compare(date_from_days(date_to_days(date)), date) == 0;
}

int date_weekday(struct date date)
{
    int64_t days = date_to_days(date) + 4; /* 1970-01-01 was a Thursday */
    return (int)(days - floor_div(days, 7) * 7);
}

struct date date_of_ms(int64_t wall_ms)
{
    return date_from_days(floor_div(wall_ms + SHANGHAI_OFFSET_MS, DAY_MS));
}

int64_t date_start_ms(struct date date)
{
    return date_to_days(date) * DAY_MS - SHANGHAI_OFFSET_MS;
}

int date_compare(struct date a, struct date b)
{
    if (a.year != b.year) {
        return a.year < b.year ? -1 : 1;
    }
    if (a.month != b.month) {
        return a.month < b.month ? -1 : 1;
    }
    return (a.day > b.day) - (a.day < b.day);
}

static bool digits(struct str text, size_t from, size_t len, int *ret)
{
    uint64_t value;
    if (from + len > text.len || !str_to_u64(str_sub(text, from, len), 9999, &value)) {
        return false;
    }
    *ret = (int)value;
    return true;
}

bool date_parse(struct str text, struct date *ret)
{
    struct date date;
    bool read = text.len == 10 && digits(text, 0, 4, &date.year) && text.at[4] == '-' &&
                digits(text, 5, 2, &date.month) && text.at[7] == '-' &&
                digits(text, 8, 2, &date.day) && date_exists(date);
    if (read) {
        *ret = date;
    }
    return read;
}

void clock_iso(int64_t wall_ms, char ret_text[CLOCK_ISO_BYTES])
{
    struct date date = date_of_ms(wall_ms);
    int second = (int)((wall_ms - date_start_ms(date)) / 1000);
    snprintf(ret_text, CLOCK_ISO_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d+08:00", date.year % 10000,
             date.month, date.day, second / 3600, second / 60 % 60, second % 60);
}

/* "Z" or "+08:00" at the end; the offset in minutes. */
static bool parse_offset(struct str text, int *ret_minutes)
{
    int hours;
    int minutes;
    if (str_is(text, "Z") || str_is(text, "z")) {
        *ret_minutes = 0;
        return true;
    }
    if (text.len != 6 || (text.at[0] != '+' && text.at[0] != '-') || text.at[3] != ':' ||
        !digits(text, 1, 2, &hours) || !digits(text, 4, 2, &minutes) || hours > 23 ||
        minutes > 59) {
        return false;
    }
    *ret_minutes = (text.at[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

bool clock_parse_iso(struct str text, int64_t *ret_wall_ms)
{
    struct date date;
    int hour;
    int minute;
    int second;
    int milli = 0;
    int offset;
    if (text.len < 20 || !date_parse(str_sub(text, 0, 10), &date) ||
        (text.at[10] != 'T' && text.at[10] != 't' && text.at[10] != ' ') ||
        !digits(text, 11, 2, &hour) || text.at[13] != ':' || !digits(text, 14, 2, &minute) ||
        text.at[16] != ':' || !digits(text, 17, 2, &second) || hour > 23 || minute > 59 ||
        second > 60) {
        return false;
    }
    struct str rest = str_from(text, 19);
    if (rest.at[0] == '.') {
        size_t n = 1;
        for (int scale = 100; n < rest.len && rest.at[n] >= '0' && rest.at[n] <= '9'; n++) {
            milli += (rest.at[n] - '0') * scale;
            scale /= 10;
        }
        if (n == 1) {
            return false;
        }
        rest = str_from(rest, n);
    }
    if (!parse_offset(rest, &offset)) {
        return false;
    }
    *ret_wall_ms = date_to_days(date) * DAY_MS +
                   ((hour * 60 + minute - offset) * (int64_t)60 + second) * 1000 + milli;
    return true;
}
