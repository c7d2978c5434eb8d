#include "domain/signal.h"

#include "domain/progress_work.h"

/* The clocks of a report: each step under way, the whole, an objection. */
struct clock_hand {
    int64_t due_ms;
    int64_t yellow_ms; /* when a third is left */
    int64_t red_ms; /* late by more than SIGNAL_LATE_DAYS_RED working days; for the urgent: due */
};

enum { HANDS_MAX = PROCEDURE_STEPS_MAX + 2 };

struct clock_face {
    struct clock_hand hands[HANDS_MAX];
    size_t count;
};

const char *signal_name(enum signal signal)
{
    static const char *const names[] = {"green", "yellow", "orange", "red"};
    return names[signal];
}

int signal_late_days(const struct calendar *calendar, int64_t due_ms, int64_t at_ms)
{
    return at_ms < due_ms ? 0
                          : progress_days_between(calendar, date_of_ms(due_ms - 1),
                                                  date_of_ms(at_ms), DEADLINE_WORKING);
}

/* Back from due by a third of the days; days off count for nothing where working days are counted. */
static int64_t third_before(const struct calendar *calendar, int64_t due_ms, int days,
                            enum deadline_unit unit)
{
    int64_t left_ms = (int64_t)days * PROGRESS_DAY_MS / 3;
    if (unit == DEADLINE_CALENDAR) {
        return due_ms - left_ms;
    }
    int64_t at_ms = due_ms;
    while (left_ms > 0) {
        bool counts = calendar_is_workday(calendar, date_of_ms(at_ms - 1));
        int64_t take_ms = left_ms < PROGRESS_DAY_MS || !counts ? left_ms : PROGRESS_DAY_MS;
        at_ms -= counts ? take_ms : PROGRESS_DAY_MS;
        left_ms -= counts ? take_ms : 0;
    }
    return at_ms;
}

/* The start of the first working day on which it is too late by more than the limit. */
static int64_t red_after(const struct calendar *calendar, int64_t due_ms)
{
    struct date last = deadline_date(calendar, date_of_ms(due_ms - 1), SIGNAL_LATE_DAYS_RED + 1,
                                     DEADLINE_WORKING);
    return date_start_ms(last);
}

static void add_hand(struct clock_face *face, const struct calendar *calendar, int64_t from_ms,
                     int64_t due_ms, const struct procedure_deadline *plan, bool urgent)
{
    if (due_ms == 0) {
        return;
    }
    /* cut short by the total, it has fewer days than planned; paused, more have passed */
    int days = progress_days_between(calendar, date_of_ms(from_ms), date_of_ms(due_ms - 1),
                                     plan->unit);
    days = plan->days > 0 && plan->days < days ? plan->days : days;
    face->hands[face->count++] = (struct clock_hand){
        .due_ms = due_ms,
        .yellow_ms = third_before(calendar, due_ms, days, plan->unit),
        .red_ms = urgent ? due_ms : red_after(calendar, due_ms),
    };
}

static bool objected(const struct progress *progress)
{
    return progress->state == PROGRESS_DECLINED &&
           (progress->objection == OBJECTION_ASKED || progress->objection == OBJECTION_OPEN);
}

static void read_face(const struct procedure *route, const struct calendar *calendar,
                      const struct progress *progress, bool urgent, struct clock_face *ret)
{
    int64_t filed_ms = progress->found_ms ? progress->found_ms : progress->accepted_ms;
    ret->count = 0;
    for (size_t i = 0; i < route->step_count; i++) {
        const struct progress_step *step = &progress->steps[i];
        if (progress_step_under_way(progress, i)) {
            int64_t from_ms = route->steps[i].deadline.from == FROM_FILED ? filed_ms
                                                                          : step->opened_ms;
            from_ms = progress->restarted_ms > from_ms ? progress->restarted_ms : from_ms;
            add_hand(ret, calendar, from_ms, step->due_ms, &route->steps[i].deadline, urgent);
        }
    }
    if (progress_total_runs(route, progress)) {
        int64_t from_ms = progress->restarted_ms ? progress->restarted_ms : filed_ms;
        add_hand(ret, calendar, from_ms, progress->total_due_ms, &route->total, urgent);
    }
    if (objected(progress)) {
        add_hand(ret, calendar, progress->objected_ms, progress->objection_due_ms,
                 &route->moves[PROCEDURE_OBJECT].deadline, urgent);
    }
}

