#include "view_sample.h"

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
        .urgent = "",
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
    has(&html, "aria-current=\"step\"><b>村级评议</b> <small>评议中</small>");
    has(&html, "<b>入户核查</b> <small>已办</small>");
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
    has(&html, "这是演练，不会上报，也不会有人上门。");
    lacks(&html, "会上门核实");
    lacks(&html, "上门的人：");
    buf_release(&html);
}

static void test_what_was_just_done_stands_above_the_number(void **state)
{
    struct page_receipt in = sample_receipt();
    struct buf html;
    (void)state;
    in.done = "记下了：来过了。谢谢您告诉我们。";
    show_receipt(&in, "receipt-done", &html);
    has(&html, "<p class=\"box\" role=\"status\">记下了：来过了。谢谢您告诉我们。</p>\n<p "
               "class=\"number\">");
    buf_release(&html);
}

/* Whatever the caller gave, and by either kind of link. */
static void test_closed_to_its_reader(void **state)
{
    struct page_receipt in = sample_receipt();
    struct buf full, brief;
    (void)state;
    in.closed = in.decided = true;
    in.fresh = false;
    in.step_count = 0;
    in.ending = "这次申报已关闭，有疑问请打0531-00000000。";
    in.ending_note = "不是本人报的";
    in.next_href = "/V/9B1TJ0";
    show_receipt(&in, "receipt-closed", &full);
    has(&full, "<strong>4129 3847 1655</strong>");
    has(&full, in.ending);
    lacks(&full, "不是本人报的");
    lacks(&full, "/V/9B1TJ0");
    lacks(&full, "<svg");
    lacks(&full, in.link);
    lacks(&full, "王**");
    lacks(&full, "葛家村");
    lacks(&full, "11月23日");
    lacks(&full, "评议中");
    in.full = false;
    show_receipt(&in, "receipt-closed-short", &brief);
    assert_true(str_eq(buf_str(&full), buf_str(&brief)));
    buf_release(&full);
    buf_release(&brief);
}

static void test_short_receipt_tells_no_more_than_it_may(void **state)
{
    struct page_receipt in = sample_receipt();
    struct buf html;
    (void)state;
    in.urgent = "您写的是急事，已经标成急办。";
    show_receipt(&in, "receipt-urgent", &html);
    has(&html, in.urgent);
    buf_release(&html);
    in.full = false;
    in.fresh = false;
    show_receipt(&in, "receipt-short", &html);
    has(&html, "4129 3847 1655");
    has(&html, "村级评议");
    has(&html, "最晚11月30日（周一）");
    lacks(&html, "王**");
    lacks(&html, "葛家村");
    lacks(&html, "网格员");
    lacks(&html, "急办");
    lacks(&html, "已经看过房子");
    buf_release(&html);
    in.upstream_only_note = true;
    show_receipt(&in, "receipt-no-steps", &html);
    lacks(&html, "村级评议");
    buf_release(&html);
}

static const struct page_acts some_acts = {
    .action = "/r/412938471655-f1ABCDEFGHJKMNPQRS",
    .visited = true,
    .not_visited = true,
    .add = true,
    .withdraw = true,
    .visit_said = "",
    .nudge_when = "过了11月30日（周一）还没有办，可以来这里点“催一下”。",
    .withdraw_hint = "曲堤街道核实了才算撤回。",
    .open = "",
};

static void test_acts(void **state)
{
    struct page_receipt in = sample_receipt();
    struct page_acts acts = some_acts;
    struct buf html;
    (void)state;
    in.acts = &acts;
    show_receipt(&in, "receipt-acts", &html);
    has(&html, "<form method=\"post\" action=\"/r/412938471655-f1ABCDEFGHJKMNPQRS\"");
    has(&html, "<button name=\"act\" value=\"add\">");
    has(&html, "value=\"not_visited\"");
    has(&html, "点“催一下”");
    has(&html, "name=\"consent_sensitive\"");
    has(&html, "id=\"l-withdraw\"");
    lacks(&html, "<details class=\"act\" open>");
    lacks(&html, "value=\"nudge\"");
    lacks(&html, "value=\"object\"");
    lacks(&html, "name=\"id_number\"");
    lacks(&html, "<title>错误");
    buf_release(&html);
    acts.nudge = true;
    acts.nudge_when = "";
    acts.add_first = true;
    acts.call_phone = "0531-00000001";
    show_receipt(&in, "receipt-asked", &html);
    has(&html, "value=\"nudge\"");
    has(&html, "<details class=\"act\" open>");
    has(&html, "href=\"tel:053100000001\"");
    buf_release(&html);
}

