#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP_BYTES = 65536 };

bool file_read(const char *path, struct buf *to, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_set(err, "%s: %s", path, strerror(errno));
    }
    for (;;) {
        size_t left = to->bytes_max - to->len;
        size_t want = left < READ_STEP_BYTES ? left + 1 : READ_STEP_BYTES;
        char *at = left > 0 ? buf_room(to, want <= left ? want : left) : NULL;
        char spare;
        ssize_t got = at ? read(fd, at, want <= left ? want : left) : read(fd, &spare, 1);
        if (got < 0) {
            err_set(err, "%s: %s", path, strerror(errno));
            break;
        }
        if (got == 0) {
            close(fd);
            return true;
        }
        if (at == NULL) {
            err_set(err, "%s: larger than %zu bytes", path, to->bytes_max);
            break;
        }
        buf_wrote(to, (size_t)got);
    }
    close(fd);
    return false;
}

static bool write_all(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            bytes = str_from(bytes, (size_t)n);
        }
    }
    return fsync(fd) == 0;
}

static void sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

enum landing { LAND_NEW, LAND_OVER, LAND_OVER_AS_IT_WAS };

/* What replaces a file belongs to whom it belonged: root may write for a service that runs as another. */
static bool keep_owner_and_mode(int fd, const char *path)
{
    struct stat old;
    struct stat now;
    if (stat(path, &old) != 0) {
        return errno == ENOENT;
    }
    if (fstat(fd, &now) != 0) {
        return false;
    }
    bool same = old.st_uid == now.st_uid && old.st_gid == now.st_gid;
    return (same || fchown(fd, old.st_uid, old.st_gid) == 0) &&
           fchmod(fd, old.st_mode & 07777) == 0;
}

/* Straight into its place, which nothing may hold: where there are no hard links. Half a file is not left there. */
static bool write_new(const char *path, struct str bytes, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return false;
    }
    bool written = write_all(fd, bytes);
    int why = errno;
    bool closed = close(fd) == 0;
    if (!written || !closed) {
        why = written ? errno : why;
        unlink(path);
        errno = why;
    }
    return written && closed;
}

/* Sticks with FAT or exFAT, and some network file systems. */
static bool knows_no_links(int why)
{
    return why == EPERM || why == EOPNOTSUPP || why == EMLINK || why == ENOSYS;
}

/* Puts what lies beside in its place. A link, unlike a rename, refuses to replace. */
static bool publish(const char *beside, const char *path, struct str bytes, mode_t mode,
                    enum landing landing)
{
    if (landing != LAND_NEW) {
        return rename(beside, path) == 0;
    }
    bool there = link(beside, path) == 0 || (knows_no_links(errno) && write_new(path, bytes, mode));
    return there && unlink(beside) == 0;
}

static bool write_beside(const char *path, struct str bytes, mode_t mode, enum landing landing,
                         struct err *err)
{
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.%ld~", path, (long)getpid()) >= (int)sizeof beside) {
        return err_set(err, "%s: path too long", path);
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return err_set(err, "%s: %s", beside, strerror(errno));
    }
    bool written = (landing != LAND_OVER_AS_IT_WAS || keep_owner_and_mode(fd, path)) &&
                   write_all(fd, bytes);
    int why = errno;
    bool closed = close(fd) == 0;
    if (!written || !closed || !publish(beside, path, bytes, mode, landing)) {
        why = written ? errno : why;
        unlink(beside);
        return err_set(err, "%s: %s", path, strerror(why));
    }
    sync_folder_of(path);
    return true;
}

bool file_write(const char *path, struct str bytes, mode_t mode, struct err *err)
{
    return write_beside(path, bytes, mode, LAND_OVER, err);
}

bool file_replace(const char *path, struct str bytes, mode_t mode, struct err *err)
{
    return write_beside(path, bytes, mode, LAND_OVER_AS_IT_WAS, err);
}

bool file_create(const char *path, struct str bytes, mode_t mode, struct err *err)
{
    return write_beside(path, bytes, mode, LAND_NEW, err);
}
