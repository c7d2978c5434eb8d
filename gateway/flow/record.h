/*
 * record.h - the fields of one write of a report, with room for the texts that are made here. Borrowed values live until the store has copied them.
 */
#ifndef FLOW_RECORD_H
#define FLOW_RECORD_H

#include "domain/facts.h"
#include "flow/setup.h"
#include "store/reports.h"

enum { RECORD_ROOM_BYTES = 8192, RECORD_GAUGES_BYTES = 2048 };

struct record {
    size_t count;
    struct store_pair at[STORE_PAIRS_MAX];
    size_t used;
    char room[RECORD_ROOM_BYTES];
};

void record_init(struct record *record);
/* A field that is there already is overwritten. */
void record_put(struct record *record, const char *name, struct str borrowed);
void record_put_text(struct record *record, const char *name, const char *copied);
struct str record_find(const struct record *record, const char *name); /* empty when absent */
/* The new value where one is written, else the one that is there. */
struct str record_now(const struct record *record, const struct report_record *before,
                      const char *name);
void record_put_number(struct record *record, const char *name, int64_t number);
void record_put_facts(struct record *record, const struct facts *facts);
/*
 * Where it stands: REPORT_AREA, and REPORT_INDEXES and REPORT_PATH of this place before those it had (the empty slice: none), so that whoever reads an
 * earlier place sees it leave. What is oldest goes when there are too many.
 */
void record_put_place(struct record *record, const struct areas *areas, area_index area,
                      struct str org, struct str old_indexes, struct str old_path);
/* Whether a record with these indexes and this path is kept as the areas of the day want it. */
bool record_is_placed(const struct areas *areas, area_index area, struct str indexes,
                      struct str path);

/* A report's record that outlives the reply it was read from. What is personal in it is sealed. */
struct record_kept {
    struct report_record record;
    char *bytes; /* owned: what record points into */
};
/* before with the fields of a write over it; over may be NULL. */
void record_keep(struct record_kept *kept, const struct report_record *before,
                 const struct store_pair *over, size_t over_count);
void record_kept_release(struct record_kept *kept);

/* Where a report is; where its place is no longer in the areas file, the lowest above it that is. AREA_NONE: that is gone too. */
area_index record_place(const struct areas *areas, const struct report_record *record);

/* The ids of an area's path from the top down, blank-separated, added to those that to holds already. */
void record_path(const struct areas *areas, area_index area, struct buf *to);

#endif
