/*
 *   table defaults ─► file ─► MASHANG_… environment ─► flags ─► what is found out at start ─► what must fit together
 *
 * Each layer overwrites the one before. A value is checked where it is given, so that the error can name the place.
 */
#include "base/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/option_table.h"

extern char **environ;

enum { FILE_BYTES_MAX = 1048576, VARIABLE_BYTES_MAX = 96 };

struct source {
    struct options *options;
    const char *folder; /* what relative paths are relative to; "" the working folder */
    bool *seen;         /* per row: set by the file already */
};

static char **text_at(struct options *options, const struct option *option)
{
    return (char **)((char *)options + option->at);
}

static int64_t *number_at(struct options *options, const struct option *option)
{
    return (int64_t *)((char *)options + option->at);
}

static const struct option *find_option(struct str section, struct str key)
{
    for (size_t i = 0; i < option_count; i++) {
        if (str_is(section, option_table[i].section) && str_is(key, option_table[i].key)) {
            return &option_table[i];
        }
    }
    return NULL;
}

static bool set_option(struct options *options, const struct option *option, struct str value,
                       const char *folder, struct err *err)
{
    char *text = NULL;
    int64_t number = 0;
    if (!option_read(option, value, folder, &text, &number, err)) {
        return err_prefix(err, "%s.%s: ", option->section, option->key);
    }
    if (option->type == OPTION_NUMBER) {
        *number_at(options, option) = number;
        return true;
    }
    char **at = text_at(options, option);
    free(*at);
    *at = text;
    return true;
}

static bool set_defaults(struct options *options, const char *folder, struct err *err)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        const char *value = option->fallback ? option->fallback : "";
        if (!set_option(options, option, str_of(value), folder, err)) {
            return false;
        }
    }
    return true;
}

/* An unknown key of a section we know gets that section's keys as the help. */
static bool unknown_key(struct str section, struct str key, struct err *err)
{
    char keys[384] = "";
    size_t len = 0;
    for (size_t i = 0; i < option_count && len < sizeof keys; i++) {
        if (str_is(section, option_table[i].section)) {
            len += (size_t)snprintf(keys + len, sizeof keys - len, " %s", option_table[i].key);
        }
    }
    if (len == 0) {
        return err_set(err, "%.*s.%.*s: unknown section", STR_ARG(section), STR_ARG(key));
    }
    return err_set(err, "%.*s.%.*s: unknown key, allowed:%s", STR_ARG(section), STR_ARG(key), keys);
}

static bool on_entry(void *arg, const struct conf_entry *entry, struct err *err)
{
    struct source *source = arg;
    const struct option *option = find_option(entry->section, entry->key);
    bool fits;
    if (option == NULL) {
        fits = unknown_key(entry->section, entry->key, err);
    } else if (source->seen[option - option_table]) {
        fits = err_set(err, "%s.%s: is set twice", option->section, option->key);
    } else {
        source->seen[option - option_table] = true;
        fits = set_option(source->options, option, entry->value, source->folder, err);
    }
    return fits || err_prefix(err, "%s:%d: ", entry->file, entry->line);
}

static bool read_conf_file(struct options *options, const char *file, const char *folder,
                           struct err *err)
{
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    bool *seen = mem_array(option_count, sizeof *seen);
    struct source source = {options, folder, seen};
    bool fits = file_read(file, &text, err) &&
                conf_read(buf_str(&text), file, on_entry, &source, err);
    free(seen);
    buf_release(&text);
    return fits;
}

static void variable_of(const struct option *option, char ret_name[VARIABLE_BYTES_MAX])
{
    int len = snprintf(ret_name, VARIABLE_BYTES_MAX, "MASHANG_%s_%s", option->section, option->key);
    for (int i = 0; i < len; i++) {
        ret_name[i] = (char)(ret_name[i] >= 'a' && ret_name[i] <= 'z' ? ret_name[i] - 32
                                                                      : ret_name[i]);
    }
}

