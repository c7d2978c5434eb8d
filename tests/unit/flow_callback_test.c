#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/callback.h"

/* Made by another implementation of HMAC: key 00 01 … 1f, text "msg_1.1700000000.{…}". */
#define SIGNATURE "PEYiAshZkaF4Is2N6lsu9WPNymvg8rrSgmz/RJvxzPc="
#define BODY      "{\"type\":\"report.step\"}"

static void test_signature(void **state)
{
    static const struct {
        const char *id, *timestamp, *signature, *body;
        int64_t now_s;
        bool good;
    } cases[] = {
        {"msg_1", "1700000000", "v1," SIGNATURE, BODY, 1700000000, true},
        {"msg_1", "1700000000", "v1," SIGNATURE, BODY, 1700000300, true},
        {"msg_1", "1700000000", "v1," SIGNATURE, BODY, 1700000301, false},
        {"msg_1", "1700000000", "v1," SIGNATURE, BODY, 1699999699, false},
        {"msg_1", "1700000000", "v1,AAAA v1," SIGNATURE, BODY, 1700000000, true},
        {"msg_1", "1700000000", "v2," SIGNATURE, BODY, 1700000000, false},
        {"msg_1", "1700000000", SIGNATURE, BODY, 1700000000, false},
        {"msg_1", "1700000000", "", BODY, 1700000000, false},
        {"msg_2", "1700000000", "v1," SIGNATURE, BODY, 1700000000, false},
        {"msg_1", "1700000001", "v1," SIGNATURE, BODY, 1700000000, false},
        {"msg_1", "-1", "v1," SIGNATURE, BODY, 1700000000, false},
        {"msg_1", "1700000000", "v1," SIGNATURE, BODY " ", 1700000000, false},
    };
    char key[32];
    (void)state;
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (char)i;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct callback_request request = {
            .id = str_of(cases[i].id),
            .timestamp = str_of(cases[i].timestamp),
            .signature = str_of(cases[i].signature),
            .body = str_of(cases[i].body),
        };
        bool good = callback_signed(str_make(key, sizeof key), &request, cases[i].now_s * 1000);
        assert_int_equal(good, cases[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
