/*
 * intake_csv.h - a table of findings as spreadsheets write it, row by row into bodies of intake (domain/intake.h).
 *
 * The first line names the columns, by member (name, id_number, …) or as people call them (姓名, 身份证号, …); a column that nobody knows is an
 * error, for it could be one that matters. Cells are trimmed; an empty one is absent. Risks stand in one cell, as slugs or words, separated by
 * blank, comma, semicolon, slash or 、. Days are read as spreadsheets write them (2026/1/5, 2026年1月5日). What cannot be read stays as it stands, so
 * that intake_read says what is wrong with it.
 */
#ifndef DOMAIN_INTAKE_CSV_H
#define DOMAIN_INTAKE_CSV_H

#include <jansson.h>

#include "base/csv.h"
#include "base/err.h"

enum { INTAKE_CSV_ROWS_MAX = 5000 };

/* The slug of a risk written in words, or NULL. */
typedef const char *intake_csv_risk_fn(void *arg, struct str word);

struct intake_csv {
    struct csv csv;
    struct csv_record record;            /* the row under way */
    const char *members[CSV_FIELDS_MAX]; /* of each column */
    char titles[CSV_FIELDS_MAX][64];     /* as the file calls it */
    size_t column_count;
    const json_t *defaults; /* borrowed: members for rows that do not give them */
    intake_csv_risk_fn *risk;
    void *risk_arg;
};

/* Reads the first line; the text lives as long as the reader. False: `LINE: what`, to be prefixed with the file. */
bool intake_csv_begin(struct intake_csv *ret, struct str text, const json_t *defaults,
                      intake_csv_risk_fn *risk, void *risk_arg, struct err *err) MUST_CHECK;
/* The next row as a body; the caller owns it. NULL at the end (err->text is "") and at a broken row. */
json_t *intake_csv_next(struct intake_csv *csv, struct err *err);
size_t intake_csv_line(const struct intake_csv *csv); /* where the row begins */
/* How the file calls what a pointer of a fault names ("/risks/0" is 困难类型); the member's own name when there is no such column. */
const char *intake_csv_title(const struct intake_csv *csv, const char *pointer, char ret_room[64]);

#endif
