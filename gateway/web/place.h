/*
 * place.h - from a printed code to the place a report goes to, as the pages show it.
 */
#ifndef WEB_PLACE_H
#define WEB_PLACE_H

#include "web/app.h"

enum { PLACE_NAME_BYTES = 128 };

enum place_fault {
    PLACE_OK,
    PLACE_UNKNOWN, /* malformed or forged */
    PLACE_GONE,    /* ours, but its area is no longer in the areas file */
    PLACE_REVOKED
};

struct place {
    struct code code;
    char code_text[CODE_TEXT_BYTES]; /* as it was written in the path */
    area_index area;
    char merged_from[PLACE_NAME_BYTES]; /* the old name of a merged village, or "" */
    char hint[256];                     /* where a revoked code's successor hangs, or "" */
    /* for struct page_place */
    char town[PLACE_NAME_BYTES], village[PLACE_NAME_BYTES], phone[64], contact[64];
    char other_href[CODE_TEXT_BYTES + 8];
};

/* Fills what the code and the areas say; the texts for pages with place_texts. */
enum place_fault place_read(struct web *web, struct str code_text, struct place *ret);
void place_texts(const struct web *web, struct place *place);
struct page_place place_page(const struct place *place); /* borrows from place */
void place_name(const struct areas *areas, area_index area,
                char ret_name[PLACE_NAME_BYTES]); /* shown name, "" for none */
/* The town of an area, else its parent; AREA_NONE at the top. */
area_index place_town(const struct areas *areas, area_index area);

#endif
