#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "flow/item.h"
#include "flow/move.h"
#include "flow/progress.h"

static void set(json_t *item, const char *member, json_t *take_value)
{
    CHECK(json_object_set_new(item, member, take_value) == 0);
}

static json_t *transfers_json(const struct progress *progress)
{
    json_t *array = json_array();
    for (int i = 0; i < progress->transfer_count; i++) {
        const struct progress_transfer *at = &progress->transfers[i];
        json_array_append_new(array, json_pack("{s:o, s:s, s:s}", "at", item_time(at->at_ms),
                                               "from", at->from, "to", at->to));
    }
    return array;
}

static void set_progress(json_t *item, const struct progress *progress)
{
    set(item, "authorised", json_boolean(progress->authorised));
    set(item, "category", item_text(str_of(progress->category)));
    set(item, "members", progress->members > 0 ? json_integer(progress->members) : json_null());
    set(item, "transfers", transfers_json(progress));
    set(item, "merged_into", item_text(str_of(progress->leader)));
}

json_t *item_detail(const struct setup *setup, const char *receipt,
                    const struct report_record *record, int64_t now_ms)
{
    struct progress_report *report = mem_alloc(sizeof *report);
    json_t *item = item_json(setup, receipt, record);
    if (!progress_of_record(setup, receipt, record, report)) {
        *report = (struct progress_report){0};
    }
    set(item, "found_at", item_time(record_number(record, REPORT_FOUND)));
    set(item, "basis", item_text(record_get(record, REPORT_BASIS)));
    set(item, "source_org", item_text(record_get(record, REPORT_ORG)));
    set(item, "external_ref", item_text(record_get(record, REPORT_EXTERNAL)));
    set(item, "form", item_text(record_get(record, REPORT_FORM)));
    set(item, "procedure", item_text(record_get(record, REPORT_PROCEDURE)));
    set_progress(item, &report->progress);
    set(item, "choices", move_choices(setup, record, now_ms));
    free(report);
    return item;
}

json_t *item_person(const json_t *sealed)
{
    json_t *person = json_object();
    json_t *notes = json_array();
    const json_t *note;
    size_t i;
    json_object_update(person, json_object_get(sealed, "values"));
    json_array_foreach(json_object_get(sealed, "notes"), i, note)
    {
        json_t *told = json_object();
        set(told, "at", item_time(json_integer_value(json_object_get(note, "at"))));
        set(told, "version", json_incref(json_object_get(note, "v")));
        static const char *const members[] = {"by", "name", "note"};
        for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) {
            set(told, members[m], json_incref(json_object_get(note, members[m])));
        }
        json_array_append_new(notes, told);
    }
    set(person, "notes", notes);
    return person;
}

json_t *item_person_filed(const json_t *sealed)
{
    json_t *filed = json_object_get(sealed, "filed");
    json_t *person = json_object();
    json_object_update(person, filed != NULL ? filed : json_object_get(sealed, "values"));
    return person;
}
