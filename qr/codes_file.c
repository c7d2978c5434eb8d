/*
 * Reading and writing share one walk over lines. The file only grows, so a reader goes on where it stopped; a smaller file or another inode
 * (a restored backup) is read from the start.
 */
#include "qr/codes_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { FILE_BYTES_MAX = 256 << 20, HINT_CODES_MAX = 200 };

struct revocation {
    char area[CODE_AREA_BYTES]; /* empty: one paper */
    uint32_t serial;            /* the paper's, or the last one of the area's papers */
    char *hint;
};

struct codes_file {
    char *path;
    dev_t device;
    ino_t inode;
    struct timespec changed;
    off_t seen_bytes; /* whole lines taken in */
    off_t size_bytes;
    size_t line;
    uint32_t last_serial;
    struct revocation *revoked; /* owned, in file order */
    size_t revoked_count;
    size_t revoked_room;
};

static bool entry_serial(struct str rest, struct codes_entry *entry)
{
    struct str number;
    struct str area;
    struct str placement;
    uint64_t serial;
    if (!str_next(&rest, ',', &number) || !str_next(&rest, ',', &area) ||
        !str_next(&rest, ',', &placement) || !str_next(&rest, ',', &entry->date) ||
        rest.at != NULL || !str_to_u64(number, CODE_SERIAL_MAX, &serial) || serial == 0 ||
        !code_area_ok(area) || !code_placement_parse(placement, &entry->code.placement)) {
        return false;
    }
    entry->code.serial = (uint32_t)serial;
    memcpy(entry->code.area, area.at, area.len);
    return true;
}

static bool entry_revoked(struct str rest, struct codes_entry *entry)
{
    struct str what;
    uint64_t serial;
    entry->revoked = true;
    if (!str_next(&rest, ',', &what) || !str_next(&rest, ',', &entry->date)) {
        return false;
    }
    entry->hint = rest.at ? rest : STR("");
    if (str_starts(what, STR("#"))) {
        bool read = str_to_u64(str_from(what, 1), CODE_SERIAL_MAX, &serial) && serial > 0;
        entry->code.serial = read ? (uint32_t)serial : 0;
        return read && utf8_valid(entry->hint);
    }
    if (!code_area_ok(what)) {
        return false;
    }
    memcpy(entry->code.area, what.at, what.len);
    return utf8_valid(entry->hint);
}

static bool entry_parse(struct str line, struct codes_entry *ret)
{
    struct str kind;
    struct date date;
    *ret = (struct codes_entry){.hint = STR("")};
    if (str_ends(line, STR("\r"))) {
        line.len--;
    }
    bool read = str_next(&line, ',', &kind) &&
                ((str_is(kind, "serial") && entry_serial(line, ret)) ||
                 (str_is(kind, "revoked") && entry_revoked(line, ret)));
    return read && date_parse(ret->date, &date);
}

static void take_in(struct codes_file *file, const struct codes_entry *entry)
{
    if (!entry->revoked) {
        if (entry->code.serial > file->last_serial) {
            file->last_serial = entry->code.serial;
        }
        return;
    }
    if (file->revoked_count == file->revoked_room) {
        file->revoked_room = file->revoked_room ? 2 * file->revoked_room : 16;
        file->revoked = mem_resize(file->revoked, file->revoked_room, sizeof *file->revoked);
    }
    struct revocation *to = &file->revoked[file->revoked_count++];
    *to = (struct revocation){
        .serial = entry->code.serial ? entry->code.serial : file->last_serial,
        .hint = mem_dup_str(entry->hint),
    };
    memcpy(to->area, entry->code.area, sizeof to->area);
}

static void forget(struct codes_file *file)
{
    for (size_t i = 0; i < file->revoked_count; i++) {
        free(file->revoked[i].hint);
    }
    free(file->revoked);
    file->revoked = NULL;
    file->revoked_count = file->revoked_room = 0;
    file->seen_bytes = 0;
    file->line = 0;
    file->last_serial = 0;
}

/* A wrong line is left out, so that a running gateway keeps all it can read; the first one is the error. */
static bool lines_take_in(struct codes_file *file, struct str text, struct err *err)
{
    bool good = true;
    for (;;) {
        struct codes_entry entry;
        ptrdiff_t end = str_find_char(text, '\n');
        if (end < 0) {
            return good;
        }
        struct str line = str_sub(text, 0, (size_t)end);
        text = str_from(text, (size_t)end + 1);
        file->seen_bytes += end + 1;
        file->line++;
        if (line.len == 0) {
            continue;
        }
        if (entry_parse(line, &entry)) {
            take_in(file, &entry);
        } else if (good) {
            good = err_set(err, "%s:%zu: neither serial,N,AREA,PLACEMENT,DATE nor revoked,…",
                           file->path, file->line);
        }
    }
}

