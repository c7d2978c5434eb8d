#include "domain/procedure.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { DAYS_MAX = 366, WORD_CHARS_MAX = 5, NAME_CHARS_MAX = 20, TEXT_CHARS_MAX = 200 };
enum { PATH_BYTES = 96 };

/* Where we are in the file: what every message begins with. */
struct place {
    const char *file;
    char path[PATH_BYTES];
    struct err *err;
};

static const char *const outcome_names[OUTCOMES] = {"passed", "failed", "skipped"};

static bool wrong(const struct place *at, const char *key, const char *what)
{
    const char *dot = at->path[0] && key[0] ? "." : "";
    const char *colon = at->path[0] || key[0] ? ": " : "";
    return err_set(at->err, "%s: %s%s%s%s%s", at->file, at->path, dot, key, colon, what);
}

static struct place member(const struct place *at, const char *key)
{
    struct place in = *at;
    int len = snprintf(in.path, sizeof in.path, "%s%s%s", at->path, at->path[0] ? "." : "", key);
    CHECK(len > 0 && (size_t)len < sizeof in.path); /* the keys are ours and few */
    return in;
}

static struct place inside(const struct place *at, const char *key, size_t nth)
{
    struct place in = member(at, key);
    size_t used = strlen(in.path);
    int len = snprintf(in.path + used, sizeof in.path - used, "[%zu]", nth);
    CHECK(len > 0 && (size_t)len < sizeof in.path - used);
    return in;
}

/* An object with no other keys than those listed (blank-separated). */
static bool is_object_of(const struct place *at, const json_t *value, const char *keys)
{
    const char *key;
    json_t *ignored;
    if (!json_is_object(value)) {
        return wrong(at, "", "must be an object");
    }
    json_object_foreach((json_t *)value, key, ignored)
    {
        struct str rest = str_of(keys), known;
        bool found = false;
        while (!found && str_next(&rest, ' ', &known)) {
            found = str_is(known, key);
        }
        if (!found) {
            char what[256];
            snprintf(what, sizeof what, "unknown key, allowed are %s", keys);
            return wrong(at, key, what);
        }
    }
    return true;
}

static bool read_text(const struct place *at, const json_t *object, const char *key,
                      size_t chars_max, const char **ret)
{
    const json_t *value = json_object_get(object, key);
    struct str text = str_of(json_string_value(value));
    char what[80];
    *ret = text.at;
    if (text.len == 0) {
        return wrong(at, key, "a text is needed");
    }
    snprintf(what, sizeof what, "is longer than %zu characters", chars_max);
    return utf8_length(text) <= chars_max || wrong(at, key, what);
}

static bool is_id(struct str id)
{
    if (id.len == 0 || id.len >= PROCEDURE_ID_BYTES || id.at[0] < 'a' || id.at[0] > 'z') {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') {
            return false;
        }
    }
    return true;
}

static bool read_id(const struct place *at, const json_t *object, char ret[PROCEDURE_ID_BYTES])
{
    struct str id = str_of(json_string_value(json_object_get(object, "id")));
    if (!is_id(id)) {
        return wrong(at, "id",
                     "must be a-z, 0-9 and _, begin with a letter, 23 characters at most");
    }
    memcpy(ret, id.at, id.len + 1);
    return true;
}

static bool read_days(const struct place *at, const json_t *value, int *ret)
{
    json_int_t days = json_integer_value(value);
    *ret = (int)days;
    return (json_is_integer(value) && days >= 1 && days <= DAYS_MAX) ||
           wrong(at, "", "must be a whole number from 1 to 366");
}

static bool read_basis(const struct place *at, const json_t *deadline, bool *ret_confirmed)
{
    const json_t *basis = json_object_get(deadline, "basis");
    struct str text = str_of(json_string_value(basis));
    *ret_confirmed = !str_is(text, "unconfirmed");
    return basis == NULL || !*ret_confirmed || text.len > 0 ||
           wrong(at, "basis", "must be a text: the document that says it, or unconfirmed");
}

/* {"days": 5, "unit": "working", "basis": "unconfirmed"}; none when it is missing. */
static bool read_deadline(const struct place *at, const json_t *deadline, int *ret_days,
                          enum deadline_unit *ret_unit, bool *ret_confirmed)
{
    *ret_confirmed = true;
    if (deadline == NULL) {
        return true;
    }
    struct place days = member(at, "days");
    struct str unit = str_of(json_string_value(json_object_get(deadline, "unit")));
    *ret_unit = str_is(unit, "working") ? DEADLINE_WORKING : DEADLINE_CALENDAR;
    if (!is_object_of(at, deadline, "days unit basis") ||
        !read_days(&days, json_object_get(deadline, "days"), ret_days)) {
        return false;
    }
    if (!str_is(unit, "working") && !str_is(unit, "calendar")) {
        return wrong(at, "unit", "must be working or calendar");
    }
    return read_basis(at, deadline, ret_confirmed);
}

