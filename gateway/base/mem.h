/*
 * mem.h - memory that is always there. Limits keep out-of-memory away from visitors' reach, so a failed allocation is
 * a bug in a limit: it aborts. Everything returned is zeroed and freed with free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/str.h"

void *mem_alloc(size_t bytes);
void *mem_array(size_t count, size_t bytes_each);
/* Grows to count elements; what is new is not zeroed. */
void *mem_resize(void *at, size_t count, size_t bytes_each);
char *mem_strdup(const char *text);
char *mem_dup_str(struct str text); /* NUL-terminated copy */

#endif
