#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "domain/person.h"

/* Escapes such as \u00B7 stand where a sign could be mistaken for another or is not seen. */
static const struct {
    const char *typed;
    enum person_fault fault;
    const char *name;
} names[] = {
    /* accepted as they are */
    {"王二", PERSON_OK, "王二"},
    {"欧阳小村", PERSON_OK, "欧阳小村"},
    {"阿依古丽\u00B7样例", PERSON_OK, "阿依古丽\u00B7样例"},
    {"甲\u00B7乙\u00B7丙", PERSON_OK, "甲\u00B7乙\u00B7丙"},
    {"Anna Muster", PERSON_OK, "Anna Muster"},
    {"ئالما ئۈلگە", PERSON_OK, "ئالما ئۈلگە"},
    {"བཀྲ་ཤིས", PERSON_CHARACTERS, ""}, /* the tsheg is punctuation; only U+00B7 separates */
    {"བཀྲཤིས", PERSON_OK, "བཀྲཤིས"},
    {"ᠮᠣᠩᠭᠣᠯ", PERSON_OK, "ᠮᠣᠩᠭᠣᠯ"},
    {"ꆈꌠ", PERSON_OK, "ꆈꌠ"},
    {"홍길동", PERSON_OK, "홍길동"},
    {"𠮷野", PERSON_OK, "𠮷野"},                 /* four bytes of UTF-8 */
    {"𱁬𰻞", PERSON_OK, "𱁬𰻞"},         /* plane 3 */
    {"王\U00033479", PERSON_OK, "王\U00033479"}, /* newer than the library's tables */
    {"王\u9FFF", PERSON_OK, "王\u9FFF"},
    {"O\u02BCBrian", PERSON_OK, "O\u02BCBrian"}, /* a modifier letter */
    {"नमूना", PERSON_OK, "नमूना"},
    /* composed */
    {"Ze\u0301li", PERSON_OK, "Z\u00E9li"},
    {"\uF900小", PERSON_OK, "\u8C48小"},
    {"\u1112\u1169\u11BC\u1100\u1175\u11AF", PERSON_OK, "홍길"},
    {"甲\u0387乙", PERSON_OK, "甲\u00B7乙"}, /* NFC makes the middle dot of it */
    /* dots folded */
    {"甲\u2022乙", PERSON_OK, "甲\u00B7乙"},
    {"甲\u30FB乙", PERSON_OK, "甲\u00B7乙"},
    {"甲\uFF65乙", PERSON_OK, "甲\u00B7乙"},
    {"甲\u2027乙", PERSON_OK, "甲\u00B7乙"},
    {"甲\u22C5乙", PERSON_OK, "甲\u00B7乙"},
    {"甲\u2219乙", PERSON_OK, "甲\u00B7乙"},
    {"甲.乙", PERSON_OK, "甲\u00B7乙"},
    {"甲\uFF0E乙", PERSON_OK, "甲\u00B7乙"},
    {"甲 \u00B7 乙", PERSON_OK, "甲\u00B7乙"},
    {"甲.乙\u30FB丙\uFF65丁", PERSON_OK, "甲\u00B7乙\u00B7丙\u00B7丁"},
    {"नि.मा", PERSON_OK, "नि\u00B7मा"}, /* a mark before the stop */
    /* blanks */
    {"  王二  ", PERSON_OK, "王二"},
    {"　王　二　", PERSON_OK, "王 二"},
    {"Anna \u00A0 　Muster", PERSON_OK, "Anna Muster"},
    /* dropped */
    {"王\u200B二\uFEFF", PERSON_OK, "王二"},
    {"\u00AD王\u200C\u200D\u200E\u200F\u2060二", PERSON_OK, "王二"},
    {"王\u200B\u00B7\u200B二", PERSON_OK, "王\u00B7二"},
    /* nothing */
    {"", PERSON_EMPTY, ""},
    {" 　 ", PERSON_EMPTY, ""},
    {"\u200B\uFEFF", PERSON_EMPTY, ""},
    /* fewer than two letters */
    {"王", PERSON_SHORT, ""},
    {"王\u0301", PERSON_SHORT, ""},
    {"ནི", PERSON_SHORT, ""}, /* a letter and its mark */
    {"𠮷", PERSON_SHORT, ""},
    {"e\u0301", PERSON_SHORT, ""},
    /* signs */
    {"王2", PERSON_CHARACTERS, ""},
    {"王２小", PERSON_CHARACTERS, ""},
    {"王二٣", PERSON_CHARACTERS, ""},
    {"王Ⅱ世", PERSON_CHARACTERS, ""},
    {"王②", PERSON_CHARACTERS, ""},
    {"王*二", PERSON_CHARACTERS, ""},
    {"王**", PERSON_CHARACTERS, ""},
    {"王某（女）", PERSON_CHARACTERS, ""},
    {"王二，李三", PERSON_CHARACTERS, ""},
    {"王二、李三", PERSON_CHARACTERS, ""},
    {"王二。", PERSON_CHARACTERS, ""},
    {"王-二", PERSON_CHARACTERS, ""},
    {"王_二", PERSON_CHARACTERS, ""},
    {"王/二", PERSON_CHARACTERS, ""},
    {"O'Brian", PERSON_CHARACTERS, ""},
    {"O\u2019Brian", PERSON_CHARACTERS, ""},
    {"<b>王二</b>", PERSON_CHARACTERS, ""},
    {"王&二", PERSON_CHARACTERS, ""},
    {"王\"二", PERSON_CHARACTERS, ""},
    {"{{name}}", PERSON_CHARACTERS, ""},
    {"=王二", PERSON_CHARACTERS, ""},
    {"王😀二", PERSON_CHARACTERS, ""},
    {"王\uFFFD二", PERSON_CHARACTERS, ""},
    {"王\uE000二", PERSON_CHARACTERS, ""}, /* private use */
    {"\u0301王二", PERSON_CHARACTERS, ""}, /* a mark on nothing */
    {"王 \u0301二", PERSON_CHARACTERS, ""},
    {"王\u00B7\u0301二", PERSON_CHARACTERS, ""},
    {"王\u0378二", PERSON_CHARACTERS, ""}, /* unassigned, no ideograph's place */
    {"王\u2800二", PERSON_CHARACTERS, ""}, /* the empty braille cell */
    /* hidden */
    {"王\u202E二", PERSON_HIDDEN, ""},
    {"王\u202A二", PERSON_HIDDEN, ""},
    {"王\u2066二\u2069", PERSON_HIDDEN, ""},
    {"王\u061C二", PERSON_HIDDEN, ""},
    {"王\t二", PERSON_HIDDEN, ""},
    {"王二\n", PERSON_HIDDEN, ""},
    {"王\x01二", PERSON_HIDDEN, ""},
    {"王\x7F二", PERSON_HIDDEN, ""},
    {"王\xC2\x85二", PERSON_HIDDEN, ""},
    {"王\u2028二", PERSON_HIDDEN, ""},
    {"王\u2061二", PERSON_HIDDEN, ""},
    {"王\u034F二", PERSON_HIDDEN, ""},
    {"王\uFE0F二", PERSON_HIDDEN, ""},
    {"葛\U000E0100二", PERSON_HIDDEN, ""},
    {"王\U000E0041二", PERSON_HIDDEN, ""},
    {"\u3164\u3164", PERSON_HIDDEN, ""},
    {"\u115F\u1160", PERSON_HIDDEN, ""},
    {"\uFFA0\uFFA0", PERSON_HIDDEN, ""},
    {"王\uFFFF二", PERSON_HIDDEN, ""},
    {"王\U0002FFFE二", PERSON_HIDDEN, ""},
    /* broken UTF-8: cut, overlong, surrogate, too high, stray */
    {"王\xE4\xBA", PERSON_HIDDEN, ""},
    {"王二\xC0\xAF", PERSON_HIDDEN, ""},
    {"王二\xED\xA0\x80", PERSON_HIDDEN, ""},
    {"王二\xF4\x90\x80\x80", PERSON_HIDDEN, ""},
    {"\x80王二", PERSON_HIDDEN, ""},
    {"\xCD\xF5\xB6\xFE", PERSON_HIDDEN, ""}, /* GBK */
    /* dots where none belong */
    {"\u00B7王二", PERSON_DOTS, ""},
    {"王二\u00B7", PERSON_DOTS, ""},
    {"王二.", PERSON_DOTS, ""},
    {".王二", PERSON_DOTS, ""},
    {"王\u00B7\u00B7二", PERSON_DOTS, ""},
    {"王\u00B7 \u00B7二", PERSON_DOTS, ""},
    {"王\u00B7.二", PERSON_DOTS, ""},
    {"王..二", PERSON_DOTS, ""},
    {"\u00B7", PERSON_DOTS, ""},
    {"J. Muster", PERSON_DOTS, ""},
    {"Muster .J", PERSON_DOTS, ""},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[PERSON_NAME_BYTES] = "untouched";
        enum person_fault fault = person_name_parse(str_of(names[i].typed), name);
        if (fault != names[i].fault) {
            fail_msg("names[%zu] %s: fault %d, not %d", i, names[i].typed, (int)fault,
                     (int)names[i].fault);
        }
        assert_string_equal(name, names[i].name);
        if (fault == PERSON_OK) { /* what is normal stays as it is */
            char again[PERSON_NAME_BYTES];
            assert_int_equal(person_name_parse(str_of(name), again), PERSON_OK);
            assert_string_equal(again, name);
        }
    }
}

