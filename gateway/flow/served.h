/*
 * served.h - the buckets that this gateway has ever served, a list in the data folder (`buckets`, a number a line).
 *
 *   areas file ─► setup's buckets ─┬─► served_add: and those of the list ─► forward, sweep, audit, feed walk them all
 *                                  └─► served_keep: the master writes what is new, before the first report can come
 *
 * A county that has left the areas file takes no more reports; what was accepted of it is still sent, and still late when it is late.
 */
#ifndef FLOW_SERVED_H
#define FLOW_SERVED_H

#include "flow/setup.h"

/* No list yet is none. A bucket in which no area lies any more is warned of. The error names the file. */
bool served_add(struct setup *setup, struct err *err) MUST_CHECK;
/* The data folder must be there, and ours (folder_lock.h). */
bool served_keep(const struct setup *setup, struct err *err) MUST_CHECK;

#endif
