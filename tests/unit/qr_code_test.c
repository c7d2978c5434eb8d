#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "qr/code.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static struct keyring keyring;

static int make_keys(void **state)
{
    (void)state;
    keyring_make(&keyring);
    return 0;
}

static struct code code_of(const char *area, enum code_placement placement, bool drill,
                           uint32_t serial)
{
    struct code code = {.placement = placement, .drill = drill, .serial = serial};
    snprintf(code.area, sizeof code.area, "%s", area);
    return code;
}

static void assert_same(const struct code *a, const struct code *b)
{
    assert_string_equal(a->area, b->area);
    assert_int_equal(a->placement, b->placement);
    assert_int_equal(a->drill, b->drill);
    assert_int_equal(a->serial, b->serial);
}

static void test_every_kind_reads_back(void **state)
{
    static const char *const areas[] = {
        "370115008218",
        "370115",
        "0",
        "00",
        "000000000001",
        "999999999999",
        "9999999999999999999",
        "00000000000000000000",
        "18446744073709551616",
        "A",
        "v-1",
        "-",
        "zZ-09",
        "ABCDEFGHIJKLMNOPQRST",
        "37011500821a",
        "0000000000000000000",
    };
    static const uint32_t serials[] = {0, 1, 255, 256, CODE_SERIAL_MAX};
    (void)state;
    for (size_t a = 0; a < sizeof areas / sizeof areas[0]; a++) {
        for (int placement = 0; placement < CODE_PLACEMENTS; placement++) {
            for (size_t s = 0; s < 2 * sizeof serials / sizeof serials[0]; s++) {
                struct code code = code_of(areas[a], (enum code_placement)placement, s % 2 != 0,
                                           serials[s / 2]);
                struct code read;
                char text[CODE_TEXT_BYTES];
                code_make(&keyring, &code, text);
                assert_int_equal(strspn(text, alphabet), strlen(text));
                assert_int_equal(code_read(&keyring, str_of(text), &read), CODE_OK);
                assert_same(&code, &read);
            }
        }
    }
}

static void test_village_codes_are_short(void **state)
{
    struct code code = code_of("370115008218", CODE_BOARD, false, 0);
    char text[CODE_TEXT_BYTES];
    (void)state;
    code_make(&keyring, &code, text);
    assert_int_equal(strlen(text), 21);
    code.serial = CODE_SERIAL_MAX;
    code_make(&keyring, &code, text);
    assert_int_equal(strlen(text), 26);
}

