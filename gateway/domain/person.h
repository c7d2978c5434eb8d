/*
 * person.h - names of people (product.md "Facts for validation") and their masks.
 */
#ifndef DOMAIN_PERSON_H
#define DOMAIN_PERSON_H

#include "base/buf.h"
#include "base/str.h"

enum {
    PERSON_NAME_MIN = 2,
    PERSON_NAME_MAX = 50,
    PERSON_NAME_BYTES = PERSON_NAME_MAX * 4 + 1,
    PERSON_MASK_BYTES = 32
};

enum person_fault {
    PERSON_OK,
    PERSON_EMPTY,
    PERSON_SHORT, /* fewer than two letters */
    PERSON_LONG,
    PERSON_CHARACTERS, /* digits, markup, signs */
    PERSON_HIDDEN,     /* control, bidi or invisible characters, broken UTF-8 */
    PERSON_DOTS        /* a separator at the ends or doubled */
};

/* Normalised: NFC, separators folded into U+00B7, spaces single. */
enum person_fault person_name_parse(struct str typed, char ret_name[PERSON_NAME_BYTES]);
/* 王** : the first letter and two stars, whatever the length. */
void person_name_mask(struct str name, char ret_mask[PERSON_MASK_BYTES]);
/* Drops U+00AD, U+200B–U+200F, U+2060, U+FEFF; full-width forms U+FF01–U+FF5E and U+3000 fold to ASCII; broken UTF-8 becomes U+FFFD. */
void person_fold_digits(struct str typed, struct buf *to);
/* The same for numbers written in groups: blanks and dashes of every kind are dropped too. */
void person_fold_number(struct str typed, struct buf *to);
/* Free text: NFC, CRLF to LF, tab to blank, invisible ones dropped, trimmed. False: controls, bidi or broken UTF-8 inside. A text longer than
 * the buffer's cap leaves it over, as with every write. */
bool person_text_clean(struct str typed, struct buf *to);

#endif
