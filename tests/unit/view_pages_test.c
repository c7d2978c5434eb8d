/* PAGES_DUMP=FOLDER writes every sample page there, to be looked at. TEMPLATES names another templates folder. */
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

static const char *templates_dir(void)
{
    const char *dir = getenv("TEMPLATES");
    return dir ? dir : "templates";
}

static void load_text(const char *name, struct buf *to)
{
    char path[512];
    struct err err = {""};
    snprintf(path, sizeof path, "%s/%s", templates_dir(), name);
    bool read = file_read(path, to, &err);
    assert_string_equal(err.text, "");
    assert_true(read);
}

static int load(void **state)
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

static int unload(void **state)
{
    (void)state;
    pages_free(&pages);
    form_free(&form);
    catalog_free(&catalog);
    return 0;
}

/* ── helpers ── */

static size_t count_of(struct str text, const char *needle)
{
    size_t count = 0;
    ptrdiff_t at;
    while ((at = str_find(text, str_of(needle))) >= 0) {
        text = str_from(text, (size_t)at + strlen(needle));
        count++;
    }
    return count;
}

static void has(const struct buf *html, const char *needle)
{
    if (count_of(buf_str(html), needle) == 0) {
        print_message("missing: %s\n", needle);
        fail();
    }
}

static void lacks(const struct buf *html, const char *needle)
{
    if (count_of(buf_str(html), needle) != 0) {
        print_message("should not be there: %s\n", needle);
        fail();
    }
}

/* What is asked of every page; then it may be looked at. */
static void check_page(const struct buf *html, const char *name)
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

/* "name=value&…", not escaped */
static void read_answers(const char *pairs, enum answers_stage stage, struct answers *ret)
{
    struct fields fields = {.count = 0};
    struct str rest = str_of(pairs);
    struct str pair;
    while (str_next(&rest, '&', &pair)) {
        ptrdiff_t equals = str_find_char(pair, '=');
        if (equals > 0) {
            assert_true(fields_add(&fields, str_sub(pair, 0, (size_t)equals),
                                   str_from(pair, (size_t)equals + 1)));
        }
    }
    answers_read(ret, form, &fields, (struct date){2026, 11, 23}, stage);
}

static void show_form(const char *pairs, struct page_form in, struct buf *html)
{
    struct answers answers;
    in.token = in.token ? in.token : "TOKEN";
    in.place = in.place.code ? in.place : place;
    buf_init(html, HTML_BYTES_MAX);
    if (pairs != NULL) {
        read_answers(pairs, ANSWERS_CHECK, &answers);
        in.answers = &answers;
    }
    assert_true(pages_form(pages, &in, html));
    if (pairs != NULL) {
        answers_release(&answers);
    }
}

static void show_check(const char *pairs, struct page_check in, enum answers_stage stage,
                       struct buf *html)
{
    struct answers answers;
    read_answers(pairs, stage, &answers);
    assert_int_equal(answers.fault_count, answers.tick_fault_count);
    in.answers = &answers;
    in.token = "TOKEN";
    in.place = place;
    in.mask = "王**";
    buf_init(html, HTML_BYTES_MAX);
    assert_true(pages_check(pages, &in, html));
    answers_release(&answers);
}

#define GOOD                                                                                       \
    "name=王试样&id_number=11010519491231002X&phone=13800138000&risk=illness&risk=jobs&detail=" \
    "<b>住院&\"三\"个月"
/* read_answers splits at &, so the detail ends before it: the rest is an unknown field and ignored */

/* ── tests ── */

