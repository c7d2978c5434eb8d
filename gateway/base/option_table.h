/*
 * option_table.h - the one table of settings (options.h). One row per key: where it is kept, what it may be, and the sentence
 * of the manual.
 */
#ifndef BASE_OPTION_TABLE_H
#define BASE_OPTION_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/options.h"
#include "base/str.h"

enum option_type {
    OPTION_TEXT,
    OPTION_NUMBER,   /* least … most */
    OPTION_WORD,     /* one of `allowed` */
    OPTION_WORDS,    /* some of `allowed`, or any words where it is empty; blank or comma between */
    OPTION_PATH,     /* a file or folder, relative to the configuration file */
    OPTION_FILES,    /* WORD=FILE for some of `allowed`, blank or comma between; kept one a line */
    OPTION_LISTEN,   /* HOST:PORT, [::]:PORT, unix:PATH, or empty */
    OPTION_NETWORKS, /* blank-separated CIDRs */
    OPTION_BASE_URL, /* http(s)://HOST[:PORT] */
    OPTION_URL,      /* http(s)://… or empty */
    OPTION_REDIS,    /* private:, unix:PATH, redis://HOST:PORT/DB */
    OPTION_DURABILITY, /* fsync, replicated:N, declared, none */
};

struct option {
    const char *section;
    const char *key;
    enum option_type type;
    size_t at;            /* offset in struct options: int64_t for numbers, else char * */
    const char *fallback; /* NULL: found out at start (options.c) */
    int64_t least, most;
    const char *allowed; /* words, blank-separated */
    const char *unbuilt; /* words whose feature is not built yet */
    const char *help;
};

extern const struct option option_table[];
extern const size_t option_count;

/*
 * Brings a value into the form in which it is kept (paths and unix: addresses behind `folder`, commas to blanks, no slash at
 * the end of base_url). ret_value is the caller's to free; numbers go to ret_number. On failure err holds what is wrong and
 * what is allowed, without file, line and key.
 */
bool option_read(const struct option *option, struct str value, const char *folder,
                 char **ret_value, int64_t *ret_number, struct err *err) MUST_CHECK;

#endif