static void test_a_nul_inside_is_refused(void **state)
{
    char name[PERSON_NAME_BYTES];
    (void)state;
    assert_int_equal(person_name_parse(STR("王\0二"), name), PERSON_HIDDEN);
}

static enum person_fault parse_repeated(const char *sign, size_t times)
{
    struct buf typed;
    char name[PERSON_NAME_BYTES];
    buf_init(&typed, 1 << 20);
    for (size_t i = 0; i < times; i++) {
        buf_puts(&typed, sign);
    }
    enum person_fault fault = person_name_parse(buf_str(&typed), name);
    if (fault == PERSON_OK) {
        assert_int_equal(utf8_length(str_of(name)), times);
    }
    buf_release(&typed);
    return fault;
}

/* In characters, not bytes. */
static void test_length(void **state)
{
    (void)state;
    assert_int_equal(parse_repeated("王", 50), PERSON_OK);
    assert_int_equal(parse_repeated("王", 51), PERSON_LONG);
    assert_int_equal(parse_repeated("𠮷", 50), PERSON_OK);
    assert_int_equal(parse_repeated("𠮷", 51), PERSON_LONG);
    assert_int_equal(parse_repeated("e\u0301", 50), PERSON_OK);
    assert_int_equal(parse_repeated("e\u0301", 51), PERSON_LONG);
    assert_int_equal(parse_repeated("a", 100000), PERSON_LONG);
    assert_int_equal(parse_repeated("\u0301", 100000), PERSON_LONG);
    assert_int_equal(parse_repeated("\u200B", 300000), PERSON_EMPTY);
}

