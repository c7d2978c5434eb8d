#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "qr/commands.h"
#include "qr/setup.h"

const char command_decode_help[] =
    "mashang-qr decode https://HOST/V/0R6BD...\n"
    "mashang-qr decode 0r6bd... --json\n\n"
    "Checks a printed link or its code and says what it stands for. Either case, O for 0 and I or "
    "L\n"
    "for 1 are read. Exit 1 when it is mistyped, forged, or leads to another address than ours.\n\n"
    "  --json            as JSON\n"
    "  -c, --conf FILE   configuration; --set section.key=value overrides one setting\n";

const char command_revoke_help[] =
    "mashang-qr revoke https://HOST/V/0R6BD... --hint \"新码在村委会门口\"\n"
    "mashang-qr revoke --area 370115008218\n\n"
    "Makes one printed code void, or every code of an area printed so far. Who scans it is told "
    "so,\n"
    "and where the new one hangs. Codes printed afterwards are good.\n\n"
    "  --hint TEXT       where the new code hangs (one line, at most 200 characters)\n"
    "  --json            as JSON\n"
    "  -c, --conf FILE   configuration; --set section.key=value overrides one setting\n";

const char command_list_help[] =
    "mashang-qr list\n"
    "mashang-qr list --area 370115008218 --json\n\n"
    "Serials handed out and codes revoked, in order of time.\n\n"
    "  --area ID         of this area only\n"
    "  --json            one JSON list\n"
    "  -c, --conf FILE   configuration; --set section.key=value overrides one setting\n";

enum { TEXT_BYTES_MAX = 1024 };

int command_failed(int exit_code, const struct err *err)
{
    fprintf(stderr, "mashang-qr: %s\n", err->text);
    return exit_code;
}

/* The code in a link: behind /V/, up to what a browser may have added. */
static struct str code_of(struct str typed)
{
    struct str rest = typed;
    ptrdiff_t at = str_find(typed, STR("/V/"));
    if (at < 0) {
        at = str_find(typed, STR("/v/"));
    }
    if (at >= 0) {
        rest = str_from(typed, (size_t)at + 3);
    }
    size_t len = 0;
    while (len < rest.len && strchr("/?#", rest.at[len]) == NULL) {
        len++;
    }
    return str_sub(rest, 0, len);
}

static bool address_ours(const struct setup *setup, struct str typed)
{
    struct str base = str_of(setup->options.site.base_url);
    ptrdiff_t at = str_find(typed, STR("/V/"));
    at = at < 0 ? str_find(typed, STR("/v/")) : at;
    return at < 0 || str_eq_nocase(str_sub(typed, 0, (size_t)at), base);
}

static bool read_code(const struct setup *setup, const char *typed, struct code *ret,
                      struct err *err)
{
    switch (code_read(&setup->keyring, code_of(str_of(typed)), ret)) {
    case CODE_OK:
        return true;
    case CODE_FORGED:
        return err_set(err, "%s: mistyped or forged: its signature is not ours", typed);
    default:
        return err_set(err, "%s: mistyped: not a code", typed);
    }
}

struct found {
    const char *merged; /* the id printed when it has another name now, else "" */
    const char *path;
    bool revoked;
    struct str hint;
};

static void decode_text(const struct code *code, const struct found *found)
{
    printf("area       %s\nplace      %s\n", code->area, found->path[0] ? found->path : "?");
    if (found->merged[0] != '\0') {
        printf("merged     %s\n", found->merged);
    }
    printf("placement  %s\ndrill      %s\n", code_placement_name(code->placement),
           code->drill ? "yes" : "no");
    if (code->serial > 0) {
        printf("serial     %u\n", code->serial);
    } else {
        puts("serial     none");
    }
    printf("revoked    %s%s%.*s\n", found->revoked ? "yes" : "no", found->hint.len ? ", " : "",
           STR_ARG(found->hint));
}

