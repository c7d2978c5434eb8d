#include "domain/form_rule.h"

#include <stdarg.h>
#include <stdio.h>

enum { DEPTH_MAX = 8, PARTS_MAX = 16, AGE_MAX = 150 };

bool form_place_fault(const struct form_place *place, const char *member, const char *format, ...)
{
    char words[256];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (place->path[0] == '\0' && member == NULL) {
        return err_set(place->err, "%s: %s", place->file, words);
    }
    bool dotted = place->path[0] != '\0' && member != NULL;
    return err_set(place->err, "%s: %s%s%s: %s", place->file, place->path, dotted ? "." : "",
                   member ? member : "", words);
}

struct form_place form_place_in(const struct form_place *place, const char *member)
{
    struct form_place in = {.file = place->file, .err = place->err};
    snprintf(in.path, sizeof in.path, "%.120s%s%.60s", place->path, place->path[0] ? "." : "",
             member);
    return in;
}

struct form_place form_place_at(const struct form_place *place, const char *member, size_t nth)
{
    struct form_place at = {.file = place->file, .err = place->err};
    snprintf(at.path, sizeof at.path, "%.120s%s%.40s[%zu]", place->path, place->path[0] ? "." : "",
             member, nth);
    return at;
}

static bool rule_load(struct form *form, const json_t *json, const struct form_place *place,
                      size_t before, size_t depth, struct form_rule *ret);

static bool parts_load(struct form *form, const json_t *parts, const char *member,
                       const struct form_place *place, size_t before, size_t depth,
                       struct form_rule *ret)
{
    size_t count = json_array_size(parts);
    if (count == 0 || count > PARTS_MAX) {
        return form_place_fault(place, member, "must be a list of 1 to %d rules", PARTS_MAX);
    }
    ret->parts = form_keep(form, count, sizeof *ret->parts);
    ret->part_count = count;
    for (size_t i = 0; i < count; i++) {
        struct form_place at = form_place_at(place, member, i);
        if (!rule_load(form, json_array_get(parts, i), &at, before, depth, &ret->parts[i])) {
            return false;
        }
    }
    return true;
}

static bool picks_load(const json_t *picks, const char *member, const struct form_place *place,
                       struct form_rule *ret)
{
    enum form_type type = ret->field->type;
    bool of_choice = *member == 'i';
    if (type != (of_choice ? FORM_CHOICE : FORM_CHOICES)) {
        return form_place_fault(place, member,
                                "`is` asks a choice, `has` asks choices; %s is neither",
                                ret->field->name);
    }
    if (json_array_size(picks) == 0) {
        return form_place_fault(place, member, "must be a list of option values");
    }
    size_t i;
    json_t *pick;
    json_array_foreach(picks, i, pick)
    {
        /* An option that is off is still a word of the file, so the list of values is asked there. */
        bool known = false;
        size_t n;
        json_t *option;
        json_array_foreach(json_object_get(ret->field->source, "options"), n, option)
        {
            known = known ||
                    (json_is_string(pick) && json_equal(pick, json_object_get(option, "value")));
        }
        if (!known) {
            struct form_place at = form_place_at(place, member, i);
            return form_place_fault(&at, NULL, "%s has no such option", ret->field->name);
        }
    }
    ret->kind = FORM_RULE_IS;
    ret->picks = picks;
    return true;
}

static bool field_load(struct form *form, const json_t *json, const struct form_place *place,
                       size_t before, struct form_rule *ret)
{
    ret->field = form_field(form, str_of(json_string_value(json_object_get(json, "field"))));
    if (ret->field == NULL) {
        return form_place_fault(place, "field", "no such field");
    }
    if ((size_t)(ret->field - form->fields) >= before) {
        return form_place_fault(place, "field", "a `when` may look at earlier fields only");
    }
    if (ret->field->page != FORM_PAGE_FILL) {
        return form_place_fault(place, "field", "must be a field of the fill page");
    }
    const json_t *is = json_object_get(json, "is");
    const json_t *has = json_object_get(json, "has");
    if (json_object_size(json) != 2 ||
        (is == NULL && has == NULL && !json_is_true(json_object_get(json, "filled")))) {
        return form_place_fault(place, NULL,
                                "beside `field` stands one of is, has, \"filled\": true");
    }
    if (is != NULL || has != NULL) {
        return picks_load(is ? is : has, is ? "is" : "has", place, ret);
    }
    ret->kind = FORM_RULE_FILLED;
    return true;
}

