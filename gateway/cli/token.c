#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "store/tokens.h"

enum { DAYS_MAX = 3660 };
static const int64_t day_ms = INT64_C(86400000);

struct token_cli {
    const struct args *args;
    const struct setup *setup;
    struct loop *loop;
    const char *action;
    const char *id; /* disable, rotate: what was typed */
    int code;
    json_t *rows; /* list */
    size_t count; /* list: of the last page */
};

static int wrong(const char *flag, const char *what)
{
    return cli_fail(CLI_USAGE, "token add: %s: %s", flag, what);
}

/* The callbacks' end: the store did not answer → says so. */
static bool answered(struct token_cli *cli, enum op_status status)
{
    loop_stop(cli->loop);
    if (status != OP_OK) {
        cli->code = cli_fail(CLI_FAILED, "redis: %s", op_status_name(status));
    }
    return status == OP_OK;
}

static void print_secret(const struct token_cli *cli, const char *id, const char *secret)
{
    if (cli->args->json) {
        printf("{\"token\":\"%s\",\"id\":\"%s\"}\n", secret, id); /* neither holds a quote */
    } else {
        printf("token  %s\nid     %s\n", secret, id);
        fputs("Keep it now: it is not shown again.\n", stderr);
    }
}

/* What goes into a row of a list, and into nobody's terminal as a command. */
static bool name_fits(struct str name)
{
    struct str rest = name;
    uint32_t code;
    bool fine = utf8_valid(name) && str_trim(name).len > 0 &&
                utf8_length(name) <= TOKENS_NAME_CODES;
    while (fine && utf8_next(&rest, &code)) {
        fine = code >= 0x20 && (code < 0x7F || code > 0x9F) && (code < 0x2028 || code > 0x202E) &&
               (code < 0x2066 || code > 0x2069);
    }
    return fine;
}

static bool org_fits(struct str org)
{
    bool fine = org.len > 0 && org.len < TOKENS_ORG_BYTES && org.at[0] != '-';
    for (size_t i = 0; fine && i < org.len; i++) {
        fine = strchr("0123456789abcdefghijklmnopqrstuvwxyz-", org.at[i]) != NULL;
    }
    return fine;
}

/* An organisation's own reports may lie anywhere; whoever sees others' must be told where. */
static int read_areas(const struct token_cli *cli, struct tokens_row *row)
{
    struct err err;
    struct scope scope;
    const unsigned anywhere = RIGHT_OWN | RIGHT_INTAKE | RIGHT_PII;
    const struct areas *areas = cli->setup->areas;
    const char *text = args_get(cli->args, "--area");
    area_index root = areas_root(areas) == AREA_NONE ? 0 : areas_root(areas);
    bool own = (row->rights & RIGHT_OWN) && !(row->rights & ~anywhere);
    if (text == NULL && !own) {
        return wrong("--area", "is needed, except with own, intake and pii; --help shows how");
    }
    if (text == NULL && !scope_all(areas, &scope)) {
        return wrong("--area", "is needed: the tree has more tops than a token can hold");
    }
    if (text != NULL && !scope_parse(areas, str_of(text), &scope, &err)) {
        return cli_fail(CLI_USAGE, "token add: --area: %s (%s), as %.*s %.*s", err.text,
                        cli->setup->options.areas.file, STR_ARG(area_id(areas, root)),
                        STR_ARG(area_shown(areas, root)));
    }
    scope_print(areas, &scope, row->areas);
    return CLI_DONE;
}

/* Where the county lists its organisations, a slip of the pen would be one whose findings pay no push. */
static bool org_is_known(const struct intake_rules *rules, const char *org)
{
    const char *slug = intake_org(rules, str_of(org));
    return rules->orgs == NULL || (slug != NULL && strcmp(slug, org) == 0);
}

static int read_rights(const struct token_cli *cli, struct tokens_row *row)
{
    struct err err;
    const char *text = args_get(cli->args, "--rights");
    const char *org = args_get(cli->args, "--org");
    if (!rights_parse(str_of(text), &row->rights, &err)) {
        return wrong("--rights", err.text);
    }
    if (org != NULL && !org_fits(str_of(org))) {
        return wrong("--org", "allowed: up to 32 of a-z, 0-9 and -");
    }
    if (org != NULL && !org_is_known(cli->setup->intake, org)) {
        return wrong("--org", "no id of an organisation in templates/intake.json");
    }
    if ((row->rights & RIGHT_OWN) && org == NULL) {
        return wrong("--rights own", "--org is needed: whose reports it sees");
    }
    snprintf(row->org, sizeof row->org, "%s", org != NULL ? org : "");
    return CLI_DONE;
}

