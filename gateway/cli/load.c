#include "cli/load.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/private.h"

enum { WAIT_MS = 5000 };

struct setup *load_setup(const struct args *args)
{
    struct err err;
    struct options options;
    if (!options_load(&options, args->file, args->set, args->set_count, &err)) {
        args_wrong_conf(args, &err);
        return NULL;
    }
    struct setup *setup = setup_load(&options, &err);
    if (setup == NULL) {
        args_wrong_conf(args, &err);
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

/* The private Redis lives and dies with the gateway: waiting for it would be in vain. */
static bool gateway_away(const struct options *options)
{
    struct err ignored;
    char path[PRIVATE_PATH_BYTES];
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strcmp(options->redis.url, "private:") != 0) {
        return false;
    }
    if (!private_path(options->redis.data_dir, "redis.sock", path, &ignored)) {
        return true;
    }
    if (strlen(path) >= sizeof to.sun_path) {
        return false; /* the store says so */
    }
    memcpy(to.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool away = fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 &&
                (errno == ENOENT || errno == ECONNREFUSED);
    if (fd >= 0) {
        close(fd);
    }
    return away;
}

bool load_store_may_run(const struct options *options)
{
    if (gateway_away(options)) {
        cli_fail(CLI_FAILED, "the gateway is not running (its private Redis is away)");
        return false;
    }
    return true;
}

static bool open_store(const struct setup *setup, bool ready, struct load_store *ret)
{
    struct err err;
    char address[LOAD_ADDRESS_BYTES];
    struct store_options options;
    if (!load_store_may_run(&setup->options)) {
        return false;
    }
    load_private_address(&setup->options, address);
    setup_store_options(setup, address, &options);
    ret->loop = loop_new();
    ret->store = store_new(ret->loop, &options);
    int64_t deadline_ms = clock_mono_ms() + WAIT_MS;
    if (!(ready ? store_wait : store_wait_loaded)(ret->store, deadline_ms, &err)) {
        cli_fail(CLI_FAILED, "redis: %s", err.text);
        load_store_end(ret);
        return false;
    }
    if (store_health(ret->store) != STORE_READY) {
        fprintf(stderr, "mashang: warning: redis: %s\n", store_health_why(ret->store));
    }
    return true;
}

bool load_store(const struct setup *setup, struct load_store *ret)
{
    return open_store(setup, false, ret);
}

bool load_store_ready(const struct setup *setup, struct load_store *ret)
{
    return open_store(setup, true, ret);
}

void load_store_end(struct load_store *opened)
{
    store_free(&opened->store);
    loop_free(&opened->loop);
}
