#include "view/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CATALOG_MAGIC = 0x63617461, KEY_BYTES_MAX = 128, KEY_PARTS_MAX = 6 };

struct catalog {
    unsigned magic;
    json_t *root;
};

/* Every leaf is a text that is not empty, and no name holds a dot: a dotted key means one place only. */
static bool check_object(json_t *object, const char *path, size_t depth, const char *file,
                         struct err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        struct buf key;
        buf_init(&key, KEY_BYTES_MAX);
        buf_printf(&key, "%s%s%s", path, *path ? "." : "", name);
        bool good = buf_ok(&key) && *name != '\0' && strchr(name, '.') == NULL;
        if (!good) {
            err_set(err, "%s: %s: a name here is empty, too long or has a dot inside", file, path);
        } else if (json_is_object(value) && depth < KEY_PARTS_MAX) {
            good = check_object(value, buf_text(&key), depth + 1, file, err);
        } else if (json_string_length(value) == 0) {
            good = err_set(err, "%s: %s: must be a text that is not empty", file, buf_text(&key));
        }
        buf_release(&key);
        if (!good) {
            return false;
        }
    }
    return true;
}

struct catalog *catalog_load(struct str json, const char *file, struct err *err)
{
    json_error_t error;
    json_t *root = json_loadb(json.at ? json.at : "", json.len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        err_set(err, "%s:%d: %s", file, error.line, error.text);
        return NULL;
    }
    if (!json_is_object(root)) {
        err_set(err, "%s:1: must be an object", file);
        json_decref(root);
        return NULL;
    }
    if (!check_object(root, "", 1, file, err)) {
        json_decref(root);
        return NULL;
    }
    struct catalog *catalog = mem_alloc(sizeof *catalog);
    catalog->magic = CATALOG_MAGIC;
    catalog->root = root;
    return catalog;
}

void catalog_free(struct catalog **catalog)
{
    struct catalog *freed = *catalog;
    if (freed != NULL) {
        CHECK_OBJ(freed, CATALOG_MAGIC);
        json_decref(freed->root);
        freed->magic = 0;
        free(freed);
        *catalog = NULL;
    }
}

static const char *find(const struct catalog *catalog, const char *key)
{
    CHECK_OBJ(catalog, CATALOG_MAGIC);
    const json_t *at = catalog->root;
    struct str rest = str_of(key);
    struct str part;
    while (at != NULL && str_next(&rest, '.', &part)) {
        at = part.len > 0 && json_is_object(at) ? json_object_getn(at, part.at, part.len) : NULL;
    }
    return json_string_value(at);
}

bool catalog_has(const struct catalog *catalog, const char *key)
{
    return find(catalog, key) != NULL;
}

const char *catalog_text(const struct catalog *catalog, const char *key)
{
    const char *text = find(catalog, key);
    CHECK(text != NULL);
    return text;
}

static const char *value_of(const struct catalog_value *values, struct str name)
{
    for (; values->name != NULL; values++) {
        if (str_is(name, values->name)) {
            return values->value;
        }
    }
    return NULL;
}

void catalog_fill(const struct catalog *catalog, const char *key,
                  const struct catalog_value *values, struct buf *to)
{
    catalog_fill_text(catalog_text(catalog, key), values, to);
}

void catalog_fill_text(const char *text, const struct catalog_value *values, struct buf *to)
{
    struct str rest = str_of(text);
    while (rest.len > 0) {
        ptrdiff_t open = str_find_char(rest, '{');
        struct str before = open < 0 ? rest : str_sub(rest, 0, (size_t)open);
        buf_put(to, before);
        rest = str_from(rest, before.len);
        ptrdiff_t close = str_find_char(rest, '}');
        if (close > 0) {
            const char *value = value_of(values, str_sub(rest, 1, (size_t)close - 1));
            struct str whole = str_sub(rest, 0, (size_t)close + 1);
            buf_put(to, value ? str_of(value) : whole);
            rest = str_from(rest, whole.len);
        } else {
            buf_put(to, rest);
            rest.len = 0;
        }
    }
}

json_t *catalog_json(const struct catalog *catalog)
{
    CHECK_OBJ(catalog, CATALOG_MAGIC);
    return catalog->root;
}
