#include "http/head.h"

#include "base/check.h"

enum state {
    AT_START,
    AT_START_LF,
    AT_METHOD,
    AT_TARGET,
    AT_VERSION,
    AT_LINE_LF,
    AT_FIELD,
    AT_NAME,
    AT_BLANK,
    AT_VALUE,
    AT_FIELD_LF,
    AT_END_LF,
    AT_WHOLE
};

enum { METHOD_BYTES_MAX = 32, IS_TOKEN = 1, IS_TARGET = 2, IS_VALUE = 4, IS_HOST = 8 };

#define T (IS_TOKEN | IS_TARGET | IS_VALUE)
#define H (T | IS_HOST)
#define U (IS_TARGET | IS_VALUE)
#define V IS_VALUE
#define G (U | IS_HOST)
/* RFC 9110 §5.6.2 tokens, §5.5 values; a fragment is no part of a target; a host has no comma, slash or at-sign. */
static const uint8_t class_of[256] = {
    ['\t'] = V,
    [' '] = V,
    ['!'] = H,
    ['"'] = U,
    ['#'] = IS_TOKEN | IS_VALUE,
    ['$'] = H,
    ['%'] = H,
    ['&'] = H,
    ['\''] = H,
    ['('] = G,
    [')'] = G,
    ['*'] = H,
    ['+'] = H,
    [','] = U,
    ['-'] = H,
    ['.'] = H,
    ['/'] = U,
    [':'] = G,
    [';'] = G,
    ['<'] = U,
    ['='] = G,
    ['>'] = U,
    ['?'] = U,
    ['@'] = U,
    ['['] = G,
    ['\\'] = U,
    [']'] = G,
    ['^'] = T,
    ['_'] = H,
    ['`'] = T,
    ['{'] = U,
    ['|'] = T,
    ['}'] = U,
    ['~'] = H,
    ['0' ... '9'] = H,
    ['A' ... 'Z'] = H,
    ['a' ... 'z'] = H,
    [128 ... 255] = V,
};
#undef T
#undef H
#undef U
#undef V
#undef G

static bool is(char c, uint8_t what)
{
    return (class_of[(unsigned char)c] & what) != 0;
}

void head_init(struct head *head)
{
    head->state = AT_START;
    head->in_version = 0;
    head->trailers = false;
    head->major = head->minor = '0';
    head->bytes = 0;
    head->method_at = head->method_len = head->target_at = head->target_len = 0;
    head->field_count = 0;
    head->status = 0;
}

void head_init_trailers(struct head *head)
{
    head_init(head);
    head->trailers = true;
    head->state = AT_FIELD;
}

bool head_begun(const struct head *head)
{
    return head->state > AT_START_LF;
}

/* One byte of "HTTP/1.1" and the CR behind it. */
static bool step_version(struct head *head, char c)
{
    static const char pattern[] = "HTTP/0.0";
    uint8_t i = head->in_version++;
    if (i == sizeof pattern - 1) {
        head->state = AT_LINE_LF;
        return c == '\r';
    }
    if (pattern[i] != '0') {
        return c == pattern[i];
    }
    if (i == 5) {
        head->major = c;
    } else {
        head->minor = c;
    }
    return c >= '0' && c <= '9';
}

static bool step_line(struct head *head, char c)
{
    switch ((enum state)head->state) {
    case AT_START:
        if (c == '\r' && head->bytes == 0) { /* one empty line before: RFC 9112 §2.2 */
            head->state = AT_START_LF;
            return true;
        }
        head->method_at = (uint16_t)head->bytes;
        head->method_len = 1;
        head->state = AT_METHOD;
        return is(c, IS_TOKEN);
    case AT_START_LF:
        head->state = AT_START;
        return c == '\n';
    case AT_METHOD:
        if (c == ' ') {
            head->target_at = (uint16_t)(head->bytes + 1);
            head->state = AT_TARGET;
            return true;
        }
        if (++head->method_len > METHOD_BYTES_MAX) {
            head->status = 501;
        }
        return is(c, IS_TOKEN) && head->status == 0;
    case AT_TARGET:
        if (c == ' ') {
            head->state = AT_VERSION;
            return head->target_len > 0;
        }
        if (++head->target_len > HEAD_TARGET_BYTES_MAX) {
            head->status = 414;
        }
        return is(c, IS_TARGET) && head->status == 0;
    case AT_VERSION:
        return step_version(head, c);
    default:
        head->state = AT_FIELD;
        return c == '\n';
    }
}

static bool begin_field(struct head *head, char c)
{
    if (c == '\r') {
        head->state = AT_END_LF;
        return true;
    }
    if (head->field_count == HEAD_FIELDS_MAX) {
        head->status = 431;
        return false;
    }
    head->fields[head->field_count++] = (struct head_field){(uint16_t)head->bytes, 1, 0, 0};
    head->state = AT_NAME;
    return is(c, IS_TOKEN); /* so no folded line and no empty name */
}

