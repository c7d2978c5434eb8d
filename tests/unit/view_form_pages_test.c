#include "view_sample.h"

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
    has(&html, "<h1>请您看一遍</h1>");
    buf_release(&html);

    show_check(GOOD, (struct page_check){.not_stored = true}, ANSWERS_CHECK, &html);
    check_page(&html, "check-not-stored");
    has(&html, "<h1>还没有提交成功</h1>");
    lacks(&html, "请您看一遍");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_form),
        cmocka_unit_test(test_form_keeps_what_was_typed_and_says_what_is_wrong),
        cmocka_unit_test(test_drill_merged_and_not_stored),
        cmocka_unit_test(test_check_page_shows_and_carries_every_answer),
        cmocka_unit_test(test_check_page_of_a_neighbour),
        cmocka_unit_test(test_check_page_asks_for_missing_ticks),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
