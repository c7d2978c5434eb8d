#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/token.h"

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base32[] = "0123456789abcdefghjkmnpqrstvwxyz";

static struct keyring keyring;

static int make_keys(void **state)
{
    (void)state;
    keyring_make(&keyring);
    return 0;
}

static void test_token_reads_back(void **state)
{
    static const int64_t times_ms[] = {0, 1, 1795569302123, (INT64_C(1) << 48) - 1};
    (void)state;
    for (size_t i = 0; i < sizeof times_ms / sizeof times_ms[0]; i++) {
        char text[TOKEN_TEXT_BYTES];
        struct token token;
        token_issue(&keyring, times_ms[i], text);
        assert_int_equal(strlen(text), 48);
        assert_true(token_read(&keyring, str_of(text), &token));
        assert_int_equal(token.issued_ms, times_ms[i]);
        assert_int_equal(strlen(token.id), 24);
    }
}

static void test_tokens_have_ids_of_their_own(void **state)
{
    struct token a;
    struct token b;
    char text[TOKEN_TEXT_BYTES];
    (void)state;
    token_issue(&keyring, 5, text);
    assert_true(token_read(&keyring, str_of(text), &a));
    token_issue(&keyring, 5, text);
    assert_true(token_read(&keyring, str_of(text), &b));
    assert_string_not_equal(a.id, b.id);
}

static void test_token_refuses_every_other_text(void **state)
{
    char text[TOKEN_TEXT_BYTES];
    char longer[TOKEN_TEXT_BYTES + 1];
    struct token token;
    (void)state;
    token_issue(&keyring, 1795569302123, text);
    for (size_t i = 0; i < strlen(text); i++) {
        char kept = text[i];
        for (const char *c = base64url; *c; c++) {
            text[i] = *c;
            assert_int_equal(token_read(&keyring, str_of(text), &token), *c == kept);
        }
        text[i] = kept;
        assert_false(token_read(&keyring, str_make(text, i), &token));
    }
    snprintf(longer, sizeof longer, "%sA", text);
    assert_false(token_read(&keyring, str_of(longer), &token));
    assert_false(token_read(&keyring, (struct str){NULL, 0}, &token));
    assert_true(token_read(&keyring, str_of(text), &token));
}

static void test_token_outlives_one_rotation_not_its_key(void **state)
{
    struct keyring turned = keyring;
    struct keyring other;
    struct token token;
    struct err err;
    char text[TOKEN_TEXT_BYTES];
    (void)state;
    token_issue(&keyring, 7, text);
    assert_true(keyring_rotate(&turned, KEY_TOKEN, &err));
    assert_true(token_read(&turned, str_of(text), &token));
    token_issue(&turned, 7, text);
    assert_false(token_read(&keyring, str_of(text), &token));
    keyring_make(&other);
    assert_false(token_read(&other, str_of(text), &token));
}

static void link_of(enum link_kind kind, char *ret, size_t room)
{
    char sig[LINK_SIG_BYTES];
    link_sig(&keyring, kind, STR("412938471655"), sig);
    snprintf(ret, room, "412938471655-%s", sig);
}

static void test_link_reads_back_in_either_kind_and_case(void **state)
{
    static const enum link_kind kinds[] = {LINK_FULL, LINK_SHORT};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char text[64];
        char receipt[13];
        enum link_kind kind;
        link_of(kinds[i], text, sizeof text);
        assert_int_equal(text[13], (char)kinds[i]);
        assert_int_equal(strlen(text), 13 + 1 + 18);
        assert_true(link_read(&keyring, str_of(text), receipt, &kind));
        assert_string_equal(receipt, "412938471655");
        assert_int_equal(kind, kinds[i]);
        for (char *c = text; *c; c++) {
            *c = *c == '0' ? 'O' : *c;
            *c = *c == '1' && c > text + 13 ? 'l' : *c;
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        }
        assert_true(link_read(&keyring, str_of(text), receipt, &kind));
        assert_int_equal(kind, kinds[i]);
    }
}

static void test_link_refuses_every_other_text(void **state)
{
    char text[64];
    char receipt[13];
    enum link_kind kind;
    (void)state;
    link_of(LINK_FULL, text, sizeof text);
    for (size_t i = 0; i < strlen(text); i++) {
        char kept = text[i];
        for (const char *c = i < 12 ? "0123456789" : base32; *c; c++) {
            text[i] = *c;
            assert_int_equal(link_read(&keyring, str_of(text), receipt, &kind), *c == kept);
        }
        text[i] = kept;
        assert_false(link_read(&keyring, str_make(text, i), receipt, &kind));
    }
    strcat(text, "0");
    assert_false(link_read(&keyring, str_of(text), receipt, &kind));
}

/* A look-up by ID and phone must never be turned into the full page by changing one letter. */
static void test_short_link_does_not_become_full(void **state)
{
    char text[64];
    char receipt[13];
    enum link_kind kind;
    (void)state;
    link_of(LINK_SHORT, text, sizeof text);
    text[13] = 'f';
    assert_false(link_read(&keyring, str_of(text), receipt, &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_reads_back),
        cmocka_unit_test(test_tokens_have_ids_of_their_own),
        cmocka_unit_test(test_token_refuses_every_other_text),
        cmocka_unit_test(test_token_outlives_one_rotation_not_its_key),
        cmocka_unit_test(test_link_reads_back_in_either_kind_and_case),
        cmocka_unit_test(test_link_refuses_every_other_text),
        cmocka_unit_test(test_short_link_does_not_become_full),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
