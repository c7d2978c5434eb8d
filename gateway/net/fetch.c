#include "net/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

enum {
    FETCHER_MAGIC = 0x46657463,
    TRANSFER_MAGIC = 0x5472616e,
    HEADER_VALUE_BYTES_MAX = 2048,
    SPARE_HANDLES_MAX = 64
};

struct transfer {
    unsigned magic;
    struct fetcher *fetcher;
    struct transfer *next, *previous;
    CURL *easy;
    struct curl_slist *headers;
    char *body; /* curl reads it while it sends */
    size_t body_len;
    struct buf answer;
    struct buf retry_after, location, content_type;
    int status;
    bool head_done, cut, late;
    struct timer *deadline;
    int64_t begun_ms, timeout_ms;
    char why[CURL_ERROR_SIZE];
    fetch_done_fn *done;
    void *arg;
};

struct fetcher {
    unsigned magic;
    struct loop *loop;
    CURLM *multi;
    struct timer *timer; /* curl's own */
    struct transfer *first;
    CURL *spare[SPARE_HANDLES_MAX]; /* set up already */
    size_t spare_count;
    char *ca_file, *client_cert, *client_key;
    bool collecting_later, closed;
};

/* A socket that curl wants watched. */
struct watch {
    struct fetcher *fetcher;
    struct event *event;
};

static void on_socket_ready(evutil_socket_t fd, short what, void *arg);
static void on_curl_due(void *arg);
static void on_collect(void *arg);
static void on_deadline(void *arg);

/* What curl calls: notes only, no handle is touched. */

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct fetcher *fetcher = arg;
    struct watch *watch = known;
    (void)easy;
    if (watch != NULL && watch->event != NULL) {
        event_free(watch->event);
        watch->event = NULL;
    }
    if (what == CURL_POLL_REMOVE) {
        free(watch);
        curl_multi_assign(fetcher->multi, fd, NULL);
        return 0;
    }
    if (watch == NULL) {
        watch = mem_alloc(sizeof *watch);
        watch->fetcher = fetcher;
        curl_multi_assign(fetcher->multi, fd, watch);
    }
    short wanted = EV_PERSIST;
    wanted |= what & CURL_POLL_IN ? EV_READ : 0;
    wanted |= what & CURL_POLL_OUT ? EV_WRITE : 0;
    watch->event = event_new(loop_base(fetcher->loop), fd, wanted, on_socket_ready, watch);
    CHECK(watch->event != NULL && event_add(watch->event, NULL) == 0);
    return 0;
}

static int curl_wants_timer(CURLM *multi, long delay_ms, void *arg)
{
    struct fetcher *fetcher = arg;
    (void)multi;
    if (delay_ms < 0) {
        timer_stop(fetcher->timer);
    } else {
        timer_set(fetcher->timer, delay_ms);
    }
    return 0;
}

static void keep_header(struct str line, const char *name, struct buf *to)
{
    struct str head = str_sub(line, 0, strlen(name));
    if (str_eq_nocase(head, str_of(name)) && line.len > head.len && line.at[head.len] == ':') {
        buf_clear(to);
        buf_put(to, str_trim(str_from(line, head.len + 1)));
    }
}

/* A status line begins a new head: an interim answer (1xx) is followed by another one. */
static size_t curl_has_header(char *at, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    struct str line = str_make(at, size * count);
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r')) {
        line.len--;
    }
    ptrdiff_t blank = str_find_char(line, ' ');
    uint64_t status;
    if (str_starts(line, STR("HTTP/")) && blank > 0 && !transfer->head_done) {
        struct str digits = str_sub(line, (size_t)blank + 1, 3);
        transfer->status = str_to_u64(digits, 999, &status) ? (int)status : 0;
    } else if (line.len == 0 && transfer->status >= 200) {
        transfer->head_done = true;
    } else {
        keep_header(line, "retry-after", &transfer->retry_after);
        keep_header(line, "location", &transfer->location);
        keep_header(line, "content-type", &transfer->content_type);
    }
    return size * count;
}

static size_t curl_has_body(char *at, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t bytes = size * count;
    size_t room = FETCH_ANSWER_BYTES_MAX - transfer->answer.len;
    buf_put(&transfer->answer, str_make(at, bytes < room ? bytes : room));
    if (bytes > room) {
        transfer->cut = true;
        return CURL_WRITEFUNC_ERROR;
    }
    return bytes;
}

/* The life of a transfer. */

static void set_common(struct fetcher *fetcher, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* a name that does not resolve must not hold up the loop when its handle is taken out */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mashang/" MASHANG_VERSION);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (fetcher->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, fetcher->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* else the system's would do as well */
    }
    if (fetcher->client_cert != NULL) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, fetcher->client_cert);
    }
    if (fetcher->client_key != NULL) {
        curl_easy_setopt(easy, CURLOPT_SSLKEY, fetcher->client_key);
    }
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, curl_has_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, curl_has_body);
}

