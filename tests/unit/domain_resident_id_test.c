#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "domain/resident_id.h"

static const struct date today = {2026, 11, 23};

static const struct {
    const char *typed;
    enum resident_id_fault fault;
    const char *id; /* "" unless OK or CERTIFICATE */
} cases[] = {
    /* the standard's own examples */
    {"11010519491231002X", RESIDENT_ID_OK, "11010519491231002X"},
    {"440524188001010014", RESIDENT_ID_OK, "440524188001010014"},
    /* other provinces, residence permits, an age of 137, born today */
    {"370115196203174029", RESIDENT_ID_OK, "370115196203174029"},
    {"37012519480229101X", RESIDENT_ID_OK, "37012519480229101X"},
    {"540101197006152048", RESIDENT_ID_OK, "540101197006152048"},
    {"650101195512318887", RESIDENT_ID_OK, "650101195512318887"},
    {"710000199001010015", RESIDENT_ID_OK, "710000199001010015"},
    {"810000199001010019", RESIDENT_ID_OK, "810000199001010019"},
    {"830000199001010012", RESIDENT_ID_OK, "830000199001010012"},
    {"110101189912310036", RESIDENT_ID_OK, "110101189912310036"},
    {"370115202611230016", RESIDENT_ID_OK, "370115202611230016"},
    {"370115202402290012", RESIDENT_ID_OK, "370115202402290012"},
    /* as people type them */
    {"11010519491231002x", RESIDENT_ID_OK, "11010519491231002X"},
    {"１１０１０５１９４９１２３１００２Ｘ", RESIDENT_ID_OK, "11010519491231002X"},
    {"11010519491231002ｘ", RESIDENT_ID_OK, "11010519491231002X"},
    {" 110105 19491231 002X ", RESIDENT_ID_OK, "11010519491231002X"},
    {"110105　19491231　002X", RESIDENT_ID_OK, "11010519491231002X"},
    {"110105-19491231-002X", RESIDENT_ID_OK, "11010519491231002X"},
    {"110105－19491231—002X", RESIDENT_ID_OK, "11010519491231002X"},
    {"110105–19491231−002X", RESIDENT_ID_OK, "11010519491231002X"},
    {"\t11010519491231002X", RESIDENT_ID_OK, "11010519491231002X"},
    {"110105\u00A019491231\u2009002X", RESIDENT_ID_OK, "11010519491231002X"},
    {"\uFEFF110105\u200B19491231\u00AD002X\u200E", RESIDENT_ID_OK, "11010519491231002X"},
    {"\u200C\u200D\u200F\u206011010519491231002X", RESIDENT_ID_OK, "11010519491231002X"},
    /* nothing */
    {"", RESIDENT_ID_EMPTY, ""},
    {"   ", RESIDENT_ID_EMPTY, ""},
    {"　\u200B-", RESIDENT_ID_EMPTY, ""},
    /* what no ID holds */
    {"11010519491231002A", RESIDENT_ID_CHARACTERS, ""},
    {"1101051949123100２一", RESIDENT_ID_CHARACTERS, ""},
    {"X1010519491231002X", RESIDENT_ID_CHARACTERS, ""},
    {"110105194912310XX2", RESIDENT_ID_CHARACTERS, ""},
    {"11010519491231002×", RESIDENT_ID_CHARACTERS, ""},
    {"11010519491231002Х", RESIDENT_ID_CHARACTERS, ""}, /* a Cyrillic letter */
    {"١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", RESIDENT_ID_CHARACTERS, ""},
    {"110105\u202E19491231002X", RESIDENT_ID_CHARACTERS, ""},
    {"110105\n19491231002X", RESIDENT_ID_CHARACTERS, ""},
    {"11010519491231002\xFF", RESIDENT_ID_CHARACTERS, ""},
    {"1101051949123100.2X", RESIDENT_ID_CHARACTERS, ""},
    {"不知道", RESIDENT_ID_CHARACTERS, ""},
    {"<b>11010519491231002X", RESIDENT_ID_CHARACTERS, ""},
    /* too few, too many */
    {"1", RESIDENT_ID_LENGTH, ""},
    {"11010519491231002", RESIDENT_ID_LENGTH, ""},
    {"11010519491231002X1", RESIDENT_ID_LENGTH, ""},
    {"110105194912310021234567890123456789", RESIDENT_ID_LENGTH, ""},
    {"110105491231002", RESIDENT_ID_FIFTEEN, ""},
    {"110105 491231 002", RESIDENT_ID_FIFTEEN, ""},
    /* disability certificates: class and grade, and B with a number when issued again */
    {"11010519491231002X43", RESIDENT_ID_CERTIFICATE, "11010519491231002X"},
    {"11010519491231002x 43", RESIDENT_ID_CERTIFICATE, "11010519491231002X"},
    {"11010519491231002X43B1", RESIDENT_ID_CERTIFICATE, "11010519491231002X"},
    {"11010519491231002x43b1", RESIDENT_ID_CERTIFICATE, "11010519491231002X"},
    {"3701151962031740294312", RESIDENT_ID_CERTIFICATE, "370115196203174029"},
    {"37011519620317402843", RESIDENT_ID_LENGTH, ""}, /* its ID is wrong: nothing to offer */
    {"3701151962031740284312", RESIDENT_ID_LENGTH, ""},
    {"3701151962031740294", RESIDENT_ID_LENGTH, ""},
    {"370115196203174029431", RESIDENT_ID_LENGTH, ""},
    {"370115196203174029B1", RESIDENT_ID_CHARACTERS, ""},
    {"370115196203174029B143", RESIDENT_ID_CHARACTERS, ""},
    /* no such province */
    {"16011519620317402X", RESIDENT_ID_PROVINCE, ""},
    {"91011519620317402X", RESIDENT_ID_PROVINCE, ""},
    {"000115196203174025", RESIDENT_ID_PROVINCE, ""},
    /* no such day, though the check character fits */
    {"370115190002290018", RESIDENT_ID_BIRTH, ""},
    {"37011519620431402X", RESIDENT_ID_BIRTH, ""},
    {"370115196213174022", RESIDENT_ID_BIRTH, ""},
    {"370115196200174023", RESIDENT_ID_BIRTH, ""},
    {"370115202611240011", RESIDENT_ID_FUTURE, ""},
    /* the check character */
    {"110105194912310021", RESIDENT_ID_CHECK, ""},
    {"440524188001010015", RESIDENT_ID_CHECK, ""},
    {"370115196203174092", RESIDENT_ID_CHECK, ""},
    {"37011519620317402X", RESIDENT_ID_CHECK, ""},
};

