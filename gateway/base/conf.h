/*
 * conf.h - reading an INI file: `[section]`, `key = value`, whole-line comments with # or ;.
 *
 * The value is the rest of the line, trimmed; there are no quotes, no continuation lines and no comments behind a value (a URL
 * may hold a #). UTF-8; a byte order mark and CRLF are accepted. The reader knows no keys: it hands over what it finds.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct conf_entry {
    struct str section;
    struct str key;
    struct str value;
    const char *file;
    int line;
};

/* False stops the reading; the callee has filled *err. Slices are valid during the call. */
typedef bool conf_entry_fn(void *arg, const struct conf_entry *entry, struct err *err);

/* file names the text in errors: `file:line: …`. */
bool conf_read(struct str text, const char *file, conf_entry_fn *each, void *arg,
               struct err *err) MUST_CHECK;

#endif