static bool age_load(const struct form *form, const json_t *age, const struct form_place *place,
                     struct form_rule *ret)
{
    bool has_id = false;
    for (size_t i = 0; i < form->field_count; i++) {
        has_id = has_id || form->fields[i].type == FORM_RESIDENT_ID;
    }
    if (!has_id) {
        return form_place_fault(place, "age_below", "needs a field of type resident_id");
    }
    json_int_t years = json_integer_value(age);
    if (years < 1 || years > AGE_MAX) {
        return form_place_fault(place, "age_below", "must be a number of years from 1 to %d",
                                AGE_MAX);
    }
    ret->kind = FORM_RULE_AGE_BELOW;
    ret->age = (int)years;
    return true;
}

static bool rule_load(struct form *form, const json_t *json, const struct form_place *place,
                      size_t before, size_t depth, struct form_rule *ret)
{
    if (depth == DEPTH_MAX) {
        return form_place_fault(place, NULL, "rules inside rules: at most %d", DEPTH_MAX);
    }
    if (json_object_get(json, "field") != NULL) {
        return field_load(form, json, place, before, ret);
    }
    const json_t *age = json_object_get(json, "age_below");
    const json_t *all = json_object_get(json, "all");
    const json_t *any = json_object_get(json, "any");
    const json_t *not = json_object_get(json, "not");
    if (json_object_size(json) != 1 || (age == NULL && all == NULL && any == NULL && not == NULL)) {
        return form_place_fault(place, NULL,
                                "must be a rule: {\"field\": …}, age_below, all, any or not");
    }
    if (age != NULL) {
        return age_load(form, age, place, ret);
    }
    if (not != NULL) {
        struct form_place in = form_place_in(place, "not");
        ret->kind = FORM_RULE_NOT;
        ret->parts = form_keep(form, 1, sizeof *ret->parts);
        ret->part_count = 1;
        return rule_load(form, not, &in, before, depth + 1, ret->parts);
    }
    ret->kind = all ? FORM_RULE_ALL : FORM_RULE_ANY;
    return parts_load(form, all ? all : any, all ? "all" : "any", place, before, depth + 1, ret);
}

const struct form_rule *form_rule_load(struct form *form, const json_t *json,
                                       const struct form_place *place, size_t before)
{
    struct form_rule *rule = form_keep(form, 1, sizeof *rule);
    return rule_load(form, json, place, before, 0, rule) ? rule : NULL;
}

static bool is_picked(const json_t *value, const json_t *picks)
{
    size_t i;
    json_t *pick;
    json_array_foreach(picks, i, pick)
    {
        if (json_equal(value, pick)) {
            return true;
        }
    }
    return false;
}

static bool is_holds(const struct form_rule *rule, const json_t *value)
{
    size_t i;
    json_t *one;
    json_array_foreach(value, i, one)
    {
        if (is_picked(one, rule->picks)) {
            return true;
        }
    }
    return value != NULL && is_picked(value, rule->picks);
}

bool form_rule_holds(const struct form_rule *rule, const json_t *values, int age)
{
    switch (rule->kind) {
    case FORM_RULE_IS:
        return is_holds(rule, json_object_get(values, rule->field->name));
    case FORM_RULE_FILLED:
        return json_object_get(values, rule->field->name) != NULL;
    case FORM_RULE_AGE_BELOW:
        return age >= 0 && age < rule->age;
    case FORM_RULE_NOT:
        return !form_rule_holds(rule->parts, values, age);
    case FORM_RULE_ALL:
    case FORM_RULE_ANY:
        break;
    }
    bool all = rule->kind == FORM_RULE_ALL;
    for (size_t i = 0; i < rule->part_count; i++) {
        if (form_rule_holds(&rule->parts[i], values, age) != all) {
            return !all;
        }
    }
    return all;
}
