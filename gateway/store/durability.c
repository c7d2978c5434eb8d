#include "store/durability.h"

#include <string.h>
#include <strings.h>

#include "base/options.h"
#include "base/str.h"

const char *const durability_settings[] = {"appendonly", "appendfsync", "no-appendfsync-on-rewrite",
                                           "maxmemory-policy", NULL};

static const struct {
    const char *name, *value;
} wanted_config[] = {
    {"appendonly", "yes"},
    {"appendfsync", "always"},
    {"no-appendfsync-on-rewrite", "no"},
    {"maxmemory-policy", "noeviction"},
};

static const struct {
    const char *name, *value, *fault;
} wanted_info[] = {
    {"loading", "0", "is loading its data"},
    {"aof_enabled", "1", "writes no append-only file"},
    {"aof_last_write_status", "ok", "could not write its append-only file"},
    {"role", "master", "is a replica"},
};

bool durability_parse(const char *text, struct durability *ret, struct err *err)
{
    static const struct {
        const char *name;
        enum durability_mode mode;
    } modes[] = {
        {"fsync", DURABILITY_FSYNC},
        {"declared", DURABILITY_DECLARED},
        {"none", DURABILITY_NONE},
    };
    uint64_t replicas;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(text, modes[i].name) == 0) {
            *ret = (struct durability){modes[i].mode, 0};
            return true;
        }
    }
    if (str_starts(str_of(text), STR("replicated:")) &&
        str_to_u64(str_from(str_of(text), 11), OPTIONS_REPLICAS_MAX, &replicas) && replicas > 0) {
        *ret = (struct durability){DURABILITY_REPLICATED, (int)replicas};
        return true;
    }
    return err_set(err, "%s: fsync, replicated:1 to replicated:%d, declared and none are allowed",
                   text, OPTIONS_REPLICAS_MAX);
}

static struct str config_value(const redisReply *config, const char *name)
{
    for (size_t i = 0; config->type == REDIS_REPLY_ARRAY && i + 1 < config->elements; i += 2) {
        const redisReply *key = config->element[i];
        const redisReply *value = config->element[i + 1];
        if (key->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
            strcasecmp(key->str, name) == 0) {
            return str_make(value->str, value->len);
        }
    }
    return STR("");
}

static struct str info_value(const redisReply *info, const char *name)
{
    struct str rest = info->type == REDIS_REPLY_STRING ? str_make(info->str, info->len) : STR("");
    struct str line;
    struct str wanted = str_of(name);
    while (str_next(&rest, '\n', &line)) {
        if (str_starts(line, wanted) && line.len > wanted.len && line.at[wanted.len] == ':') {
            struct str value = str_from(line, wanted.len + 1);
            return value.len > 0 && value.at[value.len - 1] == '\r'
                       ? str_sub(value, 0, value.len - 1)
                       : value;
        }
    }
    return STR("");
}

bool durability_asks(const struct durability *durability)
{
    return durability->mode == DURABILITY_FSYNC || durability->mode == DURABILITY_REPLICATED;
}

bool durability_judge_config(const redisReply *config, struct err *err)
{
    for (size_t i = 0; i < sizeof wanted_config / sizeof wanted_config[0]; i++) {
        struct str value = config_value(config, wanted_config[i].name);
        if (!str_is(value, wanted_config[i].value)) {
            return err_set(err, "Redis has %s \"%.*s\": set it to %s", wanted_config[i].name,
                           STR_ARG(value), wanted_config[i].value);
        }
    }
    return true;
}

bool durability_judge_info(const redisReply *info, struct err *err)
{
    for (size_t i = 0; i < sizeof wanted_info / sizeof wanted_info[0]; i++) {
        if (!str_is(info_value(info, wanted_info[i].name), wanted_info[i].value)) {
            return err_set(err, "Redis %s", wanted_info[i].fault);
        }
    }
    return true;
}
