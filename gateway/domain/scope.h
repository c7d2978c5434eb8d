/*
 * scope.h - a part of the tree: whose reports a token, a person or a reader may see. Contract §7, product.md "Grids".
 *
 * A scope is a set of areas of any levels with all that lies below them; it is a tree and no code prefix (nine towns of a county of twelve are a
 * scope). Written `ID[,ID…]`. Indexes hold for one block of areas only, so what is kept (tokens) is the text, read again with each block.
 */
#ifndef DOMAIN_SCOPE_H
#define DOMAIN_SCOPE_H

#include "base/buf.h"
#include "domain/area.h"

enum { SCOPE_AREAS_MAX = 64, SCOPE_TEXT_BYTES = SCOPE_AREAS_MAX * (AREA_ID_MAX + 1) };

/* No area of it lies below another; in the order they were written. */
struct scope {
    size_t count;
    area_index at[SCOPE_AREAS_MAX];
};

/* What a person typed; aliases are followed. The error names the id. */
bool scope_parse(const struct areas *areas, struct str text, struct scope *ret,
                 struct err *err) MUST_CHECK;
/* What was kept: ids that no longer name an area are left out, so that a new areas file does not lock anybody out of the rest. May come out empty. */
void scope_read(const struct areas *areas, struct str text, struct scope *ret);
/* The whole tree. False: more than SCOPE_AREAS_MAX areas stand at the top. */
bool scope_all(const struct areas *areas, struct scope *ret) MUST_CHECK;
/* `ID,ID` as scope_parse reads it. */
void scope_print(const struct areas *areas, const struct scope *scope,
                 char ret_text[SCOPE_TEXT_BYTES]);

/* The area is one of the scope's or lies below one. Of AREA_NONE: false. */
bool scope_has(const struct areas *areas, const struct scope *scope, area_index area);
/* A record is in the scope when one of the ids of its path (blank-separated, the union of old and new ones after a transfer; aliases are followed) is. */
bool scope_has_path(const struct areas *areas, const struct scope *scope, struct str path);

/*
 * Where the change feed must look, bucket by bucket. Either (changes false) in the union of the indexes `a:<id>` of the ids, at most
 * SCOPE_INDEXES_MAX, or (changes true) in `changes`, for records of which one id of the path is among the ids. A record may stand in several of
 * the indexes.
 *
 * Districts have no index and are read by their villages; retired ids are there too where the reports filed under them would else be missed.
 * `changes` is chosen where the scope holds an area of county level or above, or where the indexes would be too many.
 */
enum { SCOPE_INDEXES_MAX = 128 };

struct scope_bucket {
    unsigned bucket;
    bool changes;
    const struct str *ids; /* borrowed from the areas */
    size_t id_count;       /* > 0 */
};

struct scope_indexes {
    struct scope_bucket *at; /* by bucket, ascending */
    size_t count;            /* 0: nothing there is in the scope */
    struct str *ids;         /* owned; what the buckets point into */
};

/* narrow: only what lies in that area too (`?area=`); AREA_NONE: the whole scope. Release the answer. */
void scope_indexes(const struct areas *areas, const struct scope *scope, area_index narrow,
                   struct scope_indexes *ret);
void scope_indexes_release(struct scope_indexes *indexes);

#endif
