#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"
#include "domain/cursor.h"

static void assert_goes_round(const struct cursor *cursor)
{
    char text[CURSOR_TEXT_BYTES];
    struct cursor again;
    cursor_print(cursor, text);
    for (const char *c = text; *c != '\0'; c++) {
        assert_true(*c >= '!' && *c <= '~' && *c != '&' && *c != '+' && *c != '%');
    }
    assert_true(cursor_parse(str_of(text), &again));
    assert_memory_equal(cursor, &again, sizeof again);
}

static void test_round(void **state)
{
    static const int64_t numbers[] = {1, 127, 128, 16383, 16384, 1LL << 32, CURSOR_SEQ_MAX};
    struct cursor cursor;
    (void)state;
    cursor_begin(&cursor, "epoch-1");
    assert_goes_round(&cursor);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        cursor.seq[41] = numbers[i];
        cursor.seq[99] = numbers[i];
        assert_goes_round(&cursor);
    }
}

static void test_largest_fits(void **state)
{
    struct cursor cursor;
    (void)state;
    cursor_begin(&cursor, "epoch-1");
    for (int i = 0; i < BUCKETS; i++) {
        cursor.seq[i] = CURSOR_SEQ_MAX;
    }
    assert_goes_round(&cursor);
}

static void test_epochs(void **state)
{
    struct cursor cursor;
    (void)state;
    cursor_begin(&cursor, "epoch-1");
    assert_true(cursor_is_of(&cursor, "epoch-1"));
    assert_false(cursor_is_of(&cursor, "epoch-2"));
    assert_false(cursor_is_of(&cursor, ""));
}

/* version, epoch, then these bytes */
static bool reads(const char *more, size_t more_len, char version)
{
    struct buf bytes;
    struct buf text;
    struct cursor cursor;
    buf_init(&bytes, 4096);
    buf_init(&text, 8192);
    buf_putc(&bytes, version);
    buf_puts(&bytes, "8 bytes.");
    buf_put(&bytes, str_make(more, more_len));
    base64url_put(&text, buf_str(&bytes));
    bool good = cursor_parse(buf_str(&text), &cursor);
    buf_release(&bytes);
    buf_release(&text);
    return good;
}

static void test_malformed(void **state)
{
    static const char *const texts[] = {"",         "0",   "AQ", "abc def", "1.0q3fXk2m.1f",
                                        "AAAA====", "\xff"};
    static const struct {
        const char *bytes;
        size_t len;
        bool good;
    } cases[] = {
        {"", 0, true},
        {"\x01\x05", 2, true},
        {"\x01\x05\x02\x81\x01", 5, true},
        {"\x01", 1, false},                                /* a bucket without a number */
        {"\x01\x85", 2, false},                            /* cut */
        {"\x01\x00", 2, false},                            /* zero is not written */
        {"\x01\x85\x00", 3, false},                        /* longer than needed */
        {"\x64\x05", 2, false},                            /* there is no bucket 100 */
        {"\x02\x05\x01\x05", 4, false},                    /* not ascending */
        {"\x02\x05\x02\x05", 4, false},                    /* twice */
        {"\x01\xff\xff\xff\xff\xff\xff\xff\x0f", 9, true}, /* 2^53 - 1 */
        {"\x01\x80\x80\x80\x80\x80\x80\x80\x10", 9, false},
        {"\x01\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, false},
    };
    struct cursor cursor;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(cursor_parse(str_of(texts[i]), &cursor));
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (reads(cases[i].bytes, cases[i].len, 1) != cases[i].good) {
            fail_msg("case %zu", i);
        }
    }
    assert_false(reads("", 0, 2)); /* of a version to come */
    char long_text[CURSOR_TEXT_BYTES + 8];
    memset(long_text, 'A', sizeof long_text);
    assert_false(cursor_parse(str_make(long_text, sizeof long_text), &cursor));
}

/* Spare bits of the last character are zero: two texts are never the same place. */
static void test_one_text_only(void **state)
{
    struct cursor cursor;
    struct cursor other;
    char text[CURSOR_TEXT_BYTES];
    (void)state;
    cursor_begin(&cursor, "epoch-1");
    cursor.seq[7] = 9;
    cursor_print(&cursor, text);
    size_t len = strlen(text);
    assert_int_not_equal(len % 4, 0);
    text[len - 1]++;
    assert_false(cursor_parse(str_of(text), &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),         cmocka_unit_test(test_largest_fits),
        cmocka_unit_test(test_epochs),        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_one_text_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
