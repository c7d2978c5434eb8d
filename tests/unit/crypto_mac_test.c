#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"
#include "crypto/identity.h"
#include "crypto/mac.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct str bytes_of(const char *hex, unsigned char *room)
{
    size_t bytes = strlen(hex) / 2;
    assert_true(hex_parse(str_of(hex), room, bytes));
    return str_make(room, bytes);
}

static void assert_mac(const struct mac *mac, const char *hex)
{
    char got[MAC_HEX_BYTES];
    mac_hex(mac, strlen(hex) / 2, got);
    assert_string_equal(got, hex);
}

/* The examples of FIPS 180-4 (NIST) and the empty message. */
static void test_sha256_examples(void **state)
{
    static const struct {
        const char *message, *digest;
    } cases[] = {
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
         "mno"
         "pqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mac digest;
        sha256(str_of(cases[i].message), &digest);
        assert_mac(&digest, cases[i].digest);
    }
}

/* RFC 4231 §4.2 to §4.8; case 5 is truncated to 128 bits there. */
static void test_hmac_rfc_4231(void **state)
{
    static const char long_key[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct {
        const char *key, *data, *mac;
    } cases[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
         "ddddddd"
         "dddd",
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"0102030405060708090a0b0c0d0e0f10111213141516171819",
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdc"
         "dcdcdcd"
         "cdcd",
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {"0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", "546573742057697468205472756e636174696f6e",
         "a3b6167473100ee06e0c796c2955552b"},
        {long_key,
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20486173682"
         "04b"
         "6579204669727374",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {long_key,
         "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a6"
         "520"
         "6b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6"
         "579"
         "206e6565647320746f20626520686173686564206265666f7265206265696e672075736564206279207468652"
         "0484d"
         "414320616c676f726974686d2e",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    unsigned char key[160];
    unsigned char data[200];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mac mac;
        mac_make(bytes_of(cases[i].key, key), bytes_of(cases[i].data, data), &mac);
        assert_mac(&mac, cases[i].mac);
    }
}

/* An empty key must not mean "the key before". */
static void test_empty_key_is_a_key(void **state)
{
    struct mac mac;
    (void)state;
    mac_make(STR("another key"), STR("x"), &mac);
    mac_make(STR(""), STR(""), &mac);
    assert_mac(&mac, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    mac_make(STR("another key"), STR("x"), &mac);
    mac_make((struct str){NULL, 0}, (struct str){NULL, 0}, &mac);
    assert_mac(&mac, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_parts_are_what_the_header_says(void **state)
{
    const struct str parts[] = {STR("ab"), STR(""), STR("c")};
    static const char joined[] = "\0\0\0\0\0\0\0\2ab"
                                 "\0\0\0\0\0\0\0\0"
                                 "\0\0\0\0\0\0\0\1c";
    struct mac of_parts;
    struct mac of_bytes;
    (void)state;
    mac_parts(STR("k"), parts, COUNT(parts), &of_parts);
    mac_make(STR("k"), str_make(joined, sizeof joined - 1), &of_bytes);
    assert_memory_equal(of_parts.bytes, of_bytes.bytes, MAC_BYTES);
}

static void test_part_lists_never_read_alike(void **state)
{
    static const struct {
        const char *parts[3];
        size_t count;
    } lists[] = {
        {{"ab", "c"}, 2},     {{"a", "bc"}, 2},     {{"abc"}, 1},
        {{"abc", ""}, 2},     {{"", "abc"}, 2},     {{""}, 1},
        {{"ab", "", "c"}, 3}, {{"ab", "c", ""}, 3}, {{""}, 0},
    };
    struct mac macs[COUNT(lists)];
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct str parts[3];
        for (size_t p = 0; p < 3; p++) {
            parts[p] = str_of(lists[i].parts[p]);
        }
        mac_parts(STR("k"), parts, lists[i].count, &macs[i]);
        for (size_t j = 0; j < i; j++) {
            assert_false(mac_equal(macs[i].bytes, macs[j].bytes, MAC_BYTES));
        }
    }
}

static void test_equal_looks_at_every_byte(void **state)
{
    struct mac a;
    (void)state;
    sha256(STR("x"), &a);
    for (size_t i = 0; i < MAC_BYTES; i++) {
        struct mac b = a;
        assert_true(mac_equal(a.bytes, b.bytes, MAC_BYTES));
        b.bytes[i] ^= 1;
        assert_false(mac_equal(a.bytes, b.bytes, MAC_BYTES));
        assert_true(mac_equal(a.bytes, b.bytes, i));
    }
}

/* Stored indexes depend on these: a change here loses every household's open report. */
static void test_identity_kinds_and_keys_never_collide(void **state)
{
    struct key key = {.purpose = KEY_LOOKUP, .id = 1, .current = true};
    struct key other = {.purpose = KEY_LOOKUP, .id = 2, .bytes = {1}};
    char hex[2 * (IDENTITY_GUESS + 1)][IDENTITY_BYTES];
    char again[IDENTITY_BYTES];
    size_t count = 0;
    (void)state;
    for (int kind = IDENTITY_ID; kind <= IDENTITY_GUESS; kind++) {
        identity_hash(&key, (enum identity_kind)kind, STR("11010519491231002X"), STR(""),
                      hex[count++]);
        identity_hash(&other, (enum identity_kind)kind, STR("11010519491231002X"), STR(""),
                      hex[count++]);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(strlen(hex[i]), IDENTITY_BYTES - 1);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(hex[i], hex[j]);
        }
    }
    identity_hash(&key, IDENTITY_ID, STR("11010519491231002X"), STR(""), again);
    assert_string_equal(again, hex[0]);
    assert_string_equal(again, "b9092334127d24e97f4179eedd37090b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_examples),
        cmocka_unit_test(test_hmac_rfc_4231),
        cmocka_unit_test(test_empty_key_is_a_key),
        cmocka_unit_test(test_parts_are_what_the_header_says),
        cmocka_unit_test(test_part_lists_never_read_alike),
        cmocka_unit_test(test_equal_looks_at_every_byte),
        cmocka_unit_test(test_identity_kinds_and_keys_never_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
