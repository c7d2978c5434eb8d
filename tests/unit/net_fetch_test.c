#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "canned_server.h"

#include "base/buf.h"
#include "base/clock.h"
#include "net/fetch.h"

static void say_body(int fd, const char *head, const char *body, size_t len)
{
    char length[64];
    snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", len);
    canned_say(fd, head);
    canned_say(fd, length);
    (void)!write(fd, body, len);
}

static void drip(int fd)
{
    canned_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 1000; i++) {
        if (write(fd, "x", 1) != 1) {
            _exit(0);
        }
        usleep(20000);
    }
}

static void reset_connection(int fd)
{
    canned_harden(fd);
    close(fd);
    _exit(0);
}

/* False: the connection ends. */
static bool answer(int fd, const char *path, const char *request)
{
    static char big[100000];
    char text[64];
    if (strcmp(path, "/echo") == 0) {
        say_body(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", request, strlen(request));
    } else if (strcmp(path, "/who") == 0) {
        snprintf(text, sizeof text, "%d", (int)getpid());
        say_body(fd, "HTTP/1.1 200 OK\r\n", text, strlen(text));
    } else if (strcmp(path, "/redirect") == 0) {
        say_body(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\n", "", 0);
    } else if (strcmp(path, "/busy") == 0) {
        say_body(fd, "HTTP/1.1 429 Busy\r\nRetry-After:  7 \r\n", "", 0);
    } else if (strcmp(path, "/interim") == 0) {
        canned_say(fd, "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n");
        say_body(fd, "HTTP/1.1 201 Created\r\n", "late", 4);
    } else if (strcmp(path, "/interim-only") == 0) {
        canned_say(fd, "HTTP/1.1 103 Early Hints\r\n\r\n");
        return false;
    } else if (strcmp(path, "/trailer") == 0) {
        canned_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
    } else if (strcmp(path, "/full") == 0) {
        memset(big, 'b', sizeof big);
        say_body(fd, "HTTP/1.1 200 OK\r\n", big, FETCH_ANSWER_BYTES_MAX);
    } else if (strcmp(path, "/big") == 0) {
        memset(big, 'b', sizeof big);
        say_body(fd, "HTTP/1.1 200 OK\r\n", big, sizeof big);
    } else if (strcmp(path, "/cut") == 0) {
        canned_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        return false;
    } else if (strcmp(path, "/half-head") == 0) {
        canned_say(fd, "HTTP/1.1 200 OK\r\nContent-Le");
        return false;
    } else if (strcmp(path, "/garbage") == 0) {
        canned_say(fd, "hello, I am no web server\r\n\r\n");
        return false;
    } else if (strcmp(path, "/close") == 0) {
        return false;
    } else if (strcmp(path, "/reset") == 0) {
        reset_connection(fd);
    } else if (strcmp(path, "/stall") == 0) {
        usleep(5000000);
        return false;
    } else if (strcmp(path, "/drip") == 0) {
        drip(fd);
    } else {
        say_body(fd, "HTTP/1.1 200 OK\r\n", "{\"id\": \"S-1\"}", 13);
    }
    return true;
}

static bool receive(int fd, const char *request)
{
    char path[64] = "";
    sscanf(request, "%*s %63s", path);
    return answer(fd, path, request);
}

static int start_server(void **state)
{
    (void)state;
    return canned_begin(receive);
}

static int stop_server(void **state)
{
    (void)state;
    return canned_end();
}

/* One fetch at a time, or several that are waited for together. */

struct result {
    struct loop *loop;
    int *waiting;
    int calls;
    int status;
    bool whole;
    char body[FETCH_ANSWER_BYTES_MAX + 1];
    size_t body_len;
    char retry_after[32], location[32], why[256];
    int64_t took_ms;
};

static void copy(char *to, size_t room, struct str text)
{
    snprintf(to, room, "%.*s", STR_ARG(text));
}

static void on_answer(void *arg, const struct fetch_answer *got)
{
    struct result *result = arg;
    result->calls++;
    result->status = got->status;
    result->whole = got->body_whole;
    result->body_len = got->body.len;
    if (got->body.len > 0) {
        memcpy(result->body, got->body.at, got->body.len);
    }
    result->body[got->body.len] = '\0';
    copy(result->retry_after, sizeof result->retry_after, got->retry_after);
    copy(result->location, sizeof result->location, got->location);
    snprintf(result->why, sizeof result->why, "%s", got->why);
    result->took_ms = got->took_ms;
    if (--*result->waiting == 0) {
        loop_stop(result->loop);
    }
}

struct house {
    struct loop *loop;
    struct fetcher *fetcher;
    int waiting;
};

static void open_house(struct house *house, const struct fetch_options *options)
{
    struct err err;
    house->loop = loop_new();
    house->waiting = 0;
    house->fetcher = fetcher_new(house->loop, options, &err);
    assert_non_null(house->fetcher);
}

static void close_house(struct house *house)
{
    fetcher_free(&house->fetcher);
    assert_null(house->fetcher);
    loop_free(&house->loop);
}

static void begin(struct house *house, const char *url, const char *body, int64_t timeout_ms,
                  struct result *result)
{
    const struct fetch_request request = {
        .method = body ? "POST" : "GET",
        .url = url,
        .headers = {"webhook-id: 412938471655", "content-type: application/cloudevents+json"},
        .header_count = 2,
        .body = str_of(body),
        .timeout_ms = timeout_ms,
    };
    *result = (struct result){.loop = house->loop, .waiting = &house->waiting};
    house->waiting++;
    fetch(house->fetcher, &request, on_answer, result);
    assert_int_equal(result->calls, 0); /* never before it returns */
}

static const struct fetch_options plain = {.connections_max = 32};

static void get(const char *path, struct result *result, int64_t timeout_ms)
{
    struct house house;
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", canned_port, path);
    open_house(&house, &plain);
    begin(&house, url, "{}", timeout_ms, result);
    loop_run(house.loop);
    close_house(&house);
    assert_int_equal(result->calls, 1);
}

static void test_answers(void **state)
{
    static const struct {
        const char *path;
        int status;
        bool whole;
        const char *body; /* NULL: not looked at */
    } cases[] = {
        {"/ok", 200, true, "{\"id\": \"S-1\"}"},
        {"/redirect", 302, true, ""},
        {"/interim", 201, true, "late"},
        {"/interim-only", 0, false, ""},
        {"/trailer", 200, true, "abc"},
        {"/full", 200, true, NULL},
        {"/big", 200, false, NULL},
        {"/cut", 200, false, "half"},
        {"/half-head", 0, false, ""},
        {"/garbage", 0, false, ""},
        {"/close", 0, false, ""},
        {"/reset", 0, false, ""},
    };
    static struct result result;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("  %s\n", cases[i].path);
        get(cases[i].path, &result, 5000);
        assert_int_equal(result.status, cases[i].status);
        assert_int_equal(result.whole, cases[i].whole);
        assert_int_equal(result.why[0] == '\0', cases[i].whole);
        if (cases[i].body != NULL) {
            assert_string_equal(result.body, cases[i].body);
        }
    }
    get("/full", &result, 5000);
    assert_int_equal(result.body_len, FETCH_ANSWER_BYTES_MAX);
    get("/big", &result, 5000);
    assert_int_equal(result.body_len, FETCH_ANSWER_BYTES_MAX);
    get("/busy", &result, 5000);
    assert_string_equal(result.retry_after, "7");
    get("/redirect", &result, 5000);
    assert_string_equal(result.location, "/ok");
}

static void test_time_runs_out(void **state)
{
    static struct result result;
    (void)state;
    get("/stall", &result, 200);
    assert_int_equal(result.status, 0);
    assert_in_range(result.took_ms, 200, 900);
    assert_true(result.why[0] != '\0');
    get("/drip", &result, 300); /* a head came, so it counts; the body is cut */
    assert_int_equal(result.status, 200);
    assert_false(result.whole);
    assert_in_range(result.took_ms, 300, 1000);
}

static void test_what_is_sent(void **state)
{
    static struct result result;
    struct house house;
    char url[128];
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/echo", canned_port);
    open_house(&house, &plain);
    begin(&house, url, "{\"a\":1}", 5000, &result);
    loop_run(house.loop);
    close_house(&house);
    unsetenv("http_proxy");
    assert_int_equal(result.status, 200);
    assert_memory_equal(result.body, "POST /echo HTTP/1.1\r\n", 21);
    assert_non_null(strstr(result.body, "\r\nwebhook-id: 412938471655\r\n"));
    assert_non_null(strstr(result.body, "\r\ncontent-type: application/cloudevents+json\r\n"));
    assert_null(strstr(result.body, "Expect"));
    assert_null(strstr(result.body, "urlencoded"));
    assert_non_null(strstr(result.body, "\r\n\r\n{\"a\":1}"));
}

static void test_only_http(void **state)
{
    static const char *const urls[] = {"file:///etc/hostname", "ftp://127.0.0.1/", "gopher://x/",
                                       "http://127.0.0.1:99999/", ""};
    static struct result result;
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct house house;
        open_house(&house, &plain);
        begin(&house, urls[i], NULL, 2000, &result);
        loop_run(house.loop);
        close_house(&house);
        assert_int_equal(result.status, 0);
        assert_true(result.why[0] != '\0');
    }
}

