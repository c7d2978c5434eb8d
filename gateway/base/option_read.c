/* What each type of option allows, and the form in which its values are kept. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/option_table.h"

enum { VALUE_BYTES_MAX = 65536, UNIX_PATH_BYTES_MAX = 107 };

/* Its number among the words, or -1. */
static int word_place(const char *words, struct str word)
{
    struct str rest = str_of(words);
    struct str part;
    for (int place = 0; str_next(&rest, ' ', &part); place++) {
        if (part.len > 0 && str_eq(part, word)) {
            return place;
        }
    }
    return -1;
}

static bool words_have(const char *words, struct str word)
{
    return word_place(words, word) >= 0;
}

/* Blanks or commas between. */
static bool next_word(struct str *rest, struct str *ret_word)
{
    size_t from = 0;
    size_t to;
    while (from < rest->len && strchr(" \t,", rest->at[from]) != NULL) {
        from++;
    }
    for (to = from; to < rest->len && strchr(" \t,", rest->at[to]) == NULL;) {
        to++;
    }
    *ret_word = str_sub(*rest, from, to - from);
    *rest = str_from(*rest, to);
    return ret_word->len > 0;
}

static bool check_word(const struct option *option, struct str word, struct err *err)
{
    if (words_have(option->unbuilt, word)) {
        return err_set(err, "%.*s is not built yet, allowed: %s", STR_ARG(word), option->allowed);
    }
    if (option->allowed[0] != '\0' && !words_have(option->allowed, word)) {
        return err_set(err, "%.*s is unknown, allowed: %s", STR_ARG(word), option->allowed);
    }
    return true;
}

static bool read_words(const struct option *option, struct str value, struct buf *to,
                       struct err *err)
{
    struct str word;
    while (next_word(&value, &word)) {
        if (!check_word(option, word, err)) {
            return false;
        }
        buf_puts(to, to->len > 0 ? " " : "");
        buf_put(to, word);
    }
    return true;
}

static bool read_path(struct str value, const char *folder, struct buf *to)
{
    if (value.len > 0 && value.at[0] != '/' && folder[0] != '\0') {
        buf_printf(to, "%s/", folder);
    }
    buf_put(to, value);
    return true;
}

/* The folder may hold blanks, so what is kept is parted by lines. */
static bool read_files(const struct option *option, struct str value, const char *folder,
                       struct buf *to, struct err *err)
{
    uint64_t seen = 0;
    struct str word;
    while (next_word(&value, &word)) {
        struct str file = word;
        struct str name;
        (void)str_next(&file, '=', &name);
        int place = word_place(option->allowed, name);
        if (place < 0 || file.len == 0) {
            return err_set(err, "%.*s is unknown, allowed: WORD=FILE with %s", STR_ARG(word),
                           option->allowed);
        }
        if (seen & (1U << place)) {
            return err_set(err, "%.*s is named twice", STR_ARG(name));
        }
        seen |= 1U << place;
        buf_printf(to, "%s%.*s=", to->len > 0 ? "\n" : "", STR_ARG(name));
        read_path(file, folder, to);
    }
    return true;
}

static bool read_unix(struct str value, const char *folder, struct buf *to, struct err *err)
{
    struct str path = str_from(value, 5);
    buf_puts(to, "unix:");
    read_path(path, folder, to);
    if (path.len == 0) {
        return err_set(err, "unix: needs a path");
    }
    if (to->len - 5 > UNIX_PATH_BYTES_MAX) {
        return err_set(err, "the socket's path has %zu bytes, at most %d are possible", to->len - 5,
                       UNIX_PATH_BYTES_MAX);
    }
    return true;
}

/* The last colon parts host and port; an IPv6 address stands in brackets. */
static bool split_port(struct str value, struct str *ret_host, bool port_needed)
{
    uint64_t port;
    ptrdiff_t colon = -1;
    for (size_t i = value.len; i > 0 && colon < 0 && value.at[i - 1] != ']'; i--) {
        colon = value.at[i - 1] == ':' ? (ptrdiff_t)i - 1 : -1;
    }
    *ret_host = colon < 0 ? value : str_sub(value, 0, (size_t)colon);
    if (colon < 0) {
        return !port_needed && ret_host->len > 0;
    }
    return ret_host->len > 0 && str_to_u64(str_from(value, (size_t)colon + 1), 65535, &port);
}

static bool is_address(struct str host, int *ret_bits)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    if (host.len == 0 || host.len >= sizeof text) {
        return false;
    }
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    *ret_bits = strchr(text, ':') ? 128 : 32;
    return inet_pton(*ret_bits == 128 ? AF_INET6 : AF_INET, text, bytes) == 1;
}

static bool is_numeric_host(struct str host)
{
    int bits;
    if (str_starts(host, STR("[")) && str_ends(host, STR("]"))) {
        return is_address(str_sub(host, 1, host.len - 2), &bits) && bits == 128;
    }
    return is_address(host, &bits) && bits == 32;
}

static bool read_listen(struct str value, const char *folder, struct buf *to, struct err *err)
{
    struct str host;
    if (str_starts(value, STR("unix:"))) {
        return read_unix(value, folder, to, err);
    }
    if (value.len > 0 && (!split_port(value, &host, true) || !is_numeric_host(host))) {
        return err_set(err,
                       "%.*s is no address, allowed: HOST:PORT (numeric), [::]:PORT, unix:PATH",
                       STR_ARG(value));
    }
    buf_put(to, value);
    return true;
}

