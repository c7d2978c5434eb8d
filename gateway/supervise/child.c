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
static const char socket_word = 's';

static void close_between(int from, int to)
{
    if (from <= to) {
        (void)close_range((unsigned)from, (unsigned)to, 0);
    }
}

/* The master's epoll, admin connections and other workers' control sockets must not live on in a child: a connection closes only when its last holder closes. */
static void close_others(int a, int b)
{
    int low = a < b ? a : b;
    int high = a < b ? b : a;
    close_between(3, low > 2 ? low - 1 : 2);
    close_between(low > 2 ? low + 1 : 3, high - 1);
    (void)close_range((unsigned)high + 1, ~0U, 0);
}

static void become_worker(pid_t master, int control, int keep)
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

pid_t child_fork(int keep, int *ret_control)
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

bool child_send_socket(int control, int fd)
{
    char word = socket_word;
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

int child_take_socket(int control, bool *ret_gone)
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
    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    }
    return fd;
}
