/* Steps and their order, of a procedure and of its green channel. */
#include <stdio.h>

#include "base/mem.h"
#include "domain/procedure_read.h"

#define STEP_KEYS                                                                                  \
    "id word name who by task after deadline outcomes skip_when notice_days_min result "           \
    "afterwards "                                                                                  \
    "authorisation"

static bool read_by(const struct procedure_place *at, const json_t *source, const char **ret)
{
    struct str by = procedure_str(source, "by");
    *ret = by.at;
    return json_object_get(source, "by") == NULL ||
           procedure_word_index("village town county department", by) >= 0 ||
           procedure_wrong(at, "by", "unknown, allowed are village, town, county, department");
}

static bool read_outcomes(const struct procedure_place *at, const json_t *list, unsigned *ret)
{
    size_t nth;
    json_t *value;
    *ret = list == NULL ? (1u << OUTCOMES) - 1 : 0;
    if (list != NULL && json_array_size(list) == 0) {
        return procedure_wrong(at, "outcomes", "must be a list of passed, failed, skipped");
    }
    json_array_foreach((json_t *)list, nth, value)
    {
        enum procedure_outcome outcome = procedure_outcome_of(str_of(json_string_value(value)));
        if (outcome == OUTCOMES) {
            struct procedure_place in = procedure_nth(at, "outcomes", nth);
            return procedure_wrong(&in, "", "unknown outcome, allowed are passed, failed, skipped");
        }
        *ret |= 1u << outcome;
    }
    return true;
}

static bool read_skip_when(const struct procedure_place *at, const json_t *list,
                           struct procedure_step *step)
{
    size_t nth;
    json_t *value;
    step->may_skip = list != NULL;
    if (list != NULL && !json_is_array(list)) {
        return procedure_wrong(at, "skip_when", "must be a list of plain_risk, no_objection");
    }
    json_array_foreach((json_t *)list, nth, value)
    {
        int bit = procedure_word_index("plain_risk no_objection", str_of(json_string_value(value)));
        if (bit < 0) {
            struct procedure_place in = procedure_nth(at, "skip_when", nth);
            return procedure_wrong(&in, "", "unknown, allowed are plain_risk, no_objection");
        }
        step->skip_when |= 1u << bit;
    }
    return list == NULL || (step->outcomes >> OUTCOME_SKIPPED & 1) ||
           procedure_wrong(at, "skip_when", "the outcomes do not allow skipped");
}

static bool read_authorisation(const struct procedure_place *at, const json_t *source,
                               struct procedure_step *step)
{
    bool said = procedure_read_bool(at, source, "authorisation", &step->authorisation);
    step->authorisation |= json_object_get(source, "authorisation") == NULL &&
                           strcmp(step->id, "visit") == 0;
    return said;
}

static bool read_step(const struct procedure_place *at, const json_t *source,
                      struct procedure_step *step)
{
    return procedure_is_object(at, source, STEP_KEYS) && procedure_read_id(at, source, step->id) &&
           procedure_read_text(at, source, "word", PROCEDURE_WORD_CHARS_MAX, &step->word) &&
           procedure_read_text(at, source, "name", PROCEDURE_NAME_CHARS_MAX, &step->name) &&
           procedure_read_text(at, source, "who", PROCEDURE_NAME_CHARS_MAX, &step->who) &&
           read_by(at, source, &step->by) &&
           (json_object_get(source, "task") == NULL ||
            procedure_read_text(at, source, "task", PROCEDURE_TEXT_CHARS_MAX, &step->task)) &&
           procedure_read_deadline(at, source, "deadline", &step->deadline) &&
           procedure_read_number(at, source, "notice_days_min", PROCEDURE_DAYS_MAX,
                                 &step->notice_days_min) &&
           read_outcomes(at, json_object_get(source, "outcomes"), &step->outcomes) &&
           read_skip_when(at, json_object_get(source, "skip_when"), step) &&
           procedure_read_bool(at, source, "result", &step->result) &&
           procedure_read_bool(at, source, "afterwards", &step->afterwards) &&
           read_authorisation(at, source, step);
}

/* A step of the green channel is one of the procedure's, in another order, or one of its own. */
static bool read_green_step(const struct procedure_place *at, const json_t *source,
                            const struct procedure *main, struct procedure_step *step)
{
    int known = json_is_object(source) ? procedure_step_index(main, procedure_str(source, "id"))
                                       : -1;
    if (known < 0) {
        return read_step(at, source, step);
    }
    *step = main->steps[known];
    return procedure_is_object(at, source, "id after deadline afterwards") &&
           (json_object_get(source, "deadline") == NULL ||
            procedure_read_deadline(at, source, "deadline", &step->deadline)) &&
           procedure_read_bool(at, source, "afterwards", &step->afterwards);
}

