#include "view/pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "view/pages_inside.h"

enum { NAMES_MAX = 4096, TEMPLATE_BYTES_MAX = 256 * 1024 };

/* What loading needs and serving does not. */
struct loading {
    struct pages *pages;
    const char *templates_dir;
    struct buf style;
    struct buf sum; /* all that pages are made of, for the version */
    char **catalog_names;
    size_t catalog_name_count;
    struct err *err;
};

static mustache_partial_fn find_partial;

static const char *const page_files[PAGE_KINDS] = {
    [PAGE_FORM] = "form",       [PAGE_CHECK] = "check",       [PAGE_LIST] = "list",
    [PAGE_RECEIPT] = "receipt", [PAGE_PROGRESS] = "progress", [PAGE_MESSAGE] = "message",
};

static bool read_template(const struct loading *loading, struct str name, struct buf *to,
                          struct err *err)
{
    struct buf path;
    buf_init(&path, 4096);
    buf_printf(&path, "%s/pages/%.*s.mustache", loading->templates_dir, STR_ARG(name));
    bool read = file_read(buf_text(&path), to, err);
    buf_release(&path);
    return read;
}

static bool find_partial(void *arg, struct str name, struct buf *to)
{
    struct loading *loading = arg;
    if (str_is(name, "style")) {
        buf_put(to, buf_str(&loading->style));
        return true;
    }
    bool plain = str_find_char(name, '/') < 0 && str_find_char(name, '.') < 0;
    bool found = plain && read_template(loading, name, to, NULL);
    buf_put(&loading->sum, buf_str(to));
    return found;
}

/* t.form.name.label … : every text of the catalog is a name. */
static void add_catalog_names(struct loading *loading, json_t *object, const char *path)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        struct buf key;
        buf_init(&key, 512);
        buf_printf(&key, "%s.%s", path, name);
        if (json_is_object(value)) {
            add_catalog_names(loading, value, buf_text(&key));
            buf_release(&key);
        } else if (loading->catalog_name_count < NAMES_MAX) {
            loading->catalog_names[loading->catalog_name_count++] = buf_take(&key);
        }
    }
}

static bool load_template(struct loading *loading, enum page_kind kind)
{
    const char *names[NAMES_MAX + 128];
    size_t count = 0;
    struct buf text;
    struct buf file;
    buf_init(&text, TEMPLATE_BYTES_MAX);
    buf_init(&file, 256);
    for (const char *const *name = page_names(kind); *name != NULL; name++) {
        names[count++] = *name;
    }
    for (size_t i = 0; i < loading->catalog_name_count; i++) {
        names[count++] = loading->catalog_names[i];
    }
    names[count] = NULL;
    buf_printf(&file, "pages/%s.mustache", page_files[kind]);
    const struct mustache_options options = {.escape = MUSTACHE_HTML,
                                             .strict = true,
                                             .names = names,
                                             .partial = find_partial,
                                             .partial_arg = loading};
    bool good = read_template(loading, str_of(page_files[kind]), &text, loading->err);
    if (good) {
        buf_put(&loading->sum, buf_str(&text));
        loading->pages->templates[kind] = mustache_compile(buf_str(&text), buf_text(&file),
                                                           &options, loading->err);
        good = loading->pages->templates[kind] != NULL;
    }
    buf_release(&text);
    buf_release(&file);
    return good;
}

struct text_check {
    const struct catalog *catalog;
    struct err *err;
    bool good;
};

static form_text_fn on_form_text;

static void on_form_text(void *arg, const char *path, const char *key)
{
    struct text_check *check = arg;
    if (check->good && !catalog_has(check->catalog, key)) {
        check->good = err_set(check->err, "form: %s: the catalog has no text %s", path, key);
    }
}

static bool check_texts(const struct loading *loading)
{
    struct text_check check = {loading->pages->catalog, loading->err, true};
    form_texts(loading->pages->form, on_form_text, &check);
    for (const char *const *key = page_texts; check.good && *key != NULL; key++) {
        if (!catalog_has(check.catalog, *key)) {
            check.good = err_set(check.err, "catalog: %s: is missing", *key);
        }
    }
    return check.good;
}

static const char *or_unset(const struct pages *pages, const char *text, const char *key)
{
    return text != NULL && *text != '\0' ? text : catalog_text(pages->catalog, key);
}

static void make_site(struct pages *pages, const struct pages_site *site)
{
    char tel[PAGES_TEL_BYTES];
    page_tel(site->hotline, tel);
    pages->site = json_object();
    page_put(pages->site, "title", or_unset(pages, site->title, "site.title"));
    page_put(pages->site, "authority", or_unset(pages, site->authority, "site.unset"));
    page_put(pages->site, "hotline", or_unset(pages, site->hotline, "site.unset"));
    page_put(pages->site, "hotline_tel", tel);
    page_put(pages->site, "icp", site->icp);
    page_put(pages->site, "police_beian", site->police_beian);
    page_put(pages->site, "upstream_name",
             or_unset(pages, site->upstream_name, "site.upstream_name"));
    pages->risks_first = mem_strdup(site->risks_first ? site->risks_first : "");
}

