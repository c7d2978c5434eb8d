#include "qr/code.h"

#include <string.h>

#include "base/buf.h"
#include "base/escape.h"
#include "crypto/mac.h"

/*
 * Byte 0: version (high four bits), drill, serial follows, area is decimal, 0. Byte 1: key id. Byte 2: placement (high three bits), length
 * of the area id in characters. Then the serial if there is one, the area, and the MAC over all before it.
 */
enum {
    VERSION = 1,
    FLAG_DRILL = 8,
    FLAG_SERIAL = 4,
    FLAG_DECIMAL = 2,
    FLAG_RESERVED = 1,
    LENGTH_BITS = 5,
    HEAD_BYTES = 3,
    SERIAL_BYTES = 3,
    MAC_KEPT_BYTES = 5,
    DECIMAL_DIGITS_MAX = 19, /* the longest that surely fits 64 bits */
    BYTES_MAX = HEAD_BYTES + SERIAL_BYTES + CODE_AREA_BYTES - 1 + MAC_KEPT_BYTES
};

static const char *const placement_names[CODE_PLACEMENTS] = {
    [CODE_BOARD] = "board",   [CODE_HOME] = "home",       [CODE_CARD] = "card",
    [CODE_SCREEN] = "screen", [CODE_LEAFLET] = "leaflet", [CODE_LIST] = "list",
};

const char *code_placement_name(enum code_placement placement)
{
    CHECK(placement < CODE_PLACEMENTS);
    return placement_names[placement];
}

bool code_placement_parse(struct str name, enum code_placement *ret)
{
    for (int i = 0; i < CODE_PLACEMENTS; i++) {
        if (str_is(name, placement_names[i])) {
            *ret = (enum code_placement)i;
            return true;
        }
    }
    return false;
}

static bool area_decimal(struct str area)
{
    uint64_t value;
    return area.len <= DECIMAL_DIGITS_MAX && str_to_u64(area, UINT64_MAX, &value);
}

static bool area_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

bool code_area_ok(struct str area)
{
    for (size_t i = 0; i < area.len; i++) {
        if (!area_char(area.at[i])) {
            return false;
        }
    }
    return area.len > 0 && area.len < CODE_AREA_BYTES;
}

/* The bytes that a number of so many digits needs: 12 digits take 5. */
static size_t decimal_bytes(size_t digits)
{
    uint64_t largest = 0;
    size_t bytes = 0;
    for (size_t i = 0; i < digits; i++) {
        largest = largest * 10 + 9;
    }
    for (; largest > 0; largest >>= 8) {
        bytes++;
    }
    return bytes;
}

static void number_put(unsigned char *to, size_t bytes, uint64_t value)
{
    for (size_t i = bytes; i > 0; i--) {
        to[i - 1] = (unsigned char)value;
        value >>= 8;
    }
}

