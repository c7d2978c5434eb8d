/*
 * setup_texts.h - the catalog's texts that are filled while a receipt is shown: a missing one is found at the start, not by a farmer. The pages
 * check their own.
 */
#ifndef FLOW_SETUP_TEXTS_H
#define FLOW_SETUP_TEXTS_H

extern const char *const setup_texts[]; /* ends with NULL */

#endif