static bool read_rest(struct codes_file *file, int fd, struct buf *to, struct err *err)
{
    off_t left = file->size_bytes - file->seen_bytes;
    buf_init(to, FILE_BYTES_MAX);
    char *at = left < FILE_BYTES_MAX ? buf_room(to, (size_t)left) : NULL;
    if (at == NULL) {
        return err_set(err, "%s: larger than %d bytes", file->path, FILE_BYTES_MAX);
    }
    ssize_t got = pread(fd, at, (size_t)left, file->seen_bytes);
    if (got < 0) {
        return err_set(err, "%s: %s", file->path, strerror(errno));
    }
    buf_wrote(to, (size_t)got);
    return true;
}

static bool same_file(const struct codes_file *file, const struct stat *at)
{
    return file->device == at->st_dev && file->inode == at->st_ino &&
           at->st_size >= file->seen_bytes;
}

static bool unchanged(const struct codes_file *file, const struct stat *at)
{
    return same_file(file, at) && file->size_bytes == at->st_size &&
           file->changed.tv_sec == at->st_mtim.tv_sec &&
           file->changed.tv_nsec == at->st_mtim.tv_nsec;
}

static bool catch_up(struct codes_file *file, int fd, struct err *err)
{
    struct stat at;
    struct buf text;
    if (fstat(fd, &at) != 0) {
        return err_set(err, "%s: %s", file->path, strerror(errno));
    }
    if (unchanged(file, &at)) {
        return true;
    }
    if (!same_file(file, &at)) {
        forget(file);
    }
    file->device = at.st_dev;
    file->inode = at.st_ino;
    file->size_bytes = at.st_size;
    bool good = read_rest(file, fd, &text, err);
    if (good) {
        file->changed = at.st_mtim;
        good = lines_take_in(file, buf_str(&text), err);
    }
    buf_release(&text);
    return good;
}

/* Cheap when nothing changed: one stat per page view. */
static bool reread(struct codes_file *file, struct err *err)
{
    struct stat at;
    if (file->path[0] == '\0') {
        return true;
    }
    bool there = stat(file->path, &at) == 0;
    if (there ? unchanged(file, &at) : errno == ENOENT) {
        return true;
    }
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        /* What was read before stays revoked, should the file be away for a moment. */
        return errno == ENOENT || err_set(err, "%s: %s", file->path, strerror(errno));
    }
    bool good = catch_up(file, fd, err);
    close(fd);
    return good;
}

struct codes_file *codes_file_open(const char *path, struct err *err)
{
    struct codes_file *file = mem_alloc(sizeof *file);
    file->path = mem_strdup(path ? path : "");
    if (!reread(file, err)) {
        codes_file_close(&file);
    }
    return file;
}

void codes_file_close(struct codes_file **file)
{
    if (*file == NULL) {
        return;
    }
    forget(*file);
    free((*file)->path);
    free(*file);
    *file = NULL;
}

static bool revokes(const struct revocation *revocation, const struct code *code)
{
    if (revocation->area[0] == '\0') {
        return code->serial != 0 && code->serial == revocation->serial;
    }
    return code->serial <= revocation->serial && strcmp(revocation->area, code->area) == 0;
}

bool codes_file_revoked(struct codes_file *file, const struct code *code, struct str *ret_hint)
{
    struct err ignored;
    bool revoked = false;
    *ret_hint = STR("");
    reread(file, &ignored); /* what could be read counts */
    if (code->placement == CODE_LIST) {
        return false;
    }
    /* The newest hint: a later revocation without one does not hide it. */
    for (size_t i = file->revoked_count; i > 0 && ret_hint->len == 0; i--) {
        if (revokes(&file->revoked[i - 1], code)) {
            *ret_hint = str_of(file->revoked[i - 1].hint);
            revoked = true;
        }
    }
    return revoked;
}

