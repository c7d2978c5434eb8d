/*
 * intake import: a table of findings into the store of a running gateway.
 *
 *   file ─► UTF-8 ─► rows ─► intake_read ─┬─ good ─► flow/intake, WINDOW at a time ─► filed, or there already
 *                                         └─ bad ──► FILE.errors.csv
 *
 * The key of a row is its content, so that the same file again stores nothing.
 */
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/import_words.h"
#include "cli/load.h"
#include "domain/intake_csv.h"
#include "flow/intake.h"

enum {
    FILE_BYTES_MAX = 8 << 20,
    WINDOW = 16,
    BAR_CELLS = 30,
    ROW_KEY_BYTES = DIGEST_BYTES * 2 + 1,
    PATH_BYTES = 4096
};

struct row {
    json_t *body;
    struct intake intake;
};

struct import {
    const struct args *args;
    const struct setup *setup;
    const char *file;
    struct scope scope;
    struct buf text;  /* of the file, UTF-8 */
    json_t *defaults; /* members from the flags */
    struct row *rows; /* the good ones */
    size_t good, bad;
    struct buf errors; /* a line for each bad row */
    struct loop *loop;
    struct store *store;
    size_t started, ended, filed, leads, again;
    bool stopped; /* one was not stored: no more are started */
};

static intake_done_fn on_filed;

/* ---- the file ---- */

/* Spreadsheets in China write GB18030 unless told otherwise. */
static bool to_utf8(struct buf *text, const char *file, struct err *err)
{
    if (utf8_valid(buf_str(text))) {
        return true;
    }
    iconv_t converter = iconv_open("UTF-8", "GB18030");
    if ((intptr_t)converter == -1) {
        return err_set(err, "%s: neither UTF-8 nor can it be converted: save it as CSV UTF-8",
                       file);
    }
    struct buf utf8;
    size_t room = text->len * 2 + 16; /* two bytes become three at most */
    buf_init(&utf8, room + 1);
    char *to = buf_room(&utf8, room), *from = text->at;
    size_t to_left = room, from_left = text->len;
    bool converted = iconv(converter, &from, &from_left, &to, &to_left) != (size_t)-1;
    iconv_close(converter);
    buf_wrote(&utf8, room - to_left);
    buf_release(text);
    *text = utf8;
    return converted || err_set(err, "%s: neither UTF-8 nor GB18030: save it as CSV UTF-8", file);
}

static const char *slug_of(void *arg, struct str word)
{
    const struct import *import = arg;
    return import_risk(import->setup->form, import->setup->catalog, word);
}

static void add_error(struct import *import, const struct intake_csv *csv,
                      const struct json_faults *faults, const json_t *candidates)
{
    import->bad++;
    buf_printf(&import->errors, "%zu,", intake_csv_line(csv));
    import_put_columns(csv, faults, &import->errors);
    buf_puts(&import->errors, ",\"");
    import_put_faults(csv, faults, candidates, &import->errors);
    buf_puts(&import->errors, "\"\r\n");
}

static void read_row(struct import *import, const struct intake_csv *csv, json_t *take_body)
{
    struct json_faults faults = {0};
    struct row *row = &import->rows[import->good];
    const struct intake_context context = {
        .rules = import->setup->intake,
        .form = import->setup->form,
        .areas = import->setup->areas,
        .scope = &import->scope,
        .pushes = import->setup->pushes,
        .org = STR(""),
        .now_ms = clock_wall_ms(),
    };
    if (intake_read(&context, take_body, &row->intake, &faults)) {
        row->body = take_body;
        import->good++;
        return;
    }
    add_error(import, csv, &faults, row->intake.candidates);
    intake_release(&row->intake);
    json_decref(take_body);
}

/* False: the file as a whole is not to be read, and nothing of it is stored. */
static bool read_rows(struct import *import, struct err *err)
{
    struct intake_csv csv;
    json_t *body;
    if (!intake_csv_begin(&csv, buf_str(&import->text), import->defaults, slug_of, import, err)) {
        return err_prefix(err, "%s:", import->file);
    }
    import->rows = mem_array(INTAKE_CSV_ROWS_MAX, sizeof *import->rows);
    while ((body = intake_csv_next(&csv, err)) != NULL) {
        if (import->good + import->bad == INTAKE_CSV_ROWS_MAX) {
            json_decref(body);
            return err_set(err, "%s:%zu: more than %d rows: divide the file", import->file,
                           intake_csv_line(&csv), INTAKE_CSV_ROWS_MAX);
        }
        read_row(import, &csv, body);
    }
    if (err->text[0] != '\0') {
        return err_prefix(err, "%s:", import->file);
    }
    return import->good + import->bad > 0 || err_set(err, "%s: has no rows", import->file);
}

