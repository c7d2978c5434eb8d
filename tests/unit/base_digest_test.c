#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"

/* The examples of FIPS 180-4. */
static void test_known_answers(void **state)
{
    static const struct {
        const char *in;
        const char *version;
    } cases[] = {
        {"", "e3b0c44298fc1c14"},
        {"abc", "ba7816bf8f01cfea"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char version[DIGEST_VERSION_BYTES];
        digest_version(str_of(cases[i].in), version);
        assert_string_equal(version, cases[i].version);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
