#include "domain/pushes.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- days ---- */

static struct date plus(struct date date, int days)
{
    return date_from_days(date_to_days(date) + days);
}

static bool is_after(struct date a, struct date b)
{
    return date_compare(a, b) > 0;
}

static int month_days(int year, int month)
{
    struct date next = {month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1};
    return plus(next, -1).day;
}

/* A day of the year in this year: 29 February is the 28th in most. */
static struct date in_year(int year, int month, int day)
{
    int last = month_days(year, month);
    return (struct date){year, month, day < last ? day : last};
}

/* ---- periods ---- */

static bool season_begins(const struct push *push, struct date day, struct date *ret_last)
{
    for (size_t i = 0; i < push->season_count; i++) {
        const struct push_season *season = &push->seasons[i];
        struct date first = in_year(day.year, season->from_month, season->from_day);
        if (date_compare(first, day) == 0) {
            *ret_last = in_year(day.year, season->to_month, season->to_day);
            return true;
        }
    }
    return false;
}

bool push_period_begins(const struct push *push, struct date day, struct date *ret_last)
{
    int end = month_days(day.year, day.month);
    *ret_last = day;
    switch (push->every) {
    case PUSH_EVENT:
        return true;
    case PUSH_TEN_DAYS:
        ret_last->day = day.day == 21 ? end : day.day + 9;
        return day.day == 1 || day.day == 11 || day.day == 21;
    case PUSH_HALF_MONTH:
        ret_last->day = day.day == 16 ? end : 15;
        return day.day == 1 || day.day == 16;
    case PUSH_MONTH:
        ret_last->day = end;
        return day.day == 1;
    case PUSH_QUARTER:
        *ret_last = in_year(day.year, (day.month + 2) / 3 * 3, 31);
        return day.day == 1 && day.month % 3 == 1;
    case PUSH_SEASON:
        return season_begins(push, day, ret_last);
    }
    return false;
}

static struct date due_day(const struct push *push, const struct calendar *calendar,
                           struct date last)
{
    if (push->unit == DEADLINE_WORKING && push->due_days > 0) {
        return deadline_date(calendar, last, push->due_days, DEADLINE_WORKING);
    }
    /* counted from the day before, so that the last day itself moves on when it is a day off */
    return deadline_date(calendar, plus(last, -1), push->due_days + 1, DEADLINE_CALENDAR);
}

/* The periods while they are judged, the oldest first. */
struct ledger {
    const struct push *push;
    const struct calendar *calendar;
    struct date from, today;
    struct push_period at[PUSH_PERIODS_MAX];
    size_t count;
};

static void open_period(struct ledger *ledger, struct date first, struct date last)
{
    if (ledger->count == PUSH_PERIODS_MAX) { /* the oldest one goes */
        memmove(ledger->at, ledger->at + 1, sizeof ledger->at - sizeof ledger->at[0]);
        ledger->count--;
    }
    ledger->at[ledger->count++] = (struct push_period){
        .first = first,
        .last = last,
        .due = due_day(ledger->push, ledger->calendar, last),
        .state = PUSH_OPEN};
}

static struct push_period *period_of(struct ledger *ledger, struct date first)
{
    for (size_t i = 0; i < ledger->count; i++) {
        if (date_compare(ledger->at[i].first, first) == 0) {
            return &ledger->at[i];
        }
    }
    return NULL;
}

static void open_calendar(struct ledger *ledger)
{
    int64_t today = date_to_days(ledger->today);
    struct date last;
    for (int64_t day = date_to_days(ledger->from); day <= today; day++) {
        struct date first = date_from_days(day);
        if (push_period_begins(ledger->push, first, &last)) {
            open_period(ledger, first, last);
        }
    }
}

/* ---- what was delivered ---- */

static int by_day(const void *a, const void *b)
{
    const struct push_entry *left = a, *right = b;
    return date_compare(left->day, right->day);
}

static void pay(struct push_period *period, const struct push_entry *entry)
{
    bool nothing = entry->kind == PUSH_NOTHING;
    if (period->state != PUSH_DELIVERED) {
        period->state = PUSH_DELIVERED;
        period->delivered = entry->day;
        period->nothing = nothing;
    }
    if (!nothing) {
        period->nothing = false;
        period->found += entry->found;
    }
}

static bool is_owed_or_paid_on(const struct push_period *period, struct date day)
{
    return period->state != PUSH_DELIVERED || date_compare(period->delivered, day) == 0;
}

/* Which period a finding of that day pays; NULL: none (it came before the first began). */
static struct push_period *period_paid(struct ledger *ledger, struct date day)
{
    size_t next = 0;
    while (next < ledger->count && is_after(day, ledger->at[next].due)) {
        next++;
    }
    struct push_period *before = next > 0 ? &ledger->at[next - 1] : NULL;
    if (next == ledger->count || is_after(ledger->at[next].first, day)) {
        return before;
    }
    struct push_period *period = &ledger->at[next];
    bool runs = !is_after(day, period->last);
    return before != NULL && runs && is_owed_or_paid_on(before, day) ? before : period;
}

