/*
 * item.h - one report as the API shows it: the item of the feed, and the detail (gateway/web/openapi.json, Report and ReportDetail). From the
 * record alone; nothing personal.
 */
#ifndef FLOW_ITEM_H
#define FLOW_ITEM_H

#include <jansson.h>

#include "flow/setup.h"
#include "store/reports.h"

/* The caller owns it. record needs the fields named in item.c only. A claim that was over when it was read is none. */
json_t *item_json(const struct setup *setup, const char *receipt,
                  const struct report_record *record);
/* The item and its circumstances, with the moves that are allowed now (ReportDetail without person). A procedure that is not at hand, or progress
 * that cannot be read, leaves out what follows from it. */
json_t *item_detail(const struct setup *setup, const char *receipt,
                    const struct report_record *record, int64_t now_ms);
/* Person, of what is sealed: the answers, and the notes of staff. */
json_t *item_person(const json_t *sealed);
/* The same for the organisation that put it in (right own): the answers as they were filed, nothing that others added, corrected or noted. */
json_t *item_person_filed(const json_t *sealed);
/* {"id", "path": [shown names from the top down]}; of an area that is no more: its id and an empty path. */
json_t *item_area(const struct setup *setup, struct str id);
/* RFC 3339 or null for 0; a text or null for the empty one; blank-separated words as an array. The caller owns them. */
json_t *item_time(int64_t wall_ms);
json_t *item_text(struct str text);
json_t *item_words(struct str words);
/* Whether `by` of a change is a token or its name, and none of the words for who speaks for himself: the household, the monitoring system, the
 * clock, an operator. Nobody is not staff either. */
bool item_is_staff(struct str by);
/* null or {"id", "name", "until"} */
json_t *item_claim(struct str id, struct str name, int64_t until_ms);

#endif
