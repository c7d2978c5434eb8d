#include "tests/standins/upstream/mode.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum key_kind { KEY_NUMBER, KEY_TRUE, KEY_TEXT };

enum { STALL_MS_MAX = 3600 * 1000, COUNT_MAX = 1000000000 };

#define NUMBER(name, min, max)                                                                     \
    {                                                                                              \
#name, KEY_NUMBER, offsetof(struct mode, name), 0, min, max                                \
    }
#define TRUTH(name)                                                                                \
    {                                                                                              \
#name, KEY_TRUE, offsetof(struct mode, name), 0, 0, 0                                      \
    }
#define TEXT(key, name, bytes)                                                                     \
    {                                                                                              \
        key, KEY_TEXT, offsetof(struct mode, name), bytes, 0, 0                                    \
    }

static const struct key {
    const char *name;
    enum key_kind kind;
    size_t offset, bytes;
    int64_t min, max;
} keys[] = {
    NUMBER(status, 200, 599),
    NUMBER(count, 1, COUNT_MAX),
    NUMBER(stall_ms, 0, STALL_MS_MAX),
    NUMBER(code_inside, 0, 999999),
    TRUTH(reset),
    TRUTH(drip),
    TRUTH(garbage),
    TRUTH(lose_answer),
    TEXT("retry_after", retry_after, MODE_HEADER_BYTES),
    TEXT("location", location, MODE_HEADER_BYTES),
    TEXT("body", body, MODE_TEXT_BYTES),
    TEXT("for", only_for, MODE_TEXT_BYTES),
};

void mode_clear(struct mode *mode)
{
    *mode = (struct mode){.count = -1, .status = 200, .code_inside = -1};
}

static bool set_number(struct mode *mode, const struct key *key, const json_t *value)
{
    int64_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < key->min || number > key->max) {
        return false;
    }
    memcpy((char *)mode + key->offset, &number, sizeof number);
    return true;
}

static bool set_true(struct mode *mode, const struct key *key, const json_t *value)
{
    bool truth = json_is_true(value);
    memcpy((char *)mode + key->offset, &truth, sizeof truth);
    return json_is_boolean(value);
}

/* Retry-After may be written as a number. */
static bool set_text(struct mode *mode, const struct key *key, const json_t *value)
{
    char *to = (char *)mode + key->offset;
    int len = json_is_integer(value)
                  ? snprintf(to, key->bytes, "%lld", (long long)json_integer_value(value))
              : json_is_string(value) ? snprintf(to, key->bytes, "%s", json_string_value(value))
                                      : -1;
    bool header = key->bytes == MODE_HEADER_BYTES;
    return len >= 0 && (size_t)len < key->bytes && !(header && strpbrk(to, "\r\n") != NULL);
}

static bool set(struct mode *mode, const char *name, const json_t *value, struct err *err)
{
    static bool (*const setters[])(struct mode *, const struct key *, const json_t *) = {
        [KEY_NUMBER] = set_number,
        [KEY_TRUE] = set_true,
        [KEY_TEXT] = set_text,
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return setters[keys[i].kind](mode, &keys[i], value) ||
                   err_set(err, "%s: not a value for it", name);
        }
    }
    return err_set(err, "%s: unknown", name);
}

bool mode_parse(struct mode *mode, struct str json, struct err *err)
{
    struct mode parsed;
    const char *name;
    json_t *value;
    mode_clear(&parsed);
    json_t *object = json_loadb(json.at ? json.at : "", json.len, 0, NULL);
    bool good = json_is_object(object) || err_set(err, "not a JSON object");
    if (good) {
        json_object_foreach(object, name, value)
        {
            good = good && set(&parsed, name, value, err);
        }
        parsed.has_body = json_object_get(object, "body") != NULL;
        parsed.has_for = json_object_get(object, "for") != NULL;
    }
    json_decref(object);
    if (good) {
        *mode = parsed;
    }
    return good;
}

struct mode mode_take(struct mode *mode, struct str body)
{
    struct mode taken = *mode;
    if (mode->has_for && str_find(body, str_of(mode->only_for)) < 0) {
        mode_clear(&taken);
        return taken;
    }
    if (mode->count > 0 && --mode->count == 0) {
        mode_clear(mode);
    }
    return taken;
}

bool mode_has_effect(const struct mode *mode)
{
    bool done = mode->status < 300 &&
                (mode->code_inside <= 0 || (mode->code_inside >= 200 && mode->code_inside < 300));
    return mode->lose_answer || (done && !mode->reset && !mode->garbage);
}
