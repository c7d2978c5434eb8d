/*
 * codes_file.h - serials handed out and codes revoked: the append-only file named by [areas] codes.
 *
 * Lines: `serial,N,AREA,PLACEMENT,DATE` and `revoked,N|AREA,DATE[,where the new one hangs]`. Writers hold flock(2) and fsync; readers reread when size or
 * mtime changes. A revoked area id revokes every code of it printed so far (serial ≤ the last one of that time).
 */
#ifndef QR_CODES_FILE_H
#define QR_CODES_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "qr/code.h"

struct codes_file;

struct codes_file *codes_file_open(const char *path, struct err *err)
    MUST_CHECK; /* a missing file is an empty one; path "" too */
void codes_file_close(struct codes_file **file);
/* Rereads when it changed. ret_hint: where the new code hangs, borrowed until the next call, may be empty. */
bool codes_file_revoked(struct codes_file *file, const struct code *code, struct str *ret_hint);
bool codes_file_next_serials(struct codes_file *file, const struct code *codes, size_t count,
                             uint32_t *ret_first, struct err *err) MUST_CHECK;
bool codes_file_revoke(struct codes_file *file, const struct code *code, struct str hint,
                       struct err *err) MUST_CHECK;

#endif
