#include "domain/procedure_read.h"

#include <stdio.h>

#include "base/utf8.h"

bool procedure_wrong(const struct procedure_place *at, const char *key, const char *what)
{
    const char *dot = at->path[0] && key[0] ? "." : "";
    const char *colon = at->path[0] || key[0] ? ": " : "";
    return err_set(at->err, "%s: %s%s%s%s%s", at->file, at->path, dot, key, colon, what);
}

struct procedure_place procedure_member(const struct procedure_place *at, const char *key)
{
    struct procedure_place in = *at;
    int len = snprintf(in.path, sizeof in.path, "%s%s%s", at->path, at->path[0] ? "." : "", key);
    CHECK(len > 0 && (size_t)len < sizeof in.path); /* the keys are ours and few */
    return in;
}

struct procedure_place procedure_nth(const struct procedure_place *at, const char *key, size_t nth)
{
    struct procedure_place in = procedure_member(at, key);
    size_t used = strlen(in.path);
    int len = snprintf(in.path + used, sizeof in.path - used, "[%zu]", nth);
    CHECK(len > 0 && (size_t)len < sizeof in.path - used);
    return in;
}

int procedure_word_index(const char *words, struct str word)
{
    struct str rest = str_of(words), known;
    for (int nth = 0; str_next(&rest, ' ', &known); nth++) {
        if (str_eq(word, known)) {
            return nth;
        }
    }
    return -1;
}

bool procedure_is_object(const struct procedure_place *at, const json_t *value, const char *keys)
{
    const char *key;
    json_t *ignored;
    if (!json_is_object(value)) {
        return procedure_wrong(at, "", "must be an object");
    }
    json_object_foreach((json_t *)value, key, ignored)
    {
        if (procedure_word_index(keys, str_of(key)) < 0) {
            char what[256];
            snprintf(what, sizeof what, "unknown key, allowed are %s", keys);
            return procedure_wrong(at, key, what);
        }
    }
    return true;
}

struct str procedure_str(const json_t *object, const char *key)
{
    return str_of(json_string_value(json_object_get(object, key)));
}

bool procedure_read_text(const struct procedure_place *at, const json_t *object, const char *key,
                         size_t chars_max, const char **ret)
{
    struct str text = procedure_str(object, key);
    char what[80];
    *ret = text.at;
    if (text.len == 0) {
        return procedure_wrong(at, key, "a text is needed");
    }
    snprintf(what, sizeof what, "is longer than %zu characters", chars_max);
    return utf8_length(text) <= chars_max || procedure_wrong(at, key, what);
}

bool procedure_read_word(const struct procedure_place *at, const json_t *object, const char **ret)
{
    return json_object_get(object, "word") == NULL ||
           procedure_read_text(at, object, "word", PROCEDURE_WORD_CHARS_MAX, ret);
}

bool procedure_is_id(struct str id)
{
    return id.len > 0 && id.len < PROCEDURE_ID_BYTES && str_only(str_sub(id, 0, 1), STR_LOWER) &&
           str_only(id, STR_LOWER STR_DIGITS "_");
}

bool procedure_read_id(const struct procedure_place *at, const json_t *object,
                       char ret[PROCEDURE_ID_BYTES])
{
    struct str id = procedure_str(object, "id");
    if (!procedure_is_id(id)) {
        return procedure_wrong(
            at, "id", "must be a-z, 0-9 and _, begin with a letter, 23 characters at most");
    }
    memcpy(ret, id.at, id.len + 1);
    return true;
}

bool procedure_read_number(const struct procedure_place *at, const json_t *object, const char *key,
                           int max, int *ret)
{
    const json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);
    char what[64];
    if (value == NULL) {
        return true;
    }
    snprintf(what, sizeof what, "must be a whole number from 1 to %d", max);
    if (!json_is_integer(value) || number < 1 || number > max) {
        return procedure_wrong(at, key, what);
    }
    *ret = (int)number;
    return true;
}

bool procedure_read_bool(const struct procedure_place *at, const json_t *object, const char *key,
                         bool *ret)
{
    const json_t *value = json_object_get(object, key);
    *ret = json_is_true(value);
    return value == NULL || json_is_boolean(value) ||
           procedure_wrong(at, key, "must be true or false");
}

static bool read_basis(const struct procedure_place *at, const json_t *deadline,
                       bool *ret_confirmed)
{
    const json_t *basis = json_object_get(deadline, "basis");
    struct str text = str_of(json_string_value(basis));
    *ret_confirmed = !str_is(text, "unconfirmed");
    return basis == NULL || !*ret_confirmed || text.len > 0 ||
           procedure_wrong(at, "basis",
                           "must be a text: the document that says it, or unconfirmed");
}

static bool read_from(const struct procedure_place *at, const json_t *deadline,
                      struct procedure_deadline *ret)
{
    const json_t *from = json_object_get(deadline, "from");
    struct str text = str_of(json_string_value(from));
    ret->from_step = -1;
    if (from == NULL || str_is(text, "opened")) {
        ret->from = FROM_OPENED;
        return true;
    }
    ret->from = str_is(text, "filed") ? FROM_FILED : FROM_STEP;
    ret->from_id = text.at;
    return procedure_is_id(text) ||
           procedure_wrong(at, "from", "must be opened, filed or the id of a step before this one");
}

bool procedure_read_deadline(const struct procedure_place *at, const json_t *object,
                             const char *key, struct procedure_deadline *ret)
{
    const json_t *deadline = json_object_get(object, key);
    struct procedure_place in = procedure_member(at, key);
    struct str unit = procedure_str(deadline, "unit");
    *ret = (struct procedure_deadline){.confirmed = true, .from_step = -1};
    if (deadline == NULL) {
        return true;
    }
    ret->unit = str_is(unit, "working") ? DEADLINE_WORKING : DEADLINE_CALENDAR;
    if (!procedure_is_object(&in, deadline, "days unit from basis") ||
        !procedure_read_number(&in, deadline, "days", PROCEDURE_DAYS_MAX, &ret->days)) {
        return false;
    }
    if (ret->days == 0) {
        return procedure_wrong(&in, "days", "must be a whole number from 1 to 366");
    }
    if (!str_is(unit, "working") && !str_is(unit, "calendar")) {
        return procedure_wrong(&in, "unit", "must be working or calendar");
    }
    return read_from(&in, deadline, ret) && read_basis(&in, deadline, &ret->confirmed);
}

bool procedure_read_set(const struct procedure_place *at, const json_t *object, const char *key,
                        const struct procedure *procedure, uint32_t *ret)
{
    const json_t *list = json_object_get(object, key);
    size_t nth;
    json_t *value;
    *ret = 0;
    if (list != NULL && !json_is_array(list)) {
        return procedure_wrong(at, key, "must be a list of step ids");
    }
    json_array_foreach((json_t *)list, nth, value)
    {
        int step = procedure_step_index(procedure, str_of(json_string_value(value)));
        if (step < 0) {
            struct procedure_place in = procedure_nth(at, key, nth);
            return procedure_wrong(&in, "", "no such step");
        }
        *ret |= UINT32_C(1) << step;
    }
    return true;
}
