#include "qr/words.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"

enum { FILE_BYTES_MAX = 65536 };

#define AT(member) offsetof(struct words, member)

static const struct {
    const char *key;
    size_t at;
} texts[] = {
    {"headline", AT(headline)}, {"drill_headline", AT(drill_headline)},
    {"drill", AT(drill)},       {"help", AT(help)},
    {"phone", AT(phone)},       {"only", AT(only)},
    {"host", AT(host)},         {"free", AT(free)},
    {"serial", AT(serial)},
};

static bool text_of(json_t *object, const char *key, const char **ret, struct err *err)
{
    *ret = json_string_value(json_object_get(object, key));
    return *ret != NULL || err_set(err, "%s: a text is needed", key);
}

static bool steps_of(struct words *words, struct err *err)
{
    json_t *steps = json_object_get(words->root, "steps");
    if (json_array_size(steps) != WORDS_STEPS) {
        return err_set(err, "steps: %d are needed", WORDS_STEPS);
    }
    for (size_t i = 0; i < WORDS_STEPS; i++) {
        json_t *step = json_array_get(steps, i);
        if (!text_of(step, "title", &words->step_titles[i], err) ||
            !text_of(step, "text", &words->step_texts[i], err)) {
            return err_prefix(err, "steps[%zu]: ", i);
        }
    }
    return true;
}

static bool words_of(struct words *words, struct err *err)
{
    size_t count = sizeof texts / sizeof texts[0];
    for (size_t i = 0; i < count; i++) {
        if (!text_of(words->root, texts[i].key, (const char **)((char *)words + texts[i].at),
                     err)) {
            return false;
        }
    }
    if (json_object_size(words->root) != count + 1) {
        return err_set(err, "has an unknown key");
    }
    return steps_of(words, err);
}

bool words_load(struct words *ret, const char *path, struct err *err)
{
    struct buf text;
    json_error_t fault;
    *ret = (struct words){0};
    buf_init(&text, FILE_BYTES_MAX);
    bool loaded = file_read(path, &text, err);
    if (loaded) {
        ret->root = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &fault);
        if (ret->root == NULL) {
            loaded = err_set(err, "%s:%d: %s", path, fault.line, fault.text);
        } else if (!words_of(ret, err)) {
            loaded = err_prefix(err, "%s: ", path);
        }
    }
    buf_release(&text);
    if (!loaded) {
        words_release(ret);
    }
    return loaded;
}

void words_release(struct words *words)
{
    json_decref(words->root);
    *words = (struct words){0};
}

void words_fill(const char *text, const char *name, struct str value, struct buf *to)
{
    struct buf place;
    struct str rest = str_of(text);
    buf_init(&place, 64);
    buf_printf(&place, "{%s}", name);
    for (ptrdiff_t at; (at = str_find(rest, buf_str(&place))) >= 0;) {
        buf_put(to, str_sub(rest, 0, (size_t)at));
        buf_put(to, value);
        rest = str_from(rest, (size_t)at + place.len);
    }
    buf_put(to, rest);
    buf_release(&place);
}
