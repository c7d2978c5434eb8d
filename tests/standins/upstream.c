/*
 * The stand-in monitoring system: receives what the gateway forwards, and fails as it is told.
 *
 *   POST /any ─► signature ──► inbox ─► mode ─┬─ has an effect ─► ledger (once per event id, on disk) ─┐
 *                   │ bad                     └─ has none ─────────────────────────────────────────────┴─► reply
 *                   └─► 401
 *   POST /control ─► mode      GET /received ◄─ inbox      GET /effects ◄─ ledger and counts
 *
 * --fast: POST /any ─► ledger ─► 200; no signature, no inbox.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/mem.h"
#include "crypto/mac.h"
#include "http/listener.h"
#include "http/router.h"
#include "tests/standins/upstream/inbox.h"
#include "tests/standins/upstream/ledger.h"
#include "tests/standins/upstream/mode.h"
#include "tests/standins/upstream/reply.h"
#include "tests/standins/upstream/signature.h"

enum {
    SECRET_BYTES_MAX = 256,
    CONNECTIONS_MAX = 20000,
    BODY_BYTES_MAX = 1024 * 1024,
    IDLE_MS = 600 * 1000
};

#define LIST_BYTES_MAX ((size_t)1 << 30)

struct arguments {
    const char *listen, *secret_file, *ledger_file;
    bool print_port, fast;
};

struct upstream {
    bool fast, checks;
    struct buf secret;
    struct ledger ledger;
    struct inbox inbox;
    struct mode mode;
    struct replies *replies;
    uint64_t attempts, repeats, bad_signatures;
};

static http_handler_fn on_request, on_root, on_received, on_effects, on_control, on_event;
static http_handler_fn on_not_found, on_bad_method;

static const struct route routes[] = {
    {HTTP_GET, "/", on_root},           {HTTP_GET, "/received", on_received},
    {HTTP_GET, "/effects", on_effects}, {HTTP_POST, "/control", on_control},
    {HTTP_POST, "/*", on_event},
};

static void on_request(struct exchange *exchange, void *arg)
{
    const struct router router = {
        .routes = routes,
        .count = sizeof routes / sizeof routes[0],
        .not_found = on_not_found,
        .bad_method = on_bad_method,
        .arg = arg,
    };
    router_dispatch(&router, exchange);
}

/* A signed event names itself; one that is sent in another system's way is at least the same when its bytes are. */
static struct str event_id(const struct request *request, char hash[MAC_HEX_BYTES])
{
    struct mac mac;
    struct str id = request_header(request, "webhook-id");
    if (id.len == 0) {
        id = request_header(request, "idempotency-key");
    }
    if (id.len == 0) {
        sha256(request->body, &mac);
        mac_hex(&mac, MAC_BYTES, hash);
        id = str_of(hash);
    }
    return id;
}

static void on_event(struct exchange *exchange, void *arg)
{
    struct upstream *upstream = arg;
    const struct request *request = exchange_request(exchange);
    int64_t now_ms = clock_wall_ms();
    char hash[MAC_HEX_BYTES];
    upstream->attempts++;
    if (upstream->checks && !signature_good(buf_str(&upstream->secret), request, now_ms)) {
        upstream->bad_signatures++;
        reply_json(exchange, 401, STR("{\"error\": \"bad signature\"}\n"));
        return;
    }
    struct str id = event_id(request, hash);
    if (!ledger_takes(id)) {
        reply_json(exchange, 400, STR("{\"error\": \"no event id\"}\n"));
        return;
    }
    if (!upstream->fast) {
        inbox_add(&upstream->inbox, request, now_ms);
    }
    struct mode mode = mode_take(&upstream->mode, request->body);
    int64_t number = ledger_find(&upstream->ledger, id);
    upstream->repeats += number != 0;
    if (number == 0 && mode_has_effect(&mode)) {
        number = ledger_note(&upstream->ledger, id);
        if (number == 0) {
            reply_json(exchange, 503, STR("{\"error\": \"the ledger's disk\"}\n"));
            return;
        }
    }
    reply(upstream->replies, exchange, &mode, number);
}

static void on_control(struct exchange *exchange, void *arg)
{
    struct upstream *upstream = arg;
    struct err err;
    if (mode_parse(&upstream->mode, exchange_request(exchange)->body, &err)) {
        reply_json(exchange, 200, STR("{\"ok\": true}\n"));
        return;
    }
    struct buf text;
    buf_init(&text, sizeof err.text * 8);
    buf_puts(&text, "{\"ok\": false, \"error\": \"");
    escape_json(&text, str_of(err.text));
    buf_puts(&text, "\"}\n");
    reply_json(exchange, 400, buf_str(&text));
    buf_release(&text);
}

static void on_received(struct exchange *exchange, void *arg)
{
    struct upstream *upstream = arg;
    struct buf text;
    buf_init(&text, LIST_BYTES_MAX);
    inbox_put(&upstream->inbox, &text);
    bool whole = buf_ok(&text);
    reply_json(exchange, whole ? 200 : 500, whole ? buf_str(&text) : STR("[]\n"));
    buf_release(&text);
}

