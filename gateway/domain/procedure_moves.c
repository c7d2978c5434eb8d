/* Moves and endings: which there are in a procedure, and what bounds them. */
#include <stdio.h>

#include "domain/procedure_read.h"

static const char *const ending_names[ENDINGS] = {
    "admitted",  "declined", "already", "out_of_area", "merged", "not_by_person",
    "withdrawn", "cleared",  "kept",    "no_risk",     "report"};

/* What each move may say about itself, and what holds when it does not. */
static const struct {
    const char *name, *keys;
    int times, days, times_max, days_max;
} move_rules[PROCEDURE_MOVES] = {
    [PROCEDURE_TRANSFER] = {"transfer", "id word times_max", 3, 0, 8, 0},
    [PROCEDURE_ASK] = {"ask", "id word times_max", 5, 0, 99, 0},
    [PROCEDURE_PAUSE] = {"pause", "id word days_max times_max", 2, 30, PROCEDURE_PAUSES_MAX, 30},
    [PROCEDURE_MERGE] = {"merge", "id word", 1, 0, 1, 0},
    [PROCEDURE_NUDGE] = {"nudge", "id word every_days", 1, 3, 1, 366},
    [PROCEDURE_VISITED] = {"visited", "id word", 1, 0, 1, 0},
    [PROCEDURE_WITHDRAW] = {"withdraw", "id word", 1, 0, 1, 0},
    [PROCEDURE_OBJECT] = {"object", "id word within_days deadline reopens", 1, 30, 1, 366},
};

enum procedure_ending_id procedure_ending_of(struct str id)
{
    for (int i = 0; i < ENDINGS; i++) {
        if (str_is(id, ending_names[i])) {
            return (enum procedure_ending_id)i;
        }
    }
    return ENDINGS;
}

const char *procedure_ending_name(enum procedure_ending_id id)
{
    return ending_names[id];
}

const char *procedure_move_name(enum procedure_move_id id)
{
    return move_rules[id].name;
}

/* "pause", or {"id": "pause", …} */
static struct str id_of(const json_t *entry)
{
    return json_is_object(entry) ? procedure_str(entry, "id") : str_of(json_string_value(entry));
}

static bool unknown(const struct procedure_place *at, const char *const *names, size_t count)
{
    char what[200] = "unknown, allowed are";
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(what);
        snprintf(what + len, sizeof what - len, " %s", names[i]);
    }
    return procedure_wrong(at, "", what);
}

static bool unknown_move(const struct procedure_place *at)
{
    const char *names[PROCEDURE_MOVES];
    for (int i = 0; i < PROCEDURE_MOVES; i++) {
        names[i] = move_rules[i].name;
    }
    return unknown(at, names, PROCEDURE_MOVES);
}

static bool read_object(const struct procedure_place *at, const json_t *entry,
                        const struct procedure *procedure, struct procedure_move *move)
{
    const json_t *reopens = json_object_get(entry, "reopens");
    if (!procedure_read_deadline(at, entry, "deadline", &move->deadline)) {
        return false;
    }
    if (move->deadline.days == 0) { /* 5 working days when nothing is said */
        move->deadline.days = 5;
        move->deadline.unit = DEADLINE_WORKING;
        move->deadline.confirmed = false;
    }
    if (move->deadline.from != FROM_OPENED) {
        return procedure_wrong(at, "deadline.from", "an objection's clock begins when it is made");
    }
    move->step = procedure_step_index(procedure, str_of(json_string_value(reopens)));
    return reopens == NULL || (move->step >= 0 && !procedure->steps[move->step].result) ||
           procedure_wrong(at, "reopens", "no such step");
}

static bool read_move(const struct procedure_place *at, const json_t *entry,
                      struct procedure *procedure)
{
    struct str id = id_of(entry);
    int nth = 0;
    while (nth < PROCEDURE_MOVES && !str_is(id, move_rules[nth].name)) {
        nth++;
    }
    if (nth == PROCEDURE_MOVES) {
        return unknown_move(at);
    }
    struct procedure_move *move = &procedure->moves[nth];
    if (move->allowed) {
        return procedure_wrong(at, "", "stands twice");
    }
    move->allowed = true;
    move->step = -1;
    move->times_max = move_rules[nth].times;
    move->days = move_rules[nth].days;
    if (json_is_object(entry) && !procedure_is_object(at, entry, move_rules[nth].keys)) {
        return false;
    }
    const char *days = nth == PROCEDURE_PAUSE   ? "days_max"
                       : nth == PROCEDURE_NUDGE ? "every_days"
                                                : "within_days";
    return procedure_read_word(at, entry, &move->word) &&
           procedure_read_number(at, entry, "times_max", move_rules[nth].times_max,
                                 &move->times_max) &&
           procedure_read_number(at, entry, days, move_rules[nth].days_max, &move->days) &&
           (nth != PROCEDURE_OBJECT || read_object(at, entry, procedure, move));
}

