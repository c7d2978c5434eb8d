#include "supervise/admin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/listener.h"
#include "http/router.h"

enum { TEXT_BYTES_MAX = 65536, CONNECTIONS_MAX = 64, BODY_BYTES_MAX = 1024, ADDRESS_PER_S = 1000 };

struct admin {
    const struct shared *shared;
    admin_state_fn *state;
    void *arg;
    int fd;
    char *unix_path; /* NULL for TCP */
    struct listener *listener;
    struct router router;
};

static http_handler_fn on_livez;
static http_handler_fn on_readyz;
static http_handler_fn on_metrics;
static http_handler_fn on_not_found;
static http_handler_fn on_bad_method;

static const struct route routes[] = {
    {HTTP_GET, "/livez", on_livez},
    {HTTP_GET, "/readyz", on_readyz},
    {HTTP_GET, "/metrics", on_metrics},
};

static void answer(struct exchange *exchange, int status, const char *type, struct str text)
{
    exchange_header(exchange, "Content-Type", type);
    exchange_header(exchange, "Cache-Control", "no-store");
    exchange_header(exchange, "X-Content-Type-Options", "nosniff");
    exchange_body_copy(exchange, text);
    exchange_send(exchange, status);
}

static void answer_plain(struct exchange *exchange, int status, const char *text)
{
    answer(exchange, status, "text/plain; charset=utf-8", str_of(text));
}

static void on_livez(struct exchange *exchange, void *arg)
{
    (void)arg;
    answer_plain(exchange, 200, "alive\n");
}

static void on_not_found(struct exchange *exchange, void *arg)
{
    (void)arg;
    answer_plain(exchange, 404, "here are /livez /readyz /metrics\n");
}

static void on_bad_method(struct exchange *exchange, void *arg)
{
    (void)arg;
    answer_plain(exchange, 405, "GET only\n");
}

int admin_readyz(const struct shared *shared, const struct admin_state *state, struct buf *to)
{
    struct shared_health health;
    shared_health(shared, &health);
    if (state->draining || !state->ready) {
        buf_puts(to, state->draining ? "draining\n" : "starting\n");
        return 503;
    }
    if (health.store != STORE_READY) {
        buf_printf(to, "degraded: redis %s\n", health.store_why);
    }
    if (health.breaker_open) {
        buf_printf(to, "degraded: upstream %s\n", health.upstream_why);
    }
    if (state->workers.web_up < state->workers.web) {
        buf_printf(to, "degraded: workers %zu of %zu\n", state->workers.web_up, state->workers.web);
    }
    if (!state->workers.forward_up) {
        buf_puts(to, "degraded: forward worker is down\n");
    }
    if (to->len == 0) {
        buf_puts(to, "ready\n");
    }
    if (state->year_unlisted != 0) {
        buf_printf(to,
                   "warning: calendar no CN-%d.csv: weekends and the 13 statutory days are used\n",
                   state->year_unlisted);
    }
    return 200;
}

static void on_readyz(struct exchange *exchange, void *arg)
{
    struct admin *admin = arg;
    struct admin_state state;
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    admin->state(admin->arg, &state);
    int status = admin_readyz(admin->shared, &state, &text);
    answer_plain(exchange, status, buf_text(&text));
    buf_release(&text);
}

static void put(struct buf *to, const char *type, const char *name, const char *help, int64_t value)
{
    buf_printf(to, "# HELP mashang_%s %s\n# TYPE mashang_%s %s\nmashang_%s %" PRId64 "\n", name,
               help, name, type, name, value);
}

static void put_queue(const struct shared *shared, struct buf *to)
{
    struct queue_counts counts;
    bool known = shared_queue_read(shared, &counts);
    put(to, "gauge", "queue_known", "1 when the counts below were read in the last 10 s", known);
    if (!known) {
        return;
    }
    const struct {
        const char *place;
        int64_t count;
    } places[] = {{"held", counts.held},           {"ready", counts.ready},
                  {"delayed", counts.delayed},     {"sending", counts.sending},
                  {"delivered", counts.delivered}, {"buried", counts.buried},
                  {"dropped", counts.dropped}};
    buf_puts(to, "# HELP mashang_queue_events events by place\n"
                 "# TYPE mashang_queue_events gauge\n");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        buf_printf(to, "mashang_queue_events{place=\"%s\"} %" PRId64 "\n", places[i].place,
                   places[i].count);
    }
    put(to, "counter", "queue_events_made_total", "events put into the queue", counts.made);
    put(to, "counter", "queue_reports_accepted_total", "reports in the store's own count",
        counts.accepted);
    put(to, "counter", "queue_leads_total", "findings put in as leads", counts.leads);
    put(to, "counter", "queue_leads_promoted_total", "leads that became reports", counts.promoted);
    put(to, "counter", "queue_drills_total", "drill reports accepted", counts.drills);
    put(to, "gauge", "queue_oldest_ready_ms", "age of the oldest event that could be sent",
        counts.oldest_ready_ms);
    put(to, "gauge", "queue_law_broken",
        "1 when made is not held + ready + delayed + sending + delivered + buried + dropped, or "
        "records are not accepted + leads - promoted",
        !shared_law_holds(&counts));
}

