/* Requests and answers on raw sockets: order, slices, farewells. */
#include "tests/unit/http_server.h"

static void test_answers_and_stays(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    const char *text = ask(fd, GET("/a?b=c"));
    assert_has(text, "HTTP/1.1 200 OK\r\nDate: ");
    assert_has(text, " GMT\r\n");
    assert_has(text, "Content-Type: text/plain\r\n");
    assert_has(text, "\r\n\r\n0 /a?b=c client=127.0.0.1 rid=16|");
    assert_null(strstr(text, "Connection:"));
    say(fd, STR("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_has(hear(fd, true), "Content-Length: ");
    text = ask(fd, GET("/204"));
    assert_has(text, "204 No Content");
    assert_null(strstr(text, "Content-Length"));
    assert_has(ask(fd, GET("/304")), "ETag: \"1\"\r\n");
    assert_has(ask(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"), "|xyz");
    assert_has(ask(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nxyz\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n"),
               "|xyz!");
    assert_has(ask(fd, GET("/close")), "Connection: close\r\n");
    assert_true(closed(fd, 1000));
    close(fd);
    finish();
    assert_int_equal(server.counts.requests, 7);
    assert_int_equal(server.counts.by_status[2], 6);
    assert_int_equal(server.counts.by_status[3], 1);
}

static void test_http_1_0(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    assert_has(ask(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
               "Connection: keep-alive\r\n");
    assert_has(ask(fd, "GET / HTTP/1.0\r\n\r\n"), "Connection: close\r\n");
    assert_true(closed(fd, 1000));
    close(fd);
    finish();
}

static void test_pipelined_in_order(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/1") GET("/late2") GET("/3") "POST /4 HTTP/1.1\r\nHost: a\r\n"
                                                  "Content-Length: 2\r\n\r\nhi" GET("/late5")
                                                      GET("/6")));
    assert_has(hear(fd, false), "0 /1?");
    assert_has(hear(fd, false), "/late2");
    assert_has(hear(fd, false), "0 /3?");
    assert_has(hear(fd, false), "2 /4?");
    assert_has(hear(fd, false), "/late5");
    assert_has(hear(fd, false), "0 /6?");
    close(fd);
    finish();
}

/* More than is read ahead: the rest waits in the socket. */
static void test_many_pipelined_behind_a_late_one(void **state)
{
    enum { MANY = 3000 };
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/late")));
    for (int i = 0; i < MANY; i++) {
        say(fd, STR(GET("/1")));
    }
    assert_has(hear(fd, false), "/late");
    for (int i = 0; i < MANY; i++) {
        assert_has(hear(fd, false), "0 /1?");
    }
    close(fd);
    finish();
    assert_int_equal(server.late_gone, 0); /* a full socket is no farewell */
    assert_int_equal(server.counts.requests, MANY + 1);
}

static void test_byte_by_byte(void **state)
{
    static const char text[] = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    for (size_t i = 0; i < sizeof text - 1; i++) {
        say(fd, str_make(text + i, 1));
        usleep(500);
    }
    assert_has(hear(fd, false), "|body");
    close(fd);
    finish();
}

static void test_expect_continue(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    const char *head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
    say(fd, str_of(head));
    assert_string_equal(ask(fd, "Content-Length: 4\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_has(ask(fd, "body"), "|body");
    say(fd, str_of(head));
    assert_has(ask(fd, "Content-Length: 999999\r\n\r\n"), "HTTP/1.1 413 Content Too Large");
    close(fd);
    finish();
}

static void test_big_answer_in_pieces(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    int small = 65536;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    say(fd, STR(GET("/big") GET("/after")));
    usleep(50 * 1000);
    const char *text = hear(fd, false);
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    assert_memory_equal(body + 4, server.big->at, BIG_BYTES);
    assert_has(hear(fd, false), "0 /after?");
    close(fd);
    finish();
}

static void test_gone_while_waiting(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/poll")));
    usleep(100 * 1000);
    assert_int_equal(server.gone, 0);
    close(fd);
    for (int i = 0; i < 100 && server.gone == 0; i++) {
        usleep(10 * 1000);
    }
    assert_int_equal(server.gone, 1);
    /* reset instead of closed */
    fd = dial();
    say(fd, STR(GET("/poll") GET("/next")));
    usleep(100 * 1000);
    struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    for (int i = 0; i < 100 && server.gone == 1; i++) {
        usleep(10 * 1000);
    }
    assert_int_equal(server.gone, 2);
    finish();
    assert_int_equal(server.counts.open, 0);
}

static void test_work_goes_on_without_the_visitor(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/late")));
    usleep(5 * 1000);
    struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    for (int i = 0; i < 100 && server.late_alive == 0; i++) {
        usleep(10 * 1000);
    }
    assert_int_equal(server.late_alive, 1);
    finish();
}

static void test_half_closed_still_gets_its_answer(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int fd = dial();
    say(fd, STR(GET("/late")));
    shutdown(fd, SHUT_WR);
    assert_has(hear(fd, false), "/late");
    assert_true(closed(fd, 1000));
    close(fd);
    finish();
}

static void test_unix_socket(void **state)
{
    char path[] = "/tmp/http_conn_XXXXXX";
    char address[80];
    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(address, sizeof address, "unix:%s/s", path);
    start(address, (struct listener_options){.address_per_s = 1});
    int fd = dial();
    assert_has(ask(fd, GET("/")), "client=unix ");
    assert_has(ask(fd, GET("/")), "client=unix ");
    assert_has(ask(fd, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9:81\r\n\r\n"),
               "client=192.0.2.9 ");
    struct err err;
    assert_int_equal(listener_open(address, false, &err), -1);
    assert_has(err.text, "another process listens there");
    close(fd);
    finish();
    int again = listener_open(address, false, &err); /* what a crash left is taken over */
    assert_true(again >= 0);
    close(again);
    unlink(address + 5);
    rmdir(path);
}

static void test_stop_finishes_what_is_under_way(void **state)
{
    (void)state;
    start(LOCAL, plain());
    int idle = dial();
    int late = dial();
    int after = dial();
    int fd = dial();
    assert_has(ask(idle, GET("/")), "200 OK");
    assert_has(ask(after, GET("/")), "200 OK");
    say(late, STR(GET("/late")));
    usleep(10 * 1000);
    int begun = dial();
    assert_has(ask(begun, GET("/")), "200 OK");
    say(fd, STR(GET("/stop")));
    usleep(30 * 1000);
    say(begun, STR(GET("/begun"))); /* in the socket when the stop comes */
    assert_has(hear(fd, false), "Connection: close\r\n");
    assert_has(hear(begun, false), "0 /begun?");
    assert_true(closed(begun, 1000));
    close(begun);
    usleep(100 * 1000);
    say(after, STR(GET("/after"))); /* was on its way when the stop came */
    assert_has(hear(after, false), "0 /after?");
    assert_true(closed(after, 1000));
    close(after);
    assert_true(closed(idle, 1500));
    assert_has(hear(late, false), "Connection: close\r\n");
    assert_true(closed(late, 1000));
    close(idle);
    close(late);
    close(fd);
    finish();
    assert_int_equal(server.counts.open, 0);
}

static void test_open_refuses_what_is_no_address(void **state)
{
    static const char *const wrong[] = {"8080",   ":80",   "a:",   "127.0.0.1:99999",
                                        "::1:80", "[]:80", "unix:"};
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(listener_open(wrong[i], false, &err), -1);
        assert_has(err.text, wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_and_stays),
        cmocka_unit_test(test_http_1_0),
        cmocka_unit_test(test_pipelined_in_order),
        cmocka_unit_test(test_many_pipelined_behind_a_late_one),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_big_answer_in_pieces),
        cmocka_unit_test(test_gone_while_waiting),
        cmocka_unit_test(test_work_goes_on_without_the_visitor),
        cmocka_unit_test(test_half_closed_still_gets_its_answer),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_stop_finishes_what_is_under_way),
        cmocka_unit_test(test_open_refuses_what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
