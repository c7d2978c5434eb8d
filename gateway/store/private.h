/*
 * private.h - the files of a Redis of our own (`[redis] url = private:`), all in FOLDER/redis, mode 0700. supervise/private_redis.h starts it; whoever
 * knows the folder can connect: the address is `private:FOLDER`.
 *
 *   redis.sock  gateway.password  deploy.password  users.acl  redis.conf  redis.pid  redis.log  appendonlydir/
 */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include "store/store.h"

#define PRIVATE_ADDRESS      "private:"
#define PRIVATE_USER_GATEWAY "gateway"
#define PRIVATE_USER_DEPLOY  "deploy"
/* What each may do (deploy/redis/users.acl.example says the same). The functions' own commands are checked against their caller's rights. */
#define PRIVATE_RULES_GATEWAY                                                                      \
    "resetkeys resetchannels ~ms:* &ms:* -@all +fcall +ping +select +config|get +info +wait "      \
    "+subscribe +unsubscribe +publish +time +get +set +incr +expire +exists +hget +hmget "         \
    "+hgetall +hset +hdel +hincrby +rpush +lpush +lindex +lrange +lrem +ltrim +llen +zadd +zrem "  \
    "+zrange +zrangebylex +zrangebyscore +zrevrangebyscore +zcard +zscore "                        \
    "+hkeys +hlen +hrandfield"
#define PRIVATE_RULES_DEPLOY                                                                       \
    "resetkeys resetchannels ~ms:* -@all +ping +select +function|load +fcall +get +set"

enum { PRIVATE_PATH_BYTES = 1024, PRIVATE_PASSWORD_BYTES = 65 };

/* FOLDER/redis/NAME, absolute; false when too long. */
bool private_path(const char *folder, const char *name, char ret_path[PRIVATE_PATH_BYTES],
                  struct err *err) MUST_CHECK;

struct private_login {
    char address[128]; /* unix:… */
    char password[PRIVATE_PASSWORD_BYTES];
};
/* address: private:FOLDER. Wipe ret after use. */
bool private_login(const char *address, const char *user, struct private_login *ret,
                   struct err *err) MUST_CHECK;

#endif