static enum signal read_signal(const struct clock_face *face, int64_t at_ms)
{
    enum signal worst = SIGNAL_GREEN;
    for (size_t i = 0; i < face->count; i++) {
        const struct clock_hand *hand = &face->hands[i];
        enum signal signal = at_ms >= hand->red_ms      ? SIGNAL_RED
                             : at_ms >= hand->due_ms    ? SIGNAL_ORANGE
                             : at_ms >= hand->yellow_ms ? SIGNAL_YELLOW
                                                        : SIGNAL_GREEN;
        worst = signal > worst ? signal : worst;
    }
    return worst;
}

/* The first moment after at at which the worst of them is another. */
static int64_t next_change(const struct clock_face *face, int64_t at_ms)
{
    enum signal now = read_signal(face, at_ms);
    int64_t next_ms = 0;
    for (size_t i = 0; i < face->count * 3; i++) {
        const struct clock_hand *hand = &face->hands[i / 3];
        int64_t when_ms = i % 3 == 0 ? hand->yellow_ms : i % 3 == 1 ? hand->due_ms : hand->red_ms;
        if (when_ms > at_ms && (next_ms == 0 || when_ms < next_ms) &&
            read_signal(face, when_ms) != now) {
            next_ms = when_ms;
        }
    }
    return next_ms;
}

void signal_of(const struct procedure *procedure, const struct calendar *calendar,
               const struct progress *given, bool urgent, int64_t now_ms, struct signal_now *ret)
{
    struct progress copy = *given;
    const struct progress *progress = &copy;
    struct clock_face face;
    progress_tick(procedure, calendar, &copy, now_ms);
    const struct procedure *route = progress_route(procedure, progress);
    const struct progress_pause *pause = progress->paused
                                             ? &progress->pauses[progress->pause_count - 1]
                                             : NULL;
    int64_t at_ms = pause && pause->from_ms < now_ms ? pause->from_ms : now_ms;
    read_face(route, calendar, progress, urgent, &face);
    *ret = (struct signal_now){.signal = read_signal(&face, at_ms),
                               .step = progress_current(procedure, progress)};
    ret->step_due_ms = ret->step >= 0 ? progress->steps[ret->step].due_ms : 0;
    if (objected(progress)) {
        ret->step_due_ms = progress->objection_due_ms;
    }
    ret->total_due_ms = progress_decided(progress) ? 0 : progress->total_due_ms;
    for (size_t i = 0; i < face.count; i++) {
        int days = signal_late_days(calendar, face.hands[i].due_ms, at_ms);
        ret->late |= at_ms >= face.hands[i].due_ms;
        ret->late_days = days > ret->late_days ? days : ret->late_days;
    }
    ret->next_ms = pause ? pause->to_ms : next_change(&face, at_ms);
}

static void recalc(int step, int64_t *due_ms, int64_t want_ms, struct signal_recalc *ret,
                   size_t *count)
{
    if (*due_ms == 0 || want_ms == 0 || want_ms == *due_ms) {
        return;
    }
    bool kept = want_ms < *due_ms;
    ret[(*count)++] = (struct signal_recalc){step, *due_ms, want_ms, kept};
    *due_ms = kept ? *due_ms : want_ms;
}

size_t signal_recalc(const struct procedure *procedure, const struct calendar *calendar,
                     struct progress *progress, struct signal_recalc ret[SIGNAL_RECALC_MAX])
{
    const struct procedure *route = progress_route(procedure, progress);
    size_t count = 0;
    if (!progress_decided(progress)) {
        recalc(SIGNAL_TOTAL, &progress->total_due_ms, progress_total_due(route, calendar, progress),
               ret, &count);
    }
    for (size_t i = 0; i < route->step_count; i++) {
        if (progress_step_under_way(progress, i)) {
            recalc((int)i, &progress->steps[i].due_ms,
                   progress_step_due(route, calendar, progress, i), ret, &count);
        }
    }
    if (objected(progress)) {
        recalc(SIGNAL_OBJECTION, &progress->objection_due_ms,
               progress_objection_due(route, calendar, progress), ret, &count);
    } else if (progress->state == PROGRESS_DECLINED && progress->objection == OBJECTION_NONE) {
        recalc(SIGNAL_OBJECT, &progress->object_end_ms,
               progress_object_days_end(route, calendar, progress), ret, &count);
    }
    return count;
}
