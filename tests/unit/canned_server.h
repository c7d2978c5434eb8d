/*
 * canned_server.h - for tests: a server on loopback that answers as a function says; a process of its own, one more per connection.
 */
#ifndef TESTS_CANNED_SERVER_H
#define TESTS_CANNED_SERVER_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Gets a whole request, head and body. False: the connection ends. */
typedef bool canned_receive_fn(int fd, const char *request);

static pid_t canned_pid;
static int canned_port;

static inline void canned_say(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

/* The next close sends a reset. */
static inline void canned_harden(int fd)
{
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static inline void canned_serve(int fd, canned_receive_fn *receive)
{
    char request[16384];
    for (;;) {
        size_t len = 0, body = 0;
        const char *end = NULL;
        while (end == NULL || len < (size_t)(end + 4 - request) + body) {
            ssize_t got = read(fd, request + len, sizeof request - 1 - len);
            if (got <= 0) {
                _exit(0);
            }
            len += (size_t)got;
            request[len] = '\0';
            end = strstr(request, "\r\n\r\n");
            const char *said = strstr(request, "Content-Length: ");
            body = said ? (size_t)atoi(said + 16) : 0;
        }
        if (!receive(fd, request)) {
            _exit(0);
        }
    }
}

static inline int canned_begin(canned_receive_fn *receive)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listening, (struct sockaddr *)&at, len) != 0 || listen(listening, 64) != 0 ||
        getsockname(listening, (struct sockaddr *)&at, &len) != 0) {
        return -1;
    }
    canned_port = ntohs(at.sin_port);
    canned_pid = fork();
    if (canned_pid != 0) {
        close(listening);
        return canned_pid > 0 ? 0 : -1;
    }
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* also when the test dies */
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept(listening, NULL, NULL);
        if (fork() == 0) {
            canned_serve(fd, receive);
        }
        close(fd);
    }
}

static inline int canned_end(void)
{
    kill(-canned_pid, SIGTERM);
    return waitpid(canned_pid, NULL, 0) == canned_pid ? 0 : -1;
}

#endif
