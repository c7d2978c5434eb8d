/* What the household can do on its page: plain forms under the steps. One that was sent and not taken stands open, with everything typed. */
#include <stdio.h>
#include <string.h>

#include "view/pages_inside.h"

static bool is_sent(const struct page_acts *acts, const char *name)
{
    return strcmp(acts->open, name) == 0;
}

/* The summary above the page, each line linked to its field in the form that was sent. */
static void put_faults(const struct pages *pages, json_t *page, const struct page_acts *acts)
{
    json_t *faults = json_array();
    for (size_t i = 0; acts->show_faults && i < acts->answers->fault_count; i++) {
        form_view_fault(pages, faults, &acts->answers->faults[i]);
    }
    for (size_t i = 0; is_sent(acts, "object") && i < json_array_size(faults); i++) {
        json_t *one = json_array_get(faults, i);
        json_object_set(json_object_get(page, "object"), "detail_fault",
                        json_object_get(one, "text"));
        page_put(one, "href", "#o-detail");
    }
    if (acts->add_empty) {
        page_put_fault(pages, faults, "#f-risk", "acts.add_empty");
    }
    if (acts->last4_fault != NULL) {
        char href[24];
        snprintf(href, sizeof href, "#l-%s", acts->open);
        page_put_fault(pages, faults, href, acts->last4_fault);
    }
    page_put_bool(page, "has_faults", json_array_size(faults) > 0);
    json_object_set_new(page, "faults", faults);
}

/* A form that asks for the last four characters too; false where it is not allowed. */
static json_t *put_form(const struct pages *pages, json_t *page, const struct page_acts *acts,
                        const char *name, bool allowed)
{
    json_t *form = allowed ? json_object() : json_false();
    bool sent = is_sent(acts, name);
    bool wrong = sent && acts->last4_fault != NULL;
    char id[24];
    json_object_set_new(page, name, form);
    if (allowed) {
        snprintf(id, sizeof id, "l-%s", name);
        page_put(form, "id", id);
        page_put_bool(form, "open", sent);
        page_put(form, "last4", sent ? acts->last4 : "");
        page_put(form, "wrong", wrong ? catalog_text(pages->catalog, acts->last4_fault) : "");
    }
    return form;
}

static void put_add(const struct pages *pages, json_t *page, const struct page_acts *acts)
{
    bool sent = is_sent(acts, "add");
    const struct page_form form = {.answers = sent ? acts->answers : NULL,
                                   .show_faults = sent && acts->show_faults};
    json_t *add = put_form(pages, page, acts, "add", acts->add);
    if (acts->add) {
        page_put_bool(add, "open", sent || acts->add_first);
        form_view_addition(pages, page, &form);
    } else {
        json_object_set_new(page, "fields", json_array());
    }
}

static void put_object(const struct pages *pages, json_t *page, const struct page_acts *acts)
{
    json_t *object = put_form(pages, page, acts, "object", acts->object);
    bool sent = is_sent(acts, "object") && acts->answers != NULL;
    if (acts->object) {
        const json_t *typed = sent ? json_object_get(acts->answers->typed, "detail") : NULL;
        page_put(object, "detail", json_string_value(typed));
        page_put(object, "detail_fault", "");
    }
}

static void put_visit(json_t *page, const struct page_acts *acts)
{
    page_put_bool(page, "visit", acts->visited || acts->not_visited);
    page_put_bool(page, "visited", acts->visited);
    page_put_bool(page, "not_visited", acts->not_visited);
    page_put(page, "visit_said", acts->visit_said);
}

static bool is_there(const json_t *page, const char *name)
{
    return json_string_length(json_object_get(page, name)) > 0;
}

void page_put_acts(const struct pages *pages, json_t *page, const struct page_acts *in)
{
    static const struct page_acts none = {.action = "", .open = ""};
    const struct page_acts *acts = in != NULL ? in : &none;
    char tel[PAGES_TEL_BYTES];
    page_tel(acts->call_phone, tel);
    page_put(page, "action", acts->action);
    page_put(page, "problem", acts->problem);
    page_put_bool(page, "nudge", acts->nudge);
    page_put(page, "nudge_when", acts->nudge_when);
    page_put(page, "by_receipt", acts->by_receipt);
    page_put(page, "call_tel", tel);
    page_put(page, "call_shown", tel[0] ? acts->call_phone : "");
    put_visit(page, acts);
    put_add(pages, page, acts);
    put_object(pages, page, acts);
    json_t *withdraw = put_form(pages, page, acts, "withdraw", acts->withdraw);
    if (acts->withdraw) {
        page_put(withdraw, "hint", acts->withdraw_hint);
    }
    put_faults(pages, page, acts);
    page_put_bool(page, "has_acts",
                  acts->visited || acts->not_visited || acts->nudge || acts->add ||
                      acts->withdraw || acts->object || tel[0] != '\0' ||
                      is_there(page, "nudge_when") || is_there(page, "by_receipt"));
}
