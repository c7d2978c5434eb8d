/*
 * reports.h - the life of a report in Redis: accept, change, read, find. One Redis Function each; all checks before the first write.
 *
 * The record ms:{NN}:r:<receipt> is a hash of named fields (struct store_pair); those the functions themselves read are named in REPORT_… below,
 * the others are the caller's. Numbers are decimal text. Everything personal is sealed or keyed-hashed by the caller.
 */
#ifndef STORE_REPORTS_H
#define STORE_REPORTS_H

#include "domain/receipt.h"
#include "store/store.h"

/* Fields the functions know. */
#define REPORT_VERSION "v"   /* 1, 2, … raised by every change */
#define REPORT_SEQ     "seq" /* change order within the bucket, set by the functions */
#define REPORT_AREA    "area"
#define REPORT_STATE                                                                               \
    "state" /* new open admitted declined closed cleared withdrawn; the first two are "open" for the household rule */
#define REPORT_PERSON     "person"  /* IDENTITY_PERSON */
#define REPORT_ID_HASH    "id"      /* IDENTITY_ID or absent */
#define REPORT_PHONE_HASH "ph"      /* IDENTITY_PHONE */
#define REPORT_CONTENT    "content" /* IDENTITY_CONTENT of the newest answers */
#define REPORT_HEAD       "head"    /* audit chain, 64 hex */
#define REPORT_LAST4      "last4"   /* IDENTITY_LAST4 */
#define REPORT_DRILL      "drill"   /* "1": gone after 7 days, no event */
/* The caller's, listed here so that every field has one name. */
#define REPORT_SEALED     "sealed" /* seal_close(…, "report", JSON {"values": …}) */
#define REPORT_MASK       "mask"   /* masked name */
#define REPORT_RISKS      "risks"  /* blank-separated slugs */
#define REPORT_URGENT     "urgent" /* "1" or absent */
#define REPORT_SUBMITTED  "at"     /* wall ms */
#define REPORT_PLACEMENT  "placement"
#define REPORT_SOURCE     "source"
#define REPORT_FILED_BY   "filed_by"
#define REPORT_FLAGS      "flags"      /* blank-separated */
#define REPORT_FORM       "form"       /* id@version */
#define REPORT_NOTICE     "notice"     /* version of the privacy notice that was agreed to */
#define REPORT_CONSENT_AT "consent_at" /* wall ms of that tick; absent: with the filing */
#define REPORT_SENSITIVE_AT                                                                        \
    "sensitive_at" /* of the tick for illness and disability; absent: with that tick */
#define REPORT_PROCEDURE   "procedure" /* id@version */
#define REPORT_PROGRESS    "progress"  /* progress_to_json */
#define REPORT_UPSTREAM_ID "upstream"  /* written by settle */
#define REPORT_ADDED       "added"     /* wall ms of the last addition */
#define REPORT_ADDED_BY    "added_by"  /* form, or farmer: on the receipt's page */
#define REPORT_SERIAL      "serial"
#define REPORT_LEAD                                                                                \
    "lead" /* "1": a finding (线索), not counted as a report; "0": it has become one */
#define REPORT_INDEXES                                                                             \
    "idx" /* blank-separated: the orders it stands in beside `changes`, a:<area> o:<org> */
#define REPORT_PATH      "path"    /* blank-separated ids from the top down, earlier places too */
#define REPORT_NAME_HASH "nm"      /* IDENTITY_NAME */
#define REPORT_ORG       "org"     /* the organisation that put it in */
#define REPORT_EXTERNAL  "ext"     /* external_ref */
#define REPORT_FOUND     "found"   /* wall ms */
#define REPORT_BASIS     "basis"   /* spoken paper duty */
#define REPORT_PUSH      "push"    /* of which push it is (store/deliveries.h) */
#define REPORT_CHANGED   "changed" /* wall ms of the newest version */
#define REPORT_ACTED                                                                               \
    "acted" /* wall ms of the last event: what anybody did, not the clock or a new calendar */
#define REPORT_CHANGED_BY                                                                          \
    "changed_by" /* form, farmer, upstream, clock, or the name of who did it */
