#include "crypto/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/rand.h"

/* A box is what one GCM call makes: nonce, bytes, tag. */
enum {
    SEAL_VERSION = 1,
    NONCE_BYTES = 12,
    TAG_BYTES = 16,
    BOX_EXTRA_BYTES = NONCE_BYTES + TAG_BYTES,
    HEAD_BYTES = 2,
    WRAP_BYTES = BOX_EXTRA_BYTES + KEY_BYTES,
    BLOB_BYTES_MIN = HEAD_BYTES + WRAP_BYTES + BOX_EXTRA_BYTES,
    AAD_BYTES_MAX = 512
};

static _Thread_local EVP_CIPHER_CTX *context;

static EVP_CIPHER_CTX *gcm_ready(const unsigned char *key, const unsigned char *nonce, bool closing)
{
    const EVP_CIPHER *none = NULL;
    if (context == NULL) {
        EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        context = EVP_CIPHER_CTX_new();
        CHECK(context != NULL && gcm != NULL &&
              EVP_CipherInit_ex2(context, gcm, NULL, NULL, closing, NULL) == 1);
        EVP_CIPHER_free(gcm);
    }
    CHECK(EVP_CipherInit_ex2(context, none, key, nonce, closing, NULL) == 1);
    return context;
}

static void gcm_add(EVP_CIPHER_CTX *ctx, unsigned char *to, struct str bytes)
{
    int done = 0;
    CHECK(bytes.len <= INT32_MAX);
    if (bytes.len > 0) {
        CHECK(EVP_CipherUpdate(ctx, to, &done, (const unsigned char *)bytes.at, (int)bytes.len) ==
              1);
        CHECK((size_t)done == bytes.len);
    }
}

static void box_close(const unsigned char *key, struct str aad, struct str plain, struct buf *to)
{
    unsigned char *box = (unsigned char *)buf_room(to, plain.len + BOX_EXTRA_BYTES);
    unsigned char spare[TAG_BYTES];
    int done = 0;
    if (box == NULL) {
        return; /* over its cap: the caller asks buf_ok */
    }
    rand_bytes(box, NONCE_BYTES);
    EVP_CIPHER_CTX *ctx = gcm_ready(key, box, true);
    gcm_add(ctx, NULL, aad);
    gcm_add(ctx, box + NONCE_BYTES, plain);
    CHECK(EVP_CipherFinal_ex(ctx, spare, &done) == 1 && done == 0);
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
                              box + NONCE_BYTES + plain.len) == 1);
    buf_wrote(to, plain.len + BOX_EXTRA_BYTES);
}

/* ret_plain has room for box.len - BOX_EXTRA_BYTES. */
static bool box_open(const unsigned char *key, struct str aad, struct str box,
                     unsigned char *ret_plain)
{
    const unsigned char *bytes = (const unsigned char *)box.at;
    size_t plain_bytes = box.len - BOX_EXTRA_BYTES;
    unsigned char tag[TAG_BYTES];
    unsigned char spare[TAG_BYTES];
    int done = 0;
    memcpy(tag, bytes + NONCE_BYTES + plain_bytes, TAG_BYTES);
    EVP_CIPHER_CTX *ctx = gcm_ready(key, bytes, false);
    gcm_add(ctx, NULL, aad);
    gcm_add(ctx, ret_plain, str_sub(box, NONCE_BYTES, plain_bytes));
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1);
    if (EVP_CipherFinal_ex(ctx, spare, &done) == 1) {
        return true;
    }
    OPENSSL_cleanse(ret_plain, plain_bytes); /* nobody may use what was not proved */
    return false;
}

/* Each part behind its length, so that no two contexts read alike. */
static void aad_put(struct buf *aad, struct str part)
{
    buf_putc(aad, (char)(part.len >> 8));
    buf_putc(aad, (char)part.len);
    buf_put(aad, part);
}

static void wrap_aad(struct buf *aad, struct str receipt, unsigned key_id)
{
    char id = (char)key_id;
    buf_init(aad, AAD_BYTES_MAX);
    aad_put(aad, STR("wrap"));
    aad_put(aad, receipt);
    aad_put(aad, str_make(&id, 1));
    CHECK(buf_ok(aad));
}

static void data_aad(struct buf *aad, struct str receipt, struct str what)
{
    char schema = SEAL_VERSION;
    buf_init(aad, AAD_BYTES_MAX);
    aad_put(aad, STR("data"));
    aad_put(aad, receipt);
    aad_put(aad, str_make(&schema, 1));
    aad_put(aad, what);
    CHECK(buf_ok(aad));
}

static void wrap_close(const struct key *key, struct str receipt, const unsigned char *data_key,
                       struct buf *to)
{
    struct buf aad;
    buf_putc(to, SEAL_VERSION);
    buf_putc(to, (char)key->id);
    wrap_aad(&aad, receipt, key->id);
    box_close(key->bytes, buf_str(&aad), str_make(data_key, KEY_BYTES), to);
    buf_release(&aad);
}

static bool wrap_open(const struct keyring *keyring, struct str receipt, struct str blob,
                      unsigned char ret_data_key[KEY_BYTES])
{
    struct buf aad;
    if (blob.len < BLOB_BYTES_MIN || blob.at[0] != SEAL_VERSION) {
        return false;
    }
    const struct key *key = keyring_find(keyring, KEY_SEAL, (unsigned char)blob.at[1]);
    if (key == NULL) {
        return false;
    }
    wrap_aad(&aad, receipt, key->id);
    bool opened = box_open(key->bytes, buf_str(&aad), str_sub(blob, HEAD_BYTES, WRAP_BYTES),
                           ret_data_key);
    buf_release(&aad);
    return opened;
}

void seal_close(const struct keyring *keyring, struct str receipt, struct str what,
                struct str plain, struct buf *to)
{
    unsigned char data_key[KEY_BYTES];
    struct buf aad;
    rand_bytes(data_key, sizeof data_key);
    wrap_close(keyring_current(keyring, KEY_SEAL), receipt, data_key, to);
    data_aad(&aad, receipt, what);
    box_close(data_key, buf_str(&aad), plain, to);
    buf_release(&aad);
    OPENSSL_cleanse(data_key, sizeof data_key);
}

bool seal_open(const struct keyring *keyring, struct str receipt, struct str what, struct str blob,
               struct buf *to)
{
    unsigned char data_key[KEY_BYTES];
    struct buf aad;
    if (!wrap_open(keyring, receipt, blob, data_key)) {
        return false;
    }
    struct str box = str_from(blob, HEAD_BYTES + WRAP_BYTES);
    size_t plain_bytes = box.len - BOX_EXTRA_BYTES;
    unsigned char *plain = (unsigned char *)buf_room(to, plain_bytes);
    bool opened = false;
    if (plain != NULL) {
        data_aad(&aad, receipt, what);
        opened = box_open(data_key, buf_str(&aad), box, plain);
        buf_release(&aad);
        buf_wrote(to, opened ? plain_bytes : 0);
    }
    OPENSSL_cleanse(data_key, sizeof data_key);
    return opened;
}

bool seal_rewrap(const struct keyring *keyring, struct str receipt, struct str blob, struct buf *to)
{
    unsigned char data_key[KEY_BYTES];
    if (!wrap_open(keyring, receipt, blob, data_key)) {
        return false;
    }
    wrap_close(keyring_current(keyring, KEY_SEAL), receipt, data_key, to);
    buf_put(to, str_from(blob, HEAD_BYTES + WRAP_BYTES));
    OPENSSL_cleanse(data_key, sizeof data_key);
    return true;
}
