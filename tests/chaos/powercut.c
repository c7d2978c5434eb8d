/*
 * powercut.c - a power cut for redis-server, by LD_PRELOAD: remembers how long each file was when it was last synced.
 *
 * After a kill the bytes behind that length are cut off (tests/chaos/powercut.sh), as a disk that lost its cache would have it.
 * The lengths stand in the file named by POWERCUT_LEDGER, a line "length path" per sync.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int sync_fn(int);

static void note(int fd, off_t length)
{
    char link[64];
    char path[PATH_MAX];
    char line[PATH_MAX + 32];
    const char *ledger = getenv("POWERCUT_LEDGER");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (ledger == NULL || len <= 0) {
        return;
    }
    path[len] = '\0';
    if (strstr(path, ".incr.aof") == NULL) {
        return;
    }
    int out = open(ledger, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int n = snprintf(line, sizeof line, "%lld %s\n", (long long)length, path);
    if (out >= 0) {
        (void)!write(out, line, (size_t)n);
        close(out);
    }
}

/* Only what was there before the call began is safe after it. */
static int sync_and_note(int fd, const char *name)
{
    struct stat before;
    sync_fn *real = (sync_fn *)dlsym(RTLD_NEXT, name);
    int known = fstat(fd, &before);
    int result = real(fd);
    if (result == 0 && known == 0) {
        note(fd, before.st_size);
    }
    return result;
}

int fsync(int fd)
{
    return sync_and_note(fd, "fsync");
}

int fdatasync(int fd)
{
    return sync_and_note(fd, "fdatasync");
}
