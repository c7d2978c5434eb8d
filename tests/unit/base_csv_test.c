#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/csv.h"

/* Each record as `line[field|field]`, a fault as `line!what`. */
static void write_down(struct str text, struct buf *to)
{
    struct csv csv;
    struct csv_record record;
    const char *wrong;
    csv_init(&csv, text);
    while (csv_next(&csv, &record, &wrong)) {
        buf_printf(to, "%zu[", record.line);
        for (size_t i = 0; i < record.count; i++) {
            buf_puts(to, i ? "|" : "");
            buf_put(to, csv_field(&record, i));
        }
        buf_puts(to, "]");
        assert_int_equal(csv_field(&record, record.count).len, 0);
    }
    if (wrong != NULL) {
        buf_printf(to, "%zu!%s", record.line, wrong);
    }
}

static void test_records(void **state)
{
    static const struct {
        const char *text, *read;
    } cases[] = {
        {"", ""},
        {"\n\r\n\n", ""},
        {"a", "1[a]"},
        {"a,b\nc,d\n", "1[a|b]2[c|d]"},
        {"a,b\r\nc,d", "1[a|b]2[c|d]"},
        {"\n\na\n\nb", "3[a]5[b]"},
        {",\n,,", "1[|]2[||]"},
        {"\xEF\xBB\xBF"
         "a",
         "1[a]"},
        {"\xEF\xBB\xBF\"a\"", "1[a]"},
        {"\"a\",\"b,c\"\n", "1[a|b,c]"},
        {"\"a\"\"b\",\"\"\"\",\"\"", "1[a\"b|\"|]"},
        {"\"a\nb\"\nc", "1[a\nb]3[c]"},
        {"\"a\r\nb\"\r\nc", "1[a\r\nb]3[c]"},
        {"\"\"\"\n\"\"\"\nc", "1[\"\n\"]3[c]"},
        {"a\rb\n", "1[a\rb]"},
        {"a\r", "1[a]"},
        {"a b , c", "1[a b | c]"},
        {"a\"b,c", "1[a\"b|c]"},
        {"a\n\"b", "1[a]2!a quoted field has no end"},
        {"\"a\"b", "1!something stands behind a closing quote"},
        {"\"a\" ,b", "1!something stands behind a closing quote"},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "1!too many fields"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf read;
        buf_init(&read, 1000);
        write_down(str_of(cases[i].text), &read);
        assert_string_equal(buf_text(&read), cases[i].read);
        buf_release(&read);
    }
}

static void test_scratch_has_an_end(void **state)
{
    static char text[CSV_SCRATCH_BYTES + 10];
    struct csv csv;
    struct csv_record record;
    const char *wrong;
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "\"\"\"", 3);
    text[CSV_SCRATCH_BYTES + 2] = '"';
    csv_init(&csv, str_make(text, CSV_SCRATCH_BYTES + 3));
    assert_true(csv_next(&csv, &record, &wrong));
    assert_int_equal(record.at[0].len, CSV_SCRATCH_BYTES);
    text[CSV_SCRATCH_BYTES + 2] = 'a';
    text[CSV_SCRATCH_BYTES + 3] = '"';
    csv_init(&csv, str_make(text, CSV_SCRATCH_BYTES + 4));
    assert_false(csv_next(&csv, &record, &wrong));
    assert_string_equal(wrong, "a field with doubled quotes is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_scratch_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