static bool read_variable(struct options *options, struct str name, struct str value,
                          struct err *err)
{
    for (size_t i = 0; i < option_count; i++) {
        char variable[VARIABLE_BYTES_MAX];
        variable_of(&option_table[i], variable);
        if (str_is(name, variable)) {
            return set_option(options, &option_table[i], value, "", err) ||
                   err_prefix(err, "%s: ", variable);
        }
    }
    return err_set(err,
                   "%.*s: unknown variable, allowed: MASHANG_<SECTION>_<KEY>, see "
                   "`mashang check-config --example`",
                   STR_ARG(name));
}

static bool read_environment(struct options *options, struct err *err)
{
    for (char **at = environ; *at != NULL; at++) {
        struct str rest = str_of(*at);
        struct str name;
        if (str_starts(rest, STR("MASHANG_")) && str_next(&rest, '=', &name) &&
            !read_variable(options, name, rest, err)) {
            return false;
        }
    }
    return true;
}

static bool read_flags(struct options *options, const struct option_flag *flags, size_t count,
                       struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct str key = str_of(flags[i].name);
        struct str section;
        (void)str_next(&key, '.', &section);
        const struct option *option = find_option(section, key);
        bool fits = option ? set_option(options, option, str_of(flags[i].value), "", err)
                           : unknown_key(section, key, err);
        if (!fits) {
            return err_prefix(err, "--set: ");
        }
    }
    return true;
}

/* Is there a file of that name under the program's folder, `up` levels higher? Then ret_path is where `wanted` lies under that level. */
static bool beside_program(int up, const char *probe, const char *wanted, char ret_path[PATH_MAX])
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program);
    for (; len > 0 && up >= 0; up--) {
        do {
            len--;
        } while (len > 0 && program[len] != '/');
    }
    if (len <= 0 || snprintf(ret_path, PATH_MAX, "%.*s/%s", (int)len, program, probe) >= PATH_MAX ||
        access(ret_path, R_OK) != 0) {
        return false;
    }
    return snprintf(ret_path, PATH_MAX, "%.*s/%s", (int)len, program, wanted) < PATH_MAX;
}

/* What ships with the program: in the source tree (build/MODE/mashang, build/MODE/unit/…), beside bin/, or where `make install` put it. */
static void shipped(const char *in_tree, const char *name, char ret_path[PATH_MAX])
{
    char in_share[PATH_MAX];
    snprintf(in_share, sizeof in_share, "share/mashang/%s", name);
    if (beside_program(2, "gateway/main.c", in_tree, ret_path) ||
        beside_program(3, "gateway/main.c", in_tree, ret_path) ||
        beside_program(1, "share/mashang", in_share, ret_path)) {
        return;
    }
    snprintf(ret_path, PATH_MAX, "%s/%s", MASHANG_SHARE, name);
}

static void fill(char **text, const char *value)
{
    if ((*text)[0] == '\0') {
        free(*text);
        *text = mem_strdup(value);
    }
}

/* A county that keeps only its own steps in a folder of its own goes on with what ships. */
static void beside_procedure(const struct options *options, const char *name,
                             char ret_path[PATH_MAX])
{
    const char *file = options->procedure.file;
    const char *slash = strrchr(file, '/');
    int folder = slash ? (int)(slash + 1 - file) : 0;
    if (snprintf(ret_path, PATH_MAX, "%.*s%s", folder, file, name) >= PATH_MAX ||
        access(ret_path, R_OK) != 0) {
        snprintf(ret_path, PATH_MAX, "%s/procedures/%s", options->forms.dir, name);
    }
}

static void find_procedures(struct options *options)
{
    char path[PATH_MAX];
    struct buf text;
    buf_init(&text, (size_t)4 * PATH_MAX);
    buf_printf(&text, "%s/procedures/laiyuan.json", options->forms.dir);
    fill(&options->procedure.file, buf_text(&text));
    buf_clear(&text);
    beside_procedure(options, "lead.json", path);
    buf_printf(&text, "department=%s\nsystem=%s", path, path);
    fill(&options->procedure.by_source, buf_text(&text));
    beside_procedure(options, "clearing.json", path);
    fill(&options->procedure.clearing, path);
    buf_release(&text);
}