static void test_typed_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[RESIDENT_ID_BYTES] = "untouched";
        enum resident_id_fault fault = resident_id_parse(str_of(cases[i].typed), today, id);
        if (fault != cases[i].fault) {
            fail_msg("%s: fault %d, not %d", cases[i].typed, (int)fault, (int)cases[i].fault);
        }
        assert_string_equal(id, cases[i].id);
    }
}

/* Each wrong digit and each swap of neighbours is seen by the check character, or is no day or province. */
static void test_every_slip_is_seen(void **state)
{
    static const char right[] = "37012519480229101X";
    char id[RESIDENT_ID_BYTES];
    (void)state;
    for (size_t i = 0; i < 17; i++) {
        char typed[sizeof right];
        memcpy(typed, right, sizeof right);
        for (char c = '0'; c <= '9'; c++) {
            typed[i] = c;
            bool same = c == right[i];
            bool accepted = resident_id_parse(str_of(typed), today, id) == RESIDENT_ID_OK;
            assert_int_equal(accepted, same);
        }
        memcpy(typed, right, sizeof right);
        typed[i] = right[i + 1];
        typed[i + 1] = right[i];
        if (right[i] != right[i + 1]) {
            assert_int_not_equal(resident_id_parse(str_of(typed), today, id), RESIDENT_ID_OK);
        }
    }
}

static void test_provinces(void **state)
{
    static const char there[] =
        " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 "
        "54 61 62 63 64 65 71 81 82 83 ";
    (void)state;
    for (int province = 0; province < 100; province++) {
        char typed[32], padded[8], id[RESIDENT_ID_BYTES];
        snprintf(typed, sizeof typed, "%02d0115196203174029", province);
        snprintf(padded, sizeof padded, " %02d ", province);
        bool unknown = resident_id_parse(str_of(typed), today, id) == RESIDENT_ID_PROVINCE;
        assert_int_equal(unknown, strstr(there, padded) == NULL);
    }
}

static void test_age(void **state)
{
    static const struct {
        const char *id;
        struct date on;
        int age;
    } ages[] = {
        {"370115201211230012", {2026, 11, 23}, 14}, /* the birthday itself */
        {"370115201211240018", {2026, 11, 23}, 13}, {"370115202611230016", {2026, 11, 23}, 0},
        {"37012519480229101X", {2026, 2, 28}, 77},  {"37012519480229101X", {2026, 3, 1}, 78},
        {"37012519480229101X", {2028, 2, 29}, 80},  {"110101189912310036", {2026, 11, 23}, 126},
        {"370115196203174029", {2026, 3, 16}, 63},  {"370115196203174029", {2026, 3, 17}, 64},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        assert_int_equal(resident_id_age(ages[i].id, ages[i].on), ages[i].age);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typed_numbers),
        cmocka_unit_test(test_every_slip_is_seen),
        cmocka_unit_test(test_provinces),
        cmocka_unit_test(test_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