static void test_mask(void **state)
{
    static const struct {
        const char *name, *mask;
    } cases[] = {{"王二", "王**"},       {"欧阳小村", "欧**"},       {"𠮷野", "𠮷**"},
                 {"Anna Muster", "A**"}, {"阿依\u00B7样例", "阿**"}, {"", "**"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char mask[PERSON_MASK_BYTES];
        person_name_mask(str_of(cases[i].name), mask);
        assert_string_equal(mask, cases[i].mask);
    }
}

static void test_texts(void **state)
{
    static const struct {
        const char *typed;
        const char *clean; /* NULL: refused */
    } cases[] = {
        {"", ""},
        {"房子裂了", "房子裂了"},
        {"  房子裂了，下雨漏 \r\n\r\n", "房子裂了，下雨漏"},
        {"一\r\n二\r三\n四", "一\n二\n三\n四"},
        {"一\r\n\r\n二", "一\n\n二"},
        {"一\u2028二\u2029三", "一\n二\n三"},
        {"一\t二", "一 二"},
        {"　开头", "开头"},
        {"a\u200Bb\uFEFFc\u00ADd", "abcd"},
        {"\U0001F468\u200D\U0001F469", "\U0001F468\U0001F469"},
        {"e\u0301", "\u00E9"},
        {"<script>&\"'", "<script>&\"'"},
        {"1２③", "1２③"},
        {" \n　", ""},
        {"一\u2061二", "一二"},
        {"a\x01z", NULL},
        {"a\x1Bz", NULL},
        {"a\x7Fz", NULL},
        {"a\xC2\x85z", NULL},
        {"a\u202Ez", NULL},
        {"a\u2067z", NULL},
        {"a\uFFFEz", NULL},
        {"a\xFFz", NULL},
        {"a\xE4\xBA", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf to;
        buf_init(&to, 1000);
        bool clean = person_text_clean(str_of(cases[i].typed), &to);
        if (clean != (cases[i].clean != NULL)) {
            fail_msg("texts[%zu] %s", i, cases[i].typed);
        }
        if (clean) {
            assert_true(buf_ok(&to));
            assert_string_equal(buf_text(&to), cases[i].clean);
        }
        buf_release(&to);
    }
}

static void test_a_text_over_the_cap(void **state)
{
    struct buf to;
    (void)state;
    buf_init(&to, 10);
    assert_true(person_text_clean(STR("一二三四五"), &to));
    assert_false(buf_ok(&to));
    buf_release(&to);
}

static void test_fold(void **state)
{
    static const struct {
        const char *typed, *digits, *number;
    } cases[] = {
        {"１２　３", "12 3", "123"},
        {"１－２", "1-2", "12"},
        {"Ａｂ！～", "Ab!~", "Ab!~"},
        {"1\u00AD\u200B\u200C\u200D\u200E\u200F\u2060\uFEFF2", "12", "12"},
        {"1—2–3−4‐5", "1—2–3−4‐5", "12345"},
        {"1\u00A02", "1\u00A02", "12"},
        {"1\xFF"
         "2",
         "1\uFFFD2", "1\uFFFD2"},
        {"王", "王", "王"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf to;
        buf_init(&to, 100);
        person_fold_digits(str_of(cases[i].typed), &to);
        assert_string_equal(buf_text(&to), cases[i].digits);
        buf_clear(&to);
        person_fold_number(str_of(cases[i].typed), &to);
        assert_string_equal(buf_text(&to), cases[i].number);
        buf_release(&to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),  cmocka_unit_test(test_a_nul_inside_is_refused),
        cmocka_unit_test(test_length), cmocka_unit_test(test_mask),
        cmocka_unit_test(test_texts),  cmocka_unit_test(test_a_text_over_the_cap),
        cmocka_unit_test(test_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
