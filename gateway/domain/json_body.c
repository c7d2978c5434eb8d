#include "domain/json_body.h"

#include <string.h>

/* An object or a list that is open at some byte of the body. */
struct level {
    bool list;
    size_t nth;     /* of a list: the element under way */
    struct str key; /* of an object: the name under way with its quotes, empty before the first */
};

struct levels {
    struct level at[JSON_BODY_DEPTH_MAX + 1];
    size_t depth;
};

/* The string literal that begins at `from`, with its quotes; to the end when it does not close. */
static struct str literal_at(struct str body, size_t from)
{
    size_t end = from + 1;
    while (end < body.len && body.at[end] != '"') {
        end += body.at[end] == '\\' ? 2 : 1;
    }
    return str_sub(body, from, end + 1 - from);
}

static bool is_name(const struct levels *levels, struct str body, size_t from)
{
    if (levels->depth == 0 || levels->at[levels->depth - 1].list) {
        return false;
    }
    while (from > 0 && strchr(" \t\r\n", body.at[from - 1]) != NULL) {
        from--;
    }
    return from > 0 && (body.at[from - 1] == '{' || body.at[from - 1] == ',');
}

/*
 * Walks the body up to byte `until`. Looks at strings and brackets only: what is no JSON is found by the parser, this says where.
 * Stops where it is nested too deep and returns true.
 */
static bool walk(struct str body, size_t until, struct levels *levels)
{
    levels->depth = 0;
    for (size_t i = 0; i < body.len && i < until; i++) {
        struct level *level = levels->depth > 0 ? &levels->at[levels->depth - 1] : NULL;
        switch (body.at[i]) {
        case '"': {
            struct str literal = literal_at(body, i);
            if (level != NULL && is_name(levels, body, i)) {
                level->key = literal;
            }
            i += literal.len - 1;
            break;
        }
        case '{':
        case '[':
            if (levels->depth == JSON_BODY_DEPTH_MAX) {
                return true;
            }
            levels->at[levels->depth++] = (struct level){.list = body.at[i] == '['};
            break;
        case '}':
        case ']':
            levels->depth -= levels->depth > 0;
            break;
        case ',':
            if (level != NULL) {
                level->nth++;
            }
            break;
        default:
            break;
        }
    }
    return false;
}

static bool put_key(char pointer[JSON_POINTER_BYTES], struct str literal)
{
    json_t *key = json_loadb(literal.at, literal.len, JSON_DECODE_ANY, NULL);
    bool put = json_is_string(key) && json_pointer_push(pointer, str_make(json_string_value(key),
                                                                          json_string_length(key)));
    json_decref(key);
    return put;
}

static void put_place(const struct levels *levels, char pointer[JSON_POINTER_BYTES])
{
    pointer[0] = '\0';
    for (size_t i = 0; i < levels->depth; i++) {
        const struct level *level = &levels->at[i];
        if (level->list) {
            json_pointer_push_nth(pointer, level->nth);
        } else if (level->key.len == 0 || !put_key(pointer, level->key)) {
            return;
        }
    }
}

static void explain(const json_error_t *error, struct json_fault *fault)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        json_fault_say(fault, "duplicate", "this name stands twice in its object");
        break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        json_fault_say(fault, "nul", "a text must not hold NUL (\\u0000)");
        break;
    case json_error_numeric_overflow:
        json_fault_say(fault, "number", "a number larger than any that is allowed here");
        break;
    default:
        json_fault_say(fault, "syntax", "not JSON (RFC 8259): line %d, column %d: %.100s",
                       error->line, error->column, error->text);
        break;
    }
}

json_t *json_body_parse(struct str body, struct json_fault *ret_fault)
{
    struct levels levels;
    json_error_t error;
    *ret_fault = (struct json_fault){0};
    if (body.len > JSON_BODY_BYTES_MAX) {
        json_fault_say(ret_fault, "large", "the body has more than %d bytes", JSON_BODY_BYTES_MAX);
        return NULL;
    }
    if (walk(body, body.len, &levels)) {
        put_place(&levels, ret_fault->pointer);
        json_fault_say(ret_fault, "depth", "nested deeper than %d", JSON_BODY_DEPTH_MAX);
        return NULL;
    }
    json_t *json = json_loadb(body.at ? body.at : "", body.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        /* the position is behind the token that is wrong; a bracket that is wrong closes nothing */
        walk(body, error.position > 0 ? (size_t)error.position - 1 : 0, &levels);
        put_place(&levels, ret_fault->pointer);
        explain(&error, ret_fault);
        return NULL;
    }
    if (!json_is_object(json)) {
        json_fault_say(ret_fault, "type", "the body must be an object");
        json_decref(json);
        return NULL;
    }
    return json;
}
