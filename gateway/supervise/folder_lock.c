#include "supervise/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

static void note_pid(int fd)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0) {
        (void)!pwrite(fd, text, (size_t)len, 0);
    }
}

static long other_pid(int fd)
{
    char text[24] = "";
    uint64_t pid = 0;
    struct str line;
    struct str rest;
    if (pread(fd, text, sizeof text - 1, 0) > 0) {
        rest = str_of(text);
        (void)(str_next(&rest, '\n', &line) && str_to_u64(line, INT32_MAX, &pid));
    }
    return (long)pid;
}

int folder_lock(const char *folder, struct err *err)
{
    char path[PATH_MAX];
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        err_set(err, "redis.data_dir: %s: %s", folder, strerror(errno));
        return -1;
    }
    if (snprintf(path, sizeof path, "%s/mashang.lock", folder) >= (int)sizeof path) {
        err_set(err, "redis.data_dir: %s: path too long", folder);
        return -1;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        err_set(err, "redis.data_dir: %s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err_set(err, "redis.data_dir: %s: another gateway (pid %ld) works on this data folder",
                folder, other_pid(fd));
        close(fd);
        return -1;
    }
    note_pid(fd);
    return fd;
}
