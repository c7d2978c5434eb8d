/* What slow, greedy and numerous visitors meet. */
#include "tests/unit/http_server.h"

static void test_refused_is_readable_while_still_sending(void **state)
{
    static char block[4096];
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"));
    for (int i = 0; i < 40; i++) {
        assert_true(send(fd, block, sizeof block, MSG_NOSIGNAL) > 0);
        usleep(1000);
    }
    const char *text = hear(fd, false);
    assert_has(text, "HTTP/1.1 413 ");
    assert_has(text, "Connection: close\r\n");
    assert_has(text, "no: /p");
    assert_true(closed(fd, 1000));
    close(fd);
    finish();
    assert_int_equal(server.counts.refused, 1);
}

static void test_lingering_ends(void **state)
{
    static char block[65536];
    size_t sent = 0;
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 200000000\r\n\r\n"));
    while (sent < 100000000 && send(fd, block, sizeof block, MSG_NOSIGNAL) > 0) {
        sent += sizeof block;
    }
    assert_true(sent < 100000000);
    close(fd);
    finish();
    assert_true(server.counts.bytes_in < 400 * 1024);
}

static void test_wrong_head_is_answered_at_once(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    int64_t began_ms = clock_mono_ms();
    assert_has(ask(fd, "GET / HTTP/1.1\n"), "HTTP/1.1 400 Bad Request");
    assert_true(clock_mono_ms() - began_ms < 1000);
    close(fd);
    finish();
}

static void test_deadlines(void **state)
{
    struct listener_options options = plain();
    (void)state;
    options.head_ms = options.body_ms = options.idle_ms = SHORT_MS;
    start(LOCAL, options);
    int silent = dial();
    int dripping = dial();
    int blank = dial();
    int body = dial();
    int idle = dial();
    say(blank, STR("\r\n"));
    say(body, STR("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nb"));
    assert_has(ask(idle, GET("/")), "200 OK");
    /* a byte now and then does not move an absolute deadline */
    struct pollfd answer = {.fd = dripping, .events = POLLIN};
    for (int i = 0; poll(&answer, 1, 100) == 0; i++) {
        assert_true(i < 25);
        say(dripping, STR("G"));
    }
    assert_has(hear(dripping, false), "HTTP/1.1 408 Request Timeout");
    assert_has(hear(body, false), "no: /b");
    assert_true(closed(silent, 2000));
    assert_true(closed(blank, 2000));
    assert_true(closed(idle, 2000));
    close(silent);
    close(dripping);
    close(blank);
    close(body);
    close(idle);
    finish();
    assert_int_equal(server.counts.refused, 2);
    assert_int_equal(server.counts.by_status[4], 2);
}

static void test_keep_alive_gives_each_head_its_own_time(void **state)
{
    struct listener_options options = plain();
    (void)state;
    options.head_ms = options.body_ms = 1000;
    start(LOCAL, options);
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        usleep(300 * 1000);
        say(fd, STR("GET / HTTP/1.1\r\n"));
        usleep(100 * 1000);
        assert_has(ask(fd, "Host: a\r\n\r\n"), "200 OK");
    }
    say(fd, STR("POST / HTTP/1.1\r\n"));
    usleep(700 * 1000);
    say(fd, STR("Host: a\r\nContent-Length: 2\r\n\r\na"));
    usleep(700 * 1000);
    assert_has(ask(fd, "b"), "|ab");
    say(fd, STR("GET / HT"));
    int64_t began_ms = clock_mono_ms();
    assert_has(hear(fd, false), "408");
    assert_true(clock_mono_ms() - began_ms >= 1000);
    assert_true(clock_mono_ms() - began_ms < 3000);
    close(fd);
    finish();
}

static void test_a_reader_that_stops_is_cut_off(void **state)
{
    struct listener_options options = plain();
    (void)state;
    options.write_ms = 1 - BIG_BYTES / 4096 * 1000 +
                       SHORT_MS; /* what the length adds is taken off */
    start(LOCAL, options);
    int fd = dial();
    say(fd, STR(GET("/big")));
    usleep((SHORT_MS + 900) * 1000);
    assert_string_equal(hear(fd, false), "");
    close(fd);
    finish();
}

static void test_cap(void **state)
{
    struct listener_options options = plain();
    int fds[40];
    (void)state;
    options.connections_max = 2;
    start(LOCAL, options);
    fds[0] = dial();
    fds[1] = dial();
    say(fds[0], STR(GET("/wait")));
    say(fds[1], STR(GET("/wait"))); /* a long poll is not idle */
    while (server.waiting < 2) {
        usleep(1000);
    }
    fds[2] = dial();
    const char *text = ask(fds[2], GET("/third"));
    assert_has(text, "HTTP/1.1 503 Service Unavailable");
    assert_has(text, "Retry-After: 5\r\n");
    assert_has(text, "no: /third");
    close(fds[2]);
    for (int i = 2; i < 40; i++) {
        fds[i] = dial();
    }
    assert_true(closed(fds[39], 1000)); /* far over the cap there is silence */
    assert_false(closed(fds[0], 10));
    for (int i = 0; i < 40; i++) {
        close(fds[i]);
    }
    usleep(50 * 1000);
    fds[0] = dial();
    assert_has(ask(fds[0], GET("/")), "200 OK");
    close(fds[0]);
    finish();
}

