/*
 * signal.h - the clock of a report as everyone reads it: farmer, staff and statistics (product.md: urgency of the clock, never income).
 *
 * Green; yellow when a third of a deadline's days is left; orange late; red late and (urgent or more than 5 working days late). A report's
 * signal is the worst of its clocks: each step under way, the whole, an objection. A third of working days is counted in working days: of
 * five there are two thirds of a day and one left at 08:00 of the fourth. While a report is paused its clocks stand.
 */
#ifndef DOMAIN_SIGNAL_H
#define DOMAIN_SIGNAL_H

#include "domain/progress.h"

enum signal { SIGNAL_GREEN, SIGNAL_YELLOW, SIGNAL_ORANGE, SIGNAL_RED };
enum { SIGNAL_LATE_DAYS_RED = 5 };

struct signal_now {
    enum signal signal;
    int step;             /* the one under way that is due first, -1: none */
    int64_t step_due_ms;  /* its due time; an objection's while one is open; 0: none */
    int64_t total_due_ms; /* 0: none, or decided */
    int late_days; /* working days, of the clock that is latest; 0: not late, or late since a day off only */
    bool late;
    int64_t next_ms; /* when the signal changes, or a pause ends, although nobody acts; 0: never */
};

void signal_of(const struct procedure *procedure, const struct calendar *calendar,
               const struct progress *progress, bool urgent, int64_t now_ms,
               struct signal_now *ret);
const char *signal_name(enum signal signal); /* green yellow orange red */
/* 超期N个工作日: the working days after the due day up to at, that day included; 0 when at is before due. */
int signal_late_days(const struct calendar *calendar, int64_t due_ms, int64_t at_ms);

/* What a new calendar does to a report. */
enum {
    SIGNAL_RECALC_MAX = PROCEDURE_STEPS_MAX + 3,
    SIGNAL_TOTAL = -1,
    SIGNAL_OBJECTION = -2,
    SIGNAL_OBJECT = -3
};
struct signal_recalc {
    int step; /* index, SIGNAL_TOTAL, SIGNAL_OBJECTION, or SIGNAL_OBJECT: until when the household may object */
    int64_t old_ms, want_ms; /* as shown; by the new calendar */
    bool kept;               /* want is earlier than what the farmer has read: old stays */
};
/* Recomputes open due times, and until when may be objected, under this calendar. Returns how many differ; the report changed when one of them is not kept. */
size_t signal_recalc(const struct procedure *procedure, const struct calendar *calendar,
                     struct progress *progress, struct signal_recalc ret[SIGNAL_RECALC_MAX]);

#endif
