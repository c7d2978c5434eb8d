#include "crypto/keyring.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/rand.h"

enum { FORMAT_VERSION = 1, FILE_BYTES_MAX = 32768 };

static const char *const purpose_names[KEY_PURPOSES] = {
    [KEY_LINK] = "link",     [KEY_RECEIPT] = "receipt", [KEY_TOKEN] = "token",
    [KEY_LOOKUP] = "lookup", [KEY_SEAL] = "seal",       [KEY_AUDIT] = "audit",
};

const char *key_purpose_name(enum key_purpose purpose)
{
    CHECK(purpose < KEY_PURPOSES);
    return purpose_names[purpose];
}

static bool purpose_parse(const char *name, enum key_purpose *ret)
{
    for (int i = 0; i < KEY_PURPOSES; i++) {
        if (name != NULL && strcmp(name, purpose_names[i]) == 0) {
            *ret = (enum key_purpose)i;
            return true;
        }
    }
    return false;
}

const struct key *keyring_current(const struct keyring *keyring, enum key_purpose purpose)
{
    for (size_t i = 0; i < keyring->count; i++) {
        if (keyring->keys[i].purpose == purpose && keyring->keys[i].current) {
            return &keyring->keys[i];
        }
    }
    return NULL;
}

const struct key *keyring_find(const struct keyring *keyring, enum key_purpose purpose, unsigned id)
{
    for (size_t i = 0; i < keyring->count; i++) {
        if (keyring->keys[i].purpose == purpose && keyring->keys[i].id == id) {
            return &keyring->keys[i];
        }
    }
    return NULL;
}

const struct key *keyring_previous(const struct keyring *keyring, enum key_purpose purpose)
{
    const struct key *last = NULL;
    for (size_t i = 0; i < keyring->count; i++) {
        if (keyring->keys[i].purpose == purpose && !keyring->keys[i].current) {
            last = &keyring->keys[i]; /* rotation appends, so the last old one is the newest */
        }
    }
    return last;
}

const struct key *keyring_first(const struct keyring *keyring, enum key_purpose purpose)
{
    for (size_t i = 0; i < keyring->count; i++) {
        if (keyring->keys[i].purpose == purpose) {
            return &keyring->keys[i]; /* rotation appends */
        }
    }
    return NULL;
}

static bool is_credential(struct str path)
{
    struct str folder = str_of(getenv("CREDENTIALS_DIRECTORY"));
    return folder.len > 0 && str_starts(path, folder) &&
           str_starts(str_from(path, folder.len), STR("/"));
}

/* The file's mode is its lock: a key that others could read is no secret any more. */
static bool mode_ok(const char *path, struct err *err)
{
    mode_t refused = is_credential(str_of(path)) ? 037 : 077;
    struct stat at;
    if (stat(path, &at) != 0) {
        return err_set(err, "%s: %s", path, strerror(errno));
    }
    if ((at.st_mode & refused) != 0) {
        return err_set(err, "%s: mode %04o lets others read the keys, allowed is 0600", path,
                       (unsigned)(at.st_mode & 07777));
    }
    return true;
}

static bool key_hex(json_t *value, struct key *key)
{
    struct str hex = str_make(json_string_value(value), json_string_length(value));
    bool read = json_is_string(value) && hex_parse(hex, key->bytes, KEY_BYTES);
    if (json_is_string(value)) {
        explicit_bzero((char *)json_string_value(value), hex.len); /* jansson only frees */
    }
    return read;
}

static bool key_parse(json_t *item, struct key *key, struct err *err)
{
    const char *state = json_string_value(json_object_get(item, "state"));
    const char *made = json_string_value(json_object_get(item, "made"));
    json_int_t id = json_integer_value(json_object_get(item, "id"));
    struct date day;
    if (!purpose_parse(json_string_value(json_object_get(item, "purpose")), &key->purpose)) {
        return err_set(err, "purpose: allowed are link, receipt, token, lookup, seal and audit");
    }
    if (id < 1 || id > KEY_ID_MAX) {
        return err_set(err, "id: allowed is 1 to %d", KEY_ID_MAX);
    }
    key->id = (unsigned)id;
    if (!key_hex(json_object_get(item, "key"), key)) {
        return err_set(err, "key: %d hex digits are needed", 2 * KEY_BYTES);
    }
    if (state == NULL || (strcmp(state, "current") != 0 && strcmp(state, "old") != 0)) {
        return err_set(err, "state: allowed are current and old");
    }
    key->current = strcmp(state, "current") == 0;
    if (!date_parse(str_of(made), &day)) {
        return err_set(err, "made: a date like 2026-11-23 is needed");
    }
    snprintf(key->made, sizeof key->made, "%s", made);
    return true;
}

static bool key_fits(const struct keyring *keyring, const struct key *key, struct err *err)
{
    const char *name = purpose_names[key->purpose];
    if (keyring_find(keyring, key->purpose, key->id) != NULL) {
        return err_set(err, "id: %s has %u twice", name, key->id);
    }
    if (key->current && keyring_current(keyring, key->purpose) != NULL) {
        return err_set(err, "state: %s has two current keys, one is needed", name);
    }
    return true;
}

