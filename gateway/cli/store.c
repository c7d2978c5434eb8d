#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/load.h"

enum { PASSWORD_BYTES_MAX = 1024 };

/* The deploy user's password, without the newline an editor leaves. */
static bool read_password(const char *path, char **ret, struct err *err)
{
    struct buf text;
    buf_init(&text, PASSWORD_BYTES_MAX);
    bool read = file_read(path, &text, err);
    struct str word = buf_str(&text);
    while (word.len > 0 && strchr("\r\n", word.at[word.len - 1]) != NULL) {
        word.len--;
    }
    if (read) {
        *ret = mem_dup_str(word);
    }
    buf_release(&text);
    return read;
}

static int load(const struct args *args, const struct setup *setup, bool restored)
{
    struct err err;
    char *password = NULL;
    char address[LOAD_ADDRESS_BYTES];
    const char *user = args_get(args, "--user");
    const char *password_file = args_get(args, "--password-file");
    struct store_options options;
    if (!load_store_may_run(&setup->options)) {
        return CLI_FAILED;
    }
    load_private_address(&setup->options, address);
    setup_store_options(setup, address, &options);
    if (password_file != NULL && !read_password(password_file, &password, &err)) {
        return cli_fail(CLI_FAILED, "%s", err.text);
    }
    options.user = user ? user : options.user;
    options.password = password ? password : options.password;
    bool loaded = (restored ? store_restored : store_load_functions)(&options, &err);
    free(password);
    if (!loaded) {
        return cli_fail(CLI_FAILED, "%s", err.text);
    }
    puts(restored ? "restored: whoever reads the change feed begins again" : "loaded");
    return CLI_DONE;
}

static int run(const struct args *args)
{
    const char *name = args->word_count == 1 ? args->words[0] : "";
    bool restored = strcmp(name, "restored") == 0;
    if (!restored && strcmp(name, "load") != 0) {
        return cli_fail(CLI_USAGE, "store: `load` or `restored` is expected");
    }
    struct setup *setup = load_setup(args);
    if (setup == NULL) {
        return CLI_CONFIG;
    }
    int code = load(args, setup, restored);
    setup_free(&setup);
    return code;
}

static const struct arg_spec specs[] = {{"--user", true}, {"--password-file", true}, {NULL, false}};

const struct command command_store = {
    .name = "store",
    .summary = "put the functions into an external Redis; say that its data are a copy",
    .help = "  mashang store load -c FILE --user deploy --password-file /root/redis-deploy\n"
            "  mashang store restored -c FILE [--user deploy --password-file FILE]\n"
            "\n"
            "load: the function library, and schema number and epoch where they are missing. Needs "
            "a user\n"
            "with function rights; the gateway's own user has none. A private: Redis is loaded by "
            "`serve`.\n"
            "\n"
            "restored: the same with a new epoch, after each restore of a copy and each promotion "
            "of a replica.\n"
            "What a program has read of the change feed since the copy is not in it: it is told so "
            "(410\n"
            "cursor-expired) and begins again. Before the gateway starts; a private: Redis needs "
            "it running: reload\n"
            "it then. Without, a running gateway knows it within a minute.\n",
    .specs = specs,
    .run = run,
};
