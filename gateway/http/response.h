/*
 * response.h - an answer being put together and written: lead (status line, Date, framing), the handler's headers, up to four parts of body.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/blob.h"
#include "base/buf.h"
#include "http/exchange.h"

enum { RESPONSE_LEAD_BYTES = 192, RESPONSE_IOV_MAX = RESPONSE_PARTS_MAX + 2, DATE_BYTES = 40 };

/* The Date field, made anew once per second. */
struct date_line {
    int64_t second;
    char text[DATE_BYTES]; /* Mon, 23 Nov 2026 01:15:02 GMT */
};

struct response {
    int status; /* 0 until sent */
    bool headers_only;
    size_t lead_len, part_count;
    size_t bytes, written;
    struct blob *parts[RESPONSE_PARTS_MAX];
    char lead[RESPONSE_LEAD_BYTES];
    struct buf headers; /* empty while the handler waits */
};

/* What the connection knows about this answer. */
struct response_frame {
    bool head;       /* to a HEAD request */
    bool keep_alive; /* the connection stays */
    bool http_1_0;
};

void response_init(struct response *response);
void response_reset(
    struct response *response); /* drops the parts, keeps memory for the next answer */
void response_release(struct response *response);
void response_header(struct response *response, const char *name, const char *value);
void response_lines(struct response *response, struct str lines); /* whole, each with its CRLF */
void response_part_take(struct response *response, struct blob *take_blob);
void response_compose(struct response *response, int status, struct response_frame frame,
                      const char *date);
int response_iov(const struct response *response, struct iovec iov[RESPONSE_IOV_MAX]);
const char *date_line_at(struct date_line *line, int64_t wall_ms);

#endif
