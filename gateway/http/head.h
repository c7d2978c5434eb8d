/*
 * head.h - the strict check of a request's head, byte by byte as it arrives, before the parser sees it.
 *
 * What it refuses is what servers and proxies read in two ways: bare CR or LF, NUL and other controls, folded lines, empty or ill-formed names, a
 * blank before the colon, two Hosts, Transfer-Encoding beside Content-Length … (RFC 9112 §2.2, §3, §5, §6). Pure: no memory of its own, no I/O; fed in
 * slices it comes to the same verdict at the same byte as fed whole.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { HEAD_BYTES_MAX = 16384, HEAD_FIELDS_MAX = 100, HEAD_TARGET_BYTES_MAX = 8192 };

enum head_result { HEAD_MORE, HEAD_WHOLE, HEAD_BAD };

struct head_field {
    uint16_t name_at, name_len, value_at, value_len; /* value without blanks at its ends */
};

/* Offsets count from the first byte fed. */
struct head {
    uint8_t state;
    uint8_t in_version;
    bool trailers;
    char major, minor; /* digits */
    uint32_t bytes;    /* looked at so far */
    uint16_t method_at, method_len, target_at, target_len;
    size_t field_count;
    int status; /* HEAD_BAD: 400, 414, 431, 501 */
    struct head_field fields[HEAD_FIELDS_MAX];
};

/* What the framing of the body rests on. */
struct head_facts {
    bool chunked;
    bool has_length;
    bool expects_continue;
    uint64_t content_length;
    struct str host; /* of an absolute target, else of the field */
    struct str path; /* with the query, begins with / */
};

void head_init(struct head *head);
void head_init_trailers(struct head *head); /* fields and the empty line only */
/* Takes bytes up to the end of the head; *ret_used tells how many belong to it (up to and with the wrong one, when HEAD_BAD). */
enum head_result head_feed(struct head *head, struct str bytes, size_t *ret_used);
/* Has anything but an empty line come? */
bool head_begun(const struct head *head);
struct str head_method(const struct head *head, const char *at);
struct str head_name(const struct head *head, const char *at, size_t i);
struct str head_value(const struct head *head, const char *at, size_t i);
/* Of a whole head whose bytes are at `at`: 0, or 400, 417, 501, 505. */
int head_judge(const struct head *head, const char *at, struct head_facts *ret);

#endif
