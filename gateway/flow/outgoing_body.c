#include "flow/outgoing_body.h"

#include <expat.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "view/mustache.h"

enum { FILE_BYTES_MAX = 4 << 20, BODY_BYTES_MAX = 1 << 20 };

struct outgoing_body {
    enum body_kind kind;
    struct mustache *template; /* NULL: the CloudEvent itself */
    json_t *risks, *areas;     /* maps, borrowed from maps; NULL: none */
    json_t *maps;
};

/* What a body template may name: the CloudEvent (contract §8) and what the maps add. */
static const char *const names[] = {
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "data",
    "data.receipt",
    "data.version",
    "data.area",
    "data.area.id",
    "data.area.code",
    "data.area.path",
    "data.area.mapped",
    "data.source",
    "data.placement",
    "data.filed_by",
    "data.role",
    "data.name",
    "data.id_number",
    "data.phone",
    "data.risks",
    "data.mapped_risks",
    "data.mapped_risks.slug",
    "data.mapped_risks.code",
    "data.detail",
    "data.disaster",
    "data.urgent",
    "data.submitted_at",
    "data.helper",
    "data.helper.name",
    "data.helper.phone",
    "data.consent",
    "data.consent.version",
    "data.consent.at",
    "data.consent.sensitive",
    "data.consent.sensitive_at",
    "data.form",
    "data.form.id",
    "data.form.version",
    "data.flags",
    "data.extra",
    "data.transferred",
    "data.transferred.from",
    "data.transferred.to",
    "data.transferred.public_note",
    "data.merged",
    "data.merged.leader",
    "data.merged.decision",
    "data.merged.reason",
    "data.merged.step",
    "data.merged.outcome",
    "data.merged.public_note",
    "data.withdrawn",
    "data.withdrawn.decision",
    "data.withdrawn.reason",
    "data.withdrawn.step",
    "data.withdrawn.outcome",
    "data.withdrawn.public_note",
    "data.step",
    "data.step.step",
    "data.step.outcome",
    "data.step.public_note",
    "data.decided",
    "data.decided.decision",
    "data.decided.reason",
    "data.decided.category",
    "data.decided.members",
    "data.decided.step",
    "data.decided.outcome",
    "data.decided.public_note",
    "first",
    "last",
    NULL,
};

static bool missing(struct err *err, const char *file, const char *map, struct str key)
{
    return err_set(err, "%s: %s: no entry for %.*s", file, map, STR_ARG(key));
}

static bool check_risks(const struct outgoing_body *body, const struct setup *setup,
                        struct err *err)
{
    const struct form_field *field = form_field(setup->form, STR("risk"));
    for (size_t i = 0; field != NULL && i < field->option_count; i++) {
        const char *slug = field->options[i].value;
        if (!json_is_string(json_object_get(body->risks, slug))) {
            return missing(err, setup->options.upstream.maps_file, "risks", str_of(slug));
        }
    }
    return true;
}

static bool check_areas(const struct outgoing_body *body, const struct setup *setup,
                        struct err *err)
{
    for (area_index i = 0; i < areas_count(setup->areas); i++) {
        struct str id = area_id(setup->areas, i);
        if (area_takes_reports(setup->areas, i) &&
            !json_is_string(json_object_getn(body->areas, id.at, id.len))) {
            return missing(err, setup->options.upstream.maps_file, "areas", id);
        }
    }
    return true;
}

static bool load_maps(struct outgoing_body *body, const struct setup *setup, struct err *err)
{
    const char *file = setup->options.upstream.maps_file;
    json_error_t error;
    struct buf text;
    if (file[0] == '\0') {
        return true;
    }
    buf_init(&text, FILE_BYTES_MAX);
    if (!file_read(file, &text, err)) {
        buf_release(&text);
        return false;
    }
    body->maps = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &error);
    buf_release(&text);
    if (!json_is_object(body->maps)) {
        return err_set(err, "%s:%d: %s", file, error.line,
                       body->maps ? "not an object" : error.text);
    }
    const char *key;
    json_t *value;
    json_object_foreach(body->maps, key, value)
    {
        bool known = strcmp(key, "risks") == 0 || strcmp(key, "areas") == 0;
        if (!known || !json_is_object(value)) {
            return err_set(err, "%s: %s: risks and areas are known, each an object", file, key);
        }
    }
    body->risks = json_object_get(body->maps, "risks");
    body->areas = json_object_get(body->maps, "areas");
    return (body->risks == NULL || check_risks(body, setup, err)) &&
           (body->areas == NULL || check_areas(body, setup, err));
}