static uint64_t number_get(const unsigned char *from, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

static void code_mac(const struct key *key, const unsigned char *bytes, size_t count,
                     struct mac *ret)
{
    const struct str parts[] = {STR("printed-link"), str_make(bytes, count)};
    mac_parts(str_make(key->bytes, KEY_BYTES), parts, 2, ret);
}

static size_t code_pack(const struct code *code, const struct key *key, unsigned char *to)
{
    struct str area = str_of(code->area);
    bool decimal = area_decimal(area);
    size_t count = HEAD_BYTES;
    to[0] = (unsigned char)(VERSION << 4 | (code->drill ? FLAG_DRILL : 0) |
                            (code->serial > 0 ? FLAG_SERIAL : 0) | (decimal ? FLAG_DECIMAL : 0));
    to[1] = (unsigned char)key->id;
    to[2] = (unsigned char)((unsigned)code->placement << LENGTH_BITS | area.len);
    if (code->serial > 0) {
        number_put(to + count, SERIAL_BYTES, code->serial);
        count += SERIAL_BYTES;
    }
    if (decimal) {
        uint64_t value = 0;
        size_t bytes = decimal_bytes(area.len);
        CHECK(str_to_u64(area, UINT64_MAX, &value));
        number_put(to + count, bytes, value);
        return count + bytes;
    }
    memcpy(to + count, area.at, area.len);
    return count + area.len;
}

void code_make(const struct keyring *keyring, const struct code *code,
               char ret_text[CODE_TEXT_BYTES])
{
    const struct key *key = keyring_current(keyring, KEY_LINK);
    unsigned char bytes[BYTES_MAX];
    struct mac mac;
    struct buf text;
    CHECK(code->placement < CODE_PLACEMENTS && code->serial <= CODE_SERIAL_MAX);
    CHECK(code_area_ok(str_of(code->area)));
    size_t count = code_pack(code, key, bytes);
    code_mac(key, bytes, count, &mac);
    memcpy(bytes + count, mac.bytes, MAC_KEPT_BYTES);

    buf_init(&text, CODE_TEXT_BYTES - 1);
    base32_put(&text, str_make(bytes, count + MAC_KEPT_BYTES));
    CHECK(buf_ok(&text));
    memcpy(ret_text, buf_text(&text), text.len + 1);
    buf_release(&text);
}

static bool area_unpack(const unsigned char *from, size_t bytes, size_t length, bool decimal,
                        char ret_area[CODE_AREA_BYTES])
{
    if (!decimal) {
        bool fits = bytes == length && code_area_ok(str_make(from, bytes));
        memcpy(ret_area, from, fits ? bytes : 0);
        ret_area[fits ? bytes : 0] = '\0';
        return fits;
    }
    if (length > DECIMAL_DIGITS_MAX || bytes != decimal_bytes(length)) {
        return false;
    }
    uint64_t value = number_get(from, bytes);
    ret_area[length] = '\0';
    for (size_t i = length; i > 0; i--) {
        ret_area[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return value == 0;
}

static bool code_unpack(const unsigned char *bytes, size_t count, struct code *ret)
{
    size_t at = HEAD_BYTES;
    unsigned placement = bytes[2] >> LENGTH_BITS;
    size_t length = bytes[2] & ((1u << LENGTH_BITS) - 1);
    *ret = (struct code){.drill = (bytes[0] & FLAG_DRILL) != 0};
    if (bytes[0] >> 4 != VERSION || (bytes[0] & FLAG_RESERVED) != 0 ||
        placement >= CODE_PLACEMENTS || length == 0 || length >= CODE_AREA_BYTES) {
        return false;
    }
    ret->placement = (enum code_placement)placement;
    if ((bytes[0] & FLAG_SERIAL) != 0) {
        if (count < HEAD_BYTES + SERIAL_BYTES) {
            return false;
        }
        ret->serial = (uint32_t)number_get(bytes + at, SERIAL_BYTES);
        at += SERIAL_BYTES;
    }
    return area_unpack(bytes + at, count - at, length, (bytes[0] & FLAG_DECIMAL) != 0, ret->area);
}

enum code_fault code_read(const struct keyring *keyring, struct str text, struct code *ret)
{
    unsigned char bytes[BYTES_MAX];
    struct mac mac;
    struct code code;
    size_t count = text.len * 5 / 8;
    if (count < HEAD_BYTES + MAC_KEPT_BYTES || count > BYTES_MAX ||
        !base32_parse(text, bytes, count)) {
        return CODE_MALFORMED;
    }
    count -= MAC_KEPT_BYTES;
    if (!code_unpack(bytes, count, &code)) {
        return CODE_MALFORMED;
    }
    const struct key *key = keyring_find(keyring, KEY_LINK, bytes[1]);
    if (key == NULL) {
        return CODE_FORGED;
    }
    code_mac(key, bytes, count, &mac);
    if (!mac_equal(mac.bytes, bytes + count, MAC_KEPT_BYTES)) {
        return CODE_FORGED;
    }
    *ret = code;
    return CODE_OK;
}
