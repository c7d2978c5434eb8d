#include "flow/setup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "flow/served.h"
#include "flow/setup_texts.h"

enum {
    TEXT_BYTES_MAX = 4 << 20,
    AREAS_BYTES_MAX = 256 << 20,
    SECRET_BYTES_MAX = 4096,
    SECRET_KEY_MIN = 24,
    SECRET_KEY_MAX = 64,
    PATH_BYTES = 4096
};

void setup_warn(struct setup *setup, const char *text)
{
    size_t most = sizeof setup->warnings / sizeof setup->warnings[0];
    if (setup->warning_count < most) {
        snprintf(setup->warnings[setup->warning_count++], sizeof setup->warnings[0], "%s", text);
    }
}

static bool read_text(const char *path, size_t bytes_max, struct buf *to, struct err *err)
{
    buf_init(to, bytes_max);
    return file_read(path, to, err);
}

/* Templates lie in [forms] dir; a path that says where it is goes unchanged. */
static void in_templates(const struct options *options, const char *name, char ret_path[PATH_BYTES])
{
    snprintf(ret_path, PATH_BYTES, "%s/%s", options->forms.dir, name);
}

static bool load_keyring(struct setup *setup, struct err *err)
{
    return keyring_load(&setup->keyring, setup->options.crypto.keyring_file, err);
}

static void add_bucket(struct setup *setup, bool seen[BUCKETS], unsigned bucket)
{
    if (!seen[bucket]) {
        seen[bucket] = true;
        setup->buckets[setup->bucket_count++] = (unsigned char)bucket;
    }
}

/* Where reports may lie: also in the bucket of a county that went into another. */
static void find_buckets(struct setup *setup)
{
    bool seen[BUCKETS] = {false};
    struct area_old_walk walk = {.areas = setup->areas, .area = AREA_NONE};
    struct area_old old;
    for (area_index i = 0; i < areas_count(setup->areas); i++) {
        if (area_takes_reports(setup->areas, i)) {
            add_bucket(setup, seen, area_bucket(setup->areas, i));
        }
    }
    while (area_old_next(&walk, &old)) {
        add_bucket(setup, seen, old.bucket);
    }
}

static bool load_areas(struct setup *setup, struct err *err)
{
    struct buf text;
    if (read_text(setup->options.areas.file, AREAS_BYTES_MAX, &text, err)) {
        setup->areas = areas_load(buf_str(&text), setup->options.areas.file, err);
    }
    buf_release(&text);
    if (setup->areas == NULL) {
        return false;
    }
    find_buckets(setup);
    return served_add(setup, err);
}

/* CN-2026.csv */
bool setup_is_calendar_file(const char *name)
{
    return strlen(name) == 11 && strncmp(name, "CN-", 3) == 0 && strcmp(name + 7, ".csv") == 0;
}

static bool load_calendar_folder(struct setup *setup, DIR *folder, struct err *err)
{
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char path[PATH_BYTES];
        struct buf text;
        if (!setup_is_calendar_file(entry->d_name)) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", setup->options.areas.calendar, entry->d_name);
        bool read = read_text(path, TEXT_BYTES_MAX, &text, err) &&
                    calendar_add(setup->calendar, buf_str(&text), path, err);
        buf_release(&text);
        if (!read) {
            return false;
        }
    }
    return true;
}

static bool load_calendar(struct setup *setup, struct err *err)
{
    setup->calendar = calendar_new();
    if (setup->options.areas.calendar[0] != '\0') {
        DIR *folder = opendir(setup->options.areas.calendar);
        if (folder == NULL) {
            return err_set(err, "%s: areas.calendar: %s", setup->options.areas.calendar,
                           strerror(errno));
        }
        bool read = load_calendar_folder(setup, folder, err);
        closedir(folder);
        if (!read) {
            return false;
        }
    }
    int year = calendar_year_missing(setup->calendar, date_of_ms(clock_wall_ms()));
    if (year != 0) {
        char text[256];
        snprintf(text, sizeof text,
                 "areas.calendar: no CN-%d.csv: weekends and the 13 statutory days are used", year);
        setup_warn(setup, text);
    }
    return true;
}

static bool load_procedures(struct setup *setup, struct err *err)
{
    setup->procedures = procedures_load(&setup->options, err);
    setup->procedure = setup->procedures ? procedures_main(setup->procedures) : NULL;
    return setup->procedures != NULL;
}

static bool check_texts(const struct setup *setup, struct err *err)
{
    for (size_t i = 0; setup_texts[i] != NULL; i++) {
        if (!catalog_has(setup->catalog, setup_texts[i])) {
            return err_set(err, "catalogs/%s.json: %s: missing", setup->options.site.locale,
                           setup_texts[i]);
        }
    }
    return true;
}

static bool load_catalog(struct setup *setup, struct err *err)
{
    char name[128];
    char path[PATH_BYTES];
    struct buf text;
    snprintf(name, sizeof name, "catalogs/%.64s.json", setup->options.site.locale);
    in_templates(&setup->options, name, path);
    if (read_text(path, TEXT_BYTES_MAX, &text, err)) {
        setup->catalog = catalog_load(buf_str(&text), path, err);
    }
    buf_release(&text);
    return setup->catalog != NULL && check_texts(setup, err);
}

