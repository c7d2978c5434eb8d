#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "flow/recalc.h"

enum { FILES_MAX = 64, FILE_BYTES_MAX = 1 << 20, PATH_BYTES = 4096, NAME_BYTES = 20 };

struct new_file {
    char path[PATH_BYTES];
    char name[NAME_BYTES]; /* in the folder: CN-2027.csv */
    struct buf text;
};

struct applying {
    const struct args *args;
    struct setup *setup;
    struct loop *loop;
    bool dry;
    int code;
    size_t file_count;
    struct new_file files[FILES_MAX];
    json_t *rows;
    int64_t kept; /* days that stay as they were read */
    struct recalc_result result;
};

/* Reading what is new -------------------------------------------------------------------------------------------------- */

/* A calendar of this file alone says whether it can be read, and of which year it is. */
static bool add_file(struct applying *applying, const char *path, struct err *err)
{
    if (applying->file_count == FILES_MAX) {
        return err_set(err, "%s: more than %d files", path, FILES_MAX);
    }
    struct new_file *file = &applying->files[applying->file_count++];
    struct calendar *alone = calendar_new();
    snprintf(file->path, sizeof file->path, "%s", path);
    buf_init(&file->text, FILE_BYTES_MAX);
    bool read = file_read(path, &file->text, err) &&
                calendar_add(alone, buf_str(&file->text), path, err);
    snprintf(file->name, sizeof file->name, "CN-%04d.csv",
             read ? calendar_year(alone, 0) % 10000 : 0);
    calendar_free(&alone);
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    if (read && setup_is_calendar_file(base) && strcmp(base, file->name) != 0) {
        return err_set(err, "%s: holds another year: it should be named %s", path, file->name);
    }
    return read;
}

static bool add_folder(struct applying *applying, const char *path, struct err *err)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool read = true;
    if (folder == NULL) {
        return err_set(err, "%s: %s", path, strerror(errno));
    }
    while (read && (entry = readdir(folder)) != NULL) {
        char whole[PATH_BYTES];
        if (setup_is_calendar_file(entry->d_name)) {
            snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name);
            read = add_file(applying, whole, err);
        }
    }
    closedir(folder);
    if (read && applying->file_count == 0) {
        return err_set(err, "%s: no file CN-YYYY.csv", path);
    }
    return read;
}

