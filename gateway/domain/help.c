#include "domain/help.h"

#include <stdlib.h>

#include "base/mem.h"
#include "domain/json_check.h"

static const struct json_member item_members[] = {
    {.name = "name", .kinds = JSON_KIND_TEXT, .required = true, .chars_max = 20},
    {.name = "for", .kinds = JSON_KIND_TEXT, .chars_max = 60},
    {.name = "phone", .kinds = JSON_KIND_TEXT, .chars_max = 30},
    {.name = NULL},
};

static const struct json_member file_members[] = {
    {.name = "about", .kinds = JSON_KIND_TEXT, .chars_max = 1000},
    {.name = "help",
     .kinds = JSON_KIND_LIST,
     .required = true,
     .items_max = HELP_MAX,
     .members = item_members},
    {.name = NULL},
};

static const char *text_of(const json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));
    return text != NULL ? text : "";
}

struct help *help_load(struct str json, const char *file, struct err *err)
{
    json_t *source = json_check_file(json, file, file_members, err);
    if (source == NULL) {
        return NULL;
    }
    struct help *help = mem_alloc(sizeof *help);
    const json_t *list = json_object_get(source, "help");
    help->source = source;
    for (help->count = 0; help->count < json_array_size(list); help->count++) {
        const json_t *item = json_array_get(list, help->count);
        help->at[help->count] = (struct help_item){text_of(item, "name"), text_of(item, "for"),
                                                   text_of(item, "phone")};
    }
    return help;
}

void help_free(struct help **help)
{
    if (*help != NULL) {
        json_decref((*help)->source);
        free(*help);
        *help = NULL;
    }
}
