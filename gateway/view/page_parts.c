/* What pages have in common: putting texts into a page's data, the place, the notice. */
#include <string.h>

#include "view/pages_inside.h"

void page_put(json_t *object, const char *name, const char *text)
{
    json_t *value = json_string(text ? text : "");
    /* json_string refuses what is not UTF-8: such bytes are shown to nobody */
    json_object_set_new(object, name, value ? value : json_string(""));
}

void page_put_bool(json_t *object, const char *name, bool value)
{
    json_object_set_new(object, name, json_boolean(value));
}

const char *page_site_text(const struct pages *pages, const char *name)
{
    return json_string_value(json_object_get(pages->site, name));
}

void page_put_filled(const struct pages *pages, json_t *object, const char *name, const char *key,
                     const struct catalog_value *values)
{
    enum { VALUES_MAX = 16 };
    struct catalog_value all[VALUES_MAX] = {
        {"authority", page_site_text(pages, "authority")},
        {"hotline", page_site_text(pages, "hotline")},
        {"upstream_name", page_site_text(pages, "upstream_name")},
    };
    size_t count = 3;
    struct buf text;
    for (; values != NULL && values->name != NULL; values++) {
        CHECK(count + 1 < VALUES_MAX);
        all[count++] = *values;
    }
    buf_init(&text, PAGES_TEXT_BYTES_MAX);
    catalog_fill(pages->catalog, key, all, &text);
    page_put(object, name, buf_text(&text));
    buf_release(&text);
}

void page_put_fault(const struct pages *pages, json_t *faults, const char *href, const char *key)
{
    json_t *one = json_object();
    page_put(one, "href", href);
    page_put_filled(pages, one, "text", key, NULL);
    json_array_append_new(faults, one);
}

void page_tel(const char *phone, char ret_tel[PAGES_TEL_BYTES])
{
    size_t len = 0;
    for (; phone != NULL && *phone != '\0' && len + 1 < PAGES_TEL_BYTES; phone++) {
        bool dialled = (*phone >= '0' && *phone <= '9') || (*phone == '+' && len == 0);
        if (dialled) {
            ret_tel[len++] = *phone;
        }
    }
    ret_tel[len] = '\0';
}

json_t *page_begin(const struct pages *pages, const char *title_key, bool error, bool drill)
{
    CHECK_OBJ(pages, PAGES_MAGIC);
    json_t *page = json_object();
    json_object_set(page, "t", catalog_json(pages->catalog));
    json_object_set(page, "site", pages->site);
    page_put(page, "title", catalog_text(pages->catalog, title_key));
    page_put_bool(page, "error", error);
    page_put_bool(page, "drill", drill);
    return page;
}

bool page_end(const struct pages *pages, enum page_kind kind, json_t *page, struct buf *to)
{
    bool rendered = mustache_render(pages->templates[kind], page, to);
    json_decref(page);
    return rendered;
}

void page_put_place(const struct pages *pages, json_t *page, const struct page_place *in)
{
    char tel[PAGES_TEL_BYTES];
    json_t *place = json_object();
    page_tel(in->phone, tel);
    const char *shown = tel[0] ? in->phone : page_site_text(pages, "hotline");
    bool contact = tel[0] != '\0' && in->contact != NULL && in->contact[0] != '\0';
    const struct catalog_value values[] = {
        {"old", in->merged_from}, {"new", in->village}, {NULL, NULL}};
    struct buf call;
    buf_init(&call, 512);
    page_put(place, "town", in->town);
    page_put(place, "village", in->village);
    page_put(place, "other_href", in->other_href);
    buf_printf(&call, "%s%s%s", contact ? in->contact : "", contact ? " " : "", shown);
    page_put(place, "call_tel", tel[0] ? tel : page_site_text(pages, "hotline_tel"));
    page_put(place, "call_shown", buf_text(&call));
    buf_release(&call);
    page_put(place, "merged", "");
    if (in->merged_from != NULL && in->merged_from[0] != '\0') {
        page_put_filled(pages, place, "merged", "place.merged", values);
    }
    json_object_set_new(page, "place", place);
}

/* A line of the text is a paragraph. */
void page_put_notice(const struct pages *pages, json_t *page, const struct page_place *place)
{
    const struct catalog_value values[] = {
        {"town", place->town}, {"village", place->village}, {NULL, NULL}};
    struct buf text;
    struct str line;
    json_t *lines = json_array();
    buf_init(&text, PAGES_TEXT_BYTES_MAX);
    catalog_fill_text(pages->notice, values, &text);
    struct str rest = buf_str(&text);
    while (str_next(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.len > 0) {
            json_array_append_new(lines, json_stringn(line.at, line.len));
        }
    }
    json_object_set_new(page, "notice", lines);
    buf_release(&text);
}