static bool step_field(struct head *head, char c)
{
    struct head_field *field = &head->fields[head->field_count > 0 ? head->field_count - 1 : 0];
    switch ((enum state)head->state) {
    case AT_FIELD:
        return begin_field(head, c);
    case AT_NAME:
        if (c == ':') {
            head->state = AT_BLANK;
            return true;
        }
        field->name_len++;
        return is(c, IS_TOKEN);
    case AT_BLANK:
        if (c == ' ' || c == '\t') {
            return true;
        }
        field->value_at = (uint16_t)head->bytes;
        head->state = AT_VALUE;
        /* fall through */
    case AT_VALUE:
        if (c == '\r') {
            head->state = AT_FIELD_LF;
            return true;
        }
        if (c != ' ' && c != '\t') {
            field->value_len = (uint16_t)(head->bytes + 1 - field->value_at);
        }
        return is(c, IS_VALUE);
    default:
        head->state = head->state == AT_END_LF ? AT_WHOLE : AT_FIELD;
        return c == '\n';
    }
}

enum head_result head_feed(struct head *head, struct str bytes, size_t *ret_used)
{
    CHECK(head->state != AT_WHOLE && head->status == 0);
    for (size_t i = 0; i < bytes.len; i++) {
        bool fine = head->state < AT_FIELD ? step_line(head, bytes.at[i])
                                           : step_field(head, bytes.at[i]);
        head->bytes++;
        if (fine && head->bytes == HEAD_BYTES_MAX && head->state != AT_WHOLE) {
            head->status = 431;
            fine = false;
        }
        if (!fine || head->state == AT_WHOLE) {
            head->status = fine ? 0 : head->status ? head->status : 400;
            *ret_used = i + 1;
            return fine ? HEAD_WHOLE : HEAD_BAD;
        }
    }
    *ret_used = bytes.len;
    return HEAD_MORE;
}

struct str head_method(const struct head *head, const char *at)
{
    return str_make(at + head->method_at, head->method_len);
}

struct str head_name(const struct head *head, const char *at, size_t i)
{
    return str_make(at + head->fields[i].name_at, head->fields[i].name_len);
}

struct str head_value(const struct head *head, const char *at, size_t i)
{
    return str_make(at + head->fields[i].value_at, head->fields[i].value_len);
}

static bool is_host(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is(text.at[i], IS_HOST)) {
            return false;
        }
    }
    return true;
}

/* "http://host/path?query": RFC 9112 §3.2.2. The path may be missing. */
static int judge_absolute(struct str target, struct head_facts *ret)
{
    size_t scheme = str_eq_nocase(str_sub(target, 0, 7), STR("http://"))    ? 7
                    : str_eq_nocase(str_sub(target, 0, 8), STR("https://")) ? 8
                                                                            : 0;
    struct str rest = str_from(target, scheme);
    size_t host = 0;
    while (host < rest.len && rest.at[host] != '/' && rest.at[host] != '?') {
        host++;
    }
    ret->host = str_sub(rest, 0, host);
    ret->path = host == rest.len ? STR("/") : str_from(rest, host);
    bool fine = scheme > 0 && host > 0 && is_host(ret->host) && ret->path.at[0] == '/';
    return fine ? 0 : 400;
}

static int judge_line(const struct head *head, const char *at, struct head_facts *ret)
{
    struct str target = str_make(at + head->target_at, head->target_len);
    if (head->major != '1' || (head->minor != '0' && head->minor != '1')) {
        return 505;
    }
    if (str_is(head_method(head, at), "CONNECT")) {
        return 501;
    }
    if (str_is(target, "*")) {
        return str_is(head_method(head, at), "OPTIONS") ? 501 : 400;
    }
    if (target.at[0] == '/') {
        ret->path = target;
        return 0;
    }
    return judge_absolute(target, ret);
}

/* h2c is offered by common client libraries with every first request and may be passed over (RFC 9110 §7.8). */
static bool is_idle_upgrade(struct str value)
{
    return str_eq_nocase(value, STR("h2c"));
}

static int judge_field(const struct head *head, struct str name, struct str value,
                       struct head_facts *ret)
{
    if (str_eq_nocase(name, STR("content-length"))) {
        bool fine = !ret->has_length && str_to_u64(value, INT64_MAX, &ret->content_length);
        ret->has_length = true;
        return fine ? 0 : 400;
    }
    if (str_eq_nocase(name, STR("transfer-encoding"))) {
        bool fine = !ret->chunked && head->minor == '1' && str_eq_nocase(value, STR("chunked"));
        ret->chunked = true;
        return fine ? 0 : 400;
    }
    if (str_eq_nocase(name, STR("expect")) && head->minor == '1') {
        ret->expects_continue = str_eq_nocase(value, STR("100-continue"));
        return ret->expects_continue ? 0 : 417;
    }
    return str_eq_nocase(name, STR("upgrade")) && !is_idle_upgrade(value) ? 400 : 0;
}

int head_judge(const struct head *head, const char *at, struct head_facts *ret)
{
    CHECK(head->state == AT_WHOLE && !head->trailers);
    *ret = (struct head_facts){0};
    int status = judge_line(head, at, ret);
    size_t hosts = 0;
    for (size_t i = 0; i < head->field_count && status == 0; i++) {
        struct str name = head_name(head, at, i);
        struct str value = head_value(head, at, i);
        if (str_eq_nocase(name, STR("host"))) {
            hosts++;
            ret->host = ret->host.at ? ret->host : value;
            status = is_host(value) ? 0 : 400;
        } else {
            status = judge_field(head, name, value, ret);
        }
    }
    if (status == 0 &&
        (hosts > 1 || (hosts == 0 && head->minor == '1') || (ret->chunked && ret->has_length))) {
        status = 400;
    }
    return status;
}
