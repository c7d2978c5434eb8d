#include "flow/breaker.h"

int64_t breaker_allows(struct breaker *breaker, int64_t room, int64_t in_flight, int64_t now_ms)
{
    if (breaker->state == BREAKER_OPEN && now_ms >= breaker->until_ms) {
        breaker->state = BREAKER_HALF_OPEN;
    }
    switch (breaker->state) {
    case BREAKER_CLOSED:
        return room;
    case BREAKER_HALF_OPEN:
        return in_flight == 0 && room > 0 ? 1 : 0;
    case BREAKER_OPEN:
        break;
    }
    return 0;
}

bool breaker_trip(struct breaker *breaker, int64_t now_ms)
{
    bool was_closed = breaker->state == BREAKER_CLOSED;
    breaker->state = BREAKER_OPEN;
    breaker->until_ms = now_ms + breaker->open_ms;
    return was_closed;
}

bool breaker_pass(struct breaker *breaker)
{
    /* what was under way when it opened says nothing about now */
    bool closes = breaker->state == BREAKER_HALF_OPEN;
    if (closes) {
        breaker->state = BREAKER_CLOSED;
    }
    return closes;
}
