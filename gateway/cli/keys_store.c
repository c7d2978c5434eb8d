#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/keys_inside.h"
#include "cli/load.h"
#include "flow/rewrap.h"
#include "store/rewrap.h"

enum {
    GATEWAY_STALE_MS = 90000, /* it says so every half minute: it is not there any more */
    RELOAD_WAIT_MS = 10000,   /* a reload is heard of a second later */
    LOOK_MS = 500,
    TOKEN_DAYS = 31,
    BAR_CHARS = 30
};

struct store_cli {
    const struct args *args;
    struct setup *setup;
    struct load_store opened;
    struct rewrap_result result;
    bool bar, barred;
    struct timer *look;
    int64_t until_ms;
    char behind[REWRAP_GATEWAY_BYTES]; /* a gateway that does not use the keys of our file, or "" */
    int64_t behind_seal, behind_lookup;
    bool failed;
};

static rewrap_gateways_done_fn on_gateways;
static loop_fn on_look;

static bool open_cli(const struct args *args, struct store_cli *ret, int *ret_code)
{
    *ret = (struct store_cli){.args = args, .bar = isatty(STDERR_FILENO) == 1};
    ret->setup = load_setup(args);
    *ret_code = CLI_CONFIG;
    if (ret->setup == NULL) {
        return false;
    }
    *ret_code = CLI_FAILED;
    if (!load_store(ret->setup, &ret->opened)) {
        setup_free(&ret->setup);
        return false;
    }
    return true;
}

static void close_cli(struct store_cli *cli)
{
    load_store_end(&cli->opened);
    setup_free(&cli->setup);
}

/* Gateways ------------------------------------------------------------------------------------------------------------- */

static void on_look(void *arg)
{
    struct store_cli *cli = arg;
    rewrap_gateways(cli->opened.store, on_gateways, cli);
}

static void on_gateways(void *arg, enum op_status status, const struct rewrap_gateway *gateways,
                        size_t count)
{
    struct store_cli *cli = arg;
    const struct keyring *keyring = &cli->setup->keyring;
    int64_t now_ms = clock_wall_ms();
    cli->failed = status != OP_OK;
    cli->behind[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct rewrap_gateway *one = &gateways[i];
        if (now_ms - one->at_ms < GATEWAY_STALE_MS &&
            (one->seal != keyring_current(keyring, KEY_SEAL)->id ||
             one->lookup != keyring_current(keyring, KEY_LOOKUP)->id)) {
            snprintf(cli->behind, sizeof cli->behind, "%s", one->name);
            cli->behind_seal = one->seal;
            cli->behind_lookup = one->lookup;
        }
    }
    if (cli->failed || cli->behind[0] == '\0' || clock_mono_ms() >= cli->until_ms) {
        loop_stop(cli->opened.loop);
    } else {
        timer_set(cli->look, LOOK_MS);
    }
}

/* What they cannot open would be lost to them until they read the keyring again. */
static bool gateways_know(struct store_cli *cli)
{
    cli->until_ms = clock_mono_ms() + RELOAD_WAIT_MS;
    cli->look = timer_new(cli->opened.loop, on_look, cli);
    timer_set(cli->look, 0);
    loop_run(cli->opened.loop);
    timer_free(&cli->look);
    if (cli->failed) {
        cli_fail(CLI_FAILED, "redis: the gateways' keys cannot be read");
    } else if (cli->behind[0] != '\0') {
        cli_fail(CLI_FAILED,
                 "the gateway %s still writes with seal key %" PRId64 " and lookup key %" PRId64
                 ": tell it of the new keys first (systemctl reload mashang)",
                 cli->behind, cli->behind_seal, cli->behind_lookup);
    }
    return !cli->failed && cli->behind[0] == '\0';
}

/* Walking -------------------------------------------------------------------------------------------------------------- */

static void on_progress(void *arg, int64_t looked_at, int64_t total)
{
    struct store_cli *cli = arg;
    if (cli->bar && total > 0) {
        int done = (int)(looked_at * BAR_CHARS / total);
        fprintf(stderr, "\r[%-*.*s] %" PRId64 "/%" PRId64 " ", BAR_CHARS, done,
                "##############################", looked_at, total);
        cli->barred = true;
    }
}

static void on_result(void *arg, const struct rewrap_result *result)
{
    struct store_cli *cli = arg;
    cli->result = *result;
    loop_stop(cli->opened.loop);
}

static bool walk(struct store_cli *cli, bool dry)
{
    const struct rewrap_request request = {
        .dry = dry, .progress = on_progress, .done = on_result, .arg = cli};
    rewrap_run(cli->setup, cli->opened.store, &request);
    loop_run(cli->opened.loop);
    if (cli->barred) {
        fputc('\n', stderr);
    }
    if (cli->result.status != OP_OK) {
        cli_fail(CLI_FAILED, "redis: %s; what was done stays, run it again",
                 op_status_name(cli->result.status));
    }
    return cli->result.status == OP_OK;
}

/* Status --------------------------------------------------------------------------------------------------------------- */

static void add_row(const struct store_cli *cli, json_t *rows, const char *purpose, unsigned id,
                    const char *state, int64_t reports, int64_t events)
{
    json_array_append_new(rows, json_pack("{s:s, s:i, s:s, s:I, s:I}", "purpose", purpose, "id",
                                          (int)id, "state", state, "reports", (json_int_t)reports,
                                          "events", (json_int_t)events));
    if (!cli->args->json) {
        printf("%-8s %3u  %-8s reports %" PRId64 " events %" PRId64 "\n", purpose, id, state,
               reports, events);
    }
}

