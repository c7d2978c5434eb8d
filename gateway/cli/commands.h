/*
 * commands.h - the commands that need no running gateway. Each gets its arguments read and returns an exit code (args.h).
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/args.h"

struct command {
    const char *name;
    const char *summary;          /* one line for `mashang help` */
    const char *help;             /* examples first */
    const struct arg_spec *specs; /* its own flags, or NULL */
    int (*run)(const struct args *args);
};

extern const struct command command_calendar;
extern const struct command command_check_config;
extern const struct command command_init;
extern const struct command command_intake;
extern const struct command command_keys;
extern const struct command command_purge;
extern const struct command command_queue;
extern const struct command command_render;
extern const struct command command_stats;
extern const struct command command_store;
extern const struct command command_token;
extern const struct command command_upstream;

#endif
