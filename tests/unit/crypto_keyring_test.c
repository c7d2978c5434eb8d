#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/keyring.h"

#define HEX  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MADE "\"made\":\"2026-11-23\","
#define KEY(purpose, id, state)                                                                    \
    "{\"purpose\":\"" purpose "\",\"id\":" #id ",\"key\":\"" HEX "\"," MADE "\"state\":\"" state   \
    "\"}"
#define ALL_BUT_AUDIT                                                                              \
    KEY("link", 1, "current")                                                                      \
    "," KEY("receipt", 1, "current") "," KEY("token", 1, "current") "," KEY(                       \
        "lookup", 1, "current") "," KEY("seal", 1, "current")
#define RING(keys) "{\"mashang_keyring\":1,\"keys\":[" keys "]}"

/* In place of libc's: a stick with FAT knows no hard links. */
static int no_links;

int link(const char *from, const char *to)
{
    errno = no_links;
    return no_links != 0 ? -1 : linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static char folder[] = "/tmp/keyring.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL &&
                   snprintf(path, sizeof path, "%s/keyring.json", folder) < (int)sizeof path
               ? 0
               : 1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void put(const char *text, mode_t mode)
{
    struct err err;
    assert_true(file_write(path, str_of(text), 0600, &err));
    assert_int_equal(chmod(path, mode), 0);
}

static void test_made_saved_loaded_is_the_same(void **state)
{
    struct keyring made;
    struct keyring loaded;
    struct err err;
    struct stat at;
    (void)state;
    keyring_make(&made);
    assert_true(keyring_save(&made, path, &err));
    assert_int_equal(stat(path, &at), 0);
    assert_int_equal(at.st_mode & 07777, 0600);
    assert_true(keyring_load(&loaded, path, &err));
    assert_int_equal(loaded.count, KEY_PURPOSES);
    for (size_t i = 0; i < made.count; i++) {
        assert_memory_equal(loaded.keys[i].bytes, made.keys[i].bytes, KEY_BYTES);
        assert_int_equal(loaded.keys[i].purpose, made.keys[i].purpose);
        assert_string_equal(loaded.keys[i].made, made.keys[i].made);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(made.keys[i].bytes, made.keys[j].bytes, KEY_BYTES);
        }
    }
}

static void test_save_never_overwrites_replace_does(void **state)
{
    struct keyring first;
    struct keyring second;
    struct keyring loaded;
    struct err err;
    (void)state;
    keyring_make(&first);
    keyring_make(&second);
    assert_true(keyring_save(&first, path, &err));
    assert_false(keyring_save(&second, path, &err));
    no_links = EPERM;
    assert_false(keyring_save(&second, path, &err));
    no_links = 0;
    assert_true(strncmp(err.text, path, strlen(path)) == 0);
    assert_true(keyring_load(&loaded, path, &err));
    assert_memory_equal(loaded.keys[0].bytes, first.keys[0].bytes, KEY_BYTES);
    assert_true(keyring_replace(&second, path, &err));
    assert_true(keyring_load(&loaded, path, &err));
    assert_memory_equal(loaded.keys[0].bytes, second.keys[0].bytes, KEY_BYTES);
}

/* The service must still be able to read what root rotated. */
static void test_replace_keeps_owner_group_and_mode(void **state)
{
    struct keyring keyring;
    struct err err;
    struct stat at;
    const bool root = geteuid() == 0;
    (void)state;
    keyring_make(&keyring);
    assert_true(keyring_save(&keyring, path, &err));
    assert_int_equal(chmod(path, 0400), 0);
    assert_true(!root || chown(path, 65534, 65533) == 0);
    assert_true(keyring_rotate(&keyring, KEY_SEAL, &err));
    assert_true(keyring_replace(&keyring, path, &err));
    assert_int_equal(stat(path, &at), 0);
    assert_int_equal(at.st_mode & 07777, 0400);
    assert_int_equal(at.st_uid, root ? 65534 : geteuid());
    assert_true(!root || at.st_gid == 65533);
}