static void decode_json(const struct code *code, const struct found *found)
{
    json_t *root = json_pack("{s:{s:s, s:s}, s:s, s:b, s:i, s:b, s:s%}", "area", "id", code->area,
                             "path", found->path, "placement", code_placement_name(code->placement),
                             "drill", code->drill, "serial", (int)code->serial, "revoked",
                             found->revoked, "hint", found->hint.at ? found->hint.at : "",
                             found->hint.len);
    if (found->merged[0] != '\0') {
        json_object_set_new(root, "merged", json_string(found->merged));
    }
    json_dumpf(root, stdout, 0);
    putchar('\n');
    json_decref(root);
}

static void decode_show(const struct setup *setup, const struct args *args, const struct code *code)
{
    struct found found = {.merged = ""};
    struct str old_name = STR("");
    struct buf path;
    struct buf merged;
    buf_init(&path, TEXT_BYTES_MAX);
    buf_init(&merged, TEXT_BYTES_MAX);
    area_index area = areas_resolve(setup->areas, str_of(code->area), &old_name);
    if (area != AREA_NONE) {
        setup_path(setup, area, &path);
    }
    if (old_name.len > 0) {
        buf_printf(&merged, "%.*s, now %.*s", STR_ARG(old_name),
                   STR_ARG(area_id(setup->areas, area)));
    }
    found.path = buf_text(&path);
    found.merged = buf_text(&merged);
    found.revoked = codes_file_revoked(setup->codes, code, &found.hint);
    (args->json ? decode_json : decode_text)(code, &found);
    buf_release(&path);
    buf_release(&merged);
}

int command_decode(const struct args *args)
{
    struct setup setup;
    struct err err = {""};
    struct code code = {0};
    if (args->word_count != 1) {
        err_set(&err, "decode: one link or code is needed, see --help");
        return command_failed(EXIT_USAGE, &err);
    }
    if (!setup_load(&setup, args, NULL, &err)) {
        return command_failed(EXIT_CONFIG, &err);
    }
    bool done = read_code(&setup, args->words[0], &code, &err);
    if (done) {
        decode_show(&setup, args, &code);
        done = address_ours(&setup, str_of(args->words[0])) ||
               err_set(&err, "%s: the code is ours, the address is not: allowed is %s/V/…",
                       args->words[0], setup.options.site.base_url);
    }
    setup_release(&setup);
    return done ? EXIT_DONE : command_failed(EXIT_FAILED, &err);
}

/* Merged and forgotten areas can be revoked too: their papers still hang. */
static bool revoke_target(const struct setup *setup, const struct args *args, struct code *ret,
                          struct err *err)
{
    if (args->area == NULL) {
        return read_code(setup, args->words[0], ret, err) &&
               (ret->serial > 0 ||
                err_set(err, "%s: has no serial; --area %s revokes every code of its area",
                        args->words[0], ret->area));
    }
    if (!code_area_ok(str_of(args->area))) {
        return err_set(err, "--area: %s is no area id", args->area);
    }
    *ret = (struct code){0};
    snprintf(ret->area, sizeof ret->area, "%s", args->area);
    struct str old_name;
    if (areas_resolve(setup->areas, str_of(args->area), &old_name) == AREA_NONE) {
        return err_set(err, "%s: area %s is unknown", setup->options.areas.file, args->area);
    }
    return true;
}

/* One paper's second revocation would say nothing new; an area's does, for the papers printed since. */
static bool revoke_is_new(const struct setup *setup, const struct code *code, struct err *err)
{
    struct str hint;
    return code->serial == 0 || !codes_file_revoked(setup->codes, code, &hint) ||
           err_set(err, "serial %u is revoked already, nothing was written", code->serial);
}

static void revoke_show(const struct args *args, const struct code *code)
{
    if (args->json) {
        json_t *root = json_pack("{s:b, s:s, s:i}", "revoked", 1, "area", code->area, "serial",
                                 (int)code->serial);
        json_dumpf(root, stdout, 0);
        putchar('\n');
        json_decref(root);
    } else if (code->serial > 0) {
        printf("revoked: serial %u of area %s\n", code->serial, code->area);
    } else {
        printf("revoked: every code of area %s printed so far\n", code->area);
    }
}

