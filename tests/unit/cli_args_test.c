#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "cli/args.h"

static const struct arg_spec specs[] = {{"--send", false}, {"--why", true}, {NULL, false}};

static const struct {
    const char *argv[8];
    const char *read; /* NULL: refused */
} cases[] = {
    {{NULL}, "file - json 0 help 0 words"},
    {{"a", "b", NULL}, "file - json 0 help 0 words a b"},
    {{"-c", "F", "--json", "a", NULL}, "file F json 1 help 0 words a"},
    {{"a", "-c=F", NULL}, "file F json 0 help 0 words a"},
    {{"--why", "x y", "--send", NULL}, "file - json 0 help 0 words why=x y send"},
    {{"--why=", NULL}, "file - json 0 help 0 words why="},
    {{"--why=1", "--why=2", NULL}, "file - json 0 help 0 words why=2"},
    {{"--set", "a.b=c=d", NULL}, "file - json 0 help 0 words a.b:c=d"},
    {{"--set=a.b=", NULL}, "file - json 0 help 0 words a.b:"},
    {{"--", "--why", "-c", NULL}, "file - json 0 help 0 words --why -c"},
    {{"-", NULL}, "file - json 0 help 0 words -"},
    {{"-h", NULL}, "file - json 0 help 1 words"},
    {{"--help", "x", NULL}, "file - json 0 help 1 words x"},
    {{"--nix", NULL}, NULL},
    {{"-x", NULL}, NULL},
    {{"-c", NULL}, NULL},
    {{"--why", NULL}, NULL},
    {{"--send=1", NULL}, NULL},
    {{"--set", "ab", NULL}, NULL},
};

static void describe(const struct args *args, struct buf *to)
{
    const char *why = args_get(args, "--why");
    buf_printf(to, "file %s json %d help %d words", args->file ? args->file : "-", args->json,
               args->help);
    for (size_t i = 0; i < args->word_count; i++) {
        buf_printf(to, " %s", args->words[i]);
    }
    for (size_t i = 0; i < args->set_count; i++) {
        buf_printf(to, " %s:%s", args->set[i].name, args->set[i].value);
    }
    if (why != NULL) {
        buf_printf(to, " why=%s", why);
    }
    buf_puts(to, args_get(args, "--send") ? " send" : "");
}

static void test_reads_flags_and_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *argv[8];
        int argc = 0;
        struct args args;
        struct buf read;
        for (; cases[i].argv[argc] != NULL; argc++) {
            argv[argc] = (char *)(uintptr_t)cases[i].argv[argc];
        }
        bool fits = args_read(argc, argv, specs, &args);
        assert_int_equal(fits, cases[i].read != NULL);
        if (!fits) {
            continue;
        }
        buf_init(&read, 1000);
        describe(&args, &read);
        assert_string_equal(buf_text(&read), cases[i].read);
        buf_release(&read);
        args_release(&args);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads_flags_and_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