static bool circle(const struct procedure_place *at, const char *key,
                   const struct procedure *procedure, uint32_t done, size_t step)
{
    struct procedure_place in = procedure_nth(at, key, step);
    char what[400];
    int len = snprintf(what, sizeof what,
                       "is never reached, the steps wait for one another in a circle: %s",
                       procedure->steps[step].id);
    uint32_t seen = 0;
    while ((seen >> step & 1) == 0 && len > 0 && (size_t)len < sizeof what) {
        uint32_t waits = procedure->steps[step].after & ~done;
        seen |= UINT32_C(1) << step;
        step = (size_t)__builtin_ctz(waits); /* what was not done waits for something not done */
        len += snprintf(what + len, sizeof what - (size_t)len, ", %s", procedure->steps[step].id);
    }
    return procedure_wrong(&in, "after", what);
}

/* Takes steps off from the front of the order; what is left over lies in a circle or behind one, and would never open. */
static bool check_order(const struct procedure_place *at, struct procedure *procedure)
{
    struct procedure_step *steps = procedure->steps;
    size_t count = procedure->step_count;
    uint32_t all = (uint32_t)((UINT64_C(1) << count) - 1);
    uint32_t done = 0;
    for (size_t round = 0; round < count; round++) {
        for (size_t i = 0; i < count; i++) {
            if ((steps[i].after & ~done) != 0 || (done >> i & 1)) {
                continue;
            }
            done |= UINT32_C(1) << i;
            steps[i].before = steps[i].after;
            for (size_t j = 0; j < count; j++) {
                steps[i].before |= steps[i].after >> j & 1 ? steps[j].before : 0;
            }
        }
    }
    for (size_t i = 0; i < count && done != all; i++) {
        if ((done >> i & 1) == 0) {
            return circle(at, "steps", procedure, done, i);
        }
    }
    return true;
}

static bool check_result(const struct procedure_place *at, struct procedure *procedure, size_t nth)
{
    struct procedure_step *step = &procedure->steps[nth];
    uint32_t work = 0;
    for (size_t i = 0; i < procedure->step_count; i++) {
        if (procedure->steps[i].after >> nth & 1) {
            return procedure_wrong(at, "result", "another step waits for it");
        }
        work |= procedure->steps[i].result ? 0 : UINT32_C(1) << i;
    }
    if (step->after != 0) {
        return procedure_wrong(at, "after", "a result step opens when admitted, after all others");
    }
    step->after = step->before = work;
    return work != 0 || procedure_wrong(at, "result", "no other step comes before it");
}

static bool check_deadline(const struct procedure_place *at, const struct procedure *procedure,
                           struct procedure_step *step)
{
    struct procedure_deadline *deadline = &step->deadline;
    struct procedure_place in = procedure_member(at, "deadline");
    if (deadline->days == 0) {
        return !step->afterwards ||
               procedure_wrong(at, "afterwards",
                               "needs a deadline, for the total does not bound it");
    }
    if (deadline->from == FROM_STEP) {
        deadline->from_step = procedure_step_index(procedure, str_of(deadline->from_id));
        if (deadline->from_step < 0 || (step->before >> deadline->from_step & 1) == 0) {
            return procedure_wrong(&in, "from",
                                   "must be opened, filed or the id of a step before this one");
        }
    }
    return deadline->from != FROM_OPENED || deadline->days >= step->notice_days_min ||
           procedure_wrong(&in, "days", "is shorter than the notice stands (notice_days_min)");
}

static bool check_skip(const struct procedure_place *at, const struct procedure *procedure,
                       const struct procedure_step *step)
{
    bool noticed = (step->skip_when & SKIP_NO_OBJECTION) == 0;
    for (size_t i = 0; i < procedure->step_count; i++) {
        noticed |= (step->before >> i & 1) && procedure->steps[i].notice_days_min > 0;
    }
    return noticed || procedure_wrong(at, "skip_when", "no notice comes before this step");
}

static bool check_steps(const struct procedure_place *at, struct procedure *procedure)
{
    for (size_t i = 0; i < procedure->step_count; i++) {
        struct procedure_place in = procedure_nth(at, "steps", i);
        struct procedure_step *step = &procedure->steps[i];
        if ((step->result && !check_result(&in, procedure, i)) ||
            !check_deadline(&in, procedure, step) || !check_skip(&in, procedure, step)) {
            return false;
        }
    }
    return true;
}

