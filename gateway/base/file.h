/*
 * file.h - a whole file into memory, with a cap.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the file to the buffer; its cap is the limit. The error names the path. */
bool file_read(const char *path, struct buf *to, struct err *err) MUST_CHECK;
/* Writes beside and renames, so that a reader sees the old file or the new one; fsyncs file and folder. */
bool file_write(const char *path, struct str bytes, mode_t mode, struct err *err) MUST_CHECK;
/* The same, but a file that is there keeps its owner, group and mode; mode is for a new one. */
bool file_replace(const char *path, struct str bytes, mode_t mode, struct err *err) MUST_CHECK;
/*
 * The same, but never over an existing file: then it is an error and the file stays as it was. Where there are no hard links (a stick) it is written in its
 * place: whoever reads meanwhile sees a part of it.
 */
bool file_create(const char *path, struct str bytes, mode_t mode, struct err *err) MUST_CHECK;

#endif
