#include "base/rand.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"

enum { POOL_BYTES = 256 };

static struct {
    unsigned char at[POOL_BYTES];
    size_t left;
    pid_t owner; /* a forked child must not repeat its parent's bytes */
} pool;

static void fill(unsigned char *to, size_t bytes)
{
    while (bytes > 0) {
        size_t want = bytes < 256 ? bytes : 256;
        ssize_t got = getrandom(to, want, 0);
        CHECK(got > 0);
        to += got;
        bytes -= (size_t)got;
    }
}

void rand_bytes(void *ret_bytes, size_t bytes)
{
    if (bytes > POOL_BYTES / 4) {
        fill(ret_bytes, bytes);
        return;
    }
    if (pool.left < bytes || pool.owner != getpid()) {
        fill(pool.at, POOL_BYTES);
        pool.left = POOL_BYTES;
        pool.owner = getpid();
    }
    pool.left -= bytes;
    memcpy(ret_bytes, pool.at + pool.left, bytes);
    explicit_bzero(pool.at + pool.left, bytes);
}

uint64_t rand_below(uint64_t bound)
{
    CHECK(bound > 0);
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    uint64_t value;
    do {
        rand_bytes(&value, sizeof value);
    } while (value >= limit);
    return value % bound;
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

uint64_t rand_spread(const unsigned char key[16], uint64_t seed)
{
    uint64_t high;
    uint64_t low;
    memcpy(&high, key, sizeof high);
    memcpy(&low, key + sizeof high, sizeof low);
    return mix(mix(high ^ seed) ^ low);
}
