#include "supervise/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervise/signals.h"

static const char ready_word = 'r';
static const char socket_words[DOORS] = {[DOOR_PUBLIC] = 's', [DOOR_OFFICE] = 'o'};

static int by_number(const void *a, const void *b)
{
    int one = *(const int *)a;
    int other = *(const int *)b;
    return (one > other) - (one < other);
}

/* The master's epoll, admin connections and other workers' control sockets must not live on in a child: a connection closes only when its last holder closes. */
static void close_others(int control, const int keep[DOORS])
{
    int kept[DOORS + 1] = {control};
    int from = 3;
    memcpy(&kept[1], keep, DOORS * sizeof keep[0]);
    qsort(kept, DOORS + 1, sizeof kept[0], by_number);
    for (size_t i = 0; i < DOORS + 1; i++) {
        if (kept[i] > from) {
            (void)close_range((unsigned)from, (unsigned)kept[i] - 1, 0);
        }
        from = kept[i] >= from ? kept[i] + 1 : from;
    }
    (void)close_range((unsigned)from, ~0U, 0);
}

static void become_worker(pid_t master, int control, const int keep[DOORS])
{
    signals_reset();
    signal(SIGINT, SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != master) {
        _exit(1);
    }
    (void)setpgid(0, 0);
    close_others(control, keep);
}

pid_t child_fork(const int keep[DOORS], int *ret_control)
{
    int pair[2];
    pid_t master = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become_worker(master, pair[1], keep);
        *ret_control = pair[1];
        return 0;
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return -1;
    }
    (void)setpgid(pid, pid);
    *ret_control = pair[0];
    return pid;
}

void child_say_ready(int control)
{
    (void)!send(control, &ready_word, 1, MSG_NOSIGNAL);
}

bool child_heard_ready(int control)
{
    char word = 0;
    return recv(control, &word, 1, 0) == 1 && word == ready_word;
}

union rights {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

bool child_send_socket(int control, enum door door, int fd)
{
    char word = socket_words[door];
    union rights rights = {0};
    struct iovec part = {&word, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = rights.bytes,
                             .msg_controllen = sizeof rights.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return sendmsg(control, &message, MSG_NOSIGNAL) == 1;
}

int child_take_socket(int control, enum door *ret_door, bool *ret_gone)
{
    char word = 0;
    int fd = -1;
    union rights rights = {0};
    struct iovec part = {&word, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = rights.bytes,
                             .msg_controllen = sizeof rights.bytes};
    ssize_t got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    *ret_gone = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    struct cmsghdr *head = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    *ret_door = word == socket_words[DOOR_OFFICE] ? DOOR_OFFICE : DOOR_PUBLIC;
    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    }
    return fd;
}
