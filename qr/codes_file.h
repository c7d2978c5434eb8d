/*
 * codes_file.h - serials handed out and codes revoked: the append-only file named by [areas] codes.
 *
 *   serial,N,AREA,PLACEMENT,2026-11-23
 *   revoked,#N,2026-11-23[,where the new one hangs]        one paper
 *   revoked,AREA,2026-11-23[,where the new one hangs]      every code of that area printed so far
 *
 * Printed so far: without a serial, or with one up to the newest that stands above the line. Papers printed afterwards are good. Codes that list pages make on the fly
 * (CODE_LIST) are never revoked: nobody can carry them away. Writers hold flock(2) and fsync before they return; readers take in what was
 * appended when size or mtime changes. A last line without its newline was never acknowledged: readers leave it, the next writer cuts it off.
 */
#ifndef QR_CODES_FILE_H
#define QR_CODES_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "qr/code.h"

struct codes_file;

/* A missing file is an empty one; path "" too, but then nothing can be written. A wrong line is an error with its number. */
struct codes_file *codes_file_open(const char *path, struct err *err) MUST_CHECK;
void codes_file_close(struct codes_file **file);
/* Takes in what is new first. ret_hint: where the new code hangs, borrowed until the next call, may be empty. */
bool codes_file_revoked(struct codes_file *file, const struct code *code, struct str *ret_hint);
/* One append for all: codes[i] gets serial *ret_first + i. */
bool codes_file_next_serials(struct codes_file *file, const struct code *codes, size_t count,
                             uint32_t *ret_first, struct err *err) MUST_CHECK;
/* That paper when the code has a serial, else every code of its area so far. hint: at most 200 characters of one line, may be empty. */
bool codes_file_revoke(struct codes_file *file, const struct code *code, struct str hint,
                       struct err *err) MUST_CHECK;

struct codes_entry {
    struct code code; /* area empty when one paper was revoked; serial 0 when an area was */
    bool revoked;
    struct str date;
    struct str hint;
};
/* Each line in order, as it stands in the file. */
bool codes_file_each(struct codes_file *file,
                     void (*on_entry)(const struct codes_entry *entry, void *arg), void *arg,
                     struct err *err) MUST_CHECK;

#endif
