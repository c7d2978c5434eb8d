#include "flow/identities.h"

static const char *text_of(const json_t *values, const char *name)
{
    const char *text = json_string_value(json_object_get(values, name));
    return text ? text : "";
}

const char *identities_phone(const json_t *values)
{
    const char *phone = text_of(values, "phone");
    return *phone ? phone : text_of(values, "helper_phone");
}

struct str identities_last4(const json_t *values)
{
    struct str of = str_of(text_of(values, "id_number"));
    if (of.len == 0) {
        of = str_of(identities_phone(values));
    }
    return of.len > 4 ? str_from(of, of.len - 4) : of;
}

void identities_last4_hash(const struct key *lookup, const char *receipt, struct str last4,
                           char ret_hex[IDENTITY_BYTES])
{
    identity_hash(lookup, IDENTITY_LAST4, str_of(receipt), last4, ret_hex);
}

void identities_of(const struct keyring *keyring, const json_t *values, struct str canonical,
                   struct identities *ret)
{
    const struct key *keys[STORE_PERSONS_MAX] = {
        keyring_current(keyring, KEY_LOOKUP),
        keyring_previous(keyring, KEY_LOOKUP),
    };
    struct str id = str_of(text_of(values, "id_number"));
    struct str name = str_of(text_of(values, "name"));
    struct str phone = str_of(identities_phone(values));
    *ret = (struct identities){.has_id = id.len > 0, .has_phone = phone.len > 0};
    for (size_t i = 0; i < STORE_PERSONS_MAX && keys[i] != NULL; i++) {
        ret->count++;
        identity_hash(keys[i], IDENTITY_PHONE, phone, (struct str){NULL, 0}, ret->phone[i]);
        identity_hash(keys[i], IDENTITY_CONTENT, canonical, (struct str){NULL, 0}, ret->content[i]);
        identity_hash(keys[i], IDENTITY_NAME, name, (struct str){NULL, 0}, ret->name[i]);
        if (ret->has_id) {
            identity_hash(keys[i], IDENTITY_ID, id, (struct str){NULL, 0}, ret->id[i]);
            identity_hash(keys[i], IDENTITY_PERSON, id, (struct str){NULL, 0}, ret->person[i]);
        } else {
            identity_hash(keys[i], IDENTITY_PERSON, name, phone, ret->person[i]);
        }
    }
}

void identities_list(const char (*from)[IDENTITY_BYTES], size_t count, bool there,
                     const char *ret_list[STORE_PERSONS_MAX])
{
    for (size_t i = 0; i < STORE_PERSONS_MAX; i++) {
        ret_list[i] = there && i < count ? from[i] : NULL;
    }
}
