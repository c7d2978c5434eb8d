#include "domain/rights.h"

#include <stdio.h>

#include "base/check.h"

static const char *const names[RIGHTS_COUNT] = {"read",   "pii", "lookup", "claim", "step",
                                                "intake", "own", "stats",  "admin"};

/* 0: no such word. */
static unsigned bit_of(struct str word)
{
    for (unsigned i = 0; i < RIGHTS_COUNT; i++) {
        if (str_is(word, names[i])) {
            return 1u << i;
        }
    }
    return 0;
}

bool rights_parse(struct str text, unsigned *ret_rights, struct err *err)
{
    struct str word;
    *ret_rights = 0;
    while (str_next(&text, ',', &word)) {
        word = str_trim(word);
        unsigned bit = bit_of(word);
        if (word.len == 0) {
            return err_set(err, "a right is missing, allowed: " RIGHTS_ALLOWED);
        }
        if (bit == 0) {
            return err_set(err, "%.*s: no right, allowed: " RIGHTS_ALLOWED,
                           word.len > 64 ? 64 : (int)word.len, word.at);
        }
        if (*ret_rights & bit) {
            return err_set(err, "%.*s: stands there twice", STR_ARG(word));
        }
        *ret_rights |= bit;
    }
    return *ret_rights != 0 || err_set(err, "a right is missing, allowed: " RIGHTS_ALLOWED);
}

unsigned rights_read(struct str text)
{
    unsigned rights = 0;
    struct str word;
    while (str_next(&text, ',', &word)) {
        rights |= bit_of(word);
    }
    return rights;
}

void rights_print(unsigned rights, char ret_text[RIGHTS_TEXT_BYTES])
{
    size_t len = 0;
    ret_text[0] = '\0';
    for (unsigned i = 0; i < RIGHTS_COUNT; i++) {
        if (rights & 1u << i) {
            len += (size_t)snprintf(ret_text + len, RIGHTS_TEXT_BYTES - len, "%s%s", len ? "," : "",
                                    names[i]);
        }
    }
    CHECK(len < RIGHTS_TEXT_BYTES);
}

const char *right_name(enum right right)
{
    unsigned i = 0;
    while (i < RIGHTS_COUNT && right != (enum right)(1u << i)) {
        i++;
    }
    CHECK(i < RIGHTS_COUNT);
    return names[i];
}
