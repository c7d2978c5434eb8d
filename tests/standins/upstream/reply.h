/*
 * reply.h - answers as the mode wants them: at once, later, byte by byte, as nonsense, or none.
 *
 *   exchange ──► stall (timer) ──► answer
 *                              ├─► drip: the socket itself, a byte per tick
 *                              ├─► garbage: the socket itself, nonsense, close
 *                              └─► reset: the socket itself, closed with a reset
 */
#ifndef STANDINS_UPSTREAM_REPLY_H
#define STANDINS_UPSTREAM_REPLY_H

#include <stdint.h>

#include "http/exchange.h"
#include "tests/standins/upstream/mode.h"

struct replies; /* those still under way */

struct replies *replies_new(void);
void replies_free(struct replies **replies); /* ends those under way */
/* number: what "id" of the answer says, S-1. */
void reply(struct replies *replies, struct exchange *exchange, const struct mode *mode,
           int64_t number);
void reply_json(struct exchange *exchange, int status, struct str json);

#endif
