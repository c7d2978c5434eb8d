#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "flow/retention.h"
#include "store/queue.h"

enum { SOON_DAYS = 30 };

struct area_count {
    char area[QUEUE_AREA_BYTES];
    int64_t decided, undecided;
};

struct purging {
    const struct args *args;
    struct loop *loop;
    bool dry;
    int code;
    struct area_count *areas;
    size_t area_count, area_room;
    json_t *soon; /* receipt, area, last_event, due */
    struct retention_result result;
};

static void count_area(struct purging *purging, const struct retention_row *row)
{
    size_t i = 0;
    while (i < purging->area_count && !str_is(row->area, purging->areas[i].area)) {
        i++;
    }
    if (i == purging->area_room) {
        purging->area_room = purging->area_room ? purging->area_room * 2 : 64;
        purging->areas = mem_resize(purging->areas, purging->area_room, sizeof purging->areas[0]);
    }
    if (i == purging->area_count) {
        purging->areas[purging->area_count++] = (struct area_count){0};
        snprintf(purging->areas[i].area, QUEUE_AREA_BYTES, "%.*s", STR_ARG(row->area));
    }
    purging->areas[i].decided += row->decided ? 1 : 0;
    purging->areas[i].undecided += row->decided ? 0 : 1;
}

static void on_row(void *arg, const struct retention_row *row)
{
    struct purging *purging = arg;
    char since[CLOCK_ISO_BYTES];
    char due[CLOCK_ISO_BYTES];
    if (row->fate == RETENTION_ROW_SOON) {
        clock_iso(row->since_ms, since);
        clock_iso(row->due_ms, due);
        json_t *one = json_pack("{s:s, s:s%, s:s, s:s}", "receipt", row->receipt, "area",
                                row->area.at, row->area.len, "last_event", since, "due", due);
        json_array_append_new(purging->soon, one);
    } else if (row->fate != RETENTION_ROW_LATER) {
        count_area(purging, row);
    }
}

static void on_done(void *arg, const struct retention_result *result)
{
    struct purging *purging = arg;
    purging->result = *result;
    loop_stop(purging->loop);
}

static int by_area(const void *a, const void *b)
{
    return strcmp(((const struct area_count *)a)->area, ((const struct area_count *)b)->area);
}

