/* Lists of places, and the pages that are a sentence and a way on. */
#include <stdio.h>
#include <string.h>

#include "view/pages_inside.h"

static json_t *item_view(const struct page_list_item *in)
{
    json_t *item = json_object();
    page_put(item, "href", in->href);
    page_put(item, "name", in->name);
    page_put(item, "note", in->note);
    return item;
}

bool pages_list(const struct pages *pages, const struct page_list *in, struct buf *to)
{
    const struct catalog_value values[] = {
        {"above", in->above}, {"old", in->merged_from}, {"new", in->above}, {NULL, NULL}};
    bool merged = in->merged_from != NULL && in->merged_from[0] != '\0';
    json_t *page = page_begin(pages, in->of_towns ? "list.towns" : "list.villages", false,
                              in->drill);
    json_t *items = json_array();
    for (size_t i = 0; i < in->item_count; i++) {
        json_array_append_new(items, item_view(&in->items[i]));
    }
    page_put_filled(pages, page, "heading", in->of_towns ? "list.towns_of" : "list.villages_of",
                    values);
    page_put(page, "hint", catalog_text(pages->catalog, "list.hint"));
    page_put(page, "merged", "");
    if (merged) {
        page_put_filled(pages, page, "merged", "place.merged", values);
    }
    page_put(page, "back_href", in->back_href);
    json_object_set_new(page, "items", items);
    return page_end(pages, PAGE_LIST, page, to);
}

/* An unknown name is answered with the most general words: a message page must never fail. */
static const char *message_text(const struct pages *pages, const char *name, const char *part,
                                char ret_key[64])
{
    snprintf(ret_key, 64, "message.%s.%s", name, part);
    if (!catalog_has(pages->catalog, ret_key)) {
        snprintf(ret_key, 64, "message.error.%s", part);
    }
    return ret_key;
}

bool pages_message(const struct pages *pages, const struct page_message *in, struct buf *to)
{
    char key[64];
    json_t *page = page_begin(pages, message_text(pages, in->name, "title", key), false, false);
    const char *href = in->href != NULL && in->href[0] != '\0' ? in->href : "/";
    bool progress = strcmp(href, "/progress") == 0;
    page_put_filled(pages, page, "text", message_text(pages, in->name, "text", key), NULL);
    page_put_filled(pages, page, "next", message_text(pages, in->name, "next", key), NULL);
    page_put(page, "hint", in->hint);
    page_put(page, "href", href);
    page_put(page, "href_label",
             catalog_text(pages->catalog, progress ? "message.to_progress" : "message.to_form"));
    return page_end(pages, PAGE_MESSAGE, page, to);
}
