#include "tests/standins/upstream/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/utf8.h"

enum { DELIVERY_BYTES_MAX = 16 * 1024 * 1024, UNREADABLE = 0xFFFD };

/* JSON is UTF-8 whatever was sent: a byte that is none shows as U+FFFD. */
static void put_text(struct buf *to, struct str text)
{
    while (text.len > 0) {
        struct str rest = text;
        uint32_t code;
        while (utf8_next(&rest, &code)) {
        }
        escape_json(to, str_sub(text, 0, text.len - rest.len));
        if (rest.len > 0) {
            utf8_put(to, UNREADABLE);
        }
        text = str_from(rest, 1);
    }
}

static void put_lower(struct buf *to, struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        buf_putc(to, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
}

/* With milliseconds, since tests measure waits by it. */
static void put_time(struct buf *to, int64_t now_wall_ms)
{
    char text[CLOCK_ISO_BYTES];
    enum { UP_TO_SECONDS = 19 };
    clock_iso(now_wall_ms, text);
    buf_put(to, str_make(text, UP_TO_SECONDS));
    buf_printf(to, ".%03d%s", (int)(now_wall_ms % 1000), text + UP_TO_SECONDS);
}

void inbox_add(struct inbox *inbox, const struct request *request, int64_t now_wall_ms)
{
    struct buf text;
    buf_init(&text, DELIVERY_BYTES_MAX);
    buf_puts(&text, "{\"at\":\"");
    put_time(&text, now_wall_ms);
    buf_puts(&text, "\",\"headers\":{");
    for (size_t i = 0; i < request->header_count; i++) {
        buf_puts(&text, i > 0 ? ",\"" : "\"");
        put_lower(&text, request->headers[i].name);
        buf_puts(&text, "\":\"");
        put_text(&text, request->headers[i].value);
        buf_putc(&text, '"');
    }
    buf_puts(&text, "},\"body\":\"");
    put_text(&text, request->body);
    buf_puts(&text, "\"}");
    CHECK(buf_ok(&text));
    char **place = &inbox->at[inbox->count++ % INBOX_MAX];
    free(*place);
    *place = buf_take(&text);
    buf_release(&text);
}

void inbox_put(const struct inbox *inbox, struct buf *to)
{
    uint64_t from = inbox->count > INBOX_MAX ? inbox->count - INBOX_MAX : 0;
    buf_putc(to, '[');
    for (uint64_t i = from; i < inbox->count; i++) {
        buf_puts(to, i > from ? ",\n" : "");
        buf_puts(to, inbox->at[i % INBOX_MAX]);
    }
    buf_puts(to, "]\n");
}

void inbox_release(struct inbox *inbox)
{
    for (size_t i = 0; i < INBOX_MAX; i++) {
        free(inbox->at[i]);
    }
}
