#include "domain/report.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"

enum { TEXT_BYTES_MAX = 128 };

/* Members of the answers that have a place of their own in the event, or none: all others go under `extra`. */
static const char *const placed[] = {
    "filed_by", "helper_name", "helper_phone", "name",   "role",   "id_number",         "no_id",
    "phone",    "risk",        "disaster",     "detail", "urgent", "consent_sensitive", "consent",
    "guardian",
};

static json_t *json_str(struct str text)
{
    json_t *json = json_stringn(text.at ? text.at : "", text.len);
    CHECK(json != NULL);
    return json;
}

static void set_time(json_t *object, const char *member, int64_t wall_ms)
{
    char text[CLOCK_ISO_BYTES];
    clock_iso(wall_ms, text);
    json_object_set_new(object, member, json_string(text));
}

/* The answer under the event's own name; left out when there is none. */
static void set_answer(json_t *object, const char *member, const json_t *values, const char *name)
{
    json_t *value = json_object_get(values, name);
    if (value != NULL) {
        json_object_set_new(object, member, json_deep_copy(value));
    }
}

static area_index county_of(const struct areas *areas, area_index area)
{
    area_index county = area_up(areas, area, AREA_COUNTY);
    if (county != AREA_NONE) {
        return county;
    }
    area_index village = area_up(areas, area, AREA_VILLAGE);
    area_index above = area_parent(areas, village != AREA_NONE ? village : area);
    return above != AREA_NONE ? above : area;
}

static json_t *area_json(const struct areas *areas, area_index area)
{
    area_index path[AREA_DEPTH_MAX];
    size_t depth = area_path(areas, area, path);
    json_t *names = json_array();
    for (size_t i = 0; i < depth; i++) {
        json_array_append_new(names, json_str(area_name(areas, path[i])));
    }
    json_t *json = json_object();
    json_object_set_new(json, "id", json_str(area_id(areas, area)));
    json_object_set_new(json, "code", json_str(area_id(areas, area)));
    json_object_set_new(json, "path", names);
    return json;
}

static void set_helper(json_t *data, const json_t *values)
{
    if (json_object_get(values, "helper_name") == NULL) {
        return;
    }
    json_t *helper = json_object();
    set_answer(helper, "name", values, "helper_name");
    set_answer(helper, "phone", values, "helper_phone");
    json_object_set_new(data, "helper", helper);
}

static void set_person(json_t *data, const json_t *values)
{
    set_answer(data, "filed_by", values, "filed_by");
    set_answer(data, "role", values, "role");
    set_answer(data, "name", values, "name");
    set_answer(data, "id_number", values, "id_number");
    bool own_phone = json_object_get(values, "phone") != NULL;
    set_answer(data, "phone", values, own_phone ? "phone" : "helper_phone");
    set_helper(data, values);
}

static void set_need(json_t *data, const json_t *values)
{
    bool urgent = json_is_true(json_object_get(values, "urgent"));
    set_answer(data, "risks", values, "risk");
    set_answer(data, "disaster", values, "disaster");
    set_answer(data, "detail", values, "detail");
    json_object_set_new(data, "urgent", json_boolean(urgent));
}

static json_t *consent_json(const struct report_event *event)
{
    bool sensitive = json_is_true(json_object_get(event->values, "consent_sensitive"));
    json_t *consent = json_object();
    json_object_set_new(consent, "version", json_string(event->notice_version));
    set_time(consent, "at", event->at_ms);
    json_object_set_new(consent, "sensitive", json_boolean(sensitive));
    return consent;
}

static void set_extra(json_t *data, const json_t *values)
{
    json_t *extra = json_deep_copy(values);
    for (size_t i = 0; i < sizeof placed / sizeof placed[0]; i++) {
        json_object_del(extra, placed[i]);
    }
    if (json_object_size(extra) > 0) {
        json_object_set(data, "extra", extra);
    }
    json_decref(extra);
}

static json_t *data_json(const struct report_event *event)
{
    json_t *data = json_object();
    json_object_set_new(data, "receipt", json_string(event->receipt));
    json_object_set_new(data, "version", json_integer(event->version));
    json_object_set_new(data, "area", area_json(event->areas, event->area));
    json_object_set_new(data, "source", json_string(event->source));
    if (*event->placement != '\0') {
        json_object_set_new(data, "placement", json_string(event->placement));
    }
    set_person(data, event->values);
    set_need(data, event->values);
    set_time(data, "submitted_at", event->submitted_ms);
    json_object_set_new(data, "consent", consent_json(event));
    json_t *form = json_object();
    json_object_set_new(form, "id", json_string(event->form_id));
    json_object_set_new(form, "version", json_string(event->form_version));
    json_object_set_new(data, "form", form);
    json_object_set_new(data, "flags",
                        event->flags ? json_copy((json_t *)event->flags) : json_array());
    set_extra(data, event->values);
    if (event->more != NULL) {
        json_object_update(data, (json_t *)event->more);
    }
    return data;
}

json_t *report_event_json(const struct report_event *event)
{
    struct buf text;
    json_t *json = json_object();
    struct str county = area_id(event->areas, county_of(event->areas, event->area));
    buf_init(&text, TEXT_BYTES_MAX);
    json_object_set_new(json, "specversion", json_string("1.0"));
    json_object_set_new(json, "id", json_string(event->id));
    buf_printf(&text, "/mashang/%.*s", STR_ARG(county));
    json_object_set_new(json, "source", json_str(buf_str(&text)));
    buf_clear(&text);
    buf_printf(&text, "cn.mashang.report.%s.v1", event->type);
    json_object_set_new(json, "type", json_str(buf_str(&text)));
    CHECK(buf_ok(&text));
    json_object_set_new(json, "subject", json_str(area_id(event->areas, event->area)));
    set_time(json, "time", event->at_ms);
    json_object_set_new(json, "datacontenttype", json_string("application/json"));
    json_object_set_new(json, "data", data_json(event));
    buf_release(&text);
    return json;
}
