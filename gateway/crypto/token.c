#include "crypto/token.h"

#include <string.h>

#include "base/buf.h"
#include "base/escape.h"
#include "base/rand.h"
#include "crypto/mac.h"

/* The form token's bytes, in order. */
enum {
    TOKEN_VERSION = 1,
    TOKEN_KEY_AT = 1,
    TOKEN_TIME_AT = 2,
    TOKEN_TIME_BYTES = 6,
    TOKEN_RANDOM_AT = 8,
    TOKEN_RANDOM_BYTES = 12,
    TOKEN_MAC_AT = 20,
    TOKEN_MAC_BYTES = 16,
    TOKEN_BYTES = 36,
};

/* The signature's bytes behind its kind letter: key id, then 80 bits of MAC. */
enum { SIG_MAC_BYTES = 10, SIG_BYTES = 1 + SIG_MAC_BYTES, RECEIPT_LENGTH = 12 };

static void token_mac(const struct key *key, const unsigned char *bytes, struct mac *ret)
{
    const struct str parts[] = {STR("form-token"), str_make(bytes, TOKEN_MAC_AT)};
    mac_parts(str_make(key->bytes, KEY_BYTES), parts, 2, ret);
}

void token_issue(const struct keyring *keyring, int64_t now_wall_ms,
                 char ret_text[TOKEN_TEXT_BYTES])
{
    const struct key *key = keyring_current(keyring, KEY_TOKEN);
    unsigned char bytes[TOKEN_BYTES];
    struct mac mac;
    bytes[0] = TOKEN_VERSION;
    bytes[TOKEN_KEY_AT] = (unsigned char)key->id;
    for (int i = 0; i < TOKEN_TIME_BYTES; i++) {
        bytes[TOKEN_TIME_AT + i] = (unsigned char)((uint64_t)now_wall_ms >> (40 - 8 * i));
    }
    rand_bytes(bytes + TOKEN_RANDOM_AT, TOKEN_RANDOM_BYTES);
    token_mac(key, bytes, &mac);
    memcpy(bytes + TOKEN_MAC_AT, mac.bytes, TOKEN_MAC_BYTES);

    struct buf text;
    buf_init(&text, TOKEN_TEXT_BYTES - 1);
    base64url_put(&text, str_make(bytes, sizeof bytes));
    CHECK(buf_ok(&text) && text.len == TOKEN_TEXT_BYTES - 1);
    memcpy(ret_text, buf_text(&text), TOKEN_TEXT_BYTES);
    buf_release(&text);
}

static bool token_bytes(struct str text, unsigned char ret[TOKEN_BYTES])
{
    struct buf bytes;
    if (text.len != TOKEN_TEXT_BYTES - 1) {
        return false;
    }
    buf_init(&bytes, TOKEN_BYTES);
    bool read = base64url_parse(&bytes, text) && buf_ok(&bytes) && bytes.len == TOKEN_BYTES;
    if (read) {
        memcpy(ret, bytes.at, TOKEN_BYTES);
    }
    buf_release(&bytes);
    return read;
}

bool token_read(const struct keyring *keyring, struct str text, struct token *ret)
{
    unsigned char bytes[TOKEN_BYTES];
    struct mac mac;
    if (!token_bytes(text, bytes) || bytes[0] != TOKEN_VERSION) {
        return false;
    }
    const struct key *key = keyring_find(keyring, KEY_TOKEN, bytes[TOKEN_KEY_AT]);
    if (key == NULL) {
        return false;
    }
    token_mac(key, bytes, &mac);
    if (!mac_equal(mac.bytes, bytes + TOKEN_MAC_AT, TOKEN_MAC_BYTES)) {
        return false;
    }
    uint64_t issued_ms = 0;
    for (int i = 0; i < TOKEN_TIME_BYTES; i++) {
        issued_ms = issued_ms << 8 | bytes[TOKEN_TIME_AT + i];
    }
    ret->issued_ms = (int64_t)issued_ms;
    struct mac random;
    memcpy(random.bytes, bytes + TOKEN_RANDOM_AT, TOKEN_RANDOM_BYTES);
    mac_hex(&random, TOKEN_RANDOM_BYTES, ret->id);
    return true;
}

static void sig_mac(const struct key *key, enum link_kind kind, struct str receipt, struct mac *ret)
{
    char letter = (char)kind;
    const struct str parts[] = {STR("receipt-link"), str_make(&letter, 1), receipt};
    mac_parts(str_make(key->bytes, KEY_BYTES), parts, 3, ret);
}

void link_sig(const struct keyring *keyring, enum link_kind kind, struct str receipt,
              char ret_sig[LINK_SIG_BYTES])
{
    const struct key *key = keyring_current(keyring, KEY_RECEIPT);
    unsigned char bytes[SIG_BYTES];
    struct mac mac;
    sig_mac(key, kind, receipt, &mac);
    bytes[0] = (unsigned char)key->id;
    memcpy(bytes + 1, mac.bytes, SIG_MAC_BYTES);

    struct buf text;
    buf_init(&text, LINK_SIG_BYTES - 1);
    buf_putc(&text, (char)kind);
    base32_put(&text, str_make(bytes, sizeof bytes));
    CHECK(buf_ok(&text));
    for (size_t i = 0; i <= text.len; i++) {
        char c = text.at[i];
        ret_sig[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    buf_release(&text);
}

bool link_read(const struct keyring *keyring, struct str text, char ret_receipt[13],
               enum link_kind *ret_kind)
{
    struct str receipt = str_sub(text, 0, RECEIPT_LENGTH);
    struct str sig = str_from(text, RECEIPT_LENGTH + 1);
    unsigned char bytes[SIG_BYTES];
    struct mac mac;
    if (sig.len == 0 || text.at[RECEIPT_LENGTH] != '-' || !str_only(receipt, STR_DIGITS)) {
        return false;
    }
    int letter = sig.at[0] | 0x20;
    if ((letter != LINK_FULL && letter != LINK_SHORT) ||
        !base32_parse(str_from(sig, 1), bytes, sizeof bytes)) {
        return false;
    }
    enum link_kind kind = (enum link_kind)letter;
    const struct key *key = keyring_find(keyring, KEY_RECEIPT, bytes[0]);
    if (key == NULL) {
        return false;
    }
    sig_mac(key, kind, receipt, &mac);
    if (!mac_equal(mac.bytes, bytes + 1, SIG_MAC_BYTES)) {
        return false;
    }
    memcpy(ret_receipt, receipt.at, RECEIPT_LENGTH);
    ret_receipt[RECEIPT_LENGTH] = '\0';
    *ret_kind = kind;
    return true;
}
