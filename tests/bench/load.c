/*
 * load: requests prepared in a file, sent over N connections, one in flight on each; what the answers hold goes to a file.
 *
 *   load HOST PORT FILE CONNECTIONS [--seconds S | --count N] [--status N] [--take BEGIN END OUT] [--idle]
 *
 * FILE holds requests one behind the other, each `<bytes>\n<the request>`. The list is sent once, or again and again for S seconds or N
 * requests. --take writes what stands between BEGIN and END in each answer, a line each. --idle: one request per connection, then all stay
 * open until stdin ends. Prints {"answers", "wrong", "status", "seconds"} as JSON; wrong are answers with another status than --status, and status is
 * what the last of them had.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 262144, EVENTS_MAX = 128 };

struct request {
    const char *at;
    size_t len;
};

struct conn {
    int fd;
    char *answer;
    size_t len, whole; /* whole: 0 while the head is not there */
};

struct load {
    int epoll;
    struct request *requests;
    size_t request_count, next;
    double until; /* 0: by count */
    size_t count;
    bool idle;
    int status;
    const char *begin, *end;
    FILE *out;
    struct conn *conns;
    size_t conn_count, busy;
    size_t answers, wrong;
    int wrong_status; /* of the last one */
};

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void read_requests(struct load *load, const char *path)
{
    FILE *file = fopen(path, "re");
    size_t room = 0;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fail(path);
    }
    size_t len = (size_t)ftell(file);
    char *text = malloc(len + 1);
    rewind(file);
    if (text == NULL || fread(text, 1, len, file) != len) {
        fail(path);
    }
    text[len] = '\0';
    fclose(file);
    for (char *at = text; at < text + len;) {
        char *after;
        size_t bytes = strtoul(at, &after, 10);
        if (load->request_count == room) {
            room = room ? 2 * room : 1024;
            load->requests = realloc(load->requests, room * sizeof *load->requests);
        }
        if (load->requests == NULL || *after != '\n' || after + 1 + bytes > text + len) {
            fail("requests");
        }
        load->requests[load->request_count++] = (struct request){after + 1, bytes};
        at = after + 1 + bytes;
    }
}

static bool more(const struct load *load)
{
    if (load->until > 0) {
        return now() < load->until;
    }
    return load->next < load->count;
}

static void send_next(struct load *load, struct conn *conn)
{
    if (!more(load)) {
        load->busy--;
        return;
    }
    const struct request *request = &load->requests[load->next++ % load->request_count];
    conn->len = conn->whole = 0;
    if (send(conn->fd, request->at, request->len, MSG_NOSIGNAL) != (ssize_t)request->len) {
        fail("send");
    }
}

static void open_conn(struct load *load, struct conn *conn, const struct sockaddr_in *address)
{
    int one = 1;
    conn->answer = malloc(ANSWER_BYTES_MAX + 1);
    conn->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (conn->answer == NULL || conn->fd < 0 ||
        connect(conn->fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        fail("connect");
    }
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, conn->fd, &event) != 0) {
        fail("epoll_ctl");
    }
    load->busy++;
    send_next(load, conn);
}

static void take(const struct load *load, const struct conn *conn)
{
    const char *from = strstr(conn->answer, load->begin);
    const char *to = from ? strstr(from + strlen(load->begin), load->end) : NULL;
    if (to != NULL) {
        from += strlen(load->begin);
        fprintf(load->out, "%.*s\n", (int)(to - from), from);
    }
}

/* Where the answer ends, once its head is there. */
static size_t whole_bytes(const char *answer)
{
    const char *head_end = strstr(answer, "\r\n\r\n");
    if (head_end == NULL) {
        return 0;
    }
    const char *length = strcasestr(answer, "\r\nContent-Length: ");
    size_t body = length != NULL && length < head_end ? strtoul(length + 18, NULL, 10) : 0;
    return (size_t)(head_end - answer) + 4 + body;
}

static void on_readable(struct load *load, struct conn *conn)
{
    ssize_t got = recv(conn->fd, conn->answer + conn->len, ANSWER_BYTES_MAX - conn->len, 0);
    if (got <= 0) {
        fail("recv");
    }
    conn->len += (size_t)got;
    conn->answer[conn->len] = '\0';
    if (conn->whole == 0) {
        conn->whole = whole_bytes(conn->answer);
    }
    if (conn->whole == 0 || conn->len < conn->whole) {
        return;
    }
    load->answers++;
    int status = (int)strtol(conn->answer + 9, NULL, 10);
    if (status != load->status) {
        load->wrong++;
        load->wrong_status = status;
    }
    if (load->out != NULL) {
        take(load, conn);
    }
    send_next(load, conn);
}

static void read_flags(struct load *load, char **flag)
{
    for (; *flag != NULL; flag++) {
        if (strcmp(*flag, "--idle") == 0) {
            load->idle = true;
        } else if (strcmp(*flag, "--seconds") == 0 && flag[1]) {
            load->until = now() + strtod(*++flag, NULL);
        } else if (strcmp(*flag, "--count") == 0 && flag[1]) {
            load->count = strtoul(*++flag, NULL, 10);
        } else if (strcmp(*flag, "--status") == 0 && flag[1]) {
            load->status = atoi(*++flag);
        } else if (strcmp(*flag, "--take") == 0 && flag[1] && flag[2] && flag[3]) {
            load->begin = flag[1];
            load->end = flag[2];
            load->out = fopen(flag[3], "we");
            flag += 3;
        } else {
            fprintf(stderr, "load: %s?\n", *flag);
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct load load = {.status = 200};
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct epoll_event events[EVENTS_MAX];
    if (argc < 5 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) {
        fprintf(stderr, "usage: load HOST PORT FILE CONNECTIONS [--seconds S | --count N] "
                        "[--status N] [--take BEGIN END OUT] [--idle]\n");
        return 2;
    }
    address.sin_port = htons((uint16_t)atoi(argv[2]));
    read_requests(&load, argv[3]);
    load.conn_count = strtoul(argv[4], NULL, 10);
    load.conns = calloc(load.conn_count, sizeof *load.conns);
    load.epoll = epoll_create1(0);
    load.count = load.request_count;
    read_flags(&load, argv + 5);
    load.count = load.idle ? load.conn_count : load.count;
    double begun = now();
    for (size_t i = 0; i < load.conn_count; i++) {
        open_conn(&load, &load.conns[i], &address);
    }
    while (load.busy > 0) {
        int count = epoll_wait(load.epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            on_readable(&load, events[i].data.ptr);
        }
    }
    printf("{\"answers\": %zu, \"wrong\": %zu, \"status\": %d, \"seconds\": %.6f}\n", load.answers,
           load.wrong, load.wrong_status, now() - begun);
    fflush(stdout);
    while (load.idle && getchar() != EOF) {
    }
    return load.out != NULL && fclose(load.out) != 0;
}
