/*
 * pushes.h - what departments owe, and when: their push calendar as data (templates/pushes/NAME.json). Pure: deliveries and the day come in.
 *
 * {"name", "pushes": [{"id", "org", "name", "every", "seasons", "due_days", "unit", "basis"}]}
 * - "org" is the slug of the organisation (domain/intake.h) that owes it, "name" what it is.
 * - "every": ten_days (旬: 1–10, 11–20, 21–end) · half_month (1–15, 16–end) · month · quarter · season (the "seasons" of the year, {"from": "08-15",
 *   "to": "09-30"}, in order, none into the next year) · event: no periods of its own; each event is one, that day alone.
 * - "due_days" after the period's last day it is due at 24:00 (month and 5: monthly by the 5th), "unit" calendar (default) or working; a due day
 *   on a day off moves on.
 * - "basis": the document that says it, or unconfirmed.
 *
 * A period is delivered by the first finding of that organisation that names the push, or by a word that there was nothing (零报告). Which
 * period a finding pays: the one whose due day comes next; but while a period still runs, what comes pays the one before first if that one is owed.
 * An event is paid by a finding that was made on its day, or by any that comes from that day on and was made on no event's day; a finding makes no
 * event. What names its period pays that.
 */
#ifndef DOMAIN_PUSHES_H
#define DOMAIN_PUSHES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "domain/deadline.h"

enum { PUSHES_MAX = 64, PUSH_SEASONS_MAX = 12, PUSH_PERIODS_MAX = 64, PUSH_LOOK_BACK_DAYS = 400 };

enum push_every {
    PUSH_EVENT,
    PUSH_TEN_DAYS,
    PUSH_HALF_MONTH,
    PUSH_MONTH,
    PUSH_QUARTER,
    PUSH_SEASON
};

struct push_season {
    int from_month, from_day, to_month, to_day;
};

struct push {
    const char *id, *org, *name;
    enum push_every every;
    struct push_season seasons[PUSH_SEASONS_MAX];
    size_t season_count;
    int due_days;
    enum deadline_unit unit;
    bool confirmed; /* false: no document says it */
};

struct pushes {
    const char *name;
    struct push at[PUSHES_MAX];
    size_t count;
    json_t *source; /* owned; texts are borrowed from it */
};

/* Errors: `file: /pushes/2/seasons/0/to: …` */
struct pushes *pushes_load(struct str json, const char *file, struct err *err) MUST_CHECK;
void pushes_free(struct pushes **pushes);
const struct push *pushes_find(const struct pushes *pushes, struct str id); /* NULL: none */
const char *push_every_name(enum push_every every);

enum push_entry_kind { PUSH_FOUND, PUSH_NOTHING, PUSH_HAPPENED };

/* What is on record about one push in one county. */
struct push_entry {
    enum push_entry_kind kind;
    struct date day; /* FOUND, NOTHING: when it came. HAPPENED: of the event */
    struct date
        period; /* NOTHING: first day of the period. FOUND: the day on which it was made, of an event push; year 0: none */
    int found;  /* FOUND: how many */
};

enum push_state { PUSH_OPEN, PUSH_DELIVERED, PUSH_LATE };

struct push_period {
    struct date first, last, due;
    enum push_state state;
    struct date delivered; /* PUSH_DELIVERED */
    bool nothing;          /* delivered by 零报告 */
    int found;             /* how many findings paid it */
    bool over;             /* delivered after the due day, or not yet and it is over */
    int late_days;         /* working days over the due day */
};

/*
 * The periods that begin in since … today, of events all until today: somebody named them (what is longer than PUSH_LOOK_BACK_DAYS ago is left
 * out). The newest first, at most PUSH_PERIODS_MAX. Entries in any order.
 */
size_t push_periods(const struct push *push, const struct calendar *calendar, struct date since,
                    struct date today, const struct push_entry *entries, size_t count,
                    struct push_period ret[PUSH_PERIODS_MAX]);
/* Of what push_periods gave: the first day of the one that a word of today is about when it names none: the one that is owed. False: nothing is owed. */
bool push_period_owed(const struct push *push, const struct push_period *periods, size_t count,
                      struct date today, struct date *ret_first);
/* The period that this is the first day of; of an event push any day is one. False: none begins then, *ret_last says nothing. */
bool push_period_begins(const struct push *push, struct date day, struct date *ret_last);

#endif
