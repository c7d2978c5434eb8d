#include "http/chunked.h"

enum state { AT_SIZE, AT_EXTENSION, AT_SIZE_LF, AT_DATA, AT_DATA_CR, AT_DATA_LF, AT_TRAILERS };

enum { SIZE_DIGITS_MAX = 8, FRAME_BYTES_FREE = 16384, FRAME_BYTES_PER_BYTE = 8 };

void chunked_init(struct chunked *chunked, struct head *trailers)
{
    *chunked = (struct chunked){.state = AT_SIZE, .trailers = trailers};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool step_size(struct chunked *chunked, char c)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        chunked->left = chunked->left * 16 + (uint64_t)digit;
        return ++chunked->digits <= SIZE_DIGITS_MAX;
    }
    chunked->state = c == ';' ? AT_EXTENSION : AT_SIZE_LF;
    return chunked->digits > 0 && (c == ';' || c == '\r');
}

static bool step(struct chunked *chunked, char c)
{
    chunked->frame_bytes++;
    if (chunked->frame_bytes > FRAME_BYTES_FREE + FRAME_BYTES_PER_BYTE * chunked->data_bytes) {
        return false;
    }
    switch ((enum state)chunked->state) {
    case AT_SIZE:
        return step_size(chunked, c);
    case AT_EXTENSION:
        if (c == '\r') {
            chunked->state = AT_SIZE_LF;
            return true;
        }
        return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
    case AT_SIZE_LF:
        chunked->state = chunked->left > 0 ? AT_DATA : AT_TRAILERS;
        if (chunked->left == 0) {
            head_init_trailers(chunked->trailers);
        }
        return c == '\n';
    case AT_DATA_CR:
        chunked->state = AT_DATA_LF;
        return c == '\r';
    default:
        chunked->state = AT_SIZE;
        chunked->digits = 0;
        return c == '\n';
    }
}

static size_t take_data(struct chunked *chunked, size_t available)
{
    size_t take = available < chunked->left ? available : (size_t)chunked->left;
    chunked->left -= take;
    chunked->data_bytes += take;
    if (chunked->left == 0) {
        chunked->state = AT_DATA_CR;
    }
    return take;
}

enum chunked_result chunked_feed(struct chunked *chunked, struct str bytes, size_t *ret_used)
{
    size_t at = 0;
    while (at < bytes.len && chunked->state != AT_TRAILERS) {
        if (chunked->state == AT_DATA) {
            at += take_data(chunked, bytes.len - at);
        } else if (!step(chunked, bytes.at[at++])) {
            *ret_used = at;
            return CHUNKED_BAD;
        }
    }
    *ret_used = at;
    if (at == bytes.len) {
        return CHUNKED_MORE;
    }
    size_t used;
    enum head_result result = head_feed(chunked->trailers, str_from(bytes, at), &used);
    *ret_used = at + used;
    return result == HEAD_MORE ? CHUNKED_MORE : result == HEAD_WHOLE ? CHUNKED_WHOLE : CHUNKED_BAD;
}