static void test_connections_are_kept_and_slow_ones_delay_nobody(void **state)
{
    static struct result slow, first, second;
    struct house house;
    char url[128];
    (void)state;
    open_house(&house, &plain);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/who", canned_port);
    begin(&house, url, NULL, 5000, &first);
    loop_run(house.loop);
    begin(&house, url, "x", 5000, &second);
    loop_run(house.loop);
    assert_string_equal(first.body, second.body); /* the same connection */
    snprintf(url, sizeof url, "http://127.0.0.1:%d/stall", canned_port);
    begin(&house, url, "x", 400, &slow);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", canned_port);
    begin(&house, url, "x", 5000, &first);
    begin(&house, url, "x", 5000, &second);
    loop_run(house.loop);
    assert_int_equal(first.status, 200);
    assert_int_equal(second.status, 200);
    assert_in_range(first.took_ms, 0, 390);
    assert_in_range(second.took_ms, 0, 390);
    assert_int_equal(slow.status, 0);
    close_house(&house);
}

/* More than there are connections: all are answered, and what waits for its turn keeps its deadline. */
static void test_connections_are_limited(void **state)
{
    enum { MANY = 6 };
    static struct result results[MANY];
    static const struct fetch_options two = {.connections_max = 2};
    struct house house;
    char url[128];
    (void)state;
    open_house(&house, &two);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/stall", canned_port);
    for (int i = 0; i < MANY; i++) {
        begin(&house, url, "x", 300, &results[i]);
    }
    loop_run(house.loop);
    close_house(&house);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(results[i].calls, 1);
        assert_int_equal(results[i].status, 0);
        assert_in_range(results[i].took_ms, 300, 1000);
    }
}