/* Keys of the file, and those that something is under although the file has them no more. */
static void add_rows(const struct store_cli *cli, json_t *rows, enum key_purpose purpose)
{
    const struct rewrap_counts *counts = &cli->result.counts;
    bool seal = purpose == KEY_SEAL;
    for (unsigned id = 0; id <= KEY_ID_MAX; id++) {
        const struct key *key = keyring_find(&cli->setup->keyring, purpose, id);
        int64_t reports = seal ? counts->seal_reports[id] : counts->lookup_reports[id];
        int64_t events = seal ? counts->seal_events[id] : 0;
        if (key != NULL || reports > 0 || events > 0) {
            add_row(cli, rows, key_purpose_name(purpose), id,
                    key == NULL    ? "unknown"
                    : key->current ? "current"
                                   : "old",
                    reports, events);
        }
    }
}

static void print_counts(const struct store_cli *cli)
{
    json_t *rows = json_array();
    add_rows(cli, rows, KEY_SEAL);
    add_rows(cli, rows, KEY_LOOKUP);
    json_auto_t *all = json_pack("{s:o, s:I, s:I}", "keys", rows, "unreadable",
                                 (json_int_t)cli->result.counts.unreadable, "written",
                                 (json_int_t)cli->result.counts.written);
    if (cli->args->json) {
        json_dumpf(all, stdout, JSON_COMPACT);
        fputc('\n', stdout);
    } else if (cli->result.counts.unreadable > 0) {
        printf("%" PRId64 " cannot be opened: their key is not in the keyring\n",
               cli->result.counts.unreadable);
    }
}

int keys_status(const struct args *args)
{
    struct store_cli cli;
    int code;
    if (!open_cli(args, &cli, &code)) {
        return code;
    }
    code = walk(&cli, true) ? CLI_DONE : CLI_FAILED;
    if (code == CLI_DONE) {
        print_counts(&cli);
    }
    close_cli(&cli);
    return code;
}

int keys_rewrap(const struct args *args)
{
    struct store_cli cli;
    int code;
    if (!open_cli(args, &cli, &code)) {
        return code;
    }
    code = gateways_know(&cli) && walk(&cli, false) ? CLI_DONE : CLI_FAILED;
    if (code == CLI_DONE && args->json) {
        print_counts(&cli);
    } else if (code == CLI_DONE) {
        printf("%" PRId64 " re-wrapped\n", cli.result.counts.written);
    }
    if (code == CLI_DONE && cli.result.counts.unreadable > 0) {
        code = cli_fail(CLI_FAILED, "%" PRId64 " cannot be opened: their key is not in the keyring",
                        cli.result.counts.unreadable);
    }
    close_cli(&cli);
    return code;
}

/* Retiring ------------------------------------------------------------------------------------------------------------- */

/* The key that took over from this one: rotation appends. */
static const struct key *successor(const struct keyring *keyring, unsigned id)
{
    const struct key *at = keyring_find(keyring, KEY_LOOKUP, id);
    const struct key *end = keyring->keys + keyring->count;
    while (at != NULL && ++at < end) {
        if (at->purpose == KEY_LOOKUP) {
            return at;
        }
    }
    return keyring_current(keyring, KEY_LOOKUP);
}

/* A form's token is known for 31 days by hashes of the household, and nobody can make those anew. */
static bool tokens_are_over(const struct keyring *keyring, unsigned id)
{
    struct date made = {0};
    struct date over;
    bool parsed = date_parse(str_of(successor(keyring, id)->made), &made);
    CHECK(parsed); /* the keyring was checked when it was read */
    over = date_from_days(date_to_days(made) + TOKEN_DAYS + 1);
    if (date_to_days(date_of_ms(clock_wall_ms())) >= date_to_days(over)) {
        return true;
    }
    cli_fail(CLI_FAILED,
             "lookup: two keys are searched, and what tokens of forms were used for is under key "
             "%u until they end, on %04d-%02d-%02d: wait until then",
             id, over.year, over.month, over.day);
    return false;
}

static bool nothing_left(const struct store_cli *cli, enum key_purpose purpose, unsigned id)
{
    const struct rewrap_counts *counts = &cli->result.counts;
    int64_t reports = purpose == KEY_SEAL ? counts->seal_reports[id] : counts->lookup_reports[id];
    int64_t events = purpose == KEY_SEAL ? counts->seal_events[id] : 0;
    if (reports == 0 && events == 0) {
        return true;
    }
    cli_fail(CLI_FAILED,
             "%s: %s%" PRId64 " reports and %" PRId64
             " events are under key %u: run mashang keys rewrap first",
             key_purpose_name(purpose), purpose == KEY_LOOKUP ? "two keys are searched, and " : "",
             reports, events, id);
    return false;
}

int keys_unused(const struct args *args, enum key_purpose purpose, unsigned id)
{
    struct store_cli cli;
    int code;
    if (!open_cli(args, &cli, &code)) {
        return code;
    }
    bool unused = gateways_know(&cli) && walk(&cli, true) && nothing_left(&cli, purpose, id) &&
                  (purpose != KEY_LOOKUP || tokens_are_over(&cli.setup->keyring, id));
    close_cli(&cli);
    return unused ? CLI_DONE : CLI_FAILED;
}
