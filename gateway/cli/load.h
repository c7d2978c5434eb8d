/*
 * load.h - what most commands begin with: the configuration, and all that it names.
 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "cli/args.h"
#include "flow/setup.h"
#include "net/loop.h"
#include "store/store.h"

/* NULL: the fault is on stderr; exit CLI_CONFIG. */
struct setup *load_setup(const struct args *args);

/*
 * A store on a loop of its own. False: the fault is on stderr; exit CLI_FAILED. One that is full or not durable will do, with a warning on stderr: what is
 * there can be looked at, a token ended, memory freed. load_store_ready: not even that, for what puts something in.
 */
struct load_store {
    struct loop *loop;
    struct store *store;
};
bool load_store(const struct setup *setup, struct load_store *ret);
bool load_store_ready(const struct setup *setup, struct load_store *ret);
void load_store_end(struct load_store *opened);
/* False: a private Redis is away, since the gateway is stopped; the fault is on stderr. */
bool load_store_may_run(const struct options *options);
/* private:FOLDER, absolute, of a gateway on this machine; "" when the Redis is another's or the folder is not there. */
enum { LOAD_ADDRESS_BYTES = 4200 };
void load_private_address(const struct options *options, char ret_address[LOAD_ADDRESS_BYTES]);

#endif
