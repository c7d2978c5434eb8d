#include "http/response.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

void response_init(struct response *response)
{
    *response = (struct response){0};
    buf_init(&response->headers, RESPONSE_HEADERS_BYTES_MAX);
}

void response_release(struct response *response)
{
    response_reset(response);
    buf_release(&response->headers);
}

void response_reset(struct response *response)
{
    for (size_t i = 0; i < response->part_count; i++) {
        blob_drop(&response->parts[i]);
    }
    response->status = 0;
    response->headers_only = false;
    response->lead_len = response->part_count = 0;
    buf_clear(&response->headers);
    response->bytes = response->written = 0;
}

static void add(struct response *response, struct str text)
{
    CHECK(text.len + 2 <= RESPONSE_HEADERS_BYTES_MAX - response->headers.len);
    buf_put(&response->headers, text);
}

void response_header(struct response *response, const char *name, const char *value)
{
    CHECK(response->status == 0);
    CHECK(strpbrk(name, "\r\n: ") == NULL && strpbrk(value, "\r\n") == NULL);
    add(response, str_of(name));
    add(response, STR(": "));
    add(response, str_of(value));
    add(response, STR("\r\n"));
}

void response_lines(struct response *response, struct str lines)
{
    CHECK(response->status == 0);
    CHECK(str_ends(lines, STR("\r\n")));
    add(response, lines);
}

void response_part_take(struct response *response, struct blob *take_blob)
{
    CHECK(response->status == 0 && response->part_count < RESPONSE_PARTS_MAX);
    response->parts[response->part_count++] = take_blob;
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {303, "See Other"},
        {404, "Not Found"},
        {422, "Unprocessable Content"},
        {304, "Not Modified"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "";
}

static size_t body_bytes(const struct response *response)
{
    size_t bytes = 0;
    for (size_t i = 0; i < response->part_count; i++) {
        bytes += response->parts[i]->len;
    }
    return bytes;
}

/* printf would be a tenth of the answer's time. */
static void lead(struct response *response, const char *text)
{
    size_t len = strlen(text);
    CHECK(len <= sizeof response->lead - response->lead_len);
    memcpy(response->lead + response->lead_len, text, len);
    response->lead_len += len;
}

static void lead_number(struct response *response, size_t number)
{
    char digits[24];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    lead(response, at);
}

void response_compose(struct response *response, int status, struct response_frame frame,
                      const char *date)
{
    CHECK(status >= 200 && status <= 599 && response->status == 0);
    bool bodiless = status == 204 || status == 304;
    size_t body = body_bytes(response);
    response->lead_len = 0;
    lead(response, "HTTP/1.1 ");
    lead_number(response, (size_t)status);
    lead(response, " ");
    lead(response, reason_of(status));
    lead(response, "\r\nDate: ");
    lead(response, date);
    lead(response, "\r\n");
    if (!bodiless) {
        lead(response, "Content-Length: ");
        lead_number(response, body);
        lead(response, "\r\n");
    }
    lead(response, !frame.keep_alive ? "Connection: close\r\n"
                   : frame.http_1_0  ? "Connection: keep-alive\r\n"
                                     : "");
    buf_put(&response->headers, STR("\r\n")); /* add() left room */
    response->status = status;
    response->headers_only = bodiless || frame.head;
    response->bytes = response->lead_len + response->headers.len +
                      (response->headers_only ? 0 : body);
    response->written = 0;
}

static int put(struct iovec *iov, int count, const char *at, size_t len, size_t *skip)
{
    if (*skip >= len) {
        *skip -= len;
        return count;
    }
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): writev's iovec is not const */
    iov[count].iov_base = (char *)(uintptr_t)at + *skip;
    iov[count].iov_len = len - *skip;
    *skip = 0;
    return count + 1;
}

int response_iov(const struct response *response, struct iovec iov[RESPONSE_IOV_MAX])
{
    size_t skip = response->written;
    int count = put(iov, 0, response->lead, response->lead_len, &skip);
    count = put(iov, count, response->headers.at, response->headers.len, &skip);
    for (size_t i = 0; i < response->part_count && !response->headers_only; i++) {
        count = put(iov, count, response->parts[i]->at, response->parts[i]->len, &skip);
    }
    return count;
}

/* RFC 9110 §5.6.7, whatever the locale. */
const char *date_line_at(struct date_line *line, int64_t wall_ms)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t second = wall_ms / 1000;
    if (second != line->second) {
        struct date date = date_from_days(second / 86400);
        int of_day = (int)(second % 86400);
        snprintf(line->text, sizeof line->text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                 days + (ptrdiff_t)3 * date_weekday(date), date.day % 100,
                 months + (ptrdiff_t)3 * (date.month - 1), date.year % 10000, of_day / 3600,
                 of_day / 60 % 60, of_day % 60);
        line->second = second;
    }
    return line->text;
}
