/*
 * fetch.c - libcurl's multi interface driven by the loop.
 *
 *   fetch ─► easy handle ─► multi ── socket and timer callbacks ask for events ──┐
 *                             ▲                                                  │
 *                             └── on_socket, on_timeout: socket_action ◄─────────┘
 *                                      └─ collect: finished handles leave the multi, done is called, handles are freed
 *
 * curl forbids touching handles inside its callbacks; ours only arm events. Collecting happens after socket_action has returned.
 */
#include "net/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"

enum { FETCHER_MAGIC = 0xFE7C4, JOB_MAGIC = 0xFE7C5, CONNECT_SHARE = 2, HEADER_VALUE_BYTES = 256 };

struct watch { /* one socket of curl's */
    struct fetcher *fetcher;
    struct event *event;
    curl_socket_t socket;
};

struct job {
    unsigned magic;
    struct fetcher *fetcher;
    struct job *next, *previous;
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    size_t body_len;
    struct buf answer;
    bool head_done; /* its empty line has come: a head that breaks off is no answer */
    char retry_after[HEADER_VALUE_BYTES], location[HEADER_VALUE_BYTES];
    char content_type[HEADER_VALUE_BYTES];
    char why[CURL_ERROR_SIZE];
    int64_t began_ms;
    fetch_done_fn *done;
    void *arg;
};

struct fetcher {
    unsigned magic;
    struct loop *loop;
    CURLM *multi;
    struct event *timer;
    struct job *jobs;
    char *ca_file, *client_cert, *client_key;
};

static void on_socket(evutil_socket_t fd, short events, void *arg);
static void on_timeout(evutil_socket_t fd, short events, void *arg);
static loop_fn on_refused_at_once;

static int want_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *watch_at)
{
    struct fetcher *fetcher = arg;
    struct watch *watch = watch_at;
    (void)easy;
    if (watch != NULL) {
        event_free(watch->event);
    }
    if (what == CURL_POLL_REMOVE) {
        free(watch);
        curl_multi_assign(fetcher->multi, socket, NULL);
        return 0;
    }
    if (watch == NULL) {
        watch = mem_alloc(sizeof *watch);
        watch->fetcher = fetcher;
        watch->socket = socket;
        curl_multi_assign(fetcher->multi, socket, watch);
    }
    short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
                           (what & CURL_POLL_OUT ? EV_WRITE : 0));
    watch->event = event_new(loop_base(fetcher->loop), socket, (short)(events | EV_PERSIST),
                             on_socket, watch);
    CHECK(watch->event != NULL);
    event_add(watch->event, NULL);
    return 0;
}

static int want_timer(CURLM *multi, long delay_ms, void *arg)
{
    struct fetcher *fetcher = arg;
    (void)multi;
    if (delay_ms < 0) {
        event_del(fetcher->timer);
    } else {
        struct timeval delay = {delay_ms / 1000, delay_ms % 1000 * 1000};
        event_add(fetcher->timer, &delay);
    }
    return 0;
}

static size_t take_body(char *at, size_t size, size_t count, void *arg)
{
    struct job *job = arg;
    size_t bytes = size * count;
    size_t room = FETCH_ANSWER_BYTES_MAX - job->answer.len;
    buf_put(&job->answer, str_make(at, bytes < room ? bytes : room));
    if (bytes > room) {
        return 0; /* curl ends the transfer: what we have is enough */
    }
    return bytes;
}

static void keep_header(struct str line, const char *name, char ret_value[HEADER_VALUE_BYTES])
{
    size_t len = strlen(name);
    if (line.len > len && line.at[len] == ':' && strncasecmp(line.at, name, len) == 0) {
        struct str value = str_from(line, len + 1);
        while (value.len > 0 && strchr("\r\n", value.at[value.len - 1]) != NULL) {
            value.len--;
        }
        value = str_sub(str_trim(value), 0, HEADER_VALUE_BYTES - 1);
        memcpy(ret_value, value.at, value.len);
        ret_value[value.len] = '\0';
    }
}

static size_t take_header(char *at, size_t size, size_t count, void *arg)
{
    struct job *job = arg;
    struct str line = str_make(at, size * count);
    bool begins = str_starts(line, STR("HTTP/")); /* after an interim answer once more */
    bool ends = str_is(line, "\r\n") || str_is(line, "\n");
    job->head_done = ends || (job->head_done && !begins); /* trailers come later */
    keep_header(line, "retry-after", job->retry_after);
    keep_header(line, "location", job->location);
    keep_header(line, "content-type", job->content_type);
    return size * count;
}

static bool can_read(const char *path, const char *key, struct err *err)
{
    return path == NULL || path[0] == '\0' || access(path, R_OK) == 0 ||
           err_set(err, "%s: %s: %s", path, key, strerror(errno));
}

bool fetch_check(const struct fetch_options *options, struct err *err)
{
    return can_read(options->ca_file, "upstream.ca_file", err) &&
           can_read(options->client_cert, "upstream.client_cert", err) &&
           can_read(options->client_key, "upstream.client_key", err);
}

struct fetcher *fetcher_new(struct loop *loop, const struct fetch_options *options, struct err *err)
{
    if (!fetch_check(options, err)) {
        return NULL;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        err_set(err, "libcurl does not start");
        return NULL;
    }
    struct fetcher *fetcher = mem_alloc(sizeof *fetcher);
    fetcher->magic = FETCHER_MAGIC;
    fetcher->loop = loop;
    fetcher->ca_file = mem_strdup(options->ca_file);
    fetcher->client_cert = mem_strdup(options->client_cert);
    fetcher->client_key = mem_strdup(options->client_key);
    fetcher->multi = curl_multi_init();
    fetcher->timer = event_new(loop_base(loop), -1, 0, on_timeout, fetcher);
    CHECK(fetcher->multi != NULL && fetcher->timer != NULL);
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long)options->connections_max);
    curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS, (long)options->connections_max);
    return fetcher;
}

