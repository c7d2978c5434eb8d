#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "crypto/keyring.h"

static int list(const struct keyring *keyring, bool json)
{
    json_auto_t *keys = json_array();
    for (size_t i = 0; i < keyring->count; i++) {
        const struct key *key = &keyring->keys[i];
        const char *state = key->current ? "current" : "old";
        if (json) {
            json_array_append_new(keys, json_pack("{s:s, s:i, s:s, s:s}", "purpose",
                                                  key_purpose_name(key->purpose), "id",
                                                  (int)key->id, "made", key->made, "state", state));
        } else {
            printf("%-8s %3u  %s  %s\n", key_purpose_name(key->purpose), key->id, key->made, state);
        }
    }
    if (json) {
        json_dumpf(keys, stdout, JSON_COMPACT);
        fputc('\n', stdout);
    }
    return CLI_DONE;
}

/* Reports are looked up under the current and one older key: a third would hide those filed under the first, and a repeat would file them anew. */
static bool may_rotate(const struct keyring *keyring, enum key_purpose purpose, const char *path)
{
    const struct key *old = keyring_previous(keyring, purpose);
    if (purpose != KEY_LOOKUP || old == NULL) {
        return true;
    }
    cli_fail(
        CLI_FAILED,
        "keys rotate: lookup: two keys are searched, and key %u (old since key %u was made, %s) "
        "is one of them. When no report filed before that day is left, take it out of %s "
        "and rotate again.",
        old->id, keyring_current(keyring, purpose)->id, keyring_current(keyring, purpose)->made,
        path);
    return false;
}

static int rotate(struct keyring *keyring, const char *path, const char *name)
{
    struct err err;
    for (int i = 0; i < KEY_PURPOSES; i++) {
        enum key_purpose purpose = (enum key_purpose)i;
        if (name == NULL || strcmp(name, key_purpose_name(purpose)) != 0) {
            continue;
        }
        if (!may_rotate(keyring, purpose, path)) {
            return CLI_FAILED;
        }
        if (!keyring_rotate(keyring, purpose, &err) || !keyring_replace(keyring, path, &err)) {
            return cli_fail(CLI_FAILED, "%s", err.text);
        }
        printf("%s key %u is current now; the one before still reads.\n"
               "Tell the gateway (systemctl reload mashang), then back the keyring up.\n",
               name, keyring_current(keyring, purpose)->id);
        return CLI_DONE;
    }
    return cli_fail(
        CLI_USAGE,
        "keys rotate: %s: unknown purpose, allowed: link receipt token lookup seal audit",
        name ? name : "(none)");
}

static int backup(const struct keyring *keyring, const char *to)
{
    struct err err;
    if (to == NULL) {
        return cli_fail(CLI_USAGE, "keys backup: a FILE that is not there yet is expected");
    }
    if (!keyring_save(keyring, to, &err)) {
        return cli_fail(CLI_FAILED, "%s", err.text);
    }
    printf("made  %s\nIt opens every report: keep it apart from the data.\n", to);
    return CLI_DONE;
}

static int act(struct keyring *keyring, const char *path, const struct args *args)
{
    const char *action = args->words[0];
    const char *word = args->word_count > 1 ? args->words[1] : NULL;
    if (strcmp(action, "list") == 0) {
        return list(keyring, args->json);
    }
    if (strcmp(action, "rotate") == 0) {
        return rotate(keyring, path, word);
    }
    if (strcmp(action, "backup") == 0) {
        return backup(keyring, word);
    }
    return cli_fail(CLI_USAGE, "keys: %s: unknown, allowed: list, rotate, backup", action);
}

static int run(const struct args *args)
{
    struct err err;
    struct options options;
    struct keyring keyring;
    if (args->word_count == 0) {
        return cli_fail(CLI_USAGE, "keys: list, rotate or backup is expected");
    }
    if (!options_load(&options, args->file, args->set, args->set_count, &err)) {
        return args_wrong_conf(args, &err);
    }
    int code = CLI_CONFIG;
    if (keyring_load(&keyring, options.crypto.keyring_file, &err)) {
        code = act(&keyring, options.crypto.keyring_file, args);
        keyring_wipe(&keyring);
    } else {
        args_wrong_conf(args, &err);
    }
    options_release(&options);
    return code;
}

const struct command command_keys = {
    .name = "keys",
    .summary = "list, rotate and back up the keys",
    .help = "  mashang keys list -c FILE\n"
            "  mashang keys rotate seal -c FILE\n"
            "  mashang keys backup /media/stick/keyring.json -c FILE\n"
            "\n"
            "Purposes: link receipt token lookup seal audit. The key before stays in the file and "
            "still reads;\n"
            "printed codes and receipts stay valid. Never prints key material. Of lookup, one "
            "older key "
            "reads: a second\n"
            "rotation waits until the first one's reports are gone.\n",
    .run = run,
};
