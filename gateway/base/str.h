/*
 * str.h - a borrowed slice of bytes: pointer and length, not NUL-terminated, never owned.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *at;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* For printf: "%.*s" with STR_ARG(s). */
#define STR_ARG(s) (int)(s).len, ((s).at ? (s).at : "")

static inline struct str str_make(const void *at, size_t len)
{
    return (struct str){at, len};
}

static inline struct str str_of(const char *text) /* NULL is the empty slice */
{
    return (struct str){text, text ? strlen(text) : 0};
}

bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
bool str_is(struct str a, const char *text);
int str_compare(struct str a, struct str b); /* bytewise; shorter first on a tie */
bool str_starts(struct str text, struct str prefix);
bool str_ends(struct str text, struct str suffix);
/* First place of needle, or -1. */
ptrdiff_t str_find(struct str text, struct str needle);
ptrdiff_t str_find_char(struct str text, char c);
struct str str_sub(struct str text, size_t from, size_t len); /* clamped to the text */
struct str str_from(struct str text, size_t from);
struct str str_trim(struct str text); /* space and tab at both ends */
/* Takes the part before the next separator off *rest. False when *rest is used up: its at is then NULL. */
bool str_next(struct str *rest, char separator, struct str *ret_part);
/* Nothing but characters of the set; the empty text too. */
bool str_only(struct str text, const char *set);
#define STR_DIGITS "0123456789"
#define STR_LOWER  "abcdefghijklmnopqrstuvwxyz"
#define STR_UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
/* Digits only, no sign, no blank, at most max. */
bool str_to_u64(struct str text, uint64_t max, uint64_t *ret);

#endif
