/*
 * args.h - reading a command line the same way everywhere: `-c FILE`, `--set section.key=value`, `--json`, `--help`, the command's own
 * flags, and the rest as words. `--flag VALUE` and `--flag=VALUE` both work; `--` ends the flags.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/options.h"

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_CONFIG = 78 };
enum { ARGS_FLAGS_MAX = 32, ARGS_WORDS_MAX = 1024 };

struct arg_spec {
    const char *name; /* "--send"; the list ends with NULL */
    bool has_value;
};

struct args {
    const char *file; /* -c, else /etc/mashang/mashang.conf where it is there, else NULL */
    bool json, help;
    struct option_flag set[ARGS_FLAGS_MAX];
    size_t set_count;
    const char *words[ARGS_WORDS_MAX];
    size_t word_count;
    struct {
        const char *name;  /* as in the spec */
        const char *value; /* "" for a flag without one */
    } own[ARGS_FLAGS_MAX];
    size_t own_count;
};

/* argv without program and command. False: a line on stderr says what is wrong; exit CLI_USAGE. */
bool args_read(int argc, char **argv, const struct arg_spec *specs, struct args *ret);
void args_release(struct args *args);
const char *args_get(const struct args *args,
                     const char *name); /* the last one; NULL when absent */

/* What is wrong with the configuration, and how to name one when none was read; CLI_CONFIG back. */
int args_wrong_conf(const struct args *args, const struct err *err);

/* `mashang: text` on stderr, and the code back. */
int cli_fail(int code, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
