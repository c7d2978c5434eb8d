#include "http/guard.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/rand.h"

enum { GUARD_MAGIC = 0x47756172, SETS = 1024, WAYS = 8, US_PER_S = 1000000, HOPS_MAX = 32 };

/* The generic cell rate algorithm: one number per address, the time at which it would be even again. */
struct cell {
    unsigned char key[16];
    int64_t even_us;
};

struct guard {
    unsigned magic;
    int64_t step_us; /* 0: no ceiling */
    uint64_t seed;
    struct networks trusted;
    struct networks exempt;
    struct cell cells[SETS][WAYS];
};

struct guard *guard_new(const char *trusted_proxies, const char *exempt, int64_t per_s,
                        struct err *err)
{
    struct guard *guard = mem_alloc(sizeof *guard);
    guard->magic = GUARD_MAGIC;
    guard->step_us = per_s > 0 ? US_PER_S / (per_s < US_PER_S ? per_s : US_PER_S) : 0;
    rand_bytes(&guard->seed, sizeof guard->seed);
    if (!networks_parse(trusted_proxies, &guard->trusted, err)) {
        err_prefix(err, "trusted_proxies: ");
        guard_free(&guard);
    } else if (!networks_parse(exempt, &guard->exempt, err)) {
        err_prefix(err, "address_exempt: ");
        guard_free(&guard);
    }
    return guard;
}

void guard_free(struct guard **guard)
{
    free(*guard);
    *guard = NULL;
}

/* The for= of one element of Forwarded (RFC 7239 §4). */
static struct str forwarded_for(struct str element)
{
    struct str pair;
    while (str_next(&element, ';', &pair)) {
        pair = str_trim(pair);
        if (str_eq_nocase(str_sub(pair, 0, 4), STR("for="))) {
            struct str value = str_from(pair, 4);
            bool quoted = value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"';
            return quoted ? str_sub(value, 1, value.len - 2) : value;
        }
    }
    return STR("");
}

/* Walks one field's list from the right. False: the client is found (or nothing more can be believed). */
static bool walk_hops(const struct guard *guard, struct str list, bool forwarded, size_t *hops,
                      struct address *client)
{
    size_t end = list.len;
    while (true) {
        size_t begin = end;
        while (begin > 0 && list.at[begin - 1] != ',') {
            begin--;
        }
        struct str part = str_sub(list, begin, end - begin);
        struct address hop;
        if (++*hops > HOPS_MAX ||
            !address_parse_hop(forwarded ? forwarded_for(part) : part, &hop)) {
            return false;
        }
        *client = hop;
        if (!networks_hold(&guard->trusted, &hop)) {
            return false;
        }
        if (begin == 0) {
            return true;
        }
        end = begin - 1;
    }
}

struct address guard_client(const struct guard *guard, const struct address *peer,
                            const struct request *request)
{
    struct address client = *peer;
    if (!peer->local && !networks_hold(&guard->trusted, peer)) {
        return client;
    }
    bool forwarded = request_header(request, "x-forwarded-for").len == 0;
    struct str name = forwarded ? STR("forwarded") : STR("x-forwarded-for");
    size_t hops = 0;
    for (size_t i = request->header_count; i > 0; i--) {
        const struct request_header *header = &request->headers[i - 1];
        if (str_eq_nocase(header->name, name) &&
            !walk_hops(guard, header->value, forwarded, &hops, &client)) {
            break;
        }
    }
    return client;
}

static struct cell *find(struct guard *guard, const unsigned char key[16])
{
    struct cell *set = guard->cells[rand_spread(key, guard->seed) % SETS];
    struct cell *oldest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (memcmp(set[i].key, key, 16) == 0) {
            return &set[i];
        }
        if (set[i].even_us < oldest->even_us) {
            oldest = &set[i];
        }
    }
    memcpy(oldest->key, key, 16);
    oldest->even_us = 0;
    return oldest;
}

bool guard_allow(struct guard *guard, const struct address *client, int64_t now_ms)
{
    CHECK_OBJ(guard, GUARD_MAGIC);
    if (guard->step_us == 0 || client->local || networks_hold(&guard->exempt, client)) {
        return true;
    }
    unsigned char key[16];
    memcpy(key, client->at, sizeof key);
    if (!address_v4(client)) {
        memset(key + 8, 0, 8);
    }
    struct cell *cell = find(guard, key);
    int64_t now_us = now_ms * 1000;
    int64_t even_us = (cell->even_us > now_us ? cell->even_us : now_us) + guard->step_us;
    if (even_us > now_us + US_PER_S) {
        return false;
    }
    cell->even_us = even_us;
    return true;
}
