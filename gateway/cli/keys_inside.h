/*
 * keys_inside.h - the actions of `mashang keys` that look into the store, for keys*.c only. Each returns an exit code.
 */
#ifndef CLI_KEYS_INSIDE_H
#define CLI_KEYS_INSIDE_H

#include "cli/commands.h"
#include "crypto/keyring.h"

/* How many reports and events are under which key. */
int keys_status(const struct args *args);
/* Brings them all under the current ones. */
int keys_rewrap(const struct args *args);
/* CLI_DONE when nothing needs this key of the purpose seal or lookup any more; else says what does. */
int keys_unused(const struct args *args, enum key_purpose purpose, unsigned id);

#endif
