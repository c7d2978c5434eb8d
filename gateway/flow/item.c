#include "flow/item.h"

#include "base/check.h"
#include "base/clock.h"
#include "flow/guard.h"
#include "flow/words.h"

json_t *item_time(int64_t wall_ms)
{
    char text[CLOCK_ISO_BYTES];
    if (wall_ms == 0) {
        return json_null();
    }
    clock_iso(wall_ms, text);
    return json_string(text);
}

json_t *item_text(struct str text)
{
    return text.len > 0 ? json_stringn(text.at, text.len) : json_null();
}

json_t *item_words(struct str words)
{
    return words_to_array(words);
}

json_t *item_area(const struct setup *setup, struct str id)
{
    struct str old_name;
    area_index path[AREA_DEPTH_MAX];
    json_t *names = json_array();
    area_index area = areas_resolve(setup->areas, id, &old_name);
    size_t depth = area != AREA_NONE ? area_path(setup->areas, area, path) : 0;
    for (size_t i = 0; i < depth; i++) {
        struct str name = area_shown(setup->areas, path[i]);
        json_array_append_new(names, json_stringn(name.at, name.len));
    }
    struct str shown = area != AREA_NONE ? area_id(setup->areas, area) : id;
    return json_pack("{s:o, s:o}", "id", json_stringn(shown.at, shown.len), "path", names);
}

bool item_is_staff(struct str by)
{
    static const char *const others[] = {"form",     "farmer",    "upstream", "clock", "cli",
                                         "calendar", "retention", "sweep",    "areas"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (str_is(by, others[i])) {
            return false;
        }
    }
    return by.len > 0;
}

json_t *item_claim(struct str id, struct str name, int64_t until_ms)
{
    return id.len == 0 ? json_null()
                       : json_pack("{s:o, s:o, s:o}", "id", json_stringn(id.at, id.len), "name",
                                   name.len > 0 ? json_stringn(name.at, name.len) : json_string(""),
                                   "until", item_time(until_ms));
}

/* id:due_ms id:due_ms */
static json_t *steps_json(struct str steps)
{
    json_t *array = json_array();
    struct str word;
    while (str_next(&steps, ' ', &word)) {
        ptrdiff_t colon = str_find_char(word, ':');
        uint64_t due_ms = 0;
        if (colon > 0 && str_to_u64(str_from(word, (size_t)colon + 1), INT64_MAX, &due_ms)) {
            json_array_append_new(array, json_pack("{s:o, s:o}", "step",
                                                   json_stringn(word.at, (size_t)colon), "due_at",
                                                   item_time((int64_t)due_ms)));
        }
    }
    return array;
}

static void set(json_t *item, const char *member, json_t *take_value)
{
    CHECK(json_object_set_new(item, member, take_value) == 0);
}

static void set_text(json_t *item, const struct report_record *record, const char *member,
                     const char *field)
{
    set(item, member, item_text(record_get(record, field)));
}

static void set_time(json_t *item, const struct report_record *record, const char *member,
                     const char *field)
{
    set(item, member, item_time(record_number(record, field)));
}

json_t *item_json(const struct setup *setup, const char *receipt,
                  const struct report_record *record)
{
    json_t *item = json_object();
    int64_t until_ms;
    bool lead = str_is(record_get(record, REPORT_LEAD), "1");
    bool held = guard_claimed(record, &until_ms);
    struct str signal = record_get(record, REPORT_SIGNAL);
    set(item, "receipt", json_string(receipt));
    set(item, "version", json_integer((json_int_t)record_number(record, REPORT_VERSION)));
    set(item, "kind", json_string(lead ? "lead" : "report"));
    set(item, "area", item_area(setup, record_get(record, REPORT_AREA)));
    set_text(item, record, "state", REPORT_STATE);
    set_text(item, record, "step", REPORT_STEP);
    set(item, "steps", steps_json(record_get(record, REPORT_STEPS)));
    set(item, "risks", item_words(record_get(record, REPORT_RISKS)));
    set(item, "urgent", json_boolean(str_is(record_get(record, REPORT_URGENT), "1")));
    set_text(item, record, "source", REPORT_SOURCE);
    set_text(item, record, "filed_by", REPORT_FILED_BY);
    set_text(item, record, "placement", REPORT_PLACEMENT);
    set_time(item, record, "submitted_at", REPORT_SUBMITTED);
    set_time(item, record, "step_due_at", REPORT_STEP_DUE);
    set_time(item, record, "total_due_at", REPORT_TOTAL_DUE);
    set(item, "signal", signal.len > 0 ? item_text(signal) : json_string("green"));
    set(item, "late", json_boolean(str_is(record_get(record, REPORT_LATE), "1")));
    set(item, "claimed_by",
        held ? item_claim(record_get(record, REPORT_CLAIM), record_get(record, REPORT_CLAIM_NAME),
                          until_ms)
             : json_null());
    set_text(item, record, "decision", REPORT_DECISION);
    set_text(item, record, "reason", REPORT_REASON);
    set(item, "flags", item_words(record_get(record, REPORT_FLAGS)));
    return item;
}
