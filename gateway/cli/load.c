#include "cli/load.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/private.h"

enum { WAIT_MS = 5000 };

struct setup *load_setup(const struct args *args)
{
    struct err err;
    struct options options;
    if (!options_load(&options, args->file, args->set, args->set_count, &err)) {
        cli_fail(CLI_CONFIG, "%s", err.text);
        return NULL;
    }
    struct setup *setup = setup_load(&options, &err);
    if (setup == NULL) {
        cli_fail(CLI_CONFIG, "%s", err.text);
    }
    return setup;
}

void load_private_address(const struct options *options, char ret_address[LOAD_ADDRESS_BYTES])
{
    char whole[PATH_MAX];
    ret_address[0] = '\0';
    if (strcmp(options->redis.url, "private:") == 0 &&
        realpath(options->redis.data_dir, whole) != NULL) {
        snprintf(ret_address, LOAD_ADDRESS_BYTES, PRIVATE_ADDRESS "%.*s", PATH_MAX, whole);
    }
}

bool load_store(const struct setup *setup, struct load_store *ret)
{
    struct err err;
    char address[LOAD_ADDRESS_BYTES];
    struct store_options options;
    load_private_address(&setup->options, address);
    setup_store_options(setup, address, &options);
    ret->loop = loop_new();
    ret->store = store_new(ret->loop, &options);
    if (store_wait(ret->store, clock_mono_ms() + WAIT_MS, &err)) {
        return true;
    }
    cli_fail(CLI_FAILED, "redis: %s", err.text);
    load_store_end(ret);
    return false;
}

void load_store_end(struct load_store *opened)
{
    store_free(&opened->store);
    loop_free(&opened->loop);
}
