/*
 * edit_writing.h - what one write of flow/edit needs: the report as it was read, the draft of the edit, and all that follows from it. Of flow/edit
 * only; it waits for nothing.
 */
#ifndef FLOW_EDIT_WRITING_H
#define FLOW_EDIT_WRITING_H

#include "domain/person.h"
#include "domain/stats.h"
#include "flow/edit.h"
#include "flow/identities.h"
#include "flow/snapshot.h"

/* Everything that is computed for one write, so that it can be released together. */
struct writing {
    const struct setup *setup;
    const char *receipt;
    struct edit_actor actor;
    bool shared_id; /* what the store has said before */
    struct edit_view view;
    struct progress progress, progress_before, clearing, clearing_before, lead_ended;
    bool clearing_ran;
    struct edit_draft draft;
    struct stats_facts stats_before, stats_after, stats_lead;
    struct stats_facts clearing_stats_before, clearing_stats_after;
    json_t *sealed; /* opened, when something needs it */
    struct snapshot snapshot;
    char *progress_text, *clearing_text, *audit_text;
    struct buf path_before, path_after, stat, gauges, gauges_lead, flags, risks;
    char head[65], last4[IDENTITY_BYTES], mask[PERSON_MASK_BYTES], placement[16], notice[24];
    struct reports_change change;
};

/* setup, receipt, actor and shared_id are set. False: its progress cannot be read. */
bool writing_read(struct writing *writing, const struct report_record *record) MUST_CHECK;
/* After the edit: fields, statistics, event, audit link; change is ready to be sent. False: what is sealed is needed and cannot be opened. */
bool writing_make(struct writing *writing) MUST_CHECK;
void writing_free(struct writing *writing);

/* edit_writing_stats.c, for writing_make */
void writing_count(struct writing *writing);

#endif
