/*
 * places.h - a new areas file, and what it does to the reports that are there. In the forward worker, of the sweep.
 *
 *   each bucket ─► places_read, on from where it stands ─► a few at a time those that are kept elsewhere: edit_report ─► a version of its own
 *                    ▲                                                                                   │
 *                    ├──────────────────── slice worked off (five tries) ◄───────────────────────────────┘
 *                    └─ nothing more: pause, then what has been written since
 *
 * A report of a village that has come under another town, or has gone into one, comes into the feed and the search of whoever reads it now, and whoever
 * has read it sees it leave. The store keeps the shape of the areas that were walked under: under the same one only newer changes are looked at, so that
 * also what a gateway with older areas writes is put right. Of several gateways those lead that loaded their areas last; the others leave places alone.
 *
 * What cannot follow: a report keeps its number, and the number its county. When a village has gone to another county without an alias, its reports are
 * read there by county-wide readers of both, not by those of its town; the log says how many.
 */
#ifndef FLOW_PLACES_H
#define FLOW_PLACES_H

#include "flow/setup.h"
#include "net/loop.h"

struct places;

struct places *places_new(struct loop *loop, const struct setup *setup, struct store *store);
void places_stop(
    struct places *places); /* before the store is freed: begins nothing more; NULL is allowed */
void places_free(struct places **places); /* after it */

#endif
