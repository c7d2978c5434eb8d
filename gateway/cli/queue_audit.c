#include <inttypes.h>
#include <stdio.h>

#include "cli/queue_inside.h"
#include "store/audit.h"

struct count {
    const char *name;
    int64_t value;
};
enum { COUNTS = 12 };

static void counts_of(const struct audit_row *row, struct count ret[COUNTS])
{
    const struct count counts[COUNTS] = {
        {"accepted", row->accepted}, {"unsent", row->unsent},   {"made", row->made},
        {"firsts", row->firsts},     {"held", row->held},       {"ready", row->ready},
        {"delayed", row->delayed},   {"sending", row->sending}, {"delivered", row->delivered},
        {"buried", row->buried},     {"dropped", row->dropped}, {"missing", row->missing},
    };
    for (int i = 0; i < COUNTS; i++) {
        ret[i] = counts[i];
    }
}

static json_t *row_json(const struct audit_row *row, const char *area)
{
    struct count counts[COUNTS];
    json_t *object = json_object();
    counts_of(row, counts);
    if (area != NULL) {
        json_object_set_new(object, "area", json_string(area));
    }
    for (int i = 0; i < COUNTS; i++) {
        json_object_set_new(object, counts[i].name, json_integer(counts[i].value));
    }
    json_object_set_new(object, "holds", json_boolean(audit_row_holds(row)));
    return object;
}

static json_t *kinds_json(const struct audit_table *table)
{
    const struct audit_kinds *kinds = &table->kinds;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "records",
                     (json_int_t)kinds->records, "leads", (json_int_t)kinds->leads, "promoted",
                     (json_int_t)kinds->promoted, "purged", (json_int_t)kinds->purged, "drills",
                     (json_int_t)kinds->drills, "drills_there", (json_int_t)kinds->drills_there,
                     "drills_gone", (json_int_t)kinds->drills_gone, "holds",
                     (int)audit_kinds_hold(kinds, table->sum.accepted));
}

static void print_kinds(const struct audit_table *table)
{
    const struct audit_kinds *kinds = &table->kinds;
    printf("%-20s %s records %" PRId64 " leads %" PRId64 " promoted %" PRId64 " purged %" PRId64
           " drills %" PRId64 " there %" PRId64 " gone %" PRId64 "\n",
           "apart", audit_kinds_hold(kinds, table->sum.accepted) ? "holds " : "BROKEN",
           kinds->records, kinds->leads, kinds->promoted, kinds->purged, kinds->drills,
           kinds->drills_there, kinds->drills_gone);
}

static void print_row(const struct audit_row *row, const char *area)
{
    struct count counts[COUNTS];
    counts_of(row, counts);
    printf("%-20s %s", area, audit_row_holds(row) ? "holds " : "BROKEN");
    for (int i = 0; i < COUNTS; i++) {
        printf(" %s %" PRId64, counts[i].name, counts[i].value);
    }
    printf("\n");
}

static void on_audit(void *arg, enum op_status status, const struct audit_table *table)
{
    struct queue_cli *cli = arg;
    if (!queue_cli_done(cli, status)) {
        return;
    }
    json_t *areas = json_array();
    json_t *lost = json_array();
    for (size_t i = 0; i < table->count; i++) {
        json_array_append_new(areas, row_json(&table->rows[i], table->rows[i].area));
        if (!cli->args->json) {
            print_row(&table->rows[i], table->rows[i].area);
        }
    }
    for (size_t i = 0; i < table->lost_count; i++) {
        json_array_append_new(lost, json_string(table->lost[i]));
        if (!cli->args->json) {
            printf("%s is not where its record says\n", table->lost[i]);
        }
    }
    if (!cli->args->json) {
        print_row(&table->sum, "sum");
        print_kinds(table);
    }
    cli->answer = json_pack("{s:b, s:o, s:o, s:o, s:o}", "holds", (int)table->holds, "sum",
                            row_json(&table->sum, NULL), "areas", areas, "misplaced", lost, "apart",
                            kinds_json(table));
    if (!table->holds) {
        cli->code = cli_fail(CLI_FAILED, "the conservation law is broken");
    }
}

int queue_cli_audit(struct queue_cli *cli)
{
    queue_audit(cli->store, cli->setup->buckets, cli->setup->bucket_count, on_audit, cli);
    loop_run(cli->loop);
    return cli->code;
}
