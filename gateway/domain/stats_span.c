/* Periods of statistics: the one before, the year so far, weeks and months, and the sums they are made of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/stats_table.h"

static int days_in_month(int year, int month)
{
    struct date next = month == 12 ? (struct date){year + 1, 1, 1}
                                   : (struct date){year, month + 1, 1};
    return (int)(date_to_days(next) - date_to_days((struct date){year, month, 1}));
}

static struct date add_months(struct date date, int months)
{
    int index = date.year * 12 + date.month - 1 + months;
    return (struct date){index / 12, index % 12 + 1, date.day};
}

static bool is_whole_months(struct stats_span span)
{
    return span.from.day == 1 && span.to.day == days_in_month(span.to.year, span.to.month);
}

struct stats_span stats_span_previous(struct stats_span span)
{
    int64_t from = date_to_days(span.from), to = date_to_days(span.to);
    struct date end = date_from_days(from - 1);
    if (is_whole_months(span)) {
        int months = (span.to.year - span.from.year) * 12 + span.to.month - span.from.month + 1;
        return (struct stats_span){add_months(span.from, -months), end};
    }
    return (struct stats_span){date_from_days(from - 1 - (to - from)), end};
}

struct stats_span stats_span_year(struct stats_span span)
{
    return (struct stats_span){{span.to.year, 1, 1}, span.to};
}

static struct date last_of(struct date from, enum stats_by by)
{
    if (by == STATS_BY_MONTH) {
        return (struct date){from.year, from.month, days_in_month(from.year, from.month)};
    }
    return date_from_days(date_to_days(from) + (7 - date_weekday(from)) % 7);
}

size_t stats_span_split(struct stats_span span, enum stats_by by, struct stats_span *ret,
                        size_t most)
{
    size_t count = 0;
    struct date from = span.from;
    while (date_compare(from, span.to) <= 0) {
        struct date to = last_of(from, by);
        to = date_compare(to, span.to) > 0 ? span.to : to;
        if (count < most) {
            ret[count] = (struct stats_span){from, to};
        }
        count++;
        from = date_from_days(date_to_days(to) + 1);
    }
    return count;
}

/* ISO 8601: the week belongs to the year of its Thursday. */
void stats_span_key(struct stats_span span, enum stats_by by, char ret[STATS_SPAN_KEY_BYTES])
{
    if (by == STATS_BY_MONTH) {
        snprintf(ret, STATS_SPAN_KEY_BYTES, "%04d-%02d", span.from.year % 10000,
                 span.from.month % 100);
        return;
    }
    int64_t monday = date_to_days(span.from) - (date_weekday(span.from) + 6) % 7;
    struct date thursday = date_from_days(monday + 3);
    int64_t first = date_to_days((struct date){thursday.year, 1, 1});
    snprintf(ret, STATS_SPAN_KEY_BYTES, "%04d-W%02d", thursday.year % 10000,
             (int)((monday + 3 - first) / 7 + 1) % 100);
}

/* One sum a span needs: YYYY, YYYYMM or YYYYMMDD. */
struct part {
    int period;
    int set;
};

struct parts {
    struct part *at;
    size_t count, room;
};

static void part_add(struct parts *parts, int period, size_t set)
{
    if (parts->count == parts->room) {
        parts->room = parts->room ? parts->room * 2 : 128;
        parts->at = mem_resize(parts->at, parts->room, sizeof parts->at[0]);
    }
    parts->at[parts->count++] = (struct part){period, (int)set};
}

/* The longest sum that begins that day and does not end after `end`; its last day in *ret_last. */
static int longest_sum(struct date from, struct date end, struct date *ret_last)
{
    struct date year = {from.year, 12, 31};
    struct date month = {from.year, from.month, days_in_month(from.year, from.month)};
    if (from.day == 1 && from.month == 1 && date_compare(year, end) <= 0) {
        *ret_last = year;
        return from.year;
    }
    if (from.day == 1 && date_compare(month, end) <= 0) {
        *ret_last = month;
        return from.year * 100 + from.month;
    }
    *ret_last = from;
    return (from.year * 100 + from.month) * 100 + from.day;
}

static void parts_of(struct stats_span span, size_t set, struct date today, struct parts *parts)
{
    bool to_the_end = date_compare(span.to, today) >= 0;
    struct date end = to_the_end ? (struct date){span.to.year, 12, 31} : span.to;
    struct date day = span.from, last;
    while (date_compare(day, span.to) <= 0) {
        part_add(parts, longest_sum(day, end, &last), set);
        day = date_from_days(date_to_days(last) + 1);
    }
}

static int by_period(const void *a, const void *b)
{
    const struct part *one = a, *other = b;
    return one->period != other->period ? (one->period < other->period ? -1 : 1)
                                        : one->set - other->set;
}

void stats_span_periods(const struct stats_span *spans, size_t count, struct date today,
                        struct buf *to)
{
    struct parts parts = {0};
    for (size_t i = 0; i < count; i++) {
        parts_of(spans[i], i, today, &parts);
    }
    if (parts.count > 0) {
        qsort(parts.at, parts.count, sizeof parts.at[0], by_period);
    }
    for (size_t i = 0; i < parts.count; i++) {
        if (i > 0 && parts.at[i].period == parts.at[i - 1].period) {
            buf_printf(to, ",%d", parts.at[i].set);
        } else {
            buf_printf(to, "%s%d=%d", i ? " " : "", parts.at[i].period, parts.at[i].set);
        }
    }
    free(parts.at);
}
