#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "supervise/serve.h"

static const struct command *const commands[] = {
    &command_serve,    &command_check_config, &command_init,   &command_queue, &command_purge,
    &command_calendar, &command_token,        &command_intake, &command_keys,  &command_upstream,
    &command_store,    &command_render,       &command_stats,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static int print_help(FILE *to)
{
    fputs("  mashang init /etc/mashang\n"
          "  mashang serve -c /etc/mashang/mashang.conf\n"
          "  mashang queue stats -c /etc/mashang/mashang.conf\n\n",
          to);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(to, "  %-13s %s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("  version       print the version\n"
          "  help COMMAND  examples and flags of a command\n\n"
          "Every command takes -c FILE, --set section.key=value, --json where a program may read "
          "it, --help.\n"
          "Exit 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.\n",
          to);
    return CLI_DONE;
}

static int print_command_help(const struct command *command)
{
    printf("%s\n%s: %s\n", command->help, command->name, command->summary);
    return CLI_DONE;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct args args;
    if (!args_read(argc, argv, command->specs, &args)) {
        return CLI_USAGE;
    }
    int code = args.help ? print_command_help(command) : command->run(&args);
    args_release(&args);
    return code;
}

static int unknown(const char *name)
{
    return cli_fail(CLI_USAGE, "%s: unknown command; `mashang help` lists them", name);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find(name);
    if (command != NULL) {
        return run_command(command, argc - 2, argv + 2);
    }
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
        puts("mashang " MASHANG_VERSION);
        return CLI_DONE;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        const struct command *wanted = argc > 2 ? find(argv[2]) : NULL;
        if (argc > 2 && wanted == NULL) {
            return unknown(argv[2]);
        }
        return wanted ? print_command_help(wanted) : print_help(stdout);
    }
    if (name[0] == '\0') {
        print_help(stderr);
        return CLI_USAGE;
    }
    return unknown(name);
}