static int outcome_of(struct str name)
{
    for (int i = 0; i < OUTCOMES; i++) {
        if (str_is(name, outcome_names[i])) {
            return i;
        }
    }
    return -1;
}

static bool read_outcomes(const struct place *at, const json_t *list, unsigned *ret)
{
    size_t nth;
    json_t *value;
    *ret = list == NULL ? (1u << OUTCOMES) - 1 : 0;
    if (list != NULL && json_array_size(list) == 0) {
        return wrong(at, "outcomes", "must be a list of passed, failed, skipped");
    }
    json_array_foreach((json_t *)list, nth, value)
    {
        int outcome = outcome_of(str_of(json_string_value(value)));
        if (outcome < 0) {
            struct place in = inside(at, "outcomes", nth);
            return wrong(&in, "", "unknown outcome, allowed are passed, failed, skipped");
        }
        *ret |= 1u << outcome;
    }
    return true;
}

static bool read_step(const struct place *at, const json_t *source, struct procedure_step *step)
{
    struct place deadline = member(at, "deadline");
    struct place notice = member(at, "notice_days_min");
    const json_t *notice_days = json_object_get(source, "notice_days_min");
    return is_object_of(at, source, "id word name who after deadline outcomes notice_days_min") &&
           read_id(at, source, step->id) &&
           read_text(at, source, "word", WORD_CHARS_MAX, &step->word) &&
           read_text(at, source, "name", NAME_CHARS_MAX, &step->name) &&
           read_text(at, source, "who", NAME_CHARS_MAX, &step->who) &&
           read_deadline(&deadline, json_object_get(source, "deadline"), &step->days, &step->unit,
                         &step->confirmed) &&
           (notice_days == NULL || read_days(&notice, notice_days, &step->notice_days_min)) &&
           read_outcomes(at, json_object_get(source, "outcomes"), &step->outcomes);
}

static int find_step(const struct procedure_step *steps, size_t count, struct str id)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(id, steps[i].id)) {
            return (int)i;
        }
    }
    return -1;
}

static bool read_after(const struct place *at, const json_t *source,
                       const struct procedure_step *steps, size_t count, uint32_t *ret)
{
    const json_t *list = json_object_get(source, "after");
    size_t nth;
    json_t *value;
    *ret = 0;
    if (list != NULL && !json_is_array(list)) {
        return wrong(at, "after", "must be a list of step ids");
    }
    json_array_foreach((json_t *)list, nth, value)
    {
        int step = find_step(steps, count, str_of(json_string_value(value)));
        if (step < 0) {
            struct place in = inside(at, "after", nth);
            return wrong(&in, "", "no such step");
        }
        *ret |= UINT32_C(1) << step;
    }
    return true;
}

/* Takes steps off from the front of the order; what is left over lies in a circle or behind one, and would never open. */
static bool check_order(const struct place *at, const char *key, struct procedure_step *steps,
                        size_t count)
{
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
            struct place in = inside(at, key, i);
            return wrong(&in, "after",
                         "is never reached, the steps wait for one another in a circle");
        }
    }
    return true;
}

static bool count_steps(const struct place *at, const json_t *list, size_t *ret)
{
    *ret = json_array_size(list);
    return (*ret >= 1 && *ret <= PROCEDURE_STEPS_MAX) ||
           wrong(at, "steps", "must be a list of 1 to 16 steps");
}

