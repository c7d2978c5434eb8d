/*
 * sums.h - the sums of statistics while they grow too fast for Redis: lines of the journal in, hashes out, as stats_fold would have left them
 * (store/keys.h). `mashang stats audit` recounts a store and says whether they are.
 */
#ifndef BENCH_SUMS_H
#define BENCH_SUMS_H

#include <hiredis/hiredis.h>

#include "base/str.h"

struct sums;

struct sums *sums_new(void);
void sums_add(struct sums *sums, struct str lines);
/* All of them into a bucket that has none. */
void sums_write(const struct sums *sums, redisContext *redis, unsigned bucket);
void sums_free(struct sums **sums);

#endif
