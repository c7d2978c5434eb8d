/*
 * commands.h - the commands of mashang-qr. Each answers the exit code and has said on stderr what went wrong.
 */
#ifndef QR_COMMANDS_H
#define QR_COMMANDS_H

#include "qr/args.h"

extern const char command_code_help[];
extern const char command_poster_help[];
extern const char command_decode_help[];
extern const char command_revoke_help[];
extern const char command_list_help[];

int command_code(const struct args *args);
int command_poster(const struct args *args);
int command_decode(const struct args *args);
int command_revoke(const struct args *args);
int command_list(const struct args *args);

/* Writes `mashang-qr: …` and returns the code. */
int command_failed(int exit_code, const struct err *err);

#endif
