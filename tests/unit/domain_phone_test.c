#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "domain/phone.h"

static const struct {
    const char *typed;
    enum phone_fault fault;
    const char *phone;
} cases[] = {
    /* mobiles as people write them */
    {"13800000000", PHONE_OK, "13800000000"},
    {"19912345678", PHONE_OK, "19912345678"},
    {"138 0000 0000", PHONE_OK, "13800000000"},
    {"138-0000-0000", PHONE_OK, "13800000000"},
    {"138–0000—0000", PHONE_OK, "13800000000"},
    {"138　0000　0000", PHONE_OK, "13800000000"},
    {"１３８００００００００", PHONE_OK, "13800000000"},
    {"１３８－００００－００００", PHONE_OK, "13800000000"},
    {"+8613800000000", PHONE_OK, "13800000000"},
    {"+86 138 0000 0000", PHONE_OK, "13800000000"},
    {"＋８６ 13800000000", PHONE_OK, "13800000000"},
    {"+86-138-0000-0000", PHONE_OK, "13800000000"},
    {"008613800000000", PHONE_OK, "13800000000"},
    {"0086 138 0000 0000", PHONE_OK, "13800000000"},
    {"8613800000000", PHONE_OK, "13800000000"},
    {"\u202C13800000000", PHONE_CHARACTERS, ""}, /* pop directional: a bidi sign, not dropped */
    {"\u200E13800000000\u200B", PHONE_OK, "13800000000"},
    {"\uFEFF138\u00AD00000000", PHONE_OK, "13800000000"},
    {"\t13800000000\t", PHONE_OK, "13800000000"},
    {"138\u00A00000\u20090000", PHONE_OK, "13800000000"},
    /* landlines */
    {"053184232015", PHONE_OK, "053184232015"},
    {"0531-84232015", PHONE_OK, "053184232015"},
    {"0531 8423 2015", PHONE_OK, "053184232015"},
    {"(0531)84232015", PHONE_OK, "053184232015"},
    {"（0531）84232015", PHONE_OK, "053184232015"},
    {"(0531) 8423-2015", PHONE_OK, "053184232015"},
    {"０５３１－８４２３２０１５", PHONE_OK, "053184232015"},
    {"+86 531 84232015", PHONE_OK, "053184232015"},
    {"+86 0531 84232015", PHONE_OK, "053184232015"},
    {"0086 531 8423201", PHONE_OK, "05318423201"},
    {"+86 10 84232015", PHONE_OK, "01084232015"},
    {"010-84232015", PHONE_OK, "01084232015"},
    {"021-84232015", PHONE_OK, "02184232015"},
    {"029 8423 2015", PHONE_OK, "02984232015"},
    {"0312-7312345", PHONE_OK, "03127312345"},
    {"0991-2345678", PHONE_OK, "09912345678"},
    /* nothing */
    {"", PHONE_EMPTY, ""},
    {" 　-", PHONE_EMPTY, ""},
    {"\u200B", PHONE_EMPTY, ""},
    /* signs that no number holds */
    {"1380000000a", PHONE_CHARACTERS, ""},
    {"138.0000.0000", PHONE_CHARACTERS, ""},
    {"没有电话", PHONE_CHARACTERS, ""},
    {"一三八00000000", PHONE_CHARACTERS, ""},
    {"13800000000/13900000000", PHONE_CHARACTERS, ""},
    {"13800000000，13900000000", PHONE_CHARACTERS, ""},
    {"0531-84232015转801", PHONE_CHARACTERS, ""},
    {"0531-84232015*801", PHONE_CHARACTERS, ""},
    {"+13800000000", PHONE_CHARACTERS, ""},
    {"++8613800000000", PHONE_CHARACTERS, ""},
    {"13800+000000", PHONE_CHARACTERS, ""},
    {"138(0000)0000", PHONE_CHARACTERS, ""},
    {"(053184232015", PHONE_CHARACTERS, ""},
    {"0531)84232015", PHONE_CHARACTERS, ""},
    {"((0531))84232015", PHONE_CHARACTERS, ""},
    {"()13800000000", PHONE_CHARACTERS, ""},
    {"13800000000\n", PHONE_CHARACTERS, ""},
    {"13800000000\xFF", PHONE_CHARACTERS, ""},
    {"<13800000000>", PHONE_CHARACTERS, ""},
    {"١٣٨٠٠٠٠٠٠٠٠", PHONE_CHARACTERS, ""},
    /* too few, too many */
    {"1", PHONE_LENGTH, ""},
    {"86", PHONE_LENGTH, ""},
    {"+86", PHONE_LENGTH, ""},
    {"110", PHONE_LENGTH, ""},
    {"1380000000", PHONE_LENGTH, ""},
    {"138000000000", PHONE_LENGTH, ""},
    {"+86 1380000000", PHONE_LENGTH, ""},
    {"0531", PHONE_LENGTH, ""},
    {"0531-842320", PHONE_LENGTH, ""},
    {"0531-842320150", PHONE_LENGTH, ""},
    {"010-842320", PHONE_LENGTH, ""},
    {"0531-84232015-801", PHONE_LENGTH, ""},
    {"1380000000013900000000", PHONE_LENGTH, ""},
    {"13800000000138000000001380000000013800000000138000000001380000000013800000000138000000001380"
     "0000000138000000001380000000013800000000",
     PHONE_LENGTH, ""},
    /* a landline without its area code */
    {"84232015", PHONE_AREA, ""},
    {"7312345", PHONE_AREA, ""},
    {"8423-2015", PHONE_AREA, ""},
    /* numbers that are none */
    {"12345678901", PHONE_UNKNOWN, ""},
    {"10000000000", PHONE_UNKNOWN, ""},
    {"11000000000", PHONE_UNKNOWN, ""},
    {"23800000000", PHONE_UNKNOWN, ""},
    {"00000000000", PHONE_UNKNOWN, ""},
    {"013800000000", PHONE_UNKNOWN, ""},
    {"0531-04232015", PHONE_UNKNOWN, ""},
    {"010-0423201", PHONE_UNKNOWN, ""},
    {"01184232015", PHONE_UNKNOWN, ""},
    {"4008123456", PHONE_UNKNOWN, ""},
    {"008512345678", PHONE_UNKNOWN, ""},
};

static void test_typed_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char phone[PHONE_BYTES] = "untouched";
        enum phone_fault fault = phone_parse(str_of(cases[i].typed), phone);
        if (fault != cases[i].fault) {
            fail_msg("%s: fault %d, not %d", cases[i].typed, (int)fault, (int)cases[i].fault);
        }
        assert_string_equal(phone, cases[i].phone);
    }
}

static void test_mobile_ranges(void **state)
{
    (void)state;
    for (int second = 0; second < 10; second++) {
        char typed[16], phone[PHONE_BYTES];
        snprintf(typed, sizeof typed, "1%d912345678", second);
        assert_int_equal(phone_parse(str_of(typed), phone) == PHONE_OK, second >= 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typed_numbers),
        cmocka_unit_test(test_mobile_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