static bool check_networks(struct str value, struct err *err)
{
    struct str rest = value;
    struct str part;
    while (str_next(&rest, ' ', &part)) {
        int bits;
        uint64_t prefix;
        ptrdiff_t slash = str_find_char(part, '/');
        struct str address = str_sub(part, 0, slash < 0 ? part.len : (size_t)slash);
        if (!is_address(address, &bits) ||
            (slash >= 0 &&
             !str_to_u64(str_from(part, (size_t)slash + 1), (uint64_t)bits, &prefix))) {
            return err_set(err,
                           "%.*s is no network, allowed: ADDRESS or ADDRESS/BITS, blank-separated",
                           STR_ARG(part));
        }
    }
    return true;
}

static bool split_scheme(struct str value, struct str *ret_rest)
{
    struct str http = STR("http://");
    struct str https = STR("https://");
    bool plain = str_starts(value, http);
    *ret_rest = str_from(value, plain ? http.len : https.len);
    return plain || str_starts(value, https);
}

static bool read_base_url(struct str value, struct buf *to, struct err *err)
{
    struct str host;
    struct str rest;
    while (str_ends(value, STR("/"))) {
        value.len--;
    }
    bool fits = split_scheme(value, &rest) && split_port(rest, &host, false);
    for (size_t i = 0; fits && i < host.len; i++) {
        fits = strchr("/?#@ ", host.at[i]) == NULL;
    }
    buf_put(to, value);
    return fits || err_set(err,
                           "%.*s is no address of a site, allowed: http://HOST[:PORT] or "
                           "https://HOST[:PORT], nothing behind it",
                           STR_ARG(value));
}

static bool check_url(struct str value, struct err *err)
{
    struct str rest;
    bool fits = value.len == 0 || (split_scheme(value, &rest) && rest.len > 0 && rest.at[0] != '/');
    for (size_t i = 0; fits && i < value.len; i++) {
        fits = (unsigned char)value.at[i] > ' ' && (unsigned char)value.at[i] < 0x7F;
    }
    return fits || err_set(err, "is no address, allowed: http://… or https://…, or empty");
}

static bool read_redis(struct str value, const char *folder, struct buf *to, struct err *err)
{
    const char *allowed = "allowed: private:, unix:PATH, redis://HOST:PORT/DB (HOST numeric)";
    struct str host;
    struct str rest = str_from(value, 8);
    uint64_t database = 0;
    if (str_starts(value, STR("sentinel://")) || str_starts(value, STR("cluster://"))) {
        return err_set(err, "%.*s is not built yet, %s", STR_ARG(value), allowed);
    }
    if (str_starts(value, STR("unix:"))) {
        return read_unix(value, folder, to, err);
    }
    ptrdiff_t slash = str_find_char(rest, '/');
    bool fits = slash < 0 || str_to_u64(str_from(rest, (size_t)slash + 1), 1023, &database);
    rest = slash < 0 ? rest : str_sub(rest, 0, (size_t)slash);
    fits = fits && str_starts(value, STR("redis://")) && split_port(rest, &host, true) &&
           is_numeric_host(host);
    buf_put(to, value);
    return fits || str_is(value, "private:") ||
           err_set(err, "%.*s is no place of a Redis, %s", STR_ARG(value), allowed);
}

static bool check_durability(struct str value, struct err *err)
{
    struct str replicated = STR("replicated:");
    uint64_t replicas;
    if (str_starts(value, replicated) &&
        str_to_u64(str_from(value, replicated.len), OPTIONS_REPLICAS_MAX, &replicas) &&
        replicas > 0) {
        return true;
    }
    return words_have("fsync declared none", value) ||
           err_set(err,
                   "%.*s is unknown, allowed: fsync, replicated:1 to replicated:%d, declared, none",
                   STR_ARG(value), OPTIONS_REPLICAS_MAX);
}

static bool read_number(const struct option *option, struct str value, int64_t *ret,
                        struct err *err)
{
    uint64_t number;
    if (!str_to_u64(value, (uint64_t)option->most, &number) || (int64_t)number < option->least) {
        return err_set(err, "%.*s is no such number, allowed: %lld to %lld", STR_ARG(value),
                       (long long)option->least, (long long)option->most);
    }
    *ret = (int64_t)number;
    return true;
}

static bool read_text(const struct option *option, struct str value, const char *folder,
                      struct buf *to, struct err *err)
{
    switch (option->type) {
    case OPTION_WORDS:
        return read_words(option, value, to, err);
    case OPTION_PATH:
        return read_path(value, folder, to);
    case OPTION_FILES:
        return read_files(option, value, folder, to, err);
    case OPTION_LISTEN:
        return read_listen(value, folder, to, err);
    case OPTION_BASE_URL:
        return read_base_url(value, to, err);
    case OPTION_REDIS:
        return read_redis(value, folder, to, err);
    case OPTION_NETWORKS:
        return read_words(option, value, to, err) && check_networks(buf_str(to), err);
    case OPTION_WORD:
        buf_put(to, value);
        return check_word(option, value, err);
    case OPTION_URL:
        buf_put(to, value);
        return check_url(value, err);
    case OPTION_DURABILITY:
        buf_put(to, value);
        return check_durability(value, err);
    case OPTION_TEXT:
    case OPTION_NUMBER:
        break;
    }
    buf_put(to, value);
    return true;
}

bool option_read(const struct option *option, struct str value, const char *folder,
                 char **ret_value, int64_t *ret_number, struct err *err)
{
    struct buf to;
    if (option->type == OPTION_NUMBER) {
        return read_number(option, value, ret_number, err);
    }
    buf_init(&to, VALUE_BYTES_MAX);
    bool fits = read_text(option, value, folder, &to, err);
    if (fits && !buf_ok(&to)) {
        fits = err_set(err, "is too long");
    }
    if (fits) {
        *ret_value = mem_strdup(buf_text(&to));
    }
    buf_release(&to);
    return fits;
}