static bool read_steps(const struct place *at, const json_t *list, struct procedure *procedure)
{
    size_t count;
    if (!count_steps(at, list, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct procedure_step *step = &procedure->steps[i];
        struct place in = inside(at, "steps", i);
        if (!read_step(&in, json_array_get(list, i), step)) {
            return false;
        }
        if (find_step(procedure->steps, i, str_of(step->id)) >= 0) {
            return wrong(&in, "id", "stands twice");
        }
    }
    procedure->step_count = count;
    for (size_t i = 0; i < count; i++) {
        struct place in = inside(at, "steps", i);
        if (!read_after(&in, json_array_get(list, i), procedure->steps, count,
                        &procedure->steps[i].after)) {
            return false;
        }
    }
    return check_order(at, "steps", procedure->steps, count);
}

static bool read_reasons(const struct place *at, const json_t *list, struct procedure *procedure)
{
    size_t count = json_array_size(list);
    if (count < 1 || count > PROCEDURE_STEPS_MAX) {
        return wrong(at, "reasons", "must be a list of 1 to 16 reasons");
    }
    for (size_t i = 0; i < count; i++) {
        struct procedure_reason *reason = &procedure->reasons[i];
        struct place in = inside(at, "reasons", i);
        const json_t *source = json_array_get(list, i);
        if (!is_object_of(&in, source, "id words") || !read_id(&in, source, reason->id) ||
            !read_text(&in, source, "words", TEXT_CHARS_MAX, &reason->words)) {
            return false;
        }
        if (procedure_reason(procedure, str_of(reason->id)) != NULL) {
            return wrong(&in, "id", "stands twice");
        }
        procedure->reason_count = i + 1;
    }
    return true;
}

static bool check_words(const struct place *at, const json_t *list, const char *key,
                        const char *allowed)
{
    size_t nth;
    json_t *value;
    if (list != NULL && !json_is_array(list)) {
        return wrong(at, key, "must be a list");
    }
    json_array_foreach((json_t *)list, nth, value)
    {
        struct str word = str_of(json_string_value(value));
        struct str rest = str_of(allowed), known;
        bool found = allowed == NULL && is_id(word);
        while (!found && str_next(&rest, ' ', &known)) {
            found = str_eq(word, known);
        }
        if (!found) {
            struct place in = inside(at, key, nth);
            char what[160];
            snprintf(what, sizeof what, "unknown, allowed are %s", allowed ? allowed : "slugs");
            return wrong(&in, "", what);
        }
    }
    return true;
}

/* A step of the green channel is one of the procedure's, in another order, or one of its own. */
static bool check_green_step(const struct place *at, const json_t *source,
                             const struct procedure *procedure, struct procedure_step *step)
{
    if (!json_is_object(source)) {
        return wrong(at, "", "must be an object");
    }
    int known = procedure_step_index(procedure,
                                     str_of(json_string_value(json_object_get(source, "id"))));
    if (known < 0) {
        return read_step(at, source, step);
    }
    *step = procedure->steps[known];
    return is_object_of(at, source, "id after");
}

static bool check_green(const struct place *at, const json_t *green,
                        const struct procedure *procedure)
{
    struct procedure_step steps[PROCEDURE_STEPS_MAX] = {0};
    const json_t *list = json_object_get(green, "steps");
    const char *name;
    size_t count;
    if (!is_object_of(at, green, "name risks steps") ||
        !read_text(at, green, "name", NAME_CHARS_MAX, &name) ||
        !check_words(at, json_object_get(green, "risks"), "risks", NULL) ||
        !count_steps(at, list, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct place in = inside(at, "steps", i);
        if (!check_green_step(&in, json_array_get(list, i), procedure, &steps[i])) {
            return false;
        }
        if (find_step(steps, i, str_of(steps[i].id)) >= 0) {
            return wrong(&in, "id", "stands twice");
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct place in = inside(at, "steps", i);
        if (!read_after(&in, json_array_get(list, i), steps, count, &steps[i].after)) {
            return false;
        }
    }
    return check_order(at, "steps", steps, count);
}

static bool read_procedure(const struct place *at, const json_t *source,
                           struct procedure *procedure)
{
    const json_t *green = json_object_get(source, "green_channel");
    const char *ignored;
    bool confirmed;
    struct place total = member(at, "total");
    struct place channel = member(at, "green_channel");
    return is_object_of(at, source, "id name source total steps reasons moves green_channel") &&
           read_id(at, source, procedure->id) &&
           read_text(at, source, "name", TEXT_CHARS_MAX, &ignored) &&
           (!json_object_get(source, "source") ||
            read_text(at, source, "source", TEXT_CHARS_MAX, &ignored)) &&
           read_deadline(&total, json_object_get(source, "total"), &procedure->total_days,
                         &procedure->total_unit, &confirmed) &&
           read_steps(at, json_object_get(source, "steps"), procedure) &&
           read_reasons(at, json_object_get(source, "reasons"), procedure) &&
           check_words(at, json_object_get(source, "moves"), "moves",
                       "transfer ask pause merge withdraw object") &&
           (green == NULL || check_green(&channel, green, procedure));
}

struct procedure *procedure_load(struct str json, const char *file, struct err *err)
{
    struct procedure *procedure = mem_alloc(sizeof *procedure);
    struct place at = {.file = file, .err = err};
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
        json_decref((*procedure)->source);
        free(*procedure);
        *procedure = NULL;
    }
}

int procedure_step_index(const struct procedure *procedure, struct str id)
{
    return find_step(procedure->steps, procedure->step_count, id);
}

const struct procedure_reason *procedure_reason(const struct procedure *procedure, struct str id)
{
    for (size_t i = 0; i < procedure->reason_count; i++) {
        if (str_is(id, procedure->reasons[i].id)) {
            return &procedure->reasons[i];
        }
    }
    return NULL;
}
