#include "domain/facts.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

struct derived_flag {
    const char *name;
    bool set;
};

static void add_word(char *to, size_t room, struct str word)
{
    size_t used = strlen(to);
    int wrote = snprintf(to + used, room - used, "%s%.*s", used > 0 ? " " : "", STR_ARG(word));
    CHECK(wrote >= 0 && (size_t)wrote < room - used);
}

/* The step at which the authorisation to compare data is signed was done, and it is not signed yet. */
static bool authorisation_is_outstanding(const struct procedure *procedure,
                                         const struct progress *progress)
{
    const struct procedure *route = progress_route(procedure, progress);
    bool done = false;
    for (size_t i = 0; i < route->step_count; i++) {
        done |= route->steps[i].authorisation && progress->steps[i].state == STEP_PASSED;
    }
    return done && !progress_decided(progress) && !progress->authorised;
}

static bool is_derived(const struct derived_flag *flags, size_t count, struct str word)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(word, flags[i].name)) {
            return true;
        }
    }
    return false;
}

static void fill_flags(const struct facts_of *of, struct facts *facts)
{
    const struct progress *progress = of->progress;
    bool open = !progress_decided(progress);
    bool objecting = progress->objection == OBJECTION_ASKED ||
                     progress->objection == OBJECTION_OPEN;
    const struct derived_flag flags[] = {
        {"nudged", open && progress->nudge_count > 0},
        {"not_visited", open && progress->visit_said == VISIT_SAID_NOT},
        {"disputed", progress_disputed(of->procedure, progress)},
        {"asked", open && progress->asked_ms > 0},
        {"paused", open && progress->paused},
        {"withdraw_asked", open && progress->withdraw_asked_ms > 0},
        {"objected", objecting && progress->state == PROGRESS_DECLINED},
        {"authorisation_outstanding", authorisation_is_outstanding(of->procedure, progress)},
        {"green", open && progress->green},
        {"clearing", of->clearing != NULL},
    };
    const size_t count = sizeof flags / sizeof flags[0];
    struct str rest = of->flags;
    struct str word;
    while (str_next(&rest, ' ', &word)) {
        if (word.len > 0 && !is_derived(flags, count, word)) {
            add_word(facts->flags, sizeof facts->flags, word);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (flags[i].set) {
            add_word(facts->flags, sizeof facts->flags, str_of(flags[i].name));
        }
    }
}

static void fill_steps(const struct procedure *procedure, const struct progress *progress,
                       const struct signal_now *signal, struct facts *facts)
{
    const struct procedure *route = progress_route(procedure, progress);
    if (signal->step >= 0) {
        snprintf(facts->step, sizeof facts->step, "%s", route->steps[signal->step].id);
    }
    for (size_t i = 0; i < route->step_count; i++) {
        char word[PROCEDURE_ID_BYTES + 24];
        if (progress_step_under_way(progress, i)) {
            snprintf(word, sizeof word, "%s:%lld", route->steps[i].id,
                     (long long)progress->steps[i].due_ms);
            add_word(facts->steps, sizeof facts->steps, str_of(word));
        }
    }
}

static int64_t pause_ends(const struct progress *progress)
{
    return progress->paused ? progress->pauses[progress->pause_count - 1].to_ms : 0;
}

void facts_make(const struct facts_of *of, struct facts *ret)
{
    bool clearing = of->clearing != NULL;
    const struct procedure *procedure = clearing ? of->clearing_procedure : of->procedure;
    const struct progress *progress = clearing ? of->clearing : of->progress;
    struct signal_now signal;
    *ret = (struct facts){
        .state = progress_state_name(of->progress->state),
        .signal = SIGNAL_GREEN,
        .ended_ms = of->progress->decided_ms,
        .decision = of->progress->decision,
        .reason = of->progress->reason,
    };
    fill_flags(of, ret);
    if (!of->clocked) {
        ret->next_ms = pause_ends(progress);
        return;
    }
    signal_of(procedure, of->calendar, progress, of->urgent, of->now_ms, &signal);
    fill_steps(procedure, progress, &signal, ret);
    ret->step_due_ms = signal.step_due_ms;
    ret->total_due_ms = signal.total_due_ms;
    ret->signal = signal.signal;
    ret->late = signal.late;
    ret->next_ms = signal.next_ms;
}
