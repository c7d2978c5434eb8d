/*
 * options.h - every setting of the gateway, as plain values. One table (options.c) is the truth for key, type, default,
 * allowed values and the sentence of the manual; deploy/mashang.conf.example is printed from it.
 *
 * Flag > environment MASHANG_<SECTION>_<KEY> > file > default. Paths in a file are relative to that file. Unknown keys,
 * unknown MASHANG_ variables and values that are not built yet are errors. Texts are never NULL (empty when unset).
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* [redis] durability = replicated:N */
enum { OPTIONS_REPLICAS_MAX = 9 };

struct options {
    struct {
        char *http;            /* HOST:PORT, [::]:PORT or unix:PATH */
        char *office;          /* the same; empty: the office is served on http */
        char *admin;           /* empty: no admin listener */
        int64_t workers;       /* 0: one per core */
        char *trusted_proxies; /* blank-separated CIDRs */
    } listen;
    struct {
        char *base_url; /* without a slash at the end */
        char *title, *authority, *hotline, *icp, *police_beian, *upstream_name, *privacy_file,
            *locale;
    } site; /* section [public] */
    struct {
        char *file, *codes, *calendar; /* calendar: folder of CN-YYYY.csv files */
    } areas;
    struct {
        char *dir;         /* templates root: pages/ forms/ procedures/ catalogs/ */
        char *risks_first; /* blank-separated slugs shown first */
        char *pushes;      /* push calendar of the departments */
    } forms;
    struct {
        char *file;
        char *by_source; /* one `source=PATH` a line; a source that is not there goes by file */
        char *clearing;
    } procedure;
    struct {
        char *source; /* console | upstream | both | none */
    } progress;
    struct {
        char *url, *user, *password_file, *durability, *data_dir,
            *server; /* data_dir, server: for private: */
    } redis;
    struct {
        char *keyring_file;
        char *suite; /* aes */
    } crypto;
    struct {
        char *when;       /* accepted */
        char *events;     /* blank-separated: accepted added corrected … */
        char *without_id; /* send | hold */
        int64_t window, backoff_min_ms, backoff_max_ms, breaker_open_ms, give_up_hours;
    } forward;
    struct {
        char *url, *auth, *secret_file, *callback_secret_file, *headers_file, *token_url,
            *token_body_file, *token_pointer;
        int64_t token_ttl_s, timeout_ms;
        char *ca_file, *client_cert, *client_key, *body_template, *body_kind, *maps_file;
        char *ok_pointer, *ok_values, *duplicate_values, *refused_values, *auth_values,
            *msg_pointer;
    } upstream;
    struct {
        char *required;  /* yes | no */
        int64_t minutes; /* of a claim that names none */
    } claims;
    struct {
        int64_t connections_max; /* per worker */
        int64_t waits_max;       /* long polls per worker */
        int64_t token_per_min;   /* requests of one token, per worker */
        int64_t address_per_s;   /* requests a second per address */
        char *address_exempt;    /* blank-separated CIDRs */
        int64_t receipt_failures_hour, receipt_failures_life, id_failures_day;
        int64_t accept_timeout_ms;         /* wait for Redis before 503 */
        int64_t head_ms, body_ms, idle_ms; /* deadlines of a connection */
    } limits;
    struct {
        int64_t decided_days;   /* words.md: 办结后N天 */
        int64_t undecided_days; /* after the last event of a report that was never decided */
        int64_t audit_days;
    } retention;
    struct {
        char *level; /* debug | info | warning | error */
    } log;
};

struct option_flag {
    const char *name; /* section.key */
    const char *value;
};

/* file NULL: defaults, environment and flags only. Every fault is written to *err (the first one). */
bool options_load(struct options *ret, const char *file, const struct option_flag *flags,
                  size_t flag_count, struct err *err) MUST_CHECK;
void options_release(struct options *options);
void options_print_example(struct buf *to); /* deploy/mashang.conf.example */

#endif