static const char *text_of(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static void print_text(const struct purging *purging)
{
    size_t i;
    const json_t *row;
    for (i = 0; i < purging->area_count; i++) {
        printf("%-20s decided %" PRId64 " undecided %" PRId64 "\n", purging->areas[i].area,
               purging->areas[i].decided, purging->areas[i].undecided);
    }
    json_array_foreach(purging->soon, i, row)
    {
        printf("%s %-20s last event %.10s, goes %.10s\n", text_of(row, "receipt"),
               text_of(row, "area"), text_of(row, "last_event"), text_of(row, "due"));
    }
    if (purging->dry) {
        printf("%" PRId64 " would go, %" PRId64 " undecided ones within %d days\n",
               purging->result.due, purging->result.soon, SOON_DAYS);
    } else {
        printf("%" PRId64 " gone\n", purging->result.gone);
    }
}

static void print_json(const struct purging *purging)
{
    json_t *areas = json_array();
    for (size_t i = 0; i < purging->area_count; i++) {
        const struct area_count *row = &purging->areas[i];
        json_array_append_new(areas, json_pack("{s:s, s:I, s:I}", "area", row->area, "decided",
                                               (json_int_t)row->decided, "undecided",
                                               (json_int_t)row->undecided));
    }
    json_auto_t *all = json_pack("{s:b, s:I, s:I, s:o}", "dry_run", (int)purging->dry, "purged",
                                 (json_int_t)purging->result.gone, "later",
                                 (json_int_t)purging->result.later, "areas", areas);
    if (purging->dry) {
        json_object_set_new(all, "due", json_integer((json_int_t)purging->result.due));
        json_object_set(all, "soon", purging->soon);
    }
    json_dumpf(all, stdout, JSON_COMPACT);
    fputc('\n', stdout);
}

static void print(struct purging *purging)
{
    if (purging->area_count > 0) {
        qsort(purging->areas, purging->area_count, sizeof purging->areas[0], by_area);
    }
    if (purging->args->json) {
        print_json(purging);
    } else {
        print_text(purging);
    }
    if (purging->result.later > 0) {
        purging->code = cli_fail(CLI_FAILED,
                                 "%" PRId64 " are just being sent: run it again in a minute",
                                 purging->result.later);
    }
    if (purging->result.status != OP_OK) {
        purging->code = cli_fail(CLI_FAILED, "redis: %s", op_status_name(purging->result.status));
    }
}

/* One that its household wants deleted. */
static void print_asked(struct purging *purging, const char *receipt)
{
    const struct retention_result *result = &purging->result;
    if (result->status != OP_OK) {
        purging->code = cli_fail(CLI_FAILED, "redis: %s", op_status_name(result->status));
    } else if (result->open > 0) {
        purging->code = cli_fail(CLI_FAILED,
                                 "%s is not decided: let the household withdraw it first", receipt);
    } else if (result->later > 0) {
        purging->code = cli_fail(CLI_FAILED,
                                 "%s: the monitoring system has not taken all of it yet, see "
                                 "`mashang queue show %s`; run this again afterwards",
                                 receipt, receipt);
    } else if (result->gone + result->due == 0) {
        purging->code = cli_fail(CLI_FAILED, "%s: no such report, or deleted already", receipt);
    } else if (purging->args->json) {
        print_json(purging);
    } else {
        printf("%s %s\n", receipt, purging->dry ? "would go" : "gone");
    }
}

static int purge(const struct args *args, const struct setup *setup, const char *receipt)
{
    struct load_store opened;
    if (!load_store(setup, &opened)) {
        return CLI_FAILED;
    }
    struct purging purging = {.args = args,
                              .loop = opened.loop,
                              .dry = args_get(args, "--dry-run") != NULL,
                              .soon = json_array()};
    const struct retention_request request = {
        .dry = purging.dry,
        .soon_days = SOON_DAYS,
        .receipt = receipt,
        .row = on_row,
        .done = on_done,
        .arg = &purging,
    };
    retention_run(setup, opened.store, &request);
    loop_run(opened.loop);
    if (receipt != NULL) {
        print_asked(&purging, receipt);
    } else {
        print(&purging);
    }
    json_decref(purging.soon);
    free(purging.areas);
    load_store_end(&opened);
    return purging.code;
}

static int run(const struct args *args)
{
    if (args->word_count > 0) {
        return cli_fail(CLI_USAGE, "purge: %s: no word is expected", args->words[0]);
    }
    const char *typed = args_get(args, "--receipt");
    char receipt[RECEIPT_BYTES];
    if (typed != NULL && !receipt_parse(str_of(typed), receipt)) {
        return cli_fail(CLI_USAGE, "purge: --receipt %s: not a receipt number", typed);
    }
    struct setup *setup = load_setup(args);
    if (setup == NULL) {
        return CLI_CONFIG;
    }
    int code = purge(args, setup, typed ? receipt : NULL);
    setup_free(&setup);
    return code;
}

static const struct arg_spec specs[] = {{"--dry-run", false}, {"--receipt", true}, {NULL, false}};

const struct command command_purge = {
    .name = "purge",
    .summary = "delete what is personal of reports that were kept long enough",
    .help = "  mashang purge --dry-run -c FILE      what would go, and which undecided ones within "
            "30 days\n"
            "  mashang purge -c FILE                now, instead of within the hour\n"
            "  mashang purge --receipt N -c FILE    this one, because its household asks for it\n"
            "\n"
            "The gateway does it by itself once an hour: [retention] decided_days after the "
            "decision, undecided_days\n"
            "after the last event. Place, dates, ending, audit chain and statistics stay; answers, "
            "names, numbers and all\n"
            "by which a person could be found go, and cannot be brought back. Backups keep their "
            "own copies.\n"
            "\n"
            "--receipt does not wait for those days: the report must be decided or withdrawn, and "
            "the monitoring system\n"
            "must have taken all that was to be told of it. What that system keeps is deleted "
            "there.\n",
    .specs = specs,
    .run = run,
};