static void find_shipped(struct options *options)
{
    char path[PATH_MAX];
    shipped("templates", "templates", path);
    fill(&options->forms.dir, path);
    if (snprintf(path, sizeof path, "%s/pushes/laiyuan.json", options->forms.dir) < PATH_MAX) {
        fill(&options->forms.pushes, path);
    }
    shipped("deploy/areas/370115.csv", "areas/370115.csv", path);
    fill(&options->areas.file, path);
    shipped("deploy/calendar", "calendar", path);
    fill(&options->areas.calendar, path);
    find_procedures(options);
}

static bool is_unset(const char *text)
{
    return text[0] == '\0' || strcmp(text, "未设置") == 0;
}

static bool check_together(const struct options *options, struct err *err)
{
    const struct {
        const char *key, *value;
    } needed[] = {{"authority", options->site.authority},
                  {"hotline", options->site.hotline},
                  {"icp", options->site.icp}};
    bool https = str_starts(str_of(options->site.base_url), STR("https://"));
    for (size_t i = 0; https && i < sizeof needed / sizeof needed[0]; i++) {
        if (is_unset(needed[i].value)) {
            return err_set(err, "public.%s: is needed when base_url is https", needed[i].key);
        }
    }
    if (options->listen.http[0] == '\0') {
        return err_set(err, "listen.http: is empty, allowed: HOST:PORT, [::]:PORT, unix:PATH");
    }
    if (strcmp(options->listen.office, options->listen.http) == 0) {
        return err_set(err, "listen.office: is the same as listen.http; leave it empty to serve "
                            "both on one");
    }
    if (options->forward.backoff_min_ms > options->forward.backoff_max_ms) {
        return err_set(err, "forward.backoff_min_ms: is more than backoff_max_ms");
    }
    return true;
}

static bool load(struct options *options, const char *file, const struct option_flag *flags,
                 size_t flag_count, struct err *err)
{
    char folder[PATH_MAX] = "";
    const char *slash = file ? strrchr(file, '/') : NULL;
    if (slash != NULL) {
        snprintf(folder, sizeof folder, "%.*s", slash == file ? 1 : (int)(slash - file), file);
    }
    if (!set_defaults(options, folder, err) ||
        (file != NULL && !read_conf_file(options, file, folder, err)) ||
        !read_environment(options, err) || !read_flags(options, flags, flag_count, err)) {
        return false;
    }
    find_shipped(options);
    return check_together(options, err) || err_prefix(err, file ? "%s: " : "%s", file ? file : "");
}

bool options_load(struct options *ret, const char *file, const struct option_flag *flags,
                  size_t flag_count, struct err *err)
{
    *ret = (struct options){0};
    if (load(ret, file, flags, flag_count, err)) {
        return true;
    }
    options_release(ret);
    return false;
}

void options_release(struct options *options)
{
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].type != OPTION_NUMBER) {
            free(*text_at(options, &option_table[i]));
        }
    }
    *options = (struct options){0};
}

static void print_allowed(struct buf *to, const struct option *option)
{
    if (option->type == OPTION_NUMBER) {
        buf_printf(to, "# %lld to %lld.\n", (long long)option->least, (long long)option->most);
    } else if (option->allowed[0] != '\0') {
        buf_printf(to, "# Allowed: %s.\n", option->allowed);
    }
    if (option->unbuilt[0] != '\0') {
        buf_printf(to, "# Not built yet: %s.\n", option->unbuilt);
    }
}

void options_print_example(struct buf *to)
{
    const char *section = "";
    buf_puts(to,
             "# Every setting of the gateway with its default. Printed by `mashang check-config "
             "--example`.\n"
             "# Flag > environment MASHANG_<SECTION>_<KEY> > this file > default.\n"
             "# Paths are relative to this file. Secrets stand in files of their own.\n");
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        if (strcmp(section, option->section) != 0) {
            section = option->section;
            buf_printf(to, "\n[%s]\n", section);
        }
        buf_printf(to, "# %s\n", option->help);
        print_allowed(to, option);
        const char *value = option->fallback ? option->fallback : "(what ships with the program)";
        buf_printf(to, "#%s =%s%s\n", option->key, value[0] ? " " : "", value);
    }
}
