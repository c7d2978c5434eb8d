/*
 * rand.h - random bytes from the kernel (getrandom). Small draws are served from a pool, refilled after a fork.
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *ret_bytes, size_t bytes);
uint64_t rand_below(uint64_t bound); /* uniform in [0, bound); bound > 0 */
/* Spreads keys that strangers choose over a table; the seed is drawn once for the table. */
uint64_t rand_spread(const unsigned char key[16], uint64_t seed);

#endif