/* What was sent and not taken stands open, with everything typed; the other forms stay closed and empty. */
static void test_acts_sent(void **state)
{
    static const char *const sent[] = {"add", "withdraw"};
    struct page_receipt in = sample_receipt();
    struct buf html;
    (void)state;
    for (size_t i = 0; i < COUNT(sent); i++) {
        struct page_acts acts = some_acts;
        acts.open = sent[i];
        acts.last4 = "12<4";
        acts.last4_fault = i == 0 ? "acts.wrong_last4" : "acts.empty_last4";
        acts.problem = "现在不能点这一项。";
        in.acts = &acts;
        show_receipt(&in, sent[i], &html);
        has(&html, "<title>错误");
        has(&html, i == 0 ? "href=\"#l-add\"" : "href=\"#l-withdraw\"");
        has(&html, "value=\"12&lt;4\"");
        has(&html, "aria-invalid=\"true\"");
        has(&html, acts.problem);
        has(&html, i == 0 ? ">最后4位不对" : ">请填最后4位</p>");
        struct str rest = buf_str(&html);
        ptrdiff_t at = str_find(rest, STR("value=\"12&lt;4\""));
        assert_true(str_find(str_from(rest, (size_t)at + 1), STR("value=\"12&lt;4\"")) < 0);
        buf_release(&html);
    }
}

static void test_short_receipt_offers_no_form(void **state)
{
    struct page_receipt in = sample_receipt();
    struct page_acts acts = {.action = "/r/x",
                             .visited = true,
                             .open = "",
                             .by_receipt = "请先用申报编号和身份证号最后4位查一次。"};
    struct buf html;
    static const char *const notices[] = {"请您补充：低保证"};
    (void)state;
    in.full = false;
    in.fresh = false;
    in.acts = &acts;
    in.notices = notices;
    in.notice_count = 1;
    in.ending_note = "收支算过";
    show_receipt(&in, "receipt-short-acts", &html);
    has(&html, acts.by_receipt);
    lacks(&html, "name=\"last4\"");
    lacks(&html, "低保证");
    lacks(&html, "收支算过");
    buf_release(&html);
}

static void test_ending_with_help(void **state)
{
    static const struct page_help help[] = {{"低保", "家里收入低", "0531-00000002"}};
    static const char *const notices[] = {"已经复核过，结果不变。"};
    struct page_receipt in = sample_receipt();
    struct buf html;
    (void)state;
    in.fresh = false;
    in.decided = true;
    in.ending = "经核实，这次没有纳入监测帮扶。";
    in.ending_note = "收支算过";
    in.notices = notices;
    in.notice_count = 1;
    in.help = help;
    in.help_count = 1;
    show_receipt(&in, "receipt-help", &html);
    has(&html, "href=\"tel:053100000002\">0531-00000002");
    has(&html, "说明：收支算过");
    has(&html, notices[0]);
    lacks(&html, "报了不等于");
    buf_release(&html);
    in.closed = true;
    show_receipt(&in, "receipt-closed", &html);
    lacks(&html, "申报日期");
    lacks(&html, "<svg");
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
    has(&html, "填报的时候写的身份证号和那家的电话，不是代报人的。那家没写电话的，才填代报人的。");
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
    has(&html, "今天试的次数多了，请明天再试，或打0531-");
    has(&html, "有回执网址的，打开网址照样能看。");
    lacks(&html, "一个小时");
    buf_release(&html);

    in.by_id = false;
    show_progress(&in, "progress-locked-number", &html);
    has(&html, "试的次数多了，请过一个小时再试；还是不行，就打0531-");
    buf_release(&html);

    in.locked = false;
    in.busy = true;
    show_progress(&in, "progress-busy", &html);
    has(&html, "请过一会儿再点一次");
    buf_release(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receipt),
        cmocka_unit_test(test_what_was_just_done_stands_above_the_number),
        cmocka_unit_test(test_closed_to_its_reader),
        cmocka_unit_test(test_short_receipt_tells_no_more_than_it_may),
        cmocka_unit_test(test_acts),
        cmocka_unit_test(test_acts_sent),
        cmocka_unit_test(test_short_receipt_offers_no_form),
        cmocka_unit_test(test_ending_with_help),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