static void set_transport(const struct fetcher *fetcher, CURL *easy, const char *url)
{
    const char *scheme = strncasecmp(url, "https://", 8) == 0 ? "https" : "http";
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, scheme);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* a name that does not resolve must not hold up the loop when its handle is taken out */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (fetcher->ca_file[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_CAINFO, fetcher->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (fetcher->client_cert[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, fetcher->client_cert);
        curl_easy_setopt(easy, CURLOPT_SSLKEY,
                         fetcher->client_key[0] ? fetcher->client_key : fetcher->client_cert);
    }
}

static void set_request(struct job *job, const struct fetch_request *request)
{
    CURL *easy = job->easy;
    bool has_body = strcmp(request->method, "GET") != 0;
    for (size_t i = 0; i < request->header_count; i++) {
        job->headers = curl_slist_append(job->headers, request->headers[i]);
    }
    job->headers = curl_slist_append(job->headers, "Expect:");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job->headers);
    if (has_body) {
        job->body = mem_dup_str(request->body);
        job->body_len = request->body.len;
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job->body);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    }
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mashang/" MASHANG_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(request->timeout_ms / CONNECT_SHARE));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, job);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, job->why);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
}

void fetch(struct fetcher *fetcher, const struct fetch_request *request, fetch_done_fn *done,
           void *arg)
{
    CHECK_OBJ(fetcher, FETCHER_MAGIC);
    struct job *job = mem_alloc(sizeof *job);
    job->magic = JOB_MAGIC;
    job->fetcher = fetcher;
    job->done = done;
    job->arg = arg;
    job->began_ms = clock_mono_ms();
    buf_init(&job->answer, FETCH_ANSWER_BYTES_MAX);
    job->easy = curl_easy_init();
    CHECK(job->easy != NULL);
    set_transport(fetcher, job->easy, request->url);
    set_request(job, request);
    job->next = fetcher->jobs;
    if (job->next != NULL) {
        job->next->previous = job;
    }
    fetcher->jobs = job;
    /* curl arms its timer; the transfer begins in a later turn, so done cannot come before we return */
    if (curl_multi_add_handle(fetcher->multi, job->easy) != CURLM_OK) {
        loop_later(fetcher->loop, on_refused_at_once, job);
    }
}

static void job_finish(struct job *job, CURLcode result)
{
    struct fetcher *fetcher = job->fetcher;
    long status = 0;
    CHECK_OBJ(job, JOB_MAGIC);
    curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
    /* curl is content with a head that the end of the connection cut off */
    bool answered = status >= 200 && job->head_done;
    bool whole = answered && result == CURLE_OK;
    const char *why = job->why[0] ? job->why : curl_easy_strerror(result);
    const struct fetch_answer answer = {
        .status = answered ? (int)status : 0,
        .body = buf_str(&job->answer),
        .body_whole = whole,
        .retry_after = str_of(job->retry_after),
        .location = str_of(job->location),
        .content_type = str_of(job->content_type),
        .why = whole                ? ""
               : result == CURLE_OK ? "the answer broke off"
                                    : why,
        .took_ms = clock_mono_ms() - job->began_ms,
    };
    curl_multi_remove_handle(fetcher->multi, job->easy);
    if (job->previous != NULL) {
        job->previous->next = job->next;
    } else {
        fetcher->jobs = job->next;
    }
    if (job->next != NULL) {
        job->next->previous = job->previous;
    }
    job->done(job->arg, &answer);
    curl_easy_cleanup(job->easy);
    curl_slist_free_all(job->headers);
    if (job->body != NULL) { /* it names a person */
        explicit_bzero(job->body, job->body_len);
        free(job->body);
    }
    buf_release(&job->answer);
    job->magic = 0;
    free(job);
}

static void collect(struct fetcher *fetcher)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
        struct job *job = NULL;
        CURLcode result = message->data.result;
        if (message->msg == CURLMSG_DONE) {
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&job);
            job_finish(job, result);
        }
    }
}

static void on_refused_at_once(void *arg)
{
    job_finish(arg, CURLE_FAILED_INIT);
}

static void on_socket(evutil_socket_t fd, short events, void *arg)
{
    struct watch *watch = arg;
    struct fetcher *fetcher = watch->fetcher; /* the watch may be freed inside socket_action */
    int running;
    int what = (events & EV_READ ? CURL_CSELECT_IN : 0) |
               (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(fetcher->multi, fd, what, &running);
    collect(fetcher);
}

static void on_timeout(evutil_socket_t fd, short events, void *arg)
{
    struct fetcher *fetcher = arg;
    int running;
    (void)fd;
    (void)events;
    curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(fetcher);
}

void fetcher_free(struct fetcher **fetcher_at)
{
    struct fetcher *fetcher = *fetcher_at;
    if (fetcher == NULL) {
        return;
    }
    CHECK_OBJ(fetcher, FETCHER_MAGIC);
    while (fetcher->jobs != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): each leaves the list */
        job_finish(fetcher->jobs, CURLE_ABORTED_BY_CALLBACK);
    }
    curl_multi_cleanup(fetcher->multi);
    event_free(fetcher->timer);
    free(fetcher->ca_file);
    free(fetcher->client_cert);
    free(fetcher->client_key);
    fetcher->magic = 0;
    free(fetcher);
    *fetcher_at = NULL;
}
