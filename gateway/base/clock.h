/*
 * clock.h - two clocks and the calendar of the place.
 *
 * Deadlines inside the process run on the monotonic clock (clock_mono_ms). What people read is wall time in Asia/Shanghai,
 * which is UTC+8 without daylight saving; TZ is never asked.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct date {
    int year;
    int month; /* 1–12 */
    int day;   /* 1–31 */
};

int64_t clock_mono_ms(void);
int64_t clock_wall_ms(void); /* since 1970-01-01T00:00:00Z */

bool date_exists(struct date date);     /* proleptic Gregorian */
int64_t date_to_days(struct date date); /* days since 1970-01-01 */
struct date date_from_days(int64_t days);
int date_weekday(struct date date);      /* 0 Sunday … 6 Saturday */
struct date date_of_ms(int64_t wall_ms); /* the day in Asia/Shanghai */
int64_t date_start_ms(struct date date); /* its 00:00 in Asia/Shanghai */
int date_compare(struct date a, struct date b);
bool date_parse(struct str text, struct date *ret); /* 2026-11-23 */

enum { CLOCK_ISO_BYTES = 64 };
/* 2026-11-23T09:15:02+08:00 (RFC 3339) */
void clock_iso(int64_t wall_ms, char ret_text[CLOCK_ISO_BYTES]);
/* RFC 3339 with any offset; fractions are cut to ms. */
bool clock_parse_iso(struct str text, int64_t *ret_wall_ms);

#endif
