#include "qr/args.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define AT(member) offsetof(struct args, member)

enum arg_kind { ARG_TEXT, ARG_TICK, ARG_WORD, ARG_SETTING };

struct arg {
    const char *name;
    const char *letter; /* "" when there is none */
    enum arg_kind kind;
    size_t at;
    unsigned commands;
};

static const struct arg arg_table[] = {
    {"--conf", "-c", ARG_TEXT, AT(conf), ARGS_ALL},
    {"--set", "", ARG_SETTING, 0, ARGS_ALL},
    {"--help", "-h", ARG_TICK, AT(help), ARGS_ALL},
    {"--json", "", ARG_TICK, AT(json), ARGS_ALL},
    {"--area", "", ARG_TEXT, AT(area), ARGS_CODE | ARGS_REVOKE | ARGS_LIST},
    {"--areas", "", ARG_WORD, 0, ARGS_POSTER},
    {"--placement", "", ARG_TEXT, AT(placement), ARGS_CODE | ARGS_POSTER},
    {"--drill", "", ARG_TICK, AT(drill), ARGS_CODE | ARGS_POSTER},
    {"--serial", "", ARG_TICK, AT(serial), ARGS_CODE},
    {"--svg", "", ARG_TEXT, AT(svg), ARGS_CODE},
    {"--png", "", ARG_TEXT, AT(png), ARGS_CODE},
    {"--qr", "", ARG_TICK, AT(qr), ARGS_CODE},
    {"--layout", "", ARG_TEXT, AT(layout), ARGS_POSTER},
    {"--exact", "", ARG_TICK, AT(exact), ARGS_POSTER},
    {"--out", "-o", ARG_TEXT, AT(out), ARGS_POSTER},
    {"--hint", "", ARG_TEXT, AT(hint), ARGS_REVOKE},
};

static const struct arg *find(struct str name, enum args_command command)
{
    for (size_t i = 0; i < sizeof arg_table / sizeof arg_table[0]; i++) {
        const struct arg *arg = &arg_table[i];
        if ((arg->commands & command) != 0 &&
            (str_is(name, arg->name) || str_is(name, arg->letter))) {
            return arg;
        }
    }
    return NULL;
}

static bool set(struct args *args, const struct arg *arg, const char *value, struct err *err)
{
    const char *equals = strchr(value, '=');
    switch (arg->kind) {
    case ARG_WORD:
        args->words[args->word_count++] = value;
        return true;
    case ARG_SETTING:
        if (equals == NULL || args->setting_count == ARGS_SETTINGS_MAX) {
            return err_set(err, "--set: needs section.key=value, at most %d times",
                           ARGS_SETTINGS_MAX);
        }
        args->settings[args->setting_count++] = (struct option_flag){
            .name = mem_dup_str(str_make(value, (size_t)(equals - value))),
            .value = equals + 1,
        };
        return true;
    default:
        *(const char **)((char *)args + arg->at) = value;
        return true;
    }
}

/* One option with its value, which may stand behind "=" or be the next word. */
static bool take_option(struct args *args, enum args_command command, char **argv, int argc, int *i,
                        struct err *err)
{
    struct str rest = str_of(argv[*i]);
    struct str name;
    (void)str_next(&rest, '=', &name);
    const struct arg *arg = find(name, command);
    if (arg == NULL) {
        return err_set(err, "%s: unknown option, see --help", argv[*i]);
    }
    if (arg->kind == ARG_TICK) {
        *(bool *)((char *)args + arg->at) = true;
        return rest.at == NULL || err_set(err, "%s: takes no value", arg->name);
    }
    if (rest.at == NULL && *i + 1 == argc) {
        return err_set(err, "%s: needs a value, see --help", arg->name);
    }
    return set(args, arg, rest.at ? rest.at : argv[++*i], err);
}

bool args_parse(struct args *ret, enum args_command command, int argc, char **argv, struct err *err)
{
    bool only_words = false;
    *ret = (struct args){
        .placement = "board",
        .layout = "a4",
        .hint = "",
        .words = mem_array((size_t)argc + 1, sizeof *ret->words),
    };
    for (int i = 0; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
            ret->words[ret->word_count++] = argv[i];
        } else if (!take_option(ret, command, argv, argc, &i, err)) {
            return false;
        }
    }
    return true;
}

void args_release(struct args *args)
{
    for (size_t i = 0; i < args->setting_count; i++) {
        free((char *)args->settings[i].name);
    }
    free(args->words);
    *args = (struct args){0};
}
