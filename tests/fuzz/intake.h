/*
 * intake.h - findings read as the gateway reads them: the shipped form and rules, and a county of two towns that share a village's name.
 */
#ifndef FUZZ_INTAKE_H
#define FUZZ_INTAKE_H

#include "base/file.h"
#include "base/utf8.h"
#include "domain/intake.h"

static const int64_t intake_now_ms = INT64_C(1795744800000); /* 2026-11-27T10:00:00+08:00 */

static const char areas_csv[] = "id,parent,level,name\n"
                                "1101,,county,甲县\n"
                                "110101,1101,town,东镇\n"
                                "110102,1101,town,西镇\n"
                                "1101011,110101,village,东河村民委员会\n"
                                "1101021,110102,village,东河村委会\n"
                                "1101022,110102,village,山口村委会\n"
                                "alias,1101013,1101022,老庄村\n";

static void load_file(const char *path, struct buf *to)
{
    struct err err = {{0}};
    buf_init(to, 1 << 20);
    CHECK(file_read(path, to, &err));
}

/* Made once, and kept for the life of the program. */
static const struct intake_context *intake_context(void)
{
    static struct intake_context context;
    static struct scope scope;
    struct err err = {{0}};
    struct buf text;
    if (context.rules == NULL) {
        struct areas *areas = areas_load(STR(areas_csv), "areas.csv", &err);
        CHECK(areas != NULL && scope_all(areas, &scope));
        load_file("templates/forms/report.json", &text);
        struct form *form = form_load(buf_str(&text), "report.json", &err);
        buf_release(&text);
        load_file("templates/intake.json", &text);
        struct intake_rules *rules = intake_rules_load(buf_str(&text), "intake.json", form, &err);
        buf_release(&text);
        load_file("templates/pushes/laiyuan.json", &text);
        struct pushes *pushes = pushes_load(buf_str(&text), "laiyuan.json", &err);
        buf_release(&text);
        CHECK(form != NULL && rules != NULL && pushes != NULL);
        context = (struct intake_context){.rules = rules,
                                          .form = form,
                                          .areas = areas,
                                          .scope = &scope,
                                          .pushes = pushes,
                                          .org = STR(""),
                                          .now_ms = intake_now_ms};
    }
    return &context;
}

static void check_faults(const struct json_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct json_fault *fault = &faults->at[i];
        CHECK(fault->pointer[0] == '\0' || fault->pointer[0] == '/');
        CHECK(fault->code[0] != '\0' && fault->detail[0] != '\0');
        CHECK(utf8_valid(str_of(fault->pointer)) && utf8_valid(str_of(fault->detail)));
    }
}

/* Faults with sentences, or a finding in which every promise of intake.h holds. */
static void read_finding(const json_t *body, struct json_faults *ret_faults)
{
    const struct intake_context *context = intake_context();
    struct intake intake;
    *ret_faults = (struct json_faults){.count = 0};
    bool read = intake_read(context, body, &intake, ret_faults);
    CHECK(read == (ret_faults->count == 0));
    check_faults(ret_faults);
    if (read) {
        CHECK(intake.rule != NULL && intake.basis != NULL && intake.candidates == NULL);
        CHECK(scope_has(context->areas, context->scope, intake.area));
        CHECK(area_level(context->areas, intake.area) >= AREA_VILLAGE);
        CHECK(json_is_string(json_object_get(intake.values, "name")));
        CHECK(json_array_size(json_object_get(intake.values, "risk")) > 0);
        CHECK(intake.found_ms <= intake_now_ms && intake.age >= -1 && intake.age < 200);
        CHECK(utf8_valid(str_of(intake.external_ref)));
    } else {
        CHECK(intake.values == NULL);
    }
    intake_release(&intake);
}

#endif
