#include "view_sample.h"

static void test_lists(void **state)
{
    static const struct page_list_item items[] = {
        {"/V/A", "曲堤街道", ""}, {"/V/B", "济北街道", "另行管理"}, {"/V/C", "<回河>", ""}};
    struct page_list in = {.above = "济阳区",
                           .of_towns = true,
                           .items = items,
                           .item_count = COUNT(items),
                           .merged_from = "",
                           .back_href = ""};
    struct buf html;
    (void)state;
    buf_init(&html, HTML_BYTES_MAX);
    assert_true(pages_list(pages, &in, &html));
    check_page(&html, "list-towns");
    has(&html, "href=\"/V/A\">曲堤街道</a>");
    has(&html, "&lt;回河&gt;");
    has(&html, "另行管理");
    buf_clear(&html);
    in.of_towns = false;
    in.above = "曲堤街道";
    in.back_href = "/";
    in.drill = true;
    assert_true(pages_list(pages, &in, &html));
    check_page(&html, "list-villages");
    has(&html, "重新选乡镇、街道");
    has(&html, "演练，不会上报");
    buf_release(&html);
}

/* A county's largest list: a page per request must stay small however many villages there are. */
static void test_long_list(void **state)
{
    enum { VILLAGES = 220 };
    static char texts[VILLAGES][2][64];
    static struct page_list_item items[VILLAGES];
    struct buf html;
    (void)state;
    srand(7);
    for (size_t i = 0; i < VILLAGES; i++) {
        snprintf(texts[i][0], 64, "/V/%08X%08X%04X", (unsigned)rand(), (unsigned)rand(),
                 (unsigned)rand() & 0xffff);
        snprintf(texts[i][1], 64, "第%zu试样村", i);
        items[i] = (struct page_list_item){texts[i][0], texts[i][1], ""};
    }
    const struct page_list in = {.above = "曲堤街道",
                                 .items = items,
                                 .item_count = VILLAGES,
                                 .merged_from = "",
                                 .back_href = "/"};
    buf_init(&html, HTML_BYTES_MAX);
    assert_true(pages_list(pages, &in, &html));
    check_page(&html, "list-long");
    buf_release(&html);
}

static void test_messages(void **state)
{
    static const char *const names[] = {
        "not_found",   "code_unknown", "code_revoked",   "too_large", "busy",
        "bad_request", "bad_method",   "too_many",       "timeout",   "forbidden",
        "error",       "code_gone",    "no_such_message"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char file[64];
        char key[80];
        struct buf html;
        bool revoked = strcmp(names[i], "code_revoked") == 0;
        const struct page_message in = {.name = names[i],
                                        .hint = revoked ? "村委会门口" : "",
                                        .href = i % 2 ? "/" : "/progress"};
        buf_init(&html, HTML_BYTES_MAX);
        assert_true(pages_message(pages, &in, &html));
        snprintf(file, sizeof file, "message-%s", names[i]);
        check_page(&html, file);
        snprintf(key, sizeof key, "message.%s.title", i + 1 < COUNT(names) ? names[i] : "error");
        has(&html, catalog_text(catalog, key));
        has(&html, i % 2 ? "href=\"/\"" : "href=\"/progress\"");
        has(&html, "href=\"tel:053100000000\"");
        if (revoked) {
            has(&html, "村委会门口");
        }
        buf_release(&html);
    }
}

static struct pages *load_with(struct pages_site other)
{
    struct err err = {""};
    struct pages *loaded = pages_load(templates_dir(), catalog, form, &other, &err);
    assert_string_equal(err.text, "");
    return loaded;
}

