/*
 * report.h - a report as it goes to the monitoring system: one CloudEvents 1.0 JSON snapshot (contract §8).
 */
#ifndef DOMAIN_REPORT_H
#define DOMAIN_REPORT_H

#include <jansson.h>
#include <stdint.h>

#include "domain/area.h"

/*
 * What was ticked is in the answers; this is when. Where nobody ticked anything (what staff puts in) the event has no consent. The version of the notice is left
 * out where it is not known: of a report filed before it was kept, or of a tick beside which no notice stands.
 */
struct report_consent {
    const char *notice_version; /* of the notice that stood beside the tick; "" not known */
    int64_t at_ms;              /* 0: with the filing */
    int64_t sensitive_ms;       /* 0: with the other tick */
};

struct report_event {
    const char *type; /* accepted added corrected transferred merged withdrawn step decided */
    const char *id;   /* receipt for the first event, receipt-version later */
    const char *receipt;
    int64_t version;
    int64_t at_ms;        /* time of the event */
    int64_t submitted_ms; /* of the first filing */
    const struct areas *areas;
    area_index area;                 /* AREA_NONE: no longer in the areas file */
    struct str place_id, place_path; /* of such a place: as the record keeps them (domain/area.h) */
    const char *placement;           /* board home card … or "" */
    const char *source;              /* self cadre … */
    const json_t *values;            /* normalised answers (domain/answers.h) */
    const json_t *flags;             /* array of strings */
    const json_t *more; /* members for data, of the types that say more than the report; or NULL */
    struct str form_id, form_version; /* it was filed by; empty: not known */
    struct report_consent consent;
};

/* The caller owns the result: the whole CloudEvent, a copy that shares nothing with values. Answers of fields that a county added go under data.extra. */
json_t *report_event_json(const struct report_event *event);

#endif