/* Nobody holds a place by asking nothing. */
static void test_cap_the_longest_idle_makes_room(void **state)
{
    struct listener_options options = plain();
    int fds[6];
    (void)state;
    options.connections_max = 3;
    start(LOCAL, options);
    fds[0] = dial();
    say(fds[0], STR(GET("/wait")));
    for (int i = 1; i < 6; i++) {
        fds[i] = dial();
        assert_has(ask(fds[i], GET("/")), "200 OK");
        if (i == 2) { /* the first one is the younger now */
            assert_has(ask(fds[1], GET("/")), "200 OK");
        }
    }
    assert_true(closed(fds[2], 1000));
    assert_true(closed(fds[1], 1000));
    assert_true(closed(fds[3], 1000) != closed(fds[4], 10));
    assert_int_equal(server.waiting, 1);
    assert_has(ask(fds[5], GET("/")), "200 OK");
    for (int i = 0; i < 6; i++) {
        close(fds[i]);
    }
    finish();
}

static void say_half_a_body(int fd, size_t bytes)
{
    static char block[60000];
    memset(block, 'a', sizeof block);
    say(fd, STR("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 64000\r\n\r\n"));
    say(fd, str_make(block, bytes));
}

static void test_stalled_large_bodies_share_a_budget(void **state)
{
    struct listener_options options = plain();
    (void)state;
    options.large_bytes_max = 200000;
    start(LOCAL, options);
    int stalled[2] = {dial(), dial()};
    say_half_a_body(stalled[0], 60000);
    say_half_a_body(stalled[1], 60000);
    usleep(50000);
    int one_more = dial();
    say_half_a_body(one_more, 60000);
    const char *text = hear(one_more, false);
    assert_has(text, "HTTP/1.1 503 ");
    assert_has(text, "Retry-After: ");
    close(one_more);
    int form = dial(); /* a form's few bytes are never refused for it */
    assert_has(ask(form, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
               "HTTP/1.1 200");
    close(form);
    close(stalled[0]);
    close(stalled[1]);
    usleep(50000);
    int later = dial(); /* what they held is free again */
    say_half_a_body(later, 60000);
    static char rest[4000];
    say(later, str_make(rest, sizeof rest));
    assert_has(hear(later, false), "HTTP/1.1 200");
    close(later);
    finish();
}

static void test_address_ceiling_and_proxies(void **state)
{
    struct listener_options options = {
        .trusted_proxies = "127.0.0.0/8 10.0.0.0/8", .address_exempt = "::1", .address_per_s = 3};
    (void)state;
    start(LOCAL, options);
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        assert_has(ask(fd, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.7, "
                           "10.1.1.1\r\n\r\n"),
                   "client=192.0.2.7 ");
    }
    assert_has(ask(fd, "GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=1.1.1.1, "
                       "for=\"[2001:db8:1:2::3]:99\";proto=https\r\n\r\n"),
               "client=2001:db8:1:2::3 ");
    const char *text = ask(fd, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
    assert_has(text, "HTTP/1.1 429 Too Many Requests");
    assert_has(text, "Retry-After: 1\r\n");
    close(fd);
    finish();
}

static void test_no_descriptors_left(void **state)
{
    struct rlimit was;
    int filler[300];
    int count = 0;
    (void)state;
    start(LOCAL, plain());
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    getsockname(server.fd, (struct sockaddr *)&address, &len);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &was);
    struct rlimit tight = {.rlim_cur = 256, .rlim_max = was.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    while (count < 300 && (filler[count] = dup(0)) >= 0) {
        count++;
    }
    assert_int_equal(errno, EMFILE);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
    bool away = closed(fd, 2000);
    while (count > 0) {
        close(filler[--count]);
    }
    setrlimit(RLIMIT_NOFILE, &was);
    assert_true(away);
    close(fd);
    fd = dial();
    assert_has(ask(fd, GET("/")), "200 OK");
    close(fd);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_is_readable_while_still_sending),
        cmocka_unit_test(test_lingering_ends),
        cmocka_unit_test(test_wrong_head_is_answered_at_once),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_keep_alive_gives_each_head_its_own_time),
        cmocka_unit_test(test_a_reader_that_stops_is_cut_off),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_cap_the_longest_idle_makes_room),
        cmocka_unit_test(test_stalled_large_bodies_share_a_budget),
        cmocka_unit_test(test_address_ceiling_and_proxies),
        cmocka_unit_test(test_no_descriptors_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
