#include "flow/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "domain/report.h"

const char *const sample_kinds[] = {"accepted",  "added", "corrected", "transferred", "merged",
                                    "withdrawn", "step",  "decided",   NULL};

/* What happened, with all that such an event can say (docs/upstream.md). */
static json_t *told(const char *kind, struct str area)
{
    json_t *said = NULL;
    if (strcmp(kind, "transferred") == 0) {
        said = json_pack("{s:s%, s:s%, s:s}", "from", area.at, area.len, "to", area.at, area.len,
                         "public_note", "这是一条测试");
    } else if (strcmp(kind, "merged") == 0) {
        said = json_pack("{s:s}", "leader", "000000000001");
    } else if (strcmp(kind, "withdrawn") == 0) {
        said = json_object();
    } else if (strcmp(kind, "step") == 0) {
        said = json_pack("{s:s, s:s, s:s}", "step", "visit", "outcome", "passed", "public_note",
                         "这是一条测试");
    } else if (strcmp(kind, "decided") == 0) {
        said = json_pack("{s:s, s:s, s:i, s:s, s:s}", "decision", "admitted", "category", "sudden",
                         "members", 3, "step", "compare", "outcome", "passed");
    }
    return said ? json_pack("{s:o}", kind, said) : NULL;
}

/* A person who does not exist: the ID is an example of GB 11643-1999. */
void sample_event(const struct setup *setup, const char *kind, struct sample *ret)
{
    area_index area = 0;
    while (area + 1 < areas_count(setup->areas) && !area_takes_reports(setup->areas, area)) {
        area++;
    }
    json_t *values = json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s], s:s, s:b}", "filed_by", "self",
                               "role", "head", "name", "测试甲", "id_number", "11010519491231002X",
                               "phone", "13800000000", "risk", "accident", "detail", "这是一条测试",
                               "consent", 1);
    json_t *flags = json_pack("[s]", "drill");
    bool first = strcmp(kind, "accepted") == 0;
    json_t *more = told(kind, area_id(setup->areas, area));
    snprintf(ret->id, sizeof ret->id, "%s%s", SAMPLE_RECEIPT, first ? "" : "-2");
    const struct report_event event = {
        .type = kind,
        .id = ret->id,
        .receipt = SAMPLE_RECEIPT,
        .version = first ? 1 : 2,
        .at_ms = clock_wall_ms(),
        .submitted_ms = clock_wall_ms(),
        .areas = setup->areas,
        .area = area,
        .placement = "board",
        .source = "self",
        .values = values,
        .flags = flags,
        .more = more,
        .form_id = str_of(setup->form->id),
        .form_version = str_of(setup->form->version),
        .consent = {.notice_version = pages_notice_version(setup->pages)},
    };
    json_t *json = report_event_json(&event);
    ret->text = json_dumps(json, JSON_COMPACT);
    CHECK(ret->text != NULL);
    json_decref(json);
    json_decref(values);
    json_decref(flags);
    json_decref(more);
}

void sample_release(struct sample *sample)
{
    free(sample->text);
    sample->text = NULL;
}
