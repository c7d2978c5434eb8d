/*
 * procedures.h - every procedure a report may be under: the county's, those of other sources, 风险消除, and the versions that reports began with
 * before a file was changed.
 *
 *   record ─► procedures_find ─┬─ known ───────────────────────────────────────────────► procedure
 *                              └─ procedures_fetch ─► ms:text:procedure:<id>@<version> ─► loaded, kept, found from now on
 *
 * Loaded with the setup; what is fetched later belongs to this process and is kept until the setup goes (a county changes its procedure
 * rarely; at most PROCEDURES_MAX are kept).
 */
#ifndef FLOW_PROCEDURES_H
#define FLOW_PROCEDURES_H

#include "base/options.h"
#include "domain/procedure.h"
#include "store/store.h"

enum { PROCEDURES_MAX = 64, PROCEDURES_NAME_BYTES = PROCEDURE_ID_BYTES + 18 };

struct procedures;

/* Reads [procedure] file, by_source and clearing. Faults name the file and the path inside. */
struct procedures *procedures_load(const struct options *options, struct err *err) MUST_CHECK;
void procedures_free(struct procedures **procedures);

const struct procedure *procedures_main(const struct procedures *procedures);
const struct procedure *procedures_clearing(const struct procedures *procedures);
/* Of what comes from this source: self cadre department petition hotline public system. */
const struct procedure *procedures_of_source(const struct procedures *procedures,
                                             struct str source);
/* Each one that was loaded with the setup, for checks and for keeping its text; NULL past the end. */
const struct procedure *procedures_at(const struct procedures *procedures, size_t i);

void procedures_name(const struct procedure *procedure,
                     char ret_name[PROCEDURES_NAME_BYTES]); /* id@version */
/* NULL: not at hand, fetch it. An empty name is the main one (what an earlier release wrote). */
const struct procedure *procedures_find(const struct procedures *procedures, struct str id_version);
/* procedure NULL with OP_OK: nobody has kept it, or it cannot be read. Never before this returns. */
typedef void procedures_fetch_done_fn(void *arg, enum op_status status,
                                      const struct procedure *procedure);
void procedures_fetch(struct procedures *procedures, struct store *store, struct str id_version,
                      procedures_fetch_done_fn *done, void *arg);

#endif
