/*
 * snapshot.h - what is kept of one version of a report and what goes to the monitoring system, both sealed.
 */
#ifndef FLOW_SNAPSHOT_H
#define FLOW_SNAPSHOT_H

#include <jansson.h>

#include "base/buf.h"
#include "domain/report.h"
#include "flow/setup.h"

/* A body is at most 64 KiB (house limit of http); escaped as JSON, with what additions keep, it stays well below. */
enum { SNAPSHOT_BYTES_MAX = 512 << 10 };

/* The seal's `what` (crypto/seal.h). */
#define SNAPSHOT_REPORT "report"
#define SNAPSHOT_EVENT  "event"

struct snapshot_request {
    const struct setup *setup;
    const char *receipt;
    int64_t version;
    bool first;                      /* its event is the report's first one, whatever the version */
    const char *type;                /* accepted | added | … ; NULL: no event */
    int64_t at_ms;                   /* of this version */
    int64_t submitted_ms;            /* of the first one */
    area_index area;                 /* AREA_NONE: no longer in the areas file */
    struct str place_id, place_path; /* of such a place: REPORT_AREA and REPORT_PATH */
    struct str form;                 /* REPORT_FORM */
    struct report_consent consent;   /* REPORT_NOTICE, _CONSENT_AT, _SENSITIVE_AT */
    const char *placement;
    const char *source;
    const json_t *values;
    const json_t *filed; /* the values as they were filed, or NULL: they still are */
    const json_t *notes; /* of staff, or NULL: sealed beside the values, never sent */
    const json_t *flags; /* array of texts */
    const json_t *more;  /* members for the event's data, or NULL */
};

struct snapshot {
    char event_id[32];
    struct buf report; /* sealed {"values": …, "filed": …, "notes": …} */
    struct buf event;  /* sealed CloudEvent, or empty */
};

void snapshot_make(const struct snapshot_request *request, struct snapshot *ret);
void snapshot_release(struct snapshot *snapshot);
/* {"values": …, "filed": …, "notes": …}, the latter two where there are any; NULL when it cannot be opened. The caller owns it. */
json_t *snapshot_open_all(const struct keyring *keyring, const char *receipt, struct str sealed);
/* Its values alone. */
json_t *snapshot_open(const struct keyring *keyring, const char *receipt, struct str sealed);
/* [forward] events names this type */
bool snapshot_is_sent(const struct options *options, const char *type);
/* Why the event of such a report must wait in HELD; NULL: it need not. */
const char *snapshot_hold_reason(const struct options *options, bool has_id);

#endif