static void test_case_and_look_alikes_are_folded(void **state)
{
    static const char *const swaps[] = {"0O", "0o", "1I", "1i", "1L", "1l"};
    struct code read;
    char text[CODE_TEXT_BYTES];
    (void)state;
    for (unsigned n = 1; n < 200; n++) {
        struct code code = code_of("370115008218", CODE_HOME, false, n);
        code_make(&keyring, &code, text);
        for (char *c = text; *c; c++) {
            const char *swap = swaps[(n + (unsigned)(c - text)) % 6];
            *c = *c == swap[0] ? swap[1] : *c;
            *c = (char)(n % 2 && *c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
        }
        assert_int_equal(code_read(&keyring, str_of(text), &read), CODE_OK);
        assert_same(&code, &read);
    }
}

static void test_every_single_typo_is_refused(void **state)
{
    static const char *const areas[] = {"370115008218", "370115", "v-1"};
    (void)state;
    for (size_t a = 0; a < 6; a++) {
        struct code code = code_of(areas[a % 3], CODE_BOARD, false, a < 3 ? 0 : 4711);
        struct code read;
        char text[CODE_TEXT_BYTES];
        code_make(&keyring, &code, text);
        for (size_t i = 0; i < strlen(text); i++) {
            char kept = text[i];
            for (const char *c = alphabet; *c; c++) {
                text[i] = *c;
                assert_int_equal(code_read(&keyring, str_of(text), &read) == CODE_OK, *c == kept);
            }
            text[i] = 'U'; /* no digit of Crockford's */
            assert_int_equal(code_read(&keyring, str_of(text), &read), CODE_MALFORMED);
            text[i] = kept;
        }
    }
}

static void test_cut_swapped_and_longer_texts_are_refused(void **state)
{
    struct code code = code_of("370115008218", CODE_BOARD, false, 12);
    struct code read;
    char text[CODE_TEXT_BYTES + 8];
    (void)state;
    code_make(&keyring, &code, text);
    for (size_t i = 0; i < strlen(text); i++) {
        assert_int_not_equal(code_read(&keyring, str_make(text, i), &read), CODE_OK);
    }
    for (size_t i = 0; i + 1 < strlen(text); i++) {
        char a = text[i];
        text[i] = text[i + 1];
        text[i + 1] = a;
        assert_int_equal(code_read(&keyring, str_of(text), &read) == CODE_OK,
                         text[i] == text[i + 1]);
        text[i + 1] = text[i];
        text[i] = a;
    }
    strcat(text, "0");
    assert_int_not_equal(code_read(&keyring, str_of(text), &read), CODE_OK);
    assert_int_equal(code_read(&keyring, (struct str){NULL, 0}, &read), CODE_MALFORMED);
    assert_int_equal(code_read(&keyring, STR("葛家村葛家村葛家村"), &read), CODE_MALFORMED);
}

static void test_rotation_and_foreign_keys(void **state)
{
    struct keyring turned = keyring;
    struct keyring other;
    struct code code = code_of("370115008218", CODE_CARD, false, 0);
    struct code read;
    struct err err;
    char text[CODE_TEXT_BYTES];
    (void)state;
    code_make(&keyring, &code, text);
    assert_true(keyring_rotate(&turned, KEY_LINK, &err));
    assert_int_equal(code_read(&turned, str_of(text), &read), CODE_OK);
    keyring_make(&other);
    assert_int_equal(code_read(&other, str_of(text), &read), CODE_FORGED);
    code_make(&turned, &code, text);
    assert_int_equal(code_read(&turned, str_of(text), &read), CODE_OK);
    assert_int_equal(code_read(&keyring, str_of(text), &read), CODE_FORGED);
}

/* Printed on paper: these words and their order never change. */
static void test_placements(void **state)
{
    static const char *const names[CODE_PLACEMENTS] = {"board",  "home",    "card",
                                                       "screen", "leaflet", "list"};
    enum code_placement placement;
    (void)state;
    for (int i = 0; i < CODE_PLACEMENTS; i++) {
        assert_string_equal(code_placement_name((enum code_placement)i), names[i]);
        assert_true(code_placement_parse(str_of(names[i]), &placement));
        assert_int_equal(placement, i);
    }
    assert_false(code_placement_parse(STR("wall"), &placement));
    assert_false(code_placement_parse(STR(""), &placement));
}

/* A poster that hung before this version still opens: fixed key, fixed text. */
static void test_printed_codes_stay_readable(void **state)
{
    struct keyring fixed = {.count = 1};
    struct code read;
    struct code want = code_of("370115008218", CODE_HOME, true, 849);
    (void)state;
    fixed.keys[0] = (struct key){.purpose = KEY_LINK, .id = 7, .current = true};
    memset(fixed.keys[0].bytes, 0x5A, KEY_BYTES);
    assert_int_equal(code_read(&fixed, STR("3R3JR003A5B2S4PPV856HAEVVM"), &read), CODE_OK);
    assert_same(&read, &want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_reads_back),
        cmocka_unit_test(test_village_codes_are_short),
        cmocka_unit_test(test_case_and_look_alikes_are_folded),
        cmocka_unit_test(test_every_single_typo_is_refused),
        cmocka_unit_test(test_cut_swapped_and_longer_texts_are_refused),
        cmocka_unit_test(test_rotation_and_foreign_keys),
        cmocka_unit_test(test_placements),
        cmocka_unit_test(test_printed_codes_stay_readable),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
