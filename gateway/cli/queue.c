#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/queue_inside.h"

static const struct {
    const char *name;
    int (*run)(struct queue_cli *cli);
} actions[] = {{"stats", queue_cli_stats}, {"dead", queue_cli_dead}, {"show", queue_cli_show},
               {"kick", queue_cli_kick},   {"bury", queue_cli_bury}, {"audit", queue_cli_audit}};
enum { ACTIONS = sizeof actions / sizeof actions[0] };

bool queue_cli_done(struct queue_cli *cli, enum op_status status)
{
    loop_stop(cli->loop);
    if (status != OP_OK) {
        cli->code = cli_fail(CLI_FAILED, "redis: %s", op_status_name(status));
    }
    return status == OP_OK;
}

static void on_counts(void *arg, enum op_status status, const struct queue_counts *counts)
{
    struct queue_cli *cli = arg;
    if (!queue_cli_done(cli, status)) {
        return;
    }
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {{"accepted", counts->accepted},
                {"leads", counts->leads},
                {"promoted", counts->promoted},
                {"drills", counts->drills},
                {"made", counts->made},
                {"held", counts->held},
                {"ready", counts->ready},
                {"delayed", counts->delayed},
                {"sending", counts->sending},
                {"delivered", counts->delivered},
                {"buried", counts->buried},
                {"dropped", counts->dropped},
                {"oldest_ready_ms", counts->oldest_ready_ms},
                {"delivered_ago_ms", counts->delivered_ago_ms}};
    cli->answer = json_object();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_object_set_new(cli->answer, rows[i].name, json_integer(rows[i].value));
        if (!cli->args->json) {
            printf("%-16s %" PRId64 "\n", rows[i].name, rows[i].value);
        }
    }
}

int queue_cli_stats(struct queue_cli *cli)
{
    queue_counts(cli->store, cli->setup->buckets, cli->setup->bucket_count, on_counts, cli);
    loop_run(cli->loop);
    return cli->code;
}

static int act(int (*action)(struct queue_cli *cli), const struct args *args,
               const struct setup *setup)
{
    struct load_store opened;
    struct queue_cli cli = {.args = args, .setup = setup};
    if (!load_store(setup, &opened)) {
        return CLI_FAILED;
    }
    cli.loop = opened.loop;
    cli.store = opened.store;
    int code = action(&cli);
    if (args->json && cli.answer != NULL) {
        json_dumpf(cli.answer, stdout, JSON_COMPACT);
        fputc('\n', stdout);
    }
    json_decref(cli.answer);
    load_store_end(&opened);
    return code;
}

static int run(const struct args *args)
{
    const char *name = args->word_count > 0 ? args->words[0] : "(none)";
    for (size_t i = 0; i < ACTIONS; i++) {
        if (strcmp(name, actions[i].name) != 0) {
            continue;
        }
        struct setup *setup = load_setup(args);
        if (setup == NULL) {
            return CLI_CONFIG;
        }
        int code = act(actions[i].run, args, setup);
        setup_free(&setup);
        return code;
    }
    return cli_fail(CLI_USAGE, "queue: %s: unknown, allowed: stats, dead, show, kick, bury, audit",
                    name);
}

static const struct arg_spec specs[] = {
    {"--all", false}, {"--why", true}, {"--since", true}, {NULL, false}};

const struct command command_queue = {
    .name = "queue",
    .summary = "look at the events for the monitoring system, send refused ones again",
    .help =
        "  mashang queue stats -c FILE\n"
        "  mashang queue dead -c FILE                          what was refused, oldest first: "
        "EVENT … why\n"
        "  mashang queue show 412938471655 -c FILE             a report's events and their last "
        "attempts\n"
        "  mashang queue kick 412938471655-2 -c FILE           send this EVENT again now (first "
        "column of dead)\n"
        "  mashang queue kick --all --why 422 --since 2026-11-23T09:00:00+08:00 -c FILE\n"
        "  mashang queue bury 412938471655-2 --why 'entered by hand' -c FILE\n"
        "  mashang queue audit -c FILE                         recount; exit 1 when the law is "
        "broken\n"
        "\n"
        "made = held + ready + delayed + sending + delivered + buried + dropped; over first events "
        "= accepted.\n"
        "An event is {receipt}-{version}; a report's first one is its receipt. --why: what its "
        "last column contains,\n"
        "the answer's number or words; exit 1 when no refused event does. --json prints the same "
        "for programs.\n",
    .specs = specs,
    .run = run,
};
