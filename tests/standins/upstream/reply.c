#include "tests/standins/upstream/reply.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "net/loop.h"

enum { LATE_MAGIC = 0x4c617465, DRIP_MS = 500, ANSWER_BYTES_MAX = 65536 };

/* One that is not answered yet. */
struct late {
    unsigned magic;
    LIST_ENTRY(late) links;
    struct timer *timer;
    struct replies *replies;
    struct exchange *exchange; /* held while it stalls, then NULL */
    struct mode mode;
    int64_t number;
    int fd; /* while it drips, else -1 */
    struct buf drip;
};

LIST_HEAD(late_list, late);

struct replies {
    struct late_list late;
};

static void on_stalled(void *arg);
static void on_drip(void *arg);

struct replies *replies_new(void)
{
    struct replies *replies = mem_alloc(sizeof *replies);
    LIST_INIT(&replies->late);
    return replies;
}

static void reset(struct exchange *exchange)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int fd = exchange_detach(exchange);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
    }
}

static void garble(struct exchange *exchange)
{
    static const char nonsense[] = "\x16\x03\x01 this is no HTTP\r\n\r\n";
    int fd = exchange_detach(exchange);
    if (fd >= 0) {
        (void)!send(fd, nonsense, sizeof nonsense - 1, MSG_NOSIGNAL);
        shutdown(fd, SHUT_RDWR);
        close(fd);
    }
}

static struct late *late_new(struct replies *replies, struct loop *loop, loop_fn *on_time)
{
    struct late *late = mem_alloc(sizeof *late);
    late->magic = LATE_MAGIC;
    late->fd = -1;
    late->timer = timer_new(loop, on_time, late);
    buf_init(&late->drip, ANSWER_BYTES_MAX);
    LIST_INSERT_HEAD(&replies->late, late, links);
    return late;
}

static void late_free(struct late *late)
{
    CHECK_OBJ(late, LATE_MAGIC);
    LIST_REMOVE(late, links);
    timer_free(&late->timer);
    buf_release(&late->drip);
    if (late->fd >= 0) {
        close(late->fd);
    }
    late->magic = 0;
    free(late);
}

static void put_body(struct buf *to, const struct mode *mode, int64_t number)
{
    if (mode->has_body) {
        buf_puts(to, mode->body);
    } else if (mode->code_inside >= 0) {
        buf_printf(to, "{\"code\": %lld, \"msg\": \"as the stand-in was told\"}\n",
                   (long long)mode->code_inside);
    } else if (mode->status < 300) {
        buf_printf(to, "{\"id\": \"S-%lld\"}\n", (long long)number);
    } else {
        buf_printf(to, "{\"error\": \"%lld, as the stand-in was told\"}\n",
                   (long long)mode->status);
    }
}

static void send_answer(struct exchange *exchange, const struct mode *mode, int64_t number)
{
    struct buf body;
    buf_init(&body, ANSWER_BYTES_MAX);
    put_body(&body, mode, number);
    if (mode->retry_after[0] != '\0') {
        exchange_header(exchange, "Retry-After", mode->retry_after);
    }
    if (mode->location[0] != '\0') {
        exchange_header(exchange, "Location", mode->location);
    }
    reply_json(exchange, (int)mode->status, buf_str(&body));
    buf_release(&body);
}

static void drip(struct replies *replies, struct exchange *exchange, const struct mode *mode,
                 int64_t number)
{
    struct buf body;
    struct loop *loop = exchange_loop(exchange);
    int fd = exchange_detach(exchange);
    if (fd < 0) {
        return;
    }
    struct late *late = late_new(replies, loop, on_drip);
    late->fd = fd;
    buf_init(&body, ANSWER_BYTES_MAX);
    put_body(&body, mode, number);
    buf_printf(&late->drip,
               "HTTP/1.1 %lld As Told\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\nConnection: close\r\n\r\n",
               (long long)mode->status, body.len);
    buf_put(&late->drip, buf_str(&body));
    buf_release(&body);
    timer_set(late->timer, 0);
}

static void on_drip(void *arg)
{
    struct late *late = arg;
    CHECK_OBJ(late, LATE_MAGIC);
    bool sent = send(late->fd, late->drip.at, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
    buf_shift(&late->drip, 1);
    if (sent && late->drip.len > 0) {
        timer_set(late->timer, DRIP_MS);
    } else {
        late_free(late);
    }
}

static void answer(struct replies *replies, struct exchange *exchange, const struct mode *mode,
                   int64_t number)
{
    if (mode->reset || mode->lose_answer) {
        reset(exchange);
    } else if (mode->garbage) {
        garble(exchange);
    } else if (mode->drip) {
        drip(replies, exchange, mode, number);
    } else {
        send_answer(exchange, mode, number);
    }
}

void reply(struct replies *replies, struct exchange *exchange, const struct mode *mode,
           int64_t number)
{
    if (mode->stall_ms == 0) {
        answer(replies, exchange, mode, number);
        return;
    }
    struct late *late = late_new(replies, exchange_loop(exchange), on_stalled);
    late->replies = replies;
    late->exchange = exchange_hold(exchange);
    late->mode = *mode;
    late->number = number;
    timer_set(late->timer, mode->stall_ms);
}

static void on_stalled(void *arg)
{
    struct late *late = arg;
    CHECK_OBJ(late, LATE_MAGIC);
    answer(late->replies, late->exchange, &late->mode, late->number);
    exchange_drop(&late->exchange);
    late_free(late);
}

void replies_free(struct replies **replies)
{
    struct late *late;
    while ((late = LIST_FIRST(&(*replies)->late)) != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): each leaves the list */
        if (late->exchange != NULL) {
            reset(late->exchange);
            exchange_drop(&late->exchange);
        }
        late_free(late);
    }
    free(*replies);
    *replies = NULL;
}

void reply_json(struct exchange *exchange, int status, struct str json)
{
    exchange_header(exchange, "Content-Type", "application/json");
    exchange_body_copy(exchange, json);
    exchange_send(exchange, status);
}
