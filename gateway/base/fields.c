#include "base/fields.h"

struct str fields_get(const struct fields *fields, const char *name)
{
    for (size_t i = fields->count; i > 0; i--) {
        if (str_is(fields->at[i - 1].name, name)) {
            return fields->at[i - 1].value;
        }
    }
    return (struct str){"", 0};
}

bool fields_has(const struct fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (str_is(fields->at[i].name, name)) {
            return true;
        }
    }
    return false;
}

bool fields_add(struct fields *fields, struct str name, struct str value)
{
    if (fields->count == FIELDS_MAX) {
        return false;
    }
    fields->at[fields->count++] = (struct field){name, value};
    return true;
}
