#include "base/escape.h"

#include <stdint.h>

#include "base/utf8.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base32_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const char *html_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void escape_html(struct buf *to, struct str text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *entity = html_entity(text.at[i]);
        if (entity != NULL) {
            buf_put(to, str_sub(text, from, i - from));
            buf_puts(to, entity);
            from = i + 1;
        }
    }
    buf_put(to, str_from(text, from));
}

void escape_xml(struct buf *to, struct str text)
{
    struct str rest = text;
    uint32_t code;
    while (rest.len > 0) {
        struct str here = rest;
        if (!utf8_next(&rest, &code)) {
            utf8_put(to, 0xFFFD);
            rest = str_from(rest, 1);
            continue;
        }
        bool allowed = code == '\t' || code == '\n' || code == '\r' ||
                       (code >= 0x20 && code != 0xFFFE && code != 0xFFFF);
        if (allowed) {
            escape_html(to, str_sub(here, 0, here.len - rest.len));
        } else {
            utf8_put(to, 0xFFFD);
        }
    }
}

void escape_json(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '"' || c == '\\') {
            buf_putc(to, '\\');
            buf_putc(to, (char)c);
        } else if (c == '\n') {
            buf_puts(to, "\\n");
        } else if (c == '\t') {
            buf_puts(to, "\\t");
        } else if (c == '\r') {
            buf_puts(to, "\\r");
        } else if (c < 0x20) {
            buf_printf(to, "\\u%04x", c);
        } else {
            buf_putc(to, (char)c);
        }
    }
}

static bool unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void percent_put(struct buf *to, char c)
{
    buf_printf(to, "%%%02X", (unsigned char)c);
}

void escape_form(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == ' ') {
            buf_putc(to, '+');
        } else if (unreserved(c) && c != '~') {
            buf_putc(to, c);
        } else {
            percent_put(to, c);
        }
    }
}

void escape_path(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (unreserved(text.at[i])) {
            buf_putc(to, text.at[i]);
        } else {
            percent_put(to, text.at[i]);
        }
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool unescape_url(struct buf *to, struct str text, bool plus_is_space)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '%') {
            bool whole = text.len - i > 2;
            int high = whole ? hex_value(text.at[i + 1]) : -1;
            int low = whole ? hex_value(text.at[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            buf_putc(to, (char)(high << 4 | low));
            i += 2;
        } else {
            buf_putc(to, c == '+' && plus_is_space ? ' ' : c);
        }
    }
    return true;
}

void hex_put(struct buf *to, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        buf_putc(to, hex_digits[c >> 4]);
        buf_putc(to, hex_digits[c & 15]);
    }
}

bool hex_parse(struct str text, void *ret_bytes, size_t bytes)
{
    unsigned char *out = ret_bytes;
    if (text.len != bytes * 2) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        int high = hex_value(text.at[2 * i]);
        int low = hex_value(text.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* Both base64 forms and base32 are the same walk: bits gather in a small reservoir and leave by the digit. */
static void digits_put(struct buf *to, struct str bytes, const char *digits, unsigned width)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t count = 0;
    char *out = bytes.len > 0 ? buf_room(to, (bytes.len * 8 + width - 1) / width) : NULL;
    if (out == NULL) {
        return;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | (unsigned char)bytes.at[i];
        held += 8;
        while (held >= width) {
            held -= width;
            out[count++] = digits[bits >> held & ((1u << width) - 1)];
        }
        bits &= (1u << held) - 1;
    }
    if (held > 0) {
        out[count++] = digits[bits << (width - held) & ((1u << width) - 1)];
    }
    buf_wrote(to, count);
}

void base64_put(struct buf *to, struct str bytes)
{
    digits_put(to, bytes, base64_digits, 6);
    for (size_t i = bytes.len % 3; i > 0 && i < 3; i++) {
        buf_putc(to, '=');
    }
}

void base64url_put(struct buf *to, struct str bytes)
{
    digits_put(to, bytes, base64url_digits, 6);
}

static bool base64_digits_parse(struct buf *to, struct str text, const char *digits)
{
    uint32_t bits = 0;
    unsigned held = 0;
    if (text.len % 4 == 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.at[i] ? strchr(digits, text.at[i]) : NULL;
        if (digit == NULL) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            buf_putc(to, (char)(bits >> held & 0xFF));
            bits &= (1u << held) - 1;
        }
    }
    return bits == 0;
}

bool base64_parse(struct buf *to, struct str text)
{
    size_t pad = 0;
    if (text.len % 4 != 0) {
        return false;
    }
    while (pad < 2 && text.len > 0 && text.at[text.len - 1] == '=') {
        text.len--;
        pad++;
    }
    return base64_digits_parse(to, text, base64_digits);
}

bool base64url_parse(struct buf *to, struct str text)
{
    return base64_digits_parse(to, text, base64url_digits);
}

void base32_put(struct buf *to, struct str bytes)
{
    digits_put(to, bytes, base32_digits, 5);
}

static int base32_value(char c)
{
    if (c >= 'a' && c <= 'z') {
        c = (char)(c - 'a' + 'A');
    }
    if (c == 'O') {
        return 0;
    }
    if (c == 'I' || c == 'L') {
        return 1;
    }
    const char *digit = c ? strchr(base32_digits, c) : NULL;
    return digit ? (int)(digit - base32_digits) : -1;
}

size_t base32_length(size_t bytes)
{
    return (bytes * 8 + 4) / 5;
}

bool base32_parse(struct str text, void *ret_bytes, size_t bytes)
{
    unsigned char *out = ret_bytes;
    uint32_t bits = 0;
    unsigned held = 0;
    size_t done = 0;
    if (text.len != base32_length(bytes)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int value = base32_value(text.at[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 5 | (uint32_t)value;
        held += 5;
        if (held >= 8 && done < bytes) {
            held -= 8;
            out[done++] = (unsigned char)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    return done == bytes && bits == 0;
}
