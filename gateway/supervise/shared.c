#include "supervise/shared.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/clock.h"

struct shared {
    struct metrics_slot slots[SHARED_SLOTS];
    bool taken[SHARED_SLOTS];
    int64_t dead[METRICS_COUNT];
    uint64_t queue_turn; /* odd while being written, 0 never */
    int64_t queue_at_ms;
    struct queue_counts queue;
};

struct shared *shared_new(void)
{
    void *at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                    -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

void shared_free(struct shared **shared)
{
    if (*shared != NULL) {
        munmap(*shared, sizeof **shared);
        *shared = NULL;
    }
}

struct metrics_slot *shared_take(struct shared *shared)
{
    for (size_t i = 0; i < SHARED_SLOTS; i++) {
        if (!shared->taken[i]) {
            shared->taken[i] = true;
            /* a zeroed slot would say that its store is ready before the worker has begun */
            shared->slots[i].store_health = STORE_CONNECTING;
            return &shared->slots[i];
        }
    }
    return NULL;
}

void shared_give_back(struct shared *shared, struct metrics_slot **slot)
{
    if (*slot == NULL) {
        return;
    }
    size_t nth = (size_t)(*slot - shared->slots);
    CHECK(nth < SHARED_SLOTS && shared->taken[nth]);
    for (size_t i = 0; i < METRICS_COUNT; i++) {
        shared->dead[i] += (*slot)->at[i];
    }
    memset(*slot, 0, sizeof **slot);
    shared->taken[nth] = false;
    *slot = NULL;
}

int64_t shared_sum(const struct shared *shared, enum metric metric)
{
    int64_t sum = shared->dead[metric];
    for (size_t i = 0; i < SHARED_SLOTS; i++) {
        sum += __atomic_load_n(&shared->slots[i].at[metric], __ATOMIC_RELAXED);
    }
    return sum;
}

void shared_health(const struct shared *shared, struct shared_health *ret)
{
    *ret = (struct shared_health){.store = STORE_READY};
    for (size_t i = 0; i < SHARED_SLOTS; i++) {
        const struct metrics_slot *slot = &shared->slots[i];
        if (!shared->taken[i]) {
            continue;
        }
        if (slot->store_health != STORE_READY && ret->store == STORE_READY) {
            ret->store = slot->store_health;
            snprintf(ret->store_why, sizeof ret->store_why, "%s", slot->store_why);
        }
        if (slot->breaker_open != 0 && !ret->breaker_open) {
            ret->breaker_open = true;
            snprintf(ret->upstream_why, sizeof ret->upstream_why, "%s", slot->upstream_why);
        }
    }
}

void shared_queue_write(struct shared *shared, const struct queue_counts *counts)
{
    uint64_t turn = shared->queue_turn | 1;
    __atomic_store_n(&shared->queue_turn, turn, __ATOMIC_SEQ_CST);
    shared->queue = *counts;
    shared->queue_at_ms = clock_mono_ms();
    __atomic_store_n(&shared->queue_turn, turn + 1, __ATOMIC_SEQ_CST);
}

bool shared_queue_read(const struct shared *shared, struct queue_counts *ret)
{
    for (int tries = 0; tries < 100; tries++) {
        uint64_t before = __atomic_load_n(&shared->queue_turn, __ATOMIC_SEQ_CST);
        *ret = shared->queue;
        int64_t at_ms = shared->queue_at_ms;
        if (before % 2 == 0 && before == __atomic_load_n(&shared->queue_turn, __ATOMIC_SEQ_CST)) {
            return before > 0 && clock_mono_ms() - at_ms < SHARED_QUEUE_STALE_MS;
        }
    }
    return false;
}

bool shared_law_holds(const struct queue_counts *counts)
{
    return counts->made == counts->held + counts->ready + counts->delayed + counts->sending +
                               counts->delivered + counts->buried + counts->dropped &&
           counts->records == counts->accepted + counts->leads - counts->promoted;
}