/* The file, locked and read to its end; -1 and the error otherwise. Closing the descriptor gives the lock back. */
static int open_locked(struct codes_file *file, struct err *err)
{
    if (file->path[0] == '\0') {
        err_set(err,
                "areas.codes: no file is named, so that serials and revocations cannot be kept");
        return -1;
    }
    int fd = open(file->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        err_set(err, "%s: %s", file->path, strerror(errno));
    } else if (catch_up(file, fd, err)) {
        if (file->seen_bytes == file->size_bytes || ftruncate(fd, file->seen_bytes) == 0) {
            return fd;
        }
        err_set(err, "%s: %s", file->path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* All or nothing: what could not be written whole and synced is cut off again. */
static bool append(struct codes_file *file, int fd, struct str lines, struct err *err)
{
    struct str rest = lines;
    while (rest.len > 0) {
        ssize_t n = write(fd, rest.at, rest.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        rest = str_from(rest, (size_t)n);
    }
    if (rest.len > 0 || fsync(fd) != 0) {
        err_set(err, "%s: %s", file->path, strerror(errno));
        (void)!ftruncate(fd, file->seen_bytes);
        return false;
    }
    return catch_up(file, fd, err);
}

static struct date today(void)
{
    return date_of_ms(clock_wall_ms());
}

static void serial_put(struct buf *to, uint32_t serial, const struct code *code, struct date day)
{
    buf_printf(to, "serial,%u,%s,%s,%04d-%02d-%02d\n", serial, code->area,
               code_placement_name(code->placement), day.year, day.month, day.day);
}

bool codes_file_next_serials(struct codes_file *file, const struct code *codes, size_t count,
                             uint32_t *ret_first, struct err *err)
{
    struct buf lines;
    int fd = open_locked(file, err);
    if (fd < 0) {
        return false;
    }
    uint32_t first = file->last_serial + 1;
    bool done = false;
    buf_init(&lines, FILE_BYTES_MAX);
    if (count > CODE_SERIAL_MAX - file->last_serial) {
        err_set(err, "%s: %u of %d serials are used, %zu more do not fit", file->path,
                file->last_serial, CODE_SERIAL_MAX, count);
    } else {
        for (size_t i = 0; i < count; i++) {
            serial_put(&lines, first + (uint32_t)i, &codes[i], today());
        }
        done = append(file, fd, buf_str(&lines), err);
    }
    buf_release(&lines);
    close(fd);
    *ret_first = first;
    return done;
}

static bool hint_ok(struct str hint)
{
    for (size_t i = 0; i < hint.len; i++) {
        if ((unsigned char)hint.at[i] < 0x20 || hint.at[i] == 0x7F) {
            return false;
        }
    }
    return utf8_valid(hint) && utf8_length(hint) <= HINT_CODES_MAX;
}

bool codes_file_revoke(struct codes_file *file, const struct code *code, struct str hint,
                       struct err *err)
{
    struct buf line;
    struct date day = today();
    if (!hint_ok(hint)) {
        return err_set(err, "the hint must be one line of at most %d characters", HINT_CODES_MAX);
    }
    int fd = open_locked(file, err);
    if (fd < 0) {
        return false;
    }
    buf_init(&line, FILE_BYTES_MAX);
    if (code->serial != 0) {
        buf_printf(&line, "revoked,#%u", code->serial);
    } else {
        buf_printf(&line, "revoked,%s", code->area);
    }
    buf_printf(&line, ",%04d-%02d-%02d", day.year, day.month, day.day);
    if (hint.len > 0) {
        buf_printf(&line, ",%.*s", STR_ARG(hint));
    }
    buf_putc(&line, '\n');
    bool done = append(file, fd, buf_str(&line), err);
    buf_release(&line);
    close(fd);
    return done;
}

bool codes_file_each(struct codes_file *file,
                     void (*on_entry)(const struct codes_entry *entry, void *arg), void *arg,
                     struct err *err)
{
    struct codes_entry entry;
    struct buf text;
    struct codes_file whole = {.path = file->path};
    struct stat at;
    int fd = file->path[0] ? open(file->path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return file->path[0] == '\0' || errno == ENOENT ||
               err_set(err, "%s: %s", file->path, strerror(errno));
    }
    whole.size_bytes = fstat(fd, &at) == 0 ? at.st_size : 0;
    bool good = read_rest(&whole, fd, &text, err);
    close(fd);
    struct str rest = buf_str(&text);
    for (ptrdiff_t end; good && (end = str_find_char(rest, '\n')) >= 0;) {
        if (entry_parse(str_sub(rest, 0, (size_t)end), &entry)) {
            on_entry(&entry, arg);
        }
        rest = str_from(rest, (size_t)end + 1);
    }
    buf_release(&text);
    return good;
}
