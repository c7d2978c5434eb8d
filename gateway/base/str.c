#include "base/str.h"

#include <strings.h>

bool str_eq(struct str a, struct str b)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a slice with a length has bytes */
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.at, b.at, a.len) == 0);
}

bool str_is(struct str a, const char *text)
{
    return str_eq(a, str_of(text));
}

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.at, b.at, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_eq(str_make(text.at, prefix.len), prefix);
}

bool str_ends(struct str text, struct str suffix)
{
    return text.len >= suffix.len && str_eq(str_from(text, text.len - suffix.len), suffix);
}

ptrdiff_t str_find(struct str text, struct str needle)
{
    if (needle.len == 0) {
        return 0;
    }
    const char *hit = text.len ? memmem(text.at, text.len, needle.at, needle.len) : NULL;
    return hit ? hit - text.at : -1;
}

ptrdiff_t str_find_char(struct str text, char c)
{
    const char *hit = text.len ? memchr(text.at, c, text.len) : NULL;
    return hit ? hit - text.at : -1;
}

struct str str_sub(struct str text, size_t from, size_t len)
{
    if (from > text.len) {
        from = text.len;
    }
    if (len > text.len - from) {
        len = text.len - from;
    }
    return (struct str){text.at ? text.at + from : NULL, len};
}

struct str str_from(struct str text, size_t from)
{
    return str_sub(text, from, text.len);
}

struct str str_trim(struct str text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

bool str_next(struct str *rest, char separator, struct str *ret_part)
{
    if (rest->at == NULL) {
        return false;
    }
    ptrdiff_t at = str_find_char(*rest, separator);
    if (at < 0) {
        *ret_part = *rest;
        *rest = (struct str){NULL, 0};
        return true;
    }
    *ret_part = str_make(rest->at, (size_t)at);
    *rest = str_make(rest->at + at + 1, rest->len - (size_t)at - 1);
    return true;
}

bool str_only(struct str text, const char *set)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\0' || strchr(set, text.at[i]) == NULL) {
            return false;
        }
    }
    return true;
}

bool str_to_u64(struct str text, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    if (text.len == 0 || text.len > 20) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(text.at[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (value > max) {
        return false;
    }
    *ret = value;
    return true;
}