static void test_rotation_keeps_the_old_for_reading(void **state)
{
    struct keyring keyring;
    struct err err;
    (void)state;
    keyring_make(&keyring);
    assert_null(keyring_previous(&keyring, KEY_SEAL));
    assert_ptr_equal(keyring_first(&keyring, KEY_SEAL), keyring_current(&keyring, KEY_SEAL));
    for (unsigned id = 2; id <= 5; id++) {
        assert_true(keyring_rotate(&keyring, KEY_SEAL, &err));
        assert_int_equal(keyring_current(&keyring, KEY_SEAL)->id, id);
        assert_int_equal(keyring_previous(&keyring, KEY_SEAL)->id, id - 1);
        assert_int_equal(keyring_first(&keyring, KEY_SEAL)->id, 1);
        assert_false(keyring_find(&keyring, KEY_SEAL, id - 1)->current);
        assert_int_equal(keyring_current(&keyring, KEY_LINK)->id, 1);
    }
    assert_null(keyring_find(&keyring, KEY_SEAL, 6));
    while (keyring.count < KEYRING_KEYS_MAX) {
        assert_true(keyring_rotate(&keyring, KEY_TOKEN, &err));
    }
    assert_false(keyring_rotate(&keyring, KEY_TOKEN, &err));
    assert_non_null(keyring_current(&keyring, KEY_TOKEN));
}

static void test_ids_start_again_behind_255(void **state)
{
    struct keyring keyring;
    struct err err;
    (void)state;
    keyring_make(&keyring);
    for (size_t i = 0; i < keyring.count; i++) {
        keyring.keys[i].id = KEY_ID_MAX;
    }
    assert_true(keyring_rotate(&keyring, KEY_LOOKUP, &err));
    assert_int_equal(keyring_current(&keyring, KEY_LOOKUP)->id, 1);
    assert_int_equal(keyring_previous(&keyring, KEY_LOOKUP)->id, KEY_ID_MAX);
    assert_true(keyring_replace(&keyring, path, &err));
    assert_true(keyring_load(&keyring, path, &err));
}

static void test_wrong_files_are_named(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *says; /* NULL: loads */
    } cases[] = {
        {RING(ALL_BUT_AUDIT "," KEY("audit", 1, "current")), 0600, NULL},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 1, "current")), 0400, NULL},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 1, "current") "," KEY("seal", 9, "old")), 0600, NULL},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 1, "current")), 0640, "mode 0640"},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 1, "current")), 0604, "mode 0604"},
        {RING(ALL_BUT_AUDIT), 0600, "no current key of purpose audit"},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 1, "old")), 0600, "no current key of purpose audit"},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 1, "current") "," KEY("link", 2, "current")), 0600,
         "link has two current keys"},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 1, "current") "," KEY("link", 1, "old")), 0600,
         "keys[6]: id: link has 1 twice"},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 0, "current")), 0600, "keys[5]: id: allowed is 1"},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 256, "current")), 0600, "keys[5]: id: allowed is 1"},
        {RING(ALL_BUT_AUDIT "," KEY("audit", 1, "new")), 0600, "keys[5]: state: allowed"},
        {RING(ALL_BUT_AUDIT "," KEY("postal", 1, "current")), 0600, "keys[5]: purpose: allowed"},
        {RING("{\"purpose\":\"link\",\"id\":1,\"key\":\"00zz\"," MADE "\"state\":\"current\"}"),
         0600, "keys[0]: key: 64 hex digits"},
        {RING("{\"purpose\":\"link\",\"id\":1," MADE "\"state\":\"current\"}"), 0600,
         "keys[0]: key: 64 hex digits"},
        {RING("{\"purpose\":\"link\",\"id\":1,\"key\":\"" HEX
              "\",\"made\":\"2026-02-30\",\"state\":\"current\"}"),
         0600, "keys[0]: made: a date"},
        {RING("7"), 0600, "keys[0]: purpose: allowed"},
        {"{\"mashang_keyring\":2,\"keys\":[]}", 0600,
         "mashang_keyring: not a keyring of version 1"},
        {"{\"mashang_keyring\":1}", 0600, "keys: a list"},
        {"[]", 0600, "mashang_keyring: not a keyring"},
        {"{\n\"mashang_keyring\":1,", 0600, ":2: not JSON"},
        {"", 0600, "not JSON"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct keyring keyring;
        struct err err = {""};
        put(cases[i].text, cases[i].mode);
        bool loaded = keyring_load(&keyring, path, &err);
        if (cases[i].says == NULL) {
            assert_true(loaded);
        } else if (loaded || strncmp(err.text, path, strlen(path)) != 0 ||
                   strstr(err.text, cases[i].says) == NULL) {
            fail_msg("case %zu: %s, wanted %s", i, loaded ? "loads" : err.text, cases[i].says);
        }
        assert_true(loaded || keyring.count == 0);
    }
}

