#include "tests/standins/upstream/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/utf8.h"

enum { LEDGER_BYTES_MAX = 256 * 1024 * 1024 };

static int64_t add(struct ledger *ledger, struct str id)
{
    int64_t number = (int64_t)json_object_size(ledger->numbers) + 1;
    CHECK(json_object_setn_new(ledger->numbers, id.at, id.len, json_integer(number)) == 0);
    return number;
}

static bool load(struct ledger *ledger, const char *path, struct err *err)
{
    struct buf text;
    buf_init(&text, LEDGER_BYTES_MAX);
    bool read = file_read(path, &text, err);
    struct str rest = buf_str(&text);
    off_t whole = 0;
    ptrdiff_t end;
    while (read && (end = str_find_char(rest, '\n')) >= 0) {
        struct str id = str_sub(rest, 0, (size_t)end);
        if (!ledger_takes(id) || ledger_find(ledger, id) != 0) {
            read = err_set(err, "%s: line %zu: no event id, or twice", path,
                           ledger_count(ledger) + 1);
            break;
        }
        add(ledger, id);
        rest = str_from(rest, (size_t)end + 1);
        whole += end + 1;
    }
    if (read && ftruncate(ledger->fd, whole) != 0) {
        read = err_set(err, "%s: %s", path, strerror(errno));
    }
    buf_release(&text);
    return read;
}

bool ledger_open(struct ledger *ledger, const char *path, struct err *err)
{
    *ledger = (struct ledger){.numbers = json_object(), .fd = -1};
    if (path == NULL) {
        return true;
    }
    ledger->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (ledger->fd < 0) {
        return err_set(err, "%s: %s", path, strerror(errno));
    }
    return load(ledger, path, err);
}

void ledger_close(struct ledger *ledger)
{
    json_decref(ledger->numbers);
    ledger->numbers = NULL;
    if (ledger->fd >= 0) {
        close(ledger->fd);
    }
}

bool ledger_takes(struct str id)
{
    return id.len > 0 && id.len <= LEDGER_ID_BYTES_MAX && utf8_valid(id) &&
           str_find_char(id, '\n') < 0;
}

int64_t ledger_find(const struct ledger *ledger, struct str id)
{
    return json_integer_value(json_object_getn(ledger->numbers, id.at, id.len));
}

size_t ledger_count(const struct ledger *ledger)
{
    return json_object_size(ledger->numbers);
}

/* A line half written is cut off again, so that the next one does not grow out of it. */
static bool write_line(int fd, struct str id)
{
    char line[LEDGER_ID_BYTES_MAX + 1];
    off_t before = lseek(fd, 0, SEEK_END);
    memcpy(line, id.at, id.len);
    line[id.len] = '\n';
    if (before >= 0 && write(fd, line, id.len + 1) == (ssize_t)id.len + 1 && fdatasync(fd) == 0) {
        return true;
    }
    (void)!ftruncate(fd, before);
    return false;
}

int64_t ledger_note(struct ledger *ledger, struct str id)
{
    CHECK(ledger_takes(id) && ledger_find(ledger, id) == 0);
    return ledger->fd < 0 || write_line(ledger->fd, id) ? add(ledger, id) : 0;
}

void ledger_put(const struct ledger *ledger, struct buf *to)
{
    const char *id;
    size_t len;
    json_t *number;
    const char *between = "";
    buf_putc(to, '{');
    json_object_keylen_foreach(ledger->numbers, id, len, number)
    {
        buf_puts(to, between);
        buf_putc(to, '"');
        escape_json(to, str_make(id, len));
        buf_puts(to, "\": 1");
        between = ",\n";
    }
    buf_putc(to, '}');
}
