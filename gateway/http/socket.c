/* Listening sockets: HOST:PORT, [::1]:PORT, unix:PATH. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/listener.h"

enum { BACKLOG = 1024, HOST_BYTES_MAX = 256 };

static int open_at(const struct sockaddr *address, socklen_t len, bool reuse_port)
{
    int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    if (address->sa_family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* accepted sockets inherit it */
        if (reuse_port) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        }
    }
    if (address->sa_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind(fd, address, len) != 0 || listen(fd, BACKLOG) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* A socket that nobody listens on was left by a crash and goes away; one in use is an error. */
static bool clear_path(const struct sockaddr_un *address, struct err *err)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0) {
        return true;
    }
    if (!S_ISSOCK(info.st_mode)) {
        return err_set(err, "unix:%s: the path is taken by something that is no socket",
                       address->sun_path);
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool in_use = probe >= 0 &&
                  connect(probe, (const struct sockaddr *)address, sizeof *address) == 0;
    if (probe >= 0) {
        close(probe);
    }
    if (in_use) {
        return err_set(err, "unix:%s: another process listens there", address->sun_path);
    }
    return unlink(address->sun_path) == 0 ||
           err_set(err, "unix:%s: %s", address->sun_path, strerror(errno));
}

static int open_unix(const char *path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof address.sun_path) {
        err_set(err, "unix:%s: a socket path has 1 to %zu bytes, this one %zu", path,
                sizeof address.sun_path - 1, len);
        return -1;
    }
    memcpy(address.sun_path, path, len + 1);
    if (!clear_path(&address, err)) {
        return -1;
    }
    int fd = open_at((const struct sockaddr *)&address, sizeof address, false);
    if (fd < 0) {
        err_set(err, "unix:%s: %s", path, strerror(errno));
    }
    return fd;
}

/* "127.0.0.1:8080" into its halves; brackets around an IPv6 host. */
static bool split(const char *address, char host[HOST_BYTES_MAX], const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address) {
        return false;
    }
    uint64_t port;
    struct str name = str_make(address, (size_t)(colon - address));
    bool bracketed = name.at[0] == '[' && name.at[name.len - 1] == ']';
    name = bracketed ? str_sub(name, 1, name.len - 2) : name;
    if (name.len == 0 || name.len >= HOST_BYTES_MAX ||
        (!bracketed && str_find_char(name, ':') >= 0) ||
        !str_to_u64(str_of(colon + 1), 65535, &port)) {
        return false;
    }
    memcpy(host, name.at, name.len);
    host[name.len] = '\0';
    *ret_port = colon + 1;
    return true;
}

int listener_open(const char *address, bool reuse_port, struct err *err)
{
    char host[HOST_BYTES_MAX];
    const char *port;
    if (strncmp(address, "unix:", 5) == 0) {
        return open_unix(address + 5, err);
    }
    if (!split(address, host, &port)) {
        err_set(err, "%s: not an address, write HOST:PORT, [::1]:PORT or unix:PATH", address);
        return -1;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        err_set(err, "%s: %s", address, gai_strerror(failure));
        return -1;
    }
    int fd = open_at(found->ai_addr, found->ai_addrlen, reuse_port);
    if (fd < 0) {
        err_set(err, "%s: %s", address, strerror(errno));
    }
    freeaddrinfo(found);
    return fd;
}