/* Into route, which is main itself or its green channel. */
static bool read_list(const struct procedure_place *at, const json_t *list,
                      const struct procedure *main, struct procedure *route)
{
    size_t count = json_array_size(list);
    route->step_count = 0;
    if (count < 1 || count > PROCEDURE_STEPS_MAX) {
        return procedure_wrong(at, "steps", "must be a list of 1 to 16 steps");
    }
    for (size_t i = 0; i < count; i++) {
        struct procedure_place in = procedure_nth(at, "steps", i);
        const json_t *source = json_array_get(list, i);
        struct procedure_step *step = &route->steps[i];
        *step = (struct procedure_step){0};
        if (main == route ? !read_step(&in, source, step)
                          : !read_green_step(&in, source, main, step)) {
            return false;
        }
        if (procedure_step_index(route, str_of(step->id)) >= 0) {
            return procedure_wrong(&in, "id", "stands twice");
        }
        route->step_count = i + 1;
    }
    for (size_t i = 0; i < count; i++) {
        struct procedure_place in = procedure_nth(at, "steps", i);
        if (!procedure_read_set(&in, json_array_get(list, i), "after", route,
                                &route->steps[i].after)) {
            return false;
        }
    }
    return check_order(at, route) && check_steps(at, route);
}

bool procedure_read_steps(const struct procedure_place *at, const json_t *source,
                          struct procedure *procedure)
{
    return read_list(at, json_object_get(source, "steps"), procedure, procedure);
}

static bool read_risks(const struct procedure_place *at, const json_t *list)
{
    size_t nth;
    json_t *value;
    if (list != NULL && !json_is_array(list)) {
        return procedure_wrong(at, "risks", "must be a list");
    }
    json_array_foreach((json_t *)list, nth, value)
    {
        if (!procedure_is_id(str_of(json_string_value(value)))) {
            struct procedure_place in = procedure_nth(at, "risks", nth);
            return procedure_wrong(&in, "", "unknown, allowed are slugs");
        }
    }
    return true;
}

/* The steps that endings and moves name by index lie elsewhere in the green channel, or are not there. */
static uint32_t mapped(const struct procedure *from, const struct procedure *to, uint32_t steps,
                       uint32_t *ret_missing)
{
    uint32_t set = 0;
    for (size_t i = 0; i < from->step_count; i++) {
        if (steps >> i & 1) {
            int there = procedure_step_index(to, str_of(from->steps[i].id));
            set |= there < 0 ? 0 : UINT32_C(1) << there;
            *ret_missing |= there < 0 ? UINT32_C(1) << i : 0;
        }
    }
    return set;
}

static bool map_named(const struct procedure_place *at, const struct procedure *main,
                      struct procedure *green)
{
    uint32_t missing = 0;
    for (int i = 0; i < ENDINGS; i++) {
        green->endings[i].after = mapped(main, green, main->endings[i].after, &missing);
    }
    int reopens = main->moves[PROCEDURE_OBJECT].step;
    if (reopens >= 0) {
        struct str id = str_of(main->steps[reopens].id);
        green->moves[PROCEDURE_OBJECT].step = procedure_step_index(green, id);
        missing |= green->moves[PROCEDURE_OBJECT].step < 0 ? UINT32_C(1) << reopens : 0;
    }
    char what[128];
    if (missing != 0) {
        snprintf(what, sizeof what, "%s is missing, an ending or a move names it",
                 main->steps[__builtin_ctz(missing)].id);
        return procedure_wrong(at, "steps", what);
    }
    return true;
}

bool procedure_read_green(const struct procedure_place *at, const json_t *source,
                          struct procedure *procedure)
{
    const json_t *channel = json_object_get(source, "green_channel");
    struct procedure_place in = procedure_member(at, "green_channel");
    if (channel == NULL) {
        return true;
    }
    struct procedure *green = mem_alloc(sizeof *green);
    *green = *procedure;
    green->source = NULL;
    procedure->green = green;
    procedure->green_risks = json_object_get(channel, "risks");
    return procedure_is_object(&in, channel, "name risks total steps") &&
           procedure_read_text(&in, channel, "name", PROCEDURE_NAME_CHARS_MAX, &green->name) &&
           read_risks(&in, procedure->green_risks) &&
           (json_object_get(channel, "total") == NULL ||
            procedure_read_deadline(&in, channel, "total", &green->total)) &&
           (green->total.from != FROM_STEP ||
            procedure_wrong(&in, "total.from", "the total runs from filed")) &&
           read_list(&in, json_object_get(channel, "steps"), procedure, green) &&
           map_named(&in, procedure, green);
}
