/* Form bodies: application/x-www-form-urlencoded (WHATWG URL) and multipart/form-data (RFC 7578), text only. */
#include "base/escape.h"
#include "http/conn.h"

enum { BOUNDARY_BYTES_MAX = 70 };

/* "name=value" or "name=\"value\"" among the parameters behind a header's first semicolon. False: it is not there. */
static bool parameter(struct str header, const char *name, struct str *ret)
{
    ptrdiff_t at = str_find_char(header, ';');
    while (at >= 0) {
        header = str_trim(str_from(header, (size_t)at + 1));
        ptrdiff_t equals = str_find_char(header, '=');
        if (equals < 0) {
            return false;
        }
        struct str found = str_trim(str_sub(header, 0, (size_t)equals));
        header = str_from(header, (size_t)equals + 1);
        bool quoted = header.len > 0 && header.at[0] == '"';
        header = quoted ? str_from(header, 1) : header;
        ptrdiff_t end = str_find_char(header, quoted ? '"' : ';');
        if (end < 0 && quoted) {
            return false;
        }
        struct str value = end < 0 ? header : str_sub(header, 0, (size_t)end);
        if (str_eq_nocase(found, str_of(name))) {
            *ret = quoted ? value : str_trim(value);
            return true;
        }
        header = end < 0 ? STR("") : str_from(header, (size_t)end);
        at = str_find_char(header, ';');
    }
    return false;
}

/* Room for the whole body was made before, so what is decoded never moves. */
static bool decode(struct buf *storage, struct str text, struct str *ret)
{
    size_t from = storage->len;
    if (!unescape_url(storage, text, true)) {
        return false;
    }
    *ret = str_from(buf_str(storage), from);
    return true;
}

static enum form_body read_urlencoded(struct buf *storage, struct str body, struct fields *ret)
{
    struct str pair;
    while (str_next(&body, '&', &pair)) {
        if (pair.len == 0) {
            continue;
        }
        ptrdiff_t equals = str_find_char(pair, '=');
        struct str name = equals < 0 ? pair : str_sub(pair, 0, (size_t)equals);
        struct str value = equals < 0 ? STR("") : str_from(pair, (size_t)equals + 1);
        if (!decode(storage, name, &name) || !decode(storage, value, &value)) {
            return FORM_BODY_BROKEN;
        }
        if (!fields_add(ret, name, value)) {
            return FORM_BODY_MANY;
        }
    }
    return FORM_BODY_OK;
}

/* Takes what stands before the mark, and the mark, off *rest. */
static bool take_until(struct str *rest, struct str mark, struct str *ret)
{
    ptrdiff_t at = str_find(*rest, mark);
    if (at < 0) {
        return false;
    }
    *ret = str_sub(*rest, 0, (size_t)at);
    *rest = str_from(*rest, (size_t)at + mark.len);
    return true;
}

static enum form_body read_part_head(struct str *rest, struct str *ret_name)
{
    struct str line;
    bool named = false;
    while (take_until(rest, STR("\r\n"), &line)) {
        struct str ignored;
        if (line.len == 0) {
            return named ? FORM_BODY_OK : FORM_BODY_BROKEN;
        }
        ptrdiff_t colon = str_find_char(line, ':');
        struct str name = str_sub(line, 0, colon < 0 ? 0 : (size_t)colon);
        struct str value = str_trim(str_from(line, name.len + 1));
        if (str_eq_nocase(name, STR("content-disposition"))) {
            if (parameter(value, "filename", &ignored) || parameter(value, "filename*", &ignored)) {
                return FORM_BODY_TYPE;
            }
            named = parameter(value, "name", ret_name) && str_find_char(*ret_name, '\\') < 0 &&
                    str_eq_nocase(str_sub(value, 0, 10), STR("form-data;"));
        } else if (str_eq_nocase(name, STR("content-transfer-encoding")) &&
                   (str_eq_nocase(value, STR("base64")) ||
                    str_eq_nocase(value, STR("quoted-printable")))) {
            return FORM_BODY_TYPE;
        } else if (name.len == 0) {
            return FORM_BODY_BROKEN;
        }
    }
    return FORM_BODY_BROKEN;
}

/* delimiter is "\r\n--boundary"; the first one may stand at the very beginning. What stands before it and behind the last one is
 * skipped (RFC 2046 §5.1.1). */
static enum form_body read_multipart(struct str body, struct str delimiter, struct fields *ret)
{
    struct str rest = body;
    struct str opening = str_from(delimiter, 2);
    struct str preamble;
    if (str_starts(rest, opening)) {
        rest = str_from(rest, opening.len);
    } else if (!take_until(&rest, delimiter, &preamble)) {
        return FORM_BODY_BROKEN;
    }
    while (!str_starts(rest, STR("--"))) {
        struct str name;
        struct str value;
        if (!str_starts(rest, STR("\r\n"))) {
            return FORM_BODY_BROKEN;
        }
        rest = str_from(rest, 2);
        enum form_body head = read_part_head(&rest, &name);
        if (head != FORM_BODY_OK) {
            return head;
        }
        if (!take_until(&rest, delimiter, &value)) {
            return FORM_BODY_BROKEN;
        }
        if (!fields_add(ret, name, value)) {
            return FORM_BODY_MANY;
        }
    }
    rest = str_from(rest, 2);
    return rest.len == 0 || str_starts(rest, STR("\r\n")) ? FORM_BODY_OK : FORM_BODY_BROKEN;
}

static enum form_body read_by_boundary(struct buf *storage, struct str type, struct str body,
                                       struct fields *ret)
{
    struct str boundary;
    if (!parameter(type, "boundary", &boundary) || boundary.len == 0 ||
        boundary.len > BOUNDARY_BYTES_MAX) {
        return FORM_BODY_BROKEN;
    }
    buf_puts(storage, "\r\n--");
    buf_put(storage, boundary);
    return read_multipart(body, buf_str(storage), ret);
}

enum form_body exchange_read_form(struct exchange *exchange, struct fields *ret)
{
    const struct request *request = exchange_request(exchange);
    struct str type = request_header(request, "content-type");
    ptrdiff_t semicolon = str_find_char(type, ';');
    struct str media = str_trim(str_sub(type, 0, semicolon < 0 ? type.len : (size_t)semicolon));
    struct buf *storage = &exchange->form;
    size_t bytes = request->body.len + BOUNDARY_BYTES_MAX + 4;
    ret->count = 0;
    storage->bytes_max = bytes;
    buf_clear(storage);
    CHECK(buf_room(storage, bytes) != NULL);
    if (str_eq_nocase(media, STR("application/x-www-form-urlencoded")) ||
        (media.len == 0 && request->body.len == 0)) {
        return read_urlencoded(storage, request->body, ret);
    }
    return str_eq_nocase(media, STR("multipart/form-data"))
               ? read_by_boundary(storage, type, request->body, ret)
               : FORM_BODY_TYPE;
}

enum form_body exchange_read_query(struct exchange *exchange, struct fields *ret)
{
    const struct request *request = exchange_request(exchange);
    struct buf *storage = &exchange->form;
    ret->count = 0;
    storage->bytes_max = request->query.len + 1;
    buf_clear(storage);
    CHECK(buf_room(storage, storage->bytes_max) != NULL);
    return read_urlencoded(storage, request->query, ret);
}
