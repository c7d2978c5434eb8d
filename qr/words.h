/*
 * words.h - the texts of the posters, one JSON file per locale: templates/posters/zh-CN.json. Places to be filled stand as {village}, {host}, {serial}.
 */
#ifndef QR_WORDS_H
#define QR_WORDS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum { WORDS_STEPS = 3 };

struct words {
    struct json_t *root; /* owns all the texts */
    const char *headline, *drill_headline, *drill;
    const char *step_titles[WORDS_STEPS], *step_texts[WORDS_STEPS];
    const char *help, *phone, *only, *host, *free, *serial;
};

/* A missing key or an unknown one is an error that names file and key. */
bool words_load(struct words *ret, const char *path, struct err *err) MUST_CHECK;
void words_release(struct words *words);
/* Appends the text with each {name} replaced by value. */
void words_fill(const char *text, const char *name, struct str value, struct buf *to);

#endif
