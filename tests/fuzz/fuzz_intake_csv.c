/*
 * Any bytes as a table of findings: a sentence that begins with the line, or rows; and each row as the gateway reads it, every fault of it at a
 * column that has a name.
 */
#include <stdlib.h>

#include "domain/intake_csv.h"
#include "intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char *risk_of(void *arg, struct str word)
{
    (void)arg;
    const struct form_option *option = form_option(form_field(intake_context()->form, STR("risk")),
                                                   word);
    return option ? option->value : NULL;
}

static void check_sentence(const struct err *err, size_t lines)
{
    char *end;
    unsigned long line = strtoul(err->text, &end, 10);
    CHECK(line >= 1 && line <= lines && str_starts(str_of(end), STR(": ")));
}

static void read_row(const struct intake_csv *csv, const json_t *body)
{
    struct json_faults faults;
    char room[64];
    CHECK(json_is_object(body));
    read_finding(body, &faults);
    for (size_t i = 0; i < faults.count; i++) {
        const char *title = intake_csv_title(csv, faults.at[i].pointer, room);
        CHECK(utf8_valid(str_of(title)));
        CHECK(title[0] != '\0' || faults.at[i].pointer[0] == '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static json_t *defaults;
    static struct intake_csv csv;
    struct err err = {{0}};
    json_t *body;
    size_t lines = 1;
    size_t line = 0;
    defaults = defaults ? defaults
                        : json_pack("{s:s, s:s}", "source", "department", "source_org", "civil");
    for (size_t i = 0; i < len; i++) {
        lines += bytes[i] == '\n';
    }
    if (!intake_csv_begin(&csv, str_make(bytes, len), defaults, risk_of, NULL, &err)) {
        check_sentence(&err, lines);
        return 0;
    }
    while ((body = intake_csv_next(&csv, &err)) != NULL) {
        CHECK(err.text[0] == '\0' && intake_csv_line(&csv) > line);
        line = intake_csv_line(&csv);
        read_row(&csv, body);
        json_decref(body);
    }
    if (err.text[0] != '\0') {
        check_sentence(&err, lines);
    }
    CHECK(json_object_size(defaults) == 2);
    return 0;
}