static bool keys_parse(json_t *root, struct keyring *ret, struct err *err)
{
    json_t *keys = json_object_get(root, "keys");
    if (json_integer_value(json_object_get(root, "mashang_keyring")) != FORMAT_VERSION) {
        return err_set(err, "mashang_keyring: not a keyring of version %d", FORMAT_VERSION);
    }
    if (!json_is_array(keys) || json_array_size(keys) > KEYRING_KEYS_MAX) {
        return err_set(err, "keys: a list of at most %d keys is needed", KEYRING_KEYS_MAX);
    }
    for (size_t i = 0; i < json_array_size(keys); i++) {
        struct key *key = &ret->keys[ret->count];
        if (!key_parse(json_array_get(keys, i), key, err) || !key_fits(ret, key, err)) {
            return err_prefix(err, "keys[%zu]: ", i);
        }
        ret->count++;
    }
    for (int i = 0; i < KEY_PURPOSES; i++) {
        if (keyring_current(ret, (enum key_purpose)i) == NULL) {
            return err_set(err, "keys: no current key of purpose %s", purpose_names[i]);
        }
    }
    return true;
}

bool keyring_load(struct keyring *ret, const char *path, struct err *err)
{
    struct buf text;
    json_error_t fault;
    *ret = (struct keyring){0};
    if (!mode_ok(path, err)) {
        return false;
    }
    buf_init(&text, FILE_BYTES_MAX);
    bool loaded = file_read(path, &text, err);
    if (loaded) {
        json_t *root = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &fault);
        if (root == NULL) {
            loaded = err_set(err, "%s:%d: not JSON: %s", path, fault.line, fault.text);
        } else if (!keys_parse(root, ret, err)) {
            loaded = err_prefix(err, "%s: ", path);
        }
        json_decref(root);
    }
    if (text.at != NULL) {
        explicit_bzero(text.at, text.room);
    }
    buf_release(&text);
    if (!loaded) {
        keyring_wipe(ret);
    }
    return loaded;
}

static void key_draw(struct key *key, enum key_purpose purpose, unsigned id)
{
    char now[CLOCK_ISO_BYTES];
    clock_iso(clock_wall_ms(), now);
    *key = (struct key){.purpose = purpose, .id = id, .current = true};
    snprintf(key->made, sizeof key->made, "%.10s", now);
    rand_bytes(key->bytes, KEY_BYTES);
}

void keyring_make(struct keyring *ret)
{
    *ret = (struct keyring){.count = KEY_PURPOSES};
    for (int i = 0; i < KEY_PURPOSES; i++) {
        key_draw(&ret->keys[i], (enum key_purpose)i, 1);
    }
}

/* One more than the newest, so that ids grow; behind 255 the first free one. */
static unsigned free_id(const struct keyring *keyring, enum key_purpose purpose)
{
    unsigned highest = 0;
    for (size_t i = 0; i < keyring->count; i++) {
        if (keyring->keys[i].purpose == purpose && keyring->keys[i].id > highest) {
            highest = keyring->keys[i].id;
        }
    }
    if (highest < KEY_ID_MAX) {
        return highest + 1;
    }
    unsigned id = 1;
    while (keyring_find(keyring, purpose, id) != NULL) {
        id++; /* ends: the ring holds far fewer keys than there are ids */
    }
    return id;
}

bool keyring_rotate(struct keyring *keyring, enum key_purpose purpose, struct err *err)
{
    if (keyring->count == KEYRING_KEYS_MAX) {
        return err_set(err, "the keyring is full: at most %d keys", KEYRING_KEYS_MAX);
    }
    unsigned id = free_id(keyring, purpose);
    for (size_t i = 0; i < keyring->count; i++) {
        if (keyring->keys[i].purpose == purpose) {
            keyring->keys[i].current = false;
        }
    }
    key_draw(&keyring->keys[keyring->count++], purpose, id);
    return true;
}

bool keyring_drop(struct keyring *keyring, enum key_purpose purpose, unsigned id, struct err *err)
{
    const struct key *key = keyring_find(keyring, purpose, id);
    if (key == NULL) {
        return err_set(err, "%s has no key %u", purpose_names[purpose], id);
    }
    if (key->current) {
        return err_set(err, "%s key %u is the current one", purpose_names[purpose], id);
    }
    size_t at = (size_t)(key - keyring->keys);
    size_t behind = keyring->count - at - 1;
    memmove(&keyring->keys[at], &keyring->keys[at + 1], behind * sizeof keyring->keys[0]);
    explicit_bzero(&keyring->keys[--keyring->count], sizeof keyring->keys[0]);
    return true;
}

static void keyring_print(const struct keyring *keyring, struct buf *to)
{
    buf_printf(to, "{\"mashang_keyring\": %d, \"keys\": [", FORMAT_VERSION);
    for (size_t i = 0; i < keyring->count; i++) {
        const struct key *key = &keyring->keys[i];
        buf_printf(to, "%s\n  {\"purpose\": \"%s\", \"id\": %u, \"key\": \"", i ? "," : "",
                   purpose_names[key->purpose], key->id);
        hex_put(to, str_make(key->bytes, KEY_BYTES));
        buf_printf(to, "\", \"made\": \"%s\", \"state\": \"%s\"}", key->made,
                   key->current ? "current" : "old");
    }
    buf_puts(to, "\n]}\n");
    CHECK(buf_ok(to));
}

static bool keyring_put(const struct keyring *keyring, const char *path, bool replace,
                        struct err *err)
{
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    CHECK(buf_room(&text, FILE_BYTES_MAX / 2) != NULL); /* so that growing leaves no copies */
    keyring_print(keyring, &text);
    bool done = replace ? file_replace(path, buf_str(&text), 0600, err)
                        : file_create(path, buf_str(&text), 0600, err);
    explicit_bzero(text.at, text.room);
    buf_release(&text);
    return done;
}

bool keyring_save(const struct keyring *keyring, const char *path, struct err *err)
{
    return keyring_put(keyring, path, false, err);
}

bool keyring_replace(const struct keyring *keyring, const char *path, struct err *err)
{
    return keyring_put(keyring, path, true, err);
}

void keyring_wipe(struct keyring *keyring)
{
    explicit_bzero(keyring, sizeof *keyring);
}
