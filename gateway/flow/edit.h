/*
 * edit.h - the one loop by which a report that is there is changed, whoever changes it: household, staff, monitoring system, clock.
 *
 *   read ─► its procedure at hand? ─no─► procedures_fetch ─► read
 *    ▲            │ yes
 *    │            ▼
 *    │      edit (the caller's, pure) ─┬─ stop ───────────────────────────────────────────────────► done
 *    │                                 └─ write ─► facts, statistics, event, audit link ─► reports_change
 *    └─ moved (≤ 5) ◄──────────────────────────────────────────────────────────────────────┤ changed ─► [read once more] ─► done
 *                                                                                          └ gone, known, claimed, away ──► done
 *
 * The edit changes view->progress and says in the draft what else is to be written; everything that follows from it is computed here. It may be
 * called several times, each time with what is there now, and must not keep anything of a view that it has not written.
 */
#ifndef FLOW_EDIT_H
#define FLOW_EDIT_H

#include "flow/identities.h"
#include "flow/record.h"

enum { EDIT_WORDS_BYTES = 128 };

/* Actors that are nobody: time, a new calendar of working days, a new areas file. */
#define EDIT_BY_CLOCK    "clock"
#define EDIT_BY_CALENDAR "calendar"
#define EDIT_BY_AREAS    "areas"

struct edit_actor {
    const char *
        by; /* form farmer upstream clock calendar areas, or the id of a token: what the audit chain says */
    const char *name; /* how people read it; "" none */
};

struct edit_view {
    const struct setup *setup;
    const char *receipt;
    const struct report_record *record;
    int64_t version, now_ms;
    bool drill, lead;
    area_index area; /* AREA_NONE: no longer in the areas file */
    const struct procedure *procedure;
    struct progress *progress;
    const struct procedure *clearing_procedure; /* never NULL; of 风险消除 */
    struct progress *clearing;
    bool clearing_runs;
    bool shared_id; /* another open report has the ID number that the draft asked for (alone) */
    struct progress *
        lead_ended; /* with draft->promote: how the lead ended that view->progress goes on from as a report */
};

struct edit_draft {
    json_t *
        audit; /* owned: {"ev": …} and what there is to say, nothing personal; needed for a write */
    json_t *values; /* owned; NULL: the answers stay */
    json_t *note;   /* owned; a staff note to add: {"at", "by", "name", "note"}, or NULL */
    const char
        *event; /* type for the monitoring system, or NULL; sent when [forward] events names it */
    json_t *event_more;                /* owned; members for the event's data, or NULL */
    area_index area;                   /* AREA_NONE: stays */
    const struct procedure *procedure; /* NULL: stays; view->progress is under it */
    struct record
        record; /* further fields; their values must live until the edit is called again or done is called */
    char flag[48];                                  /* to add to its flags, blank-separated */
    char flag_gone[48];                             /* to take away before */
    bool addition, correction;                      /* for the statistics */
    const char *hook_id, *token, *person, *content; /* see struct reports_change */
    char link;
    bool hook_early; /* the same */
    const char *claim_holder;
    int64_t claim_ms;
    bool promote, drop, id_known;
    const struct identities *alone; /* see struct reports_change, id_hashes */
    const char *leader;             /* see struct reports_change */
    bool withdraw;                  /* 撤回 reads as done when this event is delivered */
};

enum edit_verdict { EDIT_STOP, EDIT_WRITE };
typedef enum edit_verdict edit_fn(void *arg, struct edit_view *view, struct edit_draft *draft);

enum edit_kind {
    EDIT_DONE,
    EDIT_STOPPED, /* the edit said so */
    EDIT_GONE,    /* there is no such report, or what is personal of it has been deleted */
    EDIT_KNOWN,   /* the webhook-id was applied before */
    EDIT_EARLY, /* it is on record already that the webhook-id came too early: nothing was written */
    EDIT_CLAIMED, /* by another */
    EDIT_LATER /* the store is away, it moved too often, or it is unreadable: nothing was written */
};

struct edit_answer {
    enum edit_kind kind;
    bool unreadable; /* EDIT_LATER: what is stored of it cannot be read; trying again is no help */
    int64_t version, claim_until_ms, fence;
    struct str claim_id, claim_name; /* EDIT_CLAIMED */
    const struct report_record *
        record; /* STOPPED: as it was read; DONE with reread: as it is now, or as it was written when it cannot be read; else NULL */
};

typedef void edit_done_fn(void *arg, const struct edit_answer *answer);

struct edit_request {
    const char *receipt;
    struct edit_actor actor; /* copied */
    const char *rid;         /* for the log; copied */
    bool reread;             /* the answer is wanted with the newest record */
    edit_fn *edit;
    edit_done_fn
        *done; /* exactly once, never before edit_report returns; answer is valid during the call */
    void *arg;
};

void edit_report(const struct setup *setup, struct store *store,
                 const struct edit_request *request);

/* The sealed part of what is being edited: {"values": {…}, "filed": {…}, "notes": […]}; NULL when it cannot be opened. The caller owns it. */
json_t *edit_open(const struct edit_view *view);
/* A note of staff for the draft; NULL for the empty text. */
json_t *edit_note(const struct edit_view *view, struct edit_actor actor, struct str note);
/* Whether it says anything that is not the newest word of this writer already. */
bool edit_note_is_new(const struct edit_view *view, struct edit_actor actor, struct str note);
/* Copies of these texts into the draft's record. */
void edit_put_text(struct edit_draft *draft, const char *name, const char *copied);
/* Whoever has it lets go; nothing where nobody has. */
void edit_end_claim(struct edit_draft *draft, const struct report_record *record);

#endif
