#include "tests/standins/upstream/signature.h"

#include "base/escape.h"
#include "base/file.h"
#include "crypto/mac.h"

enum { SECRET_TEXT_BYTES_MAX = 1024 };

bool signature_read_secret(const char *path, struct buf *to, struct err *err)
{
    struct buf text;
    buf_init(&text, SECRET_TEXT_BYTES_MAX);
    bool read = file_read(path, &text, err);
    struct str line = buf_str(&text);
    if (read && str_ends(line, STR("\n"))) {
        line.len--;
    }
    if (read && (!str_starts(line, STR("whsec_")) || !base64_parse(to, str_from(line, 6)))) {
        read = err_set(err, "%s: not a secret: one line, whsec_ and base64", path);
    }
    buf_release(&text);
    return read;
}

static bool of_now(struct str timestamp, int64_t now_wall_ms)
{
    uint64_t at_s;
    if (!str_to_u64(timestamp, INT64_MAX / 1000, &at_s)) {
        return false;
    }
    int64_t apart_s = now_wall_ms / 1000 - (int64_t)at_s;
    return apart_s <= SIGNATURE_AGE_S_MAX && apart_s >= -SIGNATURE_AGE_S_MAX;
}

static bool is_mac(struct str version_and_mac, const struct mac *expected)
{
    struct buf given;
    buf_init(&given, MAC_BYTES);
    bool same = str_starts(version_and_mac, STR("v1,")) &&
                base64_parse(&given, str_from(version_and_mac, 3)) && given.len == MAC_BYTES &&
                mac_equal(given.at, expected->bytes, MAC_BYTES);
    buf_release(&given);
    return same;
}

bool signature_good(struct str key, const struct request *request, int64_t now_wall_ms)
{
    struct str id = request_header(request, "webhook-id");
    struct str timestamp = request_header(request, "webhook-timestamp");
    struct str signatures = request_header(request, "webhook-signature");
    if (id.len == 0 || !of_now(timestamp, now_wall_ms)) {
        return false;
    }
    struct buf text;
    struct mac expected;
    buf_init(&text, id.len + timestamp.len + request->body.len + 2);
    buf_put(&text, id);
    buf_putc(&text, '.');
    buf_put(&text, timestamp);
    buf_putc(&text, '.');
    buf_put(&text, request->body);
    mac_make(key, buf_str(&text), &expected);
    buf_release(&text);
    /* several, with blanks between, while a secret is being changed */
    bool good = false;
    struct str one;
    while (!good && str_next(&signatures, ' ', &one)) {
        good = is_mac(one, &expected);
    }
    return good;
}
