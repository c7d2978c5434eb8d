/*
 * area_block.h - the shape of the block behind area.h; for area*.c only.
 *
 *   struct areas │ nodes, count + 1 │ aliases │ olds (aliases by target) │ slots (a hash table by id, open addressing) │ texts
 *
 * Everything refers by offset or index, so the block may lie anywhere. The areas stand in breadth-first order, so the children of one are
 * neighbours, and an area's children end where those of the next one begin; the last node is only that end.
 */
#ifndef DOMAIN_AREA_BLOCK_H
#define DOMAIN_AREA_BLOCK_H

#include "domain/area.h"

enum { AREAS_MAGIC = 0x61726561, AREA_NAME_BYTES_MAX = 240 };

/* Texts lie together: id, name, and the shown name where it is no head of the name. */
struct area_node {
    uint32_t text_at;
    uint32_t parent;
    uint32_t first_child;
    uint32_t contact_at; /* of two texts, each behind its length: phone, contact; 0: neither */
    uint8_t name_len;
    uint8_t shown_len;
    uint16_t id_len : 5, level : 3, own_shown : 1, bucket : 7;
};

/* An old id; its text is id, then the name by which people knew it (may be empty). */
struct area_alias {
    uint32_t text_at;
    uint32_t target;
    uint32_t home; /* AREA_NONE: not known */
    uint8_t id_len;
    uint8_t name_len;
    uint8_t level;
    uint8_t bucket;
};

struct areas {
    unsigned magic;
    uint32_t count;
    uint32_t tops; /* areas without a parent: the first ones */
    uint32_t alias_count;
    uint32_t root;
    uint32_t slot_mask;
    size_t bytes;
    size_t nodes_at, aliases_at, olds_at, slots_at,
        texts_at; /* bytes from the start of the block */
};

/* A slot holds 0 (free), an area's index + 1, or count + the alias's number + 1. */
uint32_t area_hash(struct str id);

static inline struct area_node *area_nodes(const struct areas *areas)
{
    return (struct area_node *)((char *)areas + areas->nodes_at);
}

static inline struct area_alias *area_aliases(const struct areas *areas)
{
    return (struct area_alias *)((char *)areas + areas->aliases_at);
}

/* The numbers of the aliases, ordered by target, then as in the file. */
static inline uint32_t *area_olds(const struct areas *areas)
{
    return (uint32_t *)((char *)areas + areas->olds_at);
}

static inline uint32_t *area_slots(const struct areas *areas)
{
    return (uint32_t *)((char *)areas + areas->slots_at);
}

static inline char *area_texts(const struct areas *areas)
{
    return (char *)areas + areas->texts_at;
}

#endif
