/*
 * view_sample.h - the shipped templates loaded for an invented county, and what is asked of every page. PAGES_DUMP=FOLDER writes each page there, to be
 * looked at; TEMPLATES names another templates folder.
 */
#ifndef TESTS_VIEW_SAMPLE_H
#define TESTS_VIEW_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/escape.h"
#include "base/file.h"
#include "view/gzip.h"
#include "view/pages_inside.h"

enum { HTML_BYTES_MAX = 1 << 18, PACKED_BYTES_MAX = 13000 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct catalog *catalog;
static struct form *form;
static struct pages *pages;

static const struct pages_site site = {
    .title = "困难申报",
    .authority = "济阳区农业农村局",
    .hotline = "0531-00000000",
    .icp = "鲁ICP备00000000号",
    .police_beian = "",
    .upstream_name = "省监测系统",
    .decided_days = 180,
    .notice = "",
    .risks_first = "",
};

static const struct page_place place = {
    .code = "0123456789ABCDEFGH",
    .town = "曲堤街道",
    .village = "葛家村",
    .phone = "0531-00000001",
    .contact = "网格员",
    .merged_from = "",
    .other_href = "/V/TOWN",
};

static inline const char *templates_dir(void)
{
    const char *dir = getenv("TEMPLATES");
    return dir ? dir : "templates";
}

static inline void load_text(const char *name, struct buf *to)
{
    char path[512];
    struct err err = {""};
    snprintf(path, sizeof path, "%s/%s", templates_dir(), name);
    bool read = file_read(path, to, &err);
    assert_string_equal(err.text, "");
    assert_true(read);
}

static inline int load(void **state)
{
    struct err err = {""};
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 20);
    load_text("catalogs/zh-CN.json", &text);
    catalog = catalog_load(buf_str(&text), "zh-CN.json", &err);
    assert_string_equal(err.text, "");
    buf_clear(&text);
    load_text("forms/report.json", &text);
    form = form_load(buf_str(&text), "report.json", &err);
    assert_string_equal(err.text, "");
    pages = pages_load(templates_dir(), catalog, form, &site, &err);
    assert_string_equal(err.text, "");
    buf_release(&text);
    return 0;
}

static inline int unload(void **state)
{
    (void)state;
    pages_free(&pages);
    form_free(&form);
    catalog_free(&catalog);
    return 0;
}

static inline size_t count_of(struct str text, const char *needle)
{
    size_t count = 0;
    ptrdiff_t at;
    while ((at = str_find(text, str_of(needle))) >= 0) {
        text = str_from(text, (size_t)at + strlen(needle));
        count++;
    }
    return count;
}

static inline void has(const struct buf *html, const char *needle)
{
    if (count_of(buf_str(html), needle) == 0) {
        print_message("missing: %s\n", needle);
        fail();
    }
}

static inline void lacks(const struct buf *html, const char *needle)
{
    if (count_of(buf_str(html), needle) != 0) {
        print_message("should not be there: %s\n", needle);
        fail();
    }
}

/* What is asked of every page; then it may be looked at. */
static inline void check_page(const struct buf *html, const char *name)
{
    struct buf packed;
    char hash[80] = "";
    assert_true(buf_ok(html));
    assert_true(str_starts(buf_str(html), STR("<!DOCTYPE html>\n<html lang=\"zh-CN\">")));
    static const char *const never[] = {"<script", " style=", "http://", "javascript:", " onclick",
                                        "@import", "url(",    "{{",      "贫困户",      "扶贫",
                                        "监控",    "审批",    "受理",    "申报成功",    "报贫"};
    for (size_t i = 0; i < COUNT(never); i++) {
        lacks(html, never[i]);
    }
    has(html, "https://beian.miit.gov.cn/");
    has(html, "济阳区农业农村局");
    has(html, "0531-00000000");
    assert_int_equal(count_of(buf_str(html), "<main>"), 1);
    assert_int_equal(count_of(buf_str(html), "<h1>"), 1);

    ptrdiff_t from = str_find(buf_str(html), STR("<style>"));
    ptrdiff_t to = str_find(buf_str(html), STR("</style>"));
    struct buf encoded;
    unsigned char digest[DIGEST_BYTES];
    assert_true(from > 0 && to > from);
    assert_int_equal(count_of(buf_str(html), "<style"), 1);
    digest_sha256(str_sub(buf_str(html), (size_t)from + 7, (size_t)(to - from) - 7), digest);
    buf_init(&encoded, 100);
    base64_put(&encoded, str_make(digest, sizeof digest));
    snprintf(hash, sizeof hash, "'sha256-%s'", buf_text(&encoded));
    assert_string_equal(pages_style_hash(pages), hash);
    buf_release(&encoded);

    buf_init(&packed, HTML_BYTES_MAX);
    gzip_put(buf_str(html), &packed);
    print_message("%-24s %6zu bytes, %5zu compressed\n", name, html->len, packed.len);
    assert_true(packed.len <= PACKED_BYTES_MAX);
    buf_release(&packed);
    const char *folder = getenv("PAGES_DUMP");
    if (folder != NULL) {
        char path[512];
        struct err err;
        snprintf(path, sizeof path, "%s/%s.html", folder, name);
        assert_true(file_write(path, buf_str(html), 0644, &err));
    }
}

#endif