static void pay_calendar(struct ledger *ledger, const struct push_entry *entry)
{
    struct push_period *period = entry->kind == PUSH_NOTHING ? period_of(ledger, entry->period)
                                                             : period_paid(ledger, entry->day);
    if (period != NULL && entry->kind != PUSH_HAPPENED) {
        pay(period, entry);
    }
}

static int by_first(const void *a, const void *b)
{
    const struct push_period *left = a, *right = b;
    return date_compare(left->first, right->first);
}

static void open_events(struct ledger *ledger, const struct push_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct date day = entries[i].kind == PUSH_HAPPENED ? entries[i].day : entries[i].period;
        bool told = entries[i].kind != PUSH_FOUND && day.year != 0;
        bool counts = told && !is_after(ledger->from, day) && !is_after(day, ledger->today);
        if (counts && period_of(ledger, day) == NULL) {
            open_period(ledger, day, day);
        }
    }
    qsort(ledger->at, ledger->count, sizeof ledger->at[0], by_first);
}

/* A finding of a day on which no event was told says what was found that day, not of which event: it pays like one that names none. */
static void pay_events(struct ledger *ledger, const struct push_entry *entry)
{
    struct push_period *named = entry->period.year != 0 ? period_of(ledger, entry->period) : NULL;
    if (entry->kind == PUSH_HAPPENED) {
        return;
    }
    if (named != NULL) {
        pay(named, entry);
        return;
    }
    for (size_t i = 0; i < ledger->count && entry->kind == PUSH_FOUND; i++) {
        struct push_period *event = &ledger->at[i];
        if (!is_after(event->first, entry->day) && is_owed_or_paid_on(event, entry->day)) {
            pay(event, entry);
        }
    }
}

/* ---- the judgement ---- */

static int workdays_between(const struct calendar *calendar, struct date after, struct date until)
{
    int days = 0;
    for (int64_t day = date_to_days(after) + 1; day <= date_to_days(until); day++) {
        days += calendar_is_workday(calendar, date_from_days(day));
    }
    return days;
}

static void judge(const struct ledger *ledger, struct push_period *period)
{
    bool delivered = period->state == PUSH_DELIVERED;
    struct date until = delivered ? period->delivered : ledger->today;
    period->over = is_after(until, period->due);
    if (period->over) {
        period->state = delivered ? PUSH_DELIVERED : PUSH_LATE;
        period->late_days = workdays_between(ledger->calendar, period->due, until);
    }
}

size_t push_periods(const struct push *push, const struct calendar *calendar, struct date since,
                    struct date today, const struct push_entry *entries, size_t count,
                    struct push_period ret[PUSH_PERIODS_MAX])
{
    struct date oldest = plus(today, -PUSH_LOOK_BACK_DAYS);
    struct ledger ledger = {.push = push,
                            .calendar = calendar,
                            .from = is_after(since, oldest) && push->every != PUSH_EVENT ? since
                                                                                         : oldest,
                            .today = today};
    struct push_entry *sorted = mem_array(count + 1, sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = entries[i];
    }
    qsort(sorted, count, sizeof *sorted, by_day);
    if (push->every == PUSH_EVENT) {
        open_events(&ledger, sorted, count);
    } else {
        open_calendar(&ledger);
    }
    for (size_t i = 0; i < count; i++) {
        if (push->every == PUSH_EVENT) {
            pay_events(&ledger, &sorted[i]);
        } else {
            pay_calendar(&ledger, &sorted[i]);
        }
    }
    free(sorted);
    for (size_t i = 0; i < ledger.count; i++) {
        ret[i] = ledger.at[ledger.count - 1 - i];
        judge(&ledger, &ret[i]);
    }
    return ledger.count;
}

/* As findings pay: the one whose due day comes next, but the one before first while that one runs. Of events the oldest that is not paid. */
bool push_period_owed(const struct push *push, const struct push_period *periods, size_t count,
                      struct date today, struct date *ret_first)
{
    const struct push_period *owed = NULL;
    for (size_t i = count; i > 0; i--) {
        const struct push_period *period = &periods[i - 1];
        bool is_owed = owed != NULL && owed->state != PUSH_DELIVERED;
        bool over = is_after(today, period->due);
        bool runs = push->every == PUSH_EVENT || !is_after(today, period->last);
        if (!is_owed || !runs) {
            owed = period;
        }
        if (!over && push->every != PUSH_EVENT) {
            break;
        }
    }
    if (owed == NULL || owed->state == PUSH_DELIVERED) {
        return false;
    }
    *ret_first = owed->first;
    return true;
}