static void test_versions_follow_what_is_shown(void **state)
{
    struct pages_site other = site;
    (void)state;
    struct pages *same = load_with(other);
    assert_string_equal(pages_version(same), pages_version(pages));
    assert_string_equal(pages_notice_version(same), pages_notice_version(pages));
    assert_int_equal(strlen(pages_notice_version(pages)), 16);
    pages_free(&same);

    other.hotline = "";
    other.authority = "";
    struct pages *unset = load_with(other);
    assert_string_not_equal(pages_version(unset), pages_version(pages));
    assert_string_not_equal(pages_notice_version(unset), pages_notice_version(pages));
    assert_string_equal(pages_style_hash(unset), pages_style_hash(pages));
    struct buf html;
    const struct page_message message = {.name = "busy", .hint = "", .href = ""};
    buf_init(&html, HTML_BYTES_MAX);
    assert_true(pages_message(unset, &message, &html));
    has(&html, "未设置");
    lacks(&html, "tel:");
    buf_release(&html);
    pages_free(&unset);

    other = site;
    other.notice = "本地告知：{town}、{hotline}。\n第二段。";
    struct pages *own = load_with(other);
    const struct page_form in = {.place = place, .token = "T"};
    buf_init(&html, HTML_BYTES_MAX);
    assert_true(pages_form(own, &in, &html));
    has(&html, "<p>本地告知：曲堤街道、0531-00000000。</p>\n<p>第二段。</p>");
    buf_release(&html);
    pages_free(&own);
}

static void refuse(const char *key, const char *error)
{
    struct err err = {""};
    char *part = strdup(key);
    char *last = strrchr(part, '.');
    char *json = json_dumps(catalog_json(catalog), 0);
    json_t *root = json_loads(json, 0, NULL);
    json_t *at = root;
    struct str rest;
    struct str name;
    *last++ = '\0';
    rest = str_of(part);
    while (str_next(&rest, '.', &name)) {
        at = json_object_getn(at, name.at, name.len);
    }
    assert_int_equal(json_object_del(at, last), 0);
    char *less = json_dumps(root, 0);
    struct catalog *poor = catalog_load(str_of(less), "poor.json", &err);
    assert_non_null(poor);
    assert_null(pages_load(templates_dir(), poor, form, &site, &err));
    if (strstr(err.text, error) == NULL) {
        assert_string_equal(err.text, error);
    }
    catalog_free(&poor);
    json_decref(root);
    free(less);
    free(json);
    free(part);
}

static void test_a_missing_text_stops_the_start(void **state)
{
    (void)state;
    refuse("site.unset", "catalog: site.unset: is missing");
    refuse("message.error.next", "catalog: message.error.next: is missing");
    refuse("check.submit", ": unknown name: t.check.submit");
    refuse("fault.phone.length", "the catalog has no text fault.phone.length");
}

static void test_the_county_chooses_what_comes_first(void **state)
{
    struct pages_site other = site;
    struct buf html;
    (void)state;
    other.risks_first = "water housing";
    struct pages *own = load_with(other);
    const struct page_form in = {.place = place, .token = "T"};
    buf_init(&html, HTML_BYTES_MAX);
    assert_true(pages_form(own, &in, &html));
    ptrdiff_t more = str_find(buf_str(&html), STR("<details>"));
    assert_true(more > 0);
    assert_true(str_find(buf_str(&html), STR("id=\"f-risk-water\"")) < more);
    assert_true(str_find(buf_str(&html), STR("value=\"illness\"")) > more);
    buf_release(&html);
    pages_free(&own);
}

/* Every name that a template may use is explained. */
static void test_the_readme_lists_every_name(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 18);
    load_text("README.md", &text);
    for (int kind = 0; kind < PAGE_KINDS; kind++) {
        for (const char *const *name = page_names((enum page_kind)kind); *name != NULL; name++) {
            char quoted[128];
            snprintf(quoted, sizeof quoted, "`%s`", *name);
            has(&text, quoted);
        }
    }
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_long_list),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_versions_follow_what_is_shown),
        cmocka_unit_test(test_a_missing_text_stops_the_start),
        cmocka_unit_test(test_the_county_chooses_what_comes_first),
        cmocka_unit_test(test_the_readme_lists_every_name),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