static CURL *take_handle(struct fetcher *fetcher)
{
    if (fetcher->spare_count > 0) {
        return fetcher->spare[--fetcher->spare_count];
    }
    CURL *easy = curl_easy_init();
    CHECK(easy != NULL);
    set_common(fetcher, easy);
    return easy;
}

static void give_handle(struct fetcher *fetcher, CURL *easy)
{
    if (fetcher->closed || fetcher->spare_count == SPARE_HANDLES_MAX) {
        curl_easy_cleanup(easy);
    } else {
        fetcher->spare[fetcher->spare_count++] = easy;
    }
}

static void append_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    CHECK(longer != NULL);
    transfer->headers = longer;
}

static void set_request(struct transfer *transfer, const struct fetch_request *request)
{
    CURL *easy = transfer->easy;
    bool is_https = strncmp(request->url, "https:", 6) == 0;
    bool is_post = strcmp(request->method, "POST") == 0;
    CHECK(is_post || strcmp(request->method, "GET") == 0);
    append_header(transfer, "Expect:");
    for (size_t i = 0; i < request->header_count; i++) {
        append_header(transfer, request->headers[i]);
    }
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, is_https ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    if (is_post) {
        transfer->body = mem_dup_str(request->body);
        transfer->body_len = request->body.len;
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->why);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

static void link_transfer(struct fetcher *fetcher, struct transfer *transfer)
{
    transfer->next = fetcher->first;
    if (transfer->next != NULL) {
        transfer->next->previous = transfer;
    }
    fetcher->first = transfer;
}

static void unlink_transfer(struct fetcher *fetcher, struct transfer *transfer)
{
    if (transfer->previous != NULL) {
        transfer->previous->next = transfer->next;
    } else {
        fetcher->first = transfer->next;
    }
    if (transfer->next != NULL) {
        transfer->next->previous = transfer->previous;
    }
}

/* What we sent names a person. */
static void free_transfer(struct transfer *transfer)
{
    if (transfer->body != NULL) {
        explicit_bzero(transfer->body, transfer->body_len);
        free(transfer->body);
    }
    buf_release(&transfer->answer);
    buf_release(&transfer->retry_after);
    buf_release(&transfer->location);
    buf_release(&transfer->content_type);
    transfer->magic = 0;
    free(transfer);
}

/* why NULL: the answer came whole. A head that came counts, even when its body broke off. */
static void finish(struct transfer *transfer, const char *why)
{
    struct fetcher *fetcher = transfer->fetcher;
    CHECK_OBJ(transfer, TRANSFER_MAGIC);
    curl_multi_remove_handle(fetcher->multi, transfer->easy);
    curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, NULL);
    curl_slist_free_all(transfer->headers);
    give_handle(fetcher, transfer->easy);
    timer_free(&transfer->deadline);
    unlink_transfer(fetcher, transfer);
    const struct fetch_answer answer = {
        .status = transfer->head_done ? transfer->status : 0,
        .body = transfer->head_done ? buf_str(&transfer->answer) : STR(""),
        .body_whole = why == NULL,
        .retry_after = buf_str(&transfer->retry_after),
        .location = buf_str(&transfer->location),
        .content_type = buf_str(&transfer->content_type),
        .why = why ? why : "",
        .took_ms = clock_mono_ms() - transfer->begun_ms,
    };
    transfer->done(transfer->arg, &answer);
    free_transfer(transfer);
}

void fetch(struct fetcher *fetcher, const struct fetch_request *request, fetch_done_fn *done,
           void *arg)
{
    CHECK_OBJ(fetcher, FETCHER_MAGIC);
    CHECK(!fetcher->closed);
    struct transfer *transfer = mem_alloc(sizeof *transfer);
    transfer->magic = TRANSFER_MAGIC;
    transfer->fetcher = fetcher;
    transfer->done = done;
    transfer->arg = arg;
    transfer->begun_ms = clock_mono_ms();
    transfer->timeout_ms = request->timeout_ms;
    buf_init(&transfer->answer, FETCH_ANSWER_BYTES_MAX);
    buf_init(&transfer->retry_after, HEADER_VALUE_BYTES_MAX);
    buf_init(&transfer->location, HEADER_VALUE_BYTES_MAX);
    buf_init(&transfer->content_type, HEADER_VALUE_BYTES_MAX);
    transfer->easy = take_handle(fetcher);
    set_request(transfer, request);
    transfer->deadline = timer_new(fetcher->loop, on_deadline, transfer);
    timer_set(transfer->deadline, request->timeout_ms);
    link_transfer(fetcher, transfer);
    CHECK(curl_multi_add_handle(fetcher->multi, transfer->easy) == CURLM_OK);
}