static void test_empty_form(void **state)
{
    struct buf html;
    (void)state;
    show_form(NULL, (struct page_form){.token = PAGES_TOKEN_HOLE}, &html);
    check_page(&html, "form");
    assert_int_equal(count_of(buf_str(&html), PAGES_TOKEN_HOLE), 1);
    has(&html, "value=\"" PAGES_TOKEN_HOLE "\"");
    has(&html, "</small>曲堤街道 葛家村</h1>");
    has(&html, "不是这个村？换一个");
    has(&html, "href=\"/V/TOWN\"");
    has(&html, "href=\"tel:053100000001\"");
    has(&html, "action=\"/V/0123456789ABCDEFGH\"");
    has(&html, "name=\"step\" value=\"check\"");
    has(&html, "<title>填写申报 - 困难申报</title>");
    has(&html, "href=\"tel:120\"");
    has(&html, "value=\"self\" id=\"f-filed_by\" checked");
    has(&html, "#f-filed_by:checked~.in-helper{display:none}");
    has(&html, "#f-risk-disaster:not(:checked)~.in-disaster{display:none}");
    has(&html, "<summary>这些信息谁看、怎么用、存多久</summary>");
    has(&html, "办结后180天");
    has(&html, "提供给：本村、曲堤街道、区县工作人员和省监测系统。");
    lacks(&html, "错误");
    lacks(&html, "演练");
    lacks(&html, "<details open");
    lacks(&html, "aria-invalid");
    for (size_t i = 0; i < form->field_count; i++) {
        char name[80];
        snprintf(name, sizeof name, "name=\"%s\"", form->fields[i].name);
        assert_int_equal(count_of(buf_str(&html), name) > 0,
                         form->fields[i].page == FORM_PAGE_FILL);
    }
    buf_release(&html);
}

static void test_form_keeps_what_was_typed_and_says_what_is_wrong(void **state)
{
    struct buf html;
    (void)state;
    show_form("filed_by=neighbour&helper_name=李试样&helper_phone=&name=<i>&id_number=12\"3&phone="
              "123&risk=illness&risk=water&detail=第一行\n第二行&urgent=1",
              (struct page_form){.show_faults = true}, &html);
    check_page(&html, "form-faults");
    has(&html, "<title>错误：");
    has(&html, "value=\"&lt;i&gt;\"");
    has(&html, "value=\"12&quot;3\"");
    has(&html, "value=\"李试样\"");
    has(&html, "第一行\n第二行</textarea>");
    has(&html, "<details open>"); /* water is among 其他困难 */
    has(&html, "id=\"f-risk-water\" checked");
    has(&html, "id=\"f-filed_by-neighbour\" checked");
    has(&html, "id=\"f-urgent\" checked");
    static const char *const wrong[] = {"helper_phone", "name", "id_number", "phone"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char needle[80];
        snprintf(needle, sizeof needle, "<li><a href=\"#f-%s\">", wrong[i]);
        has(&html, needle);
        snprintf(needle, sizeof needle, "id=\"f-%s\"", wrong[i]);
        has(&html, needle);
        snprintf(needle, sizeof needle, "id=\"e-%s\"", wrong[i]);
        has(&html, needle);
    }
    buf_release(&html);
}

static void test_drill_merged_and_not_stored(void **state)
{
    struct page_place other = place;
    struct buf html;
    (void)state;
    other.drill = true;
    other.merged_from = "旧家村";
    other.phone = "";
    show_form(GOOD, (struct page_form){.place = other, .not_stored = true}, &html);
    check_page(&html, "form-drill");
    has(&html, "演练，不会上报");
    has(&html, "旧家村已并入葛家村");
    has(&html, "还没有提交成功。您写的都在这一页，请再点一次。");
    has(&html, "value=\"王试样\"");
    has(&html, "class=\"call\" href=\"tel:053100000000\"");
    lacks(&html, "<title>错误");
    buf_release(&html);
}

static void test_check_page_shows_and_carries_every_answer(void **state)
{
    static const char *const carried[] = {
        "name=\"name\" value=\"王试样\"",       "name=\"id_number\" value=\"11010519491231002X\"",
        "name=\"phone\" value=\"13800138000\"", "name=\"risk\" value=\"illness\"",
        "name=\"risk\" value=\"jobs\"",         "name=\"detail\" value=\"&lt;b&gt;住院\"",
        "name=\"filed_by\" value=\"self\"",     "name=\"token\" value=\"TOKEN\"",
    };
    struct buf html;
    (void)state;
    show_check(GOOD, (struct page_check){.stale = false}, ANSWERS_CHECK, &html);
    check_page(&html, "check");
    for (size_t i = 0; i < COUNT(carried); i++) {
        assert_int_equal(count_of(buf_str(&html), carried[i]), 1);
    }
    has(&html, "110105 19491231 002X");
    has(&html, "138 0013 8000");
    has(&html, "formaction=\"/V/0123456789ABCDEFGH#f-name\"");
    has(&html, "name=\"step\" value=\"submit\">提交申报</button>");
    has(&html, "name=\"consent\" value=\"1\"");
    has(&html, "name=\"consent_sensitive\" value=\"1\"");
    has(&html, "济阳区农业农村局和我所在的村、曲堤街道");
    lacks(&html, "name=\"guardian\"");
    lacks(&html, "错误");
    lacks(&html, "请再点一次");
    buf_release(&html);
}