static bool load_help(struct setup *setup, struct err *err)
{
    char path[PATH_BYTES];
    struct buf text;
    in_templates(&setup->options, "help.json", path);
    if (read_text(path, TEXT_BYTES_MAX, &text, err)) {
        setup->help = help_load(buf_str(&text), path, err);
    }
    buf_release(&text);
    return setup->help != NULL;
}

static bool load_pushes(struct setup *setup, struct err *err)
{
    const char *path = setup->options.forms.pushes;
    struct buf text;
    if (read_text(path, TEXT_BYTES_MAX, &text, err)) {
        setup->pushes = pushes_load(buf_str(&text), path, err);
    }
    buf_release(&text);
    for (size_t i = 0; setup->pushes != NULL && i < setup->pushes->count; i++) {
        const char *org = setup->pushes->at[i].org;
        const char *known = intake_org(setup->intake, str_of(org));
        if (known == NULL || strcmp(known, org) != 0) {
            return err_set(err, "%s: /pushes/%zu/org: %s: intake.json has no such org", path, i,
                           org);
        }
    }
    return setup->pushes != NULL;
}

/* Findings that come by other ways name the form's risks. */
static bool load_intake(struct setup *setup, struct err *err)
{
    char path[PATH_BYTES];
    struct buf text;
    in_templates(&setup->options, "intake.json", path);
    if (read_text(path, TEXT_BYTES_MAX, &text, err)) {
        setup->intake = intake_rules_load(buf_str(&text), path, setup->form, err);
    }
    buf_release(&text);
    return setup->intake != NULL && load_pushes(setup, err);
}

static bool load_form(struct setup *setup, struct err *err)
{
    char path[PATH_BYTES];
    struct buf text;
    in_templates(&setup->options, "forms/report.json", path);
    if (read_text(path, TEXT_BYTES_MAX, &text, err)) {
        setup->form = form_load(buf_str(&text), path, err);
    }
    buf_release(&text);
    return setup->form != NULL && load_intake(setup, err);
}

static bool load_pages(struct setup *setup, struct err *err)
{
    const struct options *options = &setup->options;
    struct buf notice;
    buf_init(&notice, TEXT_BYTES_MAX);
    if (options->site.privacy_file[0] != '\0' &&
        !file_read(options->site.privacy_file, &notice, err)) {
        buf_release(&notice);
        return false;
    }
    /* pages_load copies nothing of the site: the notice lives as long as the setup */
    setup->notice = buf_take(&notice);
    const struct pages_site site = {
        .title = options->site.title,
        .authority = options->site.authority,
        .hotline = options->site.hotline,
        .icp = options->site.icp,
        .police_beian = options->site.police_beian,
        .upstream_name = options->site.upstream_name,
        .decided_days = (int)options->retention.decided_days,
        .notice = setup->notice,
        .risks_first = options->forms.risks_first,
    };
    setup->pages = pages_load(options->forms.dir, setup->catalog, setup->form, &site, err);
    return setup->pages != NULL;
}

bool setup_read_secret(const char *path, char **ret_bytes, size_t *ret_len, struct err *err)
{
    struct buf text;
    struct buf key;
    buf_init(&text, SECRET_BYTES_MAX);
    buf_init(&key, SECRET_BYTES_MAX);
    bool read = file_read(path, &text, err);
    struct str line = buf_str(&text);
    if (read && line.len > 0 && line.at[line.len - 1] == '\n') {
        line.len--;
    }
    if (read && (!str_starts(line, STR("whsec_")) || !base64_parse(&key, str_from(line, 6)) ||
                 key.len < SECRET_KEY_MIN || key.len > SECRET_KEY_MAX)) {
        read = err_set(err, "%s: not a secret: one line whsec_ + base64 of %d to %d bytes", path,
                       SECRET_KEY_MIN, SECRET_KEY_MAX);
    }
    if (text.at != NULL) {
        explicit_bzero(text.at, text.room);
    }
    buf_release(&text);
    if (read) {
        *ret_len = key.len;
        *ret_bytes = buf_take(&key);
    } else if (key.at != NULL) {
        explicit_bzero(key.at, key.room);
    }
    buf_release(&key);
    return read;
}

/* A secret that everybody on the machine can read is none; unlike with the keyring, systems that run so go on. */
static void warn_of_open_secrets(struct setup *setup)
{
    const struct options *options = &setup->options;
    const struct {
        const char *key, *path;
    } files[] = {{"redis.password_file", options->redis.password_file},
                 {"upstream.secret_file", options->upstream.secret_file},
                 {"upstream.callback_secret_file", options->upstream.callback_secret_file},
                 {"upstream.token_body_file", options->upstream.token_body_file},
                 {"upstream.client_key", options->upstream.client_key}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct stat at;
        char text[256];
        if (files[i].path[0] != '\0' && stat(files[i].path, &at) == 0 &&
            (at.st_mode & S_IROTH) != 0) {
            snprintf(text, sizeof text, "%s: %.120s: mode %04o lets everybody read it, use 0600",
                     files[i].key, files[i].path, (unsigned)(at.st_mode & 07777));
            setup_warn(setup, text);
        }
    }
}

