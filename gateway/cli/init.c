#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/rand.h"
#include "cli/commands.h"
#include "crypto/keyring.h"

enum { SECRET_BYTES = 32, TEXT_BYTES_MAX = 4096 };

static const char conf_text[] =
    "# 码上报 Mashang. Every other setting, with its default: mashang check-config --example\n"
    "\n"
    "[listen]\n"
    "http = 127.0.0.1:8080\n"
    "admin = 127.0.0.1:9100\n"
    "\n"
    "[public]\n"
    "# The address on the printed codes. With https, authority, hotline and icp are needed.\n"
    "base_url = http://127.0.0.1:8080\n"
    "authority =\n"
    "hotline = 未设置\n"
    "icp =\n"
    "\n"
    "[redis]\n"
    "url = private:\n"
    "data_dir = data\n"
    "\n"
    "[crypto]\n"
    "keyring_file = keyring.json\n"
    "\n"
    "[upstream]\n"
    "# Empty: every event is held until an address is set.\n"
    "url =\n"
    "secret_file = upstream.secret\n"
    "callback_secret_file = callback.secret\n";

enum made { MADE, KEPT, MADE_NOT };

static void say(const char *path, enum made made)
{
    printf("%s  %s\n", made == KEPT ? "kept" : "made", path);
}

static enum made make_file(const char *path, struct str text, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EEXIST ? KEPT : (err_set(err, "%s: %s", path, strerror(errno)), MADE_NOT);
    }
    close(fd);
    return file_write(path, text, 0600, err) ? MADE : MADE_NOT;
}

static enum made make_secret(const char *path, struct err *err)
{
    unsigned char bytes[SECRET_BYTES];
    struct buf text;
    rand_bytes(bytes, sizeof bytes);
    buf_init(&text, TEXT_BYTES_MAX);
    buf_puts(&text, "whsec_");
    base64_put(&text, str_make(bytes, sizeof bytes));
    buf_putc(&text, '\n');
    enum made made = make_file(path, buf_str(&text), err);
    buf_release(&text);
    return made;
}

static enum made make_keyring(const char *path, struct err *err)
{
    struct keyring keyring;
    if (access(path, F_OK) == 0) {
        return KEPT;
    }
    keyring_make(&keyring);
    bool saved = keyring_save(&keyring, path, err);
    keyring_wipe(&keyring);
    return saved ? MADE : MADE_NOT;
}

static enum made make_conf(const char *path, struct err *err)
{
    return make_file(path, str_of(conf_text), err);
}

static bool make_folder(const char *path, struct err *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return true;
    }
    return err_set(err, "%s: %s", path, strerror(errno));
}

static int run(const struct args *args)
{
    static const struct {
        const char *name;
        enum made (*make)(const char *path, struct err *err);
    } files[] = {{"keyring.json", make_keyring},
                 {"upstream.secret", make_secret},
                 {"callback.secret", make_secret},
                 {"mashang.conf", make_conf}};
    struct err err;
    if (args->word_count != 1) {
        return cli_fail(CLI_USAGE, "init: one folder is expected");
    }
    if (!make_folder(args->words[0], &err)) {
        return cli_fail(CLI_FAILED, "%s", err.text);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s/%s", args->words[0], files[i].name) >=
            (int)sizeof path) {
            return cli_fail(CLI_FAILED, "%s: path too long", args->words[0]);
        }
        enum made made = files[i].make(path, &err);
        if (made == MADE_NOT) {
            return cli_fail(CLI_FAILED, "%s", err.text);
        }
        say(path, made);
    }
    printf("next  mashang serve -c %s/mashang.conf\n"
           "Keep a copy of keyring.json in another place: without it no report can be opened.\n",
           args->words[0]);
    return CLI_DONE;
}

const struct command command_init = {
    .name = "init",
    .summary = "make a folder with keys, secrets and a configuration",
    .help = "  mashang init /etc/mashang\n"
            "\n"
            "Makes keyring.json, upstream.secret, callback.secret and mashang.conf, all with mode "
            "0600.\n"
            "What is there already stays as it is.\n",
    .run = run,
};