static void test_free_ends_what_is_under_way(void **state)
{
    static struct result result;
    struct house house;
    char url[128];
    (void)state;
    open_house(&house, &plain);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/stall", canned_port);
    begin(&house, url, "x", 5000, &result);
    close_house(&house);
    assert_int_equal(result.calls, 1);
    assert_int_equal(result.status, 0);
    assert_true(result.why[0] != '\0');
}

static void test_missing_files(void **state)
{
    struct err err;
    struct fetch_options options = {.connections_max = 1, .ca_file = "/nonexistent/ca.pem"};
    struct loop *loop = loop_new();
    (void)state;
    assert_null(fetcher_new(loop, &options, &err));
    assert_non_null(strstr(err.text, "/nonexistent/ca.pem"));
    loop_free(&loop);
}

/* TLS against openssl s_server, which wants a certificate of ours. */

static char tls_folder[] = "/tmp/mashang-fetch-XXXXXX";
static pid_t tls_server;
static int tls_port;

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void make_certificate(const char *name, const char *alt)
{
    char command[1024];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
             "/CN=%s -addext subjectAltName=%s -keyout %s/%s.key -out %s/%s.pem 2>/dev/null",
             name, alt, tls_folder, name, tls_folder, name);
    assert_int_equal(system(command), 0);
}

