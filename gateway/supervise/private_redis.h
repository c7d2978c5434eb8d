/*
 * private_redis.h - a redis-server of our own (`[redis] url = private:`): started with the data folder, durable, restarted with backoff, ended last.
 *
 * Its files are those of store/private.h. It runs in a process group of its own and dies with this process. Only the unix socket listens; the users
 * `gateway` and `deploy` have generated passwords (mode 0600), `default` is off. After each start the functions are loaded. Data stay.
 */
#ifndef SUPERVISE_PRIVATE_REDIS_H
#define SUPERVISE_PRIVATE_REDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/loop.h"

struct private_redis;

/* server: path or name of redis-server. Waits up to some seconds until it can be used (a long append-only file may take longer: then it goes on
 * loading). NULL: cannot be started; the error names folder and reason. */
struct private_redis *private_redis_start(struct loop *loop, const char *data_dir,
                                          const char *server, struct err *err) MUST_CHECK;
/* On SIGCHLD: when it was ours, it is started anew by a timer. */
void private_redis_reap(struct private_redis *redis);
/* For struct store_options: private:FOLDER, absolute. */
const char *private_redis_address(const struct private_redis *redis);
uint64_t private_redis_restarts(const struct private_redis *redis);
/* SIGTERM, after five seconds SIGKILL; returns when it is gone. The socket is removed, the data are kept. */
void private_redis_stop(struct private_redis **redis);

#endif
