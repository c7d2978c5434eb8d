/*
 * err.h - one sentence about what went wrong with a file, an option or a peer, for the operator.
 *
 * Form: `file:line: key: what is wrong, what is allowed`. Functions return false and fill it; a caller that adds context
 * prepends (err_prefix). Never holds personal data.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/check.h"

struct err {
    char text[512];
};

/* Always returns false, so that `return err_set(err, ...)` reads well. A NULL err is allowed. */
bool err_set(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);
bool err_prefix(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
