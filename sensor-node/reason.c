#include "sensor-node/reason.h"

#include <stddef.h>

const char *unwatched_name(enum unwatched_reason reason)
{
    static const char *const names[UNWATCHED_COUNT] = {"none",  "gap",     "rate",  "level",
                                                       "stuck", "clipped", "moved", "clock"};

    return (unsigned)reason < UNWATCHED_COUNT ? names[reason] : NULL;
}

const char *unplaced_name(enum unplaced_reason reason)
{
    static const char *const names[UNPLACED_COUNT] = {"none", "no_fix", "frozen", "jump", "coarse", "no_utc"};

    return (unsigned)reason < UNPLACED_COUNT ? names[reason] : NULL;
}