static int start_tls(void **state)
{
    char port[16], cert[128], key[128], ca[128];
    (void)state;
    if (mkdtemp(tls_folder) == NULL) {
        return -1;
    }
    make_certificate("server", "IP:127.0.0.1");
    make_certificate("client", "DNS:client");
    make_certificate("other", "IP:127.0.0.1");
    tls_port = free_port();
    snprintf(port, sizeof port, "127.0.0.1:%d", tls_port);
    snprintf(cert, sizeof cert, "%s/server.pem", tls_folder);
    snprintf(key, sizeof key, "%s/server.key", tls_folder);
    snprintf(ca, sizeof ca, "%s/client.pem", tls_folder);
    tls_server = fork();
    if (tls_server == 0) {
        int null = open("/dev/null", 2);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execlp("openssl", "openssl", "s_server", "-accept", port, "-cert", cert, "-key", key,
               "-CAfile", ca, "-Verify", "1", "-verify_return_error", "-www", NULL);
        _exit(127);
    }
    for (int i = 0; i < 100; i++) {
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons((uint16_t)tls_port)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int failed = connect(fd, (struct sockaddr *)&at, sizeof at);
        close(fd);
        if (!failed) {
            return 0;
        }
        usleep(50000);
    }
    return -1;
}

static int stop_tls(void **state)
{
    char command[128];
    (void)state;
    kill(tls_server, SIGTERM);
    waitpid(tls_server, NULL, 0);
    snprintf(command, sizeof command, "rm -r %s", tls_folder);
    return system(command);
}

static void test_tls(void **state)
{
    static const struct {
        const char *ca, *cert, *host;
        int status;
    } cases[] = {
        {"server", "client", "127.0.0.1", 200},
        {"", "client", "127.0.0.1", 0},       /* nobody we trust has signed it */
        {"other", "client", "127.0.0.1", 0},  /* nor has this one */
        {"server", "client", "localhost", 0}, /* another name */
        {"server", "", "127.0.0.1", 0},       /* we must show a certificate */
        {"server", "other", "127.0.0.1", 0},  /* and it must be the right one */
    };
    static struct result result;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct house house;
        char ca[128] = "", cert[128] = "", key[128] = "", url[128];
        if (cases[i].ca[0] != '\0') {
            snprintf(ca, sizeof ca, "%s/%s.pem", tls_folder, cases[i].ca);
        }
        if (cases[i].cert[0] != '\0') {
            snprintf(cert, sizeof cert, "%s/%s.pem", tls_folder, cases[i].cert);
            snprintf(key, sizeof key, "%s/%s.key", tls_folder, cases[i].cert);
        }
        const struct fetch_options options = {ca, cert, key, 4};
        snprintf(url, sizeof url, "https://%s:%d/", cases[i].host, tls_port);
        open_house(&house, &options);
        begin(&house, url, NULL, 5000, &result);
        loop_run(house.loop);
        close_house(&house);
        print_message("  %s %s %s: %d %s\n", cases[i].ca, cases[i].cert, cases[i].host,
                      result.status, result.why);
        assert_int_equal(result.status, cases[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_time_runs_out),
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_only_http),
        cmocka_unit_test(test_connections_are_kept_and_slow_ones_delay_nobody),
        cmocka_unit_test(test_connections_are_limited),
        cmocka_unit_test(test_free_ends_what_is_under_way),
        cmocka_unit_test(test_missing_files),
        cmocka_unit_test_setup_teardown(test_tls, start_tls, stop_tls),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
