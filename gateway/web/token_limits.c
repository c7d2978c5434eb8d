#include "web/token_limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/rand.h"
#include "crypto/mac.h"
#include "http/address.h"

enum { TOKEN_LIMITS_MAGIC = 0x70C11, KEY_BYTES = 16, SETS = 512, WAYS = 8, WINDOW_S = 60 };

struct key {
    unsigned char at[KEY_BYTES];
};

struct cell {
    struct key key;
    int64_t from_ms;
    int64_t count; /* 0: empty */
};

struct table {
    uint64_t seed; /* which keys share a set is not for visitors to choose */
    struct cell cells[SETS][WAYS];
};

struct token_limits {
    unsigned magic;
    int64_t per_min;
    struct networks exempt;
    struct table tokens, addresses;
};

static size_t set_of(const struct table *table, const struct key *key)
{
    return rand_spread(key->at, table->seed) % SETS;
}

static size_t way_of(const struct cell set[WAYS], const struct key *key)
{
    size_t way = 0;
    while (way < WAYS && (set[way].count == 0 || memcmp(&set[way].key, key, sizeof *key) != 0)) {
        way++;
    }
    return way;
}

/* NULL: not there. */
static const struct cell *look(const struct table *table, const struct key *key)
{
    const struct cell *set = table->cells[set_of(table, key)];
    size_t way = way_of(set, key);
    return way < WAYS ? &set[way] : NULL;
}

static bool is_over(const struct cell *cell, int64_t now_ms)
{
    return now_ms - cell->from_ms >= WINDOW_S * 1000;
}

/* Counts one in the window of today, in the place of the oldest when there is none. */
static struct cell *count_one(struct table *table, const struct key *key, int64_t now_ms)
{
    struct cell *set = table->cells[set_of(table, key)];
    size_t way = way_of(set, key);
    if (way == WAYS) {
        way = 0;
        for (size_t i = 1; i < WAYS; i++) {
            way = set[i].from_ms < set[way].from_ms ? i : way;
        }
        set[way] = (struct cell){.key = *key, .from_ms = now_ms};
    } else if (is_over(&set[way], now_ms)) {
        set[way].from_ms = now_ms;
        set[way].count = 0;
    }
    set[way].count++;
    return &set[way];
}

static int64_t left_s(const struct cell *cell, int64_t now_ms)
{
    int64_t left_ms = cell->from_ms + WINDOW_S * 1000 - now_ms;
    return left_ms > 1000 ? (left_ms + 999) / 1000 : 1;
}

struct token_limits *token_limits_new(int64_t per_min, const char *exempt, struct err *err)
{
    struct token_limits *limits = mem_alloc(sizeof *limits);
    limits->magic = TOKEN_LIMITS_MAGIC;
    limits->per_min = per_min;
    rand_bytes(&limits->tokens.seed, sizeof limits->tokens.seed);
    rand_bytes(&limits->addresses.seed, sizeof limits->addresses.seed);
    if (!networks_parse(exempt, &limits->exempt, err)) {
        err_prefix(err, "limits.address_exempt: ");
        token_limits_free(&limits);
    }
    return limits;
}

void token_limits_free(struct token_limits **limits)
{
    free(*limits);
    *limits = NULL;
}

static struct key key_of_secret(struct str secret)
{
    struct key key;
    struct mac sum;
    sha256(secret, &sum);
    memcpy(key.at, sum.bytes, sizeof key.at);
    return key;
}

/* IPv6 counts per /64. False: exempt, or a unix socket's peer. */
static bool key_of_client(const struct token_limits *limits, struct str client, struct key *ret)
{
    struct address address;
    if (!address_parse(client, &address) || networks_hold(&limits->exempt, &address)) {
        return false;
    }
    memcpy(ret->at, address.at, sizeof ret->at);
    if (!address_v4(&address)) {
        memset(ret->at + 8, 0, 8);
    }
    return true;
}

bool token_limits_may_try(const struct token_limits *limits, struct str client, struct str secret,
                          int64_t now_ms, int64_t *ret_retry_s)
{
    struct key key;
    CHECK_OBJ(limits, TOKEN_LIMITS_MAGIC);
    if (!key_of_client(limits, client, &key)) {
        return true;
    }
    const struct cell *wrong = look(&limits->addresses, &key);
    if (wrong == NULL || is_over(wrong, now_ms) || wrong->count < TOKEN_WRONG_PER_MIN) {
        return true;
    }
    key = key_of_secret(secret);
    *ret_retry_s = left_s(wrong, now_ms);
    return look(&limits->tokens, &key) != NULL;
}

void token_limits_wrong(struct token_limits *limits, struct str client, struct str secret,
                        int64_t now_ms)
{
    struct key key = key_of_secret(secret);
    CHECK_OBJ(limits, TOKEN_LIMITS_MAGIC);
    struct cell *set = limits->tokens.cells[set_of(&limits->tokens, &key)];
    size_t way = way_of(set, &key);
    if (way < WAYS) { /* it was right once */
        set[way] = (struct cell){0};
    }
    if (key_of_client(limits, client, &key)) {
        (void)count_one(&limits->addresses, &key, now_ms);
    }
}

void token_limits_take(struct token_limits *limits, struct str secret, int64_t now_ms,
                       struct token_quota *ret)
{
    struct key key = key_of_secret(secret);
    CHECK_OBJ(limits, TOKEN_LIMITS_MAGIC);
    const struct cell *cell = count_one(&limits->tokens, &key, now_ms);
    bool allowed = cell->count <= limits->per_min;
    *ret = (struct token_quota){
        .allowed = allowed,
        .limit = limits->per_min,
        .remaining = allowed ? limits->per_min - cell->count : 0,
        .reset_s = left_s(cell, now_ms),
    };
}

void token_quota_lines(const struct token_quota *quota, char ret_lines[TOKEN_QUOTA_LINES_BYTES])
{
    int len = snprintf(ret_lines, TOKEN_QUOTA_LINES_BYTES,
                       "RateLimit-Policy: \"token\";q=%" PRId64 ";w=%d\r\n"
                       "RateLimit: \"token\";r=%" PRId64 ";t=%" PRId64 "\r\n",
                       quota->limit, WINDOW_S, quota->remaining, quota->reset_s);
    if (!quota->allowed) {
        len += snprintf(ret_lines + len, TOKEN_QUOTA_LINES_BYTES - (size_t)len,
                        "Retry-After: %" PRId64 "\r\n", quota->reset_s);
    }
    CHECK(len > 0 && len < TOKEN_QUOTA_LINES_BYTES);
}