/* ---- into the store ---- */

static void show_progress(const struct import *import)
{
    char bar[BAR_CELLS + 1];
    size_t cells = import->ended * BAR_CELLS / import->good;
    if (isatty(STDERR_FILENO)) {
        memset(bar, ' ', BAR_CELLS);
        memset(bar, '#', cells);
        bar[BAR_CELLS] = '\0';
        fprintf(stderr, "\r[%s] %zu/%zu%s", bar, import->ended, import->good,
                import->ended == import->good ? "\n" : "");
    }
}

static void make_key(const json_t *body, char ret_key[ROW_KEY_BYTES])
{
    unsigned char digest[DIGEST_BYTES];
    struct buf hex;
    char *text = json_dumps(body, JSON_SORT_KEYS | JSON_COMPACT);
    CHECK(text != NULL);
    digest_sha256(str_of(text), digest);
    buf_init(&hex, ROW_KEY_BYTES);
    hex_put(&hex, str_make(digest, sizeof digest));
    snprintf(ret_key, ROW_KEY_BYTES, "%s", buf_text(&hex));
    buf_release(&hex);
    free(text);
}

static void start_next(struct import *import)
{
    const struct row *row = &import->rows[import->started++];
    char key[ROW_KEY_BYTES];
    make_key(row->body, key);
    const struct intake_request request = {.intake = &row->intake,
                                           .body = row->body,
                                           .key = str_of(key),
                                           .by = "import",
                                           .name = "mashang intake import",
                                           .rid = "import"};
    intake_file(import->setup, import->store, &request, on_filed, import);
}

static void on_filed(void *arg, const struct intake_answer *answer)
{
    struct import *import = arg;
    import->ended++;
    import->filed += answer->kind == INTAKE_FILED;
    import->leads += answer->kind == INTAKE_FILED && answer->lead;
    import->again += answer->kind == INTAKE_REPEATED;
    import->stopped |= answer->kind != INTAKE_FILED && answer->kind != INTAKE_REPEATED;
    show_progress(import);
    if (import->started < import->good && !import->stopped) {
        start_next(import);
    } else if (import->ended == import->started) {
        loop_stop(import->loop);
    }
}

static bool store_rows(struct import *import)
{
    struct load_store opened;
    if (!load_store_ready(import->setup, &opened)) {
        return false;
    }
    log_level_set(LOG_LEVEL_WARNING); /* the sum says more than a line for each row */
    import->loop = opened.loop;
    import->store = opened.store;
    while (import->started < import->good && import->started < WINDOW) {
        start_next(import);
    }
    loop_run(import->loop);
    load_store_end(&opened);
    if (import->stopped) {
        cli_fail(CLI_FAILED, "%s: stored %zu of %zu rows; run it again, nothing is stored twice",
                 import->file, import->filed + import->again, import->good);
    }
    return !import->stopped;
}

/* ---- what came of it ---- */

/* Rows that were bad last time and are good now leave no old list behind. */
static bool write_errors(const struct import *import, char path[PATH_BYTES], struct err *err)
{
    if (snprintf(path, PATH_BYTES, "%s.errors.csv", import->file) >= PATH_BYTES) {
        return err_set(err, "%s: the name is too long", import->file);
    }
    if (import->bad > 0) {
        return file_write(path, buf_str(&import->errors), 0600, err);
    }
    unlink(path);
    path[0] = '\0';
    return true;
}

