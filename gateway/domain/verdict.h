/*
 * verdict.h - what an answer of the monitoring system means (contract §8, the table), and when to try again.
 */
#ifndef DOMAIN_VERDICT_H
#define DOMAIN_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum verdict_kind {
    VERDICT_DELIVERED,
    VERDICT_REFUSED,       /* bury with the answer's words */
    VERDICT_MISCONFIGURED, /* breaker opens, nothing is buried, no attempt is burnt */
    VERDICT_LATER
};

/* How the body speaks, from [upstream]; pointers are RFC 6901, values blank-separated. All may be empty. */
struct verdict_rules {
    struct str ok_pointer, ok_values, duplicate_values, refused_values, auth_values, msg_pointer;
};

struct verdict_answer {
    int status;             /* 0: no answer (time-out, reset, TLS) */
    struct str body;        /* what was read of it */
    bool body_whole;        /* false: cut by size or a broken connection */
    struct str retry_after; /* the header's value or empty: seconds or IMF-fixdate */
    const struct str *
        hidden; /* what we sent about a person: starred where the answer repeats it or a piece of it */
    size_t hidden_count;
};

enum {
    VERDICT_WORDS_BYTES = 256,
    VERDICT_UPSTREAM_ID_BYTES = 129,
    RETRY_AFTER_MAX_MS = 3600000,
    DELIVERED_RECENTLY_MS = 600000
};

struct verdict {
    enum verdict_kind kind;
    int64_t retry_after_ms; /* -1: not said; at most 1 h */
    char words
        [VERDICT_WORDS_BYTES]; /* short reason, without personal data of ours: status and the answer's message */
    char upstream_id[VERDICT_UPSTREAM_ID_BYTES]; /* a JSON `id` of the answer, or "" */
};

/* delivered_recently: some event was delivered in the last 10 minutes (404 and 410 bury only then). */
void verdict_of(const struct verdict_rules *rules, const struct verdict_answer *answer,
                bool delivered_recently, int64_t now_wall_ms, struct verdict *ret);
const char *verdict_name(enum verdict_kind kind);

/* Exponential backoff with full jitter: uniform in [0, min(max, min·2^(attempt-1))], at least 1 ms. attempt counts from 1; random is any. */
int64_t retry_delay_ms(int64_t attempt, int64_t min_ms, int64_t max_ms, uint64_t random);

#endif
