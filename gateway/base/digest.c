#include "base/digest.h"

#include <openssl/evp.h>

#include "base/check.h"

void digest_sha256(struct str bytes, unsigned char ret_digest[DIGEST_BYTES])
{
    unsigned int len = 0;
    CHECK(EVP_Digest(bytes.at ? bytes.at : "", bytes.len, ret_digest, &len, EVP_sha256(), NULL) ==
          1);
    CHECK(len == DIGEST_BYTES);
}

void digest_version(struct str bytes, char ret_text[DIGEST_VERSION_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[DIGEST_BYTES];
    digest_sha256(bytes, digest);
    for (int i = 0; i < DIGEST_VERSION_BYTES - 1; i++) {
        ret_text[i] = digits[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    }
    ret_text[DIGEST_VERSION_BYTES - 1] = '\0';
}
