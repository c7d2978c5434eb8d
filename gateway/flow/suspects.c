#include "flow/suspects.h"

#include <stdio.h>
#include <string.h>

int64_t suspects_judge(struct suspects *suspects, const char *event_id, int64_t now_ms,
                       int64_t delivered_ms)
{
    for (size_t i = 0; i < SUSPECTS_MAX; i++) {
        if (strcmp(suspects->at[i].id, event_id) == 0) {
            int64_t last_ms = suspects->at[i].last_ms;
            suspects->at[i].last_ms = now_ms;
            if (delivered_ms <= last_ms) {
                return 0;
            }
            return ++suspects->at[i].trips;
        }
    }
    size_t slot = suspects->next;
    suspects->next = (slot + 1) % SUSPECTS_MAX;
    snprintf(suspects->at[slot].id, SUSPECT_ID_BYTES, "%s", event_id);
    suspects->at[slot].trips = 0;
    suspects->at[slot].last_ms = now_ms;
    return 0;
}
