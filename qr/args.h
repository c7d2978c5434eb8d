/*
 * args.h - what was typed behind `mashang-qr COMMAND`. One table says which option belongs to which command.
 */
#ifndef QR_ARGS_H
#define QR_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/options.h"

enum args_command {
    ARGS_CODE = 1,
    ARGS_POSTER = 2,
    ARGS_DECODE = 4,
    ARGS_REVOKE = 8,
    ARGS_LIST = 16,
    ARGS_ALL = 31
};

enum { ARGS_SETTINGS_MAX = 32 };

struct args {
    const char *conf;
    const char *area;
    const char *placement; /* "board" unless given */
    const char *svg, *png;
    const char *layout; /* "a4" unless given */
    const char *out;
    const char *hint;
    bool drill, serial, qr, exact, json, help;
    const char **words; /* what is no option, in order; owned array of borrowed texts */
    size_t word_count;
    struct option_flag settings[ARGS_SETTINGS_MAX]; /* --set section.key=value; names owned */
    size_t setting_count;
};

/* argv: behind the command. False: wrong usage. */
bool args_parse(struct args *ret, enum args_command command, int argc, char **argv,
                struct err *err) MUST_CHECK;
void args_release(struct args *args);

#endif