static void on_effects(struct exchange *exchange, void *arg)
{
    struct upstream *upstream = arg;
    struct buf text;
    buf_init(&text, LIST_BYTES_MAX);
    buf_printf(&text,
               "{\"events\": %zu, \"attempts\": %" PRIu64 ", \"repeats\": %" PRIu64
               ", \"bad_signatures\": %" PRIu64 ", \"effects\": ",
               ledger_count(&upstream->ledger), upstream->attempts, upstream->repeats,
               upstream->bad_signatures);
    ledger_put(&upstream->ledger, &text);
    buf_puts(&text, "}\n");
    bool whole = buf_ok(&text);
    reply_json(exchange, whole ? 200 : 500, whole ? buf_str(&text) : STR("{}\n"));
    buf_release(&text);
}

static void say(struct exchange *exchange, int status, struct str text)
{
    exchange_header(exchange, "Content-Type", "text/plain; charset=utf-8");
    exchange_body_copy(exchange, text);
    exchange_send(exchange, status);
}

static void on_root(struct exchange *exchange, void *arg)
{
    (void)arg;
    say(exchange, 200,
        STR("Mashang's stand-in for a monitoring system. Events: POST to any path. See /received "
            "and /effects.\n"));
}

static void on_not_found(struct exchange *exchange, void *arg)
{
    (void)arg;
    say(exchange, 404, STR("not here\n"));
}

static void on_bad_method(struct exchange *exchange, void *arg)
{
    (void)arg;
    say(exchange, 405, STR("not with this method\n"));
}

static void on_signal(evutil_socket_t number, short what, void *loop)
{
    (void)number;
    (void)what;
    loop_stop(loop);
}

static int port_of(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof address;
    CHECK(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname filled it */
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static bool serve(struct upstream *upstream, const struct arguments *arguments, struct err *err)
{
    int fd = listener_open(arguments->listen, false, err);
    if (fd < 0) {
        return false;
    }
    struct loop *loop = loop_new();
    const struct listener_options options = {
        .fd = fd,
        .handler = on_request,
        .arg = upstream,
        .connections_max = CONNECTIONS_MAX,
        .body_bytes_max = BODY_BYTES_MAX,
        .idle_ms = IDLE_MS,
    };
    struct listener *listener = listener_new(loop, &options, err);
    if (listener != NULL) {
        upstream->replies = replies_new();
        struct event *ends[] = {evsignal_new(loop_base(loop), SIGTERM, on_signal, loop),
                                evsignal_new(loop_base(loop), SIGINT, on_signal, loop)};
        CHECK(event_add(ends[0], NULL) == 0 && event_add(ends[1], NULL) == 0);
        if (arguments->print_port) {
            printf("%d\n", port_of(fd));
            fflush(stdout);
        }
        loop_run(loop);
        event_free(ends[0]);
        event_free(ends[1]);
        replies_free(&upstream->replies);
    }
    bool served = listener != NULL;
    listener_free(&listener);
    loop_free(&loop);
    close(fd);
    return served;
}

static bool read_arguments(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"listen", required_argument, NULL, 'l'}, {"secret-file", required_argument, NULL, 's'},
        {"ledger", required_argument, NULL, 'e'}, {"print-port", no_argument, NULL, 'p'},
        {"fast", no_argument, NULL, 'f'},         {NULL, 0, NULL, 0},
    };
    int option;
    *ret = (struct arguments){0};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'l':
            ret->listen = optarg;
            break;
        case 's':
            ret->secret_file = optarg;
            break;
        case 'e':
            ret->ledger_file = optarg;
            break;
        case 'p':
            ret->print_port = true;
            break;
        case 'f':
            ret->fast = true;
            break;
        default:
            return false;
        }
    }
    return ret->listen != NULL && optind == argc;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct err err = {{0}};
    if (!read_arguments(argc, argv, &arguments)) {
        fprintf(stderr, "usage: upstream --listen 127.0.0.1:0 [--secret-file FILE] [--ledger FILE] "
                        "[--print-port] [--fast]\n");
        return 2;
    }
    struct upstream *upstream = mem_alloc(sizeof *upstream);
    upstream->fast = arguments.fast;
    upstream->checks = arguments.secret_file != NULL && !arguments.fast;
    upstream->ledger.fd = -1;
    mode_clear(&upstream->mode);
    buf_init(&upstream->secret, SECRET_BYTES_MAX);
    bool good = (!upstream->checks ||
                 signature_read_secret(arguments.secret_file, &upstream->secret, &err)) &&
                ledger_open(&upstream->ledger, arguments.ledger_file, &err) &&
                serve(upstream, &arguments, &err);
    if (!good) {
        fprintf(stderr, "upstream: %s\n", err.text);
    }
    ledger_close(&upstream->ledger);
    inbox_release(&upstream->inbox);
    buf_release(&upstream->secret);
    free(upstream);
    return good ? 0 : 1;
}
