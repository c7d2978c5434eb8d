#include "flow/served.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

enum { SERVED_BYTES_MAX = 4096, SERVED_MODE = 0600 };

static bool path_of(const struct setup *setup, char ret_path[PATH_MAX], struct err *err)
{
    const char *folder = setup->options.redis.data_dir;
    return snprintf(ret_path, PATH_MAX, "%s/buckets", folder) < PATH_MAX ||
           err_set(err, "redis.data_dir: %s: path too long", folder);
}

static bool read_list(const char *path, bool ret_listed[BUCKETS], struct err *err)
{
    struct buf text;
    buf_init(&text, SERVED_BYTES_MAX);
    bool read = (access(path, F_OK) != 0 && errno == ENOENT) || file_read(path, &text, err);
    struct str rest = buf_str(&text);
    struct str line;
    for (int number = 1; read && str_next(&rest, '\n', &line); number++) {
        uint64_t bucket;
        if (line.len == 0) {
            continue;
        }
        if (str_to_u64(line, BUCKETS - 1, &bucket)) {
            ret_listed[bucket] = true;
        } else {
            read = err_set(err, "%s: line %d: not a bucket, 0 to %d", path, number, BUCKETS - 1);
        }
    }
    buf_release(&text);
    return read;
}

/* numbers: blank before each. */
static void warn_of_left(struct setup *setup, const char *numbers)
{
    char text[256];
    snprintf(
        text, sizeof text,
        "areas.file: served before, and no area lies there now: buckets%.60s; their reports are "
        "still sent and watched; put the counties' rows back, or aliases",
        numbers);
    setup_warn(setup, text);
}

bool served_add(struct setup *setup, struct err *err)
{
    char path[PATH_MAX];
    bool listed[BUCKETS] = {false};
    char left[BUCKETS * 3 + 1] = "";
    size_t len = 0;
    if (!path_of(setup, path, err) || !read_list(path, listed, err)) {
        return false;
    }
    for (size_t i = 0; i < setup->bucket_count; i++) {
        listed[setup->buckets[i]] = false;
    }
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        if (listed[bucket]) {
            setup->buckets[setup->bucket_count++] = (unsigned char)bucket;
            len += (size_t)snprintf(left + len, sizeof left - len, " %02u", bucket);
        }
    }
    if (len > 0) {
        warn_of_left(setup, left);
    }
    return true;
}

bool served_keep(const struct setup *setup, struct err *err)
{
    char path[PATH_MAX];
    bool listed[BUCKETS] = {false};
    bool grown = false;
    struct buf text;
    if (!path_of(setup, path, err) || !read_list(path, listed, err)) {
        return false;
    }
    for (size_t i = 0; i < setup->bucket_count; i++) {
        grown = grown || !listed[setup->buckets[i]];
        listed[setup->buckets[i]] = true;
    }
    buf_init(&text, SERVED_BYTES_MAX);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        if (listed[bucket]) {
            buf_printf(&text, "%02u\n", bucket);
        }
    }
    bool kept = !grown || file_write(path, buf_str(&text), SERVED_MODE, err);
    buf_release(&text);
    return kept;
}
