#include "qr/setup.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

#define CONF_DEFAULT "/etc/mashang/mashang.conf"

enum { AREAS_BYTES_MAX = 128 << 20 };

static struct areas *areas_read(const char *path, struct err *err)
{
    struct buf text;
    struct areas *areas = NULL;
    buf_init(&text, AREAS_BYTES_MAX);
    if (file_read(path, &text, err)) {
        areas = areas_load(buf_str(&text), path, err);
    }
    buf_release(&text);
    return areas;
}

static bool load(struct setup *ret, const struct args *args, const char *conf,
                 const char *areas_file, struct err *err)
{
    if (!options_load(&ret->options, conf, args->settings, args->setting_count, err)) {
        return false;
    }
    const struct options *options = &ret->options;
    bool loaded = keyring_load(&ret->keyring, options->crypto.keyring_file, err) ||
                  err_prefix(err, "crypto.keyring_file: ");
    if (loaded) {
        ret->areas = areas_read(areas_file ? areas_file : options->areas.file, err);
        ret->codes = ret->areas ? codes_file_open(options->areas.codes, err) : NULL;
        loaded = ret->codes != NULL;
    }
    if (!loaded) {
        setup_release(ret);
    }
    return loaded;
}

bool setup_load(struct setup *ret, const struct args *args, const char *areas_file, struct err *err)
{
    const char *conf = args->conf;
    *ret = (struct setup){0};
    if (conf == NULL && access(CONF_DEFAULT, F_OK) == 0) {
        conf = CONF_DEFAULT;
    }
    if (load(ret, args, conf, areas_file, err)) {
        return true;
    }
    if (conf == NULL) {
        struct err why = *err;
        err_set(err, "%s (no -c FILE given; make run writes var/run/mashang.conf)", why.text);
    }
    return false;
}

void setup_release(struct setup *setup)
{
    codes_file_close(&setup->codes);
    areas_free(&setup->areas);
    keyring_wipe(&setup->keyring);
    options_release(&setup->options);
}

bool setup_area(const struct setup *setup, struct str id, area_index *ret, struct err *err)
{
    const char *file = setup->options.areas.file;
    struct str old_name;
    area_index area = areas_find(setup->areas, id);
    if (area == AREA_NONE) {
        area_index now = areas_resolve(setup->areas, id, &old_name);
        if (now == AREA_NONE) {
            return err_set(err, "%s: area %.*s is unknown", file, STR_ARG(id));
        }
        return err_set(err, "%s: area %.*s was merged, print for %.*s %.*s", file, STR_ARG(id),
                       STR_ARG(area_id(setup->areas, now)), STR_ARG(area_shown(setup->areas, now)));
    }
    if (area_level(setup->areas, area) < AREA_COUNTY) {
        return err_set(err, "area %.*s is a %s, allowed are county and below", STR_ARG(id),
                       area_level_name(area_level(setup->areas, area)));
    }
    *ret = area;
    return true;
}

void setup_link(const struct setup *setup, const struct code *code, struct buf *ret_link)
{
    char text[CODE_TEXT_BYTES];
    code_make(&setup->keyring, code, text);
    buf_printf(ret_link, "%s/V/%s", setup->options.site.base_url, text);
}

void setup_path(const struct setup *setup, area_index area, struct buf *to)
{
    area_index path[AREA_DEPTH_MAX];
    size_t count = area_path(setup->areas, area, path);
    for (size_t i = 0; i < count; i++) {
        buf_puts(to, i ? " " : "");
        buf_put(to, area_shown(setup->areas, path[i]));
    }
}
