#include "domain/procedure.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/mem.h"
#include "domain/procedure_read.h"

static const char *const outcome_names[OUTCOMES] = {"passed", "failed", "skipped"};

const char *procedure_outcome_name(enum procedure_outcome outcome)
{
    return outcome_names[outcome];
}

enum procedure_outcome procedure_outcome_of(struct str name)
{
    int i = 0;
    while (i < OUTCOMES && !str_is(name, outcome_names[i])) {
        i++;
    }
    return (enum procedure_outcome)i;
}

static const struct procedure_reason *find_reason(const struct procedure_reason *list, size_t count,
                                                  struct str id)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(id, list[i].id)) {
            return &list[i];
        }
    }
    return NULL;
}

/* [{"id", "words"}, …], of reasons and of categories. */
static bool read_reasons(const struct procedure_place *at, const json_t *source, const char *key,
                         struct procedure_reason *ret, size_t *ret_count)
{
    const json_t *list = json_object_get(source, key);
    size_t count = json_array_size(list);
    if (count < 1 || count > PROCEDURE_STEPS_MAX) {
        return procedure_wrong(at, key, "must be a list of 1 to 16, each with id and words");
    }
    for (size_t i = 0; i < count; i++) {
        struct procedure_place in = procedure_nth(at, key, i);
        const json_t *entry = json_array_get(list, i);
        if (!procedure_is_object(&in, entry, "id words") ||
            !procedure_read_id(&in, entry, ret[i].id) ||
            !procedure_read_text(&in, entry, "words", PROCEDURE_TEXT_CHARS_MAX, &ret[i].words)) {
            return false;
        }
        if (find_reason(ret, i, str_of(ret[i].id)) != NULL) {
            return procedure_wrong(&in, "id", "stands twice");
        }
        *ret_count = i + 1;
    }
    return true;
}

static bool read_total(const struct procedure_place *at, const json_t *source,
                       struct procedure *procedure)
{
    return procedure_read_deadline(at, source, "total", &procedure->total) &&
           (procedure->total.from != FROM_STEP ||
            procedure_wrong(at, "total.from", "the total runs from filed"));
}

static bool read_procedure(const struct procedure_place *at, const json_t *source,
                           struct procedure *procedure)
{
    const char *ignored;
    return procedure_is_object(
               at, source,
               "id name source total steps reasons categories moves endings green_channel") &&
           procedure_read_id(at, source, procedure->id) &&
           procedure_read_text(at, source, "name", PROCEDURE_TEXT_CHARS_MAX, &procedure->name) &&
           (json_object_get(source, "source") == NULL ||
            procedure_read_text(at, source, "source", PROCEDURE_TEXT_CHARS_MAX, &ignored)) &&
           read_total(at, source, procedure) && procedure_read_steps(at, source, procedure) &&
           read_reasons(at, source, "reasons", procedure->reasons, &procedure->reason_count) &&
           (json_object_get(source, "categories") == NULL ||
            read_reasons(at, source, "categories", procedure->categories,
                         &procedure->category_count)) &&
           procedure_read_endings(at, source, procedure) &&
           procedure_read_moves(at, source, procedure) &&
           procedure_read_green(at, source, procedure);
}

struct procedure *procedure_load(struct str json, const char *file, struct err *err)
{
    struct procedure *procedure = mem_alloc(sizeof *procedure);
    struct procedure_place at = {.file = file, .err = err};
    json_error_t fault;
    procedure->source = json_loadb(json.at ? json.at : "", json.len, JSON_REJECT_DUPLICATES,
                                   &fault);
    if (procedure->source == NULL) {
        err_set(err, "%s:%d: %s", file, fault.line, fault.text);
        procedure_free(&procedure);
        return NULL;
    }
    if (!read_procedure(&at, procedure->source, procedure)) {
        procedure_free(&procedure);
        return NULL;
    }
    char *canonical = json_dumps(procedure->source, JSON_COMPACT | JSON_SORT_KEYS);
    CHECK(canonical != NULL);
    digest_version(str_of(canonical), procedure->version);
    free(canonical);
    return procedure;
}

void procedure_free(struct procedure **procedure)
{
    if (*procedure != NULL) {
        free((*procedure)->green);
        json_decref((*procedure)->source);
        free(*procedure);
        *procedure = NULL;
    }
}

int procedure_step_index(const struct procedure *procedure, struct str id)
{
    for (size_t i = 0; i < procedure->step_count; i++) {
        if (str_is(id, procedure->steps[i].id)) {
            return (int)i;
        }
    }
    return -1;
}

const struct procedure_reason *procedure_reason(const struct procedure *procedure, struct str id)
{
    return find_reason(procedure->reasons, procedure->reason_count, id);
}

const struct procedure_reason *procedure_category(const struct procedure *procedure, struct str id)
{
    return find_reason(procedure->categories, procedure->category_count, id);
}

bool procedure_green_fits(const struct procedure *procedure, struct str risk)
{
    size_t nth;
    json_t *value;
    if (procedure->green == NULL || procedure->green_risks == NULL) {
        return procedure->green != NULL;
    }
    json_array_foreach((json_t *)procedure->green_risks, nth, value)
    {
        if (str_is(risk, json_string_value(value))) {
            return true;
        }
    }
    return false;
}

static void report(const struct procedure_place *at, const char *key, const char *name,
                   const struct procedure_deadline *deadline, procedure_unconfirmed_fn *each,
                   void *arg)
{
    if (deadline->days > 0 && !deadline->confirmed) {
        struct procedure_place in = procedure_member(at, key);
        each(arg, in.path, name, deadline->days, deadline->unit);
    }
}

static void report_steps(const struct procedure_place *at, const struct procedure *route,
                         const json_t *source, procedure_unconfirmed_fn *each, void *arg)
{
    const json_t *list = json_object_get(source, "steps");
    if (json_object_get(source, "total") != NULL) {
        report(at, "total", route->name, &route->total, each, arg);
    }
    for (size_t i = 0; i < route->step_count; i++) {
        struct procedure_place in = procedure_nth(at, "steps", i);
        if (json_object_get(json_array_get(list, i), "deadline") !=
            NULL) { /* its own, not inherited */
            report(&in, "deadline", route->steps[i].name, &route->steps[i].deadline, each, arg);
        }
    }
}

void procedure_unconfirmed(const struct procedure *procedure, procedure_unconfirmed_fn *each,
                           void *arg)
{
    struct procedure_place at = {.file = ""};
    const json_t *moves = json_object_get(procedure->source, "moves");
    const struct procedure_move *object = &procedure->moves[PROCEDURE_OBJECT];
    report_steps(&at, procedure, procedure->source, each, arg);
    for (size_t i = 0; i < json_array_size(moves); i++) {
        const json_t *entry = json_array_get(moves, i);
        struct str id = json_is_object(entry) ? procedure_str(entry, "id")
                                              : str_of(json_string_value(entry));
        struct procedure_place in = procedure_nth(&at, "moves", i);
        if (str_is(id, procedure_move_name(PROCEDURE_OBJECT))) {
            report(&in, "deadline", id.at, &object->deadline, each, arg);
        }
    }
    if (procedure->green != NULL) {
        struct procedure_place in = procedure_member(&at, "green_channel");
        report_steps(&in, procedure->green, json_object_get(procedure->source, "green_channel"),
                     each, arg);
    }
}
