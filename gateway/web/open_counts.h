/*
 * open_counts.h - how often forms are opened and filled in, counted in this worker's memory and added to the statistics each 10 s.
 *
 * Best effort: what a worker has not handed over yet goes with it, and what Redis did not take is not asked for again. Not counted: drills.
 * - opens: a form was shown for GET, also from the cache or as 304 (the phone had it already, and somebody looked at it).
 * - forms: a filled form was found valid and its check page shown; filled in again after 更改, it counts again.
 */
#ifndef WEB_OPEN_COUNTS_H
#define WEB_OPEN_COUNTS_H

#include "flow/setup.h"
#include "qr/code.h"
#include "store/store.h"

struct open_counts;

enum open_kind { OPEN_SHOWN, OPEN_FILLED, OPEN_KINDS };

struct open_counts *open_counts_new(struct loop *loop, const struct setup *setup,
                                    struct store *store);
void open_counts_free(struct open_counts **counts);
void open_counts_add(struct open_counts *counts, area_index area, const struct code *code,
                     enum open_kind kind);

#endif
