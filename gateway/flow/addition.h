/*
 * addition.h - what a household that has an open report writes again: new risks, more detail, urgency; under the same token
 * also a corrected name or phone (contract §6).
 *
 *   flow/edit ─► open seal ─► merge ─┬─ nothing new ─► done, nothing stored
 *                                    └─ written ─────► done | gone | unstored
 *
 * From the form under a token (identities and token are given), or from the receipt's page (both NULL): the latter adds to an open report only.
 * Each time at most as many risks as the form allows; in sum a report may come to have more. What was asked (待补充) is answered by any of it.
 */
#ifndef FLOW_ADDITION_H
#define FLOW_ADDITION_H

#include "crypto/token.h"
#include "flow/identities.h"
#include "flow/setup.h"

struct addition_request {
    const char *receipt;
    bool by_token;                       /* the same token: name and phone may be corrected */
    enum link_kind link;                 /* what is shown to whoever filed this */
    json_t *values;                      /* held during the work */
    const struct identities *identities; /* the caller's, alive until done; NULL: of the page */
    const char *token;                   /* likewise */
    const char *rid;
};

enum addition_kind {
    ADDITION_DONE,
    ADDITION_GONE,
    ADDITION_UNSTORED,
    ADDITION_ENDED /* it is decided: from the form, a new report begins */
};

typedef void addition_done_fn(void *arg, enum addition_kind kind, const char *receipt,
                              enum link_kind link);
void addition_report(const struct setup *setup, struct store *store,
                     const struct addition_request *request, addition_done_fn *done, void *arg);

/* Pure part, for tests: merged values (the caller owns them), *ret_added and *ret_corrected say what changed. */
json_t *addition_merge(const json_t *old_values, const json_t *new_values, bool by_token,
                       bool *ret_added, bool *ret_corrected);
#endif
