#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void *mem_alloc(size_t bytes)
{
    void *at = calloc(1, bytes ? bytes : 1);
    CHECK(at != NULL);
    return at;
}

void *mem_array(size_t count, size_t bytes_each)
{
    void *at = calloc(count ? count : 1, bytes_each);
    CHECK(at != NULL);
    return at;
}

void *mem_resize(void *at, size_t count, size_t bytes_each)
{
    CHECK(bytes_each > 0 && count <= SIZE_MAX / bytes_each);
    void *moved = realloc(at, count ? count * bytes_each : 1);
    CHECK(moved != NULL);
    return moved;
}

char *mem_strdup(const char *text)
{
    return mem_dup_str(str_of(text));
}

char *mem_dup_str(struct str text)
{
    char *copy = mem_alloc(text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.at, text.len);
    }
    return copy;
}
