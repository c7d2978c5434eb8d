#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervise/child.h"
#include "supervise/folder_lock.h"
#include "supervise/sockets.h"

static void free_address(char ret_address[32])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(ret_address, 32, "127.0.0.1:%d", ntohs(at.sin_port));
    close(fd);
}

static void test_sockets_stay_and_grow_and_shrink(void **state)
{
    struct sockets sockets = {.count = 0};
    struct err err;
    char address[32];
    (void)state;
    free_address(address);
    assert_true(sockets_open(&sockets, address, 2, &err));
    assert_int_equal(sockets.count, 2);
    int first = sockets_of(&sockets, 0);
    assert_int_not_equal(first, sockets_of(&sockets, 1));
    assert_true(sockets_open(&sockets, address, 3, &err));
    assert_int_equal(sockets.count, 3);
    assert_int_equal(sockets_of(&sockets, 0), first);
    sockets_trim(&sockets, 1);
    assert_int_equal(sockets.count, 1);
    assert_int_equal(sockets_of(&sockets, 0), first);
    sockets_close(&sockets);
}

/* SO_REUSEPORT would let a second gateway in, and take half of the visitors. */
static void test_a_taken_port_is_refused(void **state)
{
    struct sockets one = {.count = 0};
    struct sockets two = {.count = 0};
    struct err err;
    char address[32];
    (void)state;
    free_address(address);
    assert_true(sockets_open(&one, address, 2, &err));
    assert_false(sockets_open(&two, address, 2, &err));
    assert_int_equal(two.count, 0);
    sockets_close(&one);
    assert_true(sockets_open(&two, address, 2, &err));
    sockets_close(&two);
}

static void test_a_unix_socket_is_shared_and_removed(void **state)
{
    struct sockets sockets = {.count = 0};
    struct err err;
    char folder[] = "/tmp/mashang-sockets-XXXXXX";
    char address[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/s", folder);
    assert_true(sockets_open(&sockets, address, 4, &err));
    assert_int_equal(sockets.count, 1);
    assert_int_equal(sockets_of(&sockets, 0), sockets_of(&sockets, 3));
    sockets_trim(&sockets, 2);
    assert_int_equal(sockets.count, 1);
    sockets_close(&sockets);
    assert_int_equal(rmdir(folder), 0);
}

static void test_no_address_is_no_door(void **state)
{
    struct sockets sockets = {.count = 0};
    struct err err;
    (void)state;
    assert_true(sockets_open(&sockets, "", 2, &err));
    assert_int_equal(sockets_of(&sockets, 0), -1);
    assert_int_equal(sockets_of(&sockets, 1), -1);
    sockets_trim(&sockets, 1);
    sockets_close(&sockets);
}

/* Which of the descriptors are open, as bits. */
static int open_of(const int fds[3])
{
    int open = 0;
    for (int i = 0; i < 3; i++) {
        open |= fcntl(fds[i], F_GETFD) >= 0 ? 1 << i : 0;
    }
    return open;
}

/* A connection closes only when its last holder closes: a worker takes along what it serves, and nothing else. */
static void test_a_worker_keeps_its_doors_only(void **state)
{
    const struct {
        int keep[DOORS]; /* numbers among the three, -1 none */
        int open;
    } cases[] = {{{0, 2}, 1 | 4}, {{2, 0}, 1 | 4}, {{1, -1}, 2}, {{-1, 1}, 2}, {{-1, -1}, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fds[3];
        int keep[DOORS];
        int control;
        int status;
        for (int at = 0; at < 3; at++) {
            fds[at] = socket(AF_INET, SOCK_STREAM, 0);
        }
        for (enum door door = 0; door < DOORS; door++) {
            keep[door] = cases[i].keep[door] < 0 ? -1 : fds[cases[i].keep[door]];
        }
        pid_t pid = child_fork(keep, &control);
        if (pid == 0) {
            _exit(fcntl(control, F_GETFD) >= 0 ? open_of(fds) : 99);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), cases[i].open);
        close(control);
        for (int at = 0; at < 3; at++) {
            close(fds[at]);
        }
    }
}

static void test_one_master_per_data_folder(void **state)
{
    struct err err;
    char folder[] = "/tmp/mashang-lock-XXXXXX";
    char inside[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(inside, sizeof inside, "%s/data", folder);
    int lock = folder_lock(inside, &err);
    assert_true(lock >= 0);
    assert_int_equal(folder_lock(inside, &err), -1);
    char pid[32];
    snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
    assert_non_null(strstr(err.text, pid));
    close(lock);
    lock = folder_lock(inside, &err);
    assert_true(lock >= 0);
    close(lock);
    char path[96];
    snprintf(path, sizeof path, "%s/mashang.lock", inside);
    unlink(path);
    rmdir(inside);
    assert_int_equal(rmdir(folder), 0);
}

static void test_a_socket_travels_to_a_worker(void **state)
{
    int control;
    bool gone = true;
    enum door door = DOOR_OFFICE;
    int pair[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    control = pair[0];
    assert_int_equal(child_take_socket(pair[1], &door, &gone), -1);
    assert_false(gone);
    int sent = socket(AF_INET, SOCK_STREAM, 0);
    for (enum door wanted = 0; wanted < DOORS; wanted++) {
        assert_true(child_send_socket(control, wanted, sent));
        int got = child_take_socket(pair[1], &door, &gone);
        assert_true(got >= 0 && got != sent);
        assert_int_equal(door, wanted);
        assert_false(gone);
        close(got);
    }
    child_say_ready(pair[1]);
    assert_true(child_heard_ready(control));
    close(sent);
    close(control);
    assert_int_equal(child_take_socket(pair[1], &door, &gone), -1);
    assert_true(gone);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sockets_stay_and_grow_and_shrink),
        cmocka_unit_test(test_a_taken_port_is_refused),
        cmocka_unit_test(test_a_unix_socket_is_shared_and_removed),
        cmocka_unit_test(test_no_address_is_no_door),
        cmocka_unit_test(test_a_worker_keeps_its_doors_only),
        cmocka_unit_test(test_one_master_per_data_folder),
        cmocka_unit_test(test_a_socket_travels_to_a_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
