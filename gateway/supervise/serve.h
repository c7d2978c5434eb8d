/*
 * serve.h - the command `mashang serve`.
 */
#ifndef SUPERVISE_SERVE_H
#define SUPERVISE_SERVE_H

#include "cli/commands.h"

extern const struct command command_serve;

#endif
