#include "flow/words.h"

enum { WORDS_BYTES_MAX = 4096 };

static bool has(struct str words, struct str word)
{
    struct str one;
    while (str_next(&words, ' ', &one)) {
        if (str_eq(one, word)) {
            return true;
        }
    }
    return false;
}

bool words_have(struct str words, const char *word)
{
    return has(words, str_of(word));
}

/* Appends those that are in neither. */
static void add(struct buf *to, struct str words, struct str gone)
{
    struct str one;
    while (str_next(&words, ' ', &one)) {
        if (one.len > 0 && !has(gone, one) && !has(buf_str(to), one)) {
            buf_printf(to, "%s%.*s", to->len > 0 ? " " : "", STR_ARG(one));
        }
    }
}

void words_add(struct buf *to, const char *words)
{
    add(to, str_of(words), STR(""));
}

void words_without(struct str words, const char *gone, struct buf *to)
{
    add(to, words, str_of(gone));
}

void words_of_array(const json_t *array, struct buf *to)
{
    size_t i;
    json_t *item;
    buf_init(to, WORDS_BYTES_MAX);
    json_array_foreach((json_t *)array, i, item)
    {
        buf_printf(to, "%s%s", i > 0 ? " " : "", json_string_value(item));
    }
}

json_t *words_to_array(struct str words)
{
    json_t *array = json_array();
    struct str one;
    while (str_next(&words, ' ', &one)) {
        if (one.len > 0) {
            json_array_append_new(array, json_stringn(one.at, one.len));
        }
    }
    return array;
}
