#include "flow/chain.h"

#include "base/check.h"
#include "crypto/mac.h"

char *chain_link(const struct keyring *keyring, struct str previous, json_t *take_event,
                 struct store_audit *audit)
{
    const struct key *key = keyring_current(keyring, KEY_AUDIT);
    json_object_set_new(take_event, "key", json_integer((json_int_t)key->id));
    char *text = json_dumps(take_event, JSON_COMPACT | JSON_SORT_KEYS);
    CHECK(text != NULL);
    json_decref(take_event);
    struct mac mac;
    const struct str parts[] = {previous, str_of(text)};
    mac_parts(str_make(key->bytes, KEY_BYTES), parts, 2, &mac);
    mac_hex(&mac, MAC_BYTES, audit->hash);
    audit->text = str_of(text);
    return text;
}

bool chain_holds(const struct keyring *keyring, struct str previous, struct str text,
                 const json_t *event, struct str hash)
{
    struct mac mac;
    char hex[MAC_HEX_BYTES];
    json_int_t id = json_integer_value(json_object_get(event, "key"));
    const struct key *key = id > 0 && id <= KEY_ID_MAX
                                ? keyring_find(keyring, KEY_AUDIT, (unsigned)id)
                                : NULL;
    const struct str parts[] = {previous, text};
    if (key == NULL) {
        return false;
    }
    mac_parts(str_make(key->bytes, KEY_BYTES), parts, 2, &mac);
    mac_hex(&mac, MAC_BYTES, hex);
    return str_is(hash, hex);
}
