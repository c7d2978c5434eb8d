#include "domain/form_rule.h"

/* {NAME: value} */
static json_t *one(const char *name, json_t *value)
{
    json_t *object = json_object();
    json_object_set_new(object, name, value);
    return object;
}

static json_t *list(json_t *value)
{
    json_t *array = json_array();
    json_array_append_new(array, value);
    return array;
}

static json_t *required(const struct form_field *field)
{
    return one("required", list(json_string(field->name)));
}

/* Age is not in the answers, so a rule that asks it cannot be said. */
static bool can_be_said(const struct form_rule *rule)
{
    for (size_t i = 0; i < rule->part_count; i++) {
        if (!can_be_said(&rule->parts[i])) {
            return false;
        }
    }
    return rule->kind != FORM_RULE_AGE_BELOW;
}

static json_t *rule_schema(const struct form_rule *rule)
{
    if (rule->kind == FORM_RULE_NOT) {
        return one("not", rule_schema(rule->parts));
    }
    if (rule->kind == FORM_RULE_ALL || rule->kind == FORM_RULE_ANY) {
        json_t *parts = json_array();
        for (size_t i = 0; i < rule->part_count; i++) {
            json_array_append_new(parts, rule_schema(&rule->parts[i]));
        }
        return one(rule->kind == FORM_RULE_ALL ? "allOf" : "anyOf", parts);
    }
    json_t *schema = required(rule->field);
    if (rule->kind == FORM_RULE_IS) {
        json_t *picks = one("enum", json_deep_copy(rule->picks));
        bool several = rule->field->type == FORM_CHOICES;
        json_object_set_new(schema, "properties",
                            one(rule->field->name, several ? one("contains", picks) : picks));
    }
    return schema;
}

static json_t *text_schema(size_t chars_min, size_t chars_max)
{
    return json_pack("{s:s, s:I, s:I}", "type", "string", "minLength", (json_int_t)chars_min,
                     "maxLength", (json_int_t)chars_max);
}

static json_t *pattern_schema(const char *pattern)
{
    return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static json_t *choice_schema(const struct form_field *field)
{
    json_t *values = json_array();
    for (size_t i = 0; i < field->option_count; i++) {
        json_array_append_new(values, json_string(field->options[i].value));
    }
    return one("enum", values);
}

static json_t *value_schema(const struct form_field *field)
{
    switch (field->type) {
    case FORM_NAME:
        return text_schema(2, field->chars_max);
    case FORM_RESIDENT_ID:
        return pattern_schema("^[1-8][0-9]{16}[0-9X]$");
    case FORM_PHONE:
        return pattern_schema("^(1[3-9][0-9]{9}|0[1-9][0-9]{8,10})$");
    case FORM_CHOICE:
        return choice_schema(field);
    case FORM_CHOICES:
        return json_pack("{s:s, s:o, s:i, s:I, s:b}", "type", "array", "items",
                         choice_schema(field), "minItems", 1, "maxItems",
                         (json_int_t)field->picks_max, "uniqueItems", 1);
    case FORM_TEXT:
        return text_schema(1, field->chars_max);
    case FORM_TICK:
        break;
    }
    return one("const", json_true());
}

/* if RULE then … : nothing when the rule cannot be said. */
static void add_if(json_t *all, const struct form_rule *rule, const char *branch, json_t *schema)
{
    if (can_be_said(rule)) {
        json_t *branched = one("if", rule_schema(rule));
        json_object_set(branched, branch, schema);
        json_array_append_new(all, branched);
    }
    json_decref(schema);
}

static json_t *needed_schema(const struct form_field *field)
{
    return field->optional && can_be_said(field->optional)
               ? one("anyOf", json_pack("[o, o]", rule_schema(field->optional), required(field)))
               : required(field);
}

static void add_rules(json_t *all, const struct form_field *field)
{
    bool unsaid = field->optional != NULL && !can_be_said(field->optional);
    if (field->applies != NULL) {
        add_if(all, field->applies, "else", one("properties", one(field->name, json_false())));
    }
    if (field->required && !unsaid) {
        if (field->applies != NULL) {
            add_if(all, field->applies, "then", needed_schema(field));
        } else {
            json_array_append_new(all, needed_schema(field));
        }
    }
    if (field->demanded != NULL && field->applies == NULL) {
        add_if(all, field->demanded, "then", required(field));
    }
    if (field->refused != NULL && can_be_said(field->refused)) {
        json_array_append_new(all, one("not", rule_schema(field->refused)));
    }
}

json_t *form_schema(const struct form *form)
{
    json_t *properties = json_object();
    json_t *all = json_array();
    for (size_t i = 0; i < form->field_count; i++) {
        json_object_set_new(properties, form->fields[i].name, value_schema(&form->fields[i]));
        add_rules(all, &form->fields[i]);
    }
    json_t *schema = json_pack(
        "{s:s, s:s, s:s, s:o, s:b}", "$schema", "https://json-schema.org/draft/2020-12/schema",
        "title", form->id, "type", "object", "properties", properties, "additionalProperties", 0);
    if (json_array_size(all) > 0) {
        json_object_set(schema, "allOf", all);
    }
    json_decref(all);
    return schema;
}
