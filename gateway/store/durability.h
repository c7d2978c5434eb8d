/*
 * durability.h - is what Redis acknowledges on the disk? (house.md §4) Pure: judges answers, asks nothing.
 *
 *   fsync         appendonly yes, appendfsync always, no-appendfsync-on-rewrite no, noeviction, AOF healthy, master
 *   replicated:N  the same, and each write waits for N replicas
 *   declared      CONFIG is forbidden and the operator vouches
 *   none          the operator accepts loss
 */
#ifndef STORE_DURABILITY_H
#define STORE_DURABILITY_H

#include <hiredis/hiredis.h>

#include "base/err.h"

enum durability_mode {
    DURABILITY_FSYNC,
    DURABILITY_REPLICATED,
    DURABILITY_DECLARED,
    DURABILITY_NONE
};

struct durability {
    enum durability_mode mode;
    int replicas; /* of REPLICATED, 1–9; else 0 */
};

bool durability_parse(const char *text, struct durability *ret, struct err *err) MUST_CHECK;
bool durability_asks(const struct durability *durability); /* must CONFIG GET and INFO be asked? */

/* What CONFIG GET is asked for, NULL at the end. */
extern const char *const durability_settings[];
/* False: one sentence in err says what to set. config answers CONFIG GET durability_settings, info INFO. */
bool durability_judge_config(const redisReply *config, struct err *err) MUST_CHECK;
bool durability_judge_info(const redisReply *info, struct err *err) MUST_CHECK;

#endif
