#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "cli/commands.h"
#include "cli/load.h"
#include "store/stats.h"

/* `mashang stats rebuild` and `audit`: the sums of statistics against the audit chains. */
struct stats_cli {
    const struct args *args;
    struct load_store opened;
    json_t *differences;
    int64_t differ;
    bool take;
    int code;
};

static void on_difference(void *arg, unsigned bucket, const struct stats_difference *difference)
{
    struct stats_cli *cli = arg;
    if (!cli->args->json) {
        printf("%02u %.*s %.*s %.*s: is %" PRId64 ", the chains say %" PRId64 "\n", bucket,
               STR_ARG(difference->area), STR_ARG(difference->period), STR_ARG(difference->field),
               difference->is, difference->should);
        return;
    }
    json_array_append_new(
        cli->differences,
        json_pack("{s:i, s:s%, s:s%, s:s%, s:I, s:I}", "bucket", (int)bucket, "area",
                  difference->area.at, difference->area.len, "period", difference->period.at,
                  difference->period.len, "field", difference->field.at, difference->field.len,
                  "is", (json_int_t)difference->is, "should", (json_int_t)difference->should));
}

static void on_recounted(void *arg, enum op_status status, const struct stats_recounted *recounted)
{
    struct stats_cli *cli = arg;
    loop_stop(cli->opened.loop);
    cli->differ = recounted->differ;
    if (status != OP_OK) {
        cli->code = cli_fail(CLI_FAILED, "redis: %s", op_status_name(status));
    } else if (recounted->busy) {
        cli->code = cli_fail(CLI_FAILED, "another recount is under way, or died less than a minute "
                                         "ago");
    } else if (recounted->differ > 0 && !cli->take) {
        cli->code = cli_fail(CLI_FAILED, "the statistics are not what the audit chains say: "
                                         "mashang stats rebuild");
    }
}

static int recount(const struct args *args, const struct setup *setup, bool take)
{
    struct stats_cli cli = {.args = args, .take = take};
    if (!load_store(setup, &cli.opened)) {
        return CLI_FAILED;
    }
    cli.differences = json_array();
    stats_recount(cli.opened.store, setup->buckets, setup->bucket_count, take, on_difference,
                  on_recounted, &cli);
    loop_run(cli.opened.loop);
    load_store_end(&cli.opened);
    if (args->json) {
        json_t *answer = json_pack("{s:I, s:b, s:O}", "differ", (json_int_t)cli.differ, "rebuilt",
                                   (int)(take && cli.code == CLI_DONE), "differences",
                                   cli.differences);
        json_dumpf(answer, stdout, JSON_COMPACT);
        fputc('\n', stdout);
        json_decref(answer);
    } else if (cli.code == CLI_DONE) {
        printf("%s: %" PRId64 " sums differed\n", take ? "rebuilt" : "recounted", cli.differ);
    }
    json_decref(cli.differences);
    return cli.code;
}

static int run(const struct args *args)
{
    const char *action = args->word_count == 1 ? args->words[0] : "(none)";
    bool rebuild = str_is(str_of(action), "rebuild");
    if (!rebuild && !str_is(str_of(action), "audit")) {
        return cli_fail(CLI_USAGE, "stats: %s: unknown, allowed: audit, rebuild", action);
    }
    struct setup *setup = load_setup(args);
    if (setup == NULL) {
        return CLI_CONFIG;
    }
    int code = recount(args, setup, rebuild);
    setup_free(&setup);
    return code;
}

const struct command command_stats = {
    .name = "stats",
    .summary = "recount the statistics from the audit chains",
    .help = "  mashang stats audit -c FILE      compare; exit 1 when a figure is not what the "
            "chains say\n"
            "  mashang stats rebuild -c FILE    put what the chains say in its place\n"
            "\n"
            "Reports may be filed and worked meanwhile; the figures stand still until it is over. "
            "Page opens and\n"
            "forms stand in no chain: they are kept as they are.\n",
    .specs = NULL,
    .run = run,
};