static void make_notice(struct pages *pages, const struct pages_site *site)
{
    struct buf days;
    struct buf text;
    buf_init(&days, 16);
    buf_init(&text, PAGES_TEXT_BYTES_MAX);
    buf_printf(&days, "%d", site->decided_days);
    const struct catalog_value values[] = {
        {"authority", page_site_text(pages, "authority")},
        {"hotline", page_site_text(pages, "hotline")},
        {"upstream_name", page_site_text(pages, "upstream_name")},
        {"N", buf_text(&days)},
        {NULL, NULL},
    };
    bool own = site->notice != NULL && site->notice[0] != '\0';
    catalog_fill_text(own ? site->notice : catalog_text(pages->catalog, "notice.text"), values,
                      &text);
    digest_version(buf_str(&text), pages->notice_version);
    pages->notice = buf_take(&text);
    buf_release(&days);
}

/* The hash is of what stands in a rendered page, not of the file: whatever happened on the way, the browser sees the same. */
static bool make_style_hash(struct pages *pages, struct err *err)
{
    unsigned char digest[DIGEST_BYTES];
    const struct page_message message = {.name = "error", .hint = "", .href = "/"};
    struct buf html;
    struct buf hash;
    buf_init(&html, PAGES_TEXT_BYTES_MAX * 2);
    buf_init(&hash, sizeof pages->style_hash - 1);
    bool good = pages_message(pages, &message, &html);
    ptrdiff_t from = str_find(buf_str(&html), STR("<style>"));
    ptrdiff_t to = str_find(buf_str(&html), STR("</style>"));
    if (good && from >= 0 && to > from) {
        struct str style = str_sub(buf_str(&html), (size_t)from + 7, (size_t)(to - from) - 7);
        digest_sha256(style, digest);
        buf_puts(&hash, "'sha256-");
        base64_put(&hash, str_make(digest, sizeof digest));
        buf_puts(&hash, "'");
        memcpy(pages->style_hash, buf_text(&hash), hash.len + 1);
    } else {
        good = err_set(err, "pages/message.mustache: no stylesheet: {{>style}} is missing");
    }
    buf_release(&html);
    buf_release(&hash);
    return good;
}

/* Only what can be told apart from outside: sources, texts, and the county's own words. */
static void make_version(struct loading *loading)
{
    struct pages *pages = loading->pages;
    char *catalog = json_dumps(catalog_json(pages->catalog), JSON_COMPACT | JSON_SORT_KEYS);
    char *site = json_dumps(pages->site, JSON_COMPACT | JSON_SORT_KEYS);
    buf_puts(&loading->sum, catalog);
    buf_puts(&loading->sum, site);
    buf_puts(&loading->sum, pages->notice);
    buf_puts(&loading->sum, pages->risks_first);
    buf_puts(&loading->sum, pages->form->version);
    buf_put(&loading->sum, buf_str(&loading->style));
    digest_version(buf_str(&loading->sum), pages->version);
    free(catalog);
    free(site);
}

static bool load_all(struct loading *loading, const struct pages_site *site)
{
    struct pages *pages = loading->pages;
    if (!check_texts(loading) ||
        !page_style(loading->templates_dir, pages->form, &loading->style, loading->err)) {
        return false;
    }
    add_catalog_names(loading, catalog_json(pages->catalog), "t");
    make_site(pages, site);
    make_notice(pages, site);
    for (int kind = 0; kind < PAGE_KINDS; kind++) {
        if (!load_template(loading, (enum page_kind)kind)) {
            return false;
        }
    }
    make_version(loading);
    return make_style_hash(pages, loading->err);
}

struct pages *pages_load(const char *templates_dir, const struct catalog *catalog,
                         const struct form *form, const struct pages_site *site, struct err *err)
{
    struct pages *pages = mem_alloc(sizeof *pages);
    struct loading loading = {.pages = pages, .templates_dir = templates_dir, .err = err};
    pages->magic = PAGES_MAGIC;
    pages->catalog = catalog;
    pages->form = form;
    buf_init(&loading.style, PAGES_TEXT_BYTES_MAX);
    buf_init(&loading.sum, 16 * TEMPLATE_BYTES_MAX);
    loading.catalog_names = mem_array(NAMES_MAX, sizeof loading.catalog_names[0]);
    if (!load_all(&loading, site)) {
        pages_free(&pages);
    }
    for (size_t i = 0; i < loading.catalog_name_count; i++) {
        free(loading.catalog_names[i]);
    }
    free(loading.catalog_names);
    buf_release(&loading.style);
    buf_release(&loading.sum);
    return pages;
}

void pages_free(struct pages **pages)
{
    struct pages *freed = *pages;
    if (freed != NULL) {
        CHECK_OBJ(freed, PAGES_MAGIC);
        for (int kind = 0; kind < PAGE_KINDS; kind++) {
            mustache_free(&freed->templates[kind]);
        }
        json_decref(freed->site);
        free(freed->notice);
        free(freed->risks_first);
        freed->magic = 0;
        free(freed);
        *pages = NULL;
    }
}

const char *pages_style_hash(const struct pages *pages)
{
    CHECK_OBJ(pages, PAGES_MAGIC);
    return pages->style_hash;
}

const char *pages_version(const struct pages *pages)
{
    CHECK_OBJ(pages, PAGES_MAGIC);
    return pages->version;
}

const char *pages_notice_version(const struct pages *pages)
{
    CHECK_OBJ(pages, PAGES_MAGIC);
    return pages->notice_version;
}