static void test_check_page_of_a_neighbour(void **state)
{
    struct buf html;
    (void)state;
    show_check("filed_by=neighbour&helper_name=李试样&helper_phone=13900139000&name=王试样&no_id=1&"
               "phone=&risk=in_person&urgent=1",
               (struct page_check){.stale = true}, ANSWERS_CHECK, &html);
    check_page(&html, "check-neighbour");
    has(&html, "我替王**申报");
    has(&html, "放久了，请再点一次提交");
    lacks(&html, "name=\"consent_sensitive\"");
    lacks(&html, "错误");
    buf_release(&html);
}

static void test_check_page_asks_for_missing_ticks(void **state)
{
    struct buf html;
    (void)state;
    show_check(GOOD "&consent=1", (struct page_check){.show_faults = true}, ANSWERS_SUBMIT, &html);
    check_page(&html, "check-faults");
    has(&html, "<title>错误：");
    has(&html, "id=\"f-consent\" checked");
    has(&html, "<li><a href=\"#f-consent_sensitive\">");
    lacks(&html, "<li><a href=\"#f-consent\">");
    buf_release(&html);
}

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

static struct page_receipt sample_receipt(void)
{
    static const struct page_step steps[] = {
        {.word = "待上门",
         .name = "入户核查",
         .date = "11月24日",
         .note = "已经看过房子",
         .who = "村里和镇里的工作人员",
         .done = true},
        {.word = "评议中",
         .name = "村级评议",
         .date = "最晚11月30日（周一）",
         .note = "",
         .who = "村里的评议小组",
         .current = true},
        {.word = "公示中",
         .name = "村级公示",
         .date = "一般12月5日（周六）",
         .note = "",
         .who = "村里",
         .unconfirmed = true},
        {.word = "审核中",
         .name = "乡镇核查初审",
         .date = "11月25日",
         .note = "",
         .who = "镇里",
         .skipped = true},
    };
    return (struct page_receipt){
        .shown = "4129 3847 1655",
        .mask = "王**",
        .place = "曲堤街道 葛家村",
        .state_word = "评议中",
        .ending = "",
        .reason = "",
        .who_comes = "上门的人：网格员（曲堤街道），电话0531-"
                     "00000001，预计最晚11月30日（周一）。不收钱，不要"
                     "银行卡和验证码。",
        .submitted = "11月23日",
        .fresh = true,
        .full = true,
        .qr_svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 10 10\" width=\"200\" "
                  "height=\"200\"><path d=\"M0 0h10v10z\"/></svg>",
        .link = "https://sb.example.cn/r/412938471655-f1ABCDEFGHJKMNPQRS",
        .steps = steps,
        .step_count = COUNT(steps),
    };
}

static void show_receipt(const struct page_receipt *in, const char *name, struct buf *html)
{
    buf_init(html, HTML_BYTES_MAX);
    assert_true(pages_receipt(pages, in, html));
    /* the symbol's namespace is the one http: there may be; it is no address that anyone asks */
    struct buf plain;
    struct str text = buf_str(html);
    static const char namespace[] = "http://www.w3.org/2000/svg";
    ptrdiff_t at = str_find(text, str_of(namespace));
    buf_init(&plain, HTML_BYTES_MAX);
    buf_put(&plain, at < 0 ? text : str_sub(text, 0, (size_t)at));
    buf_put(&plain, at < 0 ? STR("") : str_from(text, (size_t)at + sizeof namespace - 1));
    check_page(&plain, name);
    buf_release(&plain);
}

