#include "base/metrics.h"

#include <stddef.h>

#include "base/check.h"

static struct metrics_slot nowhere;
static struct metrics_slot *current = &nowhere;

static const struct {
    const char *name;
    const char *help;
} table[] = {
#define X(id, name, help) {name, help},
    METRICS(X)
#undef X
};

void metrics_use(struct metrics_slot *slot)
{
    current = slot ? slot : &nowhere;
}

struct metrics_slot *metrics_slot(void)
{
    return current;
}

void metrics_add(enum metric metric, int64_t n)
{
    __atomic_fetch_add(&current->at[metric], n, __ATOMIC_RELAXED);
}

const char *metric_name(enum metric metric)
{
    CHECK(metric < METRICS_COUNT);
    return table[metric].name;
}

const char *metric_help(enum metric metric)
{
    CHECK(metric < METRICS_COUNT);
    return table[metric].help;
}
