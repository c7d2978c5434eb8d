/*
 * progress.h - "how far is it?": one report read for its page, and the two ways to it without the link (contract §6).
 *
 *   link ─────────────────────────► progress_read ─► record ─┬──────────────────────► struct progress_report ─► web
 *                                                            └─ merged ─► its leader (of that the leader, ≤ 8) ─► the same with the last one, when all are of one household
 *   receipt + last4, ID + phone ──► progress_query ─► guess (counts failures) ─► right: receipt and kind of link
 */
#ifndef FLOW_PROGRESS_H
#define FLOW_PROGRESS_H

#include "crypto/token.h"
#include "domain/person.h"
#include "flow/setup.h"
#include "store/reports.h"

struct progress_report {
    char receipt[RECEIPT_BYTES];
    int64_t version; /* of the record: another one for everything that is shown differently */
    char mask[PERSON_MASK_BYTES];
    area_index area;  /* AREA_NONE when it is no longer in the areas file */
    area_index place; /* then the lowest above it that is, or AREA_NONE; else the area */
    int64_t submitted_ms;
    int64_t added_ms;   /* 0: nothing was added */
    bool added_on_page; /* there, and not by filing again */
    bool drill;
    bool urgent; /* the household said so */
    bool lead;   /* a finding: nobody has a page of it */
    bool purged; /* kept long enough: nothing else is filled in but receipt and version */
    bool
        withdrawal_on_its_way; /* 撤回 reads as done only after the monitoring system has taken it */
    const struct procedure *procedure; /* the one it began with */
    struct progress progress;
    bool clearing_runs; /* 风险消除 */
    /* Merged into this one, perhaps through others, all filed by the same household; borrowed. NULL: not merged, or what is further of it is not for this reader. */
    const struct progress_report *leader;
};

/* report NULL with OP_OK: there is none. OP_REFUSED also when it cannot be read. */
typedef void progress_read_done_fn(void *arg, enum op_status status,
                                   const struct progress_report *report);
void progress_read(const struct setup *setup, struct store *store, const char *receipt,
                   progress_read_done_fn *done, void *arg);
/* The same from a record that is at hand; false when its procedure is not (procedures_fetch) or its progress cannot be read. */
bool progress_of_record(const struct setup *setup, const char *receipt,
                        const struct report_record *record, struct progress_report *ret);

struct progress_query {
    struct str receipt, last4; /* as typed; both empty: by ID */
    struct str id_number, phone;
    bool on_page; /* on the page of this receipt, by its signed link */
};

enum progress_query_kind {
    PROGRESS_QUERY_RIGHT,
    PROGRESS_QUERY_WRONG,
    PROGRESS_QUERY_LOCKED,
    PROGRESS_QUERY_BUSY
};

struct progress_query_answer {
    enum progress_query_kind kind;
    char receipt[RECEIPT_BYTES];
    enum link_kind link;   /* full for the receipt with its last four, short for ID and phone */
    int64_t retry_after_s; /* when locked; 0, only on the page: for good */
};

typedef void progress_query_done_fn(void *arg, const struct progress_query_answer *answer);
/* Ill-formed input is WRONG as well, without a question to Redis; done is never called before this returns. */
void progress_ask(const struct setup *setup, struct store *store, struct loop *loop,
                  const struct progress_query *query, progress_query_done_fn *done, void *arg);

#endif