static void test_receipt(void **state)
{
    struct page_receipt in = sample_receipt();
    struct buf html;
    (void)state;
    show_receipt(&in, "receipt", &html);
    has(&html, "<title>已收到您的申报 - ");
    has(&html, "<strong>4129 3847 1655</strong>");
    has(&html, "报了不等于一定纳入，村里和镇里会上门核实。请截屏或抄下编号。");
    has(&html, "<path d=\"M0 0h10v10z\"/></svg></div>");
    has(&html, in.link);
    has(&html, "最晚11月30日（周一）");
    has(&html, "已经看过房子");
    has(&html, "aria-current=\"step\"");
    has(&html, in.who_comes);
    has(&html, "王**");
    lacks(&html, "\x01");
    lacks(&html, "<button"); /* nothing that does nothing */
    buf_release(&html);

    in.fresh = false;
    in.added = true;
    in.ending = "经核实，这次没有纳入监测帮扶。";
    in.reason = "这个困难已经解决";
    in.state_word = "未纳入";
    in.who_comes = "";
    in.drill = true;
    show_receipt(&in, "receipt-declined", &html);
    has(&html, "您之前报过，编号不变。这次新写的情况已经补充进去。");
    has(&html, "经核实，这次没有纳入监测帮扶。");
    has(&html, "原因：这个困难已经解决");
    has(&html, "演练，不会上报");
    lacks(&html, "上门的人：");
    buf_release(&html);
}

static void test_short_receipt_tells_no_more_than_it_may(void **state)
{
    struct page_receipt in = sample_receipt();
    struct buf html;
    (void)state;
    in.full = false;
    in.fresh = false;
    show_receipt(&in, "receipt-short", &html);
    has(&html, "4129 3847 1655");
    has(&html, "村级评议");
    has(&html, "最晚11月30日（周一）");
    lacks(&html, "王**");
    lacks(&html, "葛家村");
    lacks(&html, "网格员");
    lacks(&html, "已经看过房子");
    buf_release(&html);
    in.upstream_only_note = true;
    show_receipt(&in, "receipt-no-steps", &html);
    lacks(&html, "村级评议");
    buf_release(&html);
}

static void show_progress(const struct page_progress *in, const char *name, struct buf *html)
{
    buf_init(html, HTML_BYTES_MAX);
    assert_true(pages_progress(pages, in, html));
    check_page(html, name);
}

static void test_progress(void **state)
{
    struct page_progress in = {.receipt = "", .last4 = "", .id_number = "", .phone = ""};
    struct buf html;
    (void)state;
    show_progress(&in, "progress", &html);
    has(&html, "name=\"receipt\"");
    has(&html, "name=\"last4\"");
    has(&html, "name=\"id_number\"");
    has(&html, "name=\"phone\"");
    has(&html, "编号找不到了？");
    lacks(&html, "<details class=\"lost\" open");
    lacks(&html, "错误");
    buf_release(&html);

    in.receipt = "4129\"38";
    in.last4 = "002X";
    in.wrong = true;
    show_progress(&in, "progress-wrong", &html);
    has(&html, "<title>错误：查进度");
    has(&html, "value=\"4129&quot;38\"");
    has(&html, "href=\"#f-receipt\"");
    buf_release(&html);

    in.wrong = false;
    in.locked = true;
    in.by_id = true;
    show_progress(&in, "progress-locked", &html);
    has(&html, "<details class=\"lost\" open");
    has(&html, "急的话请打0531-00000000。");
    buf_release(&html);

    in.locked = false;
    in.busy = true;
    show_progress(&in, "progress-busy", &html);
    has(&html, "请过一会儿再点一次");
    buf_release(&html);
}

static void test_messages(void **state)
{
    static const char *const names[] = {
        "not_found",  "code_unknown", "code_revoked", "too_large", "busy",  "bad_request",
        "bad_method", "too_many",     "timeout",      "forbidden", "error", "no_such_message"};
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
        cmocka_unit_test(test_empty_form),
        cmocka_unit_test(test_form_keeps_what_was_typed_and_says_what_is_wrong),
        cmocka_unit_test(test_drill_merged_and_not_stored),
        cmocka_unit_test(test_check_page_shows_and_carries_every_answer),
        cmocka_unit_test(test_check_page_of_a_neighbour),
        cmocka_unit_test(test_check_page_asks_for_missing_ticks),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_long_list),
        cmocka_unit_test(test_receipt),
        cmocka_unit_test(test_short_receipt_tells_no_more_than_it_may),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_versions_follow_what_is_shown),
        cmocka_unit_test(test_a_missing_text_stops_the_start),
        cmocka_unit_test(test_the_county_chooses_what_comes_first),
        cmocka_unit_test(test_the_readme_lists_every_name),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
