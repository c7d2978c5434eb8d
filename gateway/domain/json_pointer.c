#include "domain/json_pointer.h"

enum { POINTER_BYTES_MAX = 512 };

/* One reference token of a pointer, ~1 and ~0 undone (RFC 6901 §4). False when it is broken or too long. */
static bool read_token(struct str token, char *to, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < token.len; i++) {
        char c = token.at[i];
        if (c == '~') {
            i++;
            if (i == token.len || (token.at[i] != '0' && token.at[i] != '1')) {
                return false;
            }
            c = token.at[i] == '0' ? '~' : '/';
        }
        if (len + 1 >= room) {
            return false;
        }
        to[len++] = c;
    }
    to[len] = '\0';
    return true;
}

static const json_t *array_element(const json_t *array, const char *token)
{
    uint64_t index;
    if ((token[0] == '0' && token[1] != '\0') || !str_to_u64(str_of(token), SIZE_MAX / 2, &index)) {
        return NULL;
    }
    return json_array_get(array, (size_t)index);
}

const json_t *json_pointer_get(const json_t *at, struct str pointer)
{
    char token[POINTER_BYTES_MAX];
    struct str part;
    if (pointer.len == 0) {
        return at;
    }
    if (pointer.at[0] != '/') {
        return NULL;
    }
    struct str rest = str_from(pointer, 1);
    while (at != NULL && str_next(&rest, '/', &part)) {
        if (!read_token(part, token, sizeof token)) {
            return NULL;
        }
        at = json_is_array(at) ? array_element(at, token) : json_object_get(at, token);
    }
    return at;
}
