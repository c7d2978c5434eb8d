/*
 * guard.h - who is asking, and is it too often? Trusted proxies and the ceiling per address, in this process's memory.
 *
 * An address is no person, whole villages share one: the ceiling only keeps one machine from taking all. IPv6 counts per /64. The table is of fixed
 * size; under a flood of addresses the longest quiet one is forgotten.
 */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <stdint.h>

#include "base/err.h"
#include "http/address.h"
#include "http/exchange.h"

struct guard;

struct guard *guard_new(const char *trusted_proxies, const char *exempt, int64_t per_s,
                        struct err *err) MUST_CHECK; /* per_s 0: no ceiling */
void guard_free(struct guard **guard);
/* The peer itself or, when it is a trusted proxy or a unix socket, the rightmost address it names that is no trusted proxy. X-Forwarded-For goes
 * before Forwarded. */
struct address guard_client(const struct guard *guard, const struct address *peer,
                            const struct request *request);
/* Counts one request. False: over the ceiling. */
bool guard_allow(struct guard *guard, const struct address *client, int64_t now_ms);

#endif
