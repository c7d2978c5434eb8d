#include "cli/args.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

static const char default_file[] = "/etc/mashang/mashang.conf";

int cli_fail(int code, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fprintf(stderr, "mashang: %s\n", text);
    return code;
}

int args_wrong_conf(const struct args *args, const struct err *err)
{
    return cli_fail(CLI_CONFIG, "%s%s", err->text,
                    args->file ? "" : " (no -c FILE given; make run writes var/run/mashang.conf)");
}

static bool wrong(const char *what, const char *arg)
{
    cli_fail(CLI_USAGE, "%s: %s; --help shows how", arg, what);
    return false;
}

static bool add_set(struct args *args, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || args->set_count == ARGS_FLAGS_MAX) {
        return wrong("--set section.key=value is expected", text);
    }
    args->set[args->set_count++] = (struct option_flag){
        .name = mem_dup_str(str_make(text, (size_t)(equals - text))), .value = equals + 1};
    return true;
}

static bool add_flag(struct args *args, const char *name, const char *value)
{
    if (strcmp(name, "--set") == 0) {
        return add_set(args, value);
    }
    if (strcmp(name, "-c") == 0) {
        args->file = value;
    } else if (strcmp(name, "--json") == 0) {
        args->json = true;
    } else if (strcmp(name, "--help") == 0) {
        args->help = true;
    } else if (args->own_count == ARGS_FLAGS_MAX) {
        return wrong("too many flags", name);
    } else {
        args->own[args->own_count].name = name;
        args->own[args->own_count++].value = value;
    }
    return true;
}

static const struct arg_spec *find_spec(const struct arg_spec *specs, struct str name)
{
    static const struct arg_spec common[] = {{"-c", true},      {"--set", true}, {"--json", false},
                                             {"--help", false}, {"-h", false},   {NULL, false}};
    for (const struct arg_spec *at = common; at->name != NULL; at++) {
        if (str_is(name, at->name)) {
            return strcmp(at->name, "-h") == 0 ? &common[3] : at;
        }
    }
    for (const struct arg_spec *at = specs; at != NULL && at->name != NULL; at++) {
        if (str_is(name, at->name)) {
            return at;
        }
    }
    return NULL;
}

/* Takes the flag at argv[0], and its value; returns how many were taken, 0 for a fault. */
static int read_flag(int argc, char **argv, const struct arg_spec *specs, struct args *ret)
{
    struct str rest = str_of(argv[0]);
    struct str name;
    (void)str_next(&rest, '=', &name);
    const struct arg_spec *spec = find_spec(specs, name);
    if (spec == NULL) {
        return wrong("unknown flag", argv[0]);
    }
    if (!spec->has_value) {
        return rest.at != NULL ? wrong("takes no value", argv[0]) : add_flag(ret, spec->name, "");
    }
    if (rest.at != NULL) {
        return add_flag(ret, spec->name, rest.at);
    }
    if (argc < 2) {
        return wrong("needs a value", argv[0]);
    }
    return add_flag(ret, spec->name, argv[1]) ? 2 : 0;
}

bool args_read(int argc, char **argv, const struct arg_spec *specs, struct args *ret)
{
    bool flags = true;
    *ret = (struct args){.file = access(default_file, R_OK) == 0 ? default_file : NULL};
    for (int i = 0; i < argc;) {
        int taken = 1;
        if (flags && strcmp(argv[i], "--") == 0) {
            flags = false;
        } else if (flags && argv[i][0] == '-' && argv[i][1] != '\0') {
            taken = read_flag(argc - i, argv + i, specs, ret);
        } else if (ret->word_count == ARGS_WORDS_MAX) {
            taken = wrong("too many words", argv[i]);
        } else {
            ret->words[ret->word_count++] = argv[i];
        }
        if (taken == 0) {
            args_release(ret);
            return false;
        }
        i += taken;
    }
    return true;
}

void args_release(struct args *args)
{
    for (size_t i = 0; i < args->set_count; i++) {
        free((void *)(uintptr_t)args->set[i].name); /* NOLINT(performance-no-int-to-ptr) */
    }
    args->set_count = 0;
}

const char *args_get(const struct args *args, const char *name)
{
    for (size_t i = args->own_count; i > 0; i--) {
        if (strcmp(args->own[i - 1].name, name) == 0) {
            return args->own[i - 1].value;
        }
    }
    return NULL;
}