/* A claim. The function writes claim, until and fence (reports_change.holder); the caller names the holder, and clears all three but fence. */
#define REPORT_CLAIM       "claim"
#define REPORT_CLAIM_NAME  "claim_name"
#define REPORT_CLAIM_UNTIL "claim_until" /* Redis ms */
#define REPORT_FENCE       "fence"
/* What readers need of progress, so that they need no procedure (flow/facts.h). */
#define REPORT_STEP      "step"
#define REPORT_STEPS     "steps"     /* blank-separated id:due_ms of the steps under way, 0 none */
#define REPORT_STEP_DUE  "step_due"  /* ms, 0 none */
#define REPORT_TOTAL_DUE "total_due" /* ms, 0 none */
#define REPORT_SIGNAL    "signal"    /* green yellow orange red */
#define REPORT_LATE      "late"      /* "1" or empty */
#define REPORT_NEXT      "next"      /* ms when the clock changes it by itself, 0 never */
#define REPORT_ENDED     "ended"     /* ms, 0 not */
#define REPORT_DECISION  "decision"
#define REPORT_REASON    "reason"
#define REPORT_WITHDRAW_EVENT                                                                      \
    "withdraw_event"               /* its delivery makes 撤回 read as done; then empty */
#define REPORT_CLEARING "clearing" /* progress of a running 风险消除, or empty */
#define REPORT_CLEARED                                                                             \
    "cleared" /* how the last 风险消除 ended: `cleared`, or `kept` and its reason; empty: none did */
#define REPORT_PURGED "purged" /* ms when what is personal was deleted, or empty */
#define REPORT_GAUGES "gauges" /* what the statistics last counted of it (domain/stats.h) */
#define REPORT_ENDED_PATH                                                                          \
    "ended_path" /* blank-separated ids: for which areas they counted its ending */
#define REPORT_CLEARING_PROCEDURE "clearing_procedure" /* id@version */

struct store_pair {
    const char *name;
    struct str value;
};

enum { STORE_PAIRS_MAX = 56, STORE_PERSONS_MAX = 2 };

/* An event for the queue. id: the receipt for the first one, "{receipt}-{version}" later. */
struct store_event {
    const char *id;    /* NULL: none (drill) */
    struct str area;   /* for the ledger */
    struct str sealed; /* the CloudEvent, sealed with what = "event" */
    const char
        *hold; /* NULL: ready when its turn comes; else why it is held: "upstream" (no url), "id" */
};

/* One link of the audit chain: text is canonical JSON without personal data; hash = HMAC(audit key, previous hash, length, text). */
struct store_audit {
    struct str text;
    char hash[65];
};

enum reports_accept_kind { REPORTS_KIND_REPORT, REPORTS_KIND_LEAD, REPORTS_KIND_DRILL };

struct reports_accept {
    const char *receipt; /* drawn by the caller; its first two digits are the bucket */
    const char *token;   /* token id; of an intake: who and its Idempotency-Key, hashed */
    enum reports_accept_kind kind;
    /* Put in by staff: phone_hashes may be NULL; the same token with another content is REPORTS_CONFLICT; it never joins an open report by itself,
     * REPORTS_DUPLICATE tells of any; a lead's are leads and reports. */
    bool intake;
    bool token_stale; /* older than 31 days: only a repeat is answered, else REPORTS_STALE */
    const char *persons
        [STORE_PERSONS_MAX]; /* under the current lookup key first, then the previous one; NULL ends */
    const char *id_hashes[STORE_PERSONS_MAX]; /* both NULL without an ID */
    const char *phone_hashes[STORE_PERSONS_MAX];
    const char *contents[STORE_PERSONS_MAX];
    bool duplicate_known; /* the caller has seen REPORTS_DUPLICATE and flagged the report */
    struct str stat;      /* lines for the statistics (domain/stats.h), or empty */
    struct store_pair record[STORE_PAIRS_MAX];
    size_t record_count;
    struct store_event event;
    struct store_audit audit;
};

enum reports_kind {
    REPORTS_ACCEPTED, /* stored now, durably */
    REPORTS_REPEAT, /* same token, person, answers: nothing stored; link says which link it was shown */
    REPORTS_SAME, /* another token, same household and phone, identical content: nothing stored (the token is noted); link s */
    REPORTS_ADD, /* an open report takes it: read it, merge, reports_change; by_token tells correction from addition */
    REPORTS_DUPLICATE, /* an open report of this ID with another phone exists (of an intake: with any phone): flag it and call again */
    REPORTS_TAKEN,     /* the number is used: draw and seal again */
    REPORTS_STALE,     /* the token is too old and unknown */
    REPORTS_CONFLICT   /* intake: this key was used with another body; receipt says for what */
};

struct reports_answer {
    enum reports_kind kind;
    char receipt[RECEIPT_BYTES];
    char link; /* 'f' or 's' */
    bool by_token;
};

typedef void reports_accept_done_fn(void *arg, enum op_status status,
                                    const struct reports_answer *answer);
/* OP_REFUSED also when the store is not durable enough, out of memory or read-only: nothing was stored. */
void reports_accept(struct store *store, const struct reports_accept *request,
                    reports_accept_done_fn *done, void *arg);

