/*
 * address.h - numeric addresses and lists of networks. An IPv4 address is kept as ::ffff:a.b.c.d, so that both kinds compare alike.
 */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct sockaddr;

enum { ADDRESS_TEXT_BYTES = 64, NETWORKS_MAX = 64 };

struct address {
    unsigned char at[16];
    bool local; /* a unix socket: no number at all */
};

struct networks {
    size_t count;
    struct {
        struct address address;
        unsigned bits; /* of 128 */
    } at[NETWORKS_MAX];
};

struct address address_of_peer(const struct sockaddr *peer);
bool address_parse(struct str text, struct address *ret); /* 192.0.2.1, 2001:db8::1 */
/* Also with a port and in brackets, as proxies write it: 192.0.2.1:5000, [2001:db8::1]:5000 */
bool address_parse_hop(struct str text, struct address *ret);
void address_text(const struct address *address, char ret_text[ADDRESS_TEXT_BYTES]); /* or "unix" */
bool address_v4(const struct address *address);
/* "127.0.0.0/8 ::1", separated by blanks or commas; NULL and "" are the empty list. */
bool networks_parse(const char *text, struct networks *ret, struct err *err) MUST_CHECK;
bool networks_hold(const struct networks *networks, const struct address *address);

#endif
