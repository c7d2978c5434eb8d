/*
 * pages_inside.h - what the files that make pages share; for view/pages.c, page_*.c and form_view.c only.
 *
 *   struct in ── page_begin (what every page has) ── texts and lists put into JSON ── page_end (render) ── HTML
 *
 * A name that a template may ask for is always put, empty or false when there is nothing: an absent one would be looked for further out.
 */
#ifndef VIEW_PAGES_INSIDE_H
#define VIEW_PAGES_INSIDE_H

#include "view/mustache.h"
#include "view/pages.h"

enum page_kind {
    PAGE_FORM,
    PAGE_CHECK,
    PAGE_LIST,
    PAGE_RECEIPT,
    PAGE_PROGRESS,
    PAGE_MESSAGE,
    PAGE_KINDS
};

enum { PAGES_MAGIC = 0x70616765, PAGES_TEXT_BYTES_MAX = 64 * 1024, PAGES_TEL_BYTES = 32 };

struct pages {
    unsigned magic;
    struct mustache *templates[PAGE_KINDS];
    const struct catalog *catalog;
    const struct form *form;
    json_t *site; /* the `site` member of every page */
    char *notice; /* with every value filled in but those of the place */
    char *risks_first;
    char style_hash[64];
    char version[17];
    char notice_version[17];
};

/* The names that the template of this page may use, besides t.…: templates/README.md lists them. */
const char *const *page_names(enum page_kind kind);
/* The texts of the catalog that this code asks for by name; NULL ends them. */
extern const char *const page_texts[];

/* The stylesheet as it stands in every page, with its tag; rules that depend on the form are added. */
bool page_style(const char *templates_dir, const struct form *form, struct buf *to,
                struct err *err) MUST_CHECK;

/* A new page with t, site, title, error and drill; the caller ends it with page_end. */
json_t *page_begin(const struct pages *pages, const char *title_key, bool error, bool drill);
/* Renders and frees. */
bool page_end(const struct pages *pages, enum page_kind kind, json_t *page,
              struct buf *to) MUST_CHECK;

void page_put(json_t *object, const char *name, const char *text); /* NULL: "" */
void page_put_bool(json_t *object, const char *name, bool value);
/* A text of the catalog with the site's and the given values filled in. */
void page_put_filled(const struct pages *pages, json_t *object, const char *name, const char *key,
                     const struct catalog_value *values);
/* What a telephone dials; empty when there is nothing to dial. */
void page_tel(const char *phone, char ret_tel[PAGES_TEL_BYTES]);
const char *page_site_text(const struct pages *pages, const char *name);
/* place.… for a page about a village. */
void page_put_place(const struct pages *pages, json_t *page, const struct page_place *place);
void page_put_notice(const struct pages *pages, json_t *page, const struct page_place *place);

/* page_acts.c: what the household can do on its page, and what it sent that was not taken. */
void page_put_acts(const struct pages *pages, json_t *page, const struct page_acts *acts);

/* form_view.c: fields of a form as the templates want them. */
void form_view_fields(const struct pages *pages, json_t *page, const struct page_form *in);
void form_view_faults(const struct pages *pages, json_t *page, const struct answers *answers,
                      enum form_page of);
void form_view_ticks(const struct pages *pages, json_t *page, const struct page_check *in);
/* `fields` of what is written again to a report that is there: risk with the ticks of the check page that hang on it, detail, urgent. */
void form_view_addition(const struct pages *pages, json_t *page, const struct page_form *in);
/* NULL, or the field on whose options alone this tick of the check page hangs; form_view_addition puts it there. */
const struct form_field *form_view_tick_outer(const struct form_field *tick);
/* One line of the summary: of a form's fault, or of another with a text of the catalog. */
void form_view_fault(const struct pages *pages, json_t *faults, const struct answers_fault *fault);
void page_put_fault(const struct pages *pages, json_t *faults, const char *href, const char *key);
/* The element of an option; the first one is what a summary links to. */
void form_view_id(const struct form_field *field, const struct form_option *option, struct buf *to);
/* NULL, or the field within whose group this one is shown; *ret_with is then what must be picked. */
const struct form_field *form_view_outer(const struct form *form, const struct form_field *field,
                                         const char **ret_with);

#endif