/* In the order of time. */

static void collect_later(struct fetcher *fetcher)
{
    if (!fetcher->collecting_later) {
        fetcher->collecting_later = true;
        loop_later(fetcher->loop, on_collect, fetcher);
    }
}

static void on_socket_ready(evutil_socket_t fd, short what, void *arg)
{
    struct fetcher *fetcher = ((struct watch *)arg)->fetcher; /* the watch may go in the call */
    int running;
    int ready = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(fetcher->multi, fd, ready, &running);
    collect_later(fetcher);
}

static void on_curl_due(void *arg)
{
    struct fetcher *fetcher = arg;
    int running;
    curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_later(fetcher);
}

static void collect(struct fetcher *fetcher)
{
    CURLMsg *message;
    int left;
    while (!fetcher->closed && (message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
        char *known = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &known);
        struct transfer *transfer = (struct transfer *)(void *)known;
        char why[CURL_ERROR_SIZE];
        snprintf(why, sizeof why, "%s",
                 transfer->cut      ? "the answer is too long"
                 : transfer->why[0] ? transfer->why
                                    : curl_easy_strerror(code));
        finish(transfer, code == CURLE_OK && transfer->head_done ? NULL : why);
    }
}

static void on_collect(void *arg)
{
    struct fetcher *fetcher = arg;
    CHECK_OBJ(fetcher, FETCHER_MAGIC);
    fetcher->collecting_later = false;
    collect(fetcher);
}

/* What is done already, in this very turn, still counts: it is collected first, and may take this transfer with it. */
static void on_deadline(void *arg)
{
    struct transfer *transfer = arg;
    struct fetcher *fetcher = transfer->fetcher;
    char why[64];
    CHECK_OBJ(transfer, TRANSFER_MAGIC);
    snprintf(why, sizeof why, "no answer within %lld ms", (long long)transfer->timeout_ms);
    transfer->late = true;
    collect(fetcher);
    struct transfer *at = fetcher->closed ? NULL : fetcher->first;
    while (at != NULL && !at->late) {
        at = at->next;
    }
    if (at != NULL) {
        finish(at, why);
    }
}

/* Beginning and end. */

static bool take_file(const char *path, const char *what, char **ret, struct err *err)
{
    if (path == NULL || path[0] == '\0') {
        return true;
    }
    if (access(path, R_OK) != 0) {
        return err_set(err, "%s: %s: %s", path, what, strerror(errno));
    }
    *ret = mem_strdup(path);
    return true;
}

struct fetcher *fetcher_new(struct loop *loop, const struct fetch_options *options, struct err *err)
{
    struct fetcher *fetcher = mem_alloc(sizeof *fetcher);
    fetcher->magic = FETCHER_MAGIC;
    fetcher->loop = loop;
    if (!take_file(options->ca_file, "upstream.ca_file", &fetcher->ca_file, err) ||
        !take_file(options->client_cert, "upstream.client_cert", &fetcher->client_cert, err) ||
        !take_file(options->client_key, "upstream.client_key", &fetcher->client_key, err)) {
        free(fetcher->ca_file);
        free(fetcher->client_cert);
        free(fetcher);
        return NULL;
    }
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    fetcher->multi = curl_multi_init();
    CHECK(fetcher->multi != NULL);
    fetcher->timer = timer_new(loop, on_curl_due, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket);
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, curl_wants_timer);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long)options->connections_max);
    curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS, (long)options->connections_max);
    return fetcher;
}

static void on_free(void *arg)
{
    struct fetcher *fetcher = arg;
    free(fetcher->ca_file);
    free(fetcher->client_cert);
    free(fetcher->client_key);
    fetcher->magic = 0;
    free(fetcher);
}

/* The memory itself goes after the turn: a collection may be waiting for its end. */
void fetcher_free(struct fetcher **fetcher_at)
{
    struct fetcher *fetcher = *fetcher_at;
    if (fetcher == NULL) {
        return;
    }
    CHECK_OBJ(fetcher, FETCHER_MAGIC);
    fetcher->closed = true;
    while (fetcher->first != NULL) {
        finish(fetcher->first, "stopped");
    }
    while (fetcher->spare_count > 0) {
        curl_easy_cleanup(fetcher->spare[--fetcher->spare_count]);
    }
    curl_multi_cleanup(fetcher->multi);
    timer_free(&fetcher->timer);
    curl_global_cleanup();
    loop_later(fetcher->loop, on_free, fetcher);
    *fetcher_at = NULL;
}