static bool load_template(struct outgoing_body *body, const struct setup *setup, struct err *err)
{
    static const enum mustache_escape escapes[] = {
        [BODY_JSON] = MUSTACHE_JSON, [BODY_FORM] = MUSTACHE_FORM, [BODY_XML] = MUSTACHE_XML};
    const char *file = setup->options.upstream.body_template;
    const struct mustache_options options = {
        .escape = escapes[body->kind], .strict = true, .names = names, .item_marks = true};
    struct buf text;
    if (file[0] == '\0') {
        return true;
    }
    buf_init(&text, FILE_BYTES_MAX);
    if (file_read(file, &text, err)) {
        body->template = mustache_compile(buf_str(&text), file, &options, err);
    }
    buf_release(&text);
    return body->template != NULL;
}

struct outgoing_body *outgoing_body_load(const struct setup *setup, struct err *err)
{
    struct outgoing_body *body = mem_alloc(sizeof *body);
    struct str kind = str_of(setup->options.upstream.body_kind);
    body->kind = str_is(kind, "form") ? BODY_FORM : str_is(kind, "xml") ? BODY_XML : BODY_JSON;
    if (!load_maps(body, setup, err) || !load_template(body, setup, err)) {
        outgoing_body_free(&body);
    }
    return body;
}

void outgoing_body_free(struct outgoing_body **body)
{
    if (*body != NULL) {
        mustache_free(&(*body)->template);
        json_decref((*body)->maps);
        free(*body);
        *body = NULL;
    }
}

const char *outgoing_body_type(const struct outgoing_body *body)
{
    static const char *const types[] = {
        [BODY_JSON] = "application/json",
        [BODY_FORM] = "application/x-www-form-urlencoded",
        [BODY_XML] = "application/xml; charset=utf-8",
    };
    return body->template ? types[body->kind] : "application/cloudevents+json";
}

static void add_mapped(const struct outgoing_body *body, json_t *event)
{
    json_t *data = json_object_get(event, "data");
    json_t *area = json_object_get(data, "area");
    json_t *mapped = json_array();
    size_t i;
    json_t *slug;
    json_array_foreach(json_object_get(data, "risks"), i, slug)
    {
        json_t *code = json_object_get(body->risks, json_string_value(slug));
        json_array_append_new(mapped,
                              json_pack("{s:O, s:O}", "slug", slug, "code", code ? code : slug));
    }
    json_object_set_new(data, "mapped_risks", mapped);
    const char *id = json_string_value(json_object_get(area, "id"));
    json_t *code = id ? json_object_get(body->areas, id) : NULL;
    json_object_set(area, "mapped", code ? code : json_object_get(area, "id"));
}

static bool form_readable(struct str text)
{
    struct str rest = text;
    struct str pair;
    struct buf plain;
    bool good = text.len > 0;
    while (good && str_next(&rest, '&', &pair)) {
        buf_init(&plain, BODY_BYTES_MAX);
        good = str_find_char(pair, '=') > 0 && unescape_url(&plain, pair, true) &&
               utf8_valid(buf_str(&plain));
        buf_release(&plain);
    }
    return good;
}

static bool xml_readable(struct str text)
{
    XML_Parser parser = XML_ParserCreate(NULL);
    CHECK(parser != NULL);
    bool good = XML_Parse(parser, text.at, (int)text.len, 1) == XML_STATUS_OK;
    XML_ParserFree(parser);
    return good;
}

static bool readable(enum body_kind kind, struct str text)
{
    if (kind == BODY_FORM) {
        return form_readable(text);
    }
    if (kind == BODY_XML) {
        return xml_readable(text);
    }
    json_t *json = json_loadb(text.at ? text.at : "", text.len, JSON_DECODE_ANY, NULL);
    json_decref(json);
    return json != NULL;
}

/* An editor leaves a newline at the end of a template; in a form body it would belong to the last value. */
static struct str without_last_newline(struct str text)
{
    while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r')) {
        text.len--;
    }
    return text;
}

bool outgoing_body_make(const struct outgoing_body *body, struct str cloud_event, struct buf *to,
                        struct err *err)
{
    if (body->template == NULL) {
        buf_put(to, cloud_event);
        return buf_ok(to);
    }
    struct buf text;
    json_t *event = json_loadb(cloud_event.at, cloud_event.len, 0, NULL);
    if (event == NULL) {
        return err_set(err, "the event is not JSON");
    }
    add_mapped(body, event);
    buf_init(&text, BODY_BYTES_MAX);
    bool made = mustache_render(body->template, event, &text);
    struct str result = without_last_newline(buf_str(&text));
    if (made && !readable(body->kind, result)) {
        made = err_set(err, "upstream.body_template: the result cannot be read as %s",
                       outgoing_body_type(body));
    } else if (!made) {
        err_set(err, "upstream.body_template: the result is too large");
    }
    if (made) {
        buf_put(to, result);
        made = buf_ok(to);
    }
    if (text.at != NULL) {
        explicit_bzero(text.at, text.room);
    }
    buf_release(&text);
    json_decref(event);
    return made;
}
