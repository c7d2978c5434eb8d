#include "flow/sample.h"

#include "base/check.h"
#include "base/clock.h"
#include "domain/report.h"

/* A person who does not exist: the ID is an example of GB 11643-1999. */
char *sample_event(const struct setup *setup)
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
    const struct report_event event = {
        .type = "accepted",
        .id = "000000000000",
        .receipt = "000000000000",
        .version = 1,
        .at_ms = clock_wall_ms(),
        .submitted_ms = clock_wall_ms(),
        .areas = setup->areas,
        .area = area,
        .placement = "board",
        .source = "self",
        .values = values,
        .flags = flags,
        .form_id = str_of(setup->form->id),
        .form_version = str_of(setup->form->version),
        .consent = {.notice_version = pages_notice_version(setup->pages)},
    };
    json_t *json = report_event_json(&event);
    char *text = json_dumps(json, JSON_COMPACT);
    CHECK(text != NULL);
    json_decref(json);
    json_decref(values);
    json_decref(flags);
    return text;
}
