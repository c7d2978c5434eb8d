#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/queue_inside.h"

struct act {
    struct queue_cli *cli;
    const char *id;
    const char *wanted; /* the answer that means done */
    int64_t kicked;
};

static void on_word(void *arg, enum op_status status, const char *answer)
{
    struct act *act = arg;
    if (!queue_cli_done(act->cli, status)) {
        return;
    }
    json_array_append_new(act->cli->answer,
                          json_pack("{s:s, s:s}", "id", act->id, "answer", answer));
    if (strcmp(answer, act->wanted) == 0) {
        if (!act->cli->args->json) {
            printf("%s %s\n", act->wanted, act->id);
        }
    } else if (strcmp(answer, "gone") == 0) {
        act->cli->code = cli_fail(CLI_FAILED, "%s: no such event", act->id);
    } else {
        act->cli->code = cli_fail(CLI_FAILED, "%s: is %s, nothing was done", act->id, answer);
    }
}

static void on_number(void *arg, enum op_status status, int64_t number)
{
    struct act *act = arg;
    if (queue_cli_done(act->cli, status)) {
        act->kicked += number;
    }
}

static int kick_all(struct queue_cli *cli)
{
    struct act act = {.cli = cli};
    int64_t since_ms = 0;
    const char *why = args_get(cli->args, "--why");
    const char *since = args_get(cli->args, "--since");
    if (since != NULL && !clock_parse_iso(str_of(since), &since_ms)) {
        return cli_fail(CLI_USAGE,
                        "queue kick: --since %s: is no time, allowed: 2026-11-23T09:00:00+08:00",
                        since);
    }
    for (size_t i = 0; i < cli->setup->bucket_count && cli->code == CLI_DONE; i++) {
        queue_kick_all(cli->store, cli->setup->buckets[i], why ? why : "", since_ms, on_number,
                       &act);
        loop_run(cli->loop);
    }
    cli->answer = json_pack("{s:I}", "kicked", (json_int_t)act.kicked);
    if (!cli->args->json) {
        printf("kicked %" PRId64 "\n", act.kicked);
    }
    if (cli->code == CLI_DONE && why != NULL && act.kicked == 0) {
        return cli_fail(CLI_FAILED,
                        "queue kick: --why %s: no refused event says so, nothing was done; "
                        "`queue dead` shows what they say in its last column",
                        why);
    }
    return cli->code;
}

int queue_cli_kick(struct queue_cli *cli)
{
    if (args_get(cli->args, "--all") != NULL) {
        return cli->args->word_count == 1
                   ? kick_all(cli)
                   : cli_fail(CLI_USAGE, "queue kick: EVENT or --all, not both");
    }
    if (cli->args->word_count < 2) {
        return cli_fail(CLI_USAGE, "queue kick: EVENT… or --all is expected");
    }
    cli->answer = json_array();
    for (size_t i = 1; i < cli->args->word_count; i++) {
        struct act act = {.cli = cli, .id = cli->args->words[i], .wanted = "kicked"};
        queue_kick(cli->store, act.id, on_word, &act);
        loop_run(cli->loop);
    }
    return cli->code;
}

int queue_cli_bury(struct queue_cli *cli)
{
    const char *why = args_get(cli->args, "--why");
    if (cli->args->word_count != 2) {
        return cli_fail(CLI_USAGE, "queue bury: one EVENT is expected");
    }
    struct act act = {.cli = cli, .id = cli->args->words[1], .wanted = "buried"};
    cli->answer = json_array();
    queue_bury(cli->store, act.id, why ? why : "buried by hand", on_word, &act);
    loop_run(cli->loop);
    return cli->code;
}
