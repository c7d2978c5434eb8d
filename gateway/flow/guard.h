/*
 * guard.h - may this token change (or read) this report now? Pure; asked with the record as it was read, in the contract's order: outside the
 * scope looks like not there, then the right, the body, claim and fence, the version.
 */
#ifndef FLOW_GUARD_H
#define FLOW_GUARD_H

#include "domain/scope.h"
#include "store/reports.h"

struct guard {
    const struct areas *areas;
    const struct scope *
        scope; /* whose reports; a report that was transferred away may still be read, not changed; one whose village is gone is of what that was in */
    const char *org; /* own: only what this organisation put in, wherever; "" any */
    bool reads;      /* earlier places count too */
    bool has_right;
    bool body_fits;     /* false: the body has faults, which the caller knows */
    const char *holder; /* id of the token; NULL: claims are not looked at */
    bool must_hold;     /* [claims] required */
    bool has_fence;
    int64_t fence;
    struct str
        if_match; /* a list of tags "3" or "3-variant", one of which has the version; a star: any; "": not asked */
};

enum guard_verdict {
    GUARD_OK,
    GUARD_UNKNOWN,      /* 404 */
    GUARD_FORBIDDEN,    /* 403 */
    GUARD_BODY,         /* 400 or 422 */
    GUARD_CLAIMED,      /* 409: another holds it */
    GUARD_NOT_CLAIMED,  /* 409: claim it first */
    GUARD_STALE_FENCE,  /* 409 */
    GUARD_STALE_VERSION /* 412 */
};

enum guard_verdict guard_judge(const struct guard *guard, const struct report_record *record);
/* Whether somebody held it when it was read; *ret_until_ms until when. */
bool guard_claimed(const struct report_record *record, int64_t *ret_until_ms);

#endif
