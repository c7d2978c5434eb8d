#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

enum { V4_PREFIX_BITS = 96 };

static struct address from_v4(const void *bytes)
{
    struct address address = {.local = false};
    memcpy(address.at, v4_prefix, sizeof v4_prefix);
    memcpy(address.at + sizeof v4_prefix, bytes, 4);
    return address;
}

struct address address_of_peer(const struct sockaddr *peer)
{
    struct address address = {.local = true};
    if (peer->sa_family == AF_INET) {
        address = from_v4(&((const struct sockaddr_in *)(const void *)peer)->sin_addr);
    } else if (peer->sa_family == AF_INET6) {
        address.local = false;
        memcpy(address.at, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
    }
    return address;
}

bool address_v4(const struct address *address)
{
    return !address->local && memcmp(address->at, v4_prefix, sizeof v4_prefix) == 0;
}

bool address_parse(struct str text, struct address *ret)
{
    char copy[INET6_ADDRSTRLEN];
    struct in_addr v4;
    if (text.len == 0 || text.len >= sizeof copy || str_find_char(text, '\0') >= 0) {
        return false;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        *ret = from_v4(&v4);
        return true;
    }
    ret->local = false;
    return inet_pton(AF_INET6, copy, ret->at) == 1;
}

static bool is_port(struct str text)
{
    uint64_t port;
    return text.len > 1 && text.at[0] == ':' && str_to_u64(str_from(text, 1), 65535, &port);
}

bool address_parse_hop(struct str text, struct address *ret)
{
    text = str_trim(text);
    if (text.len > 0 && text.at[0] == '[') {
        ptrdiff_t end = str_find_char(text, ']');
        struct str port = end < 0 ? text : str_from(text, (size_t)end + 1);
        return end > 0 && (port.len == 0 || is_port(port)) &&
               address_parse(str_sub(text, 1, (size_t)end - 1), ret);
    }
    ptrdiff_t colon = str_find_char(text, ':');
    if (colon > 0 && is_port(str_from(text, (size_t)colon))) {
        return address_parse(str_sub(text, 0, (size_t)colon), ret);
    }
    return address_parse(text, ret);
}

void address_text(const struct address *address, char ret_text[ADDRESS_TEXT_BYTES])
{
    if (address->local) {
        snprintf(ret_text, ADDRESS_TEXT_BYTES, "unix");
    } else if (address_v4(address)) {
        inet_ntop(AF_INET, address->at + 12, ret_text, ADDRESS_TEXT_BYTES);
    } else {
        inet_ntop(AF_INET6, address->at, ret_text, ADDRESS_TEXT_BYTES);
    }
}

static bool parse_network(struct str text, struct networks *ret)
{
    ptrdiff_t slash = str_find_char(text, '/');
    struct address address;
    uint64_t bits = 128;
    if (!address_parse(slash < 0 ? text : str_sub(text, 0, (size_t)slash), &address)) {
        return false;
    }
    bool v4 = address_v4(&address) && str_find_char(text, ':') < 0;
    if (slash >= 0) {
        if (!str_to_u64(str_from(text, (size_t)slash + 1), v4 ? 32 : 128, &bits)) {
            return false;
        }
        bits += v4 ? V4_PREFIX_BITS : 0;
    }
    ret->at[ret->count].address = address;
    ret->at[ret->count++].bits = (unsigned)bits;
    return true;
}

bool networks_parse(const char *text, struct networks *ret, struct err *err)
{
    ret->count = 0;
    const char *at = text ? text : "";
    while (*(at += strspn(at, " ,\t")) != '\0') {
        size_t len = strcspn(at, " ,\t");
        if (ret->count == NETWORKS_MAX) {
            return err_set(err, "too many networks, at most %d", NETWORKS_MAX);
        }
        if (!parse_network(str_make(at, len), ret)) {
            return err_set(err, "%.*s: not a network, write 192.0.2.0/24 or 2001:db8::/32",
                           (int)len, at);
        }
        at += len;
    }
    return true;
}

static bool same_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned bytes = bits / 8;
    unsigned rest = bits % 8;
    return memcmp(a, b, bytes) == 0 && (rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0);
}

bool networks_hold(const struct networks *networks, const struct address *address)
{
    for (size_t i = 0; i < networks->count && !address->local; i++) {
        if (same_prefix(networks->at[i].address.at, address->at, networks->at[i].bits)) {
            return true;
        }
    }
    return false;
}
