#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/keys_inside.h"

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

static bool purpose_of(const char *name, enum key_purpose *ret)
{
    for (int i = 0; name != NULL && i < KEY_PURPOSES; i++) {
        if (strcmp(name, key_purpose_name((enum key_purpose)i)) == 0) {
            *ret = (enum key_purpose)i;
            return true;
        }
    }
    return false;
}

static int unknown_purpose(const char *action, const char *name)
{
    return cli_fail(CLI_USAGE,
                    "keys %s: %s: unknown purpose, allowed: link receipt token lookup seal audit",
                    action, name ? name : "(none)");
}

/* Reports are looked up under the current and one older key: a third would hide those filed under the first, and a repeat would file them anew. */
static int may_rotate(const struct keyring *keyring, enum key_purpose purpose,
                      const struct args *args)
{
    const struct key *old = keyring_previous(keyring, purpose);
    return purpose != KEY_LOOKUP || old == NULL ? CLI_DONE : keys_unused(args, purpose, old->id);
}

static int rotate(struct keyring *keyring, const char *path, const struct args *args)
{
    struct err err;
    enum key_purpose purpose;
    const char *name = args->word_count > 1 ? args->words[1] : NULL;
    if (!purpose_of(name, &purpose)) {
        return unknown_purpose("rotate", name);
    }
    int code = may_rotate(keyring, purpose, args);
    if (code != CLI_DONE) {
        return code;
    }
    if (!keyring_rotate(keyring, purpose, &err) || !keyring_replace(keyring, path, &err)) {
        return cli_fail(CLI_FAILED, "%s", err.text);
    }
    printf("%s key %u is current now; the one before still reads.\n"
           "Tell the gateway (systemctl reload mashang), then back the keyring up.\n",
           name, keyring_current(keyring, purpose)->id);
    if (purpose == KEY_SEAL || purpose == KEY_LOOKUP) {
        printf("After that, mashang keys rewrap brings what is stored under it.\n");
    }
    return CLI_DONE;
}

/* Paper, receipts and chains are read as long as they are there: only seal and lookup keys can be done with. */
static int retire(struct keyring *keyring, const char *path, const struct args *args)
{
    struct err err;
    enum key_purpose purpose;
    uint64_t id = 0;
    const char *name = args->word_count > 1 ? args->words[1] : NULL;
    if (!purpose_of(name, &purpose)) {
        return unknown_purpose("retire", name);
    }
    if (args->word_count != 3 || !str_to_u64(str_of(args->words[2]), KEY_ID_MAX, &id)) {
        return cli_fail(CLI_USAGE, "keys retire: a purpose and the key's number are expected");
    }
    if (purpose != KEY_SEAL && purpose != KEY_LOOKUP) {
        return cli_fail(CLI_FAILED, "keys retire: %s keys read what is out of our hands: they stay",
                        name);
    }
    if (!keyring_drop(keyring, purpose, (unsigned)id, &err)) {
        return cli_fail(CLI_FAILED, "keys retire: %s", err.text);
    }
    int code = keys_unused(args, purpose, (unsigned)id);
    if (code != CLI_DONE) {
        return code;
    }
    if (!keyring_replace(keyring, path, &err)) {
        return cli_fail(CLI_FAILED, "%s", err.text);
    }
    printf("%s key %u is gone. Backups of the data from before need a backup of the keyring from "
           "before.\n",
           name, (unsigned)id);
    return CLI_DONE;
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
        return rotate(keyring, path, args);
    }
    if (strcmp(action, "retire") == 0) {
        return retire(keyring, path, args);
    }
    if (strcmp(action, "status") == 0) {
        return keys_status(args);
    }
    if (strcmp(action, "rewrap") == 0) {
        return keys_rewrap(args);
    }
    if (strcmp(action, "backup") == 0) {
        return backup(keyring, word);
    }
    return cli_fail(CLI_USAGE,
                    "keys: %s: unknown, allowed: list, status, rotate, rewrap, retire, backup",
                    action);
}

static int run(const struct args *args)
{
    struct err err;
    struct options options;
    struct keyring keyring;
    if (args->word_count == 0) {
        return cli_fail(CLI_USAGE,
                        "keys: list, status, rotate, rewrap, retire or backup is expected");
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
    .summary = "list, rotate, retire and back up the keys",
    .help = "  mashang keys list -c FILE\n"
            "  mashang keys rotate seal -c FILE         then reload the gateway, then\n"
            "  mashang keys rewrap -c FILE              what is stored comes under the new key, "
            "while the gateway works\n"
            "  mashang keys status -c FILE              how many reports and events are under "
            "which key\n"
            "  mashang keys retire seal 1 -c FILE       when nothing is under it any more\n"
            "  mashang keys backup /media/stick/keyring.json -c FILE\n"
            "\n"
            "Purposes: link receipt token lookup seal audit. The key before stays in the file and "
            "still reads;\n"
            "printed codes and receipts stay valid. Never prints key material. Of lookup, one "
            "older key reads: a second\n"
            "rotation, as retiring the first key, waits for rewrap and for the tokens of forms, "
            "which live 31 days.\n"
            "A rewrap that was stopped half-way is begun again: nothing is lost.\n",
    .run = run,
};
