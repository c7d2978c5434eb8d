#include "crypto/identity.h"

#include "base/check.h"
#include "crypto/mac.h"

/* Stored hashes depend on these words: never change one. */
static const char *const kind_names[] = {
    [IDENTITY_ID] = "id",       [IDENTITY_PHONE] = "phone",     [IDENTITY_PERSON] = "person",
    [IDENTITY_LAST4] = "last4", [IDENTITY_CONTENT] = "content", [IDENTITY_GUESS] = "guess",
    [IDENTITY_NAME] = "name",
};

void identity_hash(const struct key *lookup_key, enum identity_kind kind, struct str a,
                   struct str b, char ret_hex[IDENTITY_BYTES])
{
    CHECK(lookup_key != NULL && lookup_key->purpose == KEY_LOOKUP);
    const struct str parts[] = {STR("identity"), str_of(kind_names[kind]), a, b};
    struct mac mac;
    mac_parts(str_make(lookup_key->bytes, KEY_BYTES), parts, sizeof parts / sizeof parts[0], &mac);
    mac_hex(&mac, (IDENTITY_BYTES - 1) / 2, ret_hex);
}
