/*
 * sockets.h - the listening sockets of one address, opened and kept by the master over crashes and reloads: one with SO_REUSEPORT per
 * web worker, or a single one (unix:) that all share.
 */
#ifndef SUPERVISE_SOCKETS_H
#define SUPERVISE_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { SOCKETS_MAX = 256 };

/* Who comes in there. Each web worker serves both. */
enum door { DOOR_PUBLIC, DOOR_OFFICE, DOORS };

struct sockets {
    char address[160];
    int fds[SOCKETS_MAX];
    size_t count;
    bool single;
};

/* Opens what is missing for that many workers at that address ("": none); what is open there already stays. On failure nothing has changed. */
bool sockets_open(struct sockets *sockets, const char *address, size_t workers,
                  struct err *err) MUST_CHECK;
/* Closes what more than that many workers would need: nobody would accept there. */
void sockets_trim(struct sockets *sockets, size_t workers);
int sockets_of(const struct sockets *sockets, size_t worker); /* -1: there is no such door */
void sockets_close(struct sockets *sockets);                  /* unlinks a unix socket */

#endif
