/* The way to a form without a village's own code: towns, then villages; two taps, no script. */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "web/app.h"
#include "web/place.h"
#include "web/send.h"

enum { LIST_ITEMS_MAX = 4096, HREF_BYTES = CODE_TEXT_BYTES + 4 };

struct list {
    const struct web *web;
    struct code code;
    struct page_list_item *items;
    char (*hrefs)[HREF_BYTES];
    char (*names)[PLACE_NAME_BYTES];
    size_t count;
};

static void list_add(struct list *list, area_index area)
{
    const struct areas *areas = list->web->setup->areas;
    struct code code = list->code;
    char text[CODE_TEXT_BYTES];
    if (list->count == LIST_ITEMS_MAX) {
        return;
    }
    snprintf(code.area, sizeof code.area, "%.*s", STR_ARG(area_id(areas, area)));
    code_make(&list->web->setup->keyring, &code, text);
    snprintf(list->hrefs[list->count], HREF_BYTES, "/V/%s", text);
    place_name(areas, area, list->names[list->count]);
    list->items[list->count] = (struct page_list_item){
        .href = list->hrefs[list->count],
        .name = list->names[list->count],
        .note = "",
    };
    list->count++;
}

/* Below a town every place that takes reports, whatever districts lie between: two taps stay two taps. */
static void list_fill(struct list *list, area_index above, bool deep)
{
    const struct areas *areas = list->web->setup->areas;
    for (size_t i = 0; i < area_child_count(areas, above); i++) {
        area_index child = area_child(areas, above, i);
        if (deep && !area_takes_reports(areas, child)) {
            list_fill(list, child, true);
        } else {
            list_add(list, child);
        }
    }
}

void farmer_list(struct web *web, struct exchange *exchange, area_index above,
                 const struct code *code, const char *merged_from)
{
    const struct areas *areas = web->setup->areas;
    char name[PLACE_NAME_BYTES];
    struct list list = {
        .web = web,
        .code = *code,
        .items = mem_array(LIST_ITEMS_MAX, sizeof *list.items),
        .hrefs = mem_array(LIST_ITEMS_MAX, sizeof *list.hrefs),
        .names = mem_array(LIST_ITEMS_MAX, sizeof *list.names),
    };
    bool of_towns = above == AREA_NONE || area_level(areas, above) < AREA_TOWN;
    list_fill(&list, above, !of_towns);
    place_name(areas, above, name);
    const struct page_list page = {
        .above = name,
        .of_towns = of_towns,
        .items = list.items,
        .item_count = list.count,
        .drill = code->drill,
        .merged_from = merged_from,
        .back_href = of_towns ? "" : "/",
    };
    struct buf html;
    buf_init(&html, PAGE_BYTES_MAX);
    bool rendered = pages_list(web->setup->pages, &page, &html);
    CHECK(rendered);
    send_page(web, exchange, 200, &html);
    buf_release(&html);
    free(list.items);
    free(list.hrefs);
    free(list.names);
}

void farmer_root(struct exchange *exchange, void *arg)
{
    struct web *web = arg;
    const struct code code = {.placement = CODE_LIST};
    CHECK_OBJ(web, WEB_MAGIC);
    farmer_list(web, exchange, areas_root(web->setup->areas), &code, "");
}
