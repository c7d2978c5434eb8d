#include "domain/form_member.h"

#include <string.h>

enum { WORD_BYTES_MAX = 32 };

static bool is_word_of(const char *text, size_t len)
{
    if (len == 0 || len > WORD_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool letter = text[i] >= 'a' && text[i] <= 'z';
        bool later = (text[i] >= '0' && text[i] <= '9') || text[i] == '_';
        if (!letter && !(later && i > 0)) {
            return false;
        }
    }
    return true;
}

static bool is_key(const char *text)
{
    struct str rest = str_of(text);
    struct str part;
    size_t parts = 0;
    while (str_next(&rest, '.', &part)) {
        if (!is_word_of(part.at, part.len)) {
            return false;
        }
        parts++;
    }
    return parts >= 2;
}

static const char *member_fault(char kind, const json_t *value)
{
    switch (kind) {
    case 's':
        return json_string_length(value) > 0 ? NULL : "must be a text that is not empty";
    case 'k':
        return json_is_string(value) && is_key(json_string_value(value))
                   ? NULL
                   : "must be a catalog key (form.name.label)";
    case 'b':
        return json_is_boolean(value) ? NULL : "must be true or false";
    case 'i':
        return json_is_integer(value) && json_integer_value(value) > 0 ? NULL
                                                                       : "must be a number above 0";
    case 'a':
        return json_is_array(value) ? NULL : "must be a list";
    default:
        return json_is_object(value) ? NULL : "must be an object";
    }
}

bool form_member_check(const json_t *json, const struct form_member *members,
                       const struct form_place *place)
{
    if (!json_is_object(json)) {
        return form_place_fault(place, NULL, "must be an object");
    }
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)json, name, value)
    {
        const struct form_member *member = members;
        while (member->name != NULL && strcmp(member->name, name) != 0) {
            member++;
        }
        if (member->name == NULL) {
            return form_place_fault(place, name, "unknown (a slip of the pen? see domain/form.h)");
        }
        const char *fault = member_fault(member->kind, value);
        if (fault != NULL) {
            return form_place_fault(place, name, "%s", fault);
        }
    }
    return true;
}

bool form_member_is_word(const char *text)
{
    return text != NULL && is_word_of(text, strlen(text));
}

bool form_member_keys_check(const json_t *keys, const char *member, const struct form_place *place)
{
    struct form_place in = form_place_in(place, member);
    const char *name;
    json_t *key;
    json_object_foreach((json_t *)keys, name, key)
    {
        const char *fault = member_fault('k', key);
        if (fault != NULL) {
            return form_place_fault(&in, name, "%s", fault);
        }
    }
    return true;
}