static void test_missing_file_is_named(void **state)
{
    struct keyring keyring;
    struct err err;
    (void)state;
    assert_false(keyring_load(&keyring, "/nowhere/keyring.json", &err));
    assert_string_equal(err.text, "/nowhere/keyring.json: No such file or directory");
}

/* systemd hands credentials over with the group's bit set: its access list shows there. Elsewhere that is refused. */
static void test_credentials_may_show_the_group_s_bit(void **state)
{
    struct keyring keyring;
    struct err err;
    char longer[80];
    (void)state;
    put(RING(ALL_BUT_AUDIT "," KEY("audit", 1, "current")), 0440);
    assert_false(keyring_load(&keyring, path, &err));
    snprintf(longer, sizeof longer, "%.*s", (int)strlen(folder) - 1, folder);
    setenv("CREDENTIALS_DIRECTORY", longer, 1);
    assert_false(keyring_load(&keyring, path, &err));
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    assert_true(keyring_load(&keyring, path, &err));
    put(RING(ALL_BUT_AUDIT "," KEY("audit", 1, "current")), 0444);
    assert_false(keyring_load(&keyring, path, &err));
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_wipe_leaves_no_key(void **state)
{
    static const struct keyring empty;
    struct keyring keyring;
    (void)state;
    keyring_make(&keyring);
    keyring_wipe(&keyring);
    assert_memory_equal(&keyring, &empty, sizeof keyring);
}

static void test_saved_where_there_are_no_hard_links(void **state)
{
    static const int whys[] = {EPERM, EOPNOTSUPP, EMLINK, ENOSYS};
    (void)state;
    for (size_t i = 0; i < sizeof whys / sizeof whys[0]; i++) {
        struct err err = {""};
        struct keyring made;
        struct keyring read;
        struct stat found;
        char beside[96];
        keyring_make(&made);
        no_links = whys[i];
        bool saved = keyring_save(&made, path, &err);
        no_links = 0;
        assert_string_equal(err.text, "");
        assert_true(saved);
        assert_true(keyring_load(&read, path, &err));
        assert_memory_equal(made.keys[0].bytes, read.keys[0].bytes, KEY_BYTES);
        assert_int_equal(stat(path, &found), 0);
        assert_int_equal(found.st_mode & 0777, 0600);
        snprintf(beside, sizeof beside, "%s.%ld~", path, (long)getpid());
        assert_int_equal(access(beside, F_OK), -1);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_made_saved_loaded_is_the_same, remove_file),
        cmocka_unit_test_teardown(test_save_never_overwrites_replace_does, remove_file),
        cmocka_unit_test_teardown(test_saved_where_there_are_no_hard_links, remove_file),
        cmocka_unit_test_teardown(test_replace_keeps_owner_group_and_mode, remove_file),
        cmocka_unit_test(test_rotation_keeps_the_old_for_reading),
        cmocka_unit_test_teardown(test_ids_start_again_behind_255, remove_file),
        cmocka_unit_test_teardown(test_wrong_files_are_named, remove_file),
        cmocka_unit_test(test_missing_file_is_named),
        cmocka_unit_test_teardown(test_credentials_may_show_the_group_s_bit, remove_file),
        cmocka_unit_test(test_wipe_leaves_no_key),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
