#include "base/utf8.h"

static size_t sequence_length(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

bool utf8_next(struct str *rest, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const unsigned char lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    if (rest->len == 0) {
        return false;
    }
    const unsigned char *at = (const unsigned char *)rest->at;
    size_t len = sequence_length(at[0]);
    if (len == 0 || len > rest->len) {
        return false;
    }
    uint32_t code = at[0] & lead_bits[len];
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return false;
        }
        code = code << 6 | (at[i] & 0x3Fu);
    }
    if (code < least[len] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return false;
    }
    rest->at += len;
    rest->len -= len;
    *ret_code = code;
    return true;
}

bool utf8_valid(struct str text)
{
    uint32_t code;
    while (utf8_next(&text, &code)) {
    }
    return text.len == 0;
}

size_t utf8_length(struct str text)
{
    size_t codes = 0;
    for (size_t i = 0; i < text.len; i++) {
        codes += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    }
    return codes;
}

void utf8_put(struct buf *to, uint32_t code)
{
    char bytes[4];
    size_t len;
    if (code < 0x80) {
        bytes[0] = (char)code;
        len = 1;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        len = 2;
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        len = 3;
    } else {
        bytes[0] = (char)(0xF0 | code >> 18);
        len = 4;
    }
    for (size_t i = 1; i < len; i++) {
        bytes[i] = (char)(0x80 | (code >> 6 * (len - 1 - i) & 0x3F));
    }
    buf_put(to, str_make(bytes, len));
}

struct str utf8_head(struct str text, size_t codes)
{
    struct str rest = text;
    uint32_t code;
    while (codes > 0 && utf8_next(&rest, &code)) {
        codes--;
    }
    return str_make(text.at, text.len - rest.len);
}
