/*
 * metrics.h - counters of this process in a slot of a map that the master shares and sums (/metrics). Without a slot they count into the void.
 *
 * One table names them (Prometheus names get the prefix mashang_). No label per village, nothing personal.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdint.h>

#define METRICS(X)                                                                                 \
    X(REQUESTS, "http_requests_total", "requests answered")                                        \
    X(ANSWERS_4XX, "http_answers_4xx_total", "answers 400 to 499")                                 \
    X(ANSWERS_5XX, "http_answers_5xx_total", "answers 500 to 599")                                 \
    X(CONNECTIONS, "http_connections_total", "connections accepted")                               \
    X(FORMS_SHOWN, "forms_shown_total", "form pages served")                                       \
    X(REPORTS_ACCEPTED, "reports_accepted_total", "reports stored durably")                        \
    X(REPORTS_REPEATED, "reports_repeated_total",                                                  \
      "repeated submissions answered with the same receipt")                                       \
    X(REPORTS_ADDED, "reports_added_total", "additions and corrections to open reports")           \
    X(REPORTS_UNSTORED, "reports_unstored_total",                                                  \
      "submissions answered 503 because nothing could be stored durably")                          \
    X(ANSWERS_FAULTY, "forms_faulty_total", "submissions answered 422")                            \
    X(GUESSES_WRONG, "guesses_wrong_total", "progress queries that did not fit")                   \
    X(GUESSES_LOCKED, "guesses_locked_total", "progress queries answered 429")                     \
    X(EVENTS_DELIVERED, "events_delivered_total", "events the monitoring system took")             \
    X(EVENTS_LATER, "events_later_total", "attempts to be repeated")                               \
    X(EVENTS_BURIED, "events_buried_total", "events refused or given up")                          \
    X(EVENTS_MISCONFIGURED, "events_misconfigured_total",                                          \
      "answers that say we are configured wrongly")                                                \
    X(BREAKER_OPENED, "breaker_opened_total", "times the breaker opened")                          \
    X(REPORTS_PURGED, "reports_purged_total", "reports whose personal data was deleted")           \
    X(HOOKS_APPLIED, "hooks_applied_total", "callbacks applied")                                   \
    X(HOOKS_REFUSED, "hooks_refused_total", "callbacks with a bad signature")

enum metric {
#define X(id, name, help) METRIC_##id,
    METRICS(X)
#undef X
        METRICS_COUNT
};

struct metrics_slot {
    int64_t at[METRICS_COUNT];
    int64_t breaker_open; /* gauge: 1 while open (forward worker) */
    int64_t store_health; /* gauge: enum store_health */
    char store_why[128];  /* for /readyz */
    char upstream_why[128];
    int64_t heartbeat_ms; /* monotonic ms of the last loop turn */
};

void metrics_use(struct metrics_slot *slot); /* NULL: the void again */
struct metrics_slot *metrics_slot(void);     /* never NULL */
void metrics_add(enum metric metric, int64_t n);
const char *metric_name(enum metric metric);
const char *metric_help(enum metric metric);

#endif
