/*
 * rights.h - what a token or a person may do in its scope, as a set of bits. Contract §2 and §7. Written `read,pii`.
 */
#ifndef DOMAIN_RIGHTS_H
#define DOMAIN_RIGHTS_H

#include "base/err.h"
#include "base/str.h"

enum right {
    RIGHT_READ = 1 << 0,   /* feed, single reports without personal data, history */
    RIGHT_PII = 1 << 1,    /* personal data of single reports; each reading is an audit event */
    RIGHT_LOOKUP = 1 << 2, /* search by receipt, ID number, phone, name; audited */
    RIGHT_CLAIM = 1 << 3,  /* claim and release */
    RIGHT_STEP = 1 << 4,   /* steps, decisions, and every other move */
    RIGHT_INTAKE = 1 << 5, /* put reports and leads in */
    RIGHT_OWN = 1 << 6,    /* sees only what its organisation put in, and the outcome */
    RIGHT_STATS = 1 << 7,  /* statistics */
    RIGHT_ADMIN = 1 << 8   /* what concerns the place as a whole, not one report */
};

enum { RIGHTS_COUNT = 9, RIGHTS_ALL = (1 << RIGHTS_COUNT) - 1, RIGHTS_TEXT_BYTES = 64 };
#define RIGHTS_ALLOWED "read,pii,lookup,claim,step,intake,own,stats,admin"

/* At least one, in any order, each once. The error names the word and lists what is allowed. */
bool rights_parse(struct str text, unsigned *ret_rights, struct err *err) MUST_CHECK;
/* What was kept: words of a newer gateway give no right here. */
unsigned rights_read(struct str text);
/* In the order of RIGHTS_ALLOWED; "" for none. */
void rights_print(unsigned rights, char ret_text[RIGHTS_TEXT_BYTES]);
const char *right_name(enum right right);

#endif
