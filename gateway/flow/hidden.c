#include "flow/hidden.h"

#include <string.h>

#include "base/utf8.h"

enum { CHARS_MIN = 2 };

static void add(struct hidden *hidden, const json_t *value)
{
    struct str text = str_make(json_string_value(value), json_string_length(value));
    if (json_is_string(value) && hidden->count < HIDDEN_MAX && utf8_length(text) >= CHARS_MIN) {
        hidden->at[hidden->count++] = text;
    }
}

static void add_all(struct hidden *hidden, json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        add(hidden, value);
    }
}

void hidden_of(struct str cloud_event, struct hidden *ret)
{
    static const char *const personal[] = {"name", "id_number", "phone", "detail"};
    *ret = (struct hidden){
        .event = json_loadb(cloud_event.at ? cloud_event.at : "", cloud_event.len, 0, NULL)};
    json_t *data = json_object_get(ret->event, "data");
    for (size_t i = 0; i < sizeof personal / sizeof personal[0]; i++) {
        add(ret, json_object_get(data, personal[i]));
    }
    add_all(ret, json_object_get(data, "helper"));
    add_all(ret, json_object_get(data, "extra"));
}

void hidden_release(struct hidden *hidden)
{
    json_decref(hidden->event);
    *hidden = (struct hidden){0};
}
