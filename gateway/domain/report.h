/*
 * report.h - a report as it goes to the monitoring system: one CloudEvents 1.0 JSON snapshot (contract §8).
 */
#ifndef DOMAIN_REPORT_H
#define DOMAIN_REPORT_H

#include <jansson.h>
#include <stdint.h>

#include "domain/area.h"

struct report_event {
    const char *type; /* accepted added corrected transferred merged withdrawn step decided */
    const char *id;   /* receipt for the first event, receipt-version later */
    const char *receipt;
    int64_t version;
    int64_t at_ms;        /* time of the event */
    int64_t submitted_ms; /* of the first filing */
    const struct areas *areas;
    area_index area;
    const char *placement; /* board home card … or "" */
    const char *source;    /* self cadre … */
    const json_t *values;  /* normalised answers (domain/answers.h) */
    const json_t *flags;   /* array of strings */
    const json_t *more; /* members for data, of the types that say more than the report; or NULL */
    const char *form_id, *form_version, *notice_version;
};

/* The caller owns the result: the whole CloudEvent, a copy that shares nothing with values. Answers of fields that a county added go under data.extra. */
json_t *report_event_json(const struct report_event *event);

#endif
