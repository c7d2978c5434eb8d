#include "crypto/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "base/check.h"

/* Fetching an algorithm costs several times the hash itself, so each thread keeps its contexts. */
static _Thread_local EVP_MD_CTX *digest;
static _Thread_local EVP_MAC_CTX *hmac;
static _Thread_local struct mac hmac_key; /* what hmac was last made ready with */
static _Thread_local bool hmac_keyed;

static EVP_MD_CTX *digest_ready(void)
{
    if (digest == NULL) {
        digest = EVP_MD_CTX_new();
        EVP_MD *sha = EVP_MD_fetch(NULL, "SHA256", NULL);
        CHECK(digest != NULL && sha != NULL && EVP_DigestInit_ex2(digest, sha, NULL) == 1);
        EVP_MD_free(sha); /* the context holds it */
    }
    CHECK(EVP_DigestInit_ex2(digest, NULL, NULL) == 1);
    return digest;
}

static EVP_MAC_CTX *hmac_ready(struct str key)
{
    char sha[] = "SHA256";
    const OSSL_PARAM with_sha[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha, 0),
        OSSL_PARAM_construct_end(),
    };
    /* A NULL key means "the one before", which spares two of the four blocks of a short message. */
    bool again = hmac_keyed && key.len == MAC_BYTES &&
                 CRYPTO_memcmp(hmac_key.bytes, key.at, MAC_BYTES) == 0;
    const unsigned char *bytes = (const unsigned char *)(key.len > 0 ? key.at : "");
    bool first = hmac == NULL;
    if (first) {
        EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        hmac = mac ? EVP_MAC_CTX_new(mac) : NULL;
        CHECK(hmac != NULL);
        EVP_MAC_free(mac);
    }
    CHECK(EVP_MAC_init(hmac, again ? NULL : bytes, again ? 0 : key.len, first ? with_sha : NULL) ==
          1);
    hmac_keyed = key.len == MAC_BYTES;
    if (hmac_keyed && !again) {
        memcpy(hmac_key.bytes, key.at, MAC_BYTES);
    }
    return hmac;
}

static void hmac_add(EVP_MAC_CTX *ctx, const void *at, size_t len)
{
    CHECK(len == 0 || EVP_MAC_update(ctx, at, len) == 1);
}

static void hmac_end(EVP_MAC_CTX *ctx, struct mac *ret)
{
    size_t len = 0;
    CHECK(EVP_MAC_final(ctx, ret->bytes, &len, sizeof ret->bytes) == 1 && len == MAC_BYTES);
}

void sha256(struct str data, struct mac *ret)
{
    EVP_MD_CTX *ctx = digest_ready();
    unsigned len = 0;
    CHECK(data.len == 0 || EVP_DigestUpdate(ctx, data.at, data.len) == 1);
    CHECK(EVP_DigestFinal_ex(ctx, ret->bytes, &len) == 1 && len == MAC_BYTES);
}

void mac_make(struct str key, struct str data, struct mac *ret)
{
    EVP_MAC_CTX *ctx = hmac_ready(key);
    hmac_add(ctx, data.at, data.len);
    hmac_end(ctx, ret);
}

void mac_parts(struct str key, const struct str *parts, size_t count, struct mac *ret)
{
    EVP_MAC_CTX *ctx = hmac_ready(key);
    for (size_t i = 0; i < count; i++) {
        unsigned char length[8];
        for (size_t b = 0; b < sizeof length; b++) {
            length[b] = (unsigned char)((uint64_t)parts[i].len >> (56 - 8 * b));
        }
        hmac_add(ctx, length, sizeof length);
        hmac_add(ctx, parts[i].at, parts[i].len);
    }
    hmac_end(ctx, ret);
}

bool mac_equal(const void *a, const void *b, size_t bytes)
{
    return CRYPTO_memcmp(a, b, bytes) == 0;
}

void mac_hex(const struct mac *mac, size_t bytes, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";
    CHECK(bytes <= MAC_BYTES);
    for (size_t i = 0; i < bytes; i++) {
        ret_hex[2 * i] = digits[mac->bytes[i] >> 4];
        ret_hex[2 * i + 1] = digits[mac->bytes[i] & 15];
    }
    ret_hex[2 * bytes] = '\0';
}
