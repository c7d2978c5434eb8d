/*
 * listener.h - a listening socket on the loop: accepts, limits, deadlines (mechanics.md "HTTP").
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "base/err.h"
#include "http/exchange.h"
#include "net/loop.h"

struct listener;

struct listener_options {
    int fd;                   /* listening socket; stays the caller's */
    http_handler_fn *handler; /* every complete request */
    /* A request that never became one (bad head 400, 408, 413 body, 414, 417, 431, 501, 503 at the cap, 505, 429 address): writes a page with this
     * status before it returns; the connection closes after it. Retry-After is already set. What had not come yet of the request is empty, its path
     * "/". NULL: plain text */
    void (*on_refused)(struct exchange *exchange, int status, void *arg);
    void *arg;
    size_t connections_max;      /* 0: 10,000; at the cap the longest idle one makes room */
    size_t body_bytes_max;       /* 0: 64 KiB */
    size_t large_bytes_max;      /* of all bodies over 8 KiB together, else 503; 0: 32 MiB */
    const char *trusted_proxies; /* CIDRs; a unix socket's peer is one by nature */
    const char *address_exempt;
    int64_t address_per_s; /* 0: no ceiling; counted in this process */
    int64_t head_ms, body_ms, idle_ms,
        write_ms; /* 0: the defaults 10 s, 30 s, 75 s, 30 s + 1 s per 4 KiB */
};

struct listener_counts {
    uint64_t accepted, refused, requests, open, bytes_in, bytes_out;
    uint64_t by_status[6]; /* [2] = 2xx … */
};

struct listener *listener_new(struct loop *loop, const struct listener_options *options,
                              struct err *err) MUST_CHECK;
void listener_stop(
    struct listener
        *listener); /* no more accepts; idle connections close, the others after their answer */
bool listener_idle(const struct listener *listener); /* nothing in flight */
void listener_counts(const struct listener *listener, struct listener_counts *ret);
void listener_free(struct listener **listener);
/* HOST:PORT, [::1]:PORT or unix:PATH (≤ 107 bytes). reuse_port for one socket per worker. */
int listener_open(const char *address, bool reuse_port, struct err *err) MUST_CHECK;

#endif