void admin_metrics(const struct shared *shared, const struct admin_state *state, struct buf *to)
{
    struct shared_health health;
    shared_health(shared, &health);
    buf_printf(to,
               "# HELP mashang_build_info the program\n# TYPE mashang_build_info gauge\n"
               "mashang_build_info{version=\"%s\"} 1\n",
               MASHANG_VERSION);
    for (int i = 0; i < METRICS_COUNT; i++) {
        enum metric metric = (enum metric)i;
        put(to, "counter", metric_name(metric), metric_help(metric), shared_sum(shared, metric));
    }
    put(to, "gauge", "start_time_seconds", "when the master started, since 1970",
        state->started_wall_ms / 1000);
    put(to, "gauge", "ready", "1 while requests are served", state->ready && !state->draining);
    put(to, "gauge", "web_workers", "web workers wanted", (int64_t)state->workers.web);
    put(to, "gauge", "web_workers_up", "web workers that serve", (int64_t)state->workers.web_up);
    put(to, "gauge", "forward_worker_up", "1 while the forward worker runs",
        state->workers.forward_up);
    put(to, "counter", "worker_restarts_total", "workers that died and were replaced",
        (int64_t)state->restarts);
    put(to, "counter", "worker_kills_total", "workers killed because their loop stood still",
        (int64_t)state->killed);
    put(to, "counter", "redis_restarts_total", "restarts of the private Redis",
        (int64_t)state->redis_restarts);
    put(to, "counter", "reloads_total", "configurations swapped in", (int64_t)state->reloads);
    put(to, "counter", "reloads_refused_total", "configurations that could not be loaded",
        (int64_t)state->reloads_refused);
    put(to, "gauge", "store_ready", "1 while every worker's store is ready and durable",
        health.store == STORE_READY);
    put(to, "gauge", "breaker_open", "1 while nothing is sent because we are configured wrongly",
        health.breaker_open);
    put(to, "gauge", "calendar_missing",
        "1 while this year, in December also the next, has no calendar file, so that "
        "make-up days are not known",
        state->year_unlisted != 0);
    put_queue(shared, to);
}

static void on_metrics(struct exchange *exchange, void *arg)
{
    struct admin *admin = arg;
    struct admin_state state;
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    admin->state(admin->arg, &state);
    admin_metrics(admin->shared, &state, &text);
    answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&text));
    buf_release(&text);
}

static void on_request(struct exchange *exchange, void *arg)
{
    struct admin *admin = arg;
    router_dispatch(&admin->router, exchange);
}

struct admin *admin_new(struct loop *loop, const char *address, const struct shared *shared,
                        admin_state_fn *state, void *arg, struct err *err)
{
    int fd = listener_open(address, false, err);
    if (fd < 0) {
        err_prefix(err, "listen.admin: ");
        return NULL;
    }
    struct admin *admin = mem_alloc(sizeof *admin);
    admin->shared = shared;
    admin->state = state;
    admin->arg = arg;
    admin->fd = fd;
    admin->unix_path = strncmp(address, "unix:", 5) == 0 ? mem_strdup(address + 5) : NULL;
    admin->router = (struct router){.routes = routes,
                                    .count = sizeof routes / sizeof routes[0],
                                    .not_found = on_not_found,
                                    .bad_method = on_bad_method,
                                    .arg = admin};
    const struct listener_options options = {
        .fd = fd,
        .handler = on_request,
        .arg = admin,
        .connections_max = CONNECTIONS_MAX,
        .body_bytes_max = BODY_BYTES_MAX,
        .trusted_proxies = "",
        .address_exempt = "127.0.0.0/8 ::1",
        .address_per_s = ADDRESS_PER_S,
    };
    admin->listener = listener_new(loop, &options, err);
    if (admin->listener == NULL) {
        admin_free(&admin);
    }
    return admin;
}

void admin_free(struct admin **admin)
{
    struct admin *gone = *admin;
    if (gone == NULL) {
        return;
    }
    listener_free(&gone->listener);
    close(gone->fd);
    if (gone->unix_path != NULL) {
        unlink(gone->unix_path);
    }
    free(gone->unix_path);
    free(gone);
    *admin = NULL;
}
