#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "domain/receipt.h"

static void test_make(void **state)
{
    static const struct {
        unsigned bucket;
        uint64_t random;
        const char *receipt, *shown;
    } cases[] = {
        {41, 293847165, "412938471655", "4129 3847 1655"},
        {0, 0, "000000000002", "0000 0000 0002"},
        {99, 999999999, "999999999990", "9999 9999 9990"},
        {7, 123456789, "071234567898", "0712 3456 7898"},
        {12, 1, "120000000015", "1200 0000 0015"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char receipt[RECEIPT_BYTES], shown[RECEIPT_SHOWN_BYTES];
        receipt_make(cases[i].bucket, cases[i].random, receipt);
        receipt_show(receipt, shown);
        assert_string_equal(receipt, cases[i].receipt);
        assert_string_equal(shown, cases[i].shown);
        assert_int_equal(receipt_bucket(receipt), cases[i].bucket);
    }
}

static void test_read(void **state)
{
    static const struct {
        const char *typed;
        bool good;
    } cases[] = {
        {"412938471655", true},
        {"4129 3847 1655", true},
        {"4129-3847-1655", true},
        {"４１２９　３８４７　１６５５", true},
        {"4129－3847—1655", true},
        {" \t412938471655\u200B", true},
        {"\uFEFF4129\u00A03847\u20091655", true},
        {"", false},
        {"41293847165", false},
        {"4129384716550", false},
        {"412938471654", false},
        {"412938471656", false},
        {"142938471655", false},
        {"41293847165X", false},
        {"4129.3847.1655", false},
        {"编号412938471655", false},
        {"412938471655\n", false},
        {"412938471655\xC0", false},
        {"４１２９\u202E３８４７１６５５", false},
        {"000000000000", false},
        {"4129384716554129384716554129384716554129384716554129384716554129384716554129", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char receipt[RECEIPT_BYTES] = "untouched";
        if (receipt_parse(str_of(cases[i].typed), receipt) != cases[i].good) {
            fail_msg("%s", cases[i].typed);
        }
        assert_string_equal(receipt, cases[i].good ? "412938471655" : "");
    }
}

/* ISO 7064 MOD 11,10 sees every single wrong digit, and of 90 swaps of neighbours in a place about nine in ten. */
static void test_slips_are_seen(void **state)
{
    char receipt[RECEIPT_BYTES], typed[RECEIPT_BYTES], read[RECEIPT_BYTES];
    int swaps = 0, swaps_unseen = 0;
    (void)state;
    for (uint64_t random = 0; random < RECEIPT_RANDOM_MAX; random += 987654) {
        receipt_make((unsigned)(random % BUCKETS), random, receipt);
        assert_true(receipt_parse(str_of(receipt), read));
        for (size_t i = 0; i < RECEIPT_DIGITS; i++) {
            memcpy(typed, receipt, sizeof typed);
            typed[i] = (char)('0' + (receipt[i] - '0' + 1 + (int)(random % 9)) % 10);
            assert_false(receipt_parse(str_of(typed), read));
            if (i > 0 && receipt[i] != receipt[i - 1]) {
                typed[i] = receipt[i - 1];
                typed[i - 1] = receipt[i];
                swaps++;
                swaps_unseen += receipt_parse(str_of(typed), read);
            }
        }
    }
    assert_true(swaps > 1000 && swaps_unseen * 20 < swaps);
}

static void test_bucket_of_area(void **state)
{
    (void)state;
    /* CRC-32 of the id mod 100, worked out with another program */
    assert_int_equal(bucket_of_area(STR("370115")), 41);
    assert_int_equal(bucket_of_area(STR("130630")), 62);
    assert_int_equal(bucket_of_area(STR("370125")), 6);
    assert_int_equal(bucket_of_area(STR("1")), 83);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_slips_are_seen),
        cmocka_unit_test(test_bucket_of_area),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