/* A change of a report that is there: an addition, a correction, a move, a claim. Optimistic: the version must be the expected one. */
struct reports_change {
    const char *receipt;
    int64_t version;   /* expected; becomes version + 1 */
    const char *token; /* NULL, or the token to note with person, content and link */
    const char *person, *content;
    char link;
    const char *hook_id; /* NULL, or a webhook-id: known already → REPORTS_CHANGE_KNOWN */
    bool hook_early;     /* not to be applied yet: on record once, then → REPORTS_CHANGE_EARLY */
    const char
        *claim_holder; /* NULL, or who claims it (or goes on with it) from now on for claim_ms */
    int64_t claim_ms;
    bool id_known; /* what was held for want of an ID number goes on */
    /* Not NULL: its ID number, new or of a lead that becomes a report. When another open report has it (beside a lead also another lead), nothing is
     * written and the answer is REPORTS_SHARED_ID: flag it and call again without. */
    const char *id_hashes[STORE_PERSONS_MAX];
    bool promote; /* a lead becomes a report: it counts as accepted now, event is its first */
    bool
        drop; /* when nothing of it was ever tried, its events are dropped and this one is not made */
    const char *leader; /* NULL, or the report it is merged into: REPORTS_MOVED when that cannot
                           lead any more */
    struct str stat;    /* lines for the statistics, or empty */
    struct store_pair record[STORE_PAIRS_MAX]; /* fields to set */
    size_t record_count;
    struct store_event event; /* id NULL: none */
    struct store_audit audit; /* chained on the expected head */
    const char *head;         /* expected head */
};

enum reports_change_kind {
    REPORTS_CHANGED,
    REPORTS_MOVED, /* read again */
    REPORTS_GONE,
    REPORTS_CHANGE_KNOWN,
    REPORTS_CHANGE_EARLY,
    REPORTS_CLAIMED, /* another holds it */
    REPORTS_SHARED_ID
};

struct reports_change_answer {
    enum reports_change_kind kind;
    int64_t version;                 /* CHANGED: the new one */
    int64_t claim_until_ms;          /* CHANGED with a holder; CLAIMED: the other's */
    int64_t fence;                   /* CHANGED with a holder */
    struct str claim_id, claim_name; /* CLAIMED; valid during the call */
};

/* answer is NULL unless OP_OK. */
typedef void reports_change_done_fn(void *arg, enum op_status status,
                                    const struct reports_change_answer *answer);
void reports_change(struct store *store, const struct reports_change *request,
                    reports_change_done_fn *done, void *arg);

/* A link of the chain without a change of the report: somebody has read what is personal. REPORTS_CHANGED, MOVED or GONE. */
struct reports_note {
    const char *receipt;
    const char *head; /* expected */
    struct store_audit audit;
};
void reports_note(struct store *store, const struct reports_note *request,
                  reports_change_done_fn *done, void *arg);

/* Of a bucket, at most `most` reports that the clock must look at now, the longest due first, without the first `skip`. Valid during the call; none unless OP_OK. */
typedef void reports_due_done_fn(void *arg, enum op_status status, const struct str *receipts,
                                 size_t count);
void reports_due(struct store *store, unsigned bucket, size_t skip, size_t most,
                 reports_due_done_fn *done, void *arg);

/* All fields; NULL record when there is no such report. Values are valid during the call. */
struct report_record {
    int64_t read_ms; /* when, by the clock of Redis: claims are judged by it */
    size_t count;
    struct store_pair at[STORE_PAIRS_MAX * 2];
};
typedef void reports_read_done_fn(void *arg, enum op_status status,
                                  const struct report_record *record);
void reports_read(struct store *store, const char *receipt, reports_read_done_fn *done, void *arg);
struct str record_get(const struct report_record *record, const char *name); /* empty when absent */
int64_t record_number(const struct report_record *record, const char *name); /* 0 when absent */

/* The newest report of this person with that phone, in these buckets (all that the county has). "" when none. */
typedef void reports_find_done_fn(void *arg, enum op_status status, const char *receipt);
void reports_find(struct store *store, const unsigned char *buckets, size_t bucket_count,
                  const char *const id_hashes[STORE_PERSONS_MAX],
                  const char *const phone_hashes[STORE_PERSONS_MAX], reports_find_done_fn *done,
                  void *arg);

/* Form, procedure texts kept while a report refers to them: ms:text:<kind>:<id>@<version>. Written at start when missing. */
void reports_keep_text(struct store *store, const char *kind, const char *id_version,
                       struct str text);
/* Empty when it was never kept; valid during the call. */
typedef void reports_text_done_fn(void *arg, enum op_status status, struct str text);
void reports_read_text(struct store *store, const char *kind, const char *id_version,
                       reports_text_done_fn *done, void *arg);

#endif
