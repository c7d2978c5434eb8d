#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/commands.h"
#include "view/mustache.h"

enum { TEMPLATE_BYTES_MAX = 1 << 20, OUTPUT_BYTES_MAX = 1 << 26 };

/* Partials lie beside the template. A name is a file name, never a path. */
static bool find_partial(void *arg, struct str name, struct buf *to)
{
    char path[PATH_MAX];
    const char *folder = arg;
    if (str_find_char(name, '/') >= 0 ||
        snprintf(path, sizeof path, "%s%.*s.mustache", folder, STR_ARG(name)) >= (int)sizeof path) {
        return false;
    }
    return file_read(path, to, NULL);
}

static int render(struct str text, const char *file, json_t *data, bool html)
{
    char folder[PATH_MAX] = "";
    const char *slash = strrchr(file, '/');
    struct err err;
    struct buf out;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) + 1 : 0, file);
    const struct mustache_options options = {.escape = html ? MUSTACHE_HTML : MUSTACHE_JSON,
                                             .partial = find_partial,
                                             .partial_arg = folder};
    struct mustache *template = mustache_compile(text, file, &options, &err);
    if (template == NULL) {
        return cli_fail(CLI_FAILED, "%s", err.text);
    }
    buf_init(&out, OUTPUT_BYTES_MAX);
    bool done = mustache_render(template, data, &out);
    if (done) {
        fwrite(buf_text(&out), 1, out.len, stdout);
    }
    buf_release(&out);
    mustache_free(&template);
    return done ? CLI_DONE
                : cli_fail(CLI_FAILED, "%s: renders to more than %d bytes", file, OUTPUT_BYTES_MAX);
}

static int run(const struct args *args)
{
    json_error_t fault;
    struct err err;
    struct buf text;
    const char *escape = args_get(args, "--escape");
    if (args->word_count != 1) {
        return cli_fail(CLI_USAGE, "render: one TEMPLATE is expected");
    }
    if (escape != NULL && strcmp(escape, "html") != 0 && strcmp(escape, "json") != 0) {
        return cli_fail(CLI_USAGE, "render: --escape %s: unknown, allowed: html, json", escape);
    }
    json_auto_t *data = json_loadf(stdin, JSON_DECODE_ANY, &fault);
    if (data == NULL) {
        return cli_fail(CLI_FAILED, "stdin:%d: %s", fault.line, fault.text);
    }
    buf_init(&text, TEMPLATE_BYTES_MAX);
    int code = file_read(args->words[0], &text, &err)
                   ? render(buf_str(&text), args->words[0], data,
                            escape == NULL || strcmp(escape, "html") == 0)
                   : cli_fail(CLI_FAILED, "%s", err.text);
    buf_release(&text);
    return code;
}

static const struct arg_spec specs[] = {{"--escape", true}, {NULL, false}};

const struct command command_render = {
    .name = "render",
    .summary = "render one Mustache file with JSON from stdin",
    .help = "  mashang render page.mustache < data.json\n"
            "  mashang render --escape json body.mustache < data.json\n"
            "\n"
            "By the Mustache specification. {{> name}} is looked up beside the file as "
            "name.mustache.\n",
    .specs = specs,
    .run = run,
};
