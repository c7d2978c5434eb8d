/*
 * queue_inside.h - the actions of `mashang queue`, for queue*.c only. Each returns an exit code.
 */
#ifndef CLI_QUEUE_INSIDE_H
#define CLI_QUEUE_INSIDE_H

#include <jansson.h>

#include "cli/commands.h"
#include "cli/load.h"
#include "store/queue.h"

struct queue_cli {
    const struct args *args;
    const struct setup *setup;
    struct loop *loop;
    struct store *store;
    int code;       /* CLI_FAILED as soon as something could not be done */
    json_t *answer; /* with --json: printed at the end; an array or an object */
};

/* The callbacks' end: the store did not answer → says so. True when status is OP_OK. Stops the loop in any case. */
bool queue_cli_done(struct queue_cli *cli, enum op_status status);

int queue_cli_stats(struct queue_cli *cli);
int queue_cli_dead(struct queue_cli *cli);
int queue_cli_show(struct queue_cli *cli);
int queue_cli_kick(struct queue_cli *cli);
int queue_cli_bury(struct queue_cli *cli);
int queue_cli_audit(struct queue_cli *cli);

#endif
