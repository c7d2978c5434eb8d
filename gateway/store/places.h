/*
 * places.h - where the reports of a bucket are kept, a slice at a time in the order of changes, and how far somebody has compared that with the areas.
 */
#ifndef STORE_PLACES_H
#define STORE_PLACES_H

#include "store/store.h"

enum { PLACES_SLICE_MAX = 200, PLACES_AS_NOTED = -1 };

struct places_row {
    struct str receipt, area, path, indexes; /* the record's fields */
};

struct places_slice {
    size_t count;
    struct places_row rows[PLACES_SLICE_MAX];
    int64_t upto; /* where the next slice begins, once this one is worked off */
    bool ended;   /* nothing more is there now */
};

struct places_areas {
    uint64_t shape; /* domain/area.h */
    int64_t
        loaded_ms; /* when; of gateways that share a store, those that loaded theirs last lead */
};

/*
 * Under areas that do not lead, the slice is empty and ended. worked_off: up to which change, under this shape, which is noted; PLACES_AS_NOTED: begin where that says, or at
 * the beginning when the note is of another shape. slice is valid during the call, NULL unless OP_OK.
 */
typedef void places_done_fn(void *arg, enum op_status status, const struct places_slice *slice);
void places_read(struct store *store, unsigned bucket, const struct places_areas *areas,
                 int64_t worked_off, places_done_fn *done, void *arg);

#endif
