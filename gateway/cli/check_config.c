#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "flow/forward.h"
#include "qr/codes_file.h"

static int print_example(void)
{
    struct buf text;
    buf_init(&text, 1 << 17);
    options_print_example(&text);
    fputs(buf_text(&text), stdout);
    buf_release(&text);
    return CLI_DONE;
}

/* Deadlines that no document says: the farmer reads 一般 instead of 最晚. */
struct unconfirmed {
    const struct procedure *procedure;
    json_t *list;
};

static void add_unconfirmed(void *arg, const char *path, const char *name, int days,
                            enum deadline_unit unit)
{
    const struct unconfirmed *found = arg;
    json_array_append_new(found->list,
                          json_pack("{s:s, s:s, s:s, s:i, s:s}", "procedure", found->procedure->id,
                                    "path", path, "name", name, "days", days, "unit",
                                    unit == DEADLINE_WORKING ? "working" : "calendar"));
}

static json_t *unconfirmed_of(const struct setup *setup)
{
    struct unconfirmed found = {.list = json_array()};
    for (size_t i = 0; (found.procedure = procedures_at(setup->procedures, i)) != NULL; i++) {
        procedure_unconfirmed(found.procedure, add_unconfirmed, &found);
    }
    for (size_t i = 0; setup->pushes != NULL && i < setup->pushes->count; i++) {
        const struct push *push = &setup->pushes->at[i];
        if (!push->confirmed) {
            json_array_append_new(
                found.list, json_pack("{s:s, s:s, s:s, s:i, s:s}", "procedure", "pushes", "path",
                                      push->id, "name", push->name, "days", push->due_days, "unit",
                                      push->unit == DEADLINE_WORKING ? "working" : "calendar"));
        }
    }
    return found.list;
}

static void print_unconfirmed(const json_t *list)
{
    size_t i;
    const json_t *one;
    json_array_foreach((json_t *)list, i, one)
    {
        const char *procedure, *path, *name, *unit;
        int days;
        CHECK(json_unpack((json_t *)one, "{s:s, s:s, s:s, s:i, s:s}", "procedure", &procedure,
                          "path", &path, "name", &name, "days", &days, "unit", &unit) == 0);
        printf("unconfirmed: %s: %s: %s, %d %s days\n", procedure, path, name, days, unit);
    }
}

static void print_found(const struct setup *setup, bool json)
{
    json_auto_t *unconfirmed = unconfirmed_of(setup);
    if (json) {
        json_auto_t *said = json_pack("{s:b, s:[], s:O}", "ok", 1, "warnings", "unconfirmed",
                                      unconfirmed);
        for (size_t i = 0; i < setup->warning_count; i++) {
            json_array_append_new(json_object_get(said, "warnings"),
                                  json_string(setup->warnings[i]));
        }
        json_dumpf(said, stdout, JSON_COMPACT);
        fputc('\n', stdout);
        return;
    }
    for (size_t i = 0; i < setup->warning_count; i++) {
        printf("warning: %s\n", setup->warnings[i]);
    }
    print_unconfirmed(unconfirmed);
    printf("ok: %zu areas, templates %s, procedure %s\n", areas_count(setup->areas),
           setup->options.forms.dir, setup->options.procedure.file);
}

/* A missing file is an empty one, a missing folder a slip of the pen: nothing could ever be kept there. */
static bool codes_check(const char *path, struct err *err)
{
    char folder[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (path[0] != '\0' && slash != NULL) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
    }
    if (access(folder, F_OK) != 0) {
        return err_set(err, "areas.codes: %s: %s: %s", path, folder, strerror(errno));
    }
    struct codes_file *codes = codes_file_open(path, err);
    if (codes == NULL) {
        return err_prefix(err, "areas.codes: ");
    }
    codes_file_close(&codes);
    return true;
}

static int run(const struct args *args)
{
    struct err err;
    if (args->word_count > 0) {
        return cli_fail(CLI_USAGE, "check-config: %s: no word is expected", args->words[0]);
    }
    if (args_get(args, "--example") != NULL) {
        return print_example();
    }
    struct setup *setup = load_setup(args);
    if (setup == NULL) {
        return CLI_CONFIG;
    }
    bool fits = codes_check(setup->options.areas.codes, &err) && forward_check(setup, &err);
    if (fits) {
        print_found(setup, args->json);
    } else {
        cli_fail(CLI_CONFIG, "%s", err.text);
    }
    setup_free(&setup);
    return fits ? CLI_DONE : CLI_CONFIG;
}

static const struct arg_spec specs[] = {{"--example", false}, {NULL, false}};

const struct command command_check_config = {
    .name = "check-config",
    .summary = "read everything that `serve` would read, and say what is wrong",
    .help =
        "  mashang check-config -c /etc/mashang/mashang.conf\n"
        "  mashang check-config --example > mashang.conf.example\n"
        "\n"
        "Reads the configuration, the keyring, areas, templates, forms, the procedure, secrets and "
        "maps,\n"
        "and starts nothing. Exit 78 with the place and what is allowed when something is wrong.\n"
        "--example prints every setting with its default.\n",
    .specs = specs,
    .run = run,
};
