/*
 * import_words.h - what is wrong with a row of findings, in the words of the office that mends it; and risks as people write them.
 */
#ifndef CLI_IMPORT_WORDS_H
#define CLI_IMPORT_WORDS_H

#include "base/buf.h"
#include "domain/form.h"
#include "domain/intake_csv.h"
#include "domain/json_fault.h"
#include "view/catalog.h"

/* A slug of the form, its label (看病花钱多), or one of the words of its label or hint (住院). NULL: none, or the word fits several. */
const char *import_risk(const struct form *form, const struct catalog *catalog, struct str word);
/* The columns that have faults, each once, joined by 、. No comma, no quote: fit for a CSV field. */
void import_put_columns(const struct intake_csv *csv, const struct json_faults *faults,
                        struct buf *to);
/* 身份证号：最后一位对不上；村：有几个同名的… with the candidates' names and ids. Fit for a quoted CSV field: quotes
 * in names are left out. */
void import_put_faults(const struct intake_csv *csv, const struct json_faults *faults,
                       const json_t *candidates, struct buf *to);

#endif