static void print_result(const struct import *import, const char *errors)
{
    bool dry = args_get(import->args, "--dry-run") != NULL;
    size_t rows = import->good + import->bad;
    if (import->args->json) {
        json_t *said = json_pack(
            "{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "dry_run", dry, "rows", (json_int_t)rows,
            "good", (json_int_t)import->good, "bad", (json_int_t)import->bad, "filed",
            (json_int_t)import->filed, "leads", (json_int_t)import->leads, "again",
            (json_int_t)import->again, "errors", errors[0] ? json_string(errors) : json_null());
        json_dumpf(said, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(said);
        return;
    }
    if (dry) {
        printf("dry run: %zu rows could be filed, nothing was stored\n", import->good);
    } else {
        printf("filed %zu (%zu leads), %zu were there already\n", import->filed, import->leads,
               import->again);
    }
    if (errors[0] != '\0') {
        printf("%zu rows were not: see %s\n", import->bad, errors);
    }
}

static int import_file(struct import *import)
{
    struct err err;
    char errors[PATH_BYTES];
    bool dry = args_get(import->args, "--dry-run") != NULL;
    buf_init(&import->text, FILE_BYTES_MAX);
    buf_init(&import->errors, FILE_BYTES_MAX * 4);
    buf_puts(&import->errors, "\xEF\xBB\xBF行"
                              ","
                              "列"
                              ","
                              "问题\r\n");
    if (!file_read(import->file, &import->text, &err) ||
        !to_utf8(&import->text, import->file, &err) || !read_rows(import, &err) ||
        !write_errors(import, errors, &err)) {
        return cli_fail(CLI_FAILED, "%s", err.text);
    }
    bool stored = dry || import->good == 0 || store_rows(import);
    print_result(import, errors);
    return stored && import->bad == 0 ? CLI_DONE : CLI_FAILED;
}

/* ---- the command line ---- */

static int read_flags(struct import *import)
{
    static const char *const flags[][2] = {
        {"--source", "source"}, {"--basis", "basis"}, {"--org", "source_org"}, {"--push", "push"}};
    const struct areas *areas = import->setup->areas;
    const char *area = args_get(import->args, "--area");
    struct err err;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const char *value = args_get(import->args, flags[i][0]);
        json_t *text = value != NULL ? json_string(value) : NULL;
        if (value != NULL && (text == NULL || value[0] == '\0')) {
            return cli_fail(CLI_USAGE, "intake import: %s: must be a text", flags[i][0]);
        }
        if (text != NULL) {
            json_object_set_new(import->defaults, flags[i][1], text);
        }
    }
    if (area != NULL && !scope_parse(areas, str_of(area), &import->scope, &err)) {
        return cli_fail(CLI_USAGE, "intake import: --area: %s", err.text);
    }
    if (area == NULL && !scope_all(areas, &import->scope)) {
        return cli_fail(CLI_USAGE, "intake import: --area: is needed with so many provinces");
    }
    return CLI_DONE;
}

static void import_release(struct import *import)
{
    for (size_t i = 0; i < import->good; i++) {
        json_decref(import->rows[i].body);
        intake_release(&import->rows[i].intake);
    }
    free(import->rows);
    json_decref(import->defaults);
    buf_release(&import->text);
    buf_release(&import->errors);
}

static int run(const struct args *args)
{
    if (args->word_count != 2 || strcmp(args->words[0], "import") != 0) {
        return cli_fail(CLI_USAGE, "intake: `import FILE` is expected; --help shows how");
    }
    struct setup *setup = load_setup(args);
    if (setup == NULL) {
        return CLI_CONFIG;
    }
    struct import import = {
        .args = args, .setup = setup, .file = args->words[1], .defaults = json_object()};
    int code = read_flags(&import);
    if (code == CLI_DONE) {
        code = import_file(&import);
    }
    import_release(&import);
    setup_free(&setup);
    return code;
}

static const struct arg_spec specs[] = {{"--source", true}, {"--basis", true}, {"--org", true},
                                        {"--push", true},   {"--area", true},  {"--dry-run", false},
                                        {NULL, false}};

const struct command command_intake = {
    .name = "intake",
    .summary = "put a table of findings into the queue",
    .help =
        "  mashang intake import findings.csv --source department --org medical --dry-run -c FILE\n"
        "  mashang intake import findings.csv --source department --org medical -c FILE\n"
        "  mashang intake import calls.csv --source hotline --basis spoken --area 370115008 -c "
        "FILE\n"
        "\n"
        "CSV, UTF-8 or GB18030, at most 5,000 rows. The first line names the columns, as people do "
        "or "
        "by the API's\n"
        "member names: 姓名、身份证号、电话、乡镇、村（or 区划代码）、困难类型、情况说明、"
        "发现日期、来源单位、编号 and so on. A\n"
        "column 来源 or 来源单位 goes before the flags. Rows that cannot be filed are listed in "
        "FILE.errors.csv; the\n"
        "others are filed. The same row again stores nothing (31 days). --dry-run only says what "
        "would be done;\n"
        "with --area rows elsewhere are refused.\n",
    .specs = specs,
    .run = run,
};
