#include "store/private.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/link.h"

bool private_path(const char *folder, const char *name, char ret_path[PRIVATE_PATH_BYTES],
                  struct err *err)
{
    char whole[PATH_MAX];
    if (realpath(folder, whole) == NULL) {
        return err_set(err, "%s: there is no such folder", folder);
    }
    int len = snprintf(ret_path, PRIVATE_PATH_BYTES, "%s/redis/%s", whole, name);
    return len < PRIVATE_PATH_BYTES || err_set(err, "%s: the path is too long", folder);
}

static bool socket_address(const char *folder, struct private_login *ret, struct err *err)
{
    char path[PRIVATE_PATH_BYTES];
    if (!private_path(folder, "redis.sock", path, err)) {
        return false;
    }
    if (strlen(path) > LINK_SOCKET_PATH_MAX) {
        return err_set(err, "%s: a socket path has at most %d bytes, use a shorter data folder",
                       path, LINK_SOCKET_PATH_MAX);
    }
    snprintf(ret->address, sizeof ret->address, "unix:%.*s", LINK_SOCKET_PATH_MAX, path);
    return true;
}

bool private_login(const char *address, const char *user, struct private_login *ret,
                   struct err *err)
{
    const char *folder = address + strlen(PRIVATE_ADDRESS);
    char name[32];
    char path[PRIVATE_PATH_BYTES];
    struct buf text;
    snprintf(name, sizeof name, "%s.password", user);
    if (!socket_address(folder, ret, err) || !private_path(folder, name, path, err)) {
        return false;
    }
    buf_init(&text, PRIVATE_PASSWORD_BYTES);
    bool read = file_read(path, &text, err);
    if (read) {
        struct str rest = buf_str(&text);
        struct str line;
        bool there = str_next(&rest, '\n', &line) && line.len > 0;
        snprintf(ret->password, sizeof ret->password, "%.*s", STR_ARG(line));
        read = there || err_set(err, "%s: is empty", path);
        explicit_bzero(text.at, text.len);
    }
    buf_release(&text);
    return read;
}
