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

/* Where it is, and the lowest area of the file that it is or was in: itself, unless it is gone. */
struct place {
    struct str id;
    area_index known; /* AREA_NONE: nothing above it is left either */
    bool gone;
};

static struct place place_of(const struct report_event *event)
{
    if (event->area != AREA_NONE) {
        return (struct place){.id = area_id(event->areas, event->area), .known = event->area};
    }
    return (struct place){
        .id = event->place_id,
        .known = area_above_gone(event->areas, event->place_path, event->place_id),
        .gone = true,
    };
}

static struct str county_id(const struct areas *areas, const struct place *place)
{
    if (place->known == AREA_NONE) {
        return place->id;
    }
    area_index county = area_up(areas, place->known, AREA_COUNTY);
    if (county != AREA_NONE) {
        return area_id(areas, county);
    }
    area_index village = area_up(areas, place->known, AREA_VILLAGE);
    if (village == AREA_NONE && place->gone) {
        return area_id(areas, place->known);
    }
    area_index above = area_parent(areas, village != AREA_NONE ? village : place->known);
    return area_id(areas, above != AREA_NONE ? above : place->known);
}

/* A place that is gone has no name any more: the path ends with what it was in. */
static json_t *area_json(const struct areas *areas, const struct place *place)
{
    area_index path[AREA_DEPTH_MAX];
    size_t depth = area_path(areas, place->known, path);
    json_t *names = json_array();
    for (size_t i = 0; i < depth; i++) {
        json_array_append_new(names, json_str(area_name(areas, path[i])));
    }
    json_t *json = json_object();
    json_object_set_new(json, "id", json_str(place->id));
    json_object_set_new(json, "code", json_str(place->id));
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

/* Left out when nobody ticked anything. */
static void set_consent(json_t *data, const struct report_event *event)
{
    const struct report_consent *ticks = &event->consent;
    bool agreed = json_is_true(json_object_get(event->values, "consent"));
    bool sensitive = json_is_true(json_object_get(event->values, "consent_sensitive"));
    int64_t at_ms = ticks->at_ms > 0 ? ticks->at_ms : event->submitted_ms;
    int64_t sensitive_ms = ticks->sensitive_ms > 0 ? ticks->sensitive_ms : at_ms;
    if (!agreed && !sensitive) {
        return;
    }
    json_t *consent = json_object();
    if (agreed && *ticks->notice_version != '\0') {
        json_object_set_new(consent, "version", json_string(ticks->notice_version));
    }
    set_time(consent, "at", agreed ? at_ms : sensitive_ms);
    json_object_set_new(consent, "sensitive", json_boolean(sensitive));
    if (agreed && sensitive && sensitive_ms != at_ms) {
        set_time(consent, "sensitive_at", sensitive_ms);
    }
    json_object_set_new(data, "consent", consent);
}

static void set_form(json_t *data, const struct report_event *event)
{
    if (event->form_id.len > 0) {
        json_t *form = json_object();
        json_object_set_new(form, "id", json_str(event->form_id));
        json_object_set_new(form, "version", json_str(event->form_version));
        json_object_set_new(data, "form", form);
    }
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

static json_t *data_json(const struct report_event *event, const struct place *place)
{
    json_t *data = json_object();
    json_object_set_new(data, "receipt", json_string(event->receipt));
    json_object_set_new(data, "version", json_integer(event->version));
    json_object_set_new(data, "area", area_json(event->areas, place));
    json_object_set_new(data, "source", json_string(event->source));
    if (*event->placement != '\0') {
        json_object_set_new(data, "placement", json_string(event->placement));
    }
    set_person(data, event->values);
    set_need(data, event->values);
    set_time(data, "submitted_at", event->submitted_ms);
    set_consent(data, event);
    set_form(data, event);
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
    struct place place = place_of(event);
    struct str county = county_id(event->areas, &place);
    buf_init(&text, TEXT_BYTES_MAX);
    json_object_set_new(json, "specversion", json_string("1.0"));
    json_object_set_new(json, "id", json_string(event->id));
    buf_printf(&text, "/mashang/%.*s", STR_ARG(county));
    json_object_set_new(json, "source", json_str(buf_str(&text)));
    buf_clear(&text);
    buf_printf(&text, "cn.mashang.report.%s.v1", event->type);
    json_object_set_new(json, "type", json_str(buf_str(&text)));
    CHECK(buf_ok(&text));
    json_object_set_new(json, "subject", json_str(place.id));
    set_time(json, "time", event->at_ms);
    json_object_set_new(json, "datacontenttype", json_string("application/json"));
    json_object_set_new(json, "data", data_json(event, &place));
    buf_release(&text);
    return json;
}
