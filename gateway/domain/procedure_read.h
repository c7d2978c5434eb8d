/*
 * procedure_read.h - small readers for procedure files: each says where in the file something is wrong (steps[1].deadline.days: …).
 */
#ifndef DOMAIN_PROCEDURE_READ_H
#define DOMAIN_PROCEDURE_READ_H

#include "domain/procedure.h"

enum {
    PROCEDURE_DAYS_MAX = 366,
    PROCEDURE_WORD_CHARS_MAX = 5,
    PROCEDURE_NAME_CHARS_MAX = 20,
    PROCEDURE_TEXT_CHARS_MAX = 200,
    PROCEDURE_PATH_BYTES = 96
};

struct procedure_place {
    const char *file;
    char path[PROCEDURE_PATH_BYTES];
    struct err *err;
};

/* Always false; key may be "". */
bool procedure_wrong(const struct procedure_place *at, const char *key, const char *what);
struct procedure_place procedure_member(const struct procedure_place *at, const char *key);
struct procedure_place procedure_nth(const struct procedure_place *at, const char *key, size_t nth);
/* An object with no other keys than those listed (blank-separated). */
bool procedure_is_object(const struct procedure_place *at, const json_t *value, const char *keys);
/* The nth of a blank-separated list, or -1. */
int procedure_word_index(const char *words, struct str word);
struct str procedure_str(const json_t *object, const char *key); /* empty when it is no text */
bool procedure_read_text(const struct procedure_place *at, const json_t *object, const char *key,
                         size_t chars_max, const char **ret);
bool procedure_read_word(const struct procedure_place *at, const json_t *object, const char **ret);
bool procedure_read_id(const struct procedure_place *at, const json_t *object,
                       char ret[PROCEDURE_ID_BYTES]);
/* A whole number from 1 to max under key; what stands in *ret stays when there is none. */
bool procedure_read_number(const struct procedure_place *at, const json_t *object, const char *key,
                           int max, int *ret);
bool procedure_read_bool(const struct procedure_place *at, const json_t *object, const char *key,
                         bool *ret);
/* Of the member "deadline" or key; none when it is missing. A step it runs from is looked up later. */
bool procedure_read_deadline(const struct procedure_place *at, const json_t *object,
                             const char *key, struct procedure_deadline *ret);
/* A list of step ids as a bit set; missing: none. */
bool procedure_read_set(const struct procedure_place *at, const json_t *object, const char *key,
                        const struct procedure *procedure, uint32_t *ret);

/* steps and green_channel: procedure_steps.c; moves and endings: procedure_moves.c */
bool procedure_read_steps(const struct procedure_place *at, const json_t *source,
                          struct procedure *procedure);
bool procedure_read_green(const struct procedure_place *at, const json_t *source,
                          struct procedure *procedure);
bool procedure_read_moves(const struct procedure_place *at, const json_t *source,
                          struct procedure *procedure);
bool procedure_read_endings(const struct procedure_place *at, const json_t *source,
                            struct procedure *procedure);

#endif
