#include <stdio.h>
#include <string.h>

#include "qr/commands.h"
#include "qr/setup.h"

static const struct command {
    const char *name;
    enum args_command which;
    const char *help;
    int (*run)(const struct args *args);
    const char *what;
} commands[] = {
    {"code", ARGS_CODE, command_code_help, command_code,
     "a signed link, its QR code as text, SVG, PNG"},
    {"poster", ARGS_POSTER, command_poster_help, command_poster,
     "posters as PDF, a page per village"},
    {"decode", ARGS_DECODE, command_decode_help, command_decode, "check a printed link"},
    {"revoke", ARGS_REVOKE, command_revoke_help, command_revoke, "make printed codes void"},
    {"list", ARGS_LIST, command_list_help, command_list, "serials handed out and codes revoked"},
};

static void print_usage(FILE *to)
{
    fputs("mashang-qr code --area 370115008218\n"
          "mashang-qr poster --areas 370115 -o posters.pdf\n"
          "mashang-qr decode https://HOST/V/CODE\n\n"
          "Commands (each has --help):\n",
          to);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].what);
    }
    fputs("  version\n", to);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct args args;
    struct err err = {""};
    int code = EXIT_DONE;
    if (!args_parse(&args, command->which, argc, argv, &err)) {
        code = command_failed(EXIT_USAGE, &err);
    } else if (args.help) {
        fputs(command->help, stdout);
    } else {
        code = command->run(&args);
    }
    args_release(&args);
    if (fflush(stdout) != 0) {
        err_set(&err, "stdout: cannot be written");
        return command_failed(EXIT_FAILED, &err);
    }
    return code;
}

int main(int argc, char **argv)
{
    struct err err;
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return run(&commands[i], argc - 2, argv + 2);
        }
    }
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
        puts("mashang-qr " MASHANG_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    err_set(&err, name[0] ? "%s: unknown command" : "%sa command is needed", name);
    command_failed(EXIT_USAGE, &err);
    print_usage(stderr);
    return EXIT_USAGE;
}
