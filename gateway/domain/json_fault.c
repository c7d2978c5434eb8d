#include "domain/json_fault.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

bool json_pointer_push(char pointer[JSON_POINTER_BYTES], struct str name)
{
    size_t len = strlen(pointer);
    char longer[JSON_POINTER_BYTES];
    size_t used = 0;
    longer[used++] = '/';
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (len + used + 3 > JSON_POINTER_BYTES) {
            return false;
        }
        if (c == '~' || c == '/') {
            longer[used++] = '~';
            c = c == '~' ? '0' : '1';
        }
        longer[used++] = c;
    }
    if (len + used + 1 > JSON_POINTER_BYTES) {
        return false;
    }
    memcpy(pointer + len, longer, used);
    pointer[len + used] = '\0';
    return true;
}

bool json_pointer_push_nth(char pointer[JSON_POINTER_BYTES], size_t nth)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", nth);
    return json_pointer_push(pointer, str_of(number));
}

static PRINTF_LIKE(3, 0) void fill(struct json_fault *fault, const char *code, const char *format,
                                   va_list args)
{
    snprintf(fault->code, sizeof fault->code, "%s", code);
    vsnprintf(fault->detail, sizeof fault->detail, format, args);
    /* a character that was cut in two is dropped whole */
    struct str detail = str_of(fault->detail);
    struct str head = utf8_head(detail, detail.len);
    fault->detail[head.len] = '\0';
}

static struct json_fault *next_fault(struct json_faults *faults, const char *pointer,
                                     const char *name)
{
    if (faults->count == JSON_FAULTS_MAX) {
        return NULL;
    }
    struct json_fault *fault = &faults->at[faults->count++];
    snprintf(fault->pointer, sizeof fault->pointer, "%s", pointer);
    if (name[0] != '\0') {
        json_pointer_push(fault->pointer, str_of(name));
    }
    return fault;
}

void json_fault_add(struct json_faults *faults, const char *pointer, const char *name,
                    const char *code, const char *format, ...)
{
    struct json_fault *fault = next_fault(faults, pointer, name);
    va_list args;
    if (fault != NULL) {
        va_start(args, format);
        fill(fault, code, format, args);
        va_end(args);
    }
}

void json_fault_add_nth(struct json_faults *faults, const char *pointer, const char *name,
                        size_t nth, const char *code, const char *format, ...)
{
    struct json_fault *fault = next_fault(faults, pointer, name);
    va_list args;
    if (fault != NULL) {
        json_pointer_push_nth(fault->pointer, nth);
        va_start(args, format);
        fill(fault, code, format, args);
        va_end(args);
    }
}

json_t *json_faults_json(const struct json_faults *faults)
{
    json_t *list = json_array();
    for (size_t i = 0; i < faults->count; i++) {
        const struct json_fault *fault = &faults->at[i];
        json_t *one = json_pack("{s:s, s:s, s:s}", "pointer", fault->pointer, "code", fault->code,
                                "detail", fault->detail);
        CHECK(one != NULL);
        json_array_append_new(list, one);
    }
    return list;
}

void json_fault_say(struct json_fault *fault, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(fault, code, format, args);
    va_end(args);
}