bool procedure_read_moves(const struct procedure_place *at, const json_t *source,
                          struct procedure *procedure)
{
    const json_t *list = json_object_get(source, "moves");
    size_t nth;
    json_t *entry;
    if (list != NULL && !json_is_array(list)) {
        return procedure_wrong(at, "moves", "must be a list");
    }
    json_array_foreach((json_t *)list, nth, entry)
    {
        struct procedure_place in = procedure_nth(at, "moves", nth);
        static const struct {
            int move, ending;
            const char *what;
        } needs[] = {{PROCEDURE_MERGE, ENDING_MERGED, "needs the ending merged"},
                     {PROCEDURE_WITHDRAW, ENDING_WITHDRAWN, "needs the ending withdrawn"},
                     {PROCEDURE_OBJECT, ENDING_DECLINED, "needs the ending declined"}};
        if (!read_move(&in, entry, procedure)) {
            return false;
        }
        for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
            if (str_is(id_of(entry), move_rules[needs[i].move].name) &&
                !procedure->endings[needs[i].ending].allowed) {
                return procedure_wrong(&in, "", needs[i].what);
            }
        }
    }
    return true;
}

static uint32_t all_work(const struct procedure *procedure)
{
    uint32_t work = 0;
    for (size_t i = 0; i < procedure->step_count; i++) {
        work |= procedure->steps[i].result ? 0 : UINT32_C(1) << i;
    }
    return work;
}

static bool read_ending(const struct procedure_place *at, const json_t *entry,
                        struct procedure *procedure)
{
    enum procedure_ending_id id = procedure_ending_of(id_of(entry));
    if (id == ENDINGS) {
        return unknown(at, ending_names, ENDINGS);
    }
    struct procedure_ending *ending = &procedure->endings[id];
    if (ending->allowed) {
        return procedure_wrong(at, "", "stands twice");
    }
    ending->allowed = true;
    if ((json_is_object(entry) && !procedure_is_object(at, entry, "id word after reason")) ||
        !procedure_read_word(at, entry, &ending->word) ||
        !procedure_read_bool(at, entry, "reason", &ending->reason) ||
        !procedure_read_set(at, entry, "after", procedure, &ending->after)) {
        return false;
    }
    return (ending->after & ~all_work(procedure)) == 0 ||
           procedure_wrong(at, "after", "a result step opens when all is decided");
}

/* A step that only an ending opens must have that ending. */
static bool check_results(const struct procedure_place *at, const struct procedure *procedure)
{
    for (size_t i = 0; i < procedure->step_count; i++) {
        if (procedure->steps[i].result && !procedure->endings[ENDING_ADMITTED].allowed) {
            struct procedure_place in = procedure_nth(at, "steps", i);
            return procedure_wrong(&in, "result", "is never reached, there is no ending admitted");
        }
    }
    return true;
}

bool procedure_read_endings(const struct procedure_place *at, const json_t *source,
                            struct procedure *procedure)
{
    const json_t *list = json_object_get(source, "endings");
    size_t nth;
    json_t *entry;
    if (list == NULL) {
        for (int i = ENDING_ADMITTED; i <= ENDING_WITHDRAWN; i++) {
            procedure->endings[i].allowed = true;
        }
        procedure->endings[ENDING_ADMITTED].after = all_work(procedure);
        procedure->endings[ENDING_DECLINED].reason = true;
        return true;
    }
    if (json_array_size(list) == 0) {
        return procedure_wrong(at, "endings", "must be a list of endings");
    }
    json_array_foreach((json_t *)list, nth, entry)
    {
        struct procedure_place in = procedure_nth(at, "endings", nth);
        if (!read_ending(&in, entry, procedure)) {
            return false;
        }
    }
    return check_results(at, procedure);
}
