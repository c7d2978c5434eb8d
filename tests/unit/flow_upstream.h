/*
 * flow_upstream.h - for tests: a monitoring system that does what each event tells it to, and remembers what came.
 */
#ifndef TESTS_FLOW_UPSTREAM_H
#define TESTS_FLOW_UPSTREAM_H

#include <stdatomic.h>
#include <sys/mman.h>

#include "canned_server.h"

enum { DELIVERIES_MAX = 1024, STALL_MS = 1500 };

/* Shared with the server's processes. */
struct inbox {
    atomic_int count; /* deliveries that came, whatever was answered */
    char ids[DELIVERIES_MAX][32];
    atomic_int at_once, at_once_most;
    atomic_int locked; /* everything is answered 401 */
    atomic_int tokens; /* how many were given out */
    atomic_int good_token;
    atomic_int polite; /* a token that is not good is answered 200 with a code */
};

static struct inbox *inbox;

static inline void answer(int fd, int status, const char *head, const char *body)
{
    char text[512];
    snprintf(text, sizeof text, "HTTP/1.1 %d Said\r\n%sContent-Length: %zu\r\n\r\n%s", status, head,
             strlen(body), body);
    canned_say(fd, text);
}

static inline void hang_up(int fd)
{
    canned_harden(fd);
    close(fd);
}

static inline int came_before(const char *id, int until)
{
    int times = 0;
    for (int i = 0; i < until && i < DELIVERIES_MAX; i++) {
        times += strcmp(inbox->ids[i], id) == 0;
    }
    return times;
}

static inline void give_token(int fd)
{
    char body[64];
    int number = atomic_fetch_add(&inbox->tokens, 1) + 1;
    snprintf(body, sizeof body, "{\"data\": {\"token\": \"t%d\"}}", number);
    answer(fd, 200, "", body);
}

static inline bool has_good_token(const char *request)
{
    char line[64];
    snprintf(line, sizeof line, "\r\nAuthorization: Bearer t%d\r\n", inbox->good_token);
    return inbox->good_token == 0 || strstr(request, line) != NULL;
}

/* False: the connection is gone. */
static inline bool obey(int fd, const char *order)
{
    if (strcmp(order, "reset") == 0) {
        hang_up(fd);
    } else if (strcmp(order, "garbage") == 0) {
        canned_say(fd, "SSH-2.0-no web server\r\n\r\n");
        close(fd);
    } else if (strcmp(order, "half") == 0) {
        canned_say(fd, "HTTP/1.1 200 OK\r\nContent-Le");
        close(fd);
    } else if (strcmp(order, "cut") == 0) {
        canned_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"code\": 0");
        close(fd);
    } else if (strcmp(order, "stall") == 0) {
        usleep(STALL_MS * 1000);
        answer(fd, 200, "", "{}");
        return true;
    } else if (strcmp(order, "slow") == 0) {
        usleep(30000);
        answer(fd, 200, "", "{\"id\": \"S-1\"}");
        return true;
    } else if (strncmp(order, "code", 4) == 0) {
        char body[96];
        snprintf(body, sizeof body, "{\"code\": %s, \"msg\": \"other words\"}", order + 4);
        answer(fd, 200, "", body);
        return true;
    } else if (strcmp(order, "later") == 0) {
        answer(fd, 429, "Retry-After: 1\r\n", "");
        return true;
    } else if (strcmp(order, "elsewhere") == 0) {
        answer(fd, 302, "Location: /\r\n", "");
        return true;
    } else {
        int status = atoi(order);
        answer(fd, status, "", status == 200 ? "{\"id\": \"S-1\"}" : "{\"why\": 1}");
        return true;
    }
    return false;
}

/* The body says {"id": …, "do": ORDER, "times": N}: the first N deliveries are answered so, later ones 200. */
static inline bool receive(int fd, const char *request)
{
    char id[32] = "", order[32] = "200";
    int times = 0;
    if (strncmp(request, "POST /token ", 12) == 0) {
        give_token(fd);
        return true;
    }
    const char *body = strstr(request, "\r\n\r\n") + 4;
    sscanf(body, "{\"id\":\"%31[^\"]\",\"do\":\"%31[^\"]\",\"times\":%d", id, order, &times);
    if (inbox->polite && !has_good_token(request)) {
        answer(fd, 200, "", "{\"code\": 401, \"msg\": \"token expired\"}");
        return true;
    }
    if (atomic_load(&inbox->locked) || !has_good_token(request)) {
        answer(fd, 401, "", "");
        return true;
    }
    int place = atomic_fetch_add(&inbox->count, 1);
    snprintf(inbox->ids[place % DELIVERIES_MAX], sizeof inbox->ids[0], "%s", id);
    int now = atomic_fetch_add(&inbox->at_once, 1) + 1;
    if (now > inbox->at_once_most) {
        inbox->at_once_most = now;
    }
    bool stays = obey(fd, came_before(id, place) < times ? order : "200");
    atomic_fetch_sub(&inbox->at_once, 1);
    return stays;
}

static inline int start_server(void **state)
{
    (void)state;
    inbox = mmap(NULL, sizeof *inbox, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return canned_begin(receive);
}

static inline int stop_server(void **state)
{
    (void)state;
    munmap(inbox, sizeof *inbox);
    return canned_end();
}

#endif
