/* Formatting into a buffer, at and around the ends of its room and of its cap; digits of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/escape.h"

static const char sixty_four[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* Every split of 600 bytes: what stood before stays, what is added is whole. */
static void test_printf_at_every_length(void **state)
{
    (void)state;
    for (int before = 0; before < 600; before++) {
        struct buf buf;
        buf_init(&buf, 1000);
        for (int i = 0; i < before; i++) {
            buf_putc(&buf, 'x');
        }
        buf_printf(&buf, "%s|%d", sixty_four, before);
        char tail[80];
        snprintf(tail, sizeof tail, "%s|%d", sixty_four, before);
        assert_true(buf_ok(&buf));
        assert_int_equal(buf.len, (size_t)before + strlen(tail));
        assert_string_equal(buf_text(&buf) + before, tail);
        buf_release(&buf);
    }
}

static void test_printf_over_the_cap(void **state)
{
    (void)state;
    static const struct {
        size_t bytes_max;
        bool fits;
    } cases[] = {{63, false}, {64, true}, {67, false}, {68, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf buf;
        bool first = cases[i].bytes_max >= 67;
        buf_init(&buf, cases[i].bytes_max);
        if (first) {
            buf_puts(&buf, "kept");
        }
        buf_printf(&buf, "%s", sixty_four);
        assert_int_equal(buf_ok(&buf), cases[i].fits);
        assert_string_equal(buf_text(&buf) + (first && cases[i].fits ? 4 : 0), cases[i].fits
                                                                                   ? sixty_four
                                                                               : first ? "kept"
                                                                                       : "");
        buf_release(&buf);
    }
}

/* RFC 4648 §10 */
static void test_base64url(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *digits;
    } cases[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf buf;
        buf_init(&buf, strlen(cases[i].digits));
        base64url_put(&buf, str_of(cases[i].bytes));
        assert_true(buf_ok(&buf));
        assert_string_equal(buf_text(&buf), cases[i].digits);
        buf_release(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printf_at_every_length),
        cmocka_unit_test(test_printf_over_the_cap),
        cmocka_unit_test(test_base64url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
