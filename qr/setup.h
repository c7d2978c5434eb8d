/*
 * setup.h - what every command of mashang-qr works with: settings, keys, areas, serials.
 */
#ifndef QR_SETUP_H
#define QR_SETUP_H

#include "base/options.h"
#include "crypto/keyring.h"
#include "domain/area.h"
#include "qr/args.h"
#include "qr/codes_file.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONFIG = 78 };

struct setup {
    struct options options;
    struct keyring keyring;
    struct areas *areas;
    struct codes_file *codes;
};

/* areas_file: instead of the configured one, or NULL. False: wrong configuration, nothing to release. */
bool setup_load(struct setup *ret, const struct args *args, const char *areas_file,
                struct err *err) MUST_CHECK;
void setup_release(struct setup *setup);

/* The area a code may name: known, county or below, not merged away. */
bool setup_area(const struct setup *setup, struct str id, area_index *ret,
                struct err *err) MUST_CHECK;
/* Appends {base_url}/V/CODE. */
void setup_link(const struct setup *setup, const struct code *code, struct buf *ret_link);
/* Names from the top down, with blanks between them. */
void setup_path(const struct setup *setup, area_index area, struct buf *to);

#endif
