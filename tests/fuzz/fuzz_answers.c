/*
 * Any bytes as the fields of a form: what comes out is valid UTF-8 in the shape that answers.h promises, and answers without faults,
 * sent once more as the check page does, are the same answers.
 */
#include <stdlib.h>

#include "base/file.h"
#include "base/utf8.h"
#include "domain/answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct date today = {2026, 11, 23};

static const struct form *the_form(void)
{
    static struct form *form;
    struct err err = {{0}};
    struct buf text;
    if (form == NULL) {
        buf_init(&text, 1 << 20);
        CHECK(file_read("templates/forms/report.json", &text, &err));
        form = form_load(buf_str(&text), "report.json", &err);
        CHECK(form != NULL);
        buf_release(&text);
    }
    return form;
}

/* The first byte picks the stage; then NAME=VALUE&NAME=VALUE. A name of one byte stands for the field of that number. */
static void split(struct str rest, struct fields *ret)
{
    const struct form *form = the_form();
    struct str pair;
    ret->count = 0;
    while (ret->count < FIELDS_MAX && str_next(&rest, '&', &pair)) {
        ptrdiff_t is = str_find_char(pair, '=');
        if (is < 0) {
            continue;
        }
        struct str name = str_sub(pair, 0, (size_t)is);
        if (name.len == 1) {
            name = str_of(form->fields[(unsigned char)name.at[0] % form->field_count].name);
        }
        CHECK(fields_add(ret, name, str_from(pair, (size_t)is + 1)));
    }
}

static void check_text(const json_t *json, bool layout)
{
    struct str rest = str_make(json_string_value(json), json_string_length(json));
    uint32_t code;
    CHECK(json_is_string(json) && utf8_valid(rest));
    while (utf8_next(&rest, &code)) {
        bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
        CHECK(!control || (layout && (code == '\n' || code == '\r' || code == '\t')));
    }
}

static void check_value(const struct form_field *field, const json_t *value, bool typed)
{
    size_t i;
    json_t *one;
    if (value == NULL) {
        return;
    }
    if (field->type == FORM_TICK) {
        CHECK(json_is_true(value));
    } else if (field->type == FORM_CHOICES) {
        CHECK(json_is_array(value));
        json_array_foreach(value, i, one)
        {
            check_text(one, typed);
        }
    } else {
        size_t codes = utf8_length(str_of(json_string_value(value)));
        check_text(value, typed || field->type == FORM_TEXT);
        CHECK(typed || codes <= field->chars_max);
    }
}

static void put_fields(const char *name, const json_t *value, struct fields *to)
{
    size_t i;
    json_t *one;
    json_array_foreach(value, i, one)
    {
        put_fields(name, one, to);
    }
    if (!json_is_array(value)) {
        struct str text = json_is_true(value) ? STR("1") : str_of(json_string_value(value));
        CHECK(fields_add(to, str_of(name), text));
    }
}

static void check_again(const struct answers *answers, enum answers_stage stage)
{
    struct fields fields = {.count = 0};
    struct answers again;
    const char *name;
    json_t *value;
    json_object_foreach(answers->values, name, value)
    {
        put_fields(name, value, &fields);
    }
    answers_read(&again, answers->form, &fields, today, stage);
    CHECK(again.fault_count == 0 && again.age == answers->age);
    CHECK(json_equal(again.values, answers->values));
    answers_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fields fields;
    struct answers answers;
    const struct form *form = the_form();
    if (len == 0) {
        return 0;
    }
    enum answers_stage stage = bytes[0] & 1 ? ANSWERS_SUBMIT : ANSWERS_CHECK;
    split(str_make(bytes + 1, len - 1), &fields);
    answers_read(&answers, form, &fields, today, stage);
    CHECK(answers.tick_fault_count <= answers.fault_count);
    for (size_t i = 0; i < form->field_count; i++) {
        const struct form_field *field = &form->fields[i];
        const json_t *value = json_object_get(answers.values, field->name);
        check_value(field, value, false);
        check_value(field, json_object_get(answers.typed, field->name), true);
        CHECK(value == NULL || answers_field_applies(&answers, field));
        CHECK(*answers_label(&answers, field) != '\0');
    }
    free(answers_canonical(&answers));
    if (answers.fault_count == 0) {
        check_again(&answers, stage);
    }
    answers_release(&answers);
    return 0;
}
