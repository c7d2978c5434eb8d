#include "supervise/sockets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/str.h"
#include "http/listener.h"

static void close_all(struct sockets *sockets, size_t from)
{
    while (sockets->count > from) {
        close(sockets->fds[--sockets->count]);
    }
}

static bool open_more(struct sockets *sockets, size_t wanted, struct err *err)
{
    size_t had = sockets->count;
    while (sockets->count < wanted) {
        int fd = listener_open(sockets->address, !sockets->single, err);
        if (fd < 0) {
            close_all(sockets, had);
            return false;
        }
        sockets->fds[sockets->count++] = fd;
    }
    return true;
}

/* SO_REUSEPORT would let us in beside another gateway of the same user, and each would get half of the visitors. */
static bool nobody_there(const char *address, struct err *err)
{
    int probe = listener_open(address, false, err);
    if (probe >= 0) {
        close(probe);
    }
    return probe >= 0;
}

bool sockets_open(struct sockets *sockets, const char *address, size_t workers, struct err *err)
{
    if (address[0] == '\0') {
        sockets_close(sockets);
        return true;
    }
    bool single = str_starts(str_of(address), STR("unix:"));
    size_t wanted = single ? 1 : workers;
    CHECK(wanted <= SOCKETS_MAX);
    if (strcmp(address, sockets->address) == 0) {
        return open_more(sockets, wanted, err);
    }
    struct sockets fresh = {.single = single};
    snprintf(fresh.address, sizeof fresh.address, "%s", address);
    if ((!single && !nobody_there(address, err)) || !open_more(&fresh, wanted, err)) {
        return false;
    }
    sockets_close(sockets);
    *sockets = fresh;
    return true;
}

void sockets_trim(struct sockets *sockets, size_t workers)
{
    close_all(sockets, sockets->single ? 1 : workers);
}

int sockets_of(const struct sockets *sockets, size_t worker)
{
    return sockets->count > 0 ? sockets->fds[sockets->single ? 0 : worker] : -1;
}

void sockets_close(struct sockets *sockets)
{
    if (sockets->single && sockets->count > 0) {
        unlink(sockets->address + strlen("unix:"));
    }
    close_all(sockets, 0);
    sockets->address[0] = '\0';
}