static int read_days(const struct token_cli *cli, struct tokens_row *row)
{
    uint64_t days = 0;
    const char *text = args_get(cli->args, "--days");
    if (text != NULL && (!str_to_u64(str_of(text), DAYS_MAX, &days) || days == 0)) {
        return wrong("--days", "allowed: 1 to 3660; without it the token holds until disabled");
    }
    row->until_ms = days > 0 ? clock_wall_ms() + (int64_t)days * day_ms : 0;
    return CLI_DONE;
}

static int read_row(const struct token_cli *cli, struct tokens_row *row)
{
    static const char *const needed[] = {"--rights", "--name"};
    const char *name = args_get(cli->args, "--name");
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (args_get(cli->args, needed[i]) == NULL) {
            return wrong(needed[i], "is needed; --help shows how");
        }
    }
    if (!name_fits(str_of(name))) {
        return wrong("--name", "allowed: 1 to 60 characters, no control characters");
    }
    snprintf(row->name, sizeof row->name, "%s", name);
    int code = read_rights(cli, row);
    code = code == CLI_DONE ? read_areas(cli, row) : code;
    return code == CLI_DONE ? read_days(cli, row) : code;
}

static void on_added(void *arg, enum op_status status, const char *id, const char *secret)
{
    struct token_cli *cli = arg;
    if (answered(cli, status)) {
        print_secret(cli, id, secret);
    }
}

static int add(struct token_cli *cli)
{
    struct tokens_row row = {0};
    int code = read_row(cli, &row);
    if (code != CLI_DONE) {
        return code;
    }
    struct load_store opened;
    if (!load_store_ready(cli->setup, &opened)) {
        return CLI_FAILED;
    }
    cli->loop = opened.loop;
    tokens_add(opened.store, &row, on_added, cli);
    loop_run(cli->loop);
    load_store_end(&opened);
    return cli->code;
}

static const char *state_of(const struct tokens_row *row)
{
    if (row->disabled) {
        return "disabled";
    }
    return row->until_ms != 0 && row->until_ms <= clock_wall_ms() ? "over" : "valid";
}

static json_t *time_json(int64_t wall_ms)
{
    char text[CLOCK_ISO_BYTES];
    clock_iso(wall_ms, text);
    return wall_ms == 0 ? json_null() : json_string(text);
}

static json_t *list_json(const char *text)
{
    json_t *list = json_array();
    struct str rest = str_of(text);
    struct str part;
    while (text[0] != '\0' && str_next(&rest, ',', &part)) {
        json_array_append_new(list, json_stringn(part.at, part.len));
    }
    return list;
}

static json_t *row_json(const struct tokens_row *row)
{
    char rights[RIGHTS_TEXT_BYTES];
    rights_print(row->rights, rights);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id", row->id, "name", row->name,
                     "state", state_of(row), "areas", list_json(row->areas), "rights",
                     list_json(rights), "org",
                     row->org[0] != '\0' ? json_string(row->org) : json_null(), "made",
                     time_json(row->made_ms), "until", time_json(row->until_ms));
}

/* 2026-11-23, or as many blanks' worth of a dash. */
static void print_day(int64_t wall_ms)
{
    char text[CLOCK_ISO_BYTES];
    clock_iso(wall_ms, text);
    printf("  %-10.10s", wall_ms == 0 ? "-" : text);
}

static void print_row(const struct tokens_row *row)
{
    char rights[RIGHTS_TEXT_BYTES];
    rights_print(row->rights, rights);
    printf("%-8s  %-8s", row->id, state_of(row));
    print_day(row->made_ms);
    print_day(row->until_ms);
    printf("  %s  %s  %s  %s\n", row->areas, rights, row->org[0] != '\0' ? row->org : "-",
           row->name);
}

static void on_page(void *arg, enum op_status status, const struct tokens_row *rows, size_t count)
{
    struct token_cli *cli = arg;
    cli->count = count;
    if (!answered(cli, status)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (cli->args->json) {
            json_array_append_new(cli->rows, row_json(&rows[i]));
        } else {
            print_row(&rows[i]);
        }
    }
}