int command_revoke(const struct args *args)
{
    struct setup setup;
    struct err err = {""};
    struct code code = {0};
    if (args->word_count + (args->area != NULL) != 1) {
        err_set(&err, "revoke: either one code or --area ID is needed, see --help");
        return command_failed(EXIT_USAGE, &err);
    }
    if (!setup_load(&setup, args, NULL, &err)) {
        return command_failed(EXIT_CONFIG, &err);
    }
    bool done = revoke_target(&setup, args, &code, &err) && revoke_is_new(&setup, &code, &err) &&
                codes_file_revoke(setup.codes, &code, str_of(args->hint), &err);
    if (done) {
        revoke_show(args, &code);
    }
    setup_release(&setup);
    return done ? EXIT_DONE : command_failed(EXIT_FAILED, &err);
}

struct listing {
    char (*area_of)
        [CODE_AREA_BYTES]; /* by serial, owned: a revoked paper's line does not name its area */
    size_t room;
    const char *area; /* NULL: all */
    json_t *json;     /* NULL: text */
};

static void remember(struct listing *to, const struct code *code)
{
    if (code->serial >= to->room) {
        size_t room = 2 * (size_t)code->serial + 64;
        to->area_of = mem_resize(to->area_of, room, sizeof *to->area_of);
        memset(to->area_of + to->room, 0, (room - to->room) * sizeof *to->area_of);
        to->room = room;
    }
    memcpy(to->area_of[code->serial], code->area, sizeof code->area);
}

static const char *area_named(struct listing *to, const struct codes_entry *entry)
{
    const struct code *code = &entry->code;
    if (!entry->revoked) {
        remember(to, code);
    }
    return code->area[0] == '\0' && code->serial < to->room ? to->area_of[code->serial]
                                                            : code->area;
}

static void on_entry(const struct codes_entry *entry, void *arg)
{
    struct listing *to = arg;
    const char *area = area_named(to, entry);
    const char *kind = entry->revoked ? "revoked" : "serial";
    const char *placement = entry->revoked ? "" : code_placement_name(entry->code.placement);
    if (to->area != NULL && strcmp(to->area, area) != 0) {
        return;
    }
    if (to->json != NULL) {
        json_array_append_new(to->json,
                              json_pack("{s:s, s:i, s:s, s:s, s:s%, s:s%}", "kind", kind, "serial",
                                        (int)entry->code.serial, "area", area, "placement",
                                        placement, "date", entry->date.at, entry->date.len, "hint",
                                        entry->hint.at, entry->hint.len));
        return;
    }
    char serial[16] = "-";
    if (entry->code.serial > 0) {
        snprintf(serial, sizeof serial, "%u", entry->code.serial);
    }
    printf("%-7s  %.*s  %8s  %-20s  %s%.*s\n", kind, STR_ARG(entry->date), serial,
           area[0] ? area : "-", placement, STR_ARG(entry->hint));
}

int command_list(const struct args *args)
{
    struct setup setup;
    struct err err = {""};
    struct listing to = {.area = args->area};
    if (args->word_count > 0) {
        err_set(&err, "list: %s: unknown argument, see --help", args->words[0]);
        return command_failed(EXIT_USAGE, &err);
    }
    if (!setup_load(&setup, args, NULL, &err)) {
        return command_failed(EXIT_CONFIG, &err);
    }
    to.json = args->json ? json_array() : NULL;
    bool done = codes_file_each(setup.codes, on_entry, &to, &err);
    if (done && to.json != NULL) {
        json_dumpf(to.json, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(to.json);
    free(to.area_of);
    setup_release(&setup);
    return done ? EXIT_DONE : command_failed(EXIT_FAILED, &err);
}
