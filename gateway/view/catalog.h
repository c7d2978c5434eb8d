/*
 * catalog.h - the Chinese that people read: templates/catalogs/zh-CN.json, one object per area of use, keys dotted ("form.name.label").
 * Texts may hold {authority}, {town} … filled by catalog_fill. Immutable after load. Banned words (words.md) are refused by a lint, not here.
 */
#ifndef VIEW_CATALOG_H
#define VIEW_CATALOG_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

struct catalog;

struct catalog *catalog_load(struct str json, const char *file, struct err *err) MUST_CHECK;
void catalog_free(struct catalog **catalog);
bool catalog_has(const struct catalog *catalog, const char *key);
const char *
catalog_text(const struct catalog *catalog,
             const char *key); /* an unknown key is a bug (CHECK): keys are checked at load */

struct catalog_value {
    const char *name;
    const char *value;
};
/* Appends the text with {name} replaced; unknown {…} stay. Plain text, not HTML. Ends with name NULL. */
void catalog_fill(const struct catalog *catalog, const char *key,
                  const struct catalog_value *values, struct buf *to);
/* The same for a text that is not of the catalog (a procedure's reason). */
void catalog_fill_text(const char *text, const struct catalog_value *values, struct buf *to);
json_t *catalog_json(const struct catalog *catalog); /* borrowed: the `t` member of every page */

#endif