static int list(struct token_cli *cli)
{
    struct load_store opened;
    if (!load_store(cli->setup, &opened)) {
        return CLI_FAILED;
    }
    cli->loop = opened.loop;
    cli->rows = json_array();
    cli->count = TOKENS_PAGE_MAX;
    if (!cli->args->json) {
        puts("id        state     made        until       areas  rights  org  name");
    }
    for (size_t at = 0; cli->code == CLI_DONE && cli->count == TOKENS_PAGE_MAX; at += cli->count) {
        tokens_list(opened.store, at, TOKENS_PAGE_MAX, on_page, cli);
        loop_run(cli->loop);
    }
    if (cli->args->json && cli->code == CLI_DONE) {
        json_dumpf(cli->rows, stdout, JSON_COMPACT);
        fputc('\n', stdout);
    }
    json_decref(cli->rows);
    load_store_end(&opened);
    return cli->code;
}

static void on_acted(void *arg, enum op_status status, enum tokens_answer answer,
                     const char *secret)
{
    static const char *const why[] = {[TOKENS_GONE] = "no such token; `mashang token list`",
                                      [TOKENS_DISABLED] = "is disabled, nothing was done",
                                      [TOKENS_OVER] = "its days are over; add a new one"};
    struct token_cli *cli = arg;
    if (!answered(cli, status)) {
        return;
    }
    if (answer != TOKENS_DONE) {
        cli->code = cli_fail(CLI_FAILED, "token %s: %s: %s", cli->action, cli->id, why[answer]);
    } else if (secret[0] != '\0') {
        print_secret(cli, cli->id, secret);
    } else if (cli->args->json) {
        printf("{\"id\":\"%s\",\"state\":\"disabled\"}\n",
               cli->id); /* it was found: letters and digits */
    } else {
        printf("disabled  %s\n", cli->id);
    }
}

static int act(struct token_cli *cli)
{
    struct load_store opened;
    if (!load_store(cli->setup, &opened)) {
        return CLI_FAILED;
    }
    cli->loop = opened.loop;
    cli->id = cli->args->words[1];
    if (strcmp(cli->action, "rotate") == 0) {
        tokens_rotate(opened.store, cli->id, on_acted, cli);
    } else {
        tokens_disable(opened.store, cli->id, on_acted, cli);
    }
    loop_run(cli->loop);
    load_store_end(&opened);
    return cli->code;
}

static const struct {
    const char *name;
    const char *takes;
    size_t words;
    int (*run)(struct token_cli *cli);
} actions[] = {{"add", "flags only", 1, add},
               {"list", "nothing more", 1, list},
               {"disable", "one ID", 2, act},
               {"rotate", "one ID", 2, act}};

static int run(const struct args *args)
{
    struct token_cli cli = {.args = args,
                            .action = args->word_count > 0 ? args->words[0] : "(none)"};
    size_t i = 0;
    while (i < sizeof actions / sizeof actions[0] && strcmp(cli.action, actions[i].name) != 0) {
        i++;
    }
    if (i == sizeof actions / sizeof actions[0]) {
        return cli_fail(CLI_USAGE, "token: %s: unknown, allowed: add, list, disable, rotate",
                        cli.action);
    }
    if (args->word_count != actions[i].words) {
        return cli_fail(CLI_USAGE, "token %s: %s is expected", cli.action, actions[i].takes);
    }
    struct setup *setup = load_setup(args);
    if (setup == NULL) {
        return CLI_CONFIG;
    }
    cli.setup = setup;
    int code = actions[i].run(&cli);
    setup_free(&setup);
    return code;
}

static const struct arg_spec specs[] = {{"--area", true}, {"--rights", true}, {"--name", true},
                                        {"--org", true},  {"--days", true},   {NULL, false}};

const struct command command_token = {
    .name = "token",
    .summary = "tokens for the API: who may do what, in which areas",
    .help =
        "  mashang token add --area 370115008 --rights read,claim,step --name 曲堤街道 -c FILE\n"
        "  mashang token add --area 370115 --rights intake,own --org civil --name 民政局 --days "
        "365 "
        "-c FILE\n"
        "  mashang token list -c FILE\n"
        "  mashang token rotate k3x9w2ab -c FILE     a new token of the same id; the old one ends "
        "at "
        "once\n"
        "  mashang token disable k3x9w2ab -c FILE    from the next request on, for ever\n"
        "\n"
        "A token is shown once; only its hash is kept. --area takes up to 64 ids of the areas "
        "file, all "
        "that lies below\n"
        "them is in. --rights takes some of\n"
        "  read    reports without personal data\n"
        "  pii     their personal data; each look is on record\n"
        "  lookup  search by number, ID, phone or name; each search is on record\n"
        "  claim   claim and release\n"
        "  step    steps, decisions and the other moves\n"
        "  intake  put reports and leads in\n"
        "  own     only what --org put in, and the outcome\n"
        "  stats   statistics\n"
        "  admin   what concerns the place as a whole\n",
    .specs = specs,
    .run = run,
};
