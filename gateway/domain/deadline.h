/*
 * deadline.h - working days (product.md, 国务院办公厅 notices on holidays) and when something is due.
 *
 * Calendar files CN-YYYY.csv: `date,kind[,note]`, kind holiday or workday (make-up day); every other day is a working day unless
 * Saturday or Sunday. A year without a file: weekends and the 13 statutory days (lunar ones tabled to 2040).
 * The day of the event is not counted; a deadline ends at 24:00 of its day; a calendar-day deadline that ends on a day off moves to the
 * next working day.
 */
#ifndef DOMAIN_DEADLINE_H
#define DOMAIN_DEADLINE_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

struct calendar; /* immutable after load */

enum deadline_unit { DEADLINE_WORKING, DEADLINE_CALENDAR };

struct calendar *calendar_new(void); /* knows the fallback only */
bool calendar_add(struct calendar *calendar, struct str csv, const char *file,
                  struct err *err) MUST_CHECK;
void calendar_free(struct calendar **calendar);
bool calendar_has_year(const struct calendar *calendar, int year); /* a file was given */
/* The first of those that due days lie in which has no file: this year, from 1 December the next one too (announced in November). 0: none. */
int calendar_year_missing(const struct calendar *calendar, struct date today);
int calendar_year(const struct calendar *calendar,
                  size_t i); /* of the i-th file; 0 past the last */
bool calendar_is_workday(const struct calendar *calendar, struct date date);
/* The last day: `days` after the day of from. */
struct date deadline_date(const struct calendar *calendar, struct date from, int days,
                          enum deadline_unit unit);
int64_t deadline_ms(struct date last_day); /* its 24:00 in wall ms */
/* 最晚11月30日(周一) carries a full-width bracket pair: ret_text "11月30日（周一）" */
enum { DEADLINE_SHOWN_BYTES = 40 };
void deadline_show(struct date date, char ret_text[DEADLINE_SHOWN_BYTES]);

#endif
