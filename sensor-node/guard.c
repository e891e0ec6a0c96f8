#include "sensor-node/guard.h"

#define NS           1000000000
#define YEAR_2000_NS (INT64_C(946684800) * NS)
#define YEAR_2100_NS (INT64_C(4102444800) * NS)
#define LEAP_NS      (INT64_C(1) * GUARD_LEAP_S * NS)
#define BACK_NS      (INT64_C(1) * GUARD_BACK_S * NS)
#define BACK_STEP_NS (INT64_C(2) * NS)

void guard_init(struct guard *guard)
{
    *guard = (struct guard){0};
}

static enum road_status accept(struct guard *guard, int64_t time_ns, bool is_start)
{
    guard->went_back = guard->has_last && time_ns <= guard->last_ns;
    guard->was_sure = guard->went_back && guard->accepted >= GUARD_LEAPS;
    guard->has_last = true;
    guard->last_ns = time_ns;
    guard->leaps = 0;
    guard->back_from_ns = guard->back_ns = 0;
    guard->accepted = is_start ? 1 : guard->accepted + (guard->accepted < GUARD_LEAPS);
    return ROAD_OK;
}

/* Stamps of the past: does the clock stay there? */
static bool is_set_back(struct guard *guard, int64_t time_ns)
{
    const bool goes_on = guard->back_ns != 0 && time_ns > guard->back_ns && time_ns - guard->back_ns <= BACK_STEP_NS;

    if (time_ns == guard->back_ns)
        return false;
    guard->back_from_ns = goes_on ? guard->back_from_ns : time_ns;
    guard->back_ns = time_ns;
    return time_ns - guard->back_from_ns >= BACK_NS;
}

bool guard_is_calm(const struct guard *guard)
{
    return guard->accepted >= GUARD_LEAPS && guard->leaps == 0 && guard->back_ns == 0 && !guard->went_back &&
           guard->last_ns < YEAR_2100_NS - LEAP_NS;
}

enum road_status guard_check(struct guard *guard, int64_t time_ns)
{
    if (time_ns < YEAR_2000_NS || time_ns > YEAR_2100_NS)
        return ROAD_BAD_TIME;
    if (!guard->has_last)
        return accept(guard, time_ns, true);
    const int64_t step_ns = time_ns - guard->last_ns;
    if (step_ns > 0 && step_ns <= LEAP_NS)
        return accept(guard, time_ns, false);
    if (step_ns <= 0 && guard->accepted >= GUARD_LEAPS)
        return is_set_back(guard, time_ns) ? accept(guard, time_ns, true) : ROAD_BAD_TIME;
    const bool agrees = guard->leaps > 0 && time_ns > guard->leap_ns && time_ns - guard->leap_ns <= LEAP_NS;
    guard->leaps = agrees ? guard->leaps + 1 : 1;
    guard->leap_ns = time_ns;
    return guard->leaps >= GUARD_LEAPS ? accept(guard, time_ns, true) : ROAD_BAD_TIME;
}