static bool is_loopback(struct str url)
{
    return str_starts(url, STR("http://127.")) || str_starts(url, STR("http://localhost")) ||
           str_starts(url, STR("http://[::1]"));
}

static bool load_secrets(struct setup *setup, struct err *err)
{
    if (setup->options.upstream.url[0] == '\0') {
        setup_warn(setup, "upstream.url: empty: every event is held until there is an address");
    } else if (str_starts(str_of(setup->options.upstream.url), STR("http://")) &&
               !is_loopback(str_of(setup->options.upstream.url))) {
        setup_warn(setup, "upstream.url: http: ID numbers travel in clear; use https");
    }
    const struct options *options = &setup->options;
    struct buf text;
    buf_init(&text, SECRET_BYTES_MAX);
    bool read = options->redis.password_file[0] == '\0' ||
                file_read(options->redis.password_file, &text, err);
    struct str line = buf_str(&text);
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r')) {
        line.len--;
    }
    setup->redis_password = mem_dup_str(line);
    if (text.at != NULL) {
        explicit_bzero(text.at, text.room);
    }
    buf_release(&text);
    bool hooks = options->upstream.callback_secret_file[0] != '\0';
    if (hooks && str_is(str_of(options->progress.source), "console")) {
        hooks = false;
        setup_warn(setup,
                   "upstream.callback_secret_file: not used: [progress] source = console refuses "
                   "callbacks");
    }
    if (read && hooks) {
        read = setup_read_secret(options->upstream.callback_secret_file, &setup->hook_secret,
                                 &setup->hook_secret_len, err);
    }
    warn_of_open_secrets(setup);
    return read;
}

/* redis://HOST:PORT/DB */
static bool read_redis_url(struct setup *setup, struct err *err)
{
    struct str url = str_of(setup->options.redis.url);
    uint64_t database = 0;
    if (!str_starts(url, STR("redis://"))) {
        return true;
    }
    struct str host = str_from(url, STR("redis://").len);
    ptrdiff_t slash = str_find_char(host, '/');
    if (slash >= 0) {
        struct str number = str_from(host, (size_t)slash + 1);
        host = str_sub(host, 0, (size_t)slash);
        if (number.len > 0 && !str_to_u64(number, 15, &database)) {
            return err_set(err, "redis.url: database must be 0 to 15");
        }
    }
    if (str_find_char(host, ':') < 1 || host.len >= sizeof setup->redis_address) {
        return err_set(err, "redis.url: must be redis://HOST:PORT/DB with a numeric address");
    }
    snprintf(setup->redis_address, sizeof setup->redis_address, "%.*s", STR_ARG(host));
    setup->redis_database = (int64_t)database;
    return true;
}

struct setup *setup_load(struct options *take_options, struct err *err)
{
    static bool (*const parts[])(struct setup *, struct err *) = {
        load_keyring, load_areas, load_calendar, load_procedures, load_catalog,
        load_help,    load_form,  load_pages,    load_secrets,    read_redis_url,
    };
    struct setup *setup = mem_alloc(sizeof *setup);
    setup->options = *take_options;
    setup->loaded_ms = clock_wall_ms();
    *take_options = (struct options){0};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!parts[i](setup, err)) {
            setup_free(&setup);
            return NULL;
        }
    }
    return setup;
}

static void wipe_text(char **text, size_t len)
{
    if (*text != NULL) {
        explicit_bzero(*text, len);
        free(*text);
        *text = NULL;
    }
}

void setup_free(struct setup **setup_at)
{
    struct setup *setup = *setup_at;
    if (setup == NULL) {
        return;
    }
    help_free(&setup->help);
    pushes_free(&setup->pushes);
    intake_rules_free(&setup->intake);
    pages_free(&setup->pages);
    form_free(&setup->form);
    catalog_free(&setup->catalog);
    procedures_free(&setup->procedures);
    calendar_free(&setup->calendar);
    areas_free(&setup->areas);
    keyring_wipe(&setup->keyring);
    wipe_text(&setup->hook_secret, setup->hook_secret_len);
    wipe_text(&setup->redis_password, setup->redis_password ? strlen(setup->redis_password) : 0);
    free(setup->notice);
    options_release(&setup->options);
    free(setup);
    *setup_at = NULL;
}

void setup_store_options(const struct setup *setup, const char *private_address,
                         struct store_options *ret)
{
    const struct options *options = &setup->options;
    *ret = (struct store_options){
        .address = private_address,
        .user = options->redis.user,
        .password = setup->redis_password,
        .database = setup->redis_database,
        .durability = options->redis.durability,
        .timeout_ms = options->limits.accept_timeout_ms,
    };
    if (str_starts(str_of(options->redis.url), STR("unix:"))) {
        ret->address = options->redis.url;
    } else if (setup->redis_address[0] != '\0') {
        ret->address = setup->redis_address;
    }
}
