#include "domain/cursor.h"

#include <stdio.h>

#include "base/digest.h"
#include "base/escape.h"

enum {
    VERSION = 1,
    SEQ_BYTES_MAX = 8, /* 53 bits in groups of 7 */
    HEAD_BYTES = 1 + CURSOR_EPOCH_BYTES,
    BYTES_MAX = HEAD_BYTES + BUCKETS * (1 + SEQ_BYTES_MAX)
};

static void epoch_of(const char *epoch, unsigned char ret[CURSOR_EPOCH_BYTES])
{
    unsigned char digest[DIGEST_BYTES];
    digest_sha256(str_of(epoch), digest);
    memcpy(ret, digest, CURSOR_EPOCH_BYTES);
}

void cursor_begin(struct cursor *ret, const char *epoch)
{
    *ret = (struct cursor){{0}, {0}};
    epoch_of(epoch, ret->epoch);
}

bool cursor_is_of(const struct cursor *cursor, const char *epoch)
{
    unsigned char wanted[CURSOR_EPOCH_BYTES];
    epoch_of(epoch, wanted);
    return memcmp(cursor->epoch, wanted, CURSOR_EPOCH_BYTES) == 0;
}

static void put_number(struct buf *to, uint64_t number)
{
    for (; number >= 0x80; number >>= 7) {
        buf_putc(to, (char)(0x80 | (number & 0x7f)));
    }
    buf_putc(to, (char)number);
}

/* The shortest writing only. */
static bool take_number(struct str *rest, int64_t *ret)
{
    uint64_t number = 0;
    for (size_t i = 0; i < SEQ_BYTES_MAX && i < rest->len; i++) {
        unsigned char byte = (unsigned char)rest->at[i];
        number |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *rest = str_from(*rest, i + 1);
            *ret = (int64_t)number;
            return byte > 0 && number <= (uint64_t)CURSOR_SEQ_MAX;
        }
    }
    return false;
}

static bool take_all(struct str bytes, struct cursor *ret)
{
    int above = -1;
    if (bytes.len < HEAD_BYTES || bytes.at[0] != VERSION) {
        return false;
    }
    memcpy(ret->epoch, bytes.at + 1, CURSOR_EPOCH_BYTES);
    bytes = str_from(bytes, HEAD_BYTES);
    while (bytes.len > 0) {
        int bucket = (unsigned char)bytes.at[0];
        bytes = str_from(bytes, 1);
        if (bucket <= above || bucket >= BUCKETS || !take_number(&bytes, &ret->seq[bucket])) {
            return false;
        }
        above = bucket;
    }
    return true;
}

bool cursor_parse(struct str text, struct cursor *ret)
{
    struct buf bytes;
    char again[CURSOR_TEXT_BYTES];
    *ret = (struct cursor){{0}, {0}};
    buf_init(&bytes, BYTES_MAX);
    bool read = text.len < CURSOR_TEXT_BYTES && base64url_parse(&bytes, text) && buf_ok(&bytes) &&
                take_all(buf_str(&bytes), ret);
    buf_release(&bytes);
    if (read) {
        cursor_print(ret, again);
    }
    return read && str_is(text, again);
}

void cursor_print(const struct cursor *cursor, char ret_text[CURSOR_TEXT_BYTES])
{
    struct buf bytes;
    struct buf text;
    buf_init(&bytes, BYTES_MAX);
    buf_init(&text, CURSOR_TEXT_BYTES - 1);
    buf_putc(&bytes, VERSION);
    buf_put(&bytes, str_make(cursor->epoch, CURSOR_EPOCH_BYTES));
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        CHECK(cursor->seq[bucket] >= 0 && cursor->seq[bucket] <= CURSOR_SEQ_MAX);
        if (cursor->seq[bucket] > 0) {
            buf_putc(&bytes, (char)bucket);
            put_number(&bytes, (uint64_t)cursor->seq[bucket]);
        }
    }
    base64url_put(&text, buf_str(&bytes));
    CHECK(buf_ok(&bytes) && buf_ok(&text));
    snprintf(ret_text, CURSOR_TEXT_BYTES, "%s", buf_text(&text));
    buf_release(&bytes);
    buf_release(&text);
}
