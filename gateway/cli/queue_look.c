#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/queue_inside.h"
#include "store/reports.h"

struct dead {
    struct queue_cli *cli;
    size_t count; /* rows in the last answer */
};

struct show {
    struct queue_cli *cli;
    int64_t version; /* of the report; 0 unknown */
    size_t found;
};

static json_t *text(struct str value)
{
    return json_stringn(value.at ? value.at : "", value.len);
}

static json_t *when(int64_t wall_ms)
{
    char iso[CLOCK_ISO_BYTES];
    clock_iso(wall_ms, iso);
    return json_string(iso);
}

static json_t *row_json(const struct queue_row *row)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", text(row->id));
    json_object_set_new(object, "receipt", text(row->receipt));
    json_object_set_new(object, "area", text(row->area));
    json_object_set_new(object, "state", text(row->state));
    json_object_set_new(object, "made_at", when(row->made_ms));
    json_object_set_new(object, "since", when(row->since_ms));
    json_object_set_new(object, "attempts", json_integer(row->attempts));
    json_object_set_new(object, "why", text(row->why));
    json_object_set_new(object, "upstream_id", text(row->upstream_id));
    return object;
}

static void print_row(const struct queue_row *row)
{
    char since[CLOCK_ISO_BYTES];
    clock_iso(row->since_ms, since);
    printf("%-16.*s %-9.*s since %s  area %.*s  attempts %" PRId64 "%s%.*s\n", STR_ARG(row->id),
           STR_ARG(row->state), since, STR_ARG(row->area), row->attempts,
           row->why.len > 0 ? "  " : "", STR_ARG(row->why));
}

static void on_dead(void *arg, enum op_status status, const struct queue_row *rows, size_t count)
{
    struct dead *dead = arg;
    dead->count = 0;
    if (!queue_cli_done(dead->cli, status)) {
        return;
    }
    dead->count = count;
    for (size_t i = 0; i < count; i++) {
        if (dead->cli->args->json) {
            json_array_append_new(dead->cli->answer, row_json(&rows[i]));
        } else {
            print_row(&rows[i]);
        }
    }
}

int queue_cli_dead(struct queue_cli *cli)
{
    struct dead dead = {.cli = cli};
    cli->answer = json_array();
    for (size_t i = 0; i < cli->setup->bucket_count && cli->code == CLI_DONE; i++) {
        size_t offset = 0;
        do {
            queue_dead(cli->store, cli->setup->buckets[i], offset, QUEUE_ROWS_MAX, on_dead, &dead);
            loop_run(cli->loop);
            offset += dead.count;
        } while (dead.count == QUEUE_ROWS_MAX);
    }
    return cli->code;
}

static json_t *attempt_json(const struct queue_attempt *attempt)
{
    json_t *object = json_object();
    json_object_set_new(object, "at", when(attempt->at_ms));
    json_object_set_new(object, "status", json_integer(attempt->status));
    json_object_set_new(object, "outcome", text(attempt->outcome));
    json_object_set_new(object, "words", text(attempt->words));
    return object;
}

static void on_show(void *arg, enum op_status status, const struct queue_row *row,
                    const struct queue_attempt *attempts, size_t attempt_count)
{
    struct show *show = arg;
    if (!queue_cli_done(show->cli, status) || row == NULL) {
        return;
    }
    show->found++;
    json_t *object = row_json(row);
    json_t *list = json_array();
    json_object_set_new(object, "last_attempts", list);
    json_array_append_new(show->cli->answer, object);
    if (!show->cli->args->json) {
        print_row(row);
    }
    for (size_t i = 0; i < attempt_count; i++) {
        char at[CLOCK_ISO_BYTES];
        json_array_append_new(list, attempt_json(&attempts[i]));
        clock_iso(attempts[i].at_ms, at);
        if (!show->cli->args->json) {
            printf("    %s  status %" PRId64 "  %.*s  %.*s\n", at, attempts[i].status,
                   STR_ARG(attempts[i].outcome), STR_ARG(attempts[i].words));
        }
    }
}

static void on_record(void *arg, enum op_status status, const struct report_record *record)
{
    struct show *show = arg;
    uint64_t version;
    if (queue_cli_done(show->cli, status) && record != NULL &&
        str_to_u64(record_get(record, REPORT_VERSION), INT32_MAX, &version)) {
        show->version = (int64_t)version;
    }
}

static void show_event(struct show *show, const char *id)
{
    queue_show(show->cli->store, id, on_show, show);
    loop_run(show->cli->loop);
}

/* A receipt stands for all events of its report; versions without an event are gaps. */
static void show_report(struct show *show, const char *receipt)
{
    reports_read(show->cli->store, receipt, on_record, show);
    loop_run(show->cli->loop);
    show_event(show, receipt);
    for (int64_t version = 2; version <= show->version && show->cli->code == CLI_DONE; version++) {
        char id[QUEUE_EVENT_ID_BYTES];
        snprintf(id, sizeof id, "%.12s-%d", receipt, (int)version);
        show_event(show, id);
    }
}

int queue_cli_show(struct queue_cli *cli)
{
    struct show show = {.cli = cli};
    char receipt[RECEIPT_BYTES];
    if (cli->args->word_count != 2) {
        return cli_fail(CLI_USAGE, "queue show: one RECEIPT or EVENT is expected");
    }
    cli->answer = json_array();
    if (receipt_parse(str_of(cli->args->words[1]), receipt)) {
        show_report(&show, receipt);
    } else {
        show_event(&show, cli->args->words[1]);
    }
    if (show.found == 0 && cli->code == CLI_DONE) {
        cli->code = cli_fail(CLI_FAILED, "%s: no such event", cli->args->words[1]);
    }
    return cli->code;
}