static bool is_new(const struct applying *applying, const char *name)
{
    for (size_t i = 0; i < applying->file_count; i++) {
        if (strcmp(applying->files[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_old(struct applying *applying, struct calendar *calendar, const char *name,
                    struct err *err)
{
    char path[PATH_BYTES];
    struct buf text;
    snprintf(path, sizeof path, "%s/%s", applying->setup->options.areas.calendar, name);
    buf_init(&text, FILE_BYTES_MAX);
    bool read = file_read(path, &text, err) && calendar_add(calendar, buf_str(&text), path, err);
    buf_release(&text);
    return read;
}

/* What the gateway will read after the change: the new files, and those of other years that are there. */
static bool whole_calendar(struct applying *applying, struct calendar *calendar, struct err *err)
{
    const char *path = applying->setup->options.areas.calendar;
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool read = true;
    if (folder == NULL) {
        return err_set(err, "%s: %s", path, strerror(errno));
    }
    while (read && (entry = readdir(folder)) != NULL) {
        if (setup_is_calendar_file(entry->d_name) && !is_new(applying, entry->d_name)) {
            read = add_old(applying, calendar, entry->d_name, err);
        }
    }
    closedir(folder);
    for (size_t i = 0; read && i < applying->file_count; i++) {
        const struct new_file *file = &applying->files[i];
        read = calendar_add(calendar, buf_str(&file->text), file->path, err);
    }
    return read;
}

static bool read_new(struct applying *applying, const char *path, struct err *err)
{
    struct stat at;
    if (applying->setup->options.areas.calendar[0] == '\0') {
        return err_set(err, "areas.calendar: is not set: the gateway would never read the file");
    }
    if (stat(path, &at) != 0) {
        return err_set(err, "%s: %s", path, strerror(errno));
    }
    struct calendar *calendar = calendar_new();
    bool read = (S_ISDIR(at.st_mode) ? add_folder(applying, path, err)
                                     : add_file(applying, path, err)) &&
                whole_calendar(applying, calendar, err);
    calendar_free(read ? &applying->setup->calendar : &calendar);
    if (read) {
        applying->setup->calendar = calendar;
    }
    return read;
}

static bool put_files(const struct applying *applying, struct err *err)
{
    for (size_t i = 0; i < applying->file_count; i++) {
        char path[PATH_BYTES];
        const struct new_file *file = &applying->files[i];
        snprintf(path, sizeof path, "%s/%s", applying->setup->options.areas.calendar, file->name);
        if (!file_replace(path, buf_str(&file->text), 0644, err)) {
            return false;
        }
    }
    return true;
}

/* What it changes ------------------------------------------------------------------------------------------------------ */

static void print_date(struct date date, char ret_text[16])
{
    snprintf(ret_text, 16, "%04d-%02d-%02d", date.year, date.month, date.day);
}

static void on_row(void *arg, const struct recalc_row *row)
{
    struct applying *applying = arg;
    json_t *days = json_array();
    for (size_t i = 0; i < row->day_count; i++) {
        const struct recalc_day *day = &row->days[i];
        char was[16];
        char is[16];
        print_date(day->was, was);
        print_date(day->is, is);
        applying->kept += day->kept ? 1 : 0;
        json_array_append_new(days, json_pack("{s:s, s:s, s:s, s:b}", "step", day->step, "was", was,
                                              "is", is, "kept", (int)day->kept));
        if (!applying->args->json) {
            printf("%s %-14.*s %-10s %s -> %s%s\n", row->receipt, STR_ARG(row->area), day->step,
                   was, is, day->kept ? "  kept" : "");
        }
    }
    json_array_append_new(applying->rows,
                          json_pack("{s:s, s:s%, s:o}", "receipt", row->receipt, "area",
                                    row->area.at, row->area.len, "days", days));
}

static void on_done(void *arg, const struct recalc_result *result)
{
    struct applying *applying = arg;
    applying->result = *result;
    loop_stop(applying->loop);
}

static void print_end(struct applying *applying)
{
    const struct recalc_result *result = &applying->result;
    if (applying->args->json) {
        json_t *files = json_array();
        for (size_t i = 0; i < applying->file_count; i++) {
            json_array_append_new(files, json_string(applying->files[i].name));
        }
        json_auto_t *all = json_pack(
            "{s:b, s:o, s:O, s:I, s:I, s:I}", "dry_run", (int)applying->dry, "files", files,
            "reports", applying->rows, "open", (json_int_t)result->reports, "changed",
            (json_int_t)result->changed, "kept", (json_int_t)applying->kept);
        json_dumpf(all, stdout, JSON_COMPACT);
        fputc('\n', stdout);
    } else {
        printf("%" PRId64 " open, %" PRId64 " %s, %" PRId64 " days kept\n", result->reports,
               result->changed, applying->dry ? "would change" : "changed", applying->kept);
    }
    if (!applying->dry && !applying->args->json) {
        printf("The files are in %s. Tell the gateway (systemctl reload mashang); what is filed "
               "until then still counts by\nthe old days: run the same command once more after "
               "it.\n",
               applying->setup->options.areas.calendar);
    }
    if (result->failed > 0) {
        applying->code = cli_fail(CLI_FAILED, "%" PRId64 " could not be changed: run it again",
                                  result->failed);
    }
    if (result->status != OP_OK) {
        applying->code = cli_fail(CLI_FAILED, "redis: %s", op_status_name(result->status));
    }
}

/* Redis is asked first: a file that nobody can count by yet stays where it is. */
static void apply(struct applying *applying)
{
    struct err err;
    struct load_store opened;
    if (!load_store_ready(applying->setup, &opened)) {
        applying->code = CLI_FAILED;
        return;
    }
    applying->loop = opened.loop;
    if (!applying->dry && !put_files(applying, &err)) {
        applying->code = cli_fail(CLI_FAILED, "%s", err.text);
    } else {
        const struct recalc_request request = {
            .dry = applying->dry, .row = on_row, .done = on_done, .arg = applying};
        recalc_run(applying->setup, opened.store, &request);
        loop_run(opened.loop);
        print_end(applying);
    }
    load_store_end(&opened);
}

static int run(const struct args *args)
{
    struct err err;
    if (args->word_count != 2 || strcmp(args->words[0], "apply") != 0) {
        return cli_fail(CLI_USAGE, "calendar: apply FILE or apply FOLDER is expected");
    }
    struct setup *setup = load_setup(args);
    if (setup == NULL) {
        return CLI_CONFIG;
    }
    struct applying *applying = mem_alloc(sizeof *applying);
    applying->args = args;
    applying->setup = setup;
    applying->dry = args_get(args, "--dry-run") != NULL;
    applying->rows = json_array();
    if (read_new(applying, args->words[1], &err)) {
        apply(applying);
    } else {
        applying->code = cli_fail(CLI_FAILED, "%s", err.text);
    }
    int code = applying->code;
    for (size_t i = 0; i < applying->file_count; i++) {
        buf_release(&applying->files[i].text);
    }
    json_decref(applying->rows);
    free(applying);
    setup_free(&setup);
    return code;
}

static const struct arg_spec specs[] = {{"--dry-run", false}, {NULL, false}};

const struct command command_calendar = {
    .name = "calendar",
    .summary = "take a new calendar of working days, and count open deadlines anew",
    .help = "  mashang calendar apply CN-2027.csv --dry-run -c FILE    which days would change\n"
            "  mashang calendar apply CN-2027.csv -c FILE\n"
            "  mashang calendar apply /media/stick/calendar -c FILE    every CN-YYYY.csv in it\n"
            "\n"
            "The file is checked (a fault is named with its line, and nothing is touched), put "
            "into [areas] calendar, and the\n"
            "due days of open reports, and the days in which one that was declined may be objected "
            "to, are counted by it. A day\nthat was shown to a farmer never becomes earlier: it is "
            "kept.\n"
            "Running it again is harmless.\n",
    .specs = specs,
    .run = run,
};
