#include "base/blob.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"

struct blob *blob_new(struct str bytes)
{
    struct blob *blob = mem_alloc(sizeof *blob + bytes.len + 1);
    blob->refs = 1;
    blob->len = bytes.len;
    if (bytes.len > 0) {
        memcpy(blob->at, bytes.at, bytes.len);
    }
    return blob;
}

struct blob *blob_hold(struct blob *blob)
{
    CHECK(blob->refs > 0);
    blob->refs++;
    return blob;
}

void blob_drop(struct blob **blob)
{
    if (*blob != NULL) {
        CHECK((*blob)->refs > 0);
        if (--(*blob)->refs == 0) {
            free(*blob);
        }
        *blob = NULL;
    }
}

struct str blob_str(const struct blob *blob)
{
    return str_make(blob->at, blob->len);
}
