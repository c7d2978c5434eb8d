/*
 * conn.h - private to http/: a connection, its exchange, and what all connections of a listener share.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/buf.h"
#include "http/deadlines.h"
#include "http/exchange.h"
#include "http/guard.h"
#include "http/listener.h"
#include "http/reader.h"
#include "http/response.h"

enum { LISTENER_MAGIC = 0x4c69737e, CONN_MAGIC = 0x436f6e6e, EXCHANGE_MAGIC = 0x45786368 };

enum { READ_BYTES_MAX = 16384, EXCHANGES_KEPT = 64 };

enum conn_state {
    CONN_IDLE,    /* no byte of a request */
    CONN_READING, /* head or body */
    CONN_BUSY,    /* the handler has the request */
    CONN_WRITING, /* the answer does not fit into the socket */
    CONN_LINGER,  /* answered early; what still comes is thrown away */
    CONN_CLOSED   /* freed after the loop turn */
};

struct conn {
    unsigned magic;
    int fd;
    enum conn_state state;
    bool fresh;    /* no request was answered yet */
    bool over_cap; /* its first request is answered 503 */
    bool in_turn;  /* an answer given now is written by whoever is up the stack */
    bool reading;  /* read_event is pending */
    bool refused;  /* close lingering */
    struct address peer;
    char peer_text[ADDRESS_TEXT_BYTES];
    struct listener *listener;
    struct exchange *exchange; /* NULL while idle */
    struct conn *before, *after;
    struct deadline deadline;
    struct buf rest; /* came while an answer was under way */
    size_t lingered_bytes;
    struct event read_event, write_event;
};

struct exchange {
    unsigned magic;
    unsigned refs;
    struct conn *conn; /* NULL: gone, or answered */
    struct listener *listener;
    struct exchange *next_free;
    bool sent;
    bool gone;
    bool close_after;
    int status; /* of exchange_send; 0 when detached */
    void (*on_gone)(void *arg);
    void *gone_arg;
    void (*on_stop)(void *arg);
    void *stop_arg;
    struct buf form;    /* decoded by exchange_read_form */
    size_t large_bytes; /* of the listener's, held by a body that is larger than a form's */
    struct reader reader;
    struct response response;
};

struct listener {
    unsigned magic;
    bool stopping;
    bool freed; /* by the caller; exchanges still held keep the memory */
    struct loop *loop;
    struct listener_options options;
    struct listener_counts counts;
    size_t large_bytes; /* held by all large bodies together */
    struct guard *guard;
    struct deadlines deadlines;
    struct timer *sweep;
    struct conn *conns;
    struct exchange *free_exchanges;
    size_t free_count;
    size_t live_exchanges;
    uint64_t rid_seed, rid_next;
    struct date_line date;
    int reserve_fd; /* given up for a moment when there are no more descriptors */
    struct event accept_event;
    char scratch[READ_BYTES_MAX];
};

/* listener.c */
void listener_memory_drop(struct listener *listener); /* frees when nothing is left */

/* conn.c */
void conn_open(struct listener *listener, int fd, const struct sockaddr *peer, bool over_cap);
void conn_close(struct conn *conn);
void conn_timed_out(struct conn *conn, enum wait kind);
void conn_stop(
    struct conn *
        conn); /* idle ones close, the others after their answer, for which nobody waits longer than he must */
void conn_on_answer(void *arg); /* loop_fn: after an answer that came later, or none */
void conn_wait_for(struct conn *conn, enum wait kind, int64_t ms);
void conn_set_reading(struct conn *conn, bool reading);

/* conn_write.c: each may end the connection */
void conn_write_answer(struct conn *conn); /* after exchange_send */
void conn_write_on(struct conn *conn);     /* what did not fit before */
void conn_refuse(struct conn *conn, int status);

/* exchange.c */
struct exchange *exchange_take(struct listener *listener, struct conn *conn);
void exchange_release(struct exchange *exchange); /* the connection's own hold */
void exchange_went(struct exchange *exchange);    /* the visitor went away */
void exchange_stop(struct exchange *exchange);    /* the listener ends */

#endif
