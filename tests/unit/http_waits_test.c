/* Requests that wait in a handler for long: no deadline cuts them, their end is seen at once, and they cost little. */
#include "tests/unit/http_server.h"

enum { READERS = 1000, DESCRIPTORS = 2 * READERS + 100, BYTES_PER_READER_MAX = 4096 };

static void until_waiting(int count)
{
    for (int i = 0; i < 500 && server.waiting != count; i++) {
        usleep(10 * 1000);
    }
    assert_int_equal(server.waiting, count);
}

static void test_no_deadline_cuts_a_waiting_request(void **state)
{
    struct listener_options options = plain();
    (void)state;
    options.head_ms = options.body_ms = options.idle_ms = options.write_ms = 100;
    start(LOCAL, options);
    int get = dial();
    int post = dial();
    int again = dial();
    int piped = dial();
    assert_has(ask(again, GET("/")), "200 OK"); /* an idle deadline stood */
    say(get, STR(GET("/wait/900")));
    say(again, STR(GET("/wait/900")));
    say(piped, STR(GET("/wait/900") GET("/next")));
    say(post, STR("POST /wait/900 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"));
    say(post, STR("ab"));
    assert_has(hear(get, false), "at last");
    assert_has(hear(post, false), "at last");
    assert_has(hear(again, false), "at last");
    assert_has(hear(piped, false), "at last");
    assert_has(hear(piped, false), "/next?");
    assert_int_equal(server.gone, 0);
    close(get);
    close(post);
    close(again);
    close(piped);
    finish();
}

/* Well before the next round of deadlines: a handler that waits for others' sake must not hold what nobody will read. */
static void test_the_end_is_heard_at_once(void **state)
{
    struct linger hard = {.l_onoff = 1};
    (void)state;
    start(LOCAL, plain());
    for (int reset = 0; reset < 2; reset++) {
        int fd = dial();
        say(fd, STR(GET("/wait")));
        until_waiting(1);
        if (reset) {
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        }
        int64_t from_ms = clock_mono_ms();
        close(fd);
        until_waiting(0);
        assert_true(clock_mono_ms() - from_ms < 200);
        assert_int_equal(server.gone, reset + 1);
    }
    finish();
    assert_int_equal(server.counts.open, 0);
}

/* A reload must not wait half a minute for those who wait, nor leave them without an answer. */
static void test_a_stop_is_answered_at_once(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int early = dial();
    int late = dial();
    int both = dial();
    int other = dial();
    say(early, STR(GET("/wait")));
    say(both, STR(GET("/wait") GET("/wait")));
    say(late, STR("GET /wait HTTP/1.1\r\n"));
    until_waiting(2);
    int64_t from_ms = clock_mono_ms();
    assert_has(ask(other, GET("/stop")), "200 OK");
    say(late, STR("Host: a\r\n\r\n"));
    const int fds[] = {early, late, both};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        const char *answer = hear(fds[i], false);
        assert_has(answer, "at last");
        assert_has(answer, "Connection: close");
        assert_true(closed(fds[i], 1000));
        close(fds[i]);
    }
    assert_true(clock_mono_ms() - from_ms < 1000);
    close(other);
    finish();
    assert_int_equal(server.gone, 0);
    assert_int_equal(server.waiting, 0);
}

/* What the process has in memory of its own. */
static size_t own_bytes(void)
{
    char line[256];
    size_t kib = 0;
    FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
    assert_non_null(rollup);
    while (fgets(line, sizeof line, rollup) != NULL) {
        size_t of = 0;
        if (sscanf(line, "Private_Clean: %zu", &of) == 1 ||
            sscanf(line, "Private_Dirty: %zu", &of) == 1) {
            kib += of;
        }
    }
    fclose(rollup);
    return kib * 1024;
}

static bool more_descriptors(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    return limit.rlim_max >= DESCRIPTORS && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* As programs send it: a token, an agent, what it takes. */
static const char poll_request[] =
    "GET /wait?since=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&limit=200&wait=30 HTTP/1.1\r\n"
    "Host: office.example.cn\r\n"
    "User-Agent: python-requests/2.31.0\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Accept: application/json\r\n"
    "Connection: keep-alive\r\n"
    "Authorization: Bearer ms_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n\r\n";

static void test_a_waiting_reader_is_cheap(void **state)
{
    int fds[READERS];
    (void)state;
    if (!more_descriptors()) {
        skip();
    }
    start(LOCAL, plain());
    int first = dial();
    assert_has(ask(first, GET("/")), "200 OK");
    size_t before = own_bytes();
    for (int i = 0; i < READERS; i++) {
        fds[i] = dial();
        say(fds[i], str_of(poll_request));
    }
    until_waiting(READERS);
    size_t each = (own_bytes() - before) / READERS;
    print_message("a waiting reader: %zu bytes\n", each);
#ifndef __SANITIZE_ADDRESS__ /* its red zones are no cost of ours */
    assert_true(each <= BYTES_PER_READER_MAX);
#endif
    for (int i = 0; i < READERS; i++) {
        close(fds[i]);
    }
    until_waiting(0);
    assert_int_equal(server.gone, READERS);
    close(first);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_deadline_cuts_a_waiting_request),
        cmocka_unit_test(test_the_end_is_heard_at_once),
        cmocka_unit_test(test_a_stop_is_answered_at_once),
        cmocka_unit_test(test_a_waiting_reader_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
