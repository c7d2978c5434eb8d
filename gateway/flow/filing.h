/*
 * filing.h - a new report as it is first written: fields, facts, seal, event, audit link, statistics. From the form (flow/accept) or put in by
 * staff (flow/intake); it waits for nothing.
 */
#ifndef FLOW_FILING_H
#define FLOW_FILING_H

#include "flow/identities.h"
#include "flow/record.h"
#include "flow/snapshot.h"

struct filing {
    const struct setup *setup;
    const char *receipt;
    enum reports_accept_kind kind;
    const json_t *values; /* normalised answers */
    const struct identities *identities;
    area_index area;
    const char *source;                 /* self cadre department petition hotline public system */
    const char *placement;              /* "" none */
    uint32_t serial;                    /* 0 none */
    const char *basis, *org, *external; /* of what staff puts in; "" none */
    int64_t found_ms;                   /* 0: not told */
    bool total_from_found;              /* the total's clock began then */
    const char *push;                   /* REPORT_PUSH, or NULL */
    int64_t now_ms;
    bool possible_duplicate, minor;
    const char *by, *name; /* who: form, or the id and name of a token */
};

/* What request points into; release after the store has copied. */
struct filed {
    json_t *flags;
    struct buf flag_words, risk_words, gauges, stat, path;
    struct snapshot snapshot;
    struct record record;
    char *progress, *audit_text;
};

/* Fills record, event, audit and stat of request, and its kind and receipt; token, persons and the like are the caller's. */
void filing_make(const struct filing *filing, struct filed *ret, struct reports_accept *request);
void filing_release(struct filed *filed);

#endif
